// The page's own tool is called, and the agent says what it gave.

const agent = await element();
const ended = next(agent, "holdpoint-run-end");
await agent.send("What is my balance?");
await ended;
const said = text(agent, "message-agent");
const balance = agent.tools[0].execute().balance;
if (!said.replace(",", "").includes(balance)) throw new Error(`the agent said: ${said}`);
// A language other than English is a file that the build has to bring along.
agent.lang = "de";
while ((await shown(agent, "input")).placeholder !== "Was soll erledigt werden?") {
  await new Promise(requestAnimationFrame);
}
// So has it the module for tools that are not the page's own.
const modelContext = Object.assign(new EventTarget(), {
  getTools: async () => [{ name: "seen", description: "Sees" }],
});
Object.defineProperty(document, "modelContext", { value: modelContext });
agent.webmcp = "use";
while (!(await agent.evaluate("seen", {}).catch(() => null))) {
  await new Promise(requestAnimationFrame);
}
