// Where there is no document, as in a render on a server, an import does nothing and throws nothing.

import assert from "node:assert/strict";

const NAMES = [
  "HoldpointAgentElement",
  "HoldpointApprovalElement",
  "HoldpointError",
  "HoldpointInboxElement",
];

const before = Object.keys(globalThis);
for (const path of ["", "/define", "/element", "/react", "/holdpoint.js"]) {
  const module = await import(`holdpoint${path}`);
  const names = path === "/react" ? [] : NAMES;
  assert.deepEqual(Object.keys(module).sort(), names, path);
}
await import("holdpoint/testing");
assert.deepEqual(Object.keys(globalThis), before);
const { HoldpointAgentElement, HoldpointError } = await import("holdpoint");
HoldpointAgentElement.define();
assert.equal(HoldpointError.from(new TypeError("no")).code, "internal");
