//! Every way in which the proxy says no, with its status and its stable code.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
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
    /// A request without an origin, where anyone may call and other machines can.
    #[error("a request without an Origin header is taken on a loopback address only")]
    OriginMissing,
    /// The browser says that this is no script's request to an API, or that of a strange page.
    #[error("a browser may call this proxy by a script of an allowed page only")]
    FetchForbidden,
    /// The caller has no token, or one that is not valid.
    #[error("expected a valid token: {reason}")]
    CallerUnknown {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The keys that tokens are checked against cannot be had.
    #[error("the issuer's keys cannot be had, so no token can be checked; try again later")]
    KeysUnavailable,
    /// The caller or its address has asked too often.
    #[error("too many requests; try again in {retry_after_s} s")]
    RateLimited {
        /// When the next request is taken.
        retry_after_s: u64,
    },
    /// The caller or its address has too many answers under way.
    #[error("too many answers are under way already; try again when one has ended")]
    TooManyStreams,
    /// The caller has used what it may use in a day.
    #[error("the tokens of today are used up; try again in {retry_after_s} s")]
    BudgetSpent {
        /// When the next day begins.
        retry_after_s: u64,
    },
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
    /// The body is not one JSON object.
    #[error("expected a JSON object: {reason}")]
    JsonInvalid {
        /// What the parser found.
        reason: String,
    },
    /// Braces within braces.
    #[error("expected JSON of at most {max} levels")]
    JsonTooDeep {
        /// The deepest that is taken.
        max: usize,
    },
    /// A field that no request of this route has.
    #[error("the field {field} is not known here; HOLDPOINT_EXTRA_FIELDS can let it pass")]
    FieldUnknown {
        /// Its name in quotes.
        field: String,
    },
    /// A field with a value of another type.
    #[error("expected the field `{field}` to be {expected}")]
    FieldInvalid {
        /// Its name.
        field: String,
        /// The types that fit.
        expected: String,
    },
    /// The model is not on the list, or not named.
    #[error("the model {model} is not allowed here")]
    ModelNotAllowed {
        /// The model in quotes, or `(none)`.
        model: String,
    },
    /// No such path.
    #[error("there is nothing at this path")]
    RouteUnknown,
    /// The path is known, the method is not.
    #[error("this path does not take that method")]
    MethodNotAllowed,
    /// A fault of the proxy's own.
    #[error("the proxy failed; its log says where")]
    Internal,
    /// The proxy is told to stop.
    #[error("the proxy is stopping; try again")]
    Stopping,
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
    /// Every code that there is.
    pub(crate) const CODES: [&str; 29] = [
        "origin_not_allowed",
        "origin_missing",
        "fetch_forbidden",
        "caller_unknown",
        "keys_unavailable",
        "rate_limited",
        "too_many_streams",
        "budget_spent",
        "content_type_unsupported",
        "body_too_large",
        "body_incomplete",
        "json_invalid",
        "json_too_deep",
        "field_unknown",
        "field_invalid",
        "model_not_allowed",
        "route_unknown",
        "method_not_allowed",
        "internal",
        "stopping",
        "upstream_unreachable",
        "upstream_timeout",
        "upstream_unexpected",
        "upstream_unauthorized",
        "upstream_forbidden",
        "upstream_not_found",
        "upstream_rate_limited",
        "upstream_rejected",
        "upstream_error",
    ];

    /// The stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            ProxyError::OriginNotAllowed { .. } => "origin_not_allowed",
            ProxyError::OriginMissing => "origin_missing",
            ProxyError::FetchForbidden => "fetch_forbidden",
            ProxyError::CallerUnknown { .. } => "caller_unknown",
            ProxyError::KeysUnavailable => "keys_unavailable",
            ProxyError::RateLimited { .. } => "rate_limited",
            ProxyError::TooManyStreams => "too_many_streams",
            ProxyError::BudgetSpent { .. } => "budget_spent",
            ProxyError::ContentTypeUnsupported => "content_type_unsupported",
            ProxyError::BodyTooLarge { .. } => "body_too_large",
            ProxyError::BodyIncomplete => "body_incomplete",
            ProxyError::JsonInvalid { .. } => "json_invalid",
            ProxyError::JsonTooDeep { .. } => "json_too_deep",
            ProxyError::FieldUnknown { .. } => "field_unknown",
            ProxyError::FieldInvalid { .. } => "field_invalid",
            ProxyError::ModelNotAllowed { .. } => "model_not_allowed",
            ProxyError::RouteUnknown => "route_unknown",
            ProxyError::MethodNotAllowed => "method_not_allowed",
            ProxyError::Internal => "internal",
            ProxyError::Stopping => "stopping",
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
            | ProxyError::FetchForbidden
            | ProxyError::ModelNotAllowed { .. } => StatusCode::FORBIDDEN,
            ProxyError::CallerUnknown { .. } => StatusCode::UNAUTHORIZED,
            ProxyError::RateLimited { .. }
            | ProxyError::TooManyStreams
            | ProxyError::BudgetSpent { .. } => StatusCode::TOO_MANY_REQUESTS,
            ProxyError::ContentTypeUnsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ProxyError::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            ProxyError::BodyIncomplete => StatusCode::REQUEST_TIMEOUT,
            ProxyError::JsonInvalid { .. }
            | ProxyError::JsonTooDeep { .. }
            | ProxyError::FieldUnknown { .. }
            | ProxyError::FieldInvalid { .. } => StatusCode::BAD_REQUEST,
            ProxyError::RouteUnknown => StatusCode::NOT_FOUND,
            ProxyError::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            ProxyError::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            ProxyError::KeysUnavailable | ProxyError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            ProxyError::UpstreamUnreachable | ProxyError::UpstreamUnexpected => {
                StatusCode::BAD_GATEWAY
            }
            ProxyError::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
            ProxyError::UpstreamRefused { status, .. } => *status,
        }
    }

    /// The kind of error, in the words that the clients of OpenAI and Anthropic share.
    pub(crate) fn kind(&self) -> &'static str {
        match self.status() {
            StatusCode::UNAUTHORIZED => "authentication_error",
            StatusCode::FORBIDDEN => "permission_error",
            StatusCode::NOT_FOUND => "not_found_error",
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => "timeout_error",
            status if status.is_client_error() => "invalid_request_error",
            status if matches!(status.as_u16(), 503 | 529) => "overloaded_error",
            _ => "api_error",
        }
    }

    fn retry_after(&self) -> Option<HeaderValue> {
        match self {
            ProxyError::RateLimited { retry_after_s }
            | ProxyError::BudgetSpent { retry_after_s } => Some((*retry_after_s).into()),
            ProxyError::TooManyStreams | ProxyError::KeysUnavailable => Some(1.into()),
            ProxyError::UpstreamRefused { retry_after, .. } => retry_after.clone(),
            _ => None,
        }
    }
}

impl IntoResponse for ProxyError {
    fn into_response(self) -> Response<Body> {
        let (code, kind, message) = (self.code(), self.kind(), self.to_string());
        let error = serde_json::json!({ "type": kind, "code": code, "message": message });
        let body = serde_json::json!({ "error": error }).to_string();
        let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        let mut response = (self.status(), json, body).into_response();
        let headers = response.headers_mut();
        if let Some(when) = self.retry_after() {
            headers.insert(RETRY_AFTER, when);
        }
        if matches!(self, ProxyError::CallerUnknown { .. }) {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // The log and the metrics tell the causes apart by this.
        response.extensions_mut().insert(Refused(code));
        response
    }
}

/// The code of an error, beside the response that carries it.
#[derive(Clone, Copy)]
pub(crate) struct Refused(pub(crate) &'static str);

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
