import "holdpoint";
import type { HoldpointAgentElement, Tool } from "holdpoint";
import type {} from "holdpoint/react";
import { useEffect, useEffectEvent, useRef } from "react";
import { flushSync } from "react-dom";
import type { Transfer } from "./Bank";

interface Props {
  balance: number;
  onTransfer(transfer: Transfer): void;
}

export function Assistant({ balance, onTransfer }: Props) {
  const agent = useRef<HoldpointAgentElement>(null);
  // The tools are registered once; what they call always sees the state of the last render.
  const checkBalance = useEffectEvent(() => ({ balance }));
  const transfer = useEffectEvent((asked: Transfer) => {
    if (asked.amount > balance) throw new Error("the balance does not cover it");
    // The next call has to see what this one has left.
    flushSync(() => onTransfer(asked));
    return { transferred: asked.amount, balance: balance - asked.amount };
  });

  useEffect(() => {
    const mounted = new AbortController();
    const tools: Tool[] = [
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
        summary: ({ amount, recipient }: Transfer) => `Transfer ${amount} to ${recipient}`,
        execute: (asked: Transfer) => transfer(asked),
      },
    ];
    for (const tool of tools) agent.current!.registerTool(tool, { signal: mounted.signal });
    return () => mounted.abort();
  }, []);

  return <holdpoint-agent ref={agent} api="demo" />;
}
