// The public module: `<holdpoint-agent>`, the elements beside it and their error. Importing it defines
// them.
//
// It is plain JavaScript with no build step, and small, because every page that embeds the element
// loads it: the widget itself is WebAssembly, fetched when the first element is connected.
// The types are in holdpoint.d.ts; every name in there is API.

import { BARE, define, dress, showFault, takeEarly } from "./holdpoint_base.js";
import { HoldpointApprovalElement, HoldpointInboxElement, SHOW, enlist } from "./holdpoint_heads.js";
import { ElementLanguage } from "./holdpoint_language.js";

export { HoldpointApprovalElement, HoldpointInboxElement };

/** Attributes with their defaults; of a list of allowed words the first is the default. */
const ATTRIBUTES = {
  endpoint: "/v1",
  api: ["responses", "chat", "messages", "demo", "on-device"],
  model: "gpt-5",
  mode: ["tools", "plan"],
  layout: ["inline", "popover", "headless"],
  open: false,
  namespace: "default",
  label: "Assistant",
  "color-scheme": ["auto", "light", "dark", "host"],
  announce: ["brief", "full", "status", "off"],
  worker: "",
  webmcp: ["off", "use", "offer", "use offer"],
  mcp: "",
  "title-badge": false,
  notifications: false,
  debug: false,
};
/** Properties with no attribute that the widget is told of. */
const RICH = ["instructions", "labels", "approver", "workerToken", "toolPolicy", "mcpHeaders"];
const STATES = ["loading", "idle", "running", "waiting", "offline", "error"];
/** What can be so beside the state. */
const MARKS = ["critical", "open"];

/** The word of a list that a value means. What can be off is on where the attribute just stands there. */
const meant = (known, value) =>
  value === "" && known[0] === "off" ? known[1] : known.find((word) => word === value);

const propertyOf = (attribute) => attribute.replace(/-(.)/g, (_, letter) => letter.toUpperCase());

/** Why something was not done: a stable `code`, and a `fix` that says what to do about it. */
export class HoldpointError extends Error {
  constructor(code, message, fix, cause) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "HoldpointError";
    this.code = code;
    this.fix = fix;
  }

  /** What the widget throws is plain data; whatever else comes out of it is its own fault. */
  static from(thrown) {
    if (thrown instanceof HoldpointError) return thrown;
    const { code, message = String(thrown), fix } = thrown ?? {};
    return fix
      ? new HoldpointError(code, message, fix)
      : new HoldpointError("internal", message, "reload the page; what was saved is kept", thrown);
  }
}

/** A promise to be settled from outside. A page that does not look hears of a failure by event. */
function promise() {
  const settle = {};
  const settled = new Promise((resolve, reject) => Object.assign(settle, { resolve, reject }));
  settled.catch(() => {});
  return { settled, ...settle };
}

let widget;
/** A program of the page's own has it all in one file, and nothing is fetched. */
let isEmbedded = false;

/** Loads the widget once for all elements; after a failure the next element tries again. */
function load() {
  widget ??= (async () => {
    const wasm = fetch(new URL("./holdpoint_wasm_bg.wasm", import.meta.url));
    // The import may fail first, and then nobody else looks at this promise.
    wasm.catch(() => {});
    const glue = await import("./holdpoint_wasm.js");
    await glue.default({ module_or_path: wasm });
    return glue;
  })().catch((cause) => {
    widget = undefined;
    throw loadError(cause);
  });
  return widget;
}

/**
 * Whether there was ever a run in a namespace. What carries runs on is then fetched together with
 * the widget, and else when the first one begins. Where the browser does not say, there may be.
 */
async function isStored(namespace) {
  const ours = `holdpoint:${namespace}`;
  let stored = true;
  try {
    // The mark outlives a database that was deleted, which has to be said.
    stored =
      localStorage.getItem(ours) !== null ||
      (await indexedDB.databases()).some(({ name }) => name === ours);
  } catch {
    // The widget finds out, and says what is wrong.
  }
  if (stored && !isEmbedded) {
    const link = document.createElement("link");
    Object.assign(link, { rel: "preload", as: "fetch", crossOrigin: "anonymous" });
    link.href = new URL("./holdpoint_later.wasm", import.meta.url).href;
    document.head.append(link);
    link.onload = link.onerror = () => link.remove();
  }
  return stored;
}

/** Makes the page die at a step, for its developer; settles when it is dead. */
async function crash(step) {
  const kit = await import("./testing/crash.js");
  kit.crash(step);
  return globalThis.holdpointCrash.died;
}

