//! Jobs: taken in, listed, read, stopped.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use holdpoint_core::approval::Approver;
use holdpoint_core::id::{RunId, ThreadId, Timestamp};
use holdpoint_core::json::digest;
use holdpoint_core::object;
use holdpoint_core::run::{Effect, Input, Limits, Rejection, Run, Spec};
use serde_json::Value;

use super::body;
use super::caller::{caller, may_see, sender};
use crate::config::Workflow;
use crate::run::Kept;
use crate::store::{Accepted, JobRow, NewJob};
use crate::view::{Changes, answer, failure};
use crate::{ApiError, Regress, Shared, now};

pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = body::read(body).await?;
    let (requester, key) = sender(&shared, &parts.headers, &body)?;
    let mut fields = body::fields(&body, &["workflow", "input"])?;
    let name = body::text(&fields, "workflow")?;
    let name = name.ok_or_else(|| ApiError::RequestInvalid("expected a workflow".into()))?;
    let workflow = shared.config.workflows.get(&name).filter(|workflow| {
        let named = &workflow.requesters;
        named.is_empty() || named.iter().any(|name| name == requester)
    });
    let workflow = workflow.ok_or(ApiError::WorkflowUnknown(name))?;
    let input = fields.remove("input").unwrap_or_else(|| Value::Object(Default::default()));
    check(workflow, &input)?;

    let run = RunId::new(uuid::Uuid::now_v7().to_string());
    let spec = Spec {
        run: run.clone(),
        thread: ThreadId::new(run.as_str()),
        mode: workflow.mode,
        model: workflow.model.clone(),
        instructions: workflow.instructions.clone(),
        text: workflow.text(&input),
        limits: Limits::default(),
    };
    let step = Run::start(Timestamp::from_millis(now()), spec);
    let Some(Effect::Append(entry)) = step.effects.first() else {
        return Err(ApiError::Rejected(Rejection::Misfit));
    };
    let changes = Changes::between(None, &step.run, workflow, &shared.links);
    let asked = object! { "workflow": workflow.name.as_str(), "input": input };
    let job = NewJob {
        workflow: &workflow.name,
        requester,
        // Without a key each is a job of its own.
        dedupe: &[requester, key.as_deref().unwrap_or(run.as_str())].join("|"),
        body_digest: &digest(&asked).to_string(),
        run: &step.run,
        before: &[],
        entry,
    };
    let (id, repeated) = match shared.store.accept(job, &changes).await? {
        Accepted::New => {
            shared.tell(&changes);
            (run.to_string(), false)
        }
        Accepted::Repeated(id) => (id, true),
        Accepted::Mismatch => return Err(ApiError::IdempotencyMismatch),
    };
    Ok((StatusCode::ACCEPTED, Json(object! { "id": id, "repeated": repeated })).into_response())
}

/// Checks the input by the workflow's schema.
fn check(workflow: &Workflow, input: &Value) -> Result<(), ApiError> {
    let Some(schema) = &workflow.input else { return Ok(()) };
    let violations = schema.check(input, &Regress);
    if violations.is_empty() {
        return Ok(());
    }
    let told = violations.into_iter().map(|it| format!("{}: {}", it.path, it.message));
    Err(ApiError::SchemaViolation(told.collect()))
}

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let name = caller(&shared, &headers)?;
    let jobs = shared.store.jobs(LISTED_MAX).await?;
    let jobs = jobs.iter().filter(|job| may_see(&shared, &job.workflow, &job.requester, name));
    let jobs: Vec<Value> = jobs.map(row).collect();
    Ok(Json(object! { "jobs": jobs }))
}

pub(super) async fn read(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let kept = kept(&shared, &id, &headers).await?.0;
    whole(&shared, &kept).await
}

/// The journal as it is stored: whoever gets it can check its chain and fold it as any other.
pub(super) async fn journal(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let name = caller(&shared, &headers)?;
    let read = shared.store.read(&RunId::new(id)).await?;
    let read = read.filter(|(job, _)| may_see(&shared, &job.workflow, &job.requester, name));
    let (job, entries) = read.ok_or(ApiError::JobUnknown)?;
    let workflow = job.workflow.as_str();
    Ok(Json(object! { "id": &job.run, "workflow": workflow, "entries": entries }))
}

pub(super) async fn cancel(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let (mut kept, name) = kept(&shared, &id, &headers).await?;
    let shown = shared.config.approvers.get(name).map_or(name, String::as_str);
    let by = Approver {
        id: name.to_owned(),
        name: shown.to_owned(),
        channel: "api".to_owned(),
        trusted: true,
    };
    shared.feed(&mut kept, &Input::Cancelled { by }).await?;
    whole(&shared, &kept).await
}

/// A job that whoever asks may see, and their name.
async fn kept<'a>(
    shared: &'a Shared,
    id: &str,
    headers: &HeaderMap,
) -> Result<(Kept, &'a str), ApiError> {
    let name = caller(shared, headers)?;
    let kept = shared.read(&RunId::new(id)).await?;
    let kept = kept.filter(|it| may_see(shared, &it.job.workflow, &it.job.requester, name));
    Ok((kept.ok_or(ApiError::JobUnknown)?, name))
}

fn row(job: &JobRow) -> Value {
    let mut told = object! {
        "id": &job.run,
        "workflow": job.workflow.as_str(),
        "requester": job.requester.as_str(),
        "status": job.status.as_str(),
        "created": job.created,
        "updated": job.updated,
    };
    if let (Some(trouble), Value::Object(fields)) = (&job.trouble, &mut told) {
        fields.insert("trouble".to_owned(), trouble.as_str().into());
    }
    told
}

async fn whole(shared: &Shared, kept: &Kept) -> Result<Json<Value>, ApiError> {
    let run = &kept.run;
    let approvals = shared.store.approvals_of(run.id()).await?;
    let mut told = row(&kept.job);
    if let Value::Object(fields) = &mut told {
        let usage = run.usage();
        fields.insert("status".to_owned(), run.status().as_str().into());
        fields.insert("updated".to_owned(), run.updated_at().into());
        fields.insert("request".to_owned(), run.spec().text.as_str().into());
        fields.insert("approvals".to_owned(), approvals.into());
        let usage = object! { "input": usage.input, "output": usage.output };
        fields.insert("usage".to_owned(), usage);
        fields.extend(answer(run).map(|text| ("answer".to_owned(), text.into())));
        fields.extend(failure(run).map(|failure| ("failure".to_owned(), failure)));
    }
    Ok(Json(told))
}

/// How many of the newest jobs are looked at for a list.
const LISTED_MAX: u32 = 200;
