// Serves the page with the files of the installed package, and runs the tests of this directory in the
// browser that CHROMIUM names.

import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join, normalize } from "node:path";

const { resolve } = createRequire(import.meta.url);
const roots = [join(import.meta.dirname, "page"), dirname(resolve("holdpoint/package.json"))];
const KINDS = { ".html": "text/html", ".js": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };

const server = createServer(({ url }, answer) => {
  const path = normalize(new URL(url, "http://localhost").pathname);
  const name = path === "/" ? "index.html" : path;
  const found = roots.map((root) => join(root, name)).find(existsSync);
  const headers = { "content-type": KINDS[extname(name)] ?? "text/plain" };
  answer.writeHead(found ? 200 : 404, headers).end(found && readFileSync(found));
});
server.listen(0, "127.0.0.1", () => {
  const env = { ...process.env, BASE_URL: `http://127.0.0.1:${server.address().port}` };
  const cli = join(dirname(resolve("@playwright/test/package.json")), "cli.js");
  const args = [cli, "test", ...process.argv.slice(2), "--config", join(import.meta.dirname, "playwright.config.js")];
  const tests = spawn(process.execPath, args, { env, stdio: "inherit" });
  tests.on("exit", (code) => process.exit(code ?? 1));
});
