// The test kit, as the types allow it.

import { crashAt, crashed, journalOf, personAt, scriptedModel } from "holdpoint/testing";

const model = scriptedModel([
  { text: "One moment.", calls: [{ name: "transfer", arguments: { amount: 500 } }] },
  { text: "Done.", expect: { text: /Alice/, results: [{ sent: 500 }], mode: "plan" } },
  { text: "Done.", expect: ({ tools }) => tools.includes("transfer") },
]);
globalThis.fetch = model.fetch;
crashAt("before tool_finished") satisfies string;
crashAt(3);
// @ts-expect-error: there is no such entry.
crashAt("after lunch");
// @ts-expect-error: a status is a number.
scriptedModel([{ status: "busy" }]);

const agent = document.querySelector("holdpoint-agent")!;
for (const { kind, seq } of await journalOf(agent)) `${seq} ${kind satisfies string}`;
// @ts-expect-error: a page is not an element.
personAt(agent);
// @ts-expect-error: an element is not a page.
await crashed(agent.shadowRoot);
export {};
