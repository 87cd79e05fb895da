// `read` the sealed message in the input: JSON of a browser's secret, what its service does not know,
// and the message. One that is not for this browser ends it with an error.

import { createECDH } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { decrypt } = createRequire(`${process.env.HOLDPOINT_WEBHOOKS}/`)("http_ece");
const { secret, auth, sealed } = JSON.parse(readFileSync(0, "utf8"));
const privateKey = createECDH("prime256v1");
privateKey.setPrivateKey(Buffer.from(secret, "base64url"));
const message = Buffer.from(sealed, "base64url");
process.stdout.write(decrypt(message, { version: "aes128gcm", privateKey, authSecret: auth }));
