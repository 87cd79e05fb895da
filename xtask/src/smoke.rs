//! Whether the built widget starts at all, in a real browser under a strict policy.
//!
//! A wasm file can pass every check of its tools and still fail when it is instantiated, so this is
//! asked of a browser before the long tests begin.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::browser::Browser;
use crate::tools::Workspace;

const LIMIT: Duration = Duration::from_secs(120);

pub(crate) const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// Waits for the element's `ready`.
const READY: &str = r#"
await import("/holdpoint.js");
const agent = document.createElement("holdpoint-agent");
document.body.append(agent);
await agent.ready;
"#;

/// The first script of a page that has a head: what is said against the page before it has asked.
const FIRST: &str = r#"
globalThis.complaints = [];
const told = console.error;
console.error = (...words) => {
  complaints.push(words.join(" "));
  told(...words);
};
addEventListener("holdpoint-error", ({ detail }) => complaints.push(detail.message));
addEventListener("unhandledrejection", ({ reason }) => complaints.push(String(reason)));
// A file that cannot be loaded is told to its element alone.
const fault = (e) => complaints.push(e.message ?? `${e.target.src ?? e.target.href} cannot be loaded`);
addEventListener("error", fault, true);
"#;

/// Reports on a path that the server understands; what `probe.js` says is between the two.
const BEFORE: &str = r#"
const report = (path) => fetch(path, { method: "POST" });
const fail = (reason) => report(`/smoke/failed?${encodeURIComponent(reason)}`);
const refuse = ({ body }) => fail(`${body.effectiveDirective} refuses ${body.blockedURL}`);
// What the policy refused before this script began is told as well.
const refusals = new ReportingObserver((found) => found.forEach(refuse), {
  types: ["csp-violation"],
  buffered: true,
});
refusals.observe();
addEventListener("error", (e) => fail(e.message));
addEventListener("unhandledrejection", (e) => fail(String(e.reason)));

/** The page's element, once it is ready. */
async function element() {
  await customElements.whenDefined("holdpoint-agent");
  const agent = document.querySelector("holdpoint-agent");
  await agent.ready;
  return agent;
}

/** The next event of a kind. */
const next = (agent, type) =>
  new Promise((resolve) => agent.addEventListener(type, resolve, { once: true }));

const part = (agent, name) => agent.shadowRoot.querySelector(`[part~="${name}"]`);

/** A part of the widget, as soon as it is there. */
async function shown(agent, name) {
  while (!part(agent, name)) await new Promise(requestAnimationFrame);
  return part(agent, name);
}

const text = (agent, name) => part(agent, name)?.textContent ?? "";

try {
"#;
const AFTER: &str = r#"
  // A refusal is told in a task of its own.
  await new Promise((resolve) => setTimeout(resolve));
  const left = refusals.takeRecords();
  left.forEach(refuse);
  const complaints = globalThis.complaints ?? [];
  if (complaints.length > 0) throw new Error(complaints.join("; "));
  if (left.length === 0) await report("/smoke/ready");
} catch (error) {
  fail(String(error));
}
"#;

/// A page, and what is asked of it.
#[derive(Clone, Copy)]
pub(crate) struct Visit<'a> {
    /// The directory that the page is served from.
    pub(crate) files: &'a Path,
    /// Its HTML.
    pub(crate) html: &'a str,
    pub(crate) policy: &'a str,
    /// The body of a function; what it throws is what is wrong.
    pub(crate) probe: &'a str,
}

/// Loads the widget in the browser and waits until its element is ready.
pub(crate) fn check(workspace: &Workspace, chromium: &Browser, files: &Path) -> Result<()> {
    visit(
        workspace,
        chromium,
        Visit { files, html: "<!doctype html>", policy: POLICY, probe: READY },
    )
}

/// Loads a page in the browser, with the probe as its last script; any refusal by its policy is an
/// error.
pub(crate) fn visit(workspace: &Workspace, chromium: &Browser, visit: Visit<'_>) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    // What the last browser began it may still write for a moment, so each visit has a profile of its
    // own; what can be removed of the old ones is.
    let profiles = workspace.work().join("smoke-profile");
    let _ = fs::remove_dir_all(&profiles);
    let profile = profiles.join(address.port().to_string());
    fs::create_dir_all(&profile)?;
    let browser = Command::new(&chromium.program)
        .args(["--headless", "--no-sandbox", "--disable-dev-shm-usage", "--no-first-run"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("http://{address}/"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start the browser")?;
    let _browser = Ended(browser);

    let (report, reported) = mpsc::channel();
    let site = Arc::new(Site {
        files: visit.files.to_owned(),
        html: visit.html.replacen("<head>", "<head><script src=\"/first.js\"></script>", 1)
            + "\n<script type=\"module\" src=\"/smoke.js\"></script>\n",
        policy: visit.policy.to_owned(),
        script: [BEFORE, visit.probe, AFTER].concat(),
    });
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (report, site) = (report.clone(), Arc::clone(&site));
            // A browser that goes away in the middle of an answer is none of our concern.
            thread::spawn(move || site.answer(stream, &report));
        }
    });
    match reported.recv_timeout(LIMIT) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(reason)) => bail!("the page in the browser: {reason}"),
        Err(_) => bail!("the page is not done after {} seconds", LIMIT.as_secs()),
    }
}

/// What is served.
struct Site {
    files: PathBuf,
    html: String,
    policy: String,
    script: String,
}

impl Site {
    /// Answers one request; a request that is a report is passed on.
    fn answer(
        &self,
        mut stream: TcpStream,
        report: &mpsc::Sender<Result<(), String>>,
    ) -> std::io::Result<()> {
        let mut head = BufReader::new(stream.try_clone()?).lines();
        let first = head.next().transpose()?.unwrap_or_default();
        // The headers are read and ignored: closing on unread bytes would reset the connection.
        for line in head {
            if line?.is_empty() {
                break;
            }
        }
        let path = first.split(' ').nth(1).unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let found = match path {
            "/" => Some(self.html.clone().into()),
            "/first.js" => Some(FIRST.into()),
            "/smoke.js" => Some(self.script.clone().into()),
            "/smoke/ready" | "/smoke/failed" => {
                let result = if path.ends_with("ready") { Ok(()) } else { Err(decoded(query)) };
                // Only the first report is waited for.
                let _ = report.send(result);
                Some(Vec::new())
            }
            _ if path.contains("..") => None,
            _ => fs::read(self.files.join(path.trim_start_matches('/'))).ok(),
        };
        let (status, body) = match found {
            Some(body) => ("200 OK", body),
            None => ("404 Not Found", Vec::new()),
        };
        let kind = match path.rsplit_once('.').map(|(_, ending)| ending) {
            Some("js") => "text/javascript",
            Some("wasm") => "application/wasm",
            Some("css") => "text/css",
            Some("json") => "application/json",
            _ => "text/html",
        };
        write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\
         content-security-policy: {}\r\nconnection: close\r\n\r\n",
            body.len(),
            self.policy
        )?;
        stream.write_all(&body)
    }
}

/// Undoes `encodeURIComponent`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A process that ends with this value.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn reason_is_decoded() {
        assert_eq!(decoded("Error%3A%20no%20caf%C3%A9"), "Error: no café");
        assert_eq!(decoded("100% %4"), "100% %4");
    }
}
