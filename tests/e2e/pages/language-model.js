// A stand-in for `LanguageModel`, with what a browser checks, and the stand-in model of the proxy behind it.
// The address says how it is:
//
// - `device`: its availability, or `none` for a browser without it;
// - `schemas=none`: it cannot be held to a schema; `window`: how many characters it can read;
// - `says`: what it answers, whatever it is asked.

/** Each session that was made: `{ prompts, isOpen }`. The tests read it. */
globalThis.sessions = [];
/** Lets a download go on to a part of the whole, or to its end. */
globalThis.download = undefined;

const fault = (name) => new DOMException("the stand-in says no", name);

class Session {
  #said;
  #query;
  #about;

  constructor(said, query) {
    this.#said = said;
    this.#query = query;
    this.#about = { prompts: [...said], isOpen: true };
    sessions.push(this.#about);
  }

  async prompt(input, { responseConstraint: schema, signal } = {}) {
    signal?.throwIfAborted();
    if (!this.#about.isOpen) throw fault("InvalidStateError");
    if (schema && this.#query.get("schemas") === "none") throw fault("NotSupportedError");
    this.#about.prompts.push({ role: "user", content: input });
    const read = JSON.stringify([this.#about.prompts, schema]).length;
    if (read > Number(this.#query.get("window") ?? Infinity)) throw fault("QuotaExceededError");
    if (this.#query.has("says")) return this.#query.get("says");
    const words = "by this JSON Schema:\n";
    const [question, written] = input.split(words);
    const format = schema ?? (written && JSON.parse(written));
    const messages = [...this.#said, { role: "user", content: format ? question : input }];
    const response = await fetch("/v1/chat/completions", {
      method: "POST",
      signal,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model: "stand-in",
        messages,
        ...(format && {
          response_format: { type: "json_schema", json_schema: { name: "plan", schema: format } },
        }),
      }),
    });
    const said = (await response.json()).choices[0].message.content;
    return written ? `\`\`\`json\n${said}\n\`\`\`` : said;
  }

  destroy() {
    this.#about.isOpen = false;
  }
}

/** Puts the stand-in where the browser has its own, or nothing. */
export function standIn(query) {
  let availability = query.get("device");
  const LanguageModel = {
    async availability({ expectedInputs, expectedOutputs }) {
      for (const { type, languages } of [...expectedInputs, ...expectedOutputs]) {
        if (type !== "text" || !languages.includes("en")) throw new TypeError("expected text");
      }
      return availability;
    },
    async create({ initialPrompts, monitor, signal }) {
      signal?.throwIfAborted();
      for (const [at, { role, content }] of initialPrompts.entries()) {
        const isKnown = ["user", "assistant"].includes(role) || (role === "system" && at === 0);
        if (!isKnown || typeof content !== "string") throw new TypeError("a prompt is malformed");
      }
      if (availability === "unavailable") throw fault("NotSupportedError");
      if (availability !== "available") {
        if (!navigator.userActivation.isActive) throw fault("NotAllowedError");
        const model = new EventTarget();
        monitor(model);
        await new Promise((done) => {
          globalThis.download = (loaded) => {
            model.dispatchEvent(Object.assign(new Event("downloadprogress"), { loaded, total: 1 }));
            if (loaded === 1) done();
          };
        });
        availability = "available";
      }
      return new Session(initialPrompts, query);
    },
  };
  const value = availability === "none" ? undefined : LanguageModel;
  Object.defineProperty(globalThis, "LanguageModel", { configurable: true, value });
}
