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
  /** Whose tool it is, where it is not the page's own: an approval is bound to that. */
  origin?: string;
  /**
   * Does it. What it gives back must be JSON. An error that it throws says that it was not done, unless
   * it has `inDoubt: true`: then nobody knows, and a person is asked.
   */
  execute(args: Args, context: ToolContext): unknown;
}

/**
 * What the page says of tools that are not its own: by the address of the MCP server as `mcp` has it, or
 * "webmcp", and by the tool's name.
 */
export type ToolPolicies = {
  [source: string]: {
    [tool: string]: Partial<Omit<Tool, "name" | "description" | "inputSchema" | "origin" | "execute">>;
  };
};

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
  /** "critical": it cannot be undone. */
  risk: "read" | "write" | "critical";
  /** The model's own words for why; nobody has checked them. */
  reason: string | null;
  /** Whether the model said that it needs a person; null where it was not asked. */
  flagged: boolean | null;
  /** Milliseconds in which an approval can be taken back. */
  undoMs: number | null;
  /** Where the values stand word for word, by their JSON Pointers; `tool` is the title of that one. */
  origins: { path: string; from: "person" | "page" | "tool" | "model"; tool: string | null }[];
  /** The schema of the arguments, for a form. */
  inputSchema: Json;
  preview: Json;
  /** What the tool said of the state of things when this was shown. */
  precondition: Json;
  /** What was shown before, where something has changed since. */
  was: { precondition: Json; summary: string | null; preview: Json } | null;
  arguments: { [name: string]: Json };
  /** Identifies what is shown here; an approval is bound to it. */
  digest: string;
  rule: {
    id: string;
    because: string;
    onExpiry: "deny" | "ask-again" | "never";
    matched: { [name: string]: Json };
  };
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

/**
 * A text. Where it depends on a number, `{count}`, it may be one for each plural category:
 * `{ one: "{count} approval", other: "{count} approvals" }`.
 */
export type Label = string | ({ other: string } & { [category in Intl.LDMLPluralRule]?: string });

