// WebMCP, both ways: the tools of the page as a source, and the agent as tools for others.
//
// Browsers differ in where it is and in how a tool is called; nothing here asks which browser it is.

/** Where the browser has it, or has had it. */
const modelContext = () => document.modelContext ?? navigator.modelContext;

/** How often a browser that does not tell of changes is looked at. */
const LOOK_MS = 2_000;

/** The names of tools that are offered by elements of this page: they are not for each other. */
const offered = new Set();

function unavailable(doing) {
  const message = `this browser has no WebMCP by which tools could be ${doing}`;
  const fix = "nothing, where it has none; else see whether the page's Permissions-Policy has `tools`";
  return { code: "webmcp_unavailable", message, fix };
}

/** The tools that scripts and forms of this page, and of frames of its origin, have registered. */
export class WebMcp {
  label = "WebMCP";
  #stop;

  constructor(key) {
    this.key = key;
    if (!modelContext()?.getTools) throw unavailable("found");
  }

  async list() {
    const found = await modelContext().getTools();
    // A frame can have a tool of the same name; the page's own is meant.
    const isOurs = ({ window: where = window }) => where === window;
    const tools = [...found.filter(isOurs), ...found.filter((tool) => !isOurs(tool))];
    const names = tools.map(({ name }) => name);
    return tools
      .filter(({ name }, at) => !offered.has(name) && names.indexOf(name) === at)
      .map((tool) => ({
        name: tool.name,
        title: tool.title,
        description: tool.description,
        inputSchema: schemaOf(tool),
        hints: tool.annotations,
        handle: tool,
      }));
  }

  async call({ handle }, args, { signal }) {
    const context = modelContext();
    const input = eitherWay(args);
    if (context.executeTool) return context.executeTool(handle, input, { signal });
    const stopped = new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    return Promise.race([context.invokeTool(handle.name, input), stopped]);
  }

  /** Calls `changed` when the set of tools has changed, or may have. */
  watch(changed) {
    this.leave();
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const context = modelContext();
    if (context.addEventListener) return context.addEventListener("toolchange", changed, { signal });
    const timer = setInterval(() => document.hidden || changed(), LOOK_MS);
    signal.addEventListener("abort", () => clearInterval(timer));
  }

  leave() {
    this.#stop?.abort();
  }
}

/** A schema is text in older browsers. One that is none is left to the check of every tool. */
function schemaOf({ inputSchema }) {
  if (typeof inputSchema !== "string") return inputSchema ?? undefined;
  try {
    return inputSchema ? JSON.parse(inputSchema) : undefined;
  } catch {
    return inputSchema;
  }
}

/** Arguments for who takes an object, and for who makes a text of what it is given. */
const eitherWay = (args) =>
  Object.defineProperty({ ...args }, Symbol.toPrimitive, { value: () => JSON.stringify(args) });

/** What the element offers to other agents: work, and the sight of what waits. Never a decision. */
export class Offers {
  #element;
  #report;
  #stop;

  constructor(element, report) {
    this.#element = element;
    this.#report = report;
  }

  update(isOffered) {
    if (isOffered === Boolean(this.#stop)) return;
    this.#stop?.abort();
    this.#stop = isOffered ? new AbortController() : undefined;
    for (const tool of isOffered ? this.#tools() : []) this.#register(tool, this.#stop.signal);
  }

  async #register(tool, signal) {
    try {
      const context = modelContext();
      if (!context?.registerTool) throw unavailable("offered");
      offered.add(tool.name);
      signal.addEventListener("abort", () => {
        offered.delete(tool.name);
        // The first of them had no signal.
        context.unregisterTool?.(tool.name);
      });
      await context.registerTool(tool, { signal });
    } catch ({ code = "webmcp_refused", message, fix = "see `message`, then reload the page" }) {
      this.#report(code, `${tool.name}: ${message}`, fix);
    }
  }

  #tools() {
    const element = this.#element;
    const { label, namespace } = element;
    // Each widget of a page has names of its own.
    const suffix = namespace === "default" ? "" : `_${namespace.replace(/[^\w.-]/g, "_")}`;
    return [
      {
        name: `holdpoint_submit${suffix}`,
        title: `Ask ${label}`,
        description:
          `Gives ${label}, an agent of this page, something to do. ` +
          "What is risky waits for a person on this page. Returns the id of the run.",
        inputSchema: {
          type: "object",
          properties: { text: { type: "string", minLength: 1, description: "What is to be done" } },
          required: ["text"],
          additionalProperties: false,
        },
        annotations: { consequentialHint: true },
        execute: async ({ text }) => ({ runId: await element.submit({ text }) }),
      },
      {
        name: `holdpoint_approvals${suffix}`,
        title: `What waits at ${label}`,
        description:
          `Lists the runs of ${label} and the calls that wait for a person, who alone can decide.`,
        inputSchema: { type: "object", properties: {}, additionalProperties: false },
        annotations: { readOnlyHint: true, untrustedContentHint: true },
        execute: async () => ({
          waiting: element.pending.map(
            ({ callId, runId, status, tool, title, summary, expiresAt, rule: { because } }) =>
              ({ callId, runId, status, tool, title, summary, expiresAt, because }),
          ),
          runs: element.runs.map(({ id, status, text }) => ({ id, status, text })),
        }),
      },
    ];
  }
}
