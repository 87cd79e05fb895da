// The bill of materials, named by the argument, is one by the official schema; the strict validator
// knows no field beside those of the schema.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { Spec, Validation } from "@cyclonedx/cyclonedx-library";

const text = await readFile(process.argv[2], "utf8");
const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
assert.equal(await validator.validate(text), null);

// It would tell: a field that there is not, and a kind that there is not.
for (const [before, after] of [['"bomFormat"', '"bomFromat"'], ['"library"', '"libary"']]) {
  assert.ok(text.includes(before));
  assert.notEqual(await validator.validate(text.replace(before, after)), null);
}
