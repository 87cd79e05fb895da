// A call waits for a person, and runs as it was shown; the page's policy sees nothing to report.

const agent = await element();
const asked = next(agent, "holdpoint-approval-request");
const ended = next(agent, "holdpoint-run-end");
await agent.send("Transfer 500 to Alice");
const { callId, digest } = (await asked).detail.approval;
if (sent.length !== 0) throw new Error("the call did not wait");
const card = await shown(agent, "approval-card");
for (const word of ["500", "Alice"]) {
  if (!card.textContent.includes(word)) throw new Error(`the card lacks ${word}: ${card.textContent}`);
}
const accent = getComputedStyle(await shown(agent, "approve-button")).backgroundColor;
if (accent !== "rgb(90, 40, 160)") throw new Error(`the page's accent is not the button's: ${accent}`);
await agent.approve(callId, { digest });
await ended;
if (JSON.stringify(sent) !== '[{"amount":500,"recipient":"Alice"}]') {
  throw new Error(`it ran as ${JSON.stringify(sent)}`);
}
// The inbox is fetched when it is opened; it too has to live under the policy.
(await shown(agent, "inbox-button")).click();
await shown(agent, "inbox-item");
