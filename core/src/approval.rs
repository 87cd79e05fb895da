//! What a person is asked, and what they answer.

use serde_json::Value;

use crate::id::Timestamp;
use crate::json::Digest;

/// Who decided, and how they were asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver {
    /// The page's id of the person; empty where the page named no one.
    pub id: String,
    /// Their name.
    pub name: String,
    /// Where the decision was made: `card`, `script`.
    pub channel: String,
    /// Whether a real pointer or key press made it, as far as the browser can tell.
    pub trusted: bool,
}

/// A person's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// The call may run, once.
    Approve {
        /// What to run instead of what was proposed, if the person changed it.
        arguments: Option<Value>,
        /// A note for the record.
        note: Option<String>,
    },
    /// The call must not run.
    Deny {
        /// The model reads it.
        reason: Option<String>,
    },
    /// The call must not run, because the person tells the model at once what it needs to know.
    Answer {
        /// The model reads it in place of a result.
        text: String,
    },
}

/// A permission to run one call once, bound to what was shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Permit {
    /// The digest of the action with the arguments that will run.
    pub digest: Digest,
    /// The arguments that will run, where a person changed them.
    pub arguments: Option<Value>,
    /// Who gave it.
    pub by: Approver,
    /// When.
    pub at: Timestamp,
}

/// What a person, or the tool itself, says of a call that nobody knows the end of.
#[derive(Clone, Debug, PartialEq)]
pub enum Settlement {
    /// It happened; with its result where the tool could tell.
    Happened {
        /// The tool's result.
        result: Option<Value>,
    },
    /// It did not happen.
    DidNotHappen,
    /// Run it again, in the knowledge that it may happen twice.
    TryAgain,
}
