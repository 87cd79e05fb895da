// The address says how the element is to be: `?api=chat&mode=plan`.
const agent = document.querySelector("holdpoint-agent");
for (const [name, value] of new URLSearchParams(location.search)) agent.setAttribute(name, value);

agent.tools = [
  {
    name: "transfer",
    description: "Sends money",
    inputSchema: {
      type: "object",
      properties: { amount: { type: "number" }, recipient: { type: "string" } },
      required: ["amount", "recipient"],
    },
    approval: [
      {
        id: "above-100",
        when: { properties: { amount: { exclusiveMinimum: 100 } }, required: ["amount"] },
        because: "transfers above 100 need a person",
      },
    ],
    annotations: agent.hasAttribute("critical") ? { destructiveHint: true } : {},
    summary: ({ amount, recipient }) => `Send ${amount} to ${recipient}`,
    execute: async (args, { idempotencyKey }) => {
      const headers = { "idempotency-key": idempotencyKey };
      const answer = await fetch("/transfers", { method: "POST", headers, body: JSON.stringify(args) });
      return answer.json();
    },
  },
];
