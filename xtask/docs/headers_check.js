// What the headers of a page mean for the widget. It reads text and gives rows; it asks nobody.

/** The headers of a text as a server or a browser's tools show them: names in lower case, and values. */
export function parse(text) {
  const headers = [];
  for (const line of text.split(/\r?\n/)) {
    const found = /^\s*([A-Za-z][A-Za-z0-9-]*):\s?(.*)$/.exec(line);
    if (/^\s/.test(line) && headers.length > 0) headers.at(-1)[1] += ` ${line.trim()}`;
    else if (found) headers.push([found[1].toLowerCase(), found[2].trim()]);
  }
  return headers;
}

/** Each policy as its directives. A header may have several, and all of them hold. */
function policies(headers, name) {
  return headers
    .filter(([it]) => it === name)
    .flatMap(([, value]) => value.split(","))
    .map((policy) => {
      const directives = new Map();
      for (const part of policy.split(";")) {
        const [directive, ...sources] = part.trim().split(/\s+/);
        // Of two with one name the first holds.
        if (directive && !directives.has(directive.toLowerCase())) directives.set(directive.toLowerCase(), sources);
      }
      return directives;
    })
    .filter((directives) => directives.size > 0);
}

/** The directive that holds for something: the first of the names that is there. */
function holding(policy, names) {
  const name = names.find((it) => policy.has(it));
  return name && { name, sources: policy.get(name) };
}

const has = (sources, word) => sources.some((it) => it.toLowerCase() === word);

/** Whether sources allow an origin. */
function allows(sources, origin, self) {
  const url = new URL(origin);
  return sources.some((source) => {
    const it = source.toLowerCase();
    if (it === "'self'") return url.origin === self;
    if (it === "*") return ["http:", "https:"].includes(url.protocol);
    if (/^[a-z][a-z0-9+.-]*:$/.test(it)) return url.protocol === it || (it === "http:" && url.protocol === "https:");
    const parts = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/:]+)(?::(\d+|\*))?(\/.*)?$/.exec(it);
    if (!parts || it.startsWith("'")) return false;
    const [, scheme, host, port] = parts;
    const isHost = host.startsWith("*.") ? url.hostname.endsWith(host.slice(1)) : url.hostname === host;
    const isScheme = !scheme || `${scheme}:` === url.protocol || (scheme === "http" && url.protocol === "https:");
    const isPort = port === "*" || (port ?? "") === url.port;
    return isHost && isScheme && isPort;
  });
}

/** The line that allows one more source. */
function line(wanted, found, source) {
  const kept = found.sources.filter((it) => it.toLowerCase() !== "'none'");
  return [wanted, ...kept, source].join(" ");
}

const OK = (text) => ({ kind: "ok", word: "Fine", text });
const NOTE = (text, line) => ({ kind: "warn", word: "Look", text, line });
const BAD = (text, line) => ({ kind: "bad", word: "Missing", text, line });

function scripts(policy, { self, from }) {
  const rows = [];
  const script = holding(policy, ["script-src-elem", "script-src", "default-src"]);
  if (script && has(script.sources, "'strict-dynamic'")) {
    rows.push(NOTE("'strict-dynamic' is there, so the script tag of holdpoint.js needs the page's nonce; what it imports is allowed by that."));
  } else if (script && !allows(script.sources, from, self)) {
    const wanted = script.name === "script-src-elem" ? script.name : "script-src";
    rows.push(BAD(`${script.name} does not allow the scripts of the package.`, line(wanted, script, from === self ? "'self'" : from)));
  }
  const wasm = holding(policy, ["script-src", "default-src"]);
  if (wasm && !has(wasm.sources, "'wasm-unsafe-eval'") && !has(wasm.sources, "'unsafe-eval'")) {
    const found = script && script.name === "default-src" && !allows(wasm.sources, from, self)
      ? { sources: [...wasm.sources, from === self ? "'self'" : from] }
      : wasm;
    rows.push(BAD(`${wasm.name} does not allow WebAssembly (csp_wasm).`, line("script-src", found, "'wasm-unsafe-eval'")));
  } else if (wasm && has(wasm.sources, "'unsafe-eval'")) {
    rows.push(NOTE("'unsafe-eval' allows more than is needed: 'wasm-unsafe-eval' is enough for the widget."));
  }
  return rows;
}

