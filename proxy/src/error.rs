//! Every way in which the proxy says no, with its status and its stable code.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;

/// Why a request was not answered by the model.
///
/// What the upstream said about it is in the log only; a message here is the proxy's own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The request comes from a page that is not allowed to call.
    #[error("the origin `{origin}` may not call this proxy; list it in HOLDPOINT_ALLOWED_ORIGINS")]
    OriginNotAllowed {
        /// The `Origin` header of the request.
        origin: String,
    },
    /// A request without an origin, at an address that other machines reach.
    #[error("a request without an Origin header is taken on a loopback address only")]
    OriginMissing,
    /// The body is not declared as JSON.
    #[error("expected the content type application/json")]
    ContentTypeUnsupported,
    /// The body is larger than the limit.
    #[error("expected a body of at most {max} bytes")]
    BodyTooLarge {
        /// `HOLDPOINT_MAX_BODY`.
        max: usize,
    },
    /// The body stopped before its end, or took too long.
    #[error("the request body did not arrive whole")]
    BodyIncomplete,
    /// The body is not a JSON object with a sound `model`.
    #[error("expected a JSON object: {reason}")]
    JsonInvalid {
        /// What the parser found.
        reason: String,
    },
    /// The model is not on the list, or not named.
    #[error("the model {model} is not allowed here")]
    ModelNotAllowed {
        /// The model in quotes, or `(none)`.
        model: String,
    },
    /// A wire format that this version does not forward.
    #[error("this proxy forwards /v1/responses only")]
    WireFormatUnavailable,
    /// No such path.
    #[error("there is nothing at this path")]
    RouteUnknown,
    /// The path is known, the method is not.
    #[error("this path does not take that method")]
    MethodNotAllowed,
    /// No connection to the upstream.
    #[error("the upstream cannot be reached; see HOLDPOINT_UPSTREAM and the proxy's log")]
    UpstreamUnreachable,
    /// The upstream took too long to begin its answer.
    #[error("the upstream did not answer in time")]
    UpstreamTimeout,
    /// The upstream answered with something that is no model's answer, such as a page.
    #[error("the upstream answered with neither events nor JSON; is HOLDPOINT_UPSTREAM right?")]
    UpstreamUnexpected,
    /// The upstream refused, by its status.
    #[error("{}", upstream_message(*status))]
    UpstreamRefused {
        /// The upstream's own status: 4xx or 5xx.
        status: StatusCode,
        /// When to try again, as the upstream said it.
        retry_after: Option<HeaderValue>,
    },
}

impl ProxyError {
    /// The stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            ProxyError::OriginNotAllowed { .. } => "origin_not_allowed",
            ProxyError::OriginMissing => "origin_missing",
            ProxyError::ContentTypeUnsupported => "content_type_unsupported",
            ProxyError::BodyTooLarge { .. } => "body_too_large",
            ProxyError::BodyIncomplete => "body_incomplete",
            ProxyError::JsonInvalid { .. } => "json_invalid",
            ProxyError::ModelNotAllowed { .. } => "model_not_allowed",
            ProxyError::WireFormatUnavailable => "wire_format_unavailable",
            ProxyError::RouteUnknown => "route_unknown",
            ProxyError::MethodNotAllowed => "method_not_allowed",
            ProxyError::UpstreamUnreachable => "upstream_unreachable",
            ProxyError::UpstreamTimeout => "upstream_timeout",
            ProxyError::UpstreamUnexpected => "upstream_unexpected",
            ProxyError::UpstreamRefused { status, .. } => match *status {
                StatusCode::UNAUTHORIZED => "upstream_unauthorized",
                StatusCode::FORBIDDEN => "upstream_forbidden",
                StatusCode::NOT_FOUND => "upstream_not_found",
                StatusCode::TOO_MANY_REQUESTS => "upstream_rate_limited",
                status if status.is_client_error() => "upstream_rejected",
                _ => "upstream_error",
            },
        }
    }

    /// The status that goes with the cause.
    pub fn status(&self) -> StatusCode {
        match self {
            ProxyError::OriginNotAllowed { .. }
            | ProxyError::OriginMissing
            | ProxyError::ModelNotAllowed { .. } => StatusCode::FORBIDDEN,
            ProxyError::ContentTypeUnsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ProxyError::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            ProxyError::BodyIncomplete => StatusCode::REQUEST_TIMEOUT,
            ProxyError::JsonInvalid { .. } => StatusCode::BAD_REQUEST,
            ProxyError::WireFormatUnavailable => StatusCode::NOT_IMPLEMENTED,
            ProxyError::RouteUnknown => StatusCode::NOT_FOUND,
            ProxyError::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            ProxyError::UpstreamUnreachable | ProxyError::UpstreamUnexpected => {
                StatusCode::BAD_GATEWAY
            }
            ProxyError::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
            ProxyError::UpstreamRefused { status, .. } => *status,
        }
    }
}

impl IntoResponse for ProxyError {
    fn into_response(self) -> Response<Body> {
        let error = serde_json::json!({ "code": self.code(), "message": self.to_string() });
        let body = serde_json::json!({ "error": error }).to_string();
        let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        let mut response = (self.status(), json, body).into_response();
        if let ProxyError::UpstreamRefused { retry_after: Some(when), .. } = self {
            response.headers_mut().insert(RETRY_AFTER, when);
        }
        response
    }
}

fn upstream_message(status: StatusCode) -> String {
    let what = match status {
        StatusCode::UNAUTHORIZED => "does not accept the proxy's key; see HOLDPOINT_UPSTREAM_KEY",
        StatusCode::FORBIDDEN => "forbids this to the owner of the proxy's key",
        StatusCode::NOT_FOUND => "does not know this model or path; see HOLDPOINT_UPSTREAM",
        StatusCode::TOO_MANY_REQUESTS => "is limiting the rate; try again later",
        status if status.is_client_error() => "refused the request; the proxy's log says why",
        _ => "failed; try again later",
    };
    format!("the upstream {what} ({})", status.as_u16())
}
