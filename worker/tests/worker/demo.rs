//! The demo, as `cargo xtask demo --async` runs it: its invoice can be finished in each way that it
//! prints.

use std::path::PathBuf;
use std::process::Stdio;

use reqwest::RequestBuilder;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::support::client;

#[tokio::test]
async fn invoice_of_the_demo_is_finished_in_the_page() {
    let mut demo = Demo::start().await;
    let desk = demo.line("To approve in the page").await;
    let desk = desk.split_whitespace().last().unwrap().to_owned();
    let token = demo.line("as Ann Archer").await;
    let token = token.split_whitespace().last().unwrap().to_owned();
    demo.line("  To approve by the API").await;
    let signed_in = client().post(format!("{desk}/session")).body(format!("access={token}"));
    let signed_in = signed_in.send().await.unwrap();
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap();
    let page = client().get(&desk).header("cookie", cookie).send().await.unwrap();
    let page = page.text().await.unwrap();
    let origin = desk.trim_end_matches("/desk");
    let call = format!("{origin}{}", between(&page, "class=\"\" method=\"post\" action=\"", "\""));
    let digest = between(&page, "name=\"digest\" value=\"", "\"");
    let form = format!("decision=approve&digest={digest}");
    demo.finished(client().post(call).header("cookie", cookie).body(form)).await;
}

#[tokio::test]
async fn invoice_of_the_demo_is_finished_by_the_page_of_the_mail() {
    let mut demo = Demo::start().await;
    let token = demo.line("as Ann Archer").await;
    let token = token.split_whitespace().last().unwrap().to_owned();
    let link = demo.line("  | http").await.replace("  | ", "");
    let page = client().get(&link).send().await.unwrap().text().await.unwrap();
    let digest = between(&page, "name=\"digest\" value=\"", "\"");
    let form = format!("decision=approve&digest={digest}&access={token}");
    demo.finished(client().post(link).body(form)).await;
}

#[tokio::test]
async fn invoice_of_the_demo_is_finished_by_the_printed_press_in_slack() {
    let mut demo = Demo::start().await;
    let line = demo.line("  curl -H 'x-slack").await;
    demo.finished(curl(&line)).await;
}

#[tokio::test]
async fn invoice_of_the_demo_is_finished_by_the_printed_line_of_the_api() {
    let mut demo = Demo::start().await;
    let line = demo.line("  curl -H 'authorization").await;
    demo.finished(curl(&line)).await;
}

struct Demo {
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
    _directory: TempDir,
}

impl Demo {
    async fn start() -> Self {
        let directory = TempDir::new().unwrap();
        let mut command = Command::new(program());
        // Nothing of this machine: neither a key of a real model nor an earlier invoice.
        command.env_clear().env("TMPDIR", directory.path()).env("HOLDPOINT_ADDR", "127.0.0.1:0");
        let child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn();
        let mut child = child.expect("the demo starts");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { lines, _child: child, _directory: directory }
    }

    /// The next line that begins so.
    async fn line(&mut self, beginning: &str) -> String {
        loop {
            let line = self.lines.next_line().await.unwrap().expect("the demo runs");
            if line.starts_with(beginning) {
                return line;
            }
        }
    }

    /// After this request the tool is called, and the job is completed.
    async fn finished(&mut self, request: RequestBuilder) {
        let response = request.send().await.unwrap();
        let status = response.status();
        assert!(status.is_success() || status.is_redirection(), "{status}");
        self.line("The tool is called, signed: {\"amount\":1250").await;
        self.line("A notice, signed: job.completed").await;
    }
}

/// The example that is built with the tests.
fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let program = tests.ancestors().nth(2).unwrap().join("examples/async_demo");
    let program = program.with_extension(std::env::consts::EXE_EXTENSION);
    assert!(program.exists(), "build it first: cargo build -p holdpoint-worker --examples");
    program
}

/// The request of a printed line, in which everything is in single quotes.
fn curl(line: &str) -> RequestBuilder {
    let url = line.split(' ').next_back().unwrap();
    let mut request = client().post(url);
    for header in line.split("-H '").skip(1) {
        let (name, value) = header.split('\'').next().unwrap().split_once(": ").unwrap();
        request = request.header(name, value);
    }
    request.body(between(line, "-d '", "'").to_owned())
}

/// What stands between the first `before` and the next `after`.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = &text[text.find(before).unwrap() + before.len()..];
    &rest[..rest.find(after).unwrap()]
}
