// The widget in a program that was built with it: the element takes it from there and fetches nothing.

import { HoldpointAgentElement } from "./holdpoint.js";

/** `make` makes a widget of a namespace and two functions. */
export function embed(make, version) {
  // The element asks for it by `new`.
  const Agent = function (...settings) {
    return make(...settings);
  };
  HoldpointAgentElement[Symbol.for("holdpoint.embed")]({ Agent, version: () => version });
}

/** Offers a tool, and gives what takes it away again. */
export function offer(element, tool, execute) {
  const offered = new AbortController();
  element.registerTool({ ...tool, execute }, { signal: offered.signal });
  return offered;
}
