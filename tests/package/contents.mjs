// The manifest is what its schema says, the package has what it names, the hashes are those of the
// files, and the notices are there.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv } from "ajv";

const { resolve } = createRequire(import.meta.url);
const root = resolve("holdpoint/package.json").replace(/package\.json$/, "");
const read = (path) => JSON.parse(readFileSync(resolve(path), "utf8"));

const manifest = read("holdpoint/custom-elements.json");
// The schema says what draft it is of by an address that the validator does not know.
const ajv = new Ajv({ strict: false, allErrors: true });
const { $schema: _, ...schema } = read("custom-elements-manifest/schema.json");
const isValid = ajv.compile(schema);
assert.ok(isValid(manifest), JSON.stringify(isValid.errors, null, 2));
for (const { path } of manifest.modules) resolve(`holdpoint/${path}`);
const [element] = manifest.modules[0].declarations;
for (const list of ["attributes", "members", "events", "cssParts", "cssProperties", "cssStates"]) {
  assert.ok(element[list].length > 5, list);
}

const hashes = read("holdpoint/sri.json");
const loaded = readdirSync(root, { recursive: true }).filter((path) => /\.(js|wasm)$|labels.*json$/.test(path));
assert.ok(loaded.length > 15);
for (const path of loaded) {
  const hash = createHash("sha384").update(readFileSync(root + path)).digest("base64");
  assert.equal(hashes[path.replaceAll("\\", "/")], `sha384-${hash}`, path);
}

const notices = readFileSync(resolve("holdpoint/THIRD-PARTY.txt"), "utf8");
for (const crate of ["leptos", "wasm-bindgen", "serde_json", "sha2"]) {
  assert.match(notices, new RegExp(`^${crate} [\\d.]+ \\(.*(MIT|Apache).*\\)$`, "m"));
}
assert.doesNotMatch(notices, /^(holdpoint|xtask|clap|axum) /m);
assert.ok(notices.split("Permission is hereby granted").length > 10);
