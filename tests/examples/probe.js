// What every example has to do, whatever it is made with. It goes over a reload, so it is in stages.

const bank = () => ({
  balance: document.querySelector("#balance").textContent,
  transfers: [...document.querySelectorAll("#transfers li")].map((line) => line.textContent.trim()),
});

/** The bank shows this, as soon as its framework has drawn it. */
async function shows(balance, ...transfers) {
  const wanted = JSON.stringify({ balance, transfers });
  for (let frame = 0; JSON.stringify(bank()) !== wanted; frame++) {
    if (frame === 600) throw new Error(`the bank shows ${JSON.stringify(bank())}, not ${wanted}`);
    await new Promise(requestAnimationFrame);
  }
}

async function says(agent, question, answer) {
  const ended = next(agent, "holdpoint-run-end");
  await agent.send(question);
  await ended;
  const said = [...agent.shadowRoot.querySelectorAll('[part~="message-agent"]')].at(-1).textContent;
  if (!said.replace(",", "").includes(answer)) throw new Error(`the agent said: ${said}`);
}

/** Has a transfer held, and gives nothing of it away before the person has decided. */
async function isHeld(agent, words) {
  const asked = next(agent, "holdpoint-approval-request");
  await agent.send(words);
  await asked;
  await shown(agent, "approval-card");
}

/** Approves what waits; it runs to its end, and its tool is started once. */
async function isDoneOnce(agent) {
  await shown(agent, "approval-card");
  let starts = 0;
  const count = () => starts++;
  agent.addEventListener("holdpoint-tool-start", count);
  const [{ callId, digest }, ...others] = agent.pending;
  if (others.length > 0) throw new Error("there is more than one card");
  const ended = next(agent, "holdpoint-run-end");
  await agent.approve(callId, { digest });
  const { detail } = await ended;
  agent.removeEventListener("holdpoint-tool-start", count);
  if (detail.status !== "completed" || starts !== 1) throw new Error(`${detail.status} after ${starts} starts`);
}

const only = (agents) => {
  if (agents.length !== 1) throw new Error(`there are ${agents.length} widgets`);
  return agents[0];
};

/** The page's element as soon as its framework has made it, and ready. */
async function present() {
  while (!document.querySelector("holdpoint-agent")) await new Promise(requestAnimationFrame);
  return element();
}

const agent = await present();
only(document.querySelectorAll("holdpoint-agent"));

if (!sessionStorage.getItem("stage")) {
  await shows("1000");
  await says(agent, "Check my balance", "1000");
  await isHeld(agent, "Transfer 500 to Alice");
  await shows("1000");
  sessionStorage.setItem("stage", "reloaded");
  location.reload();
  // Nothing after this belongs to a page that is on its way out.
  await new Promise(() => {});
}

await shows("1000");
await isDoneOnce(agent);
await shows("500", "500 to Alice");
await says(agent, "Check my balance", "500");

const toggle = document.querySelector("#toggle");
if (toggle) {
  await isHeld(agent, "Transfer 200 to Bob");
  toggle.click();
  while (document.querySelector("holdpoint-agent")) await new Promise(requestAnimationFrame);
  const gone = await agent.evaluate("transfer", { amount: 1, recipient: "Bob" }).catch((error) => error);
  if (gone.code !== "tool_missing") throw new Error(`the tools outlive the element: ${JSON.stringify(gone)}`);
  toggle.click();
  const again = await present();
  if (again === agent) throw new Error("it is the same element");
  const { verdict } = await again.evaluate("transfer", { amount: 200, recipient: "Bob" });
  if (verdict !== "ask") throw new Error(`a transfer of 200 is ruled ${verdict}`);
  await isDoneOnce(again);
  await shows("300", "500 to Alice", "200 to Bob");
  await says(again, "Check my balance", "300");
  only(document.querySelectorAll("holdpoint-agent"));
}
