// MCP servers over streamable HTTP, as sources of tools.
//
// A call is sent once. Where nobody can say whether it arrived, it is in doubt, and a person is asked.

/** The versions of the protocol that are spoken, the newest first. */
const VERSIONS = ["2025-11-25", "2025-06-18", "2025-03-26"];
/** How long everything but a call may take. */
const PATIENCE_MS = 15_000;
/** How often a stream that broke off before its answer is asked to go on. */
const RESUMES_MAX = 3;
/** The wait before that, unless the server says another one, and before it is listened to again. */
const WAIT_MS = 1_000;
const WAIT_MAX_MS = 60_000;
/** The most characters of one message. */
const MESSAGE_CHARS_MAX = 8_000_000;
const PAGES_MAX = 100;

/** JSON-RPC's codes for what is refused before anything is done for it. */
const REFUSALS = [-32700, -32600, -32601, -32602];

/** Why a server gave no answer. `refused` says that it did nothing. */
class Fault extends Error {
  constructor(code, message, fix, refused = false) {
    super(message);
    Object.assign(this, { code, fix, refused });
  }
}

/** Origins that the page's policy has kept us from; the event comes a little after the refusal. */
const forbidden = new Set();
document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => {
  if (effectiveDirective === "connect-src" && URL.canParse(blockedURI)) {
    forbidden.add(new URL(blockedURI).origin);
  }
});

export class McpServer {
  #element;
  #url;
  /** The promise of what was agreed on: `{ id, version }`. */
  #session;
  #asked = 0;
  #changed;
  #stop = new AbortController();

  constructor(key, element) {
    if (!URL.canParse(key, document.baseURI)) {
      const fix = "set `mcp` to the addresses of MCP servers, with spaces between them";
      throw new Fault("mcp_malformed", `${key} is no address of an MCP server`, fix);
    }
    this.key = key;
    this.#url = new URL(key, document.baseURI);
    this.label = this.#url.host;
    this.#element = element;
  }

  async list() {
    try {
      return await this.#listed();
    } catch (fault) {
      if (fault.code !== "mcp_session_lost") throw fault;
      return this.#listed();
    }
  }

  /** Calls a tool. An error that says `inDoubt` leaves open whether anything was done. */
  async call({ name }, args, { idempotencyKey, runId, callId, signal }) {
    const about = { key: idempotencyKey, run: runId, call: callId };
    const params = { name, arguments: args, _meta: { "holdpoint/call": about } };
    // Up to here nothing was sent of it, so what fails is no doubt.
    await this.#open();
    try {
      const result = await this.#ask("tools/call", params, signal);
      if (result?.resultType === "input_required") {
        throw new Fault("mcp_refused", "the tool asks for more, which cannot be told here", "", true);
      }
      return result;
    } catch (fault) {
      if (signal.aborted) throw signal.reason;
      throw Object.assign(new Error(fault.message), { inDoubt: !fault.refused });
    }
  }

