// `<holdpoint-approval>` and `<holdpoint-inbox>`: parts of a widget's view, anywhere in the page.
//
// They have no store and no driver of their own. An agent of the page, which may be headless, shows its
// views in their roots: so a card is the same card, under the same rules, wherever it stands.

import { BARE, define, dress, showFault, takeEarly } from "./holdpoint_base.js";

/** By this name an agent shows a part of its view in the root of another element. */
export const SHOW = Symbol("show");

const agents = new Set();
const heads = new Set();

/** An agent is in the page, or is not any more. */
export function enlist(agent, isThere) {
  if (isThere) agents.add(agent);
  else agents.delete(agent);
  // What stands before it in the page may look for it in the same task.
  queueMicrotask(() => heads.forEach((head) => head.look()));
}

/** Once all that the page itself puts into the document is there. */
function whenLoaded(work) {
  if (document.readyState === "complete") setTimeout(work);
  else addEventListener("load", () => setTimeout(work), { once: true });
}

const MISSING = {
  code: "agent_missing",
  message: "There is no agent on the page for this element.",
  fix: "Put a <holdpoint-agent> into the page, with layout=\"headless\" where nothing else of it is wanted; \
name its id in `for`, or give both the same namespace.",
};

/** The class of one of the two, by what it shows. */
function headOf(kind, attributes) {
  return class Head extends (globalThis.HTMLElement ?? class {}) {
    static observedAttributes = attributes;

    static define(tag = `holdpoint-${kind}`, registry) {
      define(this, tag, registry);
    }

    static {
      for (const attribute of attributes) {
        Object.defineProperty(this.prototype, attribute === "for" ? "htmlFor" : attribute, {
          configurable: true,
          enumerable: true,
          get() {
            return this.getAttribute(attribute) || (attribute === "namespace" ? "default" : "");
          },
          set(value) {
            if (value == null) this.removeAttribute(attribute);
            else this.setAttribute(attribute, value);
          },
        });
      }
    }

    #internals;
    #agent = null;
    /** Resolves to what takes the view away again. */
    #view;
    #call = null;

    constructor() {
      super();
      this.attachShadow({ mode: "open" });
      this.#internals = this.attachInternals();
      dress(this.shadowRoot, BARE);
    }

    connectedCallback() {
      takeEarly(this, ["htmlFor", "namespace", "call"]);
      heads.add(this);
      this.look();
    }

    disconnectedCallback() {
      // A move takes an element out and puts it back in one task.
      queueMicrotask(() => {
        if (this.isConnected) return;
        heads.delete(this);
        this.#leave();
      });
    }

    attributeChangedCallback(_, before, value) {
      if (before === value || !heads.has(this)) return;
      this.#leave();
      this.look();
    }

    get agent() {
      return this.#agent;
    }

    get approval() {
      const calls = this.#agent?.pending ?? [];
      return calls.find(({ callId }) => callId === this.#call) ?? null;
    }

    /** Looks for its agent, where that may be another one than before. */
    look() {
      const name = this.htmlFor;
      const isMine = (agent) => (name ? agent.id === name : agent.namespace === this.namespace);
      const agent = [...agents].find(isMine) ?? null;
      if (agent && agent === this.#agent) return;
      this.#leave();
      this.#agent = agent;
      if (agent) this.#show(agent);
      else whenLoaded(() => this.isConnected && !this.#agent && this.#complain(MISSING));
    }

    #show(agent) {
      const slot = document.createElement("slot");
      this.shadowRoot.replaceChildren(slot);
      const view = agent[SHOW](this.shadowRoot, kind, this.call ?? "", (call, words) => {
        // What is taken away tells no more.
        if (this.#view === view) this.#enter(call, words);
      });
      this.#view = view;
      view.then(
        () => slot.remove(),
        (error) => this.#view === view && this.#complain(error),
      );
    }

    #leave() {
      this.#view?.then((end) => end(), () => {});
      this.#view = undefined;
      this.#agent = null;
      this.#enter(null, "");
    }

    #enter(call, words) {
      this.#call = call;
      const now = words.split(" ");
      for (const name of HEAD_STATES) {
        this.#internals.states?.[now.includes(name) ? "add" : "delete"](name);
      }
    }

    #complain({ code, message, fix }) {
      showFault(this.shadowRoot, { code, message, fix });
      this.dispatchEvent(
        new CustomEvent("holdpoint-error", {
          detail: { code, message, fix },
          bubbles: true,
          composed: true,
        }),
      );
    }
  };
}

const HEAD_STATES = ["waiting", "critical"];

/** One call that waits for a person. */
export class HoldpointApprovalElement extends headOf("approval", ["for", "namespace", "call"]) {}

/** Every call that a person was asked about. */
export class HoldpointInboxElement extends headOf("inbox", ["for", "namespace"]) {}
