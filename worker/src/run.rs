//! One run as it is kept: read from the store, and one fact taken in at a time.

use std::sync::Arc;

use holdpoint_core::id::{RunId, Timestamp};
use holdpoint_core::journal::{Entry, JournalError, Record};
use holdpoint_core::run::{Effect, Input, Rejection, Run, replay};

use crate::Shared;
use crate::config::Workflow;
use crate::now;
use crate::store::{JobRow, StoreError};
use crate::view::Changes;

/// A run with all that is known of it.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) job: JobRow,
    pub(crate) run: Run,
    pub(crate) workflow: Arc<Workflow>,
    /// An entry of which nobody here knows whether it was saved, with what follows from it: the
    /// database did not say.
    unsure: Option<(Entry, Vec<Effect>)>,
}

/// Why a run did not take a fact in; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// It does not fit.
    #[error("{0}")]
    Rejected(Rejection),
    /// Someone else carries the run on by now, so nothing may be started here.
    #[error("the run was taken over")]
    Taken,
    /// Its record is not to be trusted.
    #[error("the record of the run cannot be used: {0}")]
    Journal(#[from] JournalError),
    /// Its workflow is not configured any more.
    #[error("there is no workflow {0:?} any more")]
    Workflow(String),
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RunError {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.code(),
            Self::Taken => "taken_over",
            Self::Journal(error) => error.code(),
            Self::Workflow(_) => "workflow_missing",
            Self::Store(StoreError::Altered { .. }) => "journal_altered",
            Self::Store(_) => "store_failed",
        }
    }

    /// Whether the same may be taken in later, without anything being changed by a person.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Store(StoreError::Database(_) | StoreError::Conflict))
    }
}

impl Shared {
    /// Reads a run, checking its whole chain; none where there is no such run.
    pub(crate) async fn read(&self, id: &RunId) -> Result<Option<Kept>, RunError> {
        let read = self.store.read(id).await?;
        read.map(|(job, entries)| self.folded(job, &entries)).transpose()
    }

    /// The run of a journal that was read, its whole chain checked.
    pub(crate) fn folded(&self, job: JobRow, entries: &[String]) -> Result<Kept, RunError> {
        let run = replay(&job.run, Some(&job.head), entries.iter().map(String::as_str))?;
        let workflow = self.config.workflows.get(&job.workflow).cloned();
        let workflow = workflow.ok_or_else(|| RunError::Workflow(job.workflow.clone()))?;
        Ok(Kept { job, run, workflow, unsure: None })
    }

    /// Takes one fact in: decides it, saves it, and gives what follows from it. Where someone else
    /// was faster, the run is read again and the fact decided anew.
    pub(crate) async fn feed(
        &self,
        kept: &mut Kept,
        input: &Input,
    ) -> Result<Vec<Effect>, RunError> {
        self.feed_with(kept, input, |_| {}).await
    }

    /// As [`Self::feed`], with more that is to be written with the entry.
    pub(crate) async fn feed_with(
        &self,
        kept: &mut Kept,
        input: &Input,
        more: impl FnOnce(&mut Changes) + Clone,
    ) -> Result<Vec<Effect>, RunError> {
        if let Some(effects) = self.landed(kept).await? {
            return Ok(effects);
        }
        for _ in 0..CONFLICTS_MAX {
            let (run, entry, effects) = self.step(kept, input).map_err(RunError::Rejected)?;
            let mut changes = Changes::between(Some(&kept.run), &run, &kept.workflow, &self.links);
            more.clone()(&mut changes);
            match self.store.append(kept.run.head(), &run, &entry, &changes).await {
                Ok(()) => {
                    kept.run = run;
                    self.tell(&changes);
                    return Ok(effects);
                }
                Err(StoreError::Conflict) => {
                    let epoch = kept.run.head().epoch;
                    if let Some(newer) = self.read(kept.run.id()).await? {
                        *kept = newer;
                    }
                    let starts = matches!(input, Input::ToolStarted { .. });
                    if starts && kept.run.head().epoch != epoch {
                        return Err(RunError::Taken);
                    }
                }
                Err(error) => {
                    if matches!(error, StoreError::Database(_)) {
                        kept.unsure = Some((entry, effects));
                    }
                    return Err(error.into());
                }
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Looks whether an entry was saved although the database did not say so. Then what follows
    /// from it is known, and is done; without this a call that was never made would be in doubt.
    async fn landed(&self, kept: &mut Kept) -> Result<Option<Vec<Effect>>, RunError> {
        let Some((entry, _)) = &kept.unsure else { return Ok(None) };
        let stored = self.store.read(kept.run.id()).await?.map(|(_, entries)| entries);
        let place = usize::try_from(entry.seq).unwrap_or(usize::MAX);
        let text = stored.as_ref().and_then(|entries| entries.get(place));
        let (is_saved, epoch) = (text.is_some_and(|text| *text == entry.to_text()), entry.epoch);
        let starts = matches!(entry.record, Record::ToolStarted { .. });
        let newer = self.read(kept.run.id()).await?;
        let effects = kept.unsure.take().map(|(_, effects)| effects);
        if let Some(newer) = newer {
            *kept = newer;
        }
        match (is_saved, kept.run.head().epoch == epoch) {
            (true, true) => Ok(effects),
            (true, false) => Err(RunError::Taken),
            (false, false) if starts => Err(RunError::Taken),
            (false, _) => Ok(None),
        }
    }

    /// The name by which runs are handed over to a workflow.
    pub(crate) fn keeper_of(&self, workflow: &str) -> String {
        [&self.keeper, "/", workflow].concat()
    }

    /// What a fact makes of a run: the run, the entry to save, and what follows from it.
    pub(crate) fn step(
        &self,
        kept: &Kept,
        input: &Input,
    ) -> Result<(Run, Entry, Vec<Effect>), Rejection> {
        // The box is of one thread and must be gone before the store is waited for.
        let tools = kept.workflow.toolbox().kept_by(&self.keeper_of(&kept.workflow.name));
        let step = kept.run.clone().step(Timestamp::from_millis(now()), input.clone(), &tools);
        let mut effects = step.effects.into_iter();
        match effects.next() {
            Some(Effect::Append(entry)) => Ok((step.run, entry, effects.collect())),
            Some(Effect::Reject(rejection)) => Err(rejection),
            _ => Err(Rejection::Misfit),
        }
    }

    /// Wakes whoever has something to do now, in this process; others look by themselves.
    pub(crate) fn tell(&self, changes: &Changes) {
        if changes.due.is_some() {
            self.due.notify_one();
        }
        if !changes.notices.is_empty() {
            self.mail.notify_one();
        }
        self.changed.notify_waiters();
    }
}

/// How often a fact is decided anew because someone else was faster.
const CONFLICTS_MAX: usize = 16;
