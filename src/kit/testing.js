import { crash } from "./testing/crash.js";

export { scriptedModel } from "./testing/model.js";
export { crashed, journalOf, personAt } from "./testing/person.js";

/** A script that makes the page it runs in die at a step of a run. */
export function crashAt(step) {
  return `(${crash})(${JSON.stringify(step)})`;
}
