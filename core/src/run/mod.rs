//! A run: one request of a person until its final answer.
//!
//! [`Run::step`] is the whole of it: a fact goes in, the next run and what to do come out. It is
//! `decide` (may this be, and what exactly is it?) and then `apply` (what does it change?). The
//! journal keeps what `decide` made, so [`replay`] is a fold over `apply` alone and needs no tools,
//! no policy and no regular expressions to find the very same state again.

mod apply;
mod decide;
mod effect;
mod history;
mod input;
mod limits;
mod origin;
mod request;
mod slot;

pub use effect::{Effect, Notice, Outlook, Rejection, Step};
pub use input::{Input, Mode, Spec, ToolOutcome};
pub use limits::Limits;
pub(crate) use limits::{DENIED_REPEATS_MAX, HISTORY_BYTES_MAX};
pub use origin::Origin;
pub use slot::{Outcome, Progress, Slot};

use crate::id::{CallId, RunId, Timestamp};
use crate::journal::{Entry, Head, JournalError, Record};
use crate::message::{ModelResponse, Usage};
use crate::plan::Report;
use crate::tool::Toolbox;

/// The state of one run, rebuilt from its journal at will.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    spec: Spec,
    started_at: Timestamp,
    updated_at: Timestamp,
    head: Head,
    /// Turns that are over, oldest first.
    turns: Vec<Turn>,
    /// Bad plans in a row.
    repairs: u32,
    usage: Usage,
    /// Whose it is, once it was handed over; before that it is of whoever began it.
    keeper: Option<String>,
    state: State,
}

/// One answer of the model and all that followed from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// When the model answered.
    pub at: Timestamp,
    /// The journal entry that holds it.
    pub seq: u64,
    /// That entry's hash, by which an executor checks that it is still what is stored.
    pub hash: crate::json::Digest,
    /// The whole answer.
    pub response: ModelResponse,
    /// What it says to the person.
    pub text: String,
    /// The calls, in order.
    pub slots: Vec<Slot>,
    /// What was wrong with it.
    pub report: Option<Report>,
    /// Earlier turns of the conversation that the model was not told of, for want of room.
    pub left_out: u32,
}

/// What a run waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// The model's next answer.
    AwaitingModel(Purpose),
    /// Calls of this turn: persons, tools, or both.
    Acting {
        /// The turn.
        turn: Turn,
        /// The person stopped the run; what has started is still waited for.
        cancelled: bool,
    },
    /// Nothing: it came to an answer.
    Completed,
    /// Nothing: it cannot go on.
    Failed {
        /// A stable code.
        code: String,
        /// For the person.
        message: String,
    },
    /// Nothing: the person stopped it.
    Cancelled,
}

/// What the model is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An answer, calls or a plan.
    Work,
    /// A plan is done: what to say about it.
    Summary,
}

/// The state in one word, as stores index it and pages read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The model is to answer.
    AwaitingModel,
    /// A person is to decide.
    AwaitingApproval,
    /// Tools are to answer.
    AwaitingTools,
    /// Nobody knows whether a call happened; a person is to say.
    InDoubt,
    /// It came to an answer.
    Completed,
    /// It could not go on.
    Failed,
    /// The person stopped it.
    Cancelled,
}

