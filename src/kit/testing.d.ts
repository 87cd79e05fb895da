import type { HoldpointAgentElement, Json } from "./holdpoint.js";

/** A call that the scripted model makes. */
export interface ScriptedCall {
  name: string;
  arguments?: { [name: string]: Json };
  /** The id of the call; made up if it is absent. */
  id?: string;
  /** In plan mode: why, in the words of the model. */
  reason?: string;
  /** In plan mode: whether the model asks for a confirmation. It does not, unless this says so. */
  asksPerson?: boolean;
}

/** One answer of the scripted model. */
export interface ScriptedTurn {
  /** What it says. */
  text?: string;
  /** What it calls. */
  calls?: ScriptedCall[];
  /** What the request must be like, else the model refuses to answer and says what it found. */
  expect?: Expectation | ((request: ModelRequest) => boolean | void);
  /** A status of HTTP instead of an answer, with `text` as its message. */
  status?: number;
}

/** What a request must be like. */
export interface Expectation {
  /** A part of what the person said last, or a pattern for it. */
  text?: string | RegExp;
  /** Tools that are offered, among others. */
  tools?: string[];
  /** The results of the last turn's calls, in order; an object may have more fields. */
  results?: Json[];
  mode?: "tools" | "plan";
  api?: "responses" | "chat" | "messages";
}

/** What the model was asked, in any wire format. */
export interface ModelRequest {
  api: "responses" | "chat" | "messages";
  mode: "tools" | "plan";
  /** What the person, or the widget about a plan, said last. */
  text: string;
  /** The names of the tools on offer. */
  tools: string[];
  /** The results of the last turn's calls. */
  results: unknown[];
  /** The body, as it came. */
  raw: any;
}

/** An answer by HTTP. */
export interface HttpAnswer {
  status: number;
  headers: { [name: string]: string };
  body: string;
}

/** See `scriptedModel`. */
export interface ScriptedModel {
  /** What it was asked, in order. */
  readonly requests: ModelRequest[];
  /** What went wrong, in words. */
  readonly faults: string[];
  /** Answers one request. */
  answer(request: { url: string; body: string }): HttpAnswer;
  /** In the place of `fetch`; what is not for a model goes to the `fetch` that was there before. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** For `page.route` of Playwright. */
  route(route: RouteLike): Promise<void>;
  /** Throws where something was not as the script says, or some of it was never asked for. */
  finish(): void;
}

/**
 * A model that gives these answers in turn, with no network, in the wire format and the mode that it is
 * asked in. A request that is the same as the one before, as after a crash, gets the same answer again.
 */
export function scriptedModel(script: ScriptedTurn[]): ScriptedModel;

/** The kinds of the entries of a journal. */
export type EntryKind =
  | "started" | "answered" | "decided" | "tool_started" | "tool_finished" | "settled" | "expired"
  | "cancelled" | "resumed" | "viewed" | "extended" | "taken_back" | "reasked" | "handed_over";

/**
 * Where a page dies: before an entry of this kind is stored, or after it is and before the page knows.
 * A number n is the n-th answer of the browser's storage, network and locks from now on.
 */
export type CrashStep = `${"before" | "after"} ${EntryKind}` | number;

/**
 * A script that makes the page it runs in die at a step, as far as the widget can tell: the browser's
 * storage, network and locks do not answer any more, and nothing that is asked of them is done. A
 * reload ends that.
 */
export function crashAt(step: CrashStep): string;

/** Settles when the page is dead, with the step. */
export function crashed(page: PageLike): Promise<CrashStep>;

/** An entry of a journal; see docs/journal-format.md. */
export interface JournalEntry {
  seq: number;
  at: number;
  epoch: number;
  kind: EntryKind;
  record: any;
  prev: string;
  hash: string;
}

/** The journal of a run, or of the newest. */
export function journalOf(
  agent: HoldpointAgentElement | LocatorLike,
  runId?: string,
): Promise<JournalEntry[]>;

/** What a person does with the widget, by real clicks. `agent` is a locator of Playwright for it. */
export function personAt<L extends LocatorLike>(agent: L): Person<L>;

/** See `personAt`. */
export interface Person<L> {
  /** Writes a message and sends it. */
  say(text: string): Promise<void>;
  /** The cards that wait for a decision. */
  card(): L;
  /**
   * Approves the first card, once it can be approved; `word` is the one that a card asks for as a
   * signature, "approve" in English.
   */
  approve(options?: { word?: string }): Promise<void>;
  /** Denies the first card, and says why. */
  deny(reason?: string): Promise<void>;
  /** Presses the button that says this, as on a card in doubt. */
  press(words: string): Promise<void>;
}

/** What is used of a locator of Playwright. */
export interface LocatorLike {
  locator(selector: string): any;
  evaluate(script: any, argument?: any): Promise<any>;
}

/** What is used of a page of Playwright. */
export interface PageLike {
  evaluate(script: any, argument?: any): Promise<any>;
}

/** What is used of a route of Playwright. */
export interface RouteLike {
  request(): { url(): string; postData(): string | null };
  fulfill(answer: HttpAnswer): Promise<void>;
}
