//! How notices leave: each to its channel, at least once and with the same id each time, tried
//! again with growing pauses. A channel that is down holds nothing else up.
//!
//! [`deliver`] knows no channel; what one is, and how it is told, is behind [`Channel`].

mod mail;
mod news;
mod push;
mod slack;
mod webhook;

pub use mail::Mail;
pub use push::Push;
pub(crate) use slack::{STALE_S, escaped};
pub use slack::{Slack, SlackSecret};
pub use webhook::Webhook;

use std::slice;
use std::sync::Arc;
use std::time::Duration;

use holdpoint_core::json::read;
use reqwest::Url;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::store::{Due, OnlyIf, StoreError};
use crate::{Shared, now};

/// A way to tell.
#[derive(Clone, Debug)]
pub enum Channel {
    /// A signed request to another server.
    Webhook(Webhook),
    /// A message in Slack, with buttons.
    Slack(Slack),
    /// A mail to each approver.
    Mail(Mail),
    /// A notification of each approver's browsers.
    Push(Push),
}

impl Channel {
    /// Where it asks over HTTP, if it does.
    pub(crate) fn urls(&self) -> &[Url] {
        match self {
            Self::Webhook(webhook) => slice::from_ref(&webhook.url),
            Self::Slack(slack) => slice::from_ref(&slack.api),
            Self::Push(push) => &push.services,
            Self::Mail(_) => &[],
        }
    }

    /// Whether each person is told on their own.
    pub(crate) fn is_personal(&self) -> bool {
        matches!(self, Self::Mail(_) | Self::Push(_))
    }

    /// Hands a notice over, to one person where the channel is told person by person.
    async fn send(
        &self,
        shared: &Shared,
        notice: &Due,
        news: &Value,
        to: Option<&str>,
    ) -> Result<(), Failure> {
        match self {
            Self::Webhook(webhook) => webhook.send(&shared.clients, notice).await,
            Self::Slack(slack) => slack.send(shared, notice, news).await,
            Self::Mail(mail) => mail.send(&shared.config, notice, news, to).await,
            Self::Push(push) => push.send(shared, notice, news, to).await,
        }
    }
}

/// Why a notice was not taken.
pub(crate) struct Failure {
    what: String,
    /// Whether trying again is of no use.
    is_final: bool,
    after: Option<Duration>,
}

impl Failure {
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    fn passing(what: impl Into<String>) -> Self {
        Self { what: what.into(), is_final: false, after: None }
    }

    fn lasting(what: impl Into<String>) -> Self {
        Self { is_final: true, ..Self::passing(what) }
    }

    /// Of two ways that failed: whether any is worth another try, and not before both allow it.
    fn and(self, other: Self) -> Self {
        let (mut one, other) = if self.is_final { (other, self) } else { (self, other) };
        one.after = one.after.max(other.after);
        one
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed under a channel");
        Self::passing("the store failed")
    }
}

/// Sends what is to be sent until it is told to stop.
pub(crate) async fn deliver(shared: Arc<Shared>, stop: CancellationToken) {
    let mut sending = JoinSet::new();
    let lease_ms = shared.notice_lease().as_millis() as u64;
    while !stop.is_cancelled() {
        let free = AT_ONCE.saturating_sub(sending.len() as u32);
        let notices = match free {
            0 => Vec::new(),
            free => match shared.store.due_notices(now(), lease_ms, free).await {
                Ok(notices) => notices,
                Err(error) => {
                    tracing::error!(%error, "notices could not be read");
                    Vec::new()
                }
            },
        };
        let is_idle = notices.is_empty();
        for notice in notices {
            let shared = Arc::clone(&shared);
            sending.spawn(async move { shared.send(notice).await });
        }
        if !is_idle {
            continue;
        }
        tokio::select! {
            Some(_) = sending.join_next() => {}
            () = shared.mail.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => {}
        }
    }
    // What is on its way is waited for; what was not taken is in the store.
    while sending.join_next().await.is_some() {}
}

