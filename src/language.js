// A language as the widget speaks it: its texts, its numbers, its times.

/** Where a text depends on a number, English has its two forms in one. */
const forms = (english) => {
  const [one, other = one] = english.split("|");
  return { one, other };
};

const CLOCK = { timeStyle: "medium" };
const DATE_AND_CLOCK = { dateStyle: "medium", timeStyle: "medium" };
const ELAPSED = {
  style: "unit",
  unit: "second",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
};

export class Language {
  #texts;
  #formats = new Map();

  /** `texts` is by key; what it has not is English. */
  constructor(locale, texts) {
    this.locale = locale;
    this.#texts = texts ?? {};
  }

  /** A text that has no values in it, if it is not the English one. */
  own(key) {
    const text = this.#texts[key];
    return typeof text === "string" ? text : undefined;
  }

  /**
   * A sentence of the widget's own, as records and errors have it in English, if it is another one
   * here. It may have a number in it.
   */
  known(sentence) {
    const [number] = /\d+/.exec(sentence) ?? [];
    const text = this.own(sentence) ?? this.own(sentence.replace(number, "{count}"));
    return text?.replace("{count}", () => this.number(number));
  }

  /** A text with its values in it. They are put in once, so none of them is taken for a text. */
  text(key, english, values) {
    const text = this.#texts[key] ?? forms(english);
    const form = () => this.#format("PluralRules").select(values.get("count") ?? 0);
    const chosen = typeof text === "string" ? text : (text[form()] ?? text.other);
    return chosen.replace(/\{(\w+)\}/g, (whole, name) => {
      const value = values.get(name) ?? whole;
      return typeof value === "number" ? this.number(value) : value;
    });
  }

  number(number) {
    return this.#format("NumberFormat").format(number);
  }

  /** A point in time; of another day than today, with the date. */
  time(millis) {
    const at = new Date(millis);
    const isToday = at.toDateString() === new Date().toDateString();
    return this.#format("DateTimeFormat", isToday ? CLOCK : DATE_AND_CLOCK).format(at);
  }

  /** "in 5 minutes" */
  fromNow(count, unit) {
    return this.#format("RelativeTimeFormat").format(count, unit);
  }

  /** "1.2 sec" */
  elapsed(millis) {
    return this.#format("NumberFormat", ELAPSED).format(millis / 1000);
  }

  /** To make one takes longer than to use it a hundred times. */
  #format(kind, options) {
    const key = options ?? kind;
    if (!this.#formats.has(key)) this.#formats.set(key, new Intl[kind](this.locale, options));
    return this.#formats.get(key);
  }
}
