//! Slack: a message with buttons, which later shows the outcome, whichever channel it came by.
//!
//! What was posted is kept, so that it can be brought up to date weeks later. A message that was
//! posted without being kept, since the process ended in between, is learnt of when someone presses
//! one of its buttons.

mod blocks;
mod signature;

pub(crate) use blocks::escaped;
pub(crate) use signature::STALE_S;
pub use signature::SlackSecret;

use axum::http::header::CONTENT_TYPE;
use holdpoint_core::id::RunId;
use holdpoint_core::json::read;
use reqwest::{RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::news::News;
use super::{Failure, call_of, reached, refused};
use crate::Shared;
use crate::store::{Due, Post};
use blocks::{Ask, message};

/// A channel of a workspace.
#[derive(Clone, Debug)]
pub struct Slack {
    /// Its name in the configuration.
    pub name: String,
    /// Slack's id of it.
    pub place: String,
    /// The bot's token.
    pub token: SecretString,
    /// Where Slack's methods are, with a `/` at the end.
    pub api: Url,
}

impl Slack {
    pub(super) async fn send(
        &self,
        shared: &Shared,
        notice: &Due,
        news: &Value,
    ) -> Result<(), Failure> {
        let kind = news["type"].as_str().unwrap_or_default();
        let call = call_of(news);
        let posts = shared.store.posts(&notice.run, &self.name).await?;
        let is_posted = posts.iter().any(|post| post.notice == notice.id);
        // An outcome is shown where the question was; where that is not there, it is news.
        let is_shown = matches!(kind, "approval.decided" | "approval.expired")
            && posts.iter().any(|post| Some(post.call.as_str()) == call);
        self.refresh(shared, &notice.run).await?;
        if is_posted || is_shown {
            return Ok(());
        }
        // The last of what may fail, unless it is kept: else a repeat would be posted again.
        self.post(shared, notice, news, &posts).await?;
        match call {
            // It may have been decided while it was posted.
            Some(_) => self.refresh(shared, &notice.run).await,
            None => Ok(()),
        }
    }

    async fn post(
        &self,
        shared: &Shared,
        notice: &Due,
        news: &Value,
        posts: &[Post],
    ) -> Result<(), Failure> {
        let call = call_of(news);
        let approval = shared.approval_now(news).await?;
        let mut body = self.shown(&News::with(news, approval.as_ref()), approval.as_ref());
        let shown = approval.as_ref().map(state).unwrap_or_default();
        body["channel"] = self.place.as_str().into();
        body["unfurl_links"] = false.into();
        body["unfurl_media"] = false.into();
        body["metadata"] =
            json!({ "event_type": "holdpoint_notice", "event_payload": { "id": notice.id } });
        // The end is told beside the question, and in the channel as well.
        if let (None, Some(first)) = (call, posts.first()) {
            body["thread_ts"] = first.ts.as_str().into();
            body["reply_broadcast"] = true.into();
        }
        let answer = self.call(shared, "chat.postMessage", &body).await?;
        let field = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        if let Some(call) = call {
            let post = Post {
                notice: notice.id.clone(),
                run: notice.run.clone(),
                call: call.to_owned(),
                channel: self.name.clone(),
                place: field("channel"),
                ts: field("ts"),
                shown,
            };
            shared.store.posted(&post).await?;
        }
        Ok(())
    }

    /// Brings what was posted about a run up to date.
    pub(crate) async fn refresh(&self, shared: &Shared, run: &RunId) -> Result<(), Failure> {
        for post in shared.store.posts(run, &self.name).await? {
            let Some((_, approval)) = shared.store.approval(&post.call).await? else { continue };
            let state = state(&approval);
            if post.shown == state {
                continue;
            }
            let mut body = self.shown(&News::of_approval("", &approval), Some(&approval));
            body["channel"] = post.place.as_str().into();
            body["ts"] = post.ts.as_str().into();
            match self.call(shared, "chat.update", &body).await {
                Ok(_) => {}
                // Someone deleted it, or Slack keeps it as it is: it stays so.
                Err(failure) if failure.is_final => {
                    tracing::warn!(what = failure.what, "a message in Slack stays as it is");
                }
                Err(failure) => return Err(failure),
            }
            shared.store.post_shows(&post, &state).await?;
        }
        Ok(())
    }

    /// The message, with buttons where it is of an approval.
    fn shown(&self, news: &News, approval: Option<&Value>) -> Value {
        let ask = approval.map(|approval| {
            let text = |name: &str| approval[name].as_str().unwrap_or_default();
            Ask { digest: text("digest"), channel: &self.name, call: text("id") }
        });
        let (text, blocks) = message(news, ask.as_ref());
        json!({ "text": text, "blocks": blocks })
    }

    /// Says something to whoever pressed a button, and to nobody else.
    pub(crate) async fn whisper(&self, shared: &Shared, url: &str, text: &str) {
        let body = json!({
            "response_type": "ephemeral", "replace_original": false, "text": text,
        });
        // INVARIANT: nothing is sent to a server that is not Slack's, whatever a payload names.
        let url = Url::parse(url).ok().filter(|url| {
            let is_ours = url.origin() == self.api.origin();
            is_ours || (url.scheme() == "https" && url.host_str() == Some("hooks.slack.com"))
        });
        let client = url.as_ref().and_then(|url| shared.clients.of(url));
        let (Some(url), Some(client)) = (url, client) else {
            tracing::warn!("an interaction names no address of Slack to answer at");
            return;
        };
        if let Err(failure) = sent(client.post(url), &body).await {
            tracing::warn!(what = failure.what, "an answer in Slack did not arrive");
        }
    }

    async fn call(&self, shared: &Shared, method: &str, body: &Value) -> Result<Value, Failure> {
        let url = self.api.join(method).map_err(|_| Failure::lasting("no such method"))?;
        let client = shared.clients.of(&url);
        let client = client.ok_or_else(|| Failure::passing("there is no client"))?;
        let request = client.post(url).bearer_auth(self.token.expose_secret());
        let answer = read(&sent(request, body).await?).unwrap_or_default();
        if answer["ok"] == true {
            return Ok(answer);
        }
        let code = answer["error"].as_str().unwrap_or("no answer of Slack's");
        let what = [method, ": ", code].concat();
        // Everything else can be set right, or passes by itself.
        Err(if LASTING.contains(&code) { Failure::lasting(what) } else { Failure::passing(what) })
    }
}

async fn sent(request: RequestBuilder, body: &Value) -> Result<String, Failure> {
    let request = request.header(CONTENT_TYPE, "application/json; charset=utf-8");
    let response = reached(request.body(body.to_string()).send().await)?;
    if !response.status().is_success() {
        return Err(refused(&response));
    }
    response.text().await.map_err(|_| Failure::passing("the answer broke off"))
}

/// What a message must show anew when it changes.
fn state(approval: &Value) -> String {
    ["status", "digest"].map(|name| approval[name].as_str().unwrap_or_default()).join("|")
}

/// What Slack says of a message that it will never take.
const LASTING: [&str; 7] = [
    "invalid_blocks",
    "invalid_arguments",
    "msg_too_long",
    "msg_blocks_too_long",
    "message_not_found",
    "cant_update_message",
    "edit_window_closed",
];