impl Shared {
    /// Whoever dies over a notice is replaced about as soon as whoever dies over a run.
    fn notice_lease(&self) -> Duration {
        2 * self.config.lease
    }

    async fn send(&self, notice: Due) {
        let news = read(&notice.body).unwrap_or_default();
        let sent = match self.is_wanted(&notice, &news).await {
            Ok(true) => {
                let sent =
                    timeout(PATIENCE.min(self.notice_lease()), self.hand_over(&notice, &news))
                        .await;
                sent.unwrap_or_else(|_| Err(Failure::passing("it took too long")))
            }
            Ok(false) => return self.saved(&notice, self.store.notice_dropped(&notice.id).await),
            Err(error) => Err(error.into()),
        };
        let saved = match sent {
            Ok(()) => self.store.notice_sent(&notice.id, now()).await,
            Err(failure) => {
                let Failure { what, is_final, after } = failure;
                tracing::warn!(channel = notice.channel, id = notice.id, what, "a notice failed");
                let pauses = &self.config.pauses;
                let pause = pauses.get(notice.attempts as usize).filter(|_| !is_final);
                let again = pause.map(|pause| (*pause).max(after.unwrap_or_default()));
                let again = again.map(|pause| now() + pause.as_millis() as u64);
                self.store.notice_failed(&notice.id, again, &what).await
            }
        };
        self.saved(&notice, saved);
    }

    fn saved(&self, notice: &Due, saved: Result<(), StoreError>) {
        if let Err(error) = saved {
            tracing::error!(%error, id = notice.id, "what became of a notice is not saved");
        }
    }

    /// Whether what a notice was written for is still so. A reminder is written with the call that
    /// it is about, and only here is it seen whether anyone must still be reminded.
    async fn is_wanted(&self, notice: &Due, news: &Value) -> Result<bool, StoreError> {
        match notice.only_if {
            OnlyIf::Always => Ok(true),
            OnlyIf::Pending => {
                let told = &news["data"]["approval"];
                let now = self.approval_now(news).await?;
                Ok(now.is_some_and(|now| {
                    now["status"] == "pending" && now["digest"] == told["digest"]
                }))
            }
            OnlyIf::Asked => self.store.was_asked(&notice.run, &notice.channel).await,
        }
    }

    /// The approval that a notice is about, as it is now.
    async fn approval_now(&self, news: &Value) -> Result<Option<Value>, StoreError> {
        let Some(call) = call_of(news) else { return Ok(None) };
        Ok(self.store.approval(call).await?.map(|(_, approval)| approval))
    }

    async fn hand_over(&self, notice: &Due, news: &Value) -> Result<(), Failure> {
        let (name, to) = match notice.channel.split_once('|') {
            Some((name, to)) => (name, Some(to)),
            None => (notice.channel.as_str(), None),
        };
        match self.config.channels.get(name) {
            Some(channel) => channel.send(self, notice, news, to).await,
            // It may be there again after the next start.
            None => Err(Failure::passing(["there is no channel ", name].concat())),
        }
    }
}

/// The call that a notice is about; none where it is of a whole job.
fn call_of(news: &Value) -> Option<&str> {
    news["data"]["approval"]["id"].as_str()
}

/// An answer over HTTP, or why there is none.
fn reached(sent: reqwest::Result<reqwest::Response>) -> Result<reqwest::Response, Failure> {
    sent.map_err(|error| {
        Failure::passing(if error.is_connect() {
            "it cannot be reached"
        } else {
            "the connection broke"
        })
    })
}

/// An answer that is a refusal.
fn refused(response: &reqwest::Response) -> Failure {
    let after = response.headers().get("retry-after").and_then(|it| it.to_str().ok());
    let after = after.and_then(|it| it.parse().ok()).map(Duration::from_secs);
    let what = ["status ", response.status().as_str()].concat();
    Failure { after, ..Failure::passing(what) }
}

/// Notices on their way at once.
const AT_ONCE: u32 = 32;

/// Another process may write at any time, and wakes nobody here.
const LOOK: Duration = Duration::from_secs(1);

/// For all of an attempt.
const PATIENCE: Duration = Duration::from_secs(20);
