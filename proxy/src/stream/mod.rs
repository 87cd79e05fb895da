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
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::error::ProxyError;
use crate::wire::Wire;

pub(crate) use usage::{Account, Seen, Usage};

use place::Place;

pin_project! {
    /// The events of an upstream.
    pub(crate) struct Events {
        #[pin]
        inner: Body,
        #[pin]
        heartbeat: Sleep,
        #[pin]
        stopping: Option<WaitForCancellationFutureOwned>,
        wire: Wire,
        place: Place,
        last: Instant,
        is_over: bool,
        account: Account,
    }
}

impl Events {
    /// `stopping` is done when no stream may go on.
    pub(crate) fn new(
        inner: Body,
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
            last: Instant::now(),
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
            this.inner.set(Body::empty());
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
                *this.last = Instant::now();
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
                ready!(this.heartbeat.as_mut().poll(cx));
                let next = *this.last + HEARTBEAT;
                let is_due = next <= Instant::now();
                if is_due {
                    *this.last = Instant::now();
                }
                this.heartbeat.as_mut().reset(*this.last + HEARTBEAT);
                if is_due && this.place.is_between_events() {
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
        inner: Body,
        account: Account,
    }
}

impl Whole {
    pub(crate) fn new(inner: Body, account: Account) -> Self {
        Whole { inner, account }
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
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
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

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}

/// Fronts and browsers give up on a connection that is silent for a minute or so.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// No event: whoever reads the stream passes over it.
const COMMENT: &[u8] = b": waiting\n\n";
