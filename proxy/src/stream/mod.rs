//! An answer on its way down: the upstream's bytes as they come, and between events what the proxy
//! itself has to say.

mod place;
mod usage;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::ready;
use http_body::Frame;
use http_body_util::Either;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::error::ProxyError;
use crate::secret::Unspoken;
use crate::upstream::SILENCE_TIMEOUT;
use crate::wire::Wire;

pub(crate) use usage::{Account, Seen, Usage};

use place::Place;

pin_project! {
    /// The events of an upstream.
    pub(crate) struct Events {
        #[pin]
        inner: Unspoken,
        #[pin]
        heartbeat: Sleep,
        #[pin]
        stopping: Option<WaitForCancellationFutureOwned>,
        wire: Wire,
        place: Place,
        heard: Instant,
        is_over: bool,
        account: Account,
    }
}

impl Events {
    /// `stopping` is done when no stream may go on.
    pub(crate) fn new(
        inner: Unspoken,
        wire: Wire,
        account: Account,
        stopping: Option<WaitForCancellationFutureOwned>,
    ) -> Self {
        Events {
            inner,
            heartbeat: tokio::time::sleep(HEARTBEAT),
            stopping,
            wire,
            place: Place::default(),
            heard: Instant::now(),
            is_over: false,
            account,
        }
    }
}

impl http_body::Body for Events {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut this = self.project();
        if *this.is_over {
            return Poll::Ready(None);
        }
        // An event that is under way is let through to its end.
        if this.place.is_between_events()
            && let Some(stopping) = this.stopping.as_mut().as_pin_mut()
            && stopping.poll(cx).is_ready()
        {
            *this.is_over = true;
            this.inner.set(Unspoken::new(Either::Right(Body::empty()), None));
            let event = this.wire.terminal_event(&ProxyError::Stopping);
            return Poll::Ready(Some(Ok(Frame::data(event.into()))));
        }
        match this.inner.as_mut().poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                // What follows a body, trailers, is of the connection and does not pass.
                let Ok(bytes) = frame.into_data() else {
                    *this.is_over = true;
                    return Poll::Ready(None);
                };
                *this.heard = Instant::now();
                this.place.advance(&bytes);
                this.account.seen.events(&bytes);
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Poll::Ready(end) => {
                *this.is_over = true;
                if end.is_none() {
                    this.account.seen.end();
                }
                Poll::Ready(end)
            }
            Poll::Pending => loop {
                // The timer is not set again for each piece: it looks when it rings.
                ready!(this.heartbeat.as_mut().poll(cx));
                let silent_for = this.heard.elapsed();
                if silent_for >= SILENCE_TIMEOUT {
                    *this.is_over = true;
                    return Poll::Ready(Some(Err(axum::Error::new(ProxyError::UpstreamTimeout))));
                }
                let rings = silent_for.as_secs() / HEARTBEAT.as_secs();
                let next = HEARTBEAT * (rings as u32 + 1);
                this.heartbeat.as_mut().reset(*this.heard + next);
                if rings > 0 && this.place.is_between_events() {
                    return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(COMMENT)))));
                }
            },
        }
    }
}

pin_project! {
    /// An answer that comes whole.
    pub(crate) struct Whole {
        #[pin]
        inner: Unspoken,
        #[pin]
        silence: Sleep,
        heard: Instant,
        account: Account,
    }
}

impl Whole {
    pub(crate) fn new(inner: Unspoken, account: Account) -> Self {
        let silence = tokio::time::sleep(SILENCE_TIMEOUT);
        Whole { inner, silence, heard: Instant::now(), account }
    }
}

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut this = self.project();
        let Poll::Ready(frame) = this.inner.as_mut().poll_frame(cx) else {
            loop {
                ready!(this.silence.as_mut().poll(cx));
                if this.heard.elapsed() >= SILENCE_TIMEOUT {
                    return Poll::Ready(Some(Err(axum::Error::new(ProxyError::UpstreamTimeout))));
                }
                this.silence.as_mut().reset(*this.heard + SILENCE_TIMEOUT);
            }
        };
        *this.heard = Instant::now();
        if let Some(Ok(frame)) = &frame
            && let Some(bytes) = frame.data_ref()
        {
            this.account.seen.whole(bytes);
        }
        // A body of a known size is not asked again once it is there.
        if frame.is_none() || this.inner.is_end_stream() {
            this.account.seen.end();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}

/// Fronts and browsers give up on a connection that is silent for a minute or so.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// No event: whoever reads the stream passes over it.
const COMMENT: &[u8] = b": waiting\n\n";
