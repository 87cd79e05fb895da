// What the scripts of the pages take for granted.

declare const agent: import("holdpoint").HoldpointAgentElement;
declare const bank: any;

interface Window {
  holdpoint: { push(begin: (module: typeof import("holdpoint")) => void): void };
}
