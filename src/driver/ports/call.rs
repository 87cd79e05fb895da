//! What is kept of a call beside its run's journal, so that all of them can be listed and searched
//! without reading a journal.

use holdpoint_core::id::{CallId, RunId, Timestamp};
use holdpoint_core::json::Digest;
use holdpoint_core::policy::Verdict;
use holdpoint_core::run::{Outcome, Progress, Run, Slot};

/// A call that concerns a person, in a few words.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRow {
    /// Its run.
    pub run: RunId,
    /// The call.
    pub call: CallId,
    /// Where it is listed.
    pub group: Group,
    /// How far it is, in one word: `held`, `in-doubt`, `running` or how it ended.
    pub stage: String,
    /// When it came to that.
    pub at: Timestamp,
    /// The tool's name.
    pub tool: String,
    /// The tool's name for people.
    pub title: String,
    /// The page's sentence for the call, else the title.
    pub what: String,
    /// Who decided: their name, empty where the page named no one; none where nobody has.
    pub by: Option<String>,
    /// What a decision is bound to.
    pub digest: Digest,
    /// Whether it cannot be undone.
    pub critical: bool,
}

/// The parts of the list of calls, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Nobody knows whether it happened.
    Doubt,
    /// A person is to decide.
    Held,
    /// It was decided.
    Done,
}

impl Group {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Doubt, Self::Held, Self::Done];
}

/// Which part of the list to read: at most `limit` rows, those after `after`, the newest of a group
/// first. Without a group they come one after the other.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The group.
    pub group: Option<Group>,
    /// The last row of the page before.
    pub after: Option<Place>,
    /// How many.
    pub limit: u32,
}

/// A place in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The row's group.
    pub group: Group,
    /// The row's time.
    pub at: Timestamp,
    /// The row's call.
    pub call: CallId,
}

/// How many calls there are in each [`Group`], by its number.
pub type Tally = [u32; 3];

/// A decision that was made where no run can be carried on, such as in a notification. It is taken
/// in like any other once a page sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Deferred {
    /// The run.
    pub run: RunId,
    /// The call.
    pub call: CallId,
    /// The digest of what was shown.
    pub digest: String,
    /// Whether it was a yes.
    pub approves: bool,
}

impl CallRow {
    /// The row of a call, if it concerns a person.
    pub fn of(run: &Run, slot: &Slot) -> Option<Self> {
        concerns_person(slot).then(|| Self::any(run, slot))
    }

    /// The rows of all calls of a run.
    pub fn all(run: &Run) -> Vec<Self> {
        run.turns().flat_map(|turn| &turn.slots).filter_map(|slot| Self::of(run, slot)).collect()
    }

    /// The rows that an entry changed, by the run before it and after it.
    pub fn changed(before: Option<&Run>, run: &Run) -> Vec<Self> {
        let mut rows = Vec::new();
        // An entry is about the last turn.
        for slot in run.turns().last().into_iter().flat_map(|turn| &turn.slots) {
            let old = before.and_then(|run| run.find(&slot.action.id)).map(|(_, slot)| slot);
            if old != Some(slot) && (concerns_person(slot) || old.is_some_and(concerns_person)) {
                rows.push(Self::any(run, slot));
            }
        }
        rows
    }

    /// Where it stands in the list.
    pub fn place(&self) -> Place {
        Place { group: self.group, at: self.at, call: self.call.clone() }
    }

    fn any(run: &Run, slot: &Slot) -> Self {
        let action = &slot.action;
        let (stage, at) = stage(slot, run.updated_at());
        let by = match slot.outcome() {
            Some(
                Outcome::Denied { by, .. } | Outcome::Answered { by, .. } | Outcome::Confirmed(by),
            ) => Some(by),
            _ => slot.permit.as_ref().map(|permit| &permit.by),
        };
        Self {
            run: run.id().clone(),
            call: action.id.clone(),
            group: match slot.progress {
                Progress::InDoubt { .. } => Group::Doubt,
                Progress::Held { .. } => Group::Held,
                _ => Group::Done,
            },
            stage: stage.to_owned(),
            at,
            tool: action.tool.clone(),
            title: action.title.clone(),
            what: action.summary.as_ref().unwrap_or(&action.title).clone(),
            by: by.map(|by| by.name.clone()),
            digest: action.digest,
            critical: action.annotations.destructive_hint,
        }
    }
}

impl Place {
    /// Whether this place comes before the other.
    pub fn is_before(&self, other: &Self) -> bool {
        (self.group, other.at, &self.call) < (other.group, self.at, &other.call)
    }
}

/// Whether a person was asked about a call, or should hear how it went. One that was allowed and
/// simply succeeded is told in the conversation alone.
fn concerns_person(slot: &Slot) -> bool {
    match &slot.progress {
        Progress::Queued => false,
        Progress::Ready | Progress::Delayed { .. } | Progress::Started { .. } => {
            slot.permit.is_some() || slot.attempts > 1
        }
        Progress::Done { outcome: Outcome::Succeeded(_), .. } => {
            slot.action.ruling.verdict == Verdict::Ask || slot.attempts > 1
        }
        _ => true,
    }
}

/// How far a call is, in one word, and since when.
fn stage(slot: &Slot, now: Timestamp) -> (&'static str, Timestamp) {
    match &slot.progress {
        Progress::Queued => ("queued", now),
        Progress::Held { since, .. } => ("held", *since),
        Progress::Delayed { .. } => ("delayed", slot.permit.as_ref().map_or(now, |it| it.at)),
        Progress::Ready => ("running", slot.permit.as_ref().map_or(now, |permit| permit.at)),
        Progress::Started { at, .. } => ("running", *at),
        Progress::InDoubt { since, .. } => ("in-doubt", *since),
        Progress::Done { outcome, at } => (word(outcome), *at),
    }
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded(_) => "succeeded",
        Outcome::Confirmed(_) => "confirmed",
        Outcome::Failed(_) => "failed",
        Outcome::Denied { .. } => "denied",
        Outcome::Answered { .. } => "answered",
        Outcome::Forbidden(_) => "forbidden",
        Outcome::Expired => "expired",
        Outcome::Cancelled => "cancelled",
        Outcome::Skipped => "skipped",
    }
}
