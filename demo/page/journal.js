// "What just happened": the journals of the last runs, one sentence for each entry.

const RUNS_SHOWN = 6;

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** Shows the journals of an agent's runs and keeps up with them. */
export class JournalView {
  #agent;
  #list;
  #ideas;
  #views = new Map();
  /** Runs being read; `true` when the journal grew meanwhile. */
  #reading = new Map();

  constructor(agent, list, ideas) {
    this.#agent = agent;
    this.#list = list;
    this.#ideas = ideas;
    agent.addEventListener("holdpoint-journal", ({ detail }) => this.#read(detail.runId));
    agent.addEventListener("holdpoint-run-end", ({ detail }) => this.#read(detail.runId));
  }

  /** Reads all that the widget has kept. */
  async restore() {
    const runs = [...this.#agent.runs].sort((a, b) => a.createdAt - b.createdAt);
    for (const run of runs.slice(-RUNS_SHOWN)) await this.#read(run.id);
  }

  /** Forgets what is shown. */
  clear() {
    this.#views.clear();
    this.#list.replaceChildren();
    for (const idea of Object.values(this.#ideas)) delete idea.dataset.lit;
  }

  async #read(runId) {
    if (this.#reading.has(runId)) {
      this.#reading.set(runId, true);
      return;
    }
    do {
      this.#reading.set(runId, false);
      try {
        const blob = await this.#agent.exportRun(runId);
        this.#show(runId, JSON.parse(await blob.text()));
      } catch (error) {
        // The panel is a window onto the journal, and the run does not depend on it.
        console.info("the journal of a run cannot be shown:", error);
      }
    } while (this.#reading.get(runId));
    this.#reading.delete(runId);
  }

  #show(runId, { entries }) {
    const run = this.#agent.runs.find((run) => run.id === runId);
    // The widget's records were cleared while this one was being read.
    if (!run) return;
    let view = this.#views.get(runId);
    if (!view) {
      view = new RunView();
      this.#views.set(runId, view);
      this.#list.prepend(view.element);
      while (this.#list.children.length > RUNS_SHOWN) this.#list.lastElementChild.remove();
    }
    for (const idea of view.update(run, entries)) this.#ideas[idea].dataset.lit = "";
  }
}

class RunView {
  element = make("article", "run");
  #title = make("h3", "run-title");
  #status = make("span", "run-status");
  #entries = make("ol", "entries");
  /** The actions of the run by their call. */
  #actions = new Map();
  #shown = 0;

  constructor() {
    const head = make("header");
    head.append(this.#title, this.#status);
    this.element.append(head, this.#entries);
  }

  /** Adds what is new; which of the three ideas it shows. */
  update(run, entries) {
    this.#title.textContent = run.text;
    this.#status.textContent = run.status.replaceAll("_", " ").replaceAll("-", " ");
    this.#status.dataset.status = run.status;
    const ideas = new Set();
    for (const entry of entries.slice(this.#shown)) {
      const [kind, record] = unpack(entry.record);
      const actions = record.planned?.actions?.actions ?? [];
      for (const action of actions) this.#actions.set(action.id, action);
      const sentence = sentences[kind]?.(record, this.#name(record.call), run) ?? "";
      this.#entries.append(entryElement(entry, kind, sentence));
      ideas.add("serialised");
      if (actions.some((action) => action.ruling.verdict === "ask")) ideas.add("deferred");
      if (kind === "resumed") ideas.add("resumed");
    }
    this.#shown = entries.length;
    return ideas;
  }

  #name(call) {
    const action = this.#actions.get(call);
    return action ? `“${action.summary ?? action.title}”` : "the call";
  }
}

/** One human sentence for each kind of record; `name` is the call that it is about. */
const sentences = {
  started: (_, __, run) => `You asked: “${run.text}”`,
  answered: ({ planned }) => {
    const [kind, content] = unpack(planned);
    if (kind === "answer") return "The model answered in words.";
    if (kind === "actions") return content.actions.map(ruled).join(" ");
    if (kind === "unusable") return `The answer could not be used: ${content.message}`;
    return "The model's plan had faults. Nothing of it runs; the model is told why.";
  },
  decided: ({ decision, by }, name) => {
    const [kind, { arguments: changed, reason, text }] = unpack(decision);
    const who = by.name || (by.trusted ? "You" : "The page");
    if (kind === "approve") {
      return `${who} approved ${name}${changed === undefined ? "" : " with other arguments"}.`;
    }
    if (kind === "answer") return `${who} answered instead of ${name}: ${text}`;
    return `${who} denied ${name}${reason ? `: ${reason}` : ""}.`;
  },
  tool_started: ({ attempt }, name) =>
    `About to run ${name}${attempt > 1 ? `, attempt ${attempt}` : ""}: written down first.`,
  tool_finished: ({ outcome }, name) => {
    const [kind, content] = unpack(outcome);
    return `${capital(name)} ${kind.replaceAll("_", " ")}${detail(content)}`;
  },
  settled: ({ settlement }, name) => {
    const [kind] = unpack(settlement);
    if (kind === "happened") return `It is known now that ${name} happened.`;
    if (kind === "did_not_happen") return `It is known now that ${name} did not happen.`;
    return `${capital(name)} is tried again, by a new approval.`;
  },
  viewed: (_, name) => `The card for ${name} was in front of you.`,
  reasked: (_, name) => `What ${name} is about has changed, so you are asked again.`,
  extended: (_, name) => `There is more time to decide on ${name}.`,
  taken_back: (_, name) => `The approval of ${name} was taken back before it began.`,
  expired: (_, name) => `Nobody decided on ${name} in time.`,
  handed_over: ({ to }) => `Handed over to ${to}, who writes all that follows.`,
  cancelled: () => "The run was stopped. What waited will not run.",
  resumed: () => "Taken up again from these entries alone.",
};

function ruled({ title, summary, ruling }) {
  const name = `“${summary ?? title}”`;
  if (ruling.verdict === "allow") return `${name} may run.`;
  if (ruling.verdict === "ask") return `${name} is held for you by the rule ${ruling.rule}.`;
  return `${name} is refused by the rule ${ruling.rule}.`;
}

/** An enum of the journal: its name alone, or an object with its name as the only key. */
function unpack(value) {
  return typeof value === "string" ? [value, {}] : Object.entries(value)[0];
}

function detail(content) {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  return text && text !== "{}" && text.length <= 120 ? `: ${text}` : ".";
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function entryElement(entry, kind, sentence) {
  const item = make("li");
  item.dataset.kind = kind;
  const details = make("details");
  const summary = make("summary");
  const time = make("time", "", clock.format(entry.at));
  time.dateTime = new Date(entry.at).toISOString();
  summary.append(
    make("span", "seq", String(entry.seq)),
    make("code", "kind", kind),
    make("span", "sentence", sentence),
    time,
    make("code", "hash", entry.hash.replace(/^sha256:/, "").slice(0, 8)),
  );
  details.append(summary);
  details.addEventListener(
    "toggle",
    () => details.append(make("pre", "", JSON.stringify(entry, null, 2))),
    { once: true },
  );
  item.append(details);
  return item;
}

function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}
