// What every page does beyond being read: its code can be copied, and the pages searched.

for (const pre of document.querySelectorAll("article pre")) {
  const block = document.createElement("div");
  block.className = "block";
  pre.replaceWith(block);
  const copy = document.createElement("button");
  Object.assign(copy, { type: "button", className: "copy", textContent: "Copy" });
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(pre.textContent);
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
  block.append(pre, copy);
}

const menu = document.querySelector(".menu");
menu.addEventListener("click", () => {
  const open = document.querySelector("#pages").classList.toggle("open");
  menu.setAttribute("aria-expanded", String(open));
});

const search = document.querySelector("#search");
const found = document.querySelector("#found");
let sections;

/** The sections that have all the words, those first that have them in their titles. */
function find(words) {
  const weigh = ({ page, title, text }) => {
    const [head, whole] = [`${page} ${title}`, `${page} ${title} ${text}`].map((it) => it.toLowerCase());
    if (!words.every((word) => whole.includes(word))) return 0;
    return 1 + words.filter((word) => head.includes(word)).length;
  };
  return sections
    .map((section) => [weigh(section), section])
    .filter(([weight]) => weight > 0)
    .sort(([a], [b]) => b - a)
    .slice(0, 12)
    .map(([, section]) => section);
}

function row({ page, title, text, url }, words) {
  const item = document.createElement("li");
  const link = Object.assign(document.createElement("a"), { href: url });
  const at = Math.max(0, text.toLowerCase().indexOf(words[0]) - 30);
  const excerpt = `${at > 0 ? "…" : ""}${text.slice(at, at + 90)}`;
  const small = Object.assign(document.createElement("small"), { textContent: excerpt });
  link.append(title === page ? title : `${page} · ${title}`, small);
  item.append(link);
  return item;
}

async function show() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  found.hidden = words.length === 0;
  if (found.hidden) return;
  sections ??= await (await fetch("search.json")).json();
  const rows = find(words).map((section) => row(section, words));
  const nothing = Object.assign(document.createElement("p"), { textContent: "Nothing has these words." });
  found.replaceChildren(...(rows.length > 0 ? rows : [nothing]));
}

search.addEventListener("input", show);
document.addEventListener("keydown", (event) => {
  const inField = event.composedPath()[0].matches?.("input, textarea, [contenteditable]");
  if (event.key === "Escape" && !found.hidden) {
    found.hidden = true;
    search.focus();
  } else if (event.key === "/" && !inField && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    search.focus();
  } else if (["ArrowDown", "ArrowUp"].includes(event.key) && !found.hidden) {
    const stops = [search, ...found.querySelectorAll("a")];
    const at = stops.indexOf(document.activeElement);
    if (at < 0) return;
    event.preventDefault();
    stops.at((at + (event.key === "ArrowDown" ? 1 : -1)) % stops.length).focus();
  }
});
document.addEventListener("click", ({ target }) => {
  if (!found.contains(target) && target !== search) found.hidden = true;
});
