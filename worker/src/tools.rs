//! Calls of tools that are servers: each with its key, a signature over its body, and the receipt
//! of the approval, so that the other side can verify consent by itself.

use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use futures_util::StreamExt;
use holdpoint_core::json::{canonical, digest_text, put};
use holdpoint_core::object;
use holdpoint_core::run::{Run, Slot, ToolOutcome};
use holdpoint_proxy::{AppError, http_client};
use reqwest::{Client, RequestBuilder, Url};
use serde_json::Value;

use crate::config::{Endpoint, Workflow};
use crate::now;
use crate::signature::Signer;
use crate::view::by;

/// A client for addresses with TLS and one for those without, each where one is needed: without
/// certificates of the system there is none with TLS.
#[derive(Clone, Default)]
pub(crate) struct Clients {
    plain: Option<Client>,
    safe: Option<Client>,
}

impl Clients {
    pub(crate) fn new<'a>(urls: impl Iterator<Item = &'a Url>) -> Result<Self, AppError> {
        let mut clients = Self::default();
        for url in urls {
            let client = if is_safe(url) { &mut clients.safe } else { &mut clients.plain };
            if client.is_none() {
                *client = Some(http_client(url)?);
            }
        }
        Ok(clients)
    }

    pub(crate) fn of(&self, url: &Url) -> Option<&Client> {
        if is_safe(url) { self.safe.as_ref() } else { self.plain.as_ref() }
    }
}

fn is_safe(url: &Url) -> bool {
    url.scheme() == "https"
}

/// One call to make.
pub(crate) struct Call<'a> {
    pub(crate) workflow: &'a Workflow,
    pub(crate) run: &'a Run,
    pub(crate) slot: &'a Slot,
    pub(crate) arguments: &'a Value,
    pub(crate) key: &'a str,
    pub(crate) attempt: u32,
    /// Who approved it, where one was not enough.
    pub(crate) approvals: Option<Value>,
}

impl Call<'_> {
    /// Makes it. What went wrong is an outcome.
    pub(crate) async fn make(&self, clients: &Clients) -> ToolOutcome {
        let name = &self.slot.action.tool;
        let missing = || ToolOutcome::Failed(format!("the tool {name} is not configured"));
        let Some(tool) = self.workflow.tools.get(name) else { return missing() };
        // Calling again does nothing more where the tool says so; where nothing was sent, neither.
        let repeatable = self.slot.action.annotations.repeatable();
        let mut waits = WAITS_MS.into_iter();
        loop {
            let sent = match &tool.at {
                Endpoint::Http { url, signer } => {
                    let Some(client) = clients.of(url) else { return missing() };
                    let body = canonical(&self.body());
                    self.send(client.post(url.clone()), signer, tool.timeout, &body).await
                }
                Endpoint::Mcp(server) => {
                    let mut about = self.body();
                    if let Value::Object(fields) = &mut about {
                        put(fields, "key", self.key.into());
                    }
                    server.call(clients, tool, self.arguments, about).await
                }
            };
            let (outcome, was_sent) = match sent {
                Ok(outcome) => return outcome,
                Err(error) => error,
            };
            let wait = waits.next().filter(|_| repeatable || !was_sent);
            let Some(wait) = wait else { return outcome };
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
    }

    /// What is sent; `approval` is null for a call that needed no one.
    fn body(&self) -> Value {
        let action = &self.slot.action;
        let approval = self.slot.permit.as_ref().map(|permit| {
            // The digest is of exactly this in canonical form, so whoever receives it can tell
            // that what was approved is what is called.
            let mut approval = object! {
                "decision": "approve",
                "digest": permit.digest,
                "action": action.record_with(self.run.id(), self.arguments),
                "at": permit.at,
                "by": by(&permit.by),
            };
            if let (Some(all), Value::Object(fields)) = (&self.approvals, &mut approval) {
                fields.insert("approvals".to_owned(), all.clone());
            }
            approval
        });
        object! {
            "workflow": self.workflow.name.as_str(),
            "run": self.run.id(),
            "call": &action.id,
            "attempt": self.attempt,
            "tool": action.tool.as_str(),
            "arguments": self.arguments.clone(),
            "approval": approval.unwrap_or(Value::Null),
        }
    }

    /// The outcome; or what to take for it if nothing better comes, and whether the request may
    /// have arrived.
    async fn send(
        &self,
        request: RequestBuilder,
        signer: &Signer,
        timeout: Duration,
        body: &str,
    ) -> Result<ToolOutcome, (ToolOutcome, bool)> {
        let failed = |message: &str| ToolOutcome::Failed(message.to_owned());
        let unknown = |message: String| (ToolOutcome::Unknown(message), true);
        let mut id = format!("call_{}", digest_text(self.key));
        id.truncate(37);
        let headers = match signer.sign(&id, now(), body) {
            Ok(headers) => headers,
            Err(message) => return Ok(failed(message)),
        };
        let request = request
            .headers(headers)
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", format!("\"{}\"", self.key))
            .timeout(timeout)
            .body(body.to_owned());
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_connect() => {
                return Err((failed("the tool cannot be reached"), false));
            }
            Err(error) if error.is_timeout() => {
                return Err(unknown("the tool did not answer in time".to_owned()));
            }
            Err(_) => return Err(unknown("the connection to the tool broke".to_owned())),
        };
        let status = response.status();
        let text = text(response).await.map_err(unknown)?;
        if status.is_success() {
            let result = if text.is_empty() {
                Value::Null
            } else {
                holdpoint_core::json::read(&text).unwrap_or(Value::String(text))
            };
            Ok(ToolOutcome::Succeeded(result))
        } else if status.is_server_error() {
            Err(unknown(format!("the tool failed with status {}", status.as_u16())))
        } else {
            // A refusal is an answer: nothing happened, and the model is told why.
            let said: String = text.chars().take(2000).collect();
            Ok(failed(&format!("the tool refused with status {}: {said}", status.as_u16())))
        }
    }
}

/// The body, as far as it is read: the journal keeps the beginning of a longer one.
async fn text(response: reqwest::Response) -> Result<String, String> {
    let mut bytes = Vec::new();
    let mut pieces = response.bytes_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| "the tool's answer broke off".to_owned())?;
        bytes.extend_from_slice(&piece);
        if bytes.len() > RESULT_BYTES_MAX {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

const RESULT_BYTES_MAX: usize = 1024 * 1024;

/// Before each further attempt of a call that may be made again.
const WAITS_MS: [u64; 4] = [200, 1_000, 3_000, 8_000];
