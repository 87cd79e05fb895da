// What the tester of headers says about them.

import assert from "node:assert/strict";
import test from "node:test";

import { parse, report } from "../../xtask/docs/headers_check.js";

const SELF = "https://shop.example";
const CSP = "Content-Security-Policy: ";
/** Allows what is needed, and no frame. */
const ENOUGH =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; frame-ancestors 'none'";

const kinds = (text, options) => report(text, { self: SELF, ...options }).map(({ kind }) => kind);
const lines = (text, options) =>
  report(text, { self: SELF, ...options }).filter(({ kind }) => kind === "bad").map(({ line }) => line);

test("a policy that allows enough is fine", () => {
  assert.deepEqual(kinds(CSP + ENOUGH), ["ok"]);
  assert.deepEqual(kinds(`${CSP}${ENOUGH}; require-trusted-types-for 'script'`), ["ok", "ok"]);
});

test("what is missing is said with the line to put", () => {
  const cases = [
    ["script-src 'self'; frame-ancestors 'none'", {}, ["script-src 'self' 'wasm-unsafe-eval'"]],
    ["default-src 'self'", {}, ["script-src 'self' 'wasm-unsafe-eval'"]],
    [
      "default-src 'none'",
      {},
      ["script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'", "connect-src 'self'"],
    ],
    [ENOUGH, { endpoint: "https://ai.example" }, ["connect-src 'self' https://ai.example"]],
    [
      ENOUGH,
      { endpoint: "https://ai.example", worker: "https://wait.example" },
      ["connect-src 'self' https://ai.example", "connect-src 'self' https://ai.example https://wait.example"],
    ],
    [`${ENOUGH}; worker-src 'none'`, { notifications: true }, ["worker-src 'self'"]],
    [`${ENOUGH}; sandbox allow-same-origin`, {}, ["sandbox allow-same-origin allow-scripts"]],
  ];
  for (const [policy, options, wanted] of cases) assert.deepEqual(lines(CSP + policy, options), wanted, policy);
});

test("sources are read as a browser reads them", () => {
  const connect = (sources) => lines(`${CSP}connect-src ${sources}`, { endpoint: "https://a.ai.example:8443", from: "https://a.ai.example:8443" });
  for (const good of ["*", "https:", "https://a.ai.example:8443", "*.ai.example:*", "http://a.ai.example:8443/v1"]) {
    assert.deepEqual(connect(good), [], good);
  }
  for (const bad of ["'self'", "https://a.ai.example", "*.a.ai.example:8443", "http://ai.example:8443", "'none'", "wss:"]) {
    assert.notDeepEqual(connect(bad), [], bad);
  }
});

test("every policy holds, and of two directives with one name the first", () => {
  assert.deepEqual(lines(`${CSP}${ENOUGH}, connect-src 'none'`), ["connect-src 'self'"]);
  assert.deepEqual(lines(`${CSP}${ENOUGH}\n${CSP}connect-src 'none'`), ["connect-src 'self'"]);
  assert.deepEqual(lines(`${CSP}connect-src 'self'; connect-src 'none'`), []);
});

test("a policy that is only reported does not hold", () => {
  assert.deepEqual(lines(`Content-Security-Policy-Report-Only: default-src 'none'`), []);
});

test("headers that delete, frame or isolate are told of", () => {
  assert.ok(kinds(`${CSP}${ENOUGH}\nClear-Site-Data: "storage"`).includes("bad"));
  assert.ok(!kinds(`${CSP}${ENOUGH}\nClear-Site-Data: "cache"`).includes("bad"));
  assert.deepEqual(kinds(`${CSP}script-src 'self' 'wasm-unsafe-eval'`), ["ok", "warn"]);
  assert.deepEqual(kinds(`${CSP}script-src 'self' 'wasm-unsafe-eval'\nX-Frame-Options: DENY`), ["ok"]);
});

test("a header may be folded, and what is none is passed over", () => {
  assert.deepEqual(parse("HTTP/2 200\nA: 1;\n  2\n\nB:3"), [["a", "1; 2"], ["b", "3"]]);
  assert.deepEqual(kinds("hello"), ["warn"]);
});
