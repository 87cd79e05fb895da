// The elements in JSX, as React's types allow it; what they must refuse is marked.

import { useRef } from "react";
import type { HoldpointAgentElement } from "holdpoint";
import type {} from "holdpoint/react";

export function Assistant({ onCount }: { onCount(count: number): void }) {
  const agent = useRef<HoldpointAgentElement>(null);
  return (
    <main>
      <holdpoint-agent
        ref={agent}
        className="assistant"
        api="demo"
        color-scheme="dark"
        titleBadge
        tools={[{ name: "check_balance", description: "The balance", execute: () => 1 }]}
        onholdpoint-pending-change={({ detail }) => onCount(detail.count)}
      />
      <holdpoint-approval for="desk" call="run.1.1">
        Nothing waits.
      </holdpoint-approval>
      <holdpoint-inbox namespace="desk" />
      {/* @ts-expect-error: an attribute has a list of known words. */}
      <holdpoint-agent mode="chat" />
      {/* @ts-expect-error: there is no such attribute. */}
      <holdpoint-agent colour="red" />
    </main>
  );
}
