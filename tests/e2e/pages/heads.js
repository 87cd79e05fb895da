// A page that puts parts of the widget where it likes. Its address says how:
//
// - `layout`: that of the agent, `headless` unless it is named; `hints`: annotations of the tool;
// - `without`: an element that is not in the page.

import { transfer } from "/transfer.js";

const query = new URLSearchParams(location.search);
const agent = document.querySelector("holdpoint-agent");
const hints = (query.get("hints") ?? "").split(",").filter(Boolean);

/** What a screen reader is told, in order. */
globalThis.said = [];
Element.prototype.ariaNotify = (words) => said.push(words);
globalThis.errors = [];
addEventListener("holdpoint-error", ({ target, detail }) => errors.push([target.localName, detail.code]));
for (const name of query.getAll("without")) document.querySelector(name).remove();
agent.layout = query.get("layout") ?? "headless";
agent.tools = [transfer({ annotations: Object.fromEntries(hints.map((hint) => [hint, true])) })];
