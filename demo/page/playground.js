// The playground: what it changes is what a page can change, by the same names, and it shows the
// sheet and the element that make it so.

import { Bank, tools } from "/bank.js";

/** The sheets of `/themes`, and none for the widget's own. */
const THEMES = [
  { name: "", title: "Holdpoint", about: "Its own look" },
  { name: "vault", title: "Vault", about: "A private bank" },
  { name: "pop", title: "Pop", about: "A consumer app" },
  { name: "term", title: "Term", about: "An operator’s tool" },
];
/** What can be set here: a colour, or a number of pixels with its bounds. */
const TOKENS = [
  { name: "color-accent", title: "Accent" },
  { name: "color-on-accent", title: "On accent" },
  { name: "color-surface", title: "Surface" },
  { name: "color-text", title: "Text" },
  { name: "color-border", title: "Lines" },
  { name: "color-warn", title: "Waits" },
  { name: "color-danger", title: "Danger" },
  { name: "color-ok", title: "Done" },
  { name: "radius", title: "Corners", min: 0, max: 28, step: 1, at: 14 },
  { name: "font-size", title: "Text size", min: 12, max: 19, step: 0.5, at: 15 },
  { name: "space", title: "Space", min: 2, max: 7, step: 0.5, at: 4 },
];
/** WCAG 2.2, 1.4.3. */
const ENOUGH = 4.5;

const byId = (id) => document.getElementById(id);
const agent = document.querySelector("holdpoint-agent");
const controls = byId("controls");
const sheet = new CSSStyleSheet();
const theme = document.createElement("link");
/** The tokens that were set, by their names. */
const set = new Map();

theme.rel = "stylesheet";
theme.addEventListener("load", showTokens);
document.adoptedStyleSheets = [sheet];
for (const one of THEMES) byId("themes").append(themeCard(one));
for (const one of TOKENS) byId("tokens").append(tokenField(one));
controls.addEventListener("submit", (event) => event.preventDefault());
// A slider tells of each step by the one; not everything that chooses for a person sends it.
for (const type of ["input", "change"]) controls.addEventListener(type, change);
byId("reset").addEventListener("click", () => {
  set.clear();
  apply();
  showTokens();
});
for (const button of document.querySelectorAll("[data-copies]")) {
  button.addEventListener("click", () => copy(button));
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTokens);
agent.tools = tools(new Bank("playground"));
startFrom(new URLSearchParams(location.search));
await hold();

/** Takes what the address says, such as `?theme=vault&color-scheme=dark`. */
function startFrom(query) {
  for (const [name, value] of query) {
    const field = controls.elements[name];
    if (field) field.value = value;
  }
  for (const name of ["theme", "layout", "color-scheme", "lang", "width", "label"]) follow(name);
  apply();
  showTokens();
}

/** Has one call wait, and something said before it. */
async function hold() {
  await agent.ready;
  showTokens();
  await agent.clear("all");
  const ended = new Promise((resolve) => {
    agent.addEventListener("holdpoint-run-end", resolve, { once: true });
  });
  await agent.send("Check my balance");
  await ended;
  await agent.send("Transfer 500 to Alice");
}

function change({ target }) {
  if (target.dataset.token) {
    set.set(target.dataset.token, target.type === "range" ? `${target.value}px` : target.value);
    apply();
    showTokens();
  } else {
    follow(target.name);
    apply();
  }
}

/** Has the page be as one of the controls says. */
function follow(name) {
  const { value } = controls.elements[name];
  if (name === "theme") {
    // A link without an address says nothing when it is done.
    if (value) theme.href = `/themes/${value}.css`;
    if (value) document.head.append(theme);
    else theme.remove();
    showTokens();
  } else if (name === "lang") {
    byId("stage").lang = value;
  } else if (name === "width") {
    byId("stage").dataset.width = value;
  } else if (name === "label") {
    agent.label = value || null;
  } else {
    agent.setAttribute(name, value);
    if (name === "layout") agent.open = value === "popover";
    if (name === "color-scheme") byId("stage").dataset.scheme = value;
    showTokens();
  }
}

/** Puts the tokens on the element, and the texts of both beside it. */
function apply() {
  const lines = [...set].map(([name, value]) => `  --holdpoint-${name}: ${value};\n`);
  const rule = lines.length > 0 ? `holdpoint-agent {\n${lines.join("")}}\n` : "";
  sheet.replaceSync(rule);
  byId("css").textContent = rule || "/* Nothing but the theme. */";
  byId("html").textContent = html();
}

function html() {
  const chosen = controls.elements.theme.value;
  const attributes = ["layout", "color-scheme", "label", "lang"].flatMap((name) => {
    const { value } = controls.elements[name];
    const isUsual = ["inline", "auto", "", "en"].includes(value);
    return isUsual ? [] : [` ${name}="${value.replaceAll("&", "&amp;").replaceAll('"', "&quot;")}"`];
  });
  const link = chosen && `<link rel="stylesheet" href="/themes/${chosen}.css" />\n`;
  const script = '<script type="module" src="/holdpoint.js"></' + "script>\n";
  return `${link}${script}<holdpoint-agent api="demo"${attributes.join("")}></holdpoint-agent>`;
}

/** Shows in the fields what is so now, and how well the button can be read. */
function showTokens() {
  const style = getComputedStyle(agent);
  const probe = document.createElement("span");
  // A colour of two schemes is that of the stage.
  agent.parentElement.append(probe);
  const colour = (name) => {
    probe.style.color = style.getPropertyValue(`--_${name.slice("color-".length)}`);
    return rgb(getComputedStyle(probe).color);
  };
  for (const field of byId("tokens").querySelectorAll("input")) {
    const name = field.dataset.token;
    if (field.type === "color") field.value = hex(colour(name));
    else field.value = parseFloat(style.getPropertyValue(`--holdpoint-${name}`) || field.dataset.at);
    field.nextElementSibling.textContent = field.type === "color" ? field.value : `${field.value} px`;
  }
  const ratio = contrast(colour("color-accent"), colour("color-on-accent"));
  byId("contrast").textContent = `The button has a contrast of ${ratio.toFixed(1)} to 1.`;
  byId("contrast").dataset.enough = ratio >= ENOUGH;
  probe.remove();
}

function rgb(text) {
  return text.match(/[\d.]+/g).slice(0, 3).map(Number);
}

function hex(channels) {
  return `#${channels.map((it) => Math.round(it).toString(16).padStart(2, "0")).join("")}`;
}

/** By WCAG's relative luminance. */
function contrast(one, other) {
  const luminance = (channels) => {
    const [r, g, b] = channels.map((channel) => {
      const part = channel / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [dark, light] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

async function copy(button) {
  await navigator.clipboard.writeText(byId(button.dataset.copies).textContent);
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

function themeCard({ name, title, about }) {
  const label = made("label", "theme");
  const input = made("input");
  Object.assign(input, { type: "radio", name: "theme", value: name, checked: name === "" });
  label.append(input, made("strong", "", title), made("span", "", about));
  return label;
}

function tokenField({ name, title, at, ...bounds }) {
  const label = made("label", "token");
  const input = made("input");
  Object.assign(input, { type: at ? "range" : "color" }, bounds);
  Object.assign(input.dataset, { token: name, at });
  label.append(made("span", "", title), input, made("output"));
  return label;
}

function made(tag, className = "", text = "") {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}
