//! Approvals: listed, read, decided, settled. Every channel's decision ends here.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, Request, State};
use axum::http::HeaderMap;
use axum::response::Json;
use holdpoint_core::approval::{Approver, Decision, Settlement};
use holdpoint_core::id::CallId;
use holdpoint_core::json::{Digest, Map};
use holdpoint_core::object;
use holdpoint_core::plan::Note;
use holdpoint_core::run::{Input, Rejection};
use serde_json::Value;

use super::body;
use super::caller::{approver, caller, may_see};
use crate::quorum::is_among;
use crate::run::{Kept, RunError};
use crate::{ApiError, Shared};

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let name = caller(&shared, &headers)?;
    let query = query.unwrap_or_default();
    let mut fields = form_urlencoded::parse(query.as_bytes());
    let status = match (fields.next(), fields.next()) {
        (None, _) => "pending".into(),
        (Some((name, status)), None) if name == "status" => status,
        _ => return Err(ApiError::RequestInvalid("expected status alone, and once".into())),
    };
    if !STATUSES.contains(&&*status) {
        let expected = format!("expected status to be one of {}", STATUSES.join(", "));
        return Err(ApiError::RequestInvalid(expected));
    }
    let mut approvals = Vec::new();
    for workflow in shared.config.workflows.values() {
        if workflow.is_decided_by(name) {
            approvals.extend(shared.store.approvals(&workflow.name, &status, LISTED_MAX).await?);
        }
    }
    let mut whole = Vec::with_capacity(approvals.len());
    for approval in approvals {
        whole.push(shared.whole(approval).await?);
    }
    Ok(Json(object! { "approvals": whole }))
}

pub(super) async fn read(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let name = caller(&shared, &headers)?;
    let (kept, body) = find(&shared, &id).await?;
    if may_see(&shared, &kept.job.workflow, &kept.job.requester, name) {
        Ok(Json(body))
    } else {
        Err(ApiError::ApprovalUnknown)
    }
}

pub(super) async fn decide(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (parts, body) = request.into_parts();
    let name = caller(&shared, &parts.headers)?;
    let body = body::read(body).await?;
    let mut fields = body::fields(&body, &["decision", "digest", "args", "reason", "note"])?;
    let digest = digest(&fields)?;
    let args = fields.remove("args").filter(|args| !args.is_null());
    if args.as_ref().is_some_and(|args| !args.is_object()) {
        return Err(ApiError::RequestInvalid("expected args to be an object".into()));
    }
    let [note, reason] = [body::text(&fields, "note")?, body::text(&fields, "reason")?];
    let decision = match body::text(&fields, "decision")?.as_deref() {
        Some("approve") => Decision::Approve { note, arguments: args },
        Some("deny") => Decision::Deny { reason },
        _ => {
            let expected = "expected decision to be \"approve\" or \"deny\"";
            return Err(ApiError::RequestInvalid(expected.into()));
        }
    };
    let (kept, _) = find(&shared, &id).await?;
    let by = approver(&shared, &kept.workflow, &kept.job.requester, name, "api")?;
    decided(&shared, kept, &id, decision, digest, by).await.map(Json)
}

pub(super) async fn settle(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (parts, body) = request.into_parts();
    let name = caller(&shared, &parts.headers)?;
    let body = body::read(body).await?;
    let mut fields = body::fields(&body, &["outcome", "result"])?;
    let outcome = body::text(&fields, "outcome")?.unwrap_or_default();
    let settlement = settlement(&outcome, fields.remove("result")).ok_or_else(|| {
        let expected = "expected outcome to be \"happened\", \"did_not_happen\" or \"try_again\"";
        ApiError::RequestInvalid(expected.into())
    })?;
    let (kept, _) = find(&shared, &id).await?;
    let by = approver(&shared, &kept.workflow, &kept.job.requester, name, "api")?;
    settled(&shared, kept, &id, settlement, by).await.map(Json)
}

pub(super) async fn extend(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let name = caller(&shared, &headers)?;
    let (kept, _) = find(&shared, &id).await?;
    let by = approver(&shared, &kept.workflow, &kept.job.requester, name, "api")?;
    extended(&shared, kept, &id, by).await.map(Json)
}

