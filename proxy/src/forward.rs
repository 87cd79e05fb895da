//! The route: what must hold for a request before it goes upstream.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, Response};
use http_body_util::LengthLimitError;
use serde::Deserialize;

use crate::config::Config;
use crate::error::ProxyError;
use crate::upstream::Upstream;

/// What the route needs to know.
#[derive(Clone)]
pub(crate) struct Forward {
    pub(crate) upstream: Upstream,
    pub(crate) models: Arc<[String]>,
    pub(crate) body_bytes_max: usize,
}

impl Forward {
    pub(crate) fn new(config: &Config, upstream: Upstream) -> Self {
        Forward {
            upstream,
            models: config.models.clone().into(),
            body_bytes_max: config.body_bytes_max,
        }
    }

    /// Looks at the body only as far as to know that it is an object, and which model it names.
    fn check_model(&self, body: &[u8]) -> Result<(), ProxyError> {
        let invalid = |reason: String| ProxyError::JsonInvalid { reason };
        // A struct may also be read from an array, so the brace is looked for.
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(invalid("found no opening brace".into()));
        }
        let head: Head =
            serde_json::from_slice(body).map_err(|error| invalid(error.to_string()))?;
        match head.model {
            _ if self.models.is_empty() => Ok(()),
            Some(model) if self.models.contains(&model) => Ok(()),
            model => {
                let shown =
                    |model: String| format!("{:?}", model.chars().take(100).collect::<String>());
                let model = model.map_or_else(|| "(none)".into(), shown);
                Err(ProxyError::ModelNotAllowed { model })
            }
        }
    }
}

/// The part of a request that concerns the proxy. Two `model` fields are an error here, where an
/// upstream might take the one that was not checked.
#[derive(Deserialize)]
struct Head {
    model: Option<String>,
}

/// `POST /v1/responses`.
pub(crate) async fn responses(
    State(forward): State<Forward>,
    request: Request,
) -> Result<Response<Body>, ProxyError> {
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        return Err(ProxyError::ContentTypeUnsupported);
    }
    let max = forward.body_bytes_max;
    if declared_bytes(&parts.headers).is_some_and(|declared| declared > max) {
        return Err(ProxyError::BodyTooLarge { max });
    }
    let body = match tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, max)).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) if is_too_large(&error) => return Err(ProxyError::BodyTooLarge { max }),
        _ => return Err(ProxyError::BodyIncomplete),
    };
    forward.check_model(&body)?;
    forward.upstream.ask("responses", &parts.headers, body).await
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

fn declared_bytes(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_too_large(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<LengthLimitError>())
}

/// A request that was begun must come to its end.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
