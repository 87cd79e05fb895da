//! Pages for a person without the widget: what waits for them, all jobs that they may see, and what
//! happened in each. No script runs in them.
//!
//! Whoever signs in with their token gets a cookie that says who they are and until when, and no
//! more; it goes with requests of these pages alone.

mod html;
mod session;
mod timeline;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use holdpoint_core::approval::Decision;
use holdpoint_core::id::RunId;
use serde_json::Value;

use super::approvals::{decided, find};
use super::body;
use super::caller::{approver, may_see, of_token};
use super::page::Form;
use crate::{ApiError, Shared};
use html::Html;

/// The pages, below `/desk`; `/` leads there where nothing else is served.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new()
        .route("/desk", get(desk))
        .route("/desk/style.css", get(async || ([(CONTENT_TYPE, "text/css")], STYLE)))
        .route("/desk/session", post(sign_in))
        .route("/desk/leave", post(sign_out))
        .route("/desk/jobs/{id}", get(job))
        .route("/desk/approvals/{id}", post(decide));
    if shared.config.proxy.serve.is_none() {
        router = router.route("/", get(async || Redirect::to("/desk")));
    }
    router.method_not_allowed_fallback(async || ApiError::MethodNotAllowed).with_state(shared)
}

async fn desk(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, ApiError> {
    let Some(name) = session::name(&shared, &headers) else { return Ok(door(None)) };
    let mut waiting = Vec::new();
    for workflow in shared.config.workflows.values() {
        if workflow.approvers.iter().any(|approver| approver == name) {
            waiting.extend(shared.store.approvals(&workflow.name, "pending", SHOWN_MAX).await?);
            waiting.extend(shared.store.approvals(&workflow.name, "in_doubt", SHOWN_MAX).await?);
        }
    }
    let jobs = shared.store.jobs(SHOWN_MAX).await?;
    let jobs = jobs.iter().filter(|job| may_see(&shared, &job.workflow, &job.requester, name));
    let mut page = Html::page("Approvals", Some(shown(&shared, name)));
    page.heading("Waiting for you");
    if waiting.is_empty() {
        page.line("empty", "Nothing waits for you.");
    }
    for approval in &waiting {
        page.card(approval, true);
    }
    page.heading("Jobs");
    page.jobs(&jobs.collect::<Vec<_>>());
    Ok(page.respond())
}

async fn job(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Some(name) = session::name(&shared, &headers) else { return Ok(door(None)) };
    let run = RunId::new(id);
    let kept = shared.read(&run).await?.ok_or(ApiError::JobUnknown)?;
    if !may_see(&shared, &kept.job.workflow, &kept.job.requester, name) {
        return Err(ApiError::JobUnknown);
    }
    let (_, entries) = shared.store.read(&run).await?.ok_or(ApiError::JobUnknown)?;
    let decides = kept.workflow.approvers.iter().any(|approver| approver == name);
    let mut page = Html::page(&kept.job.workflow, Some(shown(&shared, name)));
    page.way_back();
    page.job_head(&kept.run, &kept.job);
    for approval in shared.store.approvals_of(&run).await? {
        if matches!(approval["status"].as_str(), Some("pending" | "in_doubt")) {
            page.card(&approval, decides);
        }
    }
    page.heading("What happened");
    page.timeline(&timeline::events(&run, &entries));
    Ok(page.respond())
}

async fn sign_in(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    session::check_origin(&parts.headers)?;
    let form = Form::read(&body::read(body).await?)?;
    match of_token(&shared, form.access.trim()) {
        Ok(name) => {
            let cookie = [(SET_COOKIE, session::cookie(&shared, name))];
            Ok((cookie, Redirect::to("/desk")).into_response())
        }
        Err(_) => Ok(door(Some("This token is not known."))),
    }
}

async fn sign_out(headers: HeaderMap) -> Result<Response, ApiError> {
    session::check_origin(&headers)?;
    Ok(([(SET_COOKIE, session::no_cookie())], Redirect::to("/desk")).into_response())
}

async fn decide(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    session::check_origin(&parts.headers)?;
    let Some(name) = session::name(&shared, &parts.headers) else { return Ok(door(None)) };
    let form = Form::read(&body::read(body).await?)?;
    let digest = form.digest.parse();
    let digest = digest.map_err(|_| ApiError::RequestInvalid("expected a digest".into()))?;
    let decision = match form.decision.as_str() {
        "approve" => Decision::Approve { arguments: None, note: None },
        "deny" => {
            let reason = form.reason.trim();
            Decision::Deny { reason: (!reason.is_empty()).then(|| reason.to_owned()) }
        }
        _ => return Err(ApiError::RequestInvalid("expected approve or deny".into())),
    };
    let (kept, _) = find(&shared, &id).await?;
    let by = approver(&shared, &kept.workflow, &kept.job.requester, name, "desk")?;
    let back = ["/desk/jobs/", kept.run.id().as_str()].concat();
    match decided(&shared, kept, &id, decision, digest, by).await {
        // Who decided, and that it was someone else, stands in the timeline.
        Ok(_) | Err(ApiError::DecidedAlready { .. }) => Ok(Redirect::to(&back).into_response()),
        Err(error) => {
            let mut page = Html::page("Not decided", Some(shown(&shared, name)));
            page.way_back();
            page.heading("That did not work");
            page.line("fault", &html::sentence(&error.to_string()));
            Ok((error.status().0, page.respond()).into_response())
        }
    }
}

/// The page for whoever is not signed in.
fn door(fault: Option<&str>) -> Response {
    let mut page = Html::page("Sign in", None);
    page.heading("Approvals");
    page.line("", "Sign in with your token to see what waits for you.");
    if let Some(fault) = fault {
        page.line("fault", fault);
    }
    page.door();
    page.respond()
}

fn shown<'a>(shared: &'a Shared, name: &'a str) -> &'a str {
    shared.config.approvers.get(name).map_or(name, |it| it.name.as_str())
}

/// What a list of a page shows at most.
const SHOWN_MAX: u32 = 100;

const STYLE: &str = include_str!("desk.css");

/// A field of an approval that is a text.
fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
