import { CUSTOM_ELEMENTS_SCHEMA, Component, ElementRef, computed, effect, signal, viewChild } from "@angular/core";
import "holdpoint";
import type { HoldpointAgentElement, Tool } from "holdpoint";

interface Transfer {
  amount: number;
  recipient: string;
}

@Component({
  selector: "app-bank",
  schemas: [CUSTOM_ELEMENTS_SCHEMA],
  template: `
    <p>Balance: <output id="balance">{{ balance() }}</output></p>
    <ul id="transfers">
      @for (transfer of transfers(); track $index) {
        <li>{{ transfer.amount }} to {{ transfer.recipient }}</li>
      }
    </ul>
    <button id="toggle" (click)="isOpen.set(!isOpen())">{{ isOpen() ? "Close" : "Open" }} the assistant</button>
    @if (isOpen()) {
      <holdpoint-agent #agent api="demo"></holdpoint-agent>
    }
  `,
})
export class Bank {
  protected readonly transfers = signal<Transfer[]>([]);
  protected readonly balance = computed(() => this.transfers().reduce((left, { amount }) => left - amount, 1000));
  protected readonly isOpen = signal(true);
  private readonly agent = viewChild<ElementRef<HoldpointAgentElement>>("agent");

  private readonly tools: Tool[] = [
    {
      name: "check_balance",
      description: "Returns the balance of the account",
      annotations: { readOnlyHint: true },
      execute: () => ({ balance: this.balance() }),
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
      execute: (transfer: Transfer) => {
        if (transfer.amount > this.balance()) throw new Error("the balance does not cover it");
        this.transfers.update((transfers) => [...transfers, transfer]);
        return { transferred: transfer.amount, balance: this.balance() };
      },
    },
  ];

  constructor() {
    // The element comes and goes with `@if`, and its tools with it.
    effect((onCleanup) => {
      const agent = this.agent()?.nativeElement;
      const mounted = new AbortController();
      for (const tool of this.tools) agent?.registerTool(tool, { signal: mounted.signal });
      onCleanup(() => mounted.abort());
    });
  }
}
