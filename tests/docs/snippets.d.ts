// What the scripts of the pages take for granted.

declare const agent: import("holdpoint").HoldpointAgentElement;
declare const bank: any;
declare function tokenFor(server: string): Promise<string>;
declare function showCard(summary: string, decide: object): void;
declare function hideCard(callId: string): void;

interface Window {
  holdpoint: { push(begin: (module: typeof import("holdpoint")) => void): void };
}
