//! Runs that were begun in a page and go on here, handed over with their journals.
//!
//! What a page says of a person's consent is worth nothing here: whoever can write a journal can
//! write an approval into it. So no call is taken that is about to run, and one that waits for a
//! person is asked about anew, by the tool and the rules that are configured here.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Json;
use holdpoint_core::id::{RunId, Timestamp};
use holdpoint_core::journal::Entry;
use holdpoint_core::object;
use holdpoint_core::plan::Note;
use holdpoint_core::policy::rule_on;
use holdpoint_core::run::{Effect, Input, Limits, Progress, Run, State as RunState, replay};
use holdpoint_core::tool::Toolbox;
use serde_json::Value;

use super::body;
use super::caller::caller;
use crate::config::Workflow;
use crate::store::{Accepted, NewJob};
use crate::view::Changes;
use crate::{ApiError, Shared, now};

pub(super) async fn take(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (parts, body) = request.into_parts();
    let name = caller(&shared, &parts.headers)?;
    let body = body::read_within(body, BYTES_MAX).await?;
    let fields = body::fields_within(&body, &["run", "workflow", "entries"], BYTES_MAX)?;
    let invalid = |message: &str| ApiError::RequestInvalid(message.to_owned());
    let id = body::text(&fields, "run")?.filter(|id| is_plain(id));
    let id = RunId::new(id.ok_or_else(|| invalid("expected run to be the id of a run"))?);
    let entries = fields.get("entries").and_then(Value::as_array);
    let entries = entries.ok_or_else(|| invalid("expected entries to be a list"))?;
    let entries: Option<Vec<&str>> = entries.iter().map(Value::as_str).collect();
    let entries = entries.ok_or_else(|| invalid("expected each entry to be a text"))?;
    let run = replay(&id, None, entries.iter().copied()).map_err(ApiError::JournalRefused)?;
    let wanted = match run.keeper() {
        None => body::text(&fields, "workflow")?,
        Some(keeper) => {
            let ours = keeper.strip_prefix(&shared.keeper).and_then(|it| it.strip_prefix('/'));
            Some(ours.ok_or(ApiError::HandedOverElsewhere)?.to_owned())
        }
    };
    let workflow = workflow(&shared, name, wanted)?;
    let keeper = shared.keeper_of(&workflow.name);

    if let Some((job, stored)) = shared.store.read(&id).await? {
        let is_same = job.requester == name
            && stored.len() >= entries.len()
            && stored.iter().zip(&entries).all(|(ours, theirs)| ours == theirs);
        return if is_same && run.keeper().is_some() {
            Ok(answer(&id, &keeper, true, true))
        } else {
            Err(ApiError::RunExists)
        };
    }
    let (asked, more) = asked_anew(&run, workflow, &keeper, name)?;
    if run.keeper().is_none() {
        return Ok(answer(&id, &keeper, false, false));
    }
    let (last, before) = split(&id, &entries, more)?;
    let changes = Changes::between(Some(&run), &asked, workflow, &shared.links);
    let job = NewJob {
        workflow: &workflow.name,
        requester: name,
        dedupe: &[name, "run", id.as_str()].join("|"),
        body_digest: &run.head().hash.to_string(),
        run: &asked,
        before: &before,
        entry: &last,
    };
    let accepted = shared.store.accept(job, &changes).await?;
    if accepted == Accepted::Mismatch {
        return Err(ApiError::RunExists);
    }
    shared.tell(&changes);
    Ok(answer(&id, &keeper, true, accepted != Accepted::New))
}

fn answer(id: &RunId, keeper: &str, taken: bool, repeated: bool) -> Json<Value> {
    Json(object! { "id": id, "keeper": keeper, "taken": taken, "repeated": repeated })
}

/// The workflow of that name that the caller may ask for; without a name, the only one.
fn workflow<'a>(
    shared: &'a Shared,
    caller: &str,
    name: Option<String>,
) -> Result<&'a Workflow, ApiError> {
    let mut open = shared.config.workflows.values().filter(|workflow| {
        workflow.is_asked_by(caller) && name.as_ref().is_none_or(|name| *name == workflow.name)
    });
    match (open.next(), open.next(), name) {
        (Some(only), None, _) => Ok(only),
        (_, _, Some(name)) => Err(ApiError::WorkflowUnknown(name)),
        _ => Err(ApiError::RequestInvalid("expected the name of a workflow".into())),
    }
}

