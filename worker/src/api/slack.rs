//! Presses of buttons in Slack. Slack waits three seconds, so what takes longer is answered for
//! first and said to the person when it is done; what a person did is refused in words in Slack.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::Json;
use holdpoint_core::approval::Decision;
use holdpoint_core::json::{Digest, Map, read};
use holdpoint_core::run::Rejection;
use serde_json::Value;
use tokio::time::timeout;

use super::approvals::{decided, find};
use super::body;
use super::caller::approver;
use crate::channels::{Channel, STALE_S, Slack, escaped};
use crate::signature::Forged;
use crate::store::Post;
use crate::{ApiError, Shared, now};

pub(super) async fn interact(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (parts, body) = request.into_parts();
    let secret = shared.config.slack_secret.clone().ok_or(ApiError::SlackMissing)?;
    let body = body::read(body).await?;
    let now = now();
    let key = secret.verify(&parts.headers, now, &body).map_err(|forged| match forged {
        Forged::Stale => ApiError::TimestampStale,
        Forged::Invalid => ApiError::SignatureInvalid,
    })?;
    let press = Press::read(&body)?;
    // Twice as long as a signature is good, for it may be of the near future.
    if !shared.store.is_new(&key, now, now.saturating_add(2 * STALE_S * 1000)).await? {
        return Err(ApiError::Replayed);
    }
    let done = tokio::spawn(press.done(Arc::clone(&shared)));
    let _ = timeout(ANSWER, done).await;
    Ok(Json(Value::Object(Map::new())))
}

/// What was pressed, where, and by whom.
struct Press {
    user: String,
    team: String,
    wish: Wish,
    digest: Digest,
    /// The channel's name in the configuration.
    channel: String,
    call: String,
    place: String,
    ts: String,
    response_url: String,
}

#[derive(Clone, Copy)]
enum Wish {
    Approve,
    Deny,
    Open,
}

impl Press {
    fn read(body: &[u8]) -> Result<Self, ApiError> {
        let invalid = |what: &str| ApiError::RequestInvalid(["expected ", what].concat());
        let mut fields = form_urlencoded::parse(body);
        let payload = fields.find(|(name, _)| name == "payload").map(|(_, value)| value);
        let payload = payload.and_then(|text| read(&text).ok());
        let payload = payload.ok_or_else(|| invalid("a payload of Slack's, as JSON"))?;
        let text = |path: &str| {
            let text = payload.pointer(path).and_then(Value::as_str);
            text.map(str::to_owned).ok_or_else(|| invalid(&["a text at ", path].concat()))
        };
        if text("/type")? != "block_actions" {
            return Err(invalid("the press of a button, block_actions"));
        }
        let wish = match text("/actions/0/action_id")?.as_str() {
            "holdpoint_approve" => Wish::Approve,
            "holdpoint_deny" => Wish::Deny,
            "holdpoint_open" => Wish::Open,
            _ => return Err(invalid("a button of ours")),
        };
        let value = text("/actions/0/value")?;
        let mut parts = value.splitn(3, '|');
        let mut part = || parts.next().ok_or_else(|| invalid("a value of ours"));
        Ok(Self {
            digest: part()?.parse().map_err(|_| invalid("a digest"))?,
            channel: part()?.to_owned(),
            call: part()?.to_owned(),
            user: text("/user/id")?,
            team: text("/team/id").or_else(|_| text("/user/team_id")).unwrap_or_default(),
            wish,
            place: text("/container/channel_id")?,
            ts: text("/container/message_ts")?,
            response_url: text("/response_url")?,
        })
    }

    /// Does what was wished, and says to the person what did not go.
    async fn done(self, shared: Arc<Shared>) {
        let Some(Channel::Slack(slack)) = shared.config.channels.get(&self.channel) else {
            tracing::warn!(channel = self.channel, "a button of a channel that is not there");
            return;
        };
        let said = match self.carried_out(&shared, slack).await {
            Ok(said) => said,
            Err(error) => {
                tracing::info!(code = error.status().1, user = self.user, "refused in Slack");
                Some(self.refusal(&error))
            }
        };
        if let Some(text) = said {
            slack.whisper(&shared, &self.response_url, &text).await;
        }
    }

    async fn carried_out(
        &self,
        shared: &Shared,
        slack: &Slack,
    ) -> Result<Option<String>, ApiError> {
        let (kept, approval) = find(shared, &self.call).await?;
        let run = kept.run.id().clone();
        // One that was posted and could not be kept is known from here on.
        let post = Post {
            notice: String::new(),
            run: run.clone(),
            call: self.call.clone(),
            channel: self.channel.clone(),
            place: self.place.clone(),
            ts: self.ts.clone(),
            shown: String::new(),
        };
        shared.store.posted(&post).await?;
        let people = shared.config.approvers.iter();
        let of_team = [&self.team, "/", &self.user].concat();
        let mut people = people.filter(|(_, person)| {
            let slack = person.slack.as_ref();
            slack.is_some_and(|slack| *slack == self.user || *slack == of_team)
        });
        let name = people.next().map_or("", |(id, _)| id);
        let by = approver(shared, &kept.workflow, &kept.job.requester, name, "slack")?;
        let decision = match self.wish {
            Wish::Open => {
                let link = shared.links.of(&approval, name, now());
                return Ok(Some(format!("<{link}|Open it> to see all of it. This link is yours.")));
            }
            Wish::Approve => Decision::Approve { arguments: None, note: None },
            Wish::Deny => Decision::Deny { reason: None },
        };
        let result = decided(shared, kept, &self.call, decision, self.digest, by).await;
        // The outcome's own notice does this too; where there was none to come, nothing else would.
        if result.is_err()
            && let Err(failure) = slack.refresh(shared, &run).await
        {
            tracing::warn!(what = failure.what(), "a message in Slack is not up to date");
        }
        result.map(|_| None)
    }

    fn refusal(&self, error: &ApiError) -> String {
        let text = match error {
            ApiError::ApproverUnknown => {
                format!("You ({}) are no approver of this workflow.", self.user)
            }
            ApiError::DecidedAlready { outcome } => {
                let by = outcome.pointer("/decision/by/name").and_then(Value::as_str);
                let status = outcome["status"].as_str().unwrap_or_default();
                match by {
                    Some(by) => format!("Decided already: {status} by {by}."),
                    None => format!("It does not wait any more: {status}."),
                }
            }
            ApiError::Rejected(Rejection::DigestMismatch) => {
                "This has changed since it was shown. Nothing was decided; look again.".into()
            }
            error => format!("Nothing was decided: {error}."),
        };
        escaped(&text)
    }
}

/// Less than the three seconds that Slack waits.
const ANSWER: Duration = Duration::from_secs(2);
