//! How notices leave: each to its channel, at least once and with the same id each time, tried
//! again with growing pauses. A channel that is down holds nothing else up.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Channel;
use crate::store::Due;
use crate::{Shared, now};

/// Why a notice was not taken.
struct Failure {
    what: String,
    /// Whether trying again is of no use.
    is_final: bool,
    after: Option<Duration>,
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
        let sent = match self.config.channels.get(&notice.channel) {
            Some(Channel::Webhook { url, signer }) => {
                let body = &notice.body;
                match signer.sign(&notice.id, now(), body) {
                    Ok(headers) => self.post(url, headers, body).await,
                    Err(what) => Err(Failure { what: what.into(), is_final: true, after: None }),
                }
            }
            // It may be there again after the next start.
            None => Err(Failure {
                what: format!("there is no channel {}", notice.channel),
                is_final: false,
                after: None,
            }),
        };
        let kept = match sent {
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
        if let Err(error) = kept {
            tracing::error!(%error, id = notice.id, "what became of a notice is not saved");
        }
    }

    async fn post(
        &self,
        url: &reqwest::Url,
        headers: axum::http::HeaderMap,
        body: &str,
    ) -> Result<(), Failure> {
        let failure = |what: &str| Failure { what: what.to_owned(), is_final: false, after: None };
        let client = self.clients.of(url).ok_or_else(|| failure("there is no client"))?;
        let request = client
            .post(url.clone())
            .headers(headers)
            .header(CONTENT_TYPE, "application/json")
            .timeout(TIMEOUT.min(self.notice_lease()))
            .body(body.to_owned());
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_timeout() => return Err(failure("no answer in time")),
            Err(error) if error.is_connect() => return Err(failure("it cannot be reached")),
            Err(_) => return Err(failure("the connection broke")),
        };
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let after = response.headers().get("retry-after").and_then(|it| it.to_str().ok());
        let after = after.and_then(|it| it.parse().ok()).map(Duration::from_secs);
        // "Gone" is the receiver's word for: never again.
        let is_final = status.as_u16() == 410;
        Err(Failure { what: format!("status {}", status.as_u16()), is_final, after })
    }
}

/// Notices on their way at once.
const AT_ONCE: u32 = 32;

/// Another process may write at any time, and wakes nobody here.
const LOOK: Duration = Duration::from_secs(1);

const TIMEOUT: Duration = Duration::from_secs(20);
