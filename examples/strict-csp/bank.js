// A classic script, which cannot import; what it leaves here is called once the element is defined.

const transfers = [];
const balance = () => transfers.reduce((left, { amount }) => left - amount, 1000);

function show() {
  document.querySelector("#balance").value = balance();
  const lines = transfers.map(({ amount, recipient }) => {
    const line = document.createElement("li");
    line.textContent = `${amount} to ${recipient}`;
    return line;
  });
  document.querySelector("#transfers").replaceChildren(...lines);
}

window.holdpoint = window.holdpoint || [];
window.holdpoint.push(() => {
  document.querySelector("holdpoint-agent").tools = [
    {
      name: "check_balance",
      description: "Returns the balance of the account",
      annotations: { readOnlyHint: true },
      execute: () => ({ balance: balance() }),
    },
    {
      name: "transfer",
      description: "Transfers an amount to a recipient",
      inputSchema: {
        type: "object",
        properties: { amount: { type: "number", exclusiveMinimum: 0 }, recipient: { type: "string" } },
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
      execute: ({ amount, recipient }) => {
        if (amount > balance()) throw new Error("the balance does not cover it");
        transfers.push({ amount, recipient });
        show();
        return { transferred: amount, balance: balance() };
      },
    },
  ];
});
show();