function loadError(cause) {
  try {
    // The smallest module there is. Browsers word the refusal differently, but all refuse this.
    new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  } catch {
    return new HoldpointError(
      "csp_wasm",
      "This page does not allow WebAssembly.",
      "Add 'wasm-unsafe-eval' to the page's Content-Security-Policy: script-src 'self' 'wasm-unsafe-eval'",
      cause,
    );
  }
  return new HoldpointError(
    "load_failed",
    "The assistant could not be loaded.",
    "Serve every file of the build beside holdpoint.js, then reload the page.",
    cause,
  );
}

/**
 * An AI agent that stops for a person before it does what is risky.
 *
 * The module may be imported where there is no DOM, such as in a server-side render.
 */
export class HoldpointAgentElement extends (globalThis.HTMLElement ?? class {}) {
  static observedAttributes = Object.keys(ATTRIBUTES);

  /** Defines the element under a name, unless the name is taken already. */
  static define(tag = "holdpoint-agent", registry) {
    define(this, tag, registry);
  }

  /** For a program that was built with the widget, and no part of what a page may rely on. */
  static [Symbol.for("holdpoint.embed")](glue) {
    widget = glue;
    isEmbedded = true;
  }

  static {
    // Attributes and properties say the same; a getter gives nothing but what is allowed.
    for (const [attribute, known] of Object.entries(ATTRIBUTES)) {
      Object.defineProperty(this.prototype, propertyOf(attribute), {
        configurable: true,
        enumerable: true,
        get() {
          if (known === false) return this.hasAttribute(attribute);
          const value = this.getAttribute(attribute);
          if (Array.isArray(known)) return meant(known, value) ?? known[0];
          return value || known;
        },
        set(value) {
          if (known === false) this.toggleAttribute(attribute, Boolean(value));
          else if (value == null) this.removeAttribute(attribute);
          else this.setAttribute(attribute, value);
        },
      });
    }
    for (const name of RICH) {
      Object.defineProperty(this.prototype, name, {
        configurable: true,
        enumerable: true,
        get() {
          return this.#rich[name];
        },
        set(value) {
          this.#rich[name] = value;
          if (name === "labels") this.#language.label(value);
          else this.#agent?.configure(name, value);
          if (name === "toolPolicy") this.#join();
        },
      });
    }
  }

