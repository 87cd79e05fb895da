// A page with tools that are not given to the widget by the page itself. Its address says how it is:
//
// - every attribute of the widget by its name;
// - `shape`: which browser's `modelContext` is stood in for; the browser's own without it;
// - `hints`: annotations of the tool that is registered there, with commas;
// - `policy`: `toolPolicy`, as JSON; `own`: the page has a tool of the same name of its own;
// - `token`: what an MCP server wants to know its callers by.

import { standIn } from "/model-context.js";

const query = new URLSearchParams(location.search);
const own = ["shape", "hints", "policy", "own", "token"];
if (query.has("shape")) standIn(query.get("shape"));

/** What the widget told, newest last. */
globalThis.errors = [];
/** Where tools are registered for agents. */
globalThis.context = document.modelContext ?? navigator.modelContext;

/** Registers the page's tool there, and gives what takes it away. */
globalThis.offer = async (change = {}) => {
  const stop = new AbortController();
  const hints = (query.get("hints") ?? "").split(",").filter(Boolean);
  const tool = {
    name: "transfer",
    title: "Transfer",
    description: "Transfers an amount to a recipient.",
    inputSchema: {
      type: "object",
      properties: { amount: { type: "number" }, recipient: { type: "string" } },
      required: ["amount", "recipient"],
    },
    annotations: Object.fromEntries(hints.map((hint) => [hint, true])),
    async execute({ amount, recipient }) {
      if (recipient === "Nobody") throw new Error("there is no such account");
      const key = encodeURIComponent(`${amount} to ${recipient}`);
      return (await fetch(`/lab/effect?key=${key}`, { method: "POST" })).json();
    },
    ...change,
  };
  await context.registerTool(tool, { signal: stop.signal });
  return () => {
    stop.abort();
    context.unregisterTool?.(tool.name);
  };
};
if (context) globalThis.withdraw = await offer();

const agent = document.createElement("holdpoint-agent");
agent.setAttribute("endpoint", "/lab/v1");
for (const [name, value] of query) if (!own.includes(name)) agent.setAttribute(name, value);
agent.addEventListener("holdpoint-error", ({ detail }) => errors.push(detail));
if (query.has("policy")) agent.toolPolicy = JSON.parse(query.get("policy"));
if (query.has("token")) {
  agent.mcpHeaders = async (url) => ({ authorization: `Bearer ${query.get("token")} ${url}` });
}
if (query.has("own")) {
  agent.tools = [
    { name: "transfer", description: "The page's own", execute: () => "the page's own" },
  ];
}
document.body.append(agent);
await import("/holdpoint.js");
