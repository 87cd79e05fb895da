// Stand-ins for `modelContext`, each with the shapes of one browser, as that browser was seen to have
// them. What a browser checks before it calls a tool is checked here too.

/** What the tool is given, of what a caller passes: a text or an object. */
function textInput(input) {
  // As the bindings of a browser make a string of whatever they are given.
  const text = `${input}`;
  try {
    return JSON.parse(text);
  } catch {
    throw new DOMException("Failed to parse input arguments", "UnknownError");
  }
}

function objectInput(input) {
  if (typeof input !== "object" || input === null) throw new TypeError("Input must be an object");
  return JSON.parse(JSON.stringify(input));
}

/** Chrome: events, one object for each tool that is registered, and results as text. */
class ChromeContext extends EventTarget {
  /** Whether changes are told. */
  tells = true;
  #tools = new Map();
  #hasTextSchema;
  #input;

  constructor(hasTextSchema, input) {
    super();
    this.#hasTextSchema = hasTextSchema;
    this.#input = input;
  }

  async registerTool(tool, { signal } = {}) {
    if (!/^[\w.-]{1,128}$/.test(tool.name)) {
      throw new DOMException("Invalid tool name", "InvalidStateError");
    }
    if (this.#tools.has(tool.name)) {
      throw new DOMException("Duplicate tool name", "InvalidStateError");
    }
    this.#tools.set(tool.name, tool);
    signal?.addEventListener("abort", () => {
      this.#tools.delete(tool.name);
      this.#tell();
    });
    this.#tell();
  }

  #tell() {
    if (this.tells) this.dispatchEvent(new Event("toolchange"));
  }

  async getTools() {
    const tools = [...this.#tools.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return tools.map(({ name, title = "", description, inputSchema, annotations }) => {
      const tool = { name, title, description, origin: location.origin, window };
      const schema = inputSchema && JSON.stringify(inputSchema);
      if (schema) tool.inputSchema = this.#hasTextSchema ? schema : JSON.parse(schema);
      if (annotations) tool.annotations = { ...annotations };
      return tool;
    });
  }

  async executeTool({ name }, input, { signal } = {}) {
    const args = this.#input(input);
    const tool = this.#tools.get(name);
    if (!tool) throw new DOMException("The operation failed", "UnknownError");
    const result = (async () => {
      try {
        const value = await tool.execute(args, {});
        return typeof value === "string" ? value : `${JSON.stringify(value)}`;
      } catch {
        const said = "Tool was executed but the invocation failed.";
        throw new DOMException(said, "UnknownError");
      }
    })();
    const stopped = new Promise((_, reject) =>
      signal?.addEventListener("abort", () => reject(signal.reason)),
    );
    return Promise.race([result, stopped]);
  }
}

/** Firefox: no events, the definitions themselves, and results as they are. */
class FirefoxContext {
  #tools = new Map();
  #hasText;

  constructor(hasText) {
    this.#hasText = hasText;
  }

  async registerTool(tool) {
    this.#tools.set(tool.name, tool);
  }

  async unregisterTool(name) {
    this.#tools.delete(name);
  }

  async getTools() {
    return [...this.#tools.values()].map((tool) => {
      const schema = tool.inputSchema && this.#hasText ? JSON.stringify(tool.inputSchema) : tool.inputSchema;
      return { ...tool, inputSchema: schema };
    });
  }

  async invokeTool(name, input) {
    const tool = this.#tools.get(name);
    if (!tool) throw new DOMException("Tool not found", "NotFoundError");
    return tool.execute(this.#hasText ? textInput(input) : objectInput(input), {});
  }
}

const SHAPES = {
  "chrome-149": ["document", () => new ChromeContext(true, textInput)],
  "chrome-154": ["document", () => new ChromeContext(false, textInput)],
  "chrome-155": ["document", () => new ChromeContext(false, objectInput)],
  "firefox-text": ["navigator", () => new FirefoxContext(true)],
  firefox: ["navigator", () => new FirefoxContext(false)],
  none: [],
};

/** Puts a stand-in where the browser of that shape has it, and nothing where it has nothing. */
export function standIn(shape) {
  const [place, make] = SHAPES[shape];
  for (const name of ["document", "navigator"]) {
    const value = name === place ? make() : undefined;
    Object.defineProperty(globalThis[name], "modelContext", { configurable: true, value });
  }
}
