// Other bytes than those of the build are refused, and the page is told.

const agent = document.querySelector("holdpoint-agent");
const error = await agent.ready.then(
  () => undefined,
  (error) => error,
);
if (error?.code !== "load_failed") throw new Error(`ready settled with ${error?.code}`);
const card = agent.shadowRoot.querySelector("[role=alert]");
if (!card?.textContent.includes("load_failed")) throw new Error("the page does not say it");
// This one was wanted.
globalThis.complaints.length = 0;