/// What a word says of a call in doubt.
pub(super) fn settlement(word: &str, result: Option<Value>) -> Option<Settlement> {
    Some(match word {
        "happened" => Settlement::Happened { result },
        "did_not_happen" => Settlement::DidNotHappen,
        "try_again" => Settlement::TryAgain,
        _ => return None,
    })
}

/// Takes in what became of a call in doubt.
pub(super) async fn settled(
    shared: &Shared,
    kept: Kept,
    id: &str,
    settlement: Settlement,
    by: Approver,
) -> Result<Value, ApiError> {
    fed(shared, kept, id, Input::Settled { call: CallId::new(id), settlement, by }).await
}

/// Gives a call as much time again; one whose time is over is asked about anew.
pub(super) async fn extended(
    shared: &Shared,
    kept: Kept,
    id: &str,
    by: Approver,
) -> Result<Value, ApiError> {
    fed(shared, kept, id, Input::Extended { call: CallId::new(id), by }).await
}

async fn fed(shared: &Shared, mut kept: Kept, id: &str, input: Input) -> Result<Value, ApiError> {
    match shared.feed(&mut kept, &input).await {
        Ok(_) => find(shared, id).await.map(|(_, body)| body),
        Err(RunError::Rejected(Rejection::Stale | Rejection::DecidedAlready)) => {
            let outcome = find(shared, id).await?.1.into();
            Err(ApiError::DecidedAlready { outcome })
        }
        Err(error) => Err(error.into()),
    }
}

/// The run of an approval, and the approval as it is.
pub(super) async fn find(shared: &Shared, id: &str) -> Result<(Kept, Value), ApiError> {
    let (run, body) = shared.store.approval(id).await?.ok_or(ApiError::ApprovalUnknown)?;
    let kept = shared.read(&run).await?.ok_or(ApiError::ApprovalUnknown)?;
    Ok((kept, shared.whole(body).await?))
}

/// Takes a decision in. The first one wins; whoever repeats it is told its outcome, and so is
/// whoever comes later with another one, as a refusal.
pub(super) async fn decided(
    shared: &Shared,
    mut kept: Kept,
    id: &str,
    decision: Decision,
    digest: Digest,
    by: Approver,
) -> Result<Value, ApiError> {
    let word = match decision {
        Decision::Approve { .. } => "approve",
        Decision::Deny { .. } => "deny",
        Decision::Answer { .. } => "answer",
    };
    let who = by.clone();
    if let Decision::Approve { arguments: Some(_), .. } = decision
        && kept.run.find(&CallId::new(id)).is_some_and(|(_, it)| kept.workflow.quorum_of(it) > 1)
    {
        return Err(ApiError::ArgumentsShared);
    }
    let call = CallId::new(id);
    let input = Input::Decided { call: call.clone(), decision, digest, by };
    match shared.weigh(&mut kept, &input).await {
        Ok(()) => find(shared, id).await.map(|(_, body)| body),
        // A run that waits for its model again does not know that call any more; the list does.
        Err(RunError::Rejected(Rejection::DecidedAlready | Rejection::Stale)) => {
            let (_, body) = find(shared, id).await?;
            let first = body.get("decision");
            let is_same = first.is_some_and(|first| {
                let by = first.get("by").and_then(|by| by.get("id"));
                first.get("decision").is_some_and(|it| it == word)
                    && (by.is_some_and(|by| *by == who.id)
                        || word == "approve" && is_among(&body, &who))
            });
            if is_same { Ok(body) } else { Err(ApiError::DecidedAlready { outcome: body.into() }) }
        }
        Err(error) => {
            // What was shown cannot be approved any more, so it is asked about as it is now. Where
            // the tool does not take these arguments at all, saying no is all that is left.
            if let RunError::Rejected(Rejection::ToolChanged(_)) = error {
                let _ =
                    shared.feed(&mut kept, &Input::Refreshed { call, note: Note::default() }).await;
            }
            Err(error.into())
        }
    }
}

fn digest(fields: &Map<String, Value>) -> Result<Digest, ApiError> {
    let text = body::text(fields, "digest")?.unwrap_or_default();
    let expected = "expected digest to be that of the approval that was shown";
    text.parse().map_err(|_| ApiError::RequestInvalid(expected.into()))
}

const LISTED_MAX: u32 = 1000;

pub(crate) const STATUSES: [&str; 9] = [
    "pending",
    "lapsed",
    "in_doubt",
    "approved",
    "denied",
    "answered",
    "expired",
    "cancelled",
    "settled",
];
