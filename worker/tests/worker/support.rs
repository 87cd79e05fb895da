//! A worker with all that is around it: a model, tools, a receiver of notices, callers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::routing::post;
use holdpoint_worker::{Config, Signer, Worker};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const SENDER_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// What a tool got to see of one call.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    pub(crate) tool: String,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Called {
    pub(crate) fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn key(&self) -> String {
        self.headers["idempotency-key"].to_str().unwrap().to_owned()
    }
}

/// Servers that the worker calls: tools, and a receiver of notices.
pub(crate) struct World {
    pub(crate) addr: SocketAddr,
    calls: Arc<Mutex<Vec<Called>>>,
    /// Each call as it comes, before it is answered.
    pub(crate) called: UnboundedReceiver<Called>,
    pub(crate) notices: UnboundedReceiver<(HeaderMap, Value)>,
    answers: Arc<Mutex<Answers>>,
}

/// How the servers answer.
#[derive(Default)]
struct Answers {
    /// By tool: the status of the next answers, in order.
    tools: BTreeMap<String, Vec<u16>>,
    notices: Vec<u16>,
    /// Notices that were refused; each is refused once.
    refused: BTreeSet<HeaderValue>,
}

#[derive(Clone)]
struct Servers {
    calls: Arc<Mutex<Vec<Called>>>,
    called: UnboundedSender<Called>,
    notices: UnboundedSender<(HeaderMap, Value)>,
    answers: Arc<Mutex<Answers>>,
}

impl World {
    pub(crate) async fn start() -> Self {
        let (called, on_call) = unbounded_channel();
        let (notices, on_notice) = unbounded_channel();
        let servers = Servers { calls: Arc::default(), called, notices, answers: Arc::default() };
        let (calls, answers) = (Arc::clone(&servers.calls), Arc::clone(&servers.answers));
        let router = Router::new()
            .route("/tools/{tool}", post(call_tool))
            .route("/notices", post(take_notice))
            .with_state(servers);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(holdpoint_proxy::serve(listener, router, std::future::pending()));
        Self { addr, calls, called: on_call, notices: on_notice, answers }
    }

    /// What the tool was called with so far.
    pub(crate) fn calls(&self, tool: &str) -> Vec<Called> {
        self.calls.lock().unwrap().iter().filter(|call| call.tool == tool).cloned().collect()
    }

    /// The next answers of a tool have these statuses; after them it succeeds.
    pub(crate) fn answer(&self, tool: &str, statuses: &[u16]) {
        let mut answers = self.answers.lock().unwrap();
        answers.tools.insert(tool.to_owned(), statuses.to_vec());
    }

    /// The next notices are refused with these statuses, each of them once.
    pub(crate) fn refuse_notices(&self, statuses: &[u16]) {
        self.answers.lock().unwrap().notices = statuses.to_vec();
    }

    /// The next notice of a kind; those before it are passed over.
    pub(crate) async fn notice(&mut self, kind: &str) -> Value {
        self.signed_notice(kind).await.1
    }

    pub(crate) async fn signed_notice(&mut self, kind: &str) -> (HeaderMap, Value) {
        loop {
            let (headers, body) = self.notices.recv().await.unwrap();
            if body["type"] == kind {
                return (headers, body);
            }
        }
    }
}

async fn call_tool(
    State(servers): State<Servers>,
    Path(tool): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let text = String::from_utf8(body.to_vec()).unwrap();
    let call = Called { tool: tool.clone(), headers, text };
    servers.calls.lock().unwrap().push(call.clone());
    let status = {
        let mut answers = servers.answers.lock().unwrap();
        let statuses = answers.tools.entry(tool.clone()).or_default();
        if statuses.is_empty() { 200 } else { statuses.remove(0) }
    };
    let arguments = call.body()["arguments"].clone();
    let _ = servers.called.send(call);
    let answer = match tool.as_str() {
        "check_balance" => json!({ "balance": 1000 }),
        _ => json!({ "transferred": arguments["amount"], "recipient": arguments["recipient"] }),
    };
    (StatusCode::from_u16(status).unwrap(), answer.to_string())
}

async fn take_notice(
    State(servers): State<Servers>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let status = {
        let mut answers = servers.answers.lock().unwrap();
        let is_new = !answers.notices.is_empty();
        if is_new && answers.refused.insert(headers["webhook-id"].clone()) {
            answers.notices.remove(0)
        } else {
            200
        }
    };
    let signer = Signer::new(SECRET).unwrap();
    let is_ours = signer.verify(&headers, &body).is_ok();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let _ = servers.notices.send((
        headers,
        json!({
            "type": body["type"], "data": body["data"], "signed": is_ours, "status": status,
        }),
    ));
    StatusCode::from_u16(status).unwrap()
}

/// The configuration of a worker in this world.
pub(crate) fn file(world: SocketAddr) -> String {
    FILE.replace("WORLD", &format!("http://{world}"))
}

pub(crate) fn variables(database: &str) -> Vec<(&'static str, String)> {
    vec![
        ("HOLDPOINT_ADDR", "127.0.0.1:0".into()),
        ("HOLDPOINT_UPSTREAM", "demo".into()),
        ("HOLDPOINT_DEMO_PACE", "0".into()),
        ("HOLDPOINT_DATABASE_URL", database.into()),
        ("HOLDPOINT_SIGNING_SECRET", SECRET.into()),
        ("HOLDPOINT_SLACK_SIGNING_SECRET", crate::fakes::SLACK_SECRET.into()),
        ("HOLDPOINT_SLACK_TOKEN", "xoxb-test".into()),
        ("HOLDPOINT_WEBHOOK_SECRETS", format!("shop={SENDER_SECRET}")),
        ("HOLDPOINT_WORKER_TOKENS", TOKENS.into()),
    ]
}

