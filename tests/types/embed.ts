// A page's own code, as the types allow it; what they must refuse is marked.

import {
  HoldpointAgentElement,
  HoldpointApprovalElement,
  HoldpointError,
  type Approval,
} from "holdpoint";

const agent = document.querySelector("holdpoint-agent")!;
agent satisfies HoldpointAgentElement;

agent.mode = "plan";
agent.colorScheme = "host";
agent.titleBadge = true;
// @ts-expect-error: an attribute has a list of known words.
agent.api = "smoke-signals";
// @ts-expect-error: the state is the widget's to change.
agent.state = "idle";

const approval = document.querySelector("holdpoint-approval")!;
approval satisfies HoldpointApprovalElement;
approval.htmlFor = "desk";
approval.call = "run.1.1";
const waits: Approval | null = approval.approval;
console.assert(waits?.risk !== "critical", waits?.origins[0]?.from);
// @ts-expect-error: which agent it is follows from what is set.
approval.agent = agent;
document.querySelector("holdpoint-inbox")!.namespace = "desk";

agent.tools = [
  {
    name: "transfer",
    description: "Sends money",
    inputSchema: { type: "object", properties: { amount: { type: "number" } } },
    approval: [
      { id: "large", when: { properties: { amount: { exclusiveMinimum: 100 } } }, because: "it is large" },
    ],
    summary: ({ amount }) => `Send ${amount}`,
    verify: async (key) => ({ happened: key === "known" }),
    execute: async ({ amount }, { idempotencyKey, signal }) => {
      signal.throwIfAborted();
      return { amount, idempotencyKey };
    },
  },
];
// @ts-expect-error: a tool without `execute` does nothing.
agent.tools = [{ name: "idle", description: "Does nothing" }];
// @ts-expect-error: a rule is data; a function goes to `needsApproval`.
agent.tools = [{ name: "pay", description: "Pays", execute() {}, approval: () => true }];

agent.webmcp = "use offer";
agent.mcp = "https://tools.example/mcp";
agent.mcpHeaders = async (server) => ({ authorization: `Bearer ${server.length}` });
agent.toolPolicy = { webmcp: { search: { approval: "never", summary: () => "Search" } } };
// @ts-expect-error: what a foreign tool does is not the page's to say.
agent.toolPolicy = { webmcp: { search: { execute: () => 1 } } };

const unregister: () => void = await agent.registerTool<{ amount: number }>(
  { name: "deposit", description: "Pays in", execute: ({ amount }) => amount.toFixed(2) },
  { signal: AbortSignal.timeout(1000) },
);
unregister();

agent.addEventListener("holdpoint-approval-request", (event) => {
  const approval: Approval = event.detail.approval;
  event.preventDefault();
  void agent.approve(approval.callId, { digest: approval.digest, note: "seen" });
});
document.addEventListener("holdpoint-pending-change", ({ detail }) => {
  document.title = `${detail.count} waiting`;
});
document.body.addEventListener("holdpoint-error", ({ detail }) => console.warn(detail.code, detail.fix));
// @ts-expect-error: an approval is bound to what was shown.
void agent.approve("call", {});

try {
  await agent.ready;
  const run: string = await agent.send("transfer 500 to Alice");
  const file: Blob = await agent.exportRun(run);
  await agent.importRun(file);
  const sealed = await agent.exportRun(run, { passphrase: "four words and more", move: true });
  await agent.importRun(sealed, { passphrase: "four words and more" });
  agent.worker = "https://approvals.example/";
  agent.workerToken = async () => "a token";
  await agent.handOff(run, { workflow: "invoice" });
  const audit: Blob = await agent.exportAudit({
    format: "csv",
    since: new Date(2026, 0),
    filter: { kind: "decided", decision: "deny", tool: "transfer", text: "alice" },
  });
  console.log(audit.size);
  // @ts-expect-error: there are two formats.
  await agent.exportAudit({ format: "xml" });
} catch (error) {
  if (error instanceof HoldpointError) console.warn(error.code, error.fix, error.cause);
}
