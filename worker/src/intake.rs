//! How a job comes in, whoever brings it: checked, begun as a run, and kept once for its key.

use holdpoint_core::id::{RunId, ThreadId, Timestamp};
use holdpoint_core::journal::Entry;
use holdpoint_core::json::digest;
use holdpoint_core::object;
use holdpoint_core::run::{Effect, Limits, Rejection, Run, Spec};
use serde_json::Value;

use crate::config::Workflow;
use crate::store::NewJob;
use crate::view::Changes;
use crate::{ApiError, Regress, Shared, now};

/// A job that was checked and is not kept yet.
pub(crate) struct Begun {
    pub(crate) run: Run,
    pub(crate) changes: Changes,
    entry: Entry,
    workflow: String,
    requester: String,
    dedupe: String,
    body_digest: String,
}

impl Begun {
    /// As the store takes it.
    pub(crate) fn job(&self) -> NewJob<'_> {
        NewJob {
            workflow: &self.workflow,
            requester: &self.requester,
            dedupe: &self.dedupe,
            body_digest: &self.body_digest,
            run: &self.run,
            before: &[],
            entry: &self.entry,
        }
    }
}

impl Shared {
    /// Checks the input and begins a run; the key is of whoever asks.
    pub(crate) fn begin(
        &self,
        workflow: &Workflow,
        requester: &str,
        key: Option<&str>,
        input: &Value,
    ) -> Result<Begun, ApiError> {
        let violations = workflow.violations(input);
        if !violations.is_empty() {
            return Err(ApiError::SchemaViolation(violations));
        }
        let run = RunId::new(uuid::Uuid::now_v7().to_string());
        // Without a key each is a job of its own.
        let dedupe = [requester, key.unwrap_or(run.as_str())].join("|");
        let spec = Spec {
            thread: ThreadId::new(run.as_str()),
            run,
            mode: workflow.mode,
            model: workflow.model.clone(),
            instructions: workflow.instructions.clone(),
            text: workflow.text(input),
            limits: Limits::default(),
        };
        let step = Run::start(Timestamp::from_millis(now()), spec);
        let Some(Effect::Append(entry)) = step.effects.into_iter().next() else {
            return Err(ApiError::Rejected(Rejection::Misfit));
        };
        let asked = object! { "workflow": workflow.name.as_str(), "input": input.clone() };
        Ok(Begun {
            changes: Changes::between(None, &step.run, workflow, &self.links),
            run: step.run,
            entry,
            workflow: workflow.name.clone(),
            requester: requester.to_owned(),
            dedupe,
            body_digest: digest(&asked).to_string(),
        })
    }
}

impl Workflow {
    /// What the workflow's schema has against an input.
    pub(crate) fn violations(&self, input: &Value) -> Vec<String> {
        let violations = self.input.as_ref().map(|schema| schema.check(input, &Regress));
        let told = |it: holdpoint_core::schema::Violation| format!("{}: {}", it.path, it.message);
        violations.into_iter().flatten().map(told).collect()
    }
}
