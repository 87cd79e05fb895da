// A page that shows nothing of the widget and has a card of its own: all that it needs is in the
// event, and the decision goes back with the digest of what was shown.

import { transfer } from "/transfer.js";

const agent = document.querySelector("holdpoint-agent");
const cards = document.getElementById("cards");

agent.tools = [transfer({ annotations: { destructiveHint: true } })];
agent.addEventListener("holdpoint-approval-request", (event) => {
  event.preventDefault();
  cards.append(card(event.detail.approval));
});
agent.addEventListener("holdpoint-decision", ({ detail }) => {
  document.getElementById(detail.callId)?.remove();
});

function card({ callId, digest, summary, arguments: args, risk, rule, origins, inputSchema }) {
  const card = made("article", "");
  const says = ({ path, from }) => `${path.slice(1)}: ${args[path.slice(1)]} (${from})`;
  card.id = callId;
  card.append(
    made("h2", summary),
    made("p", `${risk}: ${rule.because}`),
    made("p", origins.map(says).join(", ")),
    made("p", `of ${Object.keys(inputSchema.properties).join(" and ")}`),
    act("Deny", () => agent.deny(callId, { reason: "not today" })),
    act("Approve", () => agent.approve(callId, { digest })),
  );
  return card;
}

function act(name, does) {
  const button = made("button", name);
  button.addEventListener("click", does);
  return button;
}

function made(tag, text) {
  return Object.assign(document.createElement(tag), { textContent: text });
}
