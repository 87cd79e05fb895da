/** JSON, as it is kept and sent. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A JSON Schema, draft 2020-12. A keyword that is not supported refuses the tool. */
export type JsonSchema = boolean | { [keyword: string]: unknown };

/** A function of the page that the agent may ask for. */
export interface Tool<Args extends object = any> {
  /** 1 to 64 letters, digits, underscores or hyphens. */
  name: string;
  /** A name for people; made of `name` if it is absent. */
  title?: string;
  /** What it does, for the model. */
  description: string;
  /** What `execute` takes; of type "object". Without it the tool takes nothing. */
  inputSchema?: JsonSchema;
  annotations?: ToolAnnotations;
  /** Which calls need a person. Without it every call does, unless `readOnlyHint` is true. */
  approval?: "never" | "always" | ApprovalRule[];
  /** The sentence of the card, written by the page and never by the model. */
  summary?(args: Args): string;
  /** What the call would change, for the card: a text, or what is so before and after. */
  preview?(args: Args): MaybePromise<string | Change | Change[]>;
  /**
   * The state of things that the call is about, as JSON. It is asked for when the card is made and
   * again at the click; where it differs, nothing runs and a new card shows what changed.
   */
  precondition?(args: Args): MaybePromise<Json>;
  /** A call that may run waits so long, and can be taken back meanwhile. */
  undoable?: { windowMs: number };
  /**
   * A check of the page's own. It can make a call stricter, never freer: `true` or a reason asks a
   * person, "deny" forbids, `false` or nothing leaves it to `approval`. Whatever else it gives, and
   * an exception, asks a person.
   */
  needsApproval?(args: Args): boolean | string | null | undefined;
  /** Whether the call with this idempotency key happened; asked when a call is in doubt. */
  verify?(key: string): MaybePromise<boolean | Verified | null | undefined>;
  /** Does it. What it gives back must be JSON. */
  execute(args: Args, context: ToolContext): unknown;
}

/** What a call would change. */
export interface Change {
  label?: string;
  before: Json;
  after: Json;
}

/** Hints; they never make a rule weaker. */
export interface ToolAnnotations {
  /** It changes nothing. */
  readOnlyHint?: boolean;
  /** What it does cannot be undone. */
  destructiveHint?: boolean;
  /** Calling it again with the same key changes nothing more. */
  idempotentHint?: boolean;
}

/** A rule, as data: it applies where the arguments match `when`. */
export interface ApprovalRule {
  id: string;
  when: JsonSchema;
  /** The end of "you are asked because …". */
  because: string;
  /** Milliseconds that a person has to decide. */
  expiresIn?: number;
  /**
   * What becomes of the call then. "deny", the default: it does not run, and the model hears that
   * nobody decided. "ask-again": nobody can approve it until they ask to see it anew. "never": the
   * card only says that it is late.
   */
  onExpiry?: "deny" | "ask-again" | "never";
  /** "ask" unless it says "deny". */
  verdict?: "ask" | "deny";
}

/** What a tool is told beside its arguments. */
export interface ToolContext {
  /** The same for each attempt at the same call. */
  idempotencyKey: string;
  /** Aborts when the run is stopped or the time is over. */
  signal: AbortSignal;
  runId: string;
  callId: string;
}

/** What `verify` knows. */
export interface Verified {
  happened: boolean;
  /** What `execute` would have given, if it is known. */
  result?: unknown;
}

/** A call that waits for a person. */
export interface Approval {
  callId: string;
  runId: string;
  /**
   * "lapsed": its time ran out, and it waits to be asked for anew. "in-doubt": it was started, and
   * nobody knows whether it happened.
   */
  status: "waiting" | "lapsed" | "in-doubt";
  tool: string;
  title: string;
  summary: string | null;
  preview: Json;
  /** What the tool said of the state of things when this was shown. */
  precondition: Json;
  /** What was shown before, where something has changed since. */
  was: { precondition: Json; summary: string | null; preview: Json } | null;
  arguments: { [name: string]: Json };
  /** Identifies what is shown here; an approval is bound to it. */
  digest: string;
  rule: { id: string; because: string; matched: { [name: string]: Json } };
  /** Milliseconds since 1970. */
  expiresAt: number | null;
}

/** A run: one request of a person until its final answer. */
export interface Run {
  id: string;
  thread: string;
  status: string;
  text: string;
  /** Milliseconds since 1970. */
  createdAt: number;
  updatedAt: number;
  /** The length of its journal. */
  entries: number;
  usage: { input: number; output: number } | null;
}

/** Which rule a call would meet. */
export interface Evaluation {
  verdict: "allow" | "ask" | "deny";
  rule: string;
  because: string;
  matched: { [name: string]: Json };
}

/** A rule that a person had remembered; it answers in their place. */
export interface RememberedRule {
  id: string;
  tool: string;
  /** The sentence that the person saw. */
  because: string;
  /** What each argument may be. */
  bounds: { [name: string]: JsonSchema };
  /** Milliseconds since 1970; none where it holds until it is revoked. */
  until: number | null;
  by: string;
  createdAt: number;
}

/** A run with no chat. */
export interface Job {
  text: string;
  mode?: "tools" | "plan";
  instructions?: string;
}