function connections(policy, { self, from, endpoint, worker }) {
  const found = holding(policy, ["connect-src", "default-src"]);
  if (!found) return [];
  const wanted = [
    ["the wasm and the texts of the package", from],
    ["the endpoint", endpoint],
    ["the worker", worker],
  ];
  const rows = [];
  let sources = found.sources;
  for (const [what, origin] of wanted) {
    if (!origin || allows(sources, origin, self)) continue;
    const source = origin === self ? "'self'" : origin;
    const fix = line("connect-src", { sources }, source);
    // Each line has the ones before in it, so that the last one is the whole.
    sources = fix.split(" ").slice(1);
    rows.push(BAD(`${found.name} does not allow ${what}.`, fix));
  }
  return rows;
}

function others(policy, { self, notifications }) {
  const rows = [];
  const worker = holding(policy, ["worker-src", "child-src", "script-src", "default-src"]);
  if (notifications && worker && !allows(worker.sources, self, self)) {
    rows.push(BAD(`${worker.name} does not allow the page's service worker, which notifications need.`, line("worker-src", worker, "'self'")));
  }
  const sandbox = policy.get("sandbox");
  if (sandbox && !has(sandbox, "allow-scripts")) {
    rows.push(BAD("sandbox lets no script run.", ["sandbox", ...sandbox, "allow-scripts"].join(" ")));
  }
  if (sandbox && !has(sandbox, "allow-same-origin")) {
    rows.push(NOTE("sandbox without allow-same-origin gives the page no storage: runs live in memory and end with the page, and the widget says so (storage_refused)."));
  }
  return rows;
}

function beside(headers, { self, from }) {
  const rows = [];
  const all = (name) => headers.filter(([it]) => it === name).map(([, value]) => value.toLowerCase());
  if (all("clear-site-data").some((value) => /"(\*|storage)"/.test(value))) {
    rows.push(BAD("Clear-Site-Data deletes what the widget has stored, whenever this page is loaded: what waits would be gone."));
  }
  if (all("cross-origin-embedder-policy").includes("require-corp") && from !== self) {
    rows.push(NOTE(`The page requires CORP: ${from} has to send Cross-Origin-Resource-Policy: cross-origin.`));
  }
  const framed = policies(headers, "content-security-policy").some((it) => it.has("frame-ancestors"));
  if (!framed && all("x-frame-options").length === 0) {
    rows.push(NOTE("Any site may put this page into a frame and lay something over it. The widget refuses a press on what it can tell is covered; the browser can refuse the frame.", "frame-ancestors 'self'"));
  }
  return rows;
}

/**
 * What is to be said about a page's headers.
 *
 * `self` is the page's origin, `from` that of the package, `endpoint` and `worker` theirs.
 */
export function report(text, options) {
  const headers = parse(text);
  if (headers.length === 0) return [NOTE("There is no header in this text.")];
  const asked = { from: options.self, endpoint: options.self, ...options };
  const enforced = policies(headers, "content-security-policy");
  const rows = enforced.flatMap((policy) =>
    [scripts, connections, others].flatMap((check) => check(policy, asked)),
  );
  if (enforced.length === 0) {
    const only = policies(headers, "content-security-policy-report-only").length > 0;
    rows.push(NOTE(only
      ? "The policy is only reported and not enforced, so it keeps nothing away."
      : "There is no policy. The widget works without one; what the page shows is safer with one."));
  } else if (!rows.some(({ kind }) => kind === "bad")) {
    rows.push(OK("The widget works under this policy."));
  }
  const typed = enforced.some((policy) => policy.has("require-trusted-types-for"));
  if (typed) rows.push(OK("Trusted Types are required, and the widget makes no HTML or script of a string."));
  return [...rows, ...beside(headers, asked)];
}
