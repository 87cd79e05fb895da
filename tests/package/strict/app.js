// A classic script, which runs before the module and before the element is there.

window.sent = [];
window.holdpoint = window.holdpoint || [];
window.holdpoint.push(({ HoldpointAgentElement }) => {
  const agent = document.querySelector("holdpoint-agent");
  if (!(agent instanceof HoldpointAgentElement)) throw new Error("the element is not defined");
  agent.tools = [
    {
      name: "transfer",
      description: "Sends money",
      inputSchema: {
        type: "object",
        properties: { amount: { type: "number" }, recipient: { type: "string" } },
        required: ["amount", "recipient"],
      },
      execute: (args) => {
        window.sent.push(args);
        return { transferred: args.amount, recipient: args.recipient };
      },
    },
  ];
});
