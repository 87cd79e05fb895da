//! One call of a turn and how far it is.

use serde_json::Value;

use super::Effect;
use crate::approval::{Approver, Permit};
use crate::id::{RunId, Timestamp};
use crate::json::digest_text;
use crate::object;
use crate::plan::Action;
use crate::policy::OnExpiry;

/// A call in its turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// What it is.
    pub action: Action,
    /// How far it is.
    pub progress: Progress,
    /// The permission to run, where one was needed and given.
    pub permit: Option<Permit>,
    /// What was asked about before this, where what it was about has changed since.
    pub was: Option<Box<Action>>,
    /// When a card for it first came in front of a person.
    pub viewed_at: Option<Timestamp>,
    /// How often it was started.
    pub attempts: u32,
    /// When it was first started.
    pub started_at: Option<Timestamp>,
}

/// How far a call is.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// An earlier action of the plan comes first.
    Queued,
    /// A person has to decide.
    Held {
        /// Since when.
        since: Timestamp,
        /// Until when, if the rule says so.
        expires: Option<Timestamp>,
        /// That time is over, and nobody may decide until they have asked for it anew.
        lapsed: bool,
    },
    /// It may run once no one can take that back any more.
    Delayed {
        /// When that is.
        until: Timestamp,
    },
    /// It may run and has not been started.
    Ready,
    /// The tool was, or is about to be, called.
    Started {
        /// When.
        at: Timestamp,
        /// The key that the tool was given.
        key: String,
    },
    /// Nobody knows whether it happened.
    InDoubt {
        /// Since when.
        since: Timestamp,
        /// Why nobody knows.
        because: String,
        /// The key that the tool was given.
        key: String,
    },
    /// It is over.
    Done {
        /// How it ended.
        outcome: Outcome,
        /// When.
        at: Timestamp,
    },
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// With a result.
    Succeeded(Value),
    /// A person says that it happened; there is no result.
    Confirmed(Approver),
    /// With an error, or a person says that it did not happen.
    Failed(String),
    /// A person said no.
    Denied {
        /// Why.
        reason: Option<String>,
        /// Who.
        by: Approver,
    },
    /// A person said something instead.
    Answered {
        /// What.
        text: String,
        /// Who.
        by: Approver,
    },
    /// A rule said no.
    Forbidden(String),
    /// Nobody decided in time.
    Expired,
    /// The run was stopped before it was started.
    Cancelled,
    /// An earlier action of the plan did not succeed.
    Skipped,
}

impl Progress {
    /// Whether a person is waited for.
    pub fn needs_person(&self) -> bool {
        matches!(self, Self::Held { .. } | Self::InDoubt { .. })
    }
}

impl Slot {
    pub(super) fn new(action: Action) -> Self {
        Self {
            action,
            progress: Progress::Queued,
            permit: None,
            was: None,
            viewed_at: None,
            attempts: 0,
            started_at: None,
        }
    }

    /// The arguments that run: those that the person changed, else those that were proposed.
    pub fn arguments(&self) -> &Value {
        self.permit
            .as_ref()
            .and_then(|permit| permit.arguments.as_ref())
            .unwrap_or(&self.action.arguments)
    }

    /// Until when a person who is asked now may decide, if the rule says so.
    pub(super) fn expiry_from(&self, at: Timestamp) -> Option<Timestamp> {
        self.action.ruling.expires_in_ms.map(|millis| at.plus_millis(millis))
    }

    /// When the time to decide ends, if it did not yet and where that has a consequence.
    pub fn ends_at(&self) -> Option<Timestamp> {
        match self.progress {
            Progress::Held { expires, lapsed: false, .. }
                if self.action.ruling.on_expiry != OnExpiry::Never =>
            {
                expires
            }
            _ => None,
        }
    }

    /// Whether the time to decide is over, where that has a consequence.
    pub(super) fn is_late(&self, at: Timestamp) -> bool {
        matches!(self.progress, Progress::Held { lapsed: true, .. })
            || self.ends_at().is_some_and(|end| at >= end)
    }

    /// What a call comes to that may run: at once, or after the time to take that back.
    pub(super) fn cleared(&self, at: Timestamp) -> Progress {
        match self.action.undo_window_ms {
            Some(window) => Progress::Delayed { until: at.plus_millis(window) },
            None => Progress::Ready,
        }
    }

    /// What a call comes to that a person has to decide about.
    pub(super) fn asked(&self, at: Timestamp) -> Progress {
        Progress::Held { since: at, expires: self.expiry_from(at), lapsed: false }
    }

    /// The idempotency key: the same for every attempt at this call with these arguments, and
    /// different for any other.
    pub fn key(&self, run: &RunId) -> String {
        let digest = self.action.digest_with(run, self.arguments());
        digest_text(&["holdpoint-key-v1|", &digest.to_string()].concat()).to_string()
    }

    pub(super) fn outstanding(&self) -> Option<Effect> {
        let call = self.action.id.clone();
        match self.progress {
            Progress::Held { .. } => Some(Effect::RequestApproval { call }),
            Progress::Ready | Progress::Delayed { .. } => Some(Effect::StartTool { call }),
            Progress::InDoubt { .. } => Some(Effect::RequestSettlement { call }),
            Progress::Queued | Progress::Started { .. } | Progress::Done { .. } => None,
        }
    }

    /// How it ended, if it did.
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.progress {
            Progress::Done { outcome, .. } => Some(outcome),
            _ => None,
        }
    }

    /// What the model is told of the call. A denial, an expiry and a doubt are each said as what
    /// they are: none is passed off as another.
    pub fn to_model(&self) -> Value {
        let mut told = match &self.progress {
            Progress::Done { outcome, .. } => match outcome {
                Outcome::Succeeded(result) => {
                    object! { "status": "succeeded", "result": result.clone() }
                }
                Outcome::Confirmed(_) => object! {
                    "status": "succeeded",
                    "note": "its result is not known; a person confirmed that it happened"
                },
                Outcome::Failed(error) => object! { "status": "failed", "error": error.as_str() },
                Outcome::Denied { reason, .. } => object! {
                    "status": "denied",
                    "reason": reason.as_deref().unwrap_or("the person declined"),
                    "note": "do not try this again unless the person asks for it"
                },
                Outcome::Answered { text, .. } => object! {
                    "status": "answered",
                    "answer": text.as_str(),
                    "note": "the call was not made; the person says this instead"
                },
                Outcome::Forbidden(because) => {
                    object! { "status": "denied", "reason": because.as_str() }
                }
                Outcome::Expired => object! {
                    "status": "expired",
                    "note": "nobody decided in time; this was not a person's no"
                },
                Outcome::Cancelled => object! { "status": "cancelled" },
                Outcome::Skipped => object! {
                    "status": "skipped",
                    "note": "an earlier action of the plan did not succeed"
                },
            },
            Progress::InDoubt { .. } => object! { "status": "in_doubt" },
            _ => object! { "status": "not_run" },
        };
        if let (Some(permit), Some(fields)) = (&self.permit, told.as_object_mut())
            && let Some(arguments) = &permit.arguments
        {
            fields.insert("changed_by_person_to".into(), arguments.clone());
        }
        told
    }
}
