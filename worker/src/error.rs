//! Why a request was refused: each cause with its status, its stable code and a sentence.

use axum::http::StatusCode;
use axum::http::header::WWW_AUTHENTICATE;
use axum::response::{IntoResponse, Json, Response};
use holdpoint_core::json::Fault;
use holdpoint_core::object;
use holdpoint_core::run::Rejection;
use serde_json::Value;

use crate::run::RunError;
use crate::store::StoreError;

/// A refusal. Nothing was changed by the request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// No token, or one that is not known.
    #[error("expected a known bearer token")]
    CallerUnknown,
    /// The signature is missing, or of another secret or body.
    #[error("the signature is not that of a known sender and this body")]
    SignatureInvalid,
    /// The signature is too old, or of the future.
    #[error("the signature's timestamp is more than five minutes off")]
    TimestampStale,
    /// The signed request came before.
    #[error("this request came before, and is not taken twice")]
    Replayed,
    /// There is no signing secret of Slack's.
    #[error("Slack is not set up here")]
    SlackMissing,
    /// No channel pushes.
    #[error("Web Push is not set up here")]
    PushMissing,
    /// The endpoint is not of a push service that is listed.
    #[error("expected the endpoint of a push service that this worker knows")]
    PushServiceUnknown,
    /// The caller has no such subscription.
    #[error("there is no such subscription")]
    SubscriptionUnknown,
    /// The body is too large.
    #[error("expected a body of at most {max} bytes")]
    BodyTooLarge {
        /// The most that is taken.
        max: usize,
    },
    /// The body did not arrive whole.
    #[error("the body did not arrive whole")]
    BodyIncomplete,
    /// The body is no JSON that two readers would read alike.
    #[error("{}{}: {}", .0.code, .0.path, .0.message)]
    JsonInvalid(Fault),
    /// The body, or the path, is not of the form of this route.
    #[error("{0}")]
    RequestInvalid(String),
    /// There is no such workflow, or not for this caller.
    #[error("there is no workflow {0:?}")]
    WorkflowUnknown(String),
    /// The input is not what the workflow takes.
    #[error("the input is not valid: {}", .0.join("; "))]
    SchemaViolation(Vec<String>),
    /// The key was used with another body.
    #[error("this idempotency key was used with another body")]
    IdempotencyMismatch,
    /// There is no such job, or not for this caller.
    #[error("there is no such job")]
    JobUnknown,
    /// There is no such approval, or not for this caller.
    #[error("there is no such approval")]
    ApprovalUnknown,
    /// The caller is no approver of the workflow, or of any.
    #[error("you are no approver here")]
    ApproverUnknown,
    /// The caller asked for the job, and may not decide about it.
    #[error("whoever asked for a job of this workflow may not decide about it")]
    RequesterMayNotDecide,
    /// Several people approve the same thing, so none of them may change it.
    #[error("a call that needs several approvals is approved as it was proposed, or denied")]
    ArgumentsShared,
    /// A page of another site sent it.
    #[error("pages of other sites may not do this")]
    OriginForeign,
    /// The link was not made here.
    #[error("this link is not valid")]
    LinkInvalid,
    /// The link is too old.
    #[error("this link is no longer valid")]
    LinkExpired,
    /// Someone decided already.
    #[error("this call was decided already")]
    DecidedAlready {
        /// The approval as it is now.
        outcome: Box<Value>,
    },
    /// The run does not take it.
    #[error("{0}")]
    Rejected(Rejection),
    /// What was handed over is no journal that can be trusted.
    #[error("the journal cannot be used: {0}")]
    JournalRefused(holdpoint_core::journal::JournalError),
    /// The workflow cannot carry this run on.
    #[error("the run cannot go on here: {}", .0.join("; "))]
    RunUnsuitable(Vec<String>),
    /// There is a run of that id already, and it is another one or someone else's.
    #[error("there is a run of that id already")]
    RunExists,
    /// The run was handed over to another worker.
    #[error("this run was handed over to another worker")]
    HandedOverElsewhere,
    /// The path is known, the method is not.
    #[error("this path does not take that method")]
    MethodNotAllowed,
    /// The store failed, or is not to be trusted.
    #[error("{message}")]
    Store {
        /// A stable code.
        code: &'static str,
        /// For the caller; the log says more.
        message: &'static str,
    },
}

