//! What the driver must do, in the imperative.

use serde_json::Value;

use super::{Run, Status};
use crate::id::CallId;
use crate::journal::Entry;

/// The result of a step.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Step {
    /// The next state.
    pub run: Run,
    /// What to do, in this order.
    pub effects: Vec<Effect>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Make this durable before anything after it is done.
    Append(Entry),
    /// Ask the model; then [`super::Input::ModelResponded`].
    CallModel {
        /// The number of its answer.
        turn: u32,
    },
    /// Show a card; then [`super::Input::Decided`].
    RequestApproval {
        /// For this call.
        call: CallId,
    },
    /// The call may run: once the run is held and the tool is there, say
    /// [`super::Input::ToolStarted`].
    StartTool {
        /// This call.
        call: CallId,
    },
    /// Call the tool now; then [`super::Input::ToolFinished`].
    CallTool {
        /// For this call.
        call: CallId,
        /// Counts from 1.
        attempt: u32,
        /// The tool's name.
        tool: String,
        /// What was approved, or what the rules allow.
        arguments: Value,
        /// The idempotency key.
        key: String,
    },
    /// Show the in-doubt card; then [`super::Input::Settled`].
    RequestSettlement {
        /// For this call.
        call: CallId,
    },
    /// Tell whoever wants to know.
    Notify(Notice),
    /// The input did not fit; nothing changed.
    Reject(Rejection),
}

/// What a run waits for at one moment, to be compared with a later one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outlook {
    pub(super) awaited: Vec<Effect>,
    pub(super) is_over: bool,
}

/// Something worth telling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The run is over.
    Ended(Status),
}

/// Why an input did not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The run is over, or waits for something else.
    #[error("the run does not wait for this")]
    Stale,
    /// There is no such call in this turn.
    #[error("there is no such call")]
    UnknownCall,
    /// Someone decided already.
    #[error("this call was decided already")]
    DecidedAlready,
    /// The time to decide is over.
    #[error("the time to decide is over")]
    Expired,
    /// The time to decide is not over yet.
    #[error("the time to decide is not over yet")]
    NotExpired,
    /// The call waits for someone to take its approval back.
    #[error("the call can still be taken back, so it is not started yet")]
    NotYet,
    /// The page says nothing new.
    #[error("nothing has changed")]
    Unchanged,
    /// What was decided about is not what is waiting.
    #[error("the digest is not that of the call which is waiting")]
    DigestMismatch,
    /// The tool is not registered now.
    #[error("the tool `{0}` is not registered")]
    ToolMissing(String),
    /// The tool is not the one that was asked about.
    #[error("the tool `{0}` was changed since this call was proposed")]
    ToolChanged(String),
    /// The changed arguments are not valid.
    #[error("the changed arguments are not valid: {0}")]
    InvalidArguments(String),
    /// The policy forbids the changed arguments.
    #[error("the changed arguments are not allowed: {0}")]
    Forbidden(String),
    /// The run goes on elsewhere, and nothing of it is decided or done here any more.
    #[error("this run was handed over, and goes on there")]
    HandedOver,
    /// A call is under way, or in doubt, so the run cannot change hands.
    #[error("a call of this run is under way or in doubt, so it cannot be handed over now")]
    Busy,
    /// A fault of ours: what was decided could not be applied.
    #[error("the entry does not fit the run")]
    Misfit,
}

impl Rejection {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::UnknownCall => "unknown_call",
            Self::DecidedAlready => "decided_already",
            Self::Expired => "expired",
            Self::NotExpired => "not_expired",
            Self::NotYet => "not_yet",
            Self::Unchanged => "unchanged",
            Self::DigestMismatch => "digest_mismatch",
            Self::ToolMissing(_) => "tool_missing",
            Self::ToolChanged(_) => "tool_changed",
            Self::InvalidArguments(_) => "arguments_invalid",
            Self::Forbidden(_) => "arguments_forbidden",
            Self::HandedOver => "handed_over",
            Self::Busy => "run_busy",
            Self::Misfit => "journal_misfit",
        }
    }
}
