// A page whose tool acts on the server. Its address says how the page is to be:
//
// - every attribute of the widget by its name, `endpoint` among them;
// - `tools`: `none` offers no tool, `twice` the same one two times, `malformed` one without a name;
// - `hints`: annotations of the tool, with commas; `verify`: it can say what became of a call;
// - `preview`: the tool says what a call would change; `expires`: milliseconds to decide in;
// - `late`: what becomes of a call when that time is over; `rule`: transfers are held by a rule;
// - `undo`: milliseconds in which an approval can be taken back; `watch`: the tool's precondition is
//   `globalThis.world`;
// - `fresh`: the state of things is another one each time it is asked for;
// - `hold`: an event of the widget at which the page stands still until the server answers;
// - `storage=refused`: the page has no IndexedDB;
// - `voice=regions`: the browser cannot be told what to say;
// - `hurry`: so many times faster do the widget's timers go;
// - `device`, `schemas`, `window`, `says`: the browser's own model; see language-model.js;
// - `vendor`: who is said to have made the browser; `away`: nobody looks at the page.

const query = new URLSearchParams(location.search);
const own = [
  "tools", "hints", "verify", "preview", "expires", "hold", "storage", "voice", "hurry",
  "vendor", "away", "late", "rule", "undo", "watch", "fresh", "device", "schemas",
  "window", "says",
];

/** What the tool's precondition says. */
globalThis.world = { balance: 1000 };
/** What the widget told, newest last; the tests read it. */
globalThis.errors = [];
globalThis.decisions = [];
/** When each moment came, in milliseconds since the navigation; the benches read it. */
globalThis.moments = {};

if (query.get("storage") === "refused") {
  const refuse = () => {
    throw new DOMException("the lab forbids it", "SecurityError");
  };
  Object.defineProperty(globalThis, "indexedDB", { get: refuse });
}

if (query.has("away")) {
  document.hasFocus = () => false;
  const { prototype } = ServiceWorkerRegistration;
  const { showNotification } = prototype;
  prototype.showNotification = async function (...given) {
    await showNotification.apply(this, given);
    globalThis.noticed = true;
  };
}
if (query.has("vendor")) {
  Object.defineProperty(navigator, "vendor", { value: query.get("vendor") });
  navigator.storage.persisted = async () => false;
}

/** What a screen reader is told, in order. */
globalThis.said = [];
if (query.get("voice") === "regions") delete Element.prototype.ariaNotify;
else Element.prototype.ariaNotify = (words, { priority }) => said.push([priority, words]);

if (query.has("hurry")) {
  for (const name of ["setTimeout", "setInterval"]) {
    const real = globalThis[name];
    globalThis[name] = (work, ms, ...rest) => real(work, ms / query.get("hurry"), ...rest);
  }
}
if (query.has("device")) (await import("/language-model.js")).standIn(query);

const agent = document.createElement("holdpoint-agent");
agent.setAttribute("endpoint", "/lab/v1");
for (const [name, value] of query) if (!own.includes(name)) agent.setAttribute(name, value);
agent.addEventListener("holdpoint-error", ({ detail }) => errors.push(detail));
agent.addEventListener("holdpoint-decision", ({ detail }) => {
  moments.decided = performance.now();
  decisions.push(detail);
});
agent.addEventListener("holdpoint-tool-start", () => (moments.recorded = performance.now()));
if (query.has("hold")) agent.addEventListener(query.get("hold"), standStill);
agent.addEventListener("holdpoint-ready", () =>
  requestAnimationFrame((now) => (moments.shown = now)),
);
agent.tools = offered(query.get("tools"));
addEventListener("click", () => (moments.clicked = performance.now()), { capture: true });
document.body.append(agent);
requestAnimationFrame(lookForCard);
await import("/holdpoint.js");
new MutationObserver((changes) => {
  for (const { target } of changes) {
    const politeness = target.getAttribute?.("aria-live");
    if (politeness && politeness !== "off" && target.textContent) {
      said.push([politeness === "assertive" ? "high" : "normal", target.textContent]);
    }
  }
}).observe(agent.shadowRoot, { subtree: true, childList: true });

function offered(which) {
  if (which === "none") return [];
  if (which === "malformed") return [transfer(), { description: "it has no name" }];
  return which === "twice" ? [transfer(), transfer()] : [transfer(), order()];
}

function transfer() {
  const hints = (query.get("hints") ?? "").split(",").filter(Boolean);
  const at = (key) => `/lab/effect?key=${encodeURIComponent(key)}`;
  return {
    name: "transfer",
    title: "Transfer",
    description: "Transfers an amount to a recipient.",
    inputSchema: {
      type: "object",
      properties: { amount: { type: "number" }, recipient: { type: "string" } },
      required: ["amount", "recipient"],
      additionalProperties: false,
    },
    annotations: Object.fromEntries(hints.map((hint) => [hint, true])),
    approval: query.has("expires") || query.has("rule") ? [inTime()] : "always",
    undoable: query.has("undo") ? { windowMs: Number(query.get("undo")) } : undefined,
    precondition: state(),
    preview: query.has("preview")
      ? ({ amount }) => ({ label: "Balance", before: 1000, after: 1000 - amount })
      : undefined,
    summary: ({ amount, recipient }) => `Transfer ${amount} to ${recipient}`,
    execute: async ({ recipient }, { idempotencyKey, signal }) => {
      moments.started = performance.now();
      if (recipient === "Nobody") throw new Error("there is no such account");
      const response = await fetch(at(idempotencyKey), { method: "POST", signal });
      return response.json();
    },
    verify: query.has("verify") ? async (key) => (await fetch(at(key))).json() : undefined,
  };
}

/** The tool's precondition. */
function state() {
  if (query.has("watch")) return () => globalThis.world;
  return query.has("fresh") ? () => ({ balance: (world.balance -= 100) }) : undefined;
}

function inTime() {
  const rule = { id: "in-time", when: true, because: "transfers need a person, in time" };
  if (query.has("expires")) rule.expiresIn = Number(query.get("expires"));
  if (query.has("late")) rule.onExpiry = query.get("late");
  return rule;
}

/** A tool with something of everything, for the form. */
function order() {
  const text = { type: "string" };
  const of = (properties, required) => ({ type: "object", properties, required });
  return {
    name: "order",
    title: "Order",
    description: "Orders articles.",
    inputSchema: of(
      {
        customer: of({ name: text, phone: text }, ["name"]),
        items: {
          type: "array",
          items: of({ article: text, count: { type: "integer", minimum: 1 } }, ["article", "count"]),
        },
        shipping: { enum: ["standard", "express"] },
        gift: { type: "boolean" },
        payment: {
          oneOf: [
            { title: "Invoice", ...of({ number: text }, ["number"]), additionalProperties: false },
            { title: "Card", ...of({ digits: text }, ["digits"]), additionalProperties: false },
          ],
        },
      },
      ["customer", "items"],
    ),
    approval: "always",
    summary: ({ customer, items }) => `Order ${items.length} for ${customer.name}`,
    execute: (args) => ({ ordered: args }),
  };
}

/** Notes the first frame with a card in it. */
function lookForCard(now) {
  if (agent.shadowRoot?.querySelector("[part~=approval-card]")) moments.card = now;
  else requestAnimationFrame(lookForCard);
}

/** Blocks the whole page: nothing that would follow the event can happen meanwhile. */
function standStill() {
  const request = new XMLHttpRequest();
  request.open("POST", "/lab/event", false);
  request.send();
}