impl Status {
    /// Whether nothing more will happen.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Whether a person is waited for.
    pub fn needs_person(self) -> bool {
        matches!(self, Self::AwaitingApproval | Self::InDoubt)
    }

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingModel => "awaiting-model",
            Self::AwaitingApproval => "awaiting-approval",
            Self::AwaitingTools => "awaiting-tools",
            Self::InDoubt => "in-doubt",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Run {
    /// Begins a run.
    pub fn start(at: Timestamp, spec: Spec) -> Step {
        let entry =
            Entry::seal(&spec.run, &Head::empty(&spec.run), at, Record::Started(spec.clone()));
        let run = Self::born(&entry, spec);
        let effects = run.following(entry, None);
        Step { run, effects }
    }

    /// Takes a fact in. An accepted one yields [`Effect::Append`] first, and nothing after it may
    /// be done before that entry is durable. One that does not fit changes nothing and yields
    /// [`Effect::Reject`]: a second click or a late answer is ordinary.
    pub fn step(mut self, at: Timestamp, input: Input, tools: &Toolbox) -> Step {
        let record = match self.decide(at, input, tools) {
            Ok(record) => record,
            Err(rejection) => {
                return Step { run: self, effects: vec![Effect::Reject(rejection)] };
            }
        };
        let before = self.outlook();
        let sealed = Entry::seal(&self.spec.run, &self.head, at, record);
        // What is applied is what a reload would read: a number that a double cannot hold is rounded
        // now and not only then, and what could not be read again is never written.
        let entry = Entry::parse(&sealed.to_text(), &self.spec.run, &self.head).ok();
        let Some(entry) = entry.filter(|entry| self.apply(entry)) else {
            // INVARIANT: what `decide` makes fits. Were it not so, nothing would be written.
            return Step { run: self, effects: vec![Effect::Reject(Rejection::Misfit)] };
        };
        let effects = self.following(entry, Some(before));
        Step { run: self, effects }
    }

    /// What a run waits for before an entry; see [`Self::following`].
    pub fn outlook(&self) -> Outlook {
        Outlook { awaited: self.outstanding(), is_over: self.status().is_over() }
    }

    /// What follows from an entry that this run has just taken in, as [`Self::step`] gives it:
    /// whoever replays a journal finds the same again.
    pub fn following(&self, entry: Entry, before: Option<Outlook>) -> Vec<Effect> {
        let Outlook { awaited, is_over } = before.unwrap_or_default();
        let call_tool = self.call_tool(&entry.record);
        let mut effects = vec![Effect::Append(entry)];
        effects.extend(call_tool);
        effects.extend(self.outstanding().into_iter().filter(|effect| !awaited.contains(effect)));
        if !is_over && self.status().is_over() {
            effects.push(Effect::Notify(Notice::Ended(self.status())));
        }
        effects
    }

    /// What the state still waits for: all that a resume has to do.
    pub fn outstanding(&self) -> Vec<Effect> {
        match &self.state {
            State::AwaitingModel(_) => vec![Effect::CallModel { turn: self.turn() }],
            State::Acting { turn, .. } => turn.slots.iter().filter_map(Slot::outstanding).collect(),
            State::Completed | State::Failed { .. } | State::Cancelled => Vec::new(),
        }
    }

    /// The state in one word.
    pub fn status(&self) -> Status {
        match &self.state {
            State::AwaitingModel(_) => Status::AwaitingModel,
            State::Completed => Status::Completed,
            State::Failed { .. } => Status::Failed,
            State::Cancelled => Status::Cancelled,
            State::Acting { turn, .. } => {
                let any = |is: fn(&Progress) -> bool| turn.slots.iter().any(|s| is(&s.progress));
                if any(|p| matches!(p, Progress::InDoubt { .. })) {
                    Status::InDoubt
                } else if any(|p| matches!(p, Progress::Held { .. })) {
                    Status::AwaitingApproval
                } else {
                    Status::AwaitingTools
                }
            }
        }
    }

    /// What the run was begun with.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Its id.
    pub fn id(&self) -> &RunId {
        &self.spec.run
    }

    /// The state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// When it began.
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// When its last entry was made.
    pub fn updated_at(&self) -> Timestamp {
        self.updated_at
    }

    /// The end of its journal.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// To whom it was handed over, if it was.
    pub fn keeper(&self) -> Option<&str> {
        self.keeper.as_deref()
    }

    /// Tokens so far.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// The number of the turn that is waited for or under way; the first is 0.
    pub fn turn(&self) -> u32 {
        u32::try_from(self.turns.len()).unwrap_or(u32::MAX)
    }

    /// All turns, the one under way included.
    pub fn turns(&self) -> impl Iterator<Item = &Turn> {
        let acting = match &self.state {
            State::Acting { turn, .. } => Some(turn),
            _ => None,
        };
        self.turns.iter().chain(acting)
    }

    /// The call of that id with its turn.
    pub fn find(&self, call: &CallId) -> Option<(&Turn, &Slot)> {
        self.turns().find_map(|turn| {
            turn.slots.iter().find(|slot| slot.action.id == *call).map(|slot| (turn, slot))
        })
    }

    /// How many calls wait for a person.
    pub fn waiting(&self) -> usize {
        match &self.state {
            State::Acting { turn, .. } => {
                turn.slots.iter().filter(|slot| slot.progress.needs_person()).count()
            }
            _ => 0,
        }
    }

    /// Whether a call was started and has not come back: after a reload nobody works on it.
    pub fn has_started_calls(&self) -> bool {
        self.turns().any(|turn| {
            turn.slots.iter().any(|slot| matches!(slot.progress, Progress::Started { .. }))
        })
    }

    /// Whether a call may run here without anyone being asked, is under way, or nobody knows what
    /// became of it: whoever called it hears of it, and nobody else believes that it may run.
    pub(crate) fn is_busy(&self) -> bool {
        let is_open = |progress: &Progress| {
            !matches!(progress, Progress::Queued | Progress::Held { .. } | Progress::Done { .. })
        };
        self.turns().any(|turn| turn.slots.iter().any(|slot| is_open(&slot.progress)))
    }

    fn slot(&self, call: &CallId) -> Option<&Slot> {
        match &self.state {
            State::Acting { turn, .. } => turn.slots.iter().find(|slot| slot.action.id == *call),
            _ => None,
        }
    }

    fn call_tool(&self, record: &Record) -> Option<Effect> {
        let Record::ToolStarted { call, attempt, key } = record else { return None };
        let slot = self.slot(call)?;
        Some(Effect::CallTool {
            call: call.clone(),
            attempt: *attempt,
            tool: slot.action.tool.clone(),
            arguments: slot.arguments().clone(),
            key: key.clone(),
        })
    }
}

/// Folds a journal into its run, checking every entry and the chain.
///
/// # Errors
/// As [`Entry::parse`]; [`JournalError::Incomplete`] for no entries, or fewer or more than the
/// head says; [`JournalError::Misfit`] where an entry cannot follow the one before.
pub fn replay<'a>(
    run: &RunId,
    head: Option<&Head>,
    entries: impl IntoIterator<Item = &'a str>,
) -> Result<Run, JournalError> {
    let mut state: Option<Run> = None;
    let mut end = Head::empty(run);
    for text in entries {
        let entry = Entry::parse(text, run, &end)?;
        end = entry.head();
        let misfit = JournalError::Misfit { seq: entry.seq };
        let fits = match (&mut state, &entry.record) {
            (None, Record::Started(spec)) if spec.run == *run => {
                state = Some(Run::born(&entry, spec.clone()));
                true
            }
            (Some(state), _) => state.apply(&entry),
            (None, _) => false,
        };
        if !fits {
            return Err(misfit);
        }
    }
    let expected = head.map_or(end.len, |head| head.len);
    let found = end.len;
    match state {
        Some(_) if found != expected => Err(JournalError::Incomplete { expected, found }),
        Some(_) if head.is_some_and(|head| *head != end) => {
            Err(JournalError::Altered { seq: found - 1, why: "it is not the last one written" })
        }
        Some(state) => Ok(state),
        None => Err(JournalError::Incomplete { expected: expected.max(1), found }),
    }
}
