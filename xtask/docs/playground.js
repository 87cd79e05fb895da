// The playground of the first page: the widget as it is shipped, with a bank of its own. Nothing of it
// leaves the browser.

import "./holdpoint/holdpoint.js";
import { Bank, tools } from "./bank.js";

const bank = new Bank("holdpoint-playground");
const agent = document.querySelector("#playground");
agent.tools = tools(bank);

const presses = document.querySelectorAll("[data-say]");
for (const press of presses) {
  press.addEventListener("click", () => agent.send(press.dataset.say));
}
const money = new Intl.NumberFormat("en", { minimumFractionDigits: 2 });
async function show() {
  const cents = await bank.balance();
  document.querySelector("#balance").textContent = `Balance ${money.format(cents / 100)}`;
}
bank.addEventListener("change", show);
await show();
