//! `cargo xtask demo --async`: a worker on SQLite with a tool and a receiver of notices, and one
//! invoice that waits for you. Stop it while the invoice waits, and start it again: it still does.
#![expect(clippy::print_stdout, reason = "what it prints is what the person at the demo reads")]

use std::path::PathBuf;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use holdpoint_worker::{Config, Signer, Worker};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The demo's own; a real one is made by chance and kept secret.
const SECRET: &str = "whsec_ZGVtbyBvZiBob2xkcG9pbnQsIG5vdCBzZWNyZXQ=";
const TOKENS: &str = "ann=demo-token-of-ann-archer,erp=demo-token-of-the-erp";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let addr = std::env::var("HOLDPOINT_ADDR").unwrap_or_else(|_| "127.0.0.1:8788".into());
    let listener = TcpListener::bind(&addr).await?;
    let addr = listener.local_addr()?;
    let beside = TcpListener::bind("127.0.0.1:0").await?;
    let file = include_str!("../demo/worker.toml")
        .replace("127.0.0.1:8789", &beside.local_addr()?.to_string());
    let worker =
        Worker::open(Config::parse(&file, |name| variable(name, &addr.to_string()))?).await?;

    let router =
        Router::new().route("/tools/transfer", post(transfer)).route("/notices", post(notice));
    tokio::spawn(holdpoint_proxy::serve(beside, router, std::future::pending()));
    let serving = tokio::spawn(async move {
        let stop = async {
            let _ = tokio::signal::ctrl_c().await;
        };
        worker.run(listener, stop).await
    });
    println!("The worker runs at http://{addr}/ and keeps its jobs in {}.", database().display());
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
    let request = client.post(url).bearer_auth("demo-token-of-the-erp");
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
        println!("  To decide in a page (the token is demo-token-of-ann-archer):\n  {url}");
        let approval = &data["approval"];
        let (id, digest) = (&approval["id"], &approval["digest"]);
        let base = url.split("/approve/").next().unwrap_or_default();
        println!("  Or at the command line:");
        println!("  curl -H 'authorization: Bearer demo-token-of-ann-archer' \\");
        println!("    -d '{{\"decision\":\"approve\",\"digest\":{digest}}}' \\");
        println!("    {base}/v1/approvals/{}/decision", id.as_str().unwrap_or_default());
    }
    if let Some(answer) = data["answer"].as_str() {
        println!("  {answer}");
    }
}

fn signed(is_signed: bool) -> &'static str {
    if is_signed { "signed" } else { "NOT signed" }
}

fn variable(name: &str, addr: &str) -> Option<String> {
    Some(match name {
        "HOLDPOINT_ADDR" => addr.to_owned(),
        "HOLDPOINT_DATABASE_URL" => format!("sqlite://{}?mode=rwc", database().display()),
        "HOLDPOINT_SIGNING_SECRET" => SECRET.to_owned(),
        "HOLDPOINT_WORKER_TOKENS" => TOKENS.to_owned(),
        _ => return std::env::var(name).ok(),
    })
}

fn database() -> PathBuf {
    std::env::temp_dir().join("holdpoint-async-demo.db")
}