/** Texts of the widget by their keys, to be said otherwise. Words in braces are filled in. */
export interface Labels {
  /** Assistant */
  assistant?: Label;
  /** Send */
  send?: Label;
  /** Stop */
  stop?: Label;
  /** Try again */
  retry?: Label;
  /** Save its record */
  export?: Label;
  /** Message */
  message?: Label;
  /** Ask for something */
  placeholder?: Label;
  /** Ask for something. Whatever needs your approval waits here until you decide. */
  empty?: Label;
  /** Jump to latest */
  jump?: Label;
  /** Show earlier */
  earlier?: Label;
  /** Details */
  details?: Label;
  /** In the words of the program */
  original?: Label;
  /** You said */
  youSaid?: Label;
  /** Assistant said */
  assistantSaid?: Label;
  /** Assistant is answering */
  answering?: Label;
  /** Still answering */
  stillAnswering?: Label;
  /** A part of the assistant could not be loaded. Trying again… */
  notLoadedYet?: Label;
  /** The browser downloads its model: {percent} */
  downloaded?: Label;
  /** Ready */
  ready?: Label;
  /** Resuming… */
  resuming?: Label;
  /** Answering… */
  thinking?: Label;
  /** Working… */
  working?: Label;
  /** Waiting for you */
  waiting?: Label;
  /** Waiting for you · offline */
  waitingOffline?: Label;
  /** Offline */
  offline?: Label;
  /** Not saved */
  notSaved?: Label;
  /** Record not trusted */
  notTrusted?: Label;
  /** The storage was cleared */
  cleared?: Label;
  /** No answer */
  noAnswer?: Label;
  /** Trying again… */
  retrying?: Label;
  /** Tool missing */
  toolMissing?: Label;
  /** Reads data */
  reads?: Label;
  /** Changes data */
  changes?: Label;
  /** Critical */
  critical?: Label;
  /** In doubt */
  inDoubt?: Label;
  /** Approve */
  approve?: Label;
  /** Deny */
  deny?: Label;
  /** Several calls wait: {title} */
  batch?: Label;
  /** All {count}: {title} */
  selectAll?: Label;
  /** Approve {count} */
  approveChosen?: Label;
  /** Deny {count} */
  denyChosen?: Label;
  /** Back */
  back?: Label;
  /** Saving… */
  saving?: Label;
  /** Why not? The assistant reads this (optional) */
  reason?: Label;
  /** Why you are asked */
  why?: Label;
  /** What changes */
  effect?: Label;
  /** The agent’s own reason, not verified */
  agentSays?: Label;
  /** It takes no arguments. */
  noArguments?: Label;
  /** The model said that no confirmation was needed; the rule decided otherwise. */
  modelOverruled?: Label;
  /** The tool is not on this page now. You can decide, and it runs when it is; what it is to do can be changed only then. */
  toolAbsent?: Label;
  /** The tool was changed after this was asked, so it cannot be approved. Deny it, and ask the assistant again. */
  toolChanged?: Label;
  /** Tool */
  tool?: Label;
  /** Arguments */
  arguments?: Label;
  /** Result */
  result?: Label;
  /** Digest */
  digest?: Label;
  /** Idempotency key */
  key?: Label;
  /** Check */
  check?: Label;
  /** It happened */
  happened?: Label;
  /** It did not happen */
  didNotHappen?: Label;
  /** Try again */
  tryAgain?: Label;
  /** It may have happened or not. It is not started again by itself. */
  doubtRule?: Label;
  /** If you try again and it did happen, it may happen twice. */
  doubtWarning?: Label;
  /** The assistant proposed what is not possible; nothing of it ran */
  proposalRefused?: Label;
  /** You stopped this */
  stopped?: Label;
  /** The assistant could not finish */
  runFailed?: Label;
  /** The model gave no answer */
  modelTrouble?: Label;
  /** There is no network */
  offlineTrouble?: Label;
  /** The last step is not saved yet */
  storageTrouble?: Label;
  /** This record cannot be trusted */
  quarantined?: Label;
  /** The tool is not ready */
  toolTrouble?: Label;
  /** waits its turn */
  queued?: Label;
  /** running… */
  running?: Label;
  /** waits for your decision on the page */
  elsewhere?: Label;
  /** done */
  done?: Label;
  /** approved by you */
  approvedByYou?: Label;
  /** denied by you */
  deniedByYou?: Label;
  /** answered by you */
  answeredByYou?: Label;
  /** you said that it happened */
  confirmedByYou?: Label;
  /** nobody decided in time */
  expired?: Label;
  /** not started: you stopped it */
  cancelled?: Label;
  /** not started: an earlier step did not succeed */
  skipped?: Label;
  /** No preview of its effect is available. */
  noPreview?: Label;
  /** This cannot be undone. */
  notUndone?: Label;
  /** It only reads, so there is nothing to undo. */
  nothingToUndo?: Label;
  /** The page does not say whether it can be undone. */
  undoUnknown?: Label;
  /** After you approve, you can take it back for {time}. */
  undoFor?: Label;
  /** Undo */
  undoing?: Label;
  /** Changed since you were first asked */
  changedSince?: Label;
  /** The tool’s own definition is another one. */
  changedInside?: Label;
  /** What it does */
  changedSentence?: Label;
  /** The state of things */
  changedState?: Label;
  /** What the tool takes */
  changedTool?: Label;
  /** Source of the values */
  origins?: Label;
  /** You wrote it */
  fromPerson?: Label;
  /** From this page */
  fromPage?: Label;
  /** The agent’s own */
  fromModel?: Label;
  /** From a result of “{tool}” */
  fromJob?: Label;
  fromTool?: Label;
  /** More time */
  moreTime?: Label;
  /** After that it does not run. */
  thenDenied?: Label;
  /** After that it has to be asked for again. */
  thenAsked?: Label;
  /** After that it is only late. */
  thenLate?: Label;
  /** Overdue */
  late?: Label;
  /** The time to decide is over. Ask to see it again before you decide. */
  lapsed?: Label;
  /** Ask again */
  askAgain?: Label;
  /** Answer instead */
  answer?: Label;
  /** What should the assistant know instead? It does not act. */
  answerLabel?: Label;
  /** Send answer */
  sendAnswer?: Label;
  /** From now on, approve this without asking */
  remember?: Label;
  /** The rule is saved when you approve. You can revoke it at any time. */
  rememberHelp?: Label;
  /** up to */
  upTo?: Label;
  /** anything */
  anything?: Label;
  /** For how long */
  until?: Label;
  /** One hour */
  forHour?: Label;
  /** One day */
  forDay?: Label;
  /** One week */
  forWeek?: Label;
  /** 30 days */
  forMonth?: Label;
  /** Until I revoke it */
  forGood?: Label;
  /** {name} anything */
  boundAny?: Label;
  /** {name} up to {most} */
  boundMost?: Label;
  /** {name} exactly “{value}” */
  boundOnly?: Label;
  /** A limit is a number from 0 on, such as 50. */
  boundWrong?: Label;
  /** What was changed before it was approved */
  edited?: Label;
  /** {what}, with changes */
  withChanges?: Label;
  /** Undo */
  undo?: Label;
  /** Starts {when} */
  starts?: Label;
  /** It can be approved in a moment. */
  waitMoves?: Label;
  /** Something on the page covers this card. It can be approved once all of it is free. */
  waitCovered?: Label;
  /** A part of this card has not been on the screen yet. Look at all of it first. */
  waitUnseen?: Label;
  /** Show the rest first */
  showRest?: Label;
  /** Show all (characters hidden: {number}) */
  showHidden?: Label;
  /** It has characters that do not show or that pass for others: */
  hiddenInside?: Label;
  /** Keyboard */
  shortcuts?: Label;
  /** Ctrl or ⌘ + Enter: approve, unless it cannot be undone */
  shortcutApprove?: Label;
  /** Alt + D: deny and say why */
  shortcutDeny?: Label;
  /** They work while the focus is on this card. */
  shortcutInside?: Label;
  /** Edit */
  edit?: Label;
  /** Change the arguments */
  editTitle?: Label;
  /** Review changes */
  review?: Label;
  /** What you changed */
  reviewTitle?: Label;
  /** Approve with changes */
  approveChanged?: Label;
  /** Keep editing */
  keepEditing?: Label;
  /** Nothing is changed yet. */
  nothingChanged?: Label;
  /** Edit as JSON */
  asJson?: Label;
  /** Edit as a form */
  asForm?: Label;
  /** All arguments, as JSON */
  allArguments?: Label;
  /** changed */
  changed?: Label;
  /** Reset */
  reset?: Label;
  /** optional */
  optional?: Label;
  /** Add */
  add?: Label;
  /** Add an item */
  addItem?: Label;
  /** Remove */
  remove?: Label;
  /** left out */
  absent?: Label;
  /** Move up */
  moveUp?: Label;
  /** Move down */
  moveDown?: Label;
  /** Yes */
  yes?: Label;
  /** No */
  no?: Label;
  /** Nothing (null) */
  null?: Label;
  /** Choose… */
  choose?: Label;
  /** not there */
  notPresent?: Label;
  /** Before: */
  before?: Label;
  /** After: */
  after?: Label;
  /** Item {number} */
  item?: Label;
  /** Fields that need another value: {number} */
  faults?: Label;
  /** Approve this? */
  confirmTitle?: Label;
  /** approve */
  confirmWord?: Label;
  /** Type the word “{word}” */
  confirmType?: Label;
  /** Or hold to approve */
  confirmHold?: Label;
  /** The browser cannot tell whether the card was shown as it is. Here it is again. */
  confirmCovered?: Label;
  /** {count} waiting | {count} waiting */
  countWaiting?: Label;
  /** {label}, {count} approval waiting | {label}, {count} approvals waiting */
  launcher?: Label;
  /** Conversation with {label} */
  conversation?: Label;
  /** {at} of {of} */
  position?: Label;
  /** {act}: {what} */
  actOn?: Label;
  /** Trying again {when} ({attempt} of {of}) */
  againIn?: Label;
  /** Answer complete, {count} paragraph, in the log | Answer complete, {count} paragraphs, in the log */
  answerComplete?: Label;
  /** The conversation is long: {count} earlier turn was left out for the model | The conversation is long: {count} earlier turns were left out for the model */
  leftOut?: Label;
  /** Tokens: {read} in, {written} out */
  tokens?: Label;
  /** approved by {name} */
  approvedBy?: Label;
  /** denied by {name} */
  deniedBy?: Label;
  /** answered by {name} */
  answeredBy?: Label;
  /** {what}: {reason} */
  withReason?: Label;
  /** Approval needed: {what}. {because} */
  approvalNeeded?: Label;
  /** {what}: nobody saw the end of it */
  nobodySaw?: Label;
  /** It was started at {time}, and {because}. */
  startedAt?: Label;
  /** It was started, and {because}. */
  doubtful?: Label;
  /** not allowed: {because} */
  forbidden?: Label;
  /** Expires {when} */
  expires?: Label;
  /** Expires in under 1 minute */
  expiresSoon?: Label;
  /** . */
  fullStop?: Label;
  inbox?: Label;
  inboxList?: Label;
  search?: Label;
  filter?: Label;
  everything?: Label;
  held?: Label;
  decided?: Label;
  showNews?: Label;
  nothingYet?: Label;
  nothingWaits?: Label;
  nothingFound?: Label;
  rowApproved?: Label;
  rowDenied?: Label;
  rowAnswered?: Label;
  rowConfirmed?: Label;
  rowForbidden?: Label;
  rowRunning?: Label;
  rowFailed?: Label;
  rowExpired?: Label;
  rowCancelled?: Label;
  rowSkipped?: Label;
  rowBy?: Label;
  inTab?: Label;
  atWorker?: Label;
  workerList?: Label;
  quorum?: Label;
  inNotification?: Label;
  notify?: Label;
  noticeLater?: Label;
  noticesRefused?: Label;
  sevenDays?: Label;
  audit?: Label;
  /** Rules */
  rules?: Label;
  /** Nothing is approved without asking. */
  noRules?: Label;
  /** Revoke */
  revoke?: Label;
  /** Has run out */
  runOut?: Label;
  /** Until {time} */
  holdsUntil?: Label;
  searchAudit?: Label;
  kind?: Label;
  decision?: Label;
  saveJsonl?: Label;
  saveCsv?: Label;
  takeRun?: Label;
  takeRunHow?: Label;
  bringRun?: Label;
  bringRunHow?: Label;
  file?: Label;
  passphrase?: Label;
  stopHere?: Label;
  stopHereWhy?: Label;
  saveFile?: Label;
  openFile?: Label;
  fileSaved?: Label;
  fileOpened?: Label;
  cancel?: Label;
  /** What an error says, by its code, where the English message has details in it. */
  [error: `error.${string}`]: Label | undefined;
  /** What an error or a record says, by the English sentence; all are in labels/en.json. */
  [sentence: `${string} ${string}`]: Label | undefined;
}

