// What our elements have in common: how they come to be, and what a person sees of one that cannot
// show what it should.

/** Defines an element under a name, unless the name is taken already. */
export function define(element, tag, registry = globalThis.customElements) {
  if (!registry || registry.get(tag)) return;
  // A registry takes each class once only.
  registry.define(tag, registry.getName?.(element) ? class extends element {} : element);
}

/** A property that was set before the class was known hides the accessor: set it again. */
export function takeEarly(element, properties) {
  for (const property of properties) {
    if (!Object.hasOwn(element, property)) continue;
    const value = element[property];
    delete element[property];
    element[property] = value;
  }
}

/** As long as nothing else is there, and where an element shows nothing. */
export const BARE = `
  :host { display: block }
  :host([hidden]), :host([layout="headless"]) { display: none }
`;

/** System colours: the theme is in the widget, which is not there. */
const CARD = `
  .fault-card {
    border: 1px solid; border-inline-start-width: 4px; border-radius: 6px; padding: 12px 16px;
    background: Canvas; color: CanvasText; font: 14px/1.5 system-ui, sans-serif;
  }
  p { margin: 4px 0 }
  code { font-size: 12px; opacity: .8 }
`;

export function dress(root, css) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];
}

/** Says what went wrong in the place of all else; `texts` has it in the language of the page. */
export function showFault(root, { code, message, fix }, texts = {}) {
  const card = document.createElement("div");
  card.className = "fault-card";
  card.setAttribute("part", "base");
  card.setAttribute("role", "alert");
  const words = [["strong", texts[message] ?? message], ["p", texts[fix] ?? fix], ["code", code]];
  for (const [tag, text] of words) {
    card.appendChild(document.createElement(tag)).textContent = text;
  }
  dress(root, BARE + CARD);
  root.replaceChildren(card);
}
