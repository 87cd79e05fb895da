// The page around the widget: a bank that offers its functions as tools and shows its ledger.

import { Bank, tools } from "/bank.js";
import { JournalView } from "/journal.js";

const PROMPTS = [
  "Check my balance and transfer 50 to Alice",
  "Transfer 500 to Alice",
  "Deposit 200",
  "What can you do?",
];

const INSTRUCTIONS = `You are the assistant of Northbank, a bank with one account and no currency.
Use the tools for anything about the account; never state a balance that a tool did not return.
When a call was denied, say so and do not try it again unless you are asked to.
Answer briefly, in the language of the person.`;

const bank = new Bank();
const agent = document.querySelector("holdpoint-agent");
const byId = (id) => document.getElementById(id);
const numbers = new Intl.NumberFormat("en", { minimumFractionDigits: 2 });

agent.tools = tools(bank);
agent.instructions = INSTRUCTIONS;

const journals = new JournalView(agent, byId("journals"), {
  deferred: byId("idea-deferred"),
  serialised: byId("idea-serialised"),
  resumed: byId("idea-resumed"),
});

for (const name of ["mode", "api"]) followSwitch(name);
showPrompts();
byId("reload").addEventListener("click", () => location.reload());
byId("reset").addEventListener("click", reset);
bank.addEventListener("change", showLedger);
showLedger();
addEventListener("load", keepForOffline, { once: true });

await customElements.whenDefined("holdpoint-agent");
await agent.ready;
for (const button of byId("prompts").children) button.disabled = false;
await journals.restore();

/** Mirrors a group of radio buttons to an attribute of the widget and remembers the choice. */
function followSwitch(name) {
  const key = `northbank-${name}`;
  const buttons = document.querySelectorAll(`input[name="${name}"]`);
  const kept = remembered(key);
  for (const button of buttons) {
    if (kept === button.value) button.checked = true;
    if (button.checked) agent.setAttribute(name, button.value);
    button.addEventListener("change", () => {
      agent.setAttribute(name, button.value);
      remember(key, button.value);
    });
  }
}

function showPrompts() {
  for (const text of PROMPTS) {
    const button = document.createElement("button");
    button.type = "button";
    button.disabled = true;
    button.textContent = text;
    // The widget itself shows what goes wrong.
    button.addEventListener("click", () => agent.send(text)?.catch(() => {}));
    byId("prompts").append(button);
  }
}

async function showLedger() {
  const entries = await bank.entries();
  byId("balance").textContent = money(entries.at(-1).balance);
  byId("entries").replaceChildren(...entries.reverse().map(row));
}

function row({ at, text, cents, balance }) {
  const row = document.createElement("tr");
  const signed = cents < 0 ? money(cents) : `+${money(cents)}`;
  const time = new Date(at).toLocaleTimeString(undefined, { timeStyle: "short" });
  for (const cell of [time, text, signed, money(balance)]) {
    row.insertCell().textContent = cell;
  }
  row.dataset.direction = cents < 0 ? "out" : "in";
  return row;
}

function money(cents) {
  return numbers.format(cents / 100).replace("-", "−");
}

async function reset() {
  await agent.clear?.("all");
  journals.clear();
  await bank.reset();
}

function keepForOffline() {
  // A page that forbids storage forbids this as well, and then works without.
  navigator.serviceWorker?.register(workerUrl()).catch(() => {});
}

/** The one script address that this page ever makes. */
function workerUrl() {
  const only = "/sw.js";
  const createScriptURL = (url) => {
    if (url !== only) throw new TypeError(`not a script of this page: ${url}`);
    return url;
  };
  const policy = globalThis.trustedTypes?.createPolicy("holdpoint-demo", { createScriptURL });
  return policy ? policy.createScriptURL(only) : only;
}

function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Without storage the switch works until the page is left.
  }
}
