// A tool whose effect is at the server, which counts it.

export function transfer(more) {
  return {
    name: "transfer",
    title: "Transfer",
    description: "Transfers an amount to a recipient.",
    inputSchema: {
      type: "object",
      properties: { amount: { type: "number" }, recipient: { type: "string" } },
      required: ["amount", "recipient"],
    },
    approval: [
      {
        id: "above-100",
        when: { properties: { amount: { exclusiveMinimum: 100 } } },
        because: "transfers above 100 need a person",
      },
    ],
    summary: ({ amount, recipient }) => `Transfer ${amount} to ${recipient}`,
    execute: async (_, { idempotencyKey }) => {
      const at = `/lab/effect?key=${encodeURIComponent(idempotencyKey)}`;
      return (await fetch(at, { method: "POST" })).json();
    },
    ...more,
  };
}
