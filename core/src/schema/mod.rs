//! JSON Schema, draft 2020-12: what a tool accepts, and when a rule of a policy applies.
//!
//! Two promises set this validator apart, since approvals hang on it. What it does not support is
//! refused by [`Schema::compile`] and never ignored. What cannot be evaluated is never taken for
//! valid, nor for invalid: inside `not` either would open the gate.
//!
//! Everything the draft requires is supported except `$dynamicRef`, `$dynamicAnchor`, `$vocabulary`,
//! an `$id` below the root and references to other documents. `format` and the `content…` keywords
//! are annotations, as the draft has it by default; so is every keyword that starts with `x-`.
//! A draft-07 `$schema` is accepted because what the drafts share means the same in both; where
//! they differ (a `$ref` with siblings, `items` as a list, `dependencies`) the schema is refused.

mod compare;
mod compile;
mod evaluate;
mod node;
pub mod strict;
mod words;

use std::sync::Arc;

use serde_json::Value;

use compile::Compiler;
use evaluate::Evaluation;
use node::Node;

/// A schema that is understood in full; cheap to clone.
///
/// # Examples
///
/// ```
/// use holdpoint_core::schema::{NoPatterns, Schema};
/// use serde_json::json;
///
/// let schema = json!({"properties": {"amount": {"maximum": 100}}, "required": ["amount"]});
/// let schema = Schema::compile(&schema, &NoPatterns).unwrap();
///
/// let [violation] = &schema.check(&json!({"amount": 500}), &NoPatterns)[..] else { panic!() };
/// assert_eq!(violation.path, "/amount");
/// assert_eq!(violation.message, "expected a number of at most 100, found 500");
/// ```
#[derive(Clone, Debug)]
pub struct Schema {
    /// The root comes first; a node names others by their place in this list.
    nodes: Arc<[Node]>,
}

impl Schema {
    /// Understands a schema, or says all that stands in the way.
    ///
    /// # Errors
    ///
    /// * An unknown or unsupported keyword: `{"maxLenght": 5}`.
    /// * A keyword with the wrong kind of operand: `{"required": "amount"}`.
    /// * A `$ref` that leads to no schema of this document: `{"$ref": "#/$defs/missing"}`.
    /// * A pattern that `patterns` cannot evaluate: `{"pattern": "("}`.
    pub fn compile(schema: &Value, patterns: &dyn Patterns) -> Result<Self, Vec<Unsupported>> {
        let nodes = Compiler::compile(schema, patterns)?;
        Ok(Self { nodes: nodes.into() })
    }

    /// What is wrong with a value: at most [`VIOLATIONS_MAX`] violations, none if it is valid.
    ///
    /// What could not be evaluated is a violation too, and comes last.
    pub fn check(&self, value: &Value, patterns: &dyn Patterns) -> Vec<Violation> {
        Evaluation::check(&self.nodes, patterns, value)
    }

    /// Whether a value is valid, and nothing about it was left open.
    pub fn is_valid(&self, value: &Value, patterns: &dyn Patterns) -> bool {
        self.matches(value, patterns) == Some(true)
    }

    /// Whether a value is valid; `None` if any part of that question could not be answered, even
    /// one that might not have mattered.
    pub fn matches(&self, value: &Value, patterns: &dyn Patterns) -> Option<bool> {
        Evaluation::matches(&self.nodes, patterns, value)
    }
}

/// The most violations that [`Schema::check`] lists.
pub const VIOLATIONS_MAX: usize = 32;

/// A part of a schema that is not supported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unsupported {
    /// A JSON Pointer into the schema.
    pub path: String,
    /// What was expected there and what was found.
    pub message: String,
}

/// A part of a value that a schema does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Violation {
    /// A JSON Pointer into the value.
    pub path: String,
    /// The keyword of the schema that is violated.
    pub keyword: &'static str,
    /// What was expected there and what was found.
    pub message: String,
}

/// ECMAScript regular expressions with the `u` flag, which the host brings: the page's own in a
/// browser, a library elsewhere.
pub trait Patterns {
    /// Whether a text has a match anywhere; `None` if the pattern cannot be evaluated.
    fn is_match(&self, pattern: &str, text: &str) -> Option<bool>;

    /// Whether a pattern can be evaluated.
    fn compiles(&self, pattern: &str) -> bool {
        self.is_match(pattern, "").is_some()
    }
}

/// No regular expressions: a schema that has any is refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPatterns;

impl Patterns for NoPatterns {
    fn is_match(&self, _pattern: &str, _text: &str) -> Option<bool> {
        None
    }
}
