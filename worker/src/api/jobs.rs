//! Jobs: taken in, listed, read, stopped.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use holdpoint_core::approval::Approver;
use holdpoint_core::id::RunId;
use holdpoint_core::object;
use holdpoint_core::run::Input;
use serde_json::Value;

use super::body;
use super::caller::{caller, may_see, sender};
use crate::run::Kept;
use crate::store::{Accepted, JobRow};
use crate::view::{answer, failure};
use crate::{ApiError, Shared};

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
    let workflow = shared.config.workflows.get(&name).filter(|it| it.is_asked_by(requester));
    let workflow = workflow.ok_or(ApiError::WorkflowUnknown(name))?;
    let input = fields.remove("input").unwrap_or_else(|| Value::Object(Default::default()));
    let begun = shared.begin(workflow, requester, key.as_deref(), &input)?;
    let (id, repeated) = match shared.store.accept(begun.job(), &begun.changes).await? {
        Accepted::New => {
            shared.tell(&begun.changes);
            (begun.run.id().to_string(), false)
        }
        Accepted::Repeated(id) => (id, true),
        Accepted::Mismatch => return Err(ApiError::IdempotencyMismatch),
    };
    Ok((StatusCode::ACCEPTED, Json(object! { "id": id, "repeated": repeated })).into_response())
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

/// The journal as it is stored, with the tools that its calls are of: whoever gets it can check its
/// chain, fold it as any other, and offer other arguments that the tool takes.
pub(super) async fn journal(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let name = caller(&shared, &headers)?;
    let read = shared.store.read(&RunId::new(id)).await?;
    let read = read.filter(|(job, _)| may_see(&shared, &job.workflow, &job.requester, name));
    let (job, entries) = read.ok_or(ApiError::JobUnknown)?;
    let workflow = shared.config.workflows.get(&job.workflow);
    let tools = workflow.into_iter().flat_map(|it| it.tools.values().map(|it| &it.definition));
    let tools: Vec<Value> = tools.cloned().collect();
    let workflow = job.workflow.as_str();
    Ok(Json(object! { "id": &job.run, "workflow": workflow, "entries": entries, "tools": tools }))
}

pub(super) async fn cancel(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let (mut kept, name) = kept(&shared, &id, &headers).await?;
    let by = Approver {
        id: name.to_owned(),
        name: shared.config.shown(name).to_owned(),
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
    let mut approvals = Vec::new();
    for approval in shared.store.approvals_of(run.id()).await? {
        approvals.push(shared.whole(approval).await?);
    }
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