export interface Approver {
  id: string;
  name: string;
}

/** How a run is exported. */
export interface ExportOptions {
  /** Seals the file, 8 characters or more. Without it whoever has the file can read it. */
  passphrase?: string;
  /**
   * Stops the run here, so that only the copy goes on. Without it both can be decided and carried
   * out; a receiver that knows idempotency keys gets the same key from both.
   */
  move?: boolean;
}

/** What of the record of all runs is exported, and how. */
export interface AuditOptions {
  /** JSON Lines of whole runs, which can be verified, or CSV of single facts; "jsonl" unless set. */
  format?: "jsonl" | "csv";
  /** From then on. */
  since?: Date | number;
  /** As JSON Lines: the runs with such a fact. As CSV: such facts alone. */
  filter?: {
    /** "proposed", "viewed", "decided", "tool_started", "tool_finished" and other kinds. */
    kind?: string;
    tool?: string;
    /** What a fact says, such as "approve", "deny", "succeeded" or "ask". */
    decision?: string;
    text?: string;
  };
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
  /** The widget has read its store: anything can be asked of it now. */
  "holdpoint-ready": { version: string };
  /** Something was not done; `fix` says what to do about it. */
  "holdpoint-error": { code: string; message: string; fix: string };
  /** A person, or the page, has begun a run. */
  "holdpoint-run-start": { runId: string; text: string };
  /** A run has its final answer, failed, or was stopped. */
  "holdpoint-run-end": { runId: string; status: string };
  /** A call waits for a person. Cancelable: the page shows a card of its own. */
  "holdpoint-approval-request": { approval: Approval };
  /** A decision is saved. */
  "holdpoint-decision": { runId: string; callId: string; decision: Json; digest: string; by: Json };
  /** A tool is about to be called; that is saved already. */
  "holdpoint-tool-start": { runId: string; callId: string; attempt: number };
  /** A tool has given its result, or failed. */
  "holdpoint-tool-end": { runId: string; callId: string; ok: boolean };
  /** Another number of calls waits for a person. */
  "holdpoint-pending-change": { count: number };
  /** A journal has one entry more. */
  "holdpoint-journal": { runId: string; seq: number };
  /** The popover has opened. */
  "holdpoint-open": {};
  /** The popover has closed. */
  "holdpoint-close": {};
}