  #internals;
  #agent;
  #state = "loading";
  #version = "";
  #rich = {};
  #tools = [];
  /** Takes the tools of the last `tools = […]` away again. */
  #undoTools = [];
  /** The tools that are not the page's own, if it ever asked for such. */
  #foreign;
  #language = new ElementLanguage(
    this,
    (spoken) => this.#speak(spoken),
    (...fault) => this.#report(new HoldpointError(...fault)),
  );
  /** `{ locale, direction, texts }`, as it was told last. */
  #spoken = { texts: {} };
  #started = false;
  #mounted = false;
  /** The widget is there: tools can be registered. */
  #opened = promise();
  /** It has read its store too: anything can be asked. */
  #ready = promise();

  constructor() {
    super();
    this.attachShadow({ mode: "open", delegatesFocus: true });
    dress(this.shadowRoot, BARE);
    this.#internals = this.attachInternals();
    this.#internals.role = "region";
    this.#internals.ariaLabel = ATTRIBUTES.label;
  }

  connectedCallback() {
    takeEarly(this, [...Object.keys(ATTRIBUTES).map(propertyOf), ...RICH, "tools"]);
    enlist(this, true);
    const language = this.#language.watch();
    if (this.#started) {
      this.#join();
      return this.#mount();
    }
    this.#started = true;
    // What the page has in the element is there until the widget is.
    this.shadowRoot.append(document.createElement("slot"));
    this.#start(language);
  }

  disconnectedCallback() {
    // A move takes an element out and puts it back in one task; only one that stays away unmounts.
    queueMicrotask(() => {
      if (this.isConnected) return;
      enlist(this, false);
      this.#language.unwatch();
      this.#foreign?.leave();
      this.#mount();
    });
  }

  /** With this, `moveBefore()` does not disconnect the element at all. */
  connectedMoveCallback() {
    this.#language.watch();
  }

  attributeChangedCallback(attribute, before, value) {
    if (before === value) return;
    const known = ATTRIBUTES[attribute];
    if (Array.isArray(known) && value !== null && !meant(known, value)) {
      this.#report(
        new HoldpointError(
          "attribute_unknown",
          `${attribute}="${value}" is not known; ${known[0]} is used`,
          `set ${attribute} to one of: ${known.join(", ")}`,
        ),
      );
    }
    if (attribute === "namespace" && this.#started) {
      this.#report(
        new HoldpointError(
          "namespace_fixed",
          "the namespace of an element that runs cannot change",
          "set namespace before the element is put into the page, or make a new element",
        ),
      );
    }
    const property = propertyOf(attribute);
    if (attribute === "label") return this.#name();
    // Without a view there is nothing to find in a region.
    if (attribute === "layout") {
      this.#internals.role = this.layout === "headless" ? null : "region";
      this.#mount();
    }
    this.#mark("open", this.open && this.layout === "popover");
    if (attribute !== "namespace") this.#agent?.configure(property, this[property]);
    if (attribute === "webmcp" || attribute === "mcp") this.#join();
  }

  /** Settles when the widget is loaded and has read its store, or cannot. */
  get ready() {
    return this.#ready.settled;
  }

  get version() {
    return this.#version;
  }

  get state() {
    return this.#state;
  }

  get pending() {
    return this.#agent?.pending ?? [];
  }

  get runs() {
    return this.#agent?.runs ?? [];
  }

  get tools() {
    return [...this.#tools];
  }

  /** Takes the place of the tools set before; those of `registerTool` stay. */
  set tools(tools) {
    this.#tools = [tools ?? []].flat();
    if (this.#agent) this.#registerTools();
  }

  /** Adds a tool until `signal` aborts or the function that it resolves to is called. */
  async registerTool(tool, { signal } = {}) {
    await this.#opened.settled;
    if (signal?.aborted) return () => {};
    const unregister = this.#register(tool);
    signal?.addEventListener("abort", unregister, { once: true });
    return unregister;
  }

  send(text) {
    return this.#call("send", String(text));
  }

  submit(job) {
    return this.#call("submit", job);
  }

  stop() {
    return this.#call("stop");
  }

  approve(callId, options) {
    return this.#call("approve", callId, options);
  }

  deny(callId, options) {
    return this.#call("deny", callId, options);
  }

  answer(callId, options) {
    return this.#call("answer", callId, options);
  }

  extend(callId) {
    return this.#call("extend", callId);
  }

  takeBack(callId) {
    return this.#call("takeBack", callId);
  }

  rules() {
    return this.#call("rules");
  }

  revokeRule(ruleId) {
    return this.#call("revokeRule", ruleId);
  }

  evaluate(tool, args) {
    return this.#call("evaluate", tool, args);
  }

  exportRun(runId, options) {
    return this.#call("exportRun", runId, options);
  }

  importRun(blob, options) {
    return this.#call("importRun", blob, options);
  }

  handOff(runId, options) {
    return this.#call("handOff", runId, options);
  }

  exportAudit(options) {
    return this.#call("exportAudit", options);
  }

  clear(scope) {
    return this.#call("clear", scope);
  }

  /** Asks the widget; what is asked before it is ready waits its turn. */
  async #call(method, ...args) {
    await this.#ready.settled;
    try {
      return await this.#agent.ask(method, args);
    } catch (thrown) {
      throw HoldpointError.from(thrown);
    }
  }

  async #start(language) {
    this.#enter("loading");
    try {
      const [{ Agent, version }, hasStore] = await Promise.all([
        load(),
        isStored(this.namespace),
        language,
      ]);
      this.#version = version();
      // The widget does not keep an element in memory that the page has let go of.
      const here = new WeakRef(this);
      this.#agent = new Agent(
        this.namespace,
        (...event) => here.deref()?.#hear(...event),
        (state, marks) => here.deref()?.#enter(state, marks),
      );
      for (const property of [...Object.keys(ATTRIBUTES).map(propertyOf), ...RICH]) {
        if (property !== "namespace") this.#agent.configure(property, this[property]);
      }
      this.#agent.configure("device", async (question, signal) => {
        const { ask } = await import("./holdpoint_device.js");
        const tell = (percent) => here.deref()?.#agent.configure("downloaded", percent);
        return ask(question, signal, here.deref()?.#spoken.locale ?? "en", tell);
      });
      this.#speak(this.#spoken);
      this.#registerTools();
      this.#mount();
      this.#opened.resolve();
      // What waits in the store goes on now, so the tools come first.
      await this.#join();
      await this.#agent.begin(hasStore);
      this.#ready.resolve();
      this.#emit("holdpoint-ready", { version: this.#version });
    } catch (thrown) {
      const error = HoldpointError.from(thrown);
      this.#enter("error");
      this.#opened.reject(error);
      this.#ready.reject(error);
      this.#report(error);
      if (this.layout === "headless") this.shadowRoot.replaceChildren();
      else showFault(this.shadowRoot, error, this.#spoken.texts);
    }
  }

  /** Shows a part of its view in another element's root; gives what takes that away again. */
  async [SHOW](...part) {
    await this.#opened.settled;
    try {
      return await this.#agent.showPart(...part);
    } catch (thrown) {
      throw HoldpointError.from(thrown);
    }
  }

  /** What the widget says from now on. */
  #speak(spoken) {
    this.#spoken = spoken;
    this.#name();
    this.#agent?.configure("language", spoken);
  }

  /** Its name, by the page or in its language. */
  #name() {
    const name = this.getAttribute("label") || this.#spoken.texts.assistant || ATTRIBUTES.label;
    this.#internals.ariaLabel = name;
    this.#agent?.configure("label", name);
  }

  /** Shows the view where there should be one, and takes it away where not. */
  #mount() {
    const agent = this.#agent;
    if (!agent) return;
    agent.beHere(this.isConnected);
    const shows = this.isConnected && this.layout !== "headless";
    if (this.#mounted === shows) return this.#raise();
    this.#mounted = shows;
    if (!shows) return agent.unmount();
    this.shadowRoot.replaceChildren();
    agent.mount(this.shadowRoot);
  }

  /** What is moved within a page has left the top layer. */
  #raise() {
    try {
      this.shadowRoot.querySelector(".base[popover]")?.showPopover();
    } catch {
      // It is there, or this browser has no such layer.
    }
  }

  /** Has tools join that are not the page's own; what that takes is fetched with the first. */
  async #join() {
    if (!this.#agent || !(this.#foreign || this.mcp || this.webmcp !== "off")) return;
    try {
      const { ForeignTools } = await import("./holdpoint_foreign.js");
      const report = (...fault) => this.#report(new HoldpointError(...fault));
      this.#foreign ??= new ForeignTools(this, this.#agent, report);
      await this.#foreign.update();
    } catch (cause) {
      this.#report(loadError(cause));
    }
  }

  #register(tool) {
    const agent = this.#agent;
    let name;
    this.#foreign?.giveWay(tool?.name);
    try {
      name = agent.registerTool(tool);
    } catch (thrown) {
      const error = HoldpointError.from(thrown);
      this.#report(error);
      this.#foreign?.update();
      throw error;
    }
    return () => {
      // Another tool may have the name by a second call.
      if (name === undefined) return;
      agent.unregisterTool(name);
      name = undefined;
      this.#foreign?.update();
    };
  }

  #registerTools() {
    for (const undo of this.#undoTools.splice(0)) undo();
    for (const tool of this.#tools) {
      try {
        this.#undoTools.push(this.#register(tool));
      } catch {
        // It was reported, and the others are none the worse for it.
      }
    }
  }

  /** What the widget tells the page; false if the page takes care of it. */
  #hear(type, detail, cancelable) {
    if (type === "crash") return crash(detail);
    if (type === "holdpoint-open") this.open = true;
    if (type === "holdpoint-close") this.open = false;
    return this.#emit(type, detail, cancelable);
  }

  #emit(type, detail, cancelable = false) {
    return this.dispatchEvent(
      new CustomEvent(type, { detail, cancelable, bubbles: true, composed: true }),
    );
  }

  /** Waits until the widget is there or has failed: by then the page has its listeners. */
  #report({ code, message, fix }) {
    const tell = () => this.#emit("holdpoint-error", { code, message, fix });
    this.#ready.settled.then(tell, tell);
  }

  #enter(state, marks = "") {
    this.#state = state;
    const now = [state, ...marks.split(" ")];
    for (const name of [...STATES, MARKS[0]]) this.#mark(name, now.includes(name));
  }

  #mark(name, is) {
    this.#internals.states?.[is ? "add" : "delete"](name);
  }
}

// From here on: what importing this module does. Where there is no document, that is nothing.

for (const element of [HoldpointAgentElement, HoldpointApprovalElement, HoldpointInboxElement]) {
  element.define();
}

// A classic script cannot import. It leaves functions in `window.holdpoint`, which are called in their
// order with what this module exports; once it is loaded, at once.
const left = globalThis.holdpoint;
if (globalThis.document && (left === undefined || Array.isArray(left))) {
  const push = (...callbacks) => {
    for (const callback of callbacks) {
      try {
        callback({ HoldpointAgentElement, HoldpointApprovalElement, HoldpointInboxElement, HoldpointError });
      } catch (thrown) {
        // The others are none the worse for it.
        reportError(thrown);
      }
    }
  };
  globalThis.holdpoint = { push };
  push(...(left ?? []));
}