impl ApiError {
    /// The status and the stable code.
    #[must_use]
    pub fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::CallerUnknown => (StatusCode::UNAUTHORIZED, "caller_unknown"),
            Self::SignatureInvalid => (StatusCode::UNAUTHORIZED, "signature_invalid"),
            Self::TimestampStale => (StatusCode::UNAUTHORIZED, "timestamp_stale"),
            Self::Replayed => (StatusCode::CONFLICT, "replayed"),
            Self::SlackMissing => (StatusCode::NOT_FOUND, "slack_missing"),
            Self::PushMissing => (StatusCode::NOT_FOUND, "push_missing"),
            Self::PushServiceUnknown => (StatusCode::UNPROCESSABLE_ENTITY, "push_service_unknown"),
            Self::SubscriptionUnknown => (StatusCode::NOT_FOUND, "subscription_unknown"),
            Self::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::BodyIncomplete => (StatusCode::BAD_REQUEST, "body_incomplete"),
            Self::JsonInvalid(_) => (StatusCode::BAD_REQUEST, "json_invalid"),
            Self::RequestInvalid(_) => (StatusCode::BAD_REQUEST, "request_invalid"),
            Self::WorkflowUnknown(_) => (StatusCode::NOT_FOUND, "unknown_workflow"),
            Self::SchemaViolation(_) => (StatusCode::UNPROCESSABLE_ENTITY, "schema_violation"),
            Self::IdempotencyMismatch => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch"),
            Self::JobUnknown => (StatusCode::NOT_FOUND, "job_unknown"),
            Self::ApprovalUnknown => (StatusCode::NOT_FOUND, "approval_unknown"),
            Self::ApproverUnknown => (StatusCode::FORBIDDEN, "approver_unknown"),
            Self::RequesterMayNotDecide => (StatusCode::FORBIDDEN, "requester_may_not_decide"),
            Self::ArgumentsShared => (StatusCode::UNPROCESSABLE_ENTITY, "arguments_shared"),
            Self::OriginForeign => (StatusCode::FORBIDDEN, "origin_foreign"),
            Self::LinkInvalid => (StatusCode::NOT_FOUND, "link_invalid"),
            Self::LinkExpired => (StatusCode::GONE, "link_expired"),
            Self::DecidedAlready { .. } => (StatusCode::CONFLICT, "decided_already"),
            Self::Rejected(rejection) => {
                let status = match rejection {
                    Rejection::Expired => StatusCode::GONE,
                    Rejection::InvalidArguments(_) | Rejection::Forbidden(_) => {
                        StatusCode::UNPROCESSABLE_ENTITY
                    }
                    _ => StatusCode::CONFLICT,
                };
                (status, rejection.code())
            }
            Self::JournalRefused(error) => (StatusCode::UNPROCESSABLE_ENTITY, error.code()),
            Self::RunUnsuitable(_) => (StatusCode::UNPROCESSABLE_ENTITY, "run_unsuitable"),
            Self::RunExists => (StatusCode::CONFLICT, "run_exists"),
            Self::HandedOverElsewhere => (StatusCode::CONFLICT, "handed_over_elsewhere"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::Store { code, .. } => (StatusCode::SERVICE_UNAVAILABLE, code),
        }
    }
}

/// What a response says no with, for whoever says it in another form.
#[derive(Clone)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, cause = ?std::error::Error::source(&error), "the store failed");
        match error {
            StoreError::Conflict => {
                Self::Store { code: "busy", message: "the run is changing; try again" }
            }
            StoreError::Altered { .. } => Self::Store {
                code: "journal_altered",
                message: "the record of this run is not to be trusted; nothing of it runs",
            },
            _ => Self::Store { code: "store_failed", message: "the store failed; try again" },
        }
    }
}

impl From<RunError> for ApiError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Rejected(rejection) => Self::Rejected(rejection),
            RunError::Store(error) => error.into(),
            RunError::Taken => Self::Store { code: "busy", message: "the run is changing" },
            RunError::Workflow(_) => Self::Store {
                code: "workflow_missing",
                message: "the workflow of this run is not configured any more",
            },
            RunError::Journal(ref journal) => {
                tracing::error!(%error, "a run cannot be read");
                Self::Store {
                    code: journal.code(),
                    message: "the record of this run is not to be trusted; nothing of it runs",
                }
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.status();
        let mut error = object! { "code": code, "message": self.to_string() };
        if let (Self::DecidedAlready { outcome }, Value::Object(fields)) = (&self, &mut error) {
            fields.insert("outcome".to_owned(), (**outcome).clone());
        }
        let mut response = (status, Json(object! { "error": error })).into_response();
        response.extensions_mut().insert(Refusal { code, message: self.to_string() });
        if status == StatusCode::UNAUTHORIZED {
            let value = axum::http::HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, value);
        }
        response
    }
}
