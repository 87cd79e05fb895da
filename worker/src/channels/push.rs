//! Web Push: a notice for the browsers of one approver, by the push services that they named.
//!
//! It says what waits and where, in sentences of ours and the operator's: no argument of the call, no
//! link that decides, and nothing that the model wrote, since it may be shown on a locked screen.

use std::time::Duration;

use axum::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use futures_util::future::join_all;
use holdpoint_core::json::{canonical, digest_text};
use holdpoint_core::object;
use reqwest::Url;
use serde_json::Value;

use super::news::News;
use super::{Failure, call_of, reached, refused};
use crate::push::Subscription;
use crate::store::Due;
use crate::text::beginning;
use crate::{Shared, now};

/// Browsers, by their push services.
#[derive(Clone, Debug)]
pub struct Push {
    /// Whom a service may turn to: `mailto:…` or `https:…`.
    pub contact: String,
    /// The services, with their subdomains; nothing is sent anywhere else.
    pub services: Vec<Url>,
}

/// What is sent, the same for all browsers but for the page.
struct Message<'a> {
    news: &'a News,
    run: &'a str,
    call: Option<&'a str>,
    ttl_s: u64,
}

/// What became of a message.
enum Told {
    Taken,
    Gone,
    Failed(Failure),
}

impl Push {
    /// Whether an endpoint is of one of the services.
    pub(crate) fn serves(&self, endpoint: &Url) -> bool {
        self.services.iter().any(|service| {
            let [host, known] = [endpoint, service].map(|url| url.host_str().unwrap_or_default());
            let is_below = || host.strip_suffix(known).is_some_and(|rest| rest.ends_with('.'));
            endpoint.scheme() == service.scheme()
                && endpoint.port_or_known_default() == service.port_or_known_default()
                && (host == known || is_below())
        })
    }

    pub(super) async fn send(
        &self,
        shared: &Shared,
        notice: &Due,
        news: &Value,
        to: Option<&str>,
    ) -> Result<(), Failure> {
        let who = to.unwrap_or_default();
        let browsers = shared.store.subscriptions(who).await?;
        if browsers.is_empty() {
            return Err(Failure::lasting(["no browser of ", who, " is subscribed"].concat()));
        }
        // As it is now: a question that comes late, or after its answer, must not ask any more.
        let approval = shared.approval_now(news).await?;
        let until = approval.as_ref().and_then(|approval| approval["expires"].as_u64());
        let left_s = until.map(|until| until.saturating_sub(now()) / 1000);
        let message = Message {
            news: &News::with(news, approval.as_ref()),
            run: notice.run.as_str(),
            call: call_of(news),
            ttl_s: left_s.unwrap_or(TTL_MAX_S).clamp(TTL_MIN_S, TTL_MAX_S),
        };
        let told = join_all(browsers.iter().map(|to| self.tell(shared, &message, to))).await;
        let mut failure: Option<Failure> = None;
        let mut is_taken = false;
        for (told, browser) in told.into_iter().zip(&browsers) {
            match told {
                Told::Taken => is_taken = true,
                Told::Gone => {
                    shared.store.unsubscribe(who, &browser.id()).await?;
                }
                Told::Failed(next) => {
                    tracing::warn!(who, what = next.what(), "a browser was not told");
                    failure = Some(match failure {
                        Some(failure) => failure.and(next),
                        None => next,
                    });
                }
            }
        }
        match failure {
            _ if is_taken => Ok(()),
            Some(failure) => Err(failure),
            None => Err(Failure::lasting(["every browser of ", who, " has unsubscribed"].concat())),
        }
    }

    async fn tell(&self, shared: &Shared, message: &Message<'_>, to: &Subscription) -> Told {
        let lasting = |what: &str| Told::Failed(Failure::lasting(what));
        // The list may be shorter than it was when this browser came.
        let endpoint = Url::parse(&to.endpoint).ok().filter(|url| self.serves(url));
        let Some(endpoint) = endpoint else { return lasting("its push service is not listed") };
        let Some(client) = shared.clients.of(&endpoint) else {
            return Told::Failed(Failure::passing("there is no client"));
        };
        let Some(sealed) = to.sealed(&message.payload(shared, to)) else {
            return lasting("its keys cannot be used");
        };
        let authorization = shared.vapid.authorization(&endpoint, &self.contact, now());
        let request = client
            .post(endpoint)
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_ENCODING, "aes128gcm")
            .header(CONTENT_TYPE, "application/octet-stream")
            .header("ttl", message.ttl_s)
            .header("urgency", if message.news.asks { "high" } else { "normal" })
            .header("topic", message.topic())
            .timeout(TIMEOUT)
            .body(sealed);
        let response = match reached(request.send().await) {
            Ok(response) => response,
            Err(failure) => return Told::Failed(failure),
        };
        match response.status().as_u16() {
            200..=299 => Told::Taken,
            404 | 410 => Told::Gone,
            429 | 500.. => Told::Failed(refused(&response)),
            // It will not like the same any better the next time.
            _ => Told::Failed(Failure { is_final: true, ..refused(&response) }),
        }
    }
}

impl Message<'_> {
    /// What it is about: of two about the same the newer one is kept, and shown.
    fn about(&self) -> &str {
        self.call.unwrap_or(self.run)
    }

    /// The same, as a service may know it: at most 32 characters that tell it nothing.
    fn topic(&self) -> String {
        let mut topic = digest_text(self.about()).to_string();
        topic.truncate(32);
        topic
    }

    fn payload(&self, shared: &Shared, to: &Subscription) -> String {
        let desk = || {
            let base = shared.config.public_url.as_str().trim_end_matches('/');
            [base, "/desk/jobs/", self.run].concat()
        };
        let mut body = self.news.lines.join(" ");
        if !body.is_empty() {
            body.push('\n');
        }
        body.push_str(&self.news.small);
        canonical(&object! {
            "holdpoint": object! {
                "title": shortened(&self.news.heading, TITLE_MAX),
                "body": shortened(&body, BODY_MAX),
                "tag": self.about(),
                "asks": self.news.asks,
                // Only a page knows how to go to a call.
                "call": self.call.filter(|_| to.page.is_some()).map_or(Value::Null, Value::from),
                "url": to.page.clone().unwrap_or_else(desk),
            },
        })
    }
}

fn shortened(text: &str, max: usize) -> String {
    match beginning(text, max) {
        (all, 0) => all.to_owned(),
        (start, _) => [start, "…"].concat(),
    }
}

/// As much as a notification shows. With a page's address it is less than the 3,993 bytes that every
/// service takes.
const TITLE_MAX: usize = 120;
const BODY_MAX: usize = 300;

/// For how long a service keeps it for a browser that is off: while it can be decided, and no longer
/// than the services keep anything, four weeks.
const TTL_MIN_S: u64 = 60;
const TTL_MAX_S: u64 = 28 * 24 * 60 * 60;

const TIMEOUT: Duration = Duration::from_secs(10);