export type HoldpointEventMap = {
  [Name in keyof HoldpointEventDetails]: CustomEvent<HoldpointEventDetails[Name]>;
};

/** What a page sets: each of these is a property, and those with `@attr` an attribute too. */
export interface HoldpointAgentProperties {
  /**
   * The base address of the proxy.
   * @attr endpoint
   * @default "/v1"
   */
  endpoint: string;
  /**
   * The wire format; "demo" answers in the page, with no network. "on-device" is the browser's own model,
   * where it has one: it makes plans, whatever `mode` says.
   * @attr api
   * @default "responses"
   */
  api: "responses" | "chat" | "messages" | "demo" | "on-device";
  /**
   * The model that the proxy is asked for.
   * @attr model
   * @default "gpt-5"
   */
  model: string;
  /**
   * Whether the model calls tools as it goes, or makes one plan that is checked as a whole.
   * @attr mode
   * @default "tools"
   */
  mode: "tools" | "plan";
  /**
   * In the flow of the page, behind a button at its edge, or not shown at all.
   * @attr layout
   * @default "inline"
   */
  layout: "inline" | "popover" | "headless";
  /**
   * Whether the popover is open.
   * @attr open
   * @default false
   */
  open: boolean;
  /**
   * Separates stores; read once, when the element is first put into the page.
   * @attr namespace
   * @default "default"
   */
  namespace: string;
  /**
   * What the assistant is called, in the language of the page unless set.
   * @attr label
   * @default "Assistant"
   */
  label: string;
  /**
   * Light or dark: as the person has it, or as the page says.
   * @attr color-scheme
   * @default "auto"
   */
  colorScheme: "auto" | "light" | "dark" | "host";
  /**
   * What assistive technology is told. "status": what waits for a person, and what went wrong. "brief":
   * also what was done, and that there is an answer. "full": also its first 300 characters.
   * @attr announce
   * @default "brief"
   */
  announce: "brief" | "full" | "status" | "off";
  /**
   * Whether the page's title says how many calls wait, as in "(3) Title".
   * @attr title-badge
   * @default false
   */
  titleBadge: boolean;
  /**
   * Whether a person may turn on notifications of what waits, in the inbox. The page's service
   * worker answers them if it has `importScripts("/holdpoint-sw.js")`, or is that file. A `worker` that
   * has Web Push then pushes to that service worker too, which has one subscription for all.
   * @attr notifications
   * @default false
   */
  notifications: boolean;
  /**
   * The base address of a worker. The inbox then lists what waits there too, with the same card, and
   * counts it; `workerToken` says who decides. Empty for none.
   * @attr worker
   * @default ""
   */
  worker: string;
  /**
   * "use": the tools that the page has registered for agents by WebMCP are the widget's too. "offer":
   * other agents may give the widget work and see what waits, and never decide. The attribute alone
   * is "use".
   * @attr webmcp
   * @default "off"
   */
  webmcp: "off" | "use" | "offer" | "use offer";
  /**
   * Addresses of MCP servers over streamable HTTP, with spaces between them: their tools are the
   * widget's too.
   * @attr mcp
   * @default ""
   */
  mcp: string;
  /**
   * Shows the developer's panel: each step of a run with what the rules said of it, what went over the
   * wire, and buttons that make the page die. It is loaded only where this is set.
   * @attr debug
   * @default false
   */
  debug: boolean;
  /**
   * The functions that the agent may ask for. Setting it takes away the tools set before; a bad one
   * is reported and the others are used.
   */
  get tools(): Tool[];
  set tools(tools: readonly Tool[] | null | undefined);
  /** What the model is told before anything else. */
  instructions: string | undefined;
  /** Over the texts of the language that the nearest `lang` names; English, where none is shipped. */
  labels: Labels | undefined;
  /** Who decides here, for the record. */
  approver: Approver | undefined;
  /** An approver's token for the worker, or a function that gives one; asked for at each request. */
  workerToken: string | (() => MaybePromise<string>) | undefined;
  /**
   * What the page says of tools by WebMCP and of MCP servers. Without it each of their calls asks a
   * person; what such a tool says of itself can make that stricter, never freer.
   */
  toolPolicy: ToolPolicies | undefined;
  /** The headers that an MCP server is sent, such as its token; asked for at each request. */
  mcpHeaders: ((server: string) => MaybePromise<Record<string, string> | undefined>) | undefined;
}

