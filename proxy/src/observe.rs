//! What is known of each request afterwards: a line in the log, a count, and an id to find both by.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;
use tracing::field::Empty;
use uuid::Uuid;

use crate::error::{ProxyError, Refused};
use crate::metrics::Metrics;
use crate::wire::Wire;

/// One line for each request, without its query, headers or body.
pub(crate) async fn observe(
    State(metrics): State<Arc<Metrics>>,
    request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let id = request_id(request.headers());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let request_id = id.to_str().unwrap_or_default();
    let span = tracing::info_span!("request", request_id, caller = Empty);
    async {
        let mut response = next.run(request).await;
        let (status, head_ms) = (response.status(), start.elapsed().as_secs_f64() * 1000.0);
        let code = response.extensions().get::<Refused>().map_or("ok", |refused| refused.0);
        let path = path.char_indices().nth(PATH_CHARS_MAX).map_or(&*path, |(end, _)| &path[..end]);
        tracing::info!(%method, path, status = status.as_u16(), code, head_ms, "answered");
        metrics.answered(route(path), status, code);
        response.headers_mut().insert(REQUEST_ID, id.clone());
        response
    }
    .instrument(span)
    .await
}

/// A fault of our own, for whoever asked; the log has the rest.
pub(crate) fn panicked(cause: Box<dyn std::any::Any + Send>) -> Response {
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