  /** Calls `changed` when the server says that its tools are others. */
  watch(changed) {
    this.#changed = changed;
    if (this.#stop.signal.aborted) this.#stop = new AbortController();
  }

  leave() {
    this.#stop.abort();
    const session = this.#session;
    this.#session = undefined;
    // A server keeps a session that is not ended; that it may refuse to end it is its own affair.
    session?.then((open) => open.id && this.#send("DELETE", open)).catch(() => {});
  }

  async #listed() {
    const tools = [];
    let cursor;
    for (let page = 0; page < PAGES_MAX; page++) {
      const listed = await this.#ask("tools/list", cursor ? { cursor } : {}, patience());
      tools.push(...(listed?.tools ?? []));
      cursor = listed?.nextCursor;
      if (!cursor) break;
    }
    return tools.map(({ name, title, description, inputSchema, annotations }) => ({
      name: String(name),
      title: title ?? annotations?.title,
      description,
      inputSchema,
      hints: annotations,
    }));
  }

  /** The session, begun by whoever needs it first. */
  #open() {
    this.#session ??= this.#begin().catch((fault) => {
      this.#session = undefined;
      throw fault;
    });
    return this.#session;
  }

  async #begin() {
    const client = { name: "holdpoint", version: this.#element.version };
    const params = { protocolVersion: VERSIONS[0], capabilities: {}, clientInfo: client };
    const id = ++this.#asked;
    const response = await this.#post(message({ id, method: "initialize", params }), {}, patience());
    const { protocolVersion: version, capabilities } = await this.#answer(response, id, {}, patience());
    if (!VERSIONS.includes(version)) {
      const fix = `use a server that speaks one of ${VERSIONS.join(", ")}`;
      throw new Fault("mcp_version", `${this.label} speaks MCP of ${version}`, fix);
    }
    const session = { id: response.headers.get("mcp-session-id"), version };
    await this.#post(message({ method: "notifications/initialized" }), session, patience());
    if (capabilities?.tools?.listChanged) this.#listen(session);
    return session;
  }

  /** Hears what the server says by itself, as long as the session is this one. */
  async #listen(session) {
    const { signal } = this.#stop;
    const isOpen = () => this.#session && !signal.aborted;
    // It is this session as soon as whoever began it is told.
    await this.#session?.catch(() => {});
    const mine = this.#session;
    let last;
    let wait = WAIT_MS;
    while (isOpen() && this.#session === mine) {
      try {
        const response = await this.#get(last, session, signal);
        wait = WAIT_MS;
        for await (const event of events(response.body)) {
          last = event.id ?? last;
          if (event.data) this.#hear(JSON.parse(event.data), session);
        }
      } catch (fault) {
        // Another session may have other tools. Else such a stream is the server's own choice.
        if (fault.code === "mcp_session_lost") this.#changed?.();
        if (fault.refused) return;
        wait = Math.min(wait * 2, WAIT_MAX_MS);
      }
      await pause(wait, signal);
    }
  }

  async #ask(method, params, signal) {
    const session = await this.#open();
    const id = ++this.#asked;
    const cancel = () => {
      const params = { requestId: id, reason: "the run was stopped, or the time is over" };
      const cancelled = message({ method: "notifications/cancelled", params });
      this.#post(cancelled, session, patience()).catch(() => {});
    };
    signal.addEventListener("abort", cancel, { once: true });
    try {
      const response = await this.#post(message({ id, method, params }), session, signal);
      return await this.#answer(response, id, session, signal);
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  /** The result of a request, out of JSON or out of a stream, which may have to be read on. */
  async #answer(response, id, session, signal) {
    const kind = response.headers.get("content-type") ?? "";
    if (kind.startsWith("application/json")) {
      // What breaks off is no answer either.
      return this.#result(await response.json().catch(() => undefined));
    }
    if (!kind.startsWith("text/event-stream")) {
      throw new Fault("mcp_malformed", `${this.label} answered with ${kind || "nothing"}`, CHECK_URL);
    }
    let stream = response;
    let last;
    let wait = WAIT_MS;
    for (let resumes = 0; ; resumes++) {
      try {
        for await (const event of events(stream.body)) {
          last = event.id ?? last;
          wait = event.retry ?? wait;
          const said = event.data && JSON.parse(event.data);
          if (said && said.id === id && !said.method) return this.#result(said);
          if (said) this.#hear(said, session);
        }
      } catch (fault) {
        if (signal.aborted || fault instanceof Fault) throw fault;
      }
      // Only a server that numbers its events can go on with them.
      if (last === undefined || resumes === RESUMES_MAX) {
        const message = `the connection to ${this.label} broke before the answer`;
        throw new Fault("mcp_interrupted", message, "see whether the server runs, then try again");
      }
      await pause(wait, signal);
      stream = await this.#get(last, session, signal);
    }
  }

  #result({ result, error } = {}) {
    if (result !== undefined) return result;
    if (!error) {
      throw new Fault("mcp_malformed", `the answer of ${this.label} is not one of MCP`, CHECK_URL);
    }
    const refused = REFUSALS.includes(error.code);
    const words = refused ? "refused" : "failed";
    const fix = "see the log of the MCP server";
    throw new Fault("mcp_refused", `${this.label} ${words}: ${error.message}`, fix, refused);
  }

  /** Takes in what a server says without being asked. */
  #hear({ id, method }, session) {
    if (method === "notifications/tools/list_changed") this.#changed?.();
    if (id === undefined || !method) return;
    const unknown = { code: -32601, message: "there is no such method here" };
    const answer = method === "ping" ? { result: {} } : { error: unknown };
    this.#post(message({ id, ...answer }), session, patience()).catch(() => {});
  }

  #post(body, session, signal) {
    return this.#send("POST", session, {
      body,
      signal,
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
    });
  }

  #get(last, session, signal) {
    const headers = { accept: "text/event-stream", ...(last && { "last-event-id": last }) };
    return this.#send("GET", session, { headers, signal });
  }

  async #send(method, { id, version }, { headers, ...options } = {}) {
    const all = await this.#given();
    for (const [name, value] of Object.entries(headers ?? {})) all.set(name, value);
    if (id) all.set("mcp-session-id", id);
    if (version) all.set("mcp-protocol-version", version);
    let response;
    try {
      // A redirect could carry the page's headers to somebody else.
      response = await fetch(this.#url, { method, headers: all, redirect: "error", ...options });
    } catch (cause) {
      if (options.signal?.aborted && options.signal.reason?.name !== "TimeoutError") throw cause;
      throw await this.#unreachable();
    }
    if (response.ok) return response;
    throw this.#refusal(response.status, id);
  }

  /** What the page gives to be sent along. It is asked each time, and kept nowhere. */
  async #given() {
    try {
      return new Headers((await this.#element.mcpHeaders?.(this.key)) ?? {});
    } catch (cause) {
      const fix = "let `mcpHeaders` give an object of headers, or nothing";
      throw new Fault("mcp_headers_failed", `mcpHeaders failed: ${cause.message}`, fix, true);
    }
  }

  async #unreachable() {
    await new Promise((resolve) => setTimeout(resolve));
    const { origin } = this.#url;
    if (forbidden.has(origin)) {
      const message = `the page's Content-Security-Policy does not allow ${origin}`;
      return new Fault("mcp_forbidden", message, `add it: connect-src 'self' ${origin}`, true);
    }
    return new Fault(
      "mcp_unreachable",
      `${this.#url} cannot be reached, or does not answer this page`,
      "see that it runs and does not redirect, and that it allows this origin by CORS: " +
        `access-control-allow-origin: ${location.origin}; access-control-allow-headers: content-type, ` +
        "mcp-protocol-version, mcp-session-id, last-event-id and those of mcpHeaders; " +
        "access-control-expose-headers: mcp-session-id",
    );
  }

  #refusal(status, id) {
    const said = `${this.#url} answered with ${status}`;
    if (status === 404 && id) {
      this.#session = undefined;
      return new Fault("mcp_session_lost", `${this.label} has forgotten this page`, "try again", true);
    }
    if (status === 401 || status === 403) {
      const fix = "give what the server wants to know its callers by, by `mcpHeaders`";
      return new Fault("mcp_unauthorized", said, fix, true);
    }
    const hint = "; it must let the page read its answer's mcp-session-id, by access-control-expose-headers";
    const isBlind = status === 400 && !id;
    const fix = status < 500 ? CHECK_URL + (isBlind ? hint : "") : "see the log of the MCP server";
    return new Fault("mcp_refused", said, fix, status < 500);
  }
}

const CHECK_URL = "check that the address is that of an MCP server's streamable HTTP";

const message = (fields) => JSON.stringify({ jsonrpc: "2.0", ...fields });

const patience = () => AbortSignal.timeout(PATIENCE_MS);

/** Waits, and no longer than the signal lets it. */
function pause(millis, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, millis);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/** The events of a stream, as https://html.spec.whatwg.org/multipage/server-sent-events.html has them. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = { data: "" };
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value;
      // A return at the very end may be half of a line's end.
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        const [, field, text] = /^([^:]*):? ?(.*)$/s.exec(line);
        if (field === "data") event.data += (event.data && "\n") + text;
        else if (field === "id") event.id = text;
        else if (field === "retry" && /^\d+$/.test(text)) event.retry = Number(text);
        if (line) continue;
        yield event;
        event = { data: "" };
      }
      if (rest.length + event.data.length > MESSAGE_CHARS_MAX) {
        throw new Fault("mcp_malformed", "a message of the MCP server has no end", CHECK_URL);
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
