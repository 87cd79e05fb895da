// A page whose tool acts on the server. Its address says how the page is to be:
//
// - every attribute of the widget by its name, `endpoint` among them;
// - `tools`: `none` offers no tool, `twice` the same one two times, `malformed` one without a name;
// - `hints`: annotations of the tool, with commas; `verify`: it can say what became of a call;
// - `preview`: the tool says what a call would change; `expires`: milliseconds to decide in;
// - `mortal`: the page can die; see mortal.js;
// - `hold`: an event of the widget at which the page stands still until the server answers;
// - `storage=refused`: the page has no IndexedDB;
// - `voice=regions`: the browser cannot be told what to say;
// - `hurry`: so many times faster do the widget's timers go;
// - `vendor`: who is said to have made the browser; `away`: nobody looks at the page.

const query = new URLSearchParams(location.search);
const own = [
  "tools", "hints", "verify", "preview", "expires", "hold", "storage", "mortal", "voice", "hurry",
  "vendor", "away",
];

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

if (query.has("away")) document.hasFocus = () => false;
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
if (query.has("mortal")) await import("/mortal.js");

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
  return which === "twice" ? [transfer(), transfer()] : [transfer()];
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
    approval: query.has("expires") ? [expiring(Number(query.get("expires")))] : "always",
    preview: query.has("preview")
      ? ({ amount }) => `The balance goes from 1,000.00 to ${(1000 - amount).toFixed(2)}.`
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

function expiring(expiresIn) {
  return { id: "in-time", when: true, because: "transfers need a person, in time", expiresIn };
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