const TOKENS: &str = "ann=ann-token-0123456789,ben=ben-token-0123456789,\
eve=eve-token-0123456789,erp=erp-token-0123456789";

pub(crate) fn configured(file: &str, variables: &[(&str, String)]) -> Config {
    let read = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    };
    Config::parse(file, read).unwrap()
}

/// A worker in this process, with its world.
pub(crate) struct Bench {
    pub(crate) world: World,
    pub(crate) server: Server,
    pub(crate) database: String,
    pub(crate) config: Config,
    _directory: TempDir,
}

/// Where a worker can be asked.
pub(crate) struct Server {
    pub(crate) base: String,
    client: Client,
    stop: CancellationToken,
    done: Option<JoinHandle<()>>,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        Self::changed(|file| file).await
    }

    /// With the file changed.
    pub(crate) async fn changed(change: impl FnOnce(String) -> String) -> Self {
        Self::tuned(change, &[], |_| {}).await
    }

    /// With the file changed, more variables, and what was read of them changed.
    pub(crate) async fn tuned(
        change: impl FnOnce(String) -> String,
        more: &[(&'static str, String)],
        tune: impl FnOnce(&mut Config),
    ) -> Self {
        let directory = TempDir::new().unwrap();
        let database = format!("sqlite://{}?mode=rwc", directory.path().join("db").display());
        let world = World::start().await;
        let variables = [&variables(&database)[..], more].concat();
        let mut config = configured(&change(file(world.addr)), &variables);
        tune(&mut config);
        config.pauses = vec![std::time::Duration::from_millis(1); 9];
        let server = Server::start(config.clone()).await;
        Self { world, server, database, config, _directory: directory }
    }

    /// The worker's own tables.
    pub(crate) async fn pool(&self) -> sqlx::AnyPool {
        sqlx::AnyPool::connect(&self.database).await.unwrap()
    }

    /// The worker stops, as at a deploy, and another one starts on the same store.
    pub(crate) async fn restart(&mut self) {
        self.server.stop().await;
        self.server = Server::start(self.config.clone()).await;
    }

    /// A job for which the stand-in makes one transfer, and the approval that it comes to.
    pub(crate) async fn halted(&mut self, amount: u32) -> (String, Value) {
        let id = self.server.job(json!({ "amount": amount, "supplier": "Alice" })).await;
        let notice = self.world.notice("approval.requested").await;
        (id, notice["data"]["approval"].clone())
    }
}

impl Server {
    pub(crate) async fn start(config: Config) -> Self {
        let worker = Worker::open(config).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let signal = stop.clone().cancelled_owned();
        let done = tokio::spawn(async move { worker.run(listener, signal).await.unwrap() });
        Self { base, client: client(), stop, done: Some(done) }
    }

    /// One in another process.
    pub(crate) fn at(base: String) -> Self {
        Self { base, client: client(), stop: CancellationToken::new(), done: None }
    }

    pub(crate) async fn stop(&mut self) {
        self.stop.cancel();
        if let Some(done) = self.done.take() {
            done.await.unwrap();
        }
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post([&self.base, path].concat())
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get([&self.base, path].concat())
    }

    /// Sends a job that is expected to be taken.
    pub(crate) async fn job(&self, input: Value) -> String {
        let body = json!({ "workflow": "invoice", "input": input });
        let (status, body) = answer(self.post("/v1/jobs").bearer_auth(token("erp")), &body).await;
        assert_eq!(status, 202, "{body}");
        body["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn read(&self, path: &str, name: &str) -> Value {
        let response = self.get(path).bearer_auth(token(name)).send().await.unwrap();
        serde_json::from_str(&response.text().await.unwrap()).unwrap()
    }

    pub(crate) async fn decide(
        &self,
        approval: &Value,
        name: &str,
        decision: &str,
    ) -> (u16, Value) {
        let path = format!("/v1/approvals/{}/decision", approval["id"].as_str().unwrap());
        let body = json!({ "decision": decision, "digest": approval["digest"] });
        answer(self.post(&path).bearer_auth(token(name)), &body).await
    }
}

pub(crate) async fn answer(request: RequestBuilder, body: &Value) -> (u16, Value) {
    sent(request.header("content-type", "application/json").body(body.to_string())).await
}

pub(crate) async fn sent(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub(crate) fn token(name: &str) -> String {
    format!("{name}-token-0123456789")
}

pub(crate) fn client() -> Client {
    holdpoint_proxy::http_client(&"http://localhost".parse().unwrap()).unwrap()
}

const FILE: &str = r#"
[[approver]]
id = "ann"
name = "Ann Archer"

[[approver]]
id = "ben"

[[approver]]
id = "eve"

[[channel]]
name = "ops"
kind = "webhook"
url = "WORLD/notices"

[[workflow]]
name = "invoice"
model = "stand-in"
prompt = "Please transfer {amount} to {supplier}"
channels = ["ops"]
approvers = ["ann", "ben"]
requesters = ["erp", "shop", "ann"]
not_requester = true

[workflow.input_schema]
type = "object"
required = ["amount", "supplier"]
additionalProperties = false
properties.amount = { type = "number", exclusiveMinimum = 0 }
properties.supplier = { type = "string", pattern = "^\\p{L}+$" }

[[workflow.tool]]
name = "transfer"
description = "Sends money"
url = "WORLD/tools/transfer"

[workflow.tool.inputSchema]
type = "object"
required = ["amount", "recipient"]
additionalProperties = false
properties.amount = { type = "number", minimum = 1 }
properties.recipient = { type = "string" }

[[workflow.tool.approval]]
id = "large"
because = "the amount is 100 or more"
when.properties.amount.minimum = 100
when.required = ["amount"]
"#;
