// `verify` or `sign` what stands in the input, by the library of Standard Webhooks for Node: JSON of
// a secret, a body, and headers or an id. What is not valid ends it with an error.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const { Webhook } = createRequire(`${process.env.HOLDPOINT_WEBHOOKS}/`)("standardwebhooks");
const { secret, body, headers, id } = JSON.parse(readFileSync(0, "utf8"));
const webhook = new Webhook(secret);
if (process.argv[2] === "verify") {
  webhook.verify(body, headers);
} else {
  process.stdout.write(webhook.sign(id, new Date(), body));
}
