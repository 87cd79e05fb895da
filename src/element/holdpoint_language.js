// Which language an element is in, as it is now, and the texts of that language.
//
// English is in the widget. The others are files of their own, fetched when an element is in one of
// them.

/** Where the texts of each language are. Each is written out, which bundlers can follow. */
const SHIPPED = {
  ar: new URL("./labels/ar.json", import.meta.url),
  de: new URL("./labels/de.json", import.meta.url),
  en: new URL("./labels/en.json", import.meta.url),
  zh: new URL("./labels/zh.json", import.meta.url),
};
/** Scripts that are written from right to left. */
const RIGHT_TO_LEFT = ["Adlm", "Arab", "Hebr", "Nkoo", "Rohg", "Syrc", "Thaa"];
/** A widget in English is better than none. */
const PATIENCE_MS = 5000;

const files = new Map();

/** A file of texts by their keys, fetched once; after a failure, by the next that asks. */
function texts(name) {
  if (!files.has(name)) {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const fetched = fetch(SHIPPED[name], { signal }).then((response) => {
      if (!response.ok) throw new Error(`${response.url} answered with ${response.status}`);
      return response.json();
    });
    fetched.catch(() => files.delete(name));
    files.set(name, fetched);
  }
  return files.get(name);
}

/** The nearest element that fits, the first one itself, out of shadow roots too. */
function nearest(element, selector) {
  for (let at = element; at; at = at.getRootNode().host) {
    const found = at.closest(selector);
    if (found) return found;
  }
  return null;
}

const ENGLISH = "en";

/** The locale of a tag, and the file of its texts, if there is one. */
function known(tag) {
  let locale;
  try {
    locale = new Intl.Locale(tag || ENGLISH);
  } catch {
    locale = new Intl.Locale(ENGLISH);
  }
  const { language, script } = locale.maximize();
  // Who reads the one Chinese script may not want to read the other.
  const isRead = Object.hasOwn(SHIPPED, language) && language !== ENGLISH && script !== "Hant";
  return { locale, file: isRead ? language : undefined };
}

/** What is spoken where only English is at hand. */
const spoken = (locale) => (locale.language === ENGLISH ? locale : new Intl.Locale(ENGLISH));

const notLoaded = (cause) => [
  "labels_failed",
  `the texts of a language could not be loaded: ${cause.message}`,
  "serve the folder labels beside holdpoint.js, from the same build",
];

/** A text, or a text for each plural category that needs one of its own. */
const isLabel = (label) =>
  typeof label === "string" ||
  (typeof label?.other === "string" &&
    Object.values(label).every((form) => typeof form === "string"));

/** What is wrong with a page's own texts: `[code, message, fix]` of each. */
async function faultsOf(labels) {
  const keys = await texts(ENGLISH);
  const faults = [];
  for (const [key, label] of Object.entries(labels)) {
    if (!Object.hasOwn(keys, key)) {
      const fix = "see Labels in holdpoint.d.ts for the keys that there are";
      faults.push(["label_unknown", `there is no label ${key}`, fix]);
    } else if (!isLabel(label)) {
      const fix = "give it a text, or texts by plural category with one for `other`";
      faults.push(["label_malformed", `the label ${key} is no text`, fix]);
    }
  }
  return faults;
}

/**
 * The language of one element: that of the nearest `lang`, with the page's own labels over it.
 * `speak` is told of it, `complain` of what is wrong with it.
 */
export class ElementLanguage {
  #element;
  #speak;
  #complain;
  #labels = {};
  /** What it was told of last, or is being told of. */
  #now;
  #told;
  #observer = new MutationObserver(() => this.update());

  constructor(element, speak, complain) {
    this.#element = element;
    this.#speak = speak;
    this.#complain = complain;
  }

  /** Follows the element where it is now. */
  watch() {
    this.#observer.disconnect();
    for (let root = this.#element.getRootNode(); root; root = root.host?.getRootNode()) {
      this.#observer.observe(root, { subtree: true, attributeFilter: ["dir", "lang"] });
    }
    return this.update();
  }

  unwatch() {
    this.#observer.disconnect();
  }

  /** Takes the page's own texts in, over those of any language. */
  async label(labels) {
    const given = Object(labels ?? {});
    const taken = Object.entries(given).filter(([, label]) => isLabel(label));
    this.#labels = Object.fromEntries(taken);
    this.#now = undefined;
    await this.update();
    if (Object.keys(given).length === 0) return;
    const faults = await faultsOf(given).catch((cause) => [notLoaded(cause)]);
    for (const fault of faults) this.#complain(...fault);
  }

  /** Looks again, and tells if anything is another; settles once that is told. */
  update() {
    const tag = nearest(this.#element, "[lang]")?.getAttribute("lang");
    // Where the page says a direction no farther away than a language, that one holds.
    const isSaid = nearest(this.#element, "[dir], [lang]")?.hasAttribute("dir") ?? true;
    const now = JSON.stringify([tag, isSaid]);
    if (now !== this.#now) {
      this.#now = now;
      this.#told = this.#tell(tag, isSaid, this.#labels);
    }
    return this.#told;
  }

  async #tell(tag, isSaid, labels) {
    const now = this.#now;
    let { locale, file } = known(tag);
    let translated;
    try {
      translated = file && (await texts(file));
    } catch (cause) {
      this.#complain(...notLoaded(cause));
      file = undefined;
    }
    // Meanwhile it may be another language again.
    if (now !== this.#now || labels !== this.#labels) return;
    // Numbers are of the language of the words around them.
    if (!file && Object.keys(labels).length === 0) locale = spoken(locale);
    const direction = RIGHT_TO_LEFT.includes(locale.maximize().script) ? "rtl" : "ltr";
    this.#speak({
      locale: locale.toString(),
      direction: isSaid ? null : direction,
      texts: { __proto__: null, ...translated, ...labels },
    });
  }
}
