// The playground of the first page holds a call for a person, offline and under the site's policy.

const agent = await element();
const asked = next(agent, "holdpoint-approval-request");
document.querySelector("[data-say='Transfer 500 to Alice']").click();
const { callId, digest } = (await asked).detail.approval;
const card = await shown(agent, "approval-card");
if (!card.textContent.includes("500")) throw new Error(`the card says ${card.textContent}`);
const balance = document.querySelector("#balance");
if (balance.textContent !== "Balance 1,000.00") throw new Error(`before it: ${balance.textContent}`);
const ended = next(agent, "holdpoint-run-end");
await agent.approve(callId, { digest });
await ended;
while (balance.textContent !== "Balance 500.00") await new Promise(requestAnimationFrame);

// The search finds a page by a word of it.
const search = document.querySelector("#search");
search.value = "quorum";
search.dispatchEvent(new Event("input"));
while (!document.querySelector("#found a[href^='worker.html#']")) await new Promise(requestAnimationFrame);