/**
 * An AI agent that stops for a person before it does what is risky.
 *
 * @slot (default) - Shown until the widget is, and where it cannot be: without JavaScript too.
 * @slot header-actions - Beside the state in the head.
 * @slot launcher - The sign on the button that opens the popover.
 * @slot empty - What a conversation says before anything was asked.
 * @slot composer-actions - Beside the field in which a person writes.
 * @slot footer - Below it.
 * @cssstate loading - The widget is being fetched.
 * @cssstate idle - Nothing runs.
 * @cssstate running - The model or a tool is at work.
 * @cssstate waiting - A call waits for a person.
 * @cssstate offline - There is no network, whatever else is so.
 * @cssstate error - Something keeps it from going on, or the widget could not be loaded.
 * @cssstate critical - A call waits that cannot be undone.
 * @cssstate open - The popover is open.
 * @cssprop [--holdpoint-color-accent=light-dark(#0b5a60, #72d0cc)] - What can be pressed, and what is chosen.
 * @cssprop [--holdpoint-color-on-accent=light-dark(#fff, #04211f)] - Text on the accent.
 * @cssprop [--holdpoint-color-surface=light-dark(#fff, #151a1a)] - The ground of the widget.
 * @cssprop [--holdpoint-color-text=light-dark(#14201f, #e8edec)] - Text; the quieter shades are made of it.
 * @cssprop [--holdpoint-color-border=light-dark(#dbe1e0, #303938)] - Lines.
 * @cssprop [--holdpoint-color-danger=light-dark(#b3261e, #ff9a90)] - What cannot be undone, and what failed.
 * @cssprop [--holdpoint-color-warn=light-dark(#8a5200, #f2b95c)] - What waits or is in doubt.
 * @cssprop [--holdpoint-color-ok=light-dark(#17693a, #78d39a)] - What was done.
 * @cssprop [--holdpoint-color-focus=var(--_accent)] - The ring around what has the focus; the accent, unless set.
 * @cssprop [--holdpoint-font=system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif] - The family of all text but code.
 * @cssprop [--holdpoint-font-mono=ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace] - The family of code.
 * @cssprop [--holdpoint-font-size=15px] - The size of text; larger and smaller ones are made of it.
 * @cssprop [--holdpoint-radius=14px] - The corners of cards; smaller ones are made of it.
 * @cssprop [--holdpoint-radius-round=calc(7 * var(--_radius))] - The corners of what is round: badges, the composer, buttons with a sign.
 * @cssprop [--holdpoint-space=4px] - The unit of all distances.
 * @cssprop [--holdpoint-gap=calc(4 * var(--_space))] - The distance between messages, and between the parts of a card.
 * @cssprop [--holdpoint-shadow=0 1px 2px #0a1f1e0f, 0 8px 24px -8px #0a1f1e2e] - The shadow of what floats.
 * @cssprop [--holdpoint-width=auto] - The width of the widget.
 * @cssprop [--holdpoint-height=36em] - Its height.
 * @cssprop [--holdpoint-popover-width=420px] - The width of the popover, where there is room.
 * @cssprop [--holdpoint-popover-height=680px] - Its height.
 * @cssprop [--holdpoint-popover-inset=20px] - How far it is from the edge of the window.
 * @csspart base - All of the widget, or the card that says why there is none.
 * @csspart panel - The frame around all but the launcher.
 * @csspart header - The line with the name and the state.
 * @csspart title - The name.
 * @csspart launcher - The button that opens the popover.
 * @csspart badge - How many calls wait.
 * @csspart status - What the agent does now.
 * @csspart toast - A short word on what was just done.
 * @csspart transcript - The conversation.
 * @csspart message - One message; also `message-user` or `message-agent`, and `streaming` while it grows.
 * @csspart message-user - What a person said.
 * @csspart message-agent - What the agent said.
 * @csspart bubble - The words of a message; also `bubble-user` or `bubble-agent`.
 * @csspart bubble-user - Those of a person.
 * @csspart bubble-agent - Those of the agent.
 * @csspart streaming - A message that still grows.
 * @csspart earlier-button - Shows earlier messages.
 * @csspart jump-button - Goes to the latest message.
 * @csspart composer - Where a person writes.
 * @csspart input - The field of the composer.
 * @csspart send-button - Sends what is written.
 * @csspart stop-button - Stops the run.
 * @csspart approval-card - A call that waits for a person.
 * @csspart card-strip - The line at its top: how risky it is, and how long there is.
 * @csspart card-summary - The sentence of a card.
 * @csspart card-arguments - Every argument of the call.
 * @csspart card-rule - The rule that asks, and why.
 * @csspart card-preview - What the call would change.
 * @csspart card-undo - Whether it can be undone.
 * @csspart card-origins - Where the arguments come from.
 * @csspart card-reason - The agent's own reason.
 * @csspart card-changed - What has changed since a person was first asked.
 * @csspart show-all - Shows what a long or unusual text hides.
 * @csspart expiry - How long there is to decide.
 * @csspart extend-button - Gives more time.
 * @csspart lapsed - Says that the time is over.
 * @csspart again-button - Asks to see a call anew.
 * @csspart approve-button - Approves the call.
 * @csspart deny-button - Denies it, at once or with the reason.
 * @csspart deny-reason - The field of the reason.
 * @csspart answer-button - Answers in place of the call.
 * @csspart answer-text - The field of that answer.
 * @csspart edit-button - Opens the form of the arguments.
 * @csspart back-button - Goes back to the choice.
 * @csspart keys-button - Shows the keyboard's shortcuts.
 * @csspart card-scope - What of a call is approved from now on without asking.
 * @csspart remember - Whether that is wished.
 * @csspart remember-most - A limit of it.
 * @csspart remember-until - How long it holds.
 * @csspart edit-form - The form of the arguments.
 * @csspart edit-faults - The fields that need another value.
 * @csspart fault-link - Goes to such a field.
 * @csspart field - One argument.
 * @csspart field-error - What is wrong with it.
 * @csspart add-button - Adds an item to a list.
 * @csspart move-button - Moves an item.
 * @csspart remove-button - Removes an item.
 * @csspart presence-button - Adds or leaves out an optional argument.
 * @csspart reset-button - Takes back a change of an argument.
 * @csspart json-button - Changes between form and JSON.
 * @csspart review-button - Goes to the review of the changes.
 * @csspart review - The changes, before they are approved.
 * @csspart changes - What differs, before and after.
 * @csspart batch - Calls that are decided together.
 * @csspart select - Chooses one of them.
 * @csspart select-all - Chooses all of them.
 * @csspart batch-approve - Approves those chosen.
 * @csspart batch-deny - Denies those chosen.
 * @csspart confirm-dialog - Asks once more about what is critical.
 * @csspart confirm-word - The field of the word to type.
 * @csspart confirm-button - Confirms.
 * @csspart hold-button - Confirms when it is held.
 * @csspart cancel-button - Closes a dialog with nothing done.
 * @csspart doubt-card - A call of which nobody saw the end.
 * @csspart settle-button - Says what became of it.
 * @csspart retry-button - Tries again what failed.
 * @csspart export-button - Saves the record of a run that failed as a file.
 * @csspart receipt - What became of a call.
 * @csspart receipt-edited - What was changed before it was approved.
 * @csspart undo-bar - The time in which a call can be taken back.
 * @csspart undo-button - Takes it back.
 * @csspart inbox - All that waits and was decided, in every conversation.
 * @csspart inbox-button - Opens it.
 * @csspart inbox-item - A row of it.
 * @csspart inbox-note - A remark in it.
 * @csspart inbox-search - Its search field.
 * @csspart filter-button - Chooses which rows are shown.
 * @csspart news-button - Shows rows that are new.
 * @csspart notify-button - Turns notifications on.
 * @csspart take-button - Takes a run along as a file.
 * @csspart bring-button - Takes a file in.
 * @csspart file-input - The field of that file.
 * @csspart passphrase - The field of its passphrase.
 * @csspart audit-button - Opens the record of all runs.
 * @csspart rules-button - Opens what is approved without asking.
 * @csspart dialog - A dialog of the inbox.
 * @csspart worker-list - What waits at the worker.
 * @csspart worker-card - A call that waits there.
 * @csspart audit - The record of all runs.
 * @csspart save-button - Saves it as a file.
 * @csspart rules - What is approved without asking.
 * @csspart rule - A rule of these.
 * @csspart rule-sentence - What a rule says.
 * @csspart revoke-button - Revokes it.
 * @csspart debug-panel - The developer's panel, where `debug` is set.
 * @csspart debug-journal - The entries of a run in it.
 * @csspart debug-step - One step of the run.
 * @csspart debug-wire - What went to the model and came back.
 * @csspart crash-button - Makes the page die at a step.
 * @csspart debug-died - Says that it did.
 * @csspart reload-button - Loads it again.
 */
