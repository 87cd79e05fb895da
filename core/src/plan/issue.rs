//! Faults of a plan, as the model reads them.

use serde_json::Value;

use crate::journal::form::Form as _;
use crate::object;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// A stable code, such as `unknown_tool` or `schema_violation`.
    pub code: String,
    /// The tool's name, or empty where the fault is of the whole plan.
    pub tool: String,
    /// Where in the arguments, as a JSON Pointer.
    pub path: String,
    /// Names what was expected and what was found.
    pub message: String,
}

impl Issue {
    /// An issue with its parts.
    pub fn new(code: &str, tool: &str, path: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            tool: tool.to_owned(),
            path: path.to_owned(),
            message: message.into(),
        }
    }
}

/// All faults of one plan; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report(pub Vec<Issue>);

impl Report {
    /// What the model is told.
    pub fn to_value(&self) -> Value {
        object! {
            "status": "invalid",
            "executed": "nothing of this turn was executed",
            "issues": self.write(),
        }
    }
}
