//! The last guard of the key: an upstream that says it back is not let through.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use http_body::Frame;
use memchr::memmem::Finder;
use pin_project_lite::pin_project;
use secrecy::{ExposeSecret, SecretString};

use crate::client::Answer;

/// A secret that can be looked for.
#[derive(Clone)]
pub(crate) struct Secret(Arc<Finder<'static>>);

impl Secret {
    pub(crate) fn new(secret: &SecretString) -> Self {
        Secret(Arc::new(Finder::new(secret.expose_secret()).into_owned()))
    }

    pub(crate) fn is_in(&self, bytes: &[u8]) -> bool {
        self.0.find(bytes).is_some()
    }

    /// A text with something else in the secret's place.
    pub(crate) fn hidden(&self, text: &str) -> String {
        match str::from_utf8(self.0.needle()) {
            Ok(secret) => text.replace(secret, "[key]"),
            Err(_) => text.to_owned(),
        }
    }
}

pin_project! {
    /// A body that breaks off before it has said a secret whole, however it is cut into pieces.
    pub(crate) struct Unspoken {
        #[pin]
        inner: Answer,
        secret: Option<Secret>,
        tail: Vec<u8>,
    }
}

impl Unspoken {
    /// Lets everything through where there is no secret.
    pub(crate) fn new(inner: Answer, secret: Option<Secret>) -> Self {
        Unspoken { inner, secret, tail: Vec::new() }
    }
}

impl http_body::Body for Unspoken {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx)).map(|frame| frame.map_err(axum::Error::new));
        if let Some(Ok(frame)) = &frame
            && let Some(bytes) = frame.data_ref()
            && let Some(secret) = this.secret
            && says(secret, this.tail, bytes)
        {
            tracing::error!("the upstream says the proxy's key in its answer, which is cut off");
            return Poll::Ready(Some(Err(axum::Error::new(Said))));
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

/// Why a body broke off.
#[derive(Debug, thiserror::Error)]
#[error("the upstream's answer has the proxy's key in it")]
struct Said;

/// Whether the secret is in a piece, or in where it joins those before it. The tail is then moved
/// on: as many last bytes as could be the secret's beginning.
fn says(secret: &Secret, tail: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let overlap = secret.0.needle().len().saturating_sub(1);
    if !tail.is_empty() {
        let before = tail.len();
        tail.extend_from_slice(&bytes[..bytes.len().min(overlap)]);
        if secret.is_in(tail) {
            return true;
        }
        tail.truncate(before);
    }
    if secret.is_in(bytes) {
        return true;
    }
    tail.extend_from_slice(&bytes[bytes.len().saturating_sub(overlap)..]);
    let surplus = tail.len().saturating_sub(overlap);
    tail.drain(..surplus);
    false
}
