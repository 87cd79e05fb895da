//! `cargo xtask demo --async`: a worker on SQLite with a tool, a receiver of notices, a stand-in of
//! Slack and a mail server, and one invoice that waits for you. Stop it while the invoice waits, and
//! start it again: it still does.
#![expect(clippy::print_stdout, reason = "what it prints is what the person at the demo reads")]

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/worker/fakes.rs"]
mod fakes;

use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use fakes::{Asked, FakeSlack, Letter, Postbox, SLACK_SECRET, buttons, press, slack_signed};
use holdpoint_worker::store::StoreError;
use holdpoint_worker::{Config, OpenError, Signer, Worker};
use mailparse::MailHeaderMap;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The demo's own; a real one is made by chance and kept secret.
const SECRET: &str = "whsec_ZGVtbyBvZiBob2xkcG9pbnQsIG5vdCBzZWNyZXQ=";
const ANN: &str = "demo-token-of-ann-archer";
const ERP: &str = "demo-token-of-the-erp";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let addr = std::env::var("HOLDPOINT_ADDR").unwrap_or_else(|_| "127.0.0.1:8788".into());
    let listener = TcpListener::bind(&addr).await?;
    let addr = listener.local_addr()?;
    let beside = TcpListener::bind("127.0.0.1:0").await?;
    let slack = FakeSlack::start(now_s()).await;
    let postbox = Postbox::start().await;
    let file = include_str!("../demo/worker.toml")
        .replace("127.0.0.1:8789", &beside.local_addr()?.to_string())
        .replace("http://127.0.0.1:8790", &slack.base);
    let variable = |name: &str| match name {
        "HOLDPOINT_ADDR" => Some(addr.to_string()),
        "HOLDPOINT_SMTP_URL" => Some(format!("smtp://{}", postbox.addr)),
        _ => variable(name),
    };
    let worker = open(Config::parse(&file, variable)?).await?;

    let router =
        Router::new().route("/tools/transfer", post(transfer)).route("/notices", post(notice));
    tokio::spawn(holdpoint_proxy::serve(beside, router, std::future::pending()));
    let serving = tokio::spawn(async move {
        let stop = async {
            let _ = tokio::signal::ctrl_c().await;
        };
        worker.run(listener, stop).await
    });
    println!("To approve in the page, sign in at  http://{addr}/desk");
    println!("as Ann Archer, whose token is         {ANN}");
    println!("By mail, in Slack and by the API: see below. Jobs are in {}.", database().display());
    println!();
    tokio::spawn(show_others(slack, postbox, addr.to_string()));
    post_invoice(&format!("http://{addr}/v1/jobs")).await?;
    serving.await??;
    Ok(())
}

async fn post_invoice(url: &str) -> Result<(), Box<dyn std::error::Error>> {
    let body = json!({
        "workflow": "invoice",
        "input": { "amount": 1250, "supplier": "Alice" },
    });
    let client = holdpoint_proxy::http_client(&url.parse()?)?;
    let request = client.post(url).bearer_auth(ERP);
    let answer = request.body(body.to_string()).send().await?.text().await?;
    println!("An invoice came in: {answer}");
    Ok(())
}

async fn transfer(headers: HeaderMap, body: Bytes) -> String {
    let call: Value = serde_json::from_slice(&body).unwrap_or_default();
    let is_signed = Signer::new(SECRET).is_ok_and(|it| it.verify(&headers, &body).is_ok());
    let by = &call["approval"]["by"]["name"];
    println!("The tool is called, {}: {}", signed(is_signed), call["arguments"]);
    println!("  approved by {by}, key {:?}", headers.get("idempotency-key"));
    let arguments = &call["arguments"];
    json!({ "transferred": arguments["amount"], "recipient": arguments["recipient"] }).to_string()
}