export class HoldpointAgentElement extends HTMLElement {
  /** Defines the element under a name, unless the name is taken; importing the module does it. */
  static define(tag?: string, registry?: CustomElementRegistry): void;

  /** Settles when the widget has read its store, or rejects with a `HoldpointError`. */
  readonly ready: Promise<void>;
  /** Empty until the widget is loaded. */
  readonly version: string;
  /** What it does now; in a style sheet `:state(running)` and the like. */
  readonly state: AgentState;
  /** The calls that wait for a person. */
  readonly pending: readonly Approval[];
  /** The runs that it has read, oldest first. */
  readonly runs: readonly Run[];

  // Each of these waits until the element is ready and rejects with a HoldpointError.

  /** Begins a run; its id. */
  send(text: string): Promise<string>;
  /** Begins a run with no chat; its id. */
  submit(job: Job): Promise<string>;
  /** Stops the run; a call that has begun is not undone. */
  stop(): Promise<void>;
  /** Adds a tool, until `signal` aborts or the function that it gives is called. */
  registerTool<Args extends object = any>(
    tool: Tool<Args>,
    options?: { signal?: AbortSignal },
  ): Promise<() => void>;
  /** Approves the call as it was shown, which `digest` identifies, or with other arguments. */
  approve(callId: string, options: { digest: string; args?: object; note?: string }): Promise<void>;
  /** The call does not run, and the model hears why. */
  deny(callId: string, options?: { reason?: string }): Promise<void>;
  /** Answers the model in place of the call, which does not run. */
  answer(callId: string, options: { text: string }): Promise<void>;
  /** Gives the person as long again to decide. */
  extend(callId: string): Promise<void>;
  /** Takes an approval back before the call begins. */
  takeBack(callId: string): Promise<void>;
  /** What people had remembered. */
  rules(): Promise<RememberedRule[]>;
  /** Forgets a rule: its calls ask again. */
  revokeRule(ruleId: string): Promise<void>;
  /** Which rule would hold a call, with nothing done. */
  evaluate(tool: string, args: object): Promise<Evaluation>;
  /** A run as a file. */
  exportRun(runId: string, options?: ExportOptions): Promise<Blob>;
  /** Takes a run in, or what is new of it; its id. A run that went on differently is refused. */
  importRun(file: Blob, options?: { passphrase?: string }): Promise<string>;
  /**
   * Leaves a run to the worker, for good: it is decided there, and comes back into the conversation.
   * Without `workflow` it is the only one that the token may ask for. May be called again.
   */
  handOff(runId: string, options?: { workflow?: string }): Promise<void>;
  /** The record of all runs. */
  exportAudit(options?: AuditOptions): Promise<Blob>;
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

export interface HoldpointAgentElement extends HoldpointAgentProperties {}

/** What a page sets of `<holdpoint-approval>`. */
export interface HoldpointApprovalProperties {
  /**
   * The id of the agent whose call it shows; without it, the first agent of the same `namespace`.
   * @attr for
   * @default ""
   */
  htmlFor: string;
  /**
   * The store whose agent is meant.
   * @attr namespace
   * @default "default"
   */
  namespace: string;
  /**
   * The call that it shows, by its `callId`; without it the newest that waits.
   * @attr call
   * @default ""
   */
  call: string;
}

/**
 * One call that waits for a person, anywhere in the page: the card of an agent of the page, which may be
 * headless. It stays with a call until that is decided, and then says what became of it until another waits.
 *
 * @slot (default) - Shown where nothing waits.
 * @cssstate waiting - What it shows waits for a person.
 * @cssstate critical - It cannot be undone.
 */
export class HoldpointApprovalElement extends HTMLElement {
  /** Defines the element under a name, unless the name is taken; importing the module does it. */
  static define(tag?: string, registry?: CustomElementRegistry): void;

