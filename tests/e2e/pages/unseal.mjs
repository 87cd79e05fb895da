// Opens a sealed run as its description says, with Node's cryptography and not the browser's: the
// file comes in by stdin, the passphrase as the argument, what was sealed goes out by stdout.

import { createDecipheriv, createHash, pbkdf2Sync } from "node:crypto";
import { readFileSync } from "node:fs";

const { data, ...header } = JSON.parse(readFileSync(0, "utf8"));
const { kdf, cipher, check } = header;
const bytes = (text) => Buffer.from(text, "base64");
const passphrase = process.argv[2].normalize("NFC");
const key = pbkdf2Sync(passphrase, bytes(kdf.salt), kdf.iterations, 32, "sha256");
const known = createHash("sha256").update(`holdpoint-sealed-v1|${key.toString("base64")}`);
if (known.digest("hex") !== check) throw new Error("the passphrase is wrong");

const sealed = bytes(data);
const decipher = createDecipheriv("aes-256-gcm", key, bytes(cipher.iv));
decipher.setAAD(Buffer.from(canonical(header)));
decipher.setAuthTag(sealed.subarray(-16));
const text = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
process.stdout.write(text);

/** RFC 8785, as far as texts and whole numbers go. */
function canonical(value) {
  if (typeof value !== "object") return JSON.stringify(value);
  const fields = Object.keys(value).sort().map((name) => `"${name}":${canonical(value[name])}`);
  return `{${fields.join(",")}}`;
}
