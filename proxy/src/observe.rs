//! What is known of each request afterwards: a line in the log, a count, and an id to find both by.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tracing::Instrument;
use tracing::field::Empty;
use uuid::Uuid;

use crate::error::{ProxyError, Refused};
use crate::metrics::Metrics;
use crate::wire::Wire;

/// What is kept of a request while it is answered.
pub(crate) struct Asked {
    start: Instant,
    id: HeaderValue,
    method: Method,
    uri: Uri,
}

impl Asked {
    pub(crate) fn new<B>(request: &Request<B>) -> Self {
        Asked {
            start: Instant::now(),
            id: request_id(request.headers()),
            method: request.method().clone(),
            uri: request.uri().clone(),
        }
    }
}

/// One line for each request, without its query, headers or body. A panic on the way to the answer
/// is a fault of our own, and ends no more than this request.
pub(crate) async fn observe(
    metrics: &Metrics,
    asked: Asked,
    answer: Pin<&mut impl Future<Output = Response>>,
) -> Response {
    let Asked { start, id, method, uri } = asked;
    let request_id = id.to_str().unwrap_or_default();
    let span = tracing::info_span!("request", request_id, caller = Empty);
    async {
        let answer = AssertUnwindSafe(answer).catch_unwind().await;
        let mut response = answer.unwrap_or_else(panicked);
        let (status, head_ms) = (response.status(), start.elapsed().as_secs_f64() * 1000.0);
        let code = response.extensions().get::<Refused>().map_or("ok", |refused| refused.0);
        let path = uri.path();
        let path = path.char_indices().nth(PATH_CHARS_MAX).map_or(path, |(end, _)| &path[..end]);
        let method = method.as_str();
        tracing::info!(method, path, status = status.as_u16(), code, head_ms, "answered");
        metrics.answered(route(path), status, code);
        response.headers_mut().insert(REQUEST_ID, id.clone());
        response
    }
    .instrument(span)
    .await
}

/// A fault of our own, for whoever asked; the log has the rest.
fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let text = cause.downcast_ref::<&str>().copied();
    let text = text.or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    tracing::error!(cause = text.unwrap_or("(unknown)"), "a request made the proxy panic");
    ProxyError::Internal.into_response()
}

/// The caller's own id where it is a plain one, so that its log and ours can be put together.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let is_plain = |value: &&HeaderValue| {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        (1..=ID_CHARS_MAX).contains(&value.len()) && value.as_bytes().iter().all(plain)
    };
    // Chance is asked of the system once: a process has its own, and numbers its requests.
    static PROCESS: LazyLock<Uuid> = LazyLock::new(Uuid::new_v4);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let new = || {
        let text = format!("{}-{:x}", PROCESS.simple(), COUNT.fetch_add(1, Ordering::Relaxed));
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("none"))
    };
    headers.get(REQUEST_ID).filter(is_plain).cloned().unwrap_or_else(new)
}

/// A label that takes few values, whatever is asked for.
fn route(path: &str) -> &'static str {
    let below = path.strip_prefix("/v1/").unwrap_or_default();
    let wire = Wire::ALL.into_iter().map(Wire::path).find(|path| *path == below);
    let own = ["/healthz", "/metrics", "/openapi.json"];
    wire.or_else(|| own.into_iter().find(|known| *known == path)).unwrap_or("other")
}

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const ID_CHARS_MAX: usize = 64;

const PATH_CHARS_MAX: usize = 200;
