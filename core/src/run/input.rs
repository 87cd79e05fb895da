//! Facts from outside, in the past tense.

use serde_json::Value;

use super::Limits;
use crate::approval::{Approver, Decision, Settlement};
use crate::grant::Grant;
use crate::id::{CallId, RunId, ThreadId};
use crate::json::Digest;
use crate::message::ModelResponse;
use crate::plan::Note;

/// What a run is begun with.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// The run's id, unique for ever.
    pub run: RunId,
    /// The conversation it belongs to.
    pub thread: ThreadId,
    /// How the model says what to do.
    pub mode: Mode,
    /// The provider's name of the model.
    pub model: String,
    /// The page's instructions to the model.
    pub instructions: String,
    /// What the person asked for.
    pub text: String,
    /// The bounds.
    pub limits: Limits,
}

/// How the model says what to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It calls tools, turn by turn.
    #[default]
    Tools,
    /// It fills in an action plan, once.
    Plan,
}

/// One fact.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The model's stream ended as it should.
    ModelResponded {
        /// The turn that was asked for.
        turn: u32,
        /// The answer.
        response: ModelResponse,
        /// What the page says of each call, by position.
        notes: Vec<Note>,
        /// Turns that the question left out; see [`super::Run::request`].
        left_out: u32,
        /// What people had remembered, as it is stored now.
        grants: Vec<Grant>,
    },
    /// A person decided.
    Decided {
        /// About which call.
        call: CallId,
        /// What.
        decision: Decision,
        /// The digest of what was shown.
        digest: Digest,
        /// Who.
        by: Approver,
    },
    /// The driver is about to call the tool.
    ToolStarted {
        /// For which call.
        call: CallId,
    },
    /// The tool came back, or did not in time.
    ToolFinished {
        /// For which call.
        call: CallId,
        /// The attempt that came back.
        attempt: u32,
        /// With what.
        outcome: ToolOutcome,
    },
    /// Someone said what became of a call in doubt.
    Settled {
        /// Which call.
        call: CallId,
        /// What became of it.
        settlement: Settlement,
        /// Who said so.
        by: Approver,
    },
    /// The clock passed the time to decide.
    Expired {
        /// Which call.
        call: CallId,
    },
    /// The person stopped the run.
    Cancelled {
        /// Who.
        by: Approver,
    },
    /// Whoever held the run is gone, and someone else holds it now.
    Resumed,
    /// A card came in front of a person.
    Viewed {
        /// Which call.
        call: CallId,
        /// The digest of what is shown.
        digest: Digest,
        /// Who, as far as the page knows.
        by: Approver,
    },
    /// A person wants more time to decide, or to be asked again after it.
    Extended {
        /// About which call.
        call: CallId,
        /// Who.
        by: Approver,
    },
    /// A person takes an approval back before the call began.
    TakenBack {
        /// Of which call.
        call: CallId,
        /// Who.
        by: Approver,
    },
    /// The page was asked again about a call that is held.
    Refreshed {
        /// Which call.
        call: CallId,
        /// What it says now.
        note: Note,
    },
    /// The run goes on elsewhere, with the tools of another keeper.
    HandedOver {
        /// Whose.
        to: String,
        /// Who gives it away.
        by: Approver,
    },
}

/// How a tool came back.
#[derive(Clone, Debug, PartialEq)]
pub enum ToolOutcome {
    /// With a result.
    Succeeded(Value),
    /// With an error of its own.
    Failed(String),
    /// Not at all: nobody knows whether it happened.
    Unknown(String),
}
