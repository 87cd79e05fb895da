//! The way to the model: through the proxy in this very process, so that the key, the upstream and
//! the stand-in are configured in one place. One question, one answer; whoever asks decides whether
//! to ask again.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST, RETRY_AFTER};
use axum::http::{HeaderMap, Request};
use futures_util::StreamExt;
use holdpoint_core::json::{canonical, read};
use holdpoint_core::message::{Finish, ModelRequest, ModelResponse};
use holdpoint_core::stream::{Api, Assembler, StreamError};
use holdpoint_proxy::{AppError, Callers, Config, Limits};
use tower::ServiceExt;

/// The model.
#[derive(Clone)]
pub(crate) struct Model(Router);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub(crate) struct ModelError {
    /// A stable code.
    pub(crate) code: String,
    /// What happened.
    pub(crate) message: String,
    /// The least time to wait, where whoever refused said one.
    pub(crate) after: Option<Duration>,
}

impl Model {
    /// The proxy as it is configured, for this process alone: what it asks of callers and how much
    /// it lets them is for callers.
    pub(crate) fn new(config: &Config) -> Result<Self, AppError> {
        let config = Config {
            callers: Callers::default(),
            allowed_origins: Vec::new(),
            models: Vec::new(),
            body_bytes_max: 16 * 1024 * 1024,
            limits: Limits {
                rate: None,
                address_rate: None,
                streams: None,
                address_streams: None,
                tokens_per_day: None,
            },
            serve: None,
            // Without callers a public address would ask for a page's origin.
            addr: ([127, 0, 0, 1], 0).into(),
            ..config.clone()
        };
        holdpoint_proxy::app(config).map(Self)
    }

    pub(crate) async fn ask(
        &self,
        api: Api,
        request: &ModelRequest,
    ) -> Result<ModelResponse, ModelError> {
        let failed = |code: &str, message: String| ModelError {
            code: code.to_owned(),
            message,
            after: None,
        };
        let body = canonical(&api.request(request));
        let request = Request::post(["/v1/", api.path()].concat())
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(body))
            .map_err(|error| failed("request_invalid", error.to_string()))?;
        let asked = tokio::time::timeout(ANSWER_TIMEOUT, self.answer(api, request)).await;
        let response = asked
            .unwrap_or_else(|_| Err(failed("model_timeout", "no answer in time".to_owned())))?;
        match &response.finish {
            // Some providers end the stream as they should to say that they are too busy.
            Finish::Failed { code, message } if is_passing(code) => {
                Err(failed(code, message.clone()))
            }
            _ => Ok(response),
        }
    }

    async fn answer(&self, api: Api, request: Request<Body>) -> Result<ModelResponse, ModelError> {
        let response = match self.0.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        if !parts.status.is_success() {
            let body = axum::body::to_bytes(body, 64 * 1024).await.unwrap_or_default();
            let body = read(&String::from_utf8_lossy(&body)).unwrap_or_default();
            let (code, message) = match StreamError::upstream(&body) {
                Some(StreamError::Upstream { code, message }) => (code, message),
                _ => ("upstream_error".to_owned(), format!("status {}", parts.status)),
            };
            return Err(ModelError { code, message, after: wait_asked_for(&parts.headers) });
        }
        let of_stream = |error: StreamError| ModelError {
            code: error.code().to_owned(),
            message: error.to_string(),
            after: None,
        };
        let mut answer = Assembler::new(api);
        let mut pieces = body.into_data_stream();
        while !answer.is_done() {
            match pieces.next().await {
                Some(Ok(piece)) => answer.push(&piece).map_err(of_stream)?,
                _ => break,
            };
        }
        answer.finish().map_err(of_stream)
    }
}

fn wait_asked_for(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// Whether a provider's own word for an error promises that asking again may help.
fn is_passing(code: &str) -> bool {
    ["overloaded", "rate_limit", "server_error", "api_error", "timeout", "unavailable"]
        .iter()
        .any(|word| code.contains(word))
}

/// Longer than any model thinks.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15 * 60);