async fn notice(headers: HeaderMap, body: Bytes) {
    let notice: Value = serde_json::from_slice(&body).unwrap_or_default();
    let is_signed = Signer::new(SECRET).is_ok_and(|it| it.verify(&headers, &body).is_ok());
    println!("A notice, {}: {}", signed(is_signed), notice["type"].as_str().unwrap_or_default());
    let data = &notice["data"];
    if let Some(url) = data["links"][0]["url"].as_str() {
        let approval = &data["approval"];
        let id = approval["id"].as_str().unwrap_or_default();
        let base = url.split("/approve/").next().unwrap_or_default();
        let body = json!({ "decision": "approve", "digest": approval["digest"] });
        println!("  To approve by the API:");
        println!(
            "  curl -H 'authorization: Bearer {ANN}' -d '{body}' {base}/v1/approvals/{id}/decision"
        );
    }
    if let Some(answer) = data["answer"].as_str() {
        println!("  {answer}");
    }
}

/// Shows what comes by mail and in Slack.
async fn show_others(mut slack: FakeSlack, mut postbox: Postbox, addr: String) {
    loop {
        tokio::select! {
            Some(asked) = slack.asked.recv() => show_message(&slack.base, &asked, &addr),
            Some(letter) = postbox.letters.recv() => show_letter(&letter),
            else => return,
        }
    }
}

fn show_message(base: &str, Asked { method, body, ts, .. }: &Asked, addr: &str) {
    println!("In Slack, by {method}: {}", body["text"].as_str().unwrap_or_default());
    for (action, value) in buttons(body) {
        if action != "holdpoint_approve" {
            continue;
        }
        let place = body["channel"].as_str().unwrap_or_default();
        let form = press(base, "U0ANN", (&action, &value), (place, ts));
        let headers = slack_signed(SLACK_SECRET, now_s(), &form);
        let headers = headers.map(|(name, value)| format!("-H '{name}: {value}' ")).concat();
        println!("  To press Approve there, within five minutes, since it is signed:");
        println!("  curl {headers}-d '{form}' http://{addr}/v1/slack/interactions");
    }
}

fn show_letter(letter: &Letter) {
    let Ok(mail) = mailparse::parse_mail(letter.text.as_bytes()) else { return };
    println!("A mail to {}:", letter.to);
    println!("  | {}", mail.headers.get_first_value("subject").unwrap_or_default());
    let plain = mail.subparts.first().and_then(|part| part.get_body().ok()).unwrap_or_default();
    for line in plain.lines().skip(1) {
        println!("  | {line}");
    }
}

fn now_s() -> u64 {
    UNIX_EPOCH.elapsed().unwrap_or_default().as_secs()
}

fn signed(is_signed: bool) -> &'static str {
    if is_signed { "signed" } else { "NOT signed" }
}

fn variable(name: &str) -> Option<String> {
    Some(match name {
        "HOLDPOINT_SLACK_SIGNING_SECRET" => SLACK_SECRET.to_owned(),
        "HOLDPOINT_SLACK_TOKEN" => "xoxb-of-the-demo".to_owned(),
        "HOLDPOINT_DATABASE_URL" => format!("sqlite://{}?mode=rwc", database().display()),
        "HOLDPOINT_SIGNING_SECRET" => SECRET.to_owned(),
        "HOLDPOINT_WORKER_TOKENS" => format!("ann={ANN},erp={ERP}"),
        _ => return std::env::var(name).ok(),
    })
}

/// Opens the worker. Jobs that a demo of another version left are of no use, and are begun anew.
async fn open(config: Config) -> Result<Worker, OpenError> {
    match Worker::open(config.clone()).await {
        Err(OpenError::Store(StoreError::Migrate(_))) => {
            for end in ["", "-wal", "-shm"] {
                let mut file = database().into_os_string();
                file.push(end);
                let _ = std::fs::remove_file(file);
            }
            println!("The jobs of another version of this demo are gone.");
            Worker::open(config).await
        }
        opened => opened,
    }
}

fn database() -> PathBuf {
    std::env::temp_dir().join("holdpoint-async-demo.db")
}
