//! The other ends of the channels for people: a Slack that records what it is asked, and a server
//! that takes mail. The demo plays with the same ones.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac_sha256::HMAC;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

pub(crate) const SLACK_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// One request that Slack got.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The method's name, or `respond` for an answer to an interaction.
    pub(crate) method: String,
    /// The `authorization` that came with it.
    pub(crate) token: String,
    /// The message that it is about, or that it became.
    pub(crate) ts: String,
    pub(crate) body: Value,
}

/// A workspace.
pub(crate) struct FakeSlack {
    pub(crate) base: String,
    pub(crate) asked: UnboundedReceiver<Asked>,
    answers: Answers,
}

type Answers = Arc<Mutex<VecDeque<(u16, &'static str, Value)>>>;

#[derive(Clone)]
struct Workspace {
    asked: UnboundedSender<Asked>,
    answers: Answers,
    since_s: u64,
    messages: Arc<Mutex<u32>>,
}

impl FakeSlack {
    /// Messages are numbered from this second on.
    pub(crate) async fn start(since_s: u64) -> Self {
        let (sender, asked) = unbounded_channel();
        let answers = Answers::default();
        let messages = Arc::default();
        let workspace =
            Workspace { asked: sender, answers: Arc::clone(&answers), since_s, messages };
        let router = Router::new().route("/api/{method}", post(ask)).with_state(workspace);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(holdpoint_proxy::serve(listener, router, std::future::pending()));
        Self { base, asked, answers }
    }

    /// The next answer: its status, its `retry-after`, and what Slack says.
    pub(crate) fn answer(&self, status: u16, retry_after: &'static str, body: Value) {
        self.answers.lock().unwrap().push_back((status, retry_after, body));
    }

    /// The next request for a method; those before it are passed over.
    pub(crate) async fn next(&mut self, method: &str) -> Value {
        loop {
            let asked = self.asked.recv().await.unwrap();
            if asked.method == method {
                return asked.body;
            }
        }
    }
}

async fn ask(
    State(workspace): State<Workspace>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, String) {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let place = body["channel"].clone();
    let ts = match &body["ts"] {
        Value::String(ts) => ts.clone(),
        _ => {
            let mut messages = workspace.messages.lock().unwrap();
            *messages += 1;
            format!("{}.{:06}", workspace.since_s, *messages)
        }
    };
    let token = headers.get("authorization").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let (status, retry_after, answer) = workspace
        .answers
        .lock()
        .unwrap()
        .pop_front()
        .unwrap_or_else(|| (200, "", json!({ "ok": true, "channel": place, "ts": &ts })));
    let _ = workspace.asked.send(Asked { method, token: token.to_owned(), ts, body });
    let mut headers = HeaderMap::new();
    if !retry_after.is_empty() {
        headers.insert("retry-after", retry_after.parse().unwrap());
    }
    (StatusCode::from_u16(status).unwrap(), headers, answer.to_string())
}

/// The buttons of a message, each with its value.
pub(crate) fn buttons(message: &Value) -> Vec<(String, String)> {
    let blocks = message["blocks"].as_array().cloned().unwrap_or_default();
    let actions = blocks.iter().filter(|block| block["type"] == "actions");
    let buttons = actions.flat_map(|block| block["elements"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    buttons.map(|button| (text(&button["action_id"]), text(&button["value"]))).collect()
}

/// What Slack sends when someone presses a button of a message, which is a channel and a time: the
/// body of its form.
pub(crate) fn press(
    base: &str,
    user: &str,
    (action, value): (&str, &str),
    (place, ts): (&str, &str),
) -> String {
    let payload = json!({
        "type": "block_actions",
        "user": { "id": user, "team_id": "T1" },
        "team": { "id": "T1", "domain": "shop" },
        "container": { "type": "message", "channel_id": place, "message_ts": ts },
        "channel": { "id": place, "name": "payments" },
        "response_url": format!("{base}/api/respond"),
        "actions": [{ "type": "button", "block_id": "holdpoint", "action_id": action, "value": value }],
    });
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("payload", &payload.to_string()).finish()
}

/// Slack's signature of a body, as headers.
pub(crate) fn slack_signed(secret: &str, at_s: u64, body: &str) -> [(&'static str, String); 2] {
    let mac = HMAC::mac(format!("v0:{at_s}:{body}"), secret);
    let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    [("x-slack-request-timestamp", at_s.to_string()), ("x-slack-signature", format!("v0={hex}"))]
}

/// One mail as it came.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) to: String,
    pub(crate) text: String,
}

/// A server that takes mail.
pub(crate) struct Postbox {
    pub(crate) addr: SocketAddr,
    pub(crate) letters: UnboundedReceiver<Letter>,
    refusals: Arc<Mutex<VecDeque<&'static str>>>,
}

impl Postbox {
    pub(crate) async fn start() -> Self {
        let (sender, letters) = unbounded_channel();
        let refusals = Arc::<Mutex<VecDeque<&'static str>>>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let queue = Arc::clone(&refusals);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, sender.clone(), Arc::clone(&queue)));
            }
        });
        Self { addr, letters, refusals }
    }

    /// The next letters are refused at their end with these replies.
    pub(crate) fn refuse(&self, replies: &[&'static str]) {
        self.refusals.lock().unwrap().extend(replies);
    }
}

/// One conversation, as RFC 5321 has it. A refused letter is told of as well.
async fn take(
    mut stream: TcpStream,
    letters: UnboundedSender<Letter>,
    refusals: Arc<Mutex<VecDeque<&'static str>>>,
) -> std::io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 localhost\r\n").await?;
    let mut to = String::new();
    while let Some(line) = lines.next_line().await? {
        let verb = line.get(..4).unwrap_or_default().to_uppercase();
        let reply = match verb.as_str() {
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await?;
                let mut text = String::new();
                while let Some(line) = lines.next_line().await? {
                    if line == "." {
                        break;
                    }
                    text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    text.push_str("\r\n");
                }
                let _ = letters.send(Letter { to: std::mem::take(&mut to), text });
                refusals.lock().unwrap().pop_front().unwrap_or("250 taken")
            }
            "RCPT" => {
                let address = line.split(['<', '>']).nth(1).unwrap_or_default();
                address.clone_into(&mut to);
                "250 ok"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        writer.write_all([reply, "\r\n"].concat().as_bytes()).await?;
    }
    Ok(())
}
