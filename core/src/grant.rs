//! A decision that a person had remembered: a rule of theirs, which answers in their place until it
//! is revoked, runs out, or the tool is no longer what it was.

use serde_json::{Map, Value};

use crate::approval::Approver;
use crate::id::Timestamp;
use crate::journal::form::{Form as _, Misfit};
use crate::json::{self, Digest, canonical};
use crate::object;
use crate::plan::Action;
use crate::policy::{Ruling, Verdict, rule};
use crate::schema::Schema;
use crate::tool::{Tool, Toolbox};

/// A remembered rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// Its name, unique for ever.
    pub id: String,
    /// The tool's name.
    pub tool: String,
    /// The digest of the tool's definition as it was then; of another one nothing is known.
    pub tool_digest: Digest,
    /// What each argument may be: a schema by name. Arguments that are not named may not be there.
    pub bounds: Map<String, Value>,
    /// The sentence that the person saw before they saved it.
    pub because: String,
    /// Until when, if not until it is revoked.
    pub until: Option<Timestamp>,
    /// Whose it is.
    pub by: Approver,
    /// When it was made.
    pub at: Timestamp,
}

impl Grant {
    /// The narrowest rule that would have let an action go, for the person to widen: numbers up to
    /// this one, everything else just so. None where nothing may be remembered: what cannot be
    /// undone, and what is asked for each time by the tool, the page or the model.
    pub fn propose(action: &Action) -> Option<Map<String, Value>> {
        if action.annotations.destructive_hint || !may_answer(&action.ruling) {
            return None;
        }
        let mut bounds = Map::new();
        for (name, value) in action.arguments.as_object()? {
            let bound = match value.as_f64() {
                Some(number) if number >= 0.0 => {
                    object! { "type": "number", "minimum": 0, "maximum": value.clone() }
                }
                _ => object! { "const": value.clone() },
            };
            json::put(&mut bounds, name, bound);
        }
        Some(bounds)
    }

    /// Whether the rule answers for a call of this tool, on which the tool's own rules ruled so.
    pub fn covers(&self, tool: &Tool, arguments: &Value, ruling: &Ruling, tools: &Toolbox) -> bool {
        let is_meant = ruling.verdict == Verdict::Ask
            && may_answer(ruling)
            && !tool.annotations.destructive_hint
            && self.tool == tool.name
            && self.tool_digest == tool.digest;
        is_meant
            && Schema::compile(&self.schema(), tools.patterns())
                .is_ok_and(|schema| schema.matches(arguments, tools.patterns()) == Some(true))
    }

    /// Whether it is in force.
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.until.is_none_or(|until| at < until)
    }

    /// What it answers.
    pub fn ruling(&self) -> Ruling {
        let rule = [rule::REMEMBERED, &self.id].concat();
        Ruling::plain(Verdict::Allow, &rule, &self.because)
    }

    /// The stored form: canonical JSON.
    pub fn to_text(&self) -> String {
        canonical(&self.write())
    }

    /// Reads the stored form; none where it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut misfit = Misfit::default();
        let grant = Self::read(json::read(text).ok()?, &mut misfit);
        misfit.0.is_none().then_some(grant)
    }

    fn schema(&self) -> Value {
        object! {
            "type": "object",
            "properties": self.bounds.clone(),
            "required": self.bounds.keys().map(String::as_str).collect::<Vec<_>>(),
            "additionalProperties": false,
        }
    }
}

/// Whether a person's standing word can stand for what they are asked here.
fn may_answer(ruling: &Ruling) -> bool {
    let each_time = [rule::ALWAYS, rule::UNEVALUATED, rule::MODEL, rule::PAGE];
    !each_time.contains(&ruling.rule.as_str())
}
