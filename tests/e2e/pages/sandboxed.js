// Nobody outside can look into this frame, so it tells what there is to see.

const agent = document.querySelector("holdpoint-agent");
agent.tools = [
  {
    name: "transfer",
    description: "Transfers an amount to a recipient",
    inputSchema: {
      type: "object",
      properties: { amount: { type: "number" }, recipient: { type: "string" } },
      required: ["amount", "recipient"],
    },
    execute: ({ amount }) => ({ transferred: amount }),
  },
];
const tell = (what) => parent.postMessage(what, "*");
agent.addEventListener("holdpoint-error", ({ detail }) => tell(`error ${detail.code}`));
agent.addEventListener("holdpoint-run-end", ({ detail }) => tell(`ended ${detail.status}`));
agent.addEventListener("holdpoint-approval-request", async ({ detail }) => {
  tell("held");
  await agent.approve(detail.approval.callId, { digest: detail.approval.digest });
});
await customElements.whenDefined("holdpoint-agent");
await agent.ready;
tell(`shown ${agent.shadowRoot.querySelector(".fault-card")?.textContent ?? "nothing"}`);
await agent.send("Transfer 500 to Alice");