export interface Approver {
  id: string;
  name: string;
}

export type AgentState = "loading" | "idle" | "running" | "waiting" | "offline" | "error";

type MaybePromise<T> = T | PromiseLike<T>;

/** Why something was not done. */
export class HoldpointError extends Error {
  constructor(code: string, message: string, fix: string, cause?: unknown);
  static from(thrown: unknown): HoldpointError;
  override readonly name: "HoldpointError";
  /** Stable, such as `csp_wasm`, `load_failed`, `tool_malformed` or `attribute_unknown`. */
  readonly code: string;
  /** What to do about it. */
  readonly fix: string;
  readonly cause?: unknown;
}

/** The detail of each event. All events bubble and are composed. */
export interface HoldpointEventDetails {
  "holdpoint-ready": { version: string };
  "holdpoint-error": { code: string; message: string; fix: string };
  "holdpoint-run-start": { runId: string; text: string };
  "holdpoint-run-end": { runId: string; status: string };
  /** Cancelable: the page shows a card of its own. */
  "holdpoint-approval-request": { approval: Approval };
  "holdpoint-decision": { runId: string; callId: string; decision: Json; digest: string; by: Json };
  "holdpoint-tool-start": { runId: string; callId: string; attempt: number };
  "holdpoint-tool-end": { runId: string; callId: string; ok: boolean };
  "holdpoint-pending-change": { count: number };
  "holdpoint-journal": { runId: string; seq: number };
  "holdpoint-open": {};
  "holdpoint-close": {};
}

export type HoldpointEventMap = {
  [Name in keyof HoldpointEventDetails]: CustomEvent<HoldpointEventDetails[Name]>;
};

/** `<holdpoint-agent>`: an AI agent that stops for a person before it does what is risky. */
export class HoldpointAgentElement extends HTMLElement {
  /** Defines the element under a name, unless the name is taken; importing the module does it. */
  static define(tag?: string, registry?: CustomElementRegistry): void;

  /** The base address of the proxy; "/v1" unless set. */
  endpoint: string;
  /** The wire format; "demo" answers in the page, with no network. */
  api: "responses" | "chat" | "messages" | "demo";
  model: string;
  mode: "tools" | "plan";
  layout: "inline" | "popover" | "headless";
  /** Whether the popover is open. */
  open: boolean;
  /** Separates stores; read once, when the element is first put into the page. */
  namespace: string;
  label: string;
  colorScheme: "auto" | "light" | "dark" | "host";
  announce: "brief" | "full" | "status" | "off";
  debug: boolean;

  /** Setting it takes away the tools set before; a bad one is reported and the others are used. */
  get tools(): Tool[];
  set tools(tools: readonly Tool[] | null | undefined);
  instructions: string | undefined;
  labels: { [key: string]: string } | undefined;
  approver: Approver | undefined;

  /** Settles when the widget has read its store, or rejects with a {@link HoldpointError}. */
  readonly ready: Promise<void>;
  /** Empty until the widget is loaded. */
  readonly version: string;
  readonly state: AgentState;
  readonly pending: readonly Approval[];
  readonly runs: readonly Run[];

  // Each of these waits until the element is ready and rejects with a HoldpointError.

  /** Begins a run; its id. */
  send(text: string): Promise<string>;
  /** Begins a run with no chat; its id. */
  submit(job: Job): Promise<string>;
  stop(): Promise<void>;
  /** Adds a tool, until `signal` aborts or the function that it gives is called. */
  registerTool<Args extends object = any>(
    tool: Tool<Args>,
    options?: { signal?: AbortSignal },
  ): Promise<() => void>;
  approve(callId: string, options: { digest: string; args?: object; note?: string }): Promise<void>;
  deny(callId: string, options?: { reason?: string }): Promise<void>;
  /** Answers the model in place of the call, which does not run. */
  answer(callId: string, options: { text: string }): Promise<void>;
  /** Gives the person as long again to decide. */
  extend(callId: string): Promise<void>;
  /** Takes an approval back before the call begins. */
  takeBack(callId: string): Promise<void>;
  /** What people had remembered. */
  rules(): Promise<RememberedRule[]>;
  revokeRule(ruleId: string): Promise<void>;
  evaluate(tool: string, args: object): Promise<Evaluation>;
  exportRun(runId: string): Promise<Blob>;
  /** Takes a run in; its id. */
  importRun(file: Blob): Promise<string>;
  /** All entries of all runs, as JSON Lines. */
  exportAudit(): Promise<Blob>;
  /** Forgets the runs of this conversation, or all. */
  clear(scope: "thread" | "all"): Promise<void>;

  addEventListener<Name extends keyof HoldpointEventMap>(
    type: Name,
    listener: (this: HoldpointAgentElement, event: HoldpointEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<Name extends keyof HTMLElementEventMap>(
    type: Name,
    listener: (this: HoldpointAgentElement, event: HTMLElementEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "holdpoint-agent": HoldpointAgentElement;
  }
  // The events bubble, so that any ancestor and the document may listen.
  interface HTMLElementEventMap extends HoldpointEventMap {}
  interface DocumentEventMap extends HoldpointEventMap {}
}
