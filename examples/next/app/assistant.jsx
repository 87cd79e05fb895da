"use client";

// In a render on the server this import does nothing, and the element is an empty tag.
import "holdpoint";
import { useEffect, useEffectEvent, useRef } from "react";
import { flushSync } from "react-dom";

export function Assistant({ balance, onTransfer }) {
  const agent = useRef(null);
  // The tools are registered once; what they call always sees the state of the last render.
  const checkBalance = useEffectEvent(() => ({ balance }));
  const transfer = useEffectEvent((asked) => {
    if (asked.amount > balance) throw new Error("the balance does not cover it");
    // The next call has to see what this one has left.
    flushSync(() => onTransfer(asked));
    return { transferred: asked.amount, balance: balance - asked.amount };
  });

  useEffect(() => {
    const mounted = new AbortController();
    const tools = [
      {
        name: "check_balance",
        description: "Returns the balance of the account",
        annotations: { readOnlyHint: true },
        execute: () => checkBalance(),
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
        execute: (asked) => transfer(asked),
      },
    ];
    for (const tool of tools) agent.current.registerTool(tool, { signal: mounted.signal });
    return () => mounted.abort();
  }, []);

  return <holdpoint-agent ref={agent} api="demo" />;
}