  /** The agent whose call it shows, as soon as there is one. */
  readonly agent: HoldpointAgentElement | null;
  /** What waits in it, if anything does. */
  readonly approval: Approval | null;
}

export interface HoldpointApprovalElement extends HoldpointApprovalProperties {}

/** What a page sets of `<holdpoint-inbox>`. */
export interface HoldpointInboxProperties {
  /**
   * The id of the agent whose calls it lists; without it, the first agent of the same `namespace`.
   * @attr for
   * @default ""
   */
  htmlFor: string;
  /**
   * The store whose agent is meant.
   * @attr namespace
   * @default "default"
   */
  namespace: string;
}

/**
 * Every call that a person was asked about, anywhere in the page: the inbox of an agent of the page. A row
 * leads to its call: in the conversation, or where the agent is headless in a `<holdpoint-approval>` beside it,
 * or in the inbox itself.
 *
 * @slot (default) - Shown until the list is.
 * @cssstate waiting - A call waits for a person.
 */
export class HoldpointInboxElement extends HTMLElement {
  /** Defines the element under a name, unless the name is taken; importing the module does it. */
  static define(tag?: string, registry?: CustomElementRegistry): void;

  /** The agent whose calls it lists, as soon as there is one. */
  readonly agent: HoldpointAgentElement | null;
}

export interface HoldpointInboxElement extends HoldpointInboxProperties {}

/** The detail of the events of the elements beside an agent. */
export interface HoldpointPartEventDetails {
  /** There is no agent (`agent_missing`), or its view cannot be fetched; `fix` says what to do about it. */
  "holdpoint-error": { code: string; message: string; fix: string };
}

/** The attributes and properties with the events, for frameworks that set both by one name. */
export type HoldpointAgentProps = Partial<HoldpointAgentProperties> & {
  [Name in keyof HoldpointAgentProperties as Kebab<Name>]?: HoldpointAgentProperties[Name];
} & {
  [Name in keyof HoldpointEventMap as `on${Name}`]?: (event: HoldpointEventMap[Name]) => void;
};

type Kebab<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `-${Lowercase<First>}`}${Kebab<Rest>}`
  : Name;

declare global {
  interface HTMLElementTagNameMap {
    "holdpoint-agent": HoldpointAgentElement;
    "holdpoint-approval": HoldpointApprovalElement;
    "holdpoint-inbox": HoldpointInboxElement;
  }
  // The events bubble, so that any ancestor and the document may listen.
  interface HTMLElementEventMap extends HoldpointEventMap {}
  interface DocumentEventMap extends HoldpointEventMap {}
}
