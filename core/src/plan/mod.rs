//! A turn's calls, parsed: the one path of plan mode and tool mode to an action.
//!
//! Nothing of a plan with an issue runs; the whole report goes back to the model.

mod actions;
mod format;
mod issue;

pub use actions::{Draft, Note, Proposed, draft, reasked};
pub use format::plan_format;
pub use issue::{Issue, Report};

use serde_json::{Map, Value};

use crate::id::{CallId, RunId};
use crate::json::{Digest, digest};
use crate::policy::Ruling;
use crate::tool::Annotations;

/// One valid call, bound to its tool, with all that a person needs to decide about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// Our id of the call.
    pub id: CallId,
    /// The provider's id, by which the model is answered; absent in plan mode.
    pub call: Option<String>,
    /// The tool's name.
    pub tool: String,
    /// The tool's name for people.
    pub title: String,
    /// The digest of the tool's definition as it was then.
    pub tool_digest: Digest,
    /// The hints as they were then.
    pub annotations: Annotations,
    /// The arguments, checked against the tool's schema.
    pub arguments: Value,
    /// Whether it needs a person, and why.
    pub ruling: Ruling,
    /// Whether the model itself asked for confirmation; absent in tool mode.
    pub flagged: Option<bool>,
    /// The page's sentence for it.
    pub summary: Option<String>,
    /// The page's description of its effect: a text, or what changes from what to what.
    pub preview: Option<Value>,
    /// The model's reason, unverified.
    pub reason: Option<String>,
    /// What the page said of the state of things that this call is about.
    pub precondition: Option<Value>,
    /// The schema of the arguments, of a call that a person is asked about: should the tool change
    /// meanwhile, they are shown what did.
    pub schema: Option<Value>,
    /// How long the call waits for someone to take its approval back.
    pub undo_window_ms: Option<u64>,
    /// The earlier actions of the plan, by position, that must have succeeded; all, where the plan
    /// does not say.
    pub depends_on: Option<Vec<u32>>,
    /// What a decision is bound to; see [`Action::digest_with`].
    pub digest: Digest,
}

impl Action {
    /// The digest of this action with these arguments: the SHA-256 of its canonical record.
    pub fn digest_with(&self, run: &RunId, arguments: &Value) -> Digest {
        digest(&self.record_with(run, arguments))
    }

    /// What the digest is of, for whoever is to take it anew.
    pub fn record_with(&self, run: &RunId, arguments: &Value) -> Value {
        let mut record = Map::new();
        record.insert("v".into(), 1.into());
        record.insert("kind".into(), "action".into());
        record.insert("run".into(), run.as_str().into());
        record.insert("call".into(), self.id.as_str().into());
        record.insert("tool".into(), self.tool.as_str().into());
        record.insert("tool_digest".into(), self.tool_digest.to_string().into());
        record.insert("rule".into(), self.ruling.rule.as_str().into());
        record.insert("arguments".into(), arguments.clone());
        if let Some(precondition) = &self.precondition {
            record.insert("precondition".into(), precondition.clone());
        }
        Value::Object(record)
    }
}

/// What became of a model's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Planned {
    /// It is the final text for the person.
    Answer(String),
    /// Calls to make, with what the model says beside them.
    Actions {
        /// Text for the person.
        text: String,
        /// In the order in which they run.
        actions: Vec<Action>,
    },
    /// Faults; nothing of it runs.
    Invalid(Report),
    /// The provider took a break, with this text for the person so far; the model is asked again.
    Paused(String),
    /// It was cut short or refused by the provider, so nothing of it can be trusted.
    Unusable {
        /// A stable code.
        code: String,
        /// For the person.
        message: String,
    },
}
