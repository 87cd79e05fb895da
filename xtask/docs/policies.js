// A policy, tried on a call: `evaluate` says what would become of it, and nothing is done.

import "./holdpoint/holdpoint.js";
import { row } from "./rows.js";

const agent = document.querySelector("#judge");
const form = document.querySelector("#try-policy");
const verdict = document.querySelector("#verdict");
const KINDS = { allow: "ok", ask: "warn", deny: "bad" };

async function judge() {
  const approval = JSON.parse(form.elements.rules.value);
  const args = JSON.parse(form.elements.arguments.value);
  agent.tools = [{
    name: "transfer",
    description: "Transfers money to someone",
    inputSchema: {
      type: "object",
      properties: { amount: { type: "number" }, recipient: { type: "string" } },
      required: ["amount", "recipient"],
    },
    approval,
    execute: () => ({}),
  }];
  return agent.evaluate("transfer", args);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const said = await judge();
    const rule = said.rule ? `by the rule ${said.rule}: ${said.because}` : said.because;
    verdict.replaceChildren(row(KINDS[said.verdict] ?? "warn", said.verdict, rule ?? ""));
  } catch (error) {
    verdict.replaceChildren(row("bad", error.code ?? "no JSON", error.message));
  }
});
// A tool that is not taken is said by an event, and is then not there to be evaluated.
agent.addEventListener("holdpoint-error", ({ detail }) => {
  verdict.replaceChildren(row("bad", detail.code, `${detail.message}; ${detail.fix}`));
});