/// The run as it is asked about here, and the entries that make it so.
fn asked_anew(
    run: &Run,
    workflow: &Workflow,
    keeper: &str,
    requester: &str,
) -> Result<(Run, Vec<Entry>), ApiError> {
    let tools = workflow.toolbox().kept_by(keeper);
    let mut faults = faults(run, workflow, &tools);
    let (mut asked, mut entries) = (run.clone(), Vec::new());
    let held: Vec<_> = run
        .turns()
        .flat_map(|turn| &turn.slots)
        .filter(|slot| matches!(slot.progress, Progress::Held { .. }))
        .map(|slot| slot.action.id.clone())
        .collect();
    // With this the digest is another one, and so is the consent that it takes.
    let precondition = Some(object! { "handed_over_by": requester });
    for call in held {
        if !faults.is_empty() {
            break;
        }
        let note = Note { precondition: precondition.clone(), ..Note::default() };
        let input = Input::Refreshed { call, note };
        let step = asked.clone().step(Timestamp::from_millis(now()), input, &tools);
        match step.effects.into_iter().next() {
            Some(Effect::Append(entry)) => {
                asked = step.run;
                entries.push(entry);
            }
            Some(Effect::Reject(rejection)) => faults.push(rejection.to_string()),
            _ => return Err(ApiError::Rejected(holdpoint_core::run::Rejection::Misfit)),
        }
    }
    if faults.is_empty() { Ok((asked, entries)) } else { Err(ApiError::RunUnsuitable(faults)) }
}

/// Why this workflow cannot carry the run on.
fn faults(run: &Run, workflow: &Workflow, tools: &Toolbox) -> Vec<String> {
    let mut faults = Vec::new();
    let spec = run.spec();
    if spec.mode != workflow.mode || spec.model != workflow.model {
        faults.push(format!("expected the mode and the model of the workflow, {}", workflow.model));
    }
    if spec.limits != Limits::default() {
        faults.push("expected the usual limits".to_owned());
    }
    if run.status().is_over() {
        faults.push("the run is over".to_owned());
    }
    let prefix = [run.id().as_str(), "."].concat();
    let mut all = run.turns().flat_map(|turn| &turn.slots);
    if !all.all(|slot| slot.action.id.as_str().starts_with(&prefix)) {
        faults.push("expected each call to be of this run".to_owned());
    }
    let RunState::Acting { turn, .. } = run.state() else { return faults };
    for slot in &turn.slots {
        let action = &slot.action;
        let name = &action.tool;
        let Some(tool) = tools.get(name) else {
            faults.push(format!("there is no tool {name} in the workflow"));
            continue;
        };
        match slot.progress {
            Progress::Done { .. } | Progress::Held { .. } => {}
            Progress::Queued
                if tool.digest == action.tool_digest
                    && rule_on(tool, &action.arguments, tools.patterns()) == action.ruling => {}
            Progress::Queued => faults.push(format!("{name} has other rules here")),
            _ => faults.push(format!("a call of {name} is about to run in the page")),
        }
    }
    faults
}

/// All entries but the last as they are stored, and the last.
fn split(
    run: &RunId,
    entries: &[&str],
    mut more: Vec<Entry>,
) -> Result<(Entry, Vec<String>), ApiError> {
    let before = entries.get(..entries.len() - 1).unwrap_or_default();
    let earlier = replay(run, None, before.iter().copied()).map_err(ApiError::JournalRefused)?;
    if earlier.keeper().is_some() {
        // Whoever wrote behind it did not leave it alone.
        return Err(ApiError::RunUnsuitable(vec![
            "it went on after it was handed over".to_owned(),
        ]));
    }
    let mut texts: Vec<String> = entries.iter().copied().map(str::to_owned).collect();
    let last = match more.pop() {
        Some(last) => {
            texts.extend(more.iter().map(Entry::to_text));
            last
        }
        None => {
            let last = texts.pop().unwrap_or_default();
            Entry::parse(&last, run, earlier.head()).map_err(ApiError::JournalRefused)?
        }
    };
    Ok((last, texts))
}

/// What a run's id is made of, as it stands in addresses and before the ids of its calls.
fn is_plain(id: &str) -> bool {
    (8..=64).contains(&id.len()) && id.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
}

/// Journals hold whole conversations.
const BYTES_MAX: usize = 8 * 1024 * 1024;
