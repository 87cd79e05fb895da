//! Connections that wait for a request: half open, or kept for a next one. They are bounded, and
//! whoever has waited longest goes first, so that no number of silent sockets keeps a caller out
//! who has something to say.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio_util::sync::CancellationToken;

/// The queue of those that wait.
#[derive(Clone)]
pub(crate) struct Waiting {
    max: usize,
    queue: Arc<Mutex<Queue>>,
}

#[derive(Default)]
struct Queue {
    next: u64,
    /// Each by its turn, with what closes it.
    waiting: BTreeMap<u64, Arc<CancellationToken>>,
}

impl Waiting {
    pub(crate) fn new(max: usize) -> Self {
        Waiting { max, queue: Arc::default() }
    }

    /// Takes a new connection in, which is closed with all others when `aborted` is cancelled.
    pub(crate) fn enter(&self, aborted: &CancellationToken) -> Place {
        let closed = Arc::new(aborted.child_token());
        let turn = self.wait(Arc::clone(&closed));
        Place(Arc::new(Inner { waiting: self.clone(), closed, turn: Mutex::new(Some(turn)) }))
    }

    pub(crate) fn close_oldest(&self, count: usize) {
        let mut queue = self.lock();
        for _ in 0..count {
            if let Some((_, closed)) = queue.waiting.pop_first() {
                closed.cancel();
            }
        }
    }

    fn wait(&self, closed: Arc<CancellationToken>) -> u64 {
        let mut queue = self.lock();
        let turn = queue.next;
        queue.next += 1;
        queue.waiting.insert(turn, closed);
        if queue.waiting.len() > self.max
            && let Some((_, closed)) = queue.waiting.pop_first()
        {
            closed.cancel();
        }
        turn
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place in the queue, or out of it.
pub(crate) struct Place(Arc<Inner>);

struct Inner {
    waiting: Waiting,
    closed: Arc<CancellationToken>,
    turn: Mutex<Option<u64>>,
}

impl Place {
    /// Cancelled when the connection is to close.
    pub(crate) fn closed(&self) -> Arc<CancellationToken> {
        Arc::clone(&self.0.closed)
    }

    /// Leaves the queue until what is returned is dropped.
    pub(crate) fn busy(&self) -> Guard {
        self.0.leave();
        Guard(Arc::clone(&self.0))
    }
}

impl Inner {
    fn leave(&self) {
        if let Some(turn) = self.turn().take() {
            self.waiting.lock().waiting.remove(&turn);
        }
    }

    fn turn(&self) -> MutexGuard<'_, Option<u64>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.leave();
    }
}

/// A request being answered.
pub(crate) struct Guard(Arc<Inner>);

impl Guard {
    /// Binds the time until the next request to the end of an answer's body.
    pub(crate) fn with(self, body: Body) -> Busy {
        Busy { inner: body, guard: self }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        *self.0.turn() = Some(self.0.waiting.wait(Arc::clone(&self.0.closed)));
    }
}

pin_project! {
    /// The body of an answer.
    pub(crate) struct Busy {
        #[pin]
        inner: Body,
        guard: Guard,
    }
}

impl http_body::Body for Busy {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.project().inner.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_has_waited_longest_is_closed_first() {
        let (waiting, aborted) = (Waiting::new(2), CancellationToken::new());
        let [first, second, third] = [(); 3].map(|()| waiting.enter(&aborted));
        let closed = |places: [&Place; 3]| places.map(|place| place.closed().is_cancelled());
        assert_eq!(closed([&first, &second, &third]), [true, false, false]);
        let busy = second.busy();
        let fourth = waiting.enter(&aborted);
        assert_eq!(closed([&second, &third, &fourth]), [false; 3], "one is busy");
        drop(busy);
        assert_eq!(closed([&second, &third, &fourth]), [false, true, false], "it waits anew");
        drop((second, fourth));
        assert!(waiting.lock().waiting.is_empty(), "who has gone waits no more");
    }
}
