//! Pages for a person without the widget: what waits for them, all jobs that they may see, and what
//! happened in each. No script runs in them.
//!
//! Whoever signs in with their token gets a cookie that says who they are and until when, and no
//! more; it goes with requests of these pages alone.

mod session;
mod timeline;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use holdpoint_core::approval::Decision;
use holdpoint_core::id::RunId;
use serde_json::Value;

use super::approvals::{decided, extended, find, settled, settlement};
use super::body;
use super::caller::{approver, may_see, of_token};
use super::html::{self, Html, is_pending, text};
use super::page::Form;
use crate::{ApiError, Shared};
use view::May;

/// The pages, below `/desk`; `/` leads there where nothing else is served.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new()
        .route("/desk", get(desk))
        .route("/desk/style.css", get(async || ([(CONTENT_TYPE, "text/css")], html::STYLE)))
        .route("/desk/session", post(sign_in))
        .route("/desk/leave", post(sign_out))
        .route("/desk/jobs/{id}", get(job))
        .route("/desk/approvals/{id}", post(decide));
    if shared.config.proxy.serve.is_none() {
        router = router.route("/", get(async || Redirect::to("/desk")));
    }
    router
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(from_fn(html::in_words))
        .with_state(shared)
}

async fn desk(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, ApiError> {
    let Some(name) = session::name(&shared, &headers) else { return Ok(door(None)) };
    let mut parts = PARTS.map(|_| Vec::new());
    for workflow in shared.config.workflows.values() {
        if workflow.is_decided_by(name) {
            for ((status, _), part) in PARTS.iter().zip(&mut parts) {
                for approval in shared.store.approvals(&workflow.name, status, SHOWN_MAX).await? {
                    part.push(shared.whole(approval).await?);
                }
            }
        }
    }
    let jobs = shared.store.jobs(SHOWN_MAX).await?;
    let jobs = jobs.iter().filter(|job| may_see(&shared, &job.workflow, &job.requester, name));
    let jobs: Vec<_> = jobs.collect();
    // Whoever asked for an older job than these is told so when they decide.
    let may = |approval: &Value| {
        let job = jobs.iter().find(|job| job.run.as_str() == text(approval, "run"));
        job.map_or(May::Decide, |job| may(&shared, &job.workflow, &job.requester, name))
    };
    let title = match parts.iter().map(Vec::len).sum() {
        0 => "Approvals".to_owned(),
        count => format!("({count}) Approvals"),
    };
    let mut page = Html::page("", &title, Some(shared.config.shown(name)));
    page.title("Approvals");
    page.as_of("/desk");
    for ((status, heading), mut part) in PARTS.into_iter().zip(parts) {
        part.sort_by_key(|approval| approval.get("since").and_then(Value::as_u64));
        if !part.is_empty() || status == "pending" {
            page.heading(heading, Some(part.len()));
        }
        if part.is_empty() && status == "pending" {
            page.line("empty", "Nothing waits for you.");
        }
        part.iter().for_each(|approval| page.card(approval, may(approval), name));
    }
    page.heading("Jobs", None);
    page.jobs(&jobs);
    if jobs.len() == SHOWN_MAX as usize {
        page.line("small", "Older jobs are not shown.");
    }
    Ok(page.respond())
}

async fn job(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Some(name) = session::name(&shared, &headers) else { return Ok(door(None)) };
    let run = RunId::new(id);
    let (job, entries) = shared.store.read(&run).await?.ok_or(ApiError::JobUnknown)?;
    if !may_see(&shared, &job.workflow, &job.requester, name) {
        return Err(ApiError::JobUnknown);
    }
    let kept = shared.folded(job, &entries)?;
    let may = may(&shared, &kept.job.workflow, &kept.job.requester, name);
    let mut page = Html::page("", &kept.job.workflow, Some(shared.config.shown(name)));
    page.way_back();
    match query.as_deref() {
        Some(SAVED) => page.said("Your answer is saved."),
        Some(ENDORSED) => page.said("Your approval is saved; it takes more people."),
        Some(LATE) => page.said("Someone answered before you; what they said stands below."),
        _ => {}
    }
    page.job_head(&kept.run, &kept.job);
    page.as_of(&["/desk/jobs/", run.as_str()].concat());
    let mut waiting = shared.store.approvals_of(&run).await?;
    waiting.retain(|approval| PARTS.iter().any(|(status, _)| text(approval, "status") == *status));
    if !waiting.is_empty() {
        page.heading("What waits", Some(waiting.len()));
    }
    for approval in waiting {
        page.card(&shared.whole(approval).await?, may, name);
    }
    page.heading("What happened", None);
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
    let (kept, _) = find(&shared, &id).await?;
    let by = approver(&shared, &kept.workflow, &kept.job.requester, name, "desk")?;
    let job = ["/desk/jobs/", kept.run.id().as_str(), "?"].concat();
    let done = match (form.decision.as_str(), settlement(&form.decision, None)) {
        (_, Some(settlement)) => settled(&shared, kept, &id, settlement, by).await,
        ("ask_again", _) => extended(&shared, kept, &id, by).await,
        ("approve", _) => {
            let decision = Decision::Approve { arguments: None, note: None };
            decided(&shared, kept, &id, decision, form.digest()?, by).await
        }
        ("deny", _) => {
            let decision = Decision::Deny { reason: form.reason() };
            decided(&shared, kept, &id, decision, form.digest()?, by).await
        }
        _ => Err(ApiError::RequestInvalid("expected an answer that the page has".into())),
    };
    let said = match done {
        Ok(approval) if is_pending(&approval) && form.decision == "approve" => ENDORSED,
        Ok(_) => SAVED,
        Err(ApiError::DecidedAlready { .. }) => LATE,
        Err(error) => return Err(error),
    };
    Ok(Redirect::to(&[&job, said].concat()).into_response())
}

/// The page for whoever is not signed in.
fn door(fault: Option<&str>) -> Response {
    let mut page = Html::page("", "Sign in", None);
    page.title("Approvals");
    page.line("", "Sign in with your token to see what waits for you.");
    if let Some(fault) = fault {
        page.put("<p class=\"fault\" role=\"alert\">").text(fault).put("</p>");
    }
    page.door();
    page.respond()
}

fn may(shared: &Shared, workflow: &str, requester: &str, name: &str) -> May {
    let workflow = shared.config.workflows.get(workflow);
    match workflow.map(|workflow| approver(shared, workflow, requester, name, "desk")) {
        Some(Ok(_)) => May::Decide,
        Some(Err(ApiError::RequesterMayNotDecide)) => May::NotAsRequester,
        _ => May::See,
    }
}

/// What waits for a person: its status, and what it is called.
const PARTS: [(&str, &str); 3] =
    [("pending", "Waiting for you"), ("in_doubt", "In doubt"), ("lapsed", "Out of time")];

/// What a list of a page shows at most.
const SHOWN_MAX: u32 = 100;

/// What the page of a job is told of the answer that led to it.
const SAVED: &str = "saved";
const ENDORSED: &str = "endorsed";
const LATE: &str = "late";
