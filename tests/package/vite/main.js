import "holdpoint";
const agent = document.createElement("holdpoint-agent");
agent.api = "demo";
const annotations = { readOnlyHint: true };
agent.tools = [{ name: "check_balance", description: "The balance", annotations, execute: () => ({ balance: 1234 }) }];
document.body.append(agent);
