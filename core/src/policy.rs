//! Which calls need a person: rules as data, and the verdict they give.
//!
//! Deny beats ask beats allow, and whatever cannot be evaluated is at least asked.
//!
//! # Examples
//!
//! ```
//! use holdpoint_core::policy::{Verdict, rule_on};
//! use holdpoint_core::schema::NoPatterns;
//! use holdpoint_core::tool::Tool;
//! use serde_json::json;
//!
//! let tool = Tool::parse(&json!({
//!     "name": "transfer",
//!     "description": "Sends money.",
//!     "inputSchema": { "type": "object", "properties": { "amount": { "type": "number" } } },
//!     "approval": [{
//!         "id": "above-100",
//!         "when": { "properties": { "amount": { "exclusiveMinimum": 100 } } },
//!         "because": "transfers above 100 need a person",
//!     }],
//! }), &NoPatterns)?;
//! let ruling = rule_on(&tool, &json!({ "amount": 500 }), &NoPatterns);
//! assert_eq!((ruling.verdict, ruling.rule.as_str()), (Verdict::Ask, "above-100"));
//! assert_eq!(rule_on(&tool, &json!({ "amount": 5 }), &NoPatterns).verdict, Verdict::Allow);
//! # Ok::<(), holdpoint_core::tool::DefinitionError>(())
//! ```

use serde_json::{Map, Value};

use crate::json::put;
use crate::schema::{Patterns, Schema};
use crate::tool::{DefinitionError, Tool, compiled};

/// The answer of the policy; a later one is stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The call may run at once.
    Allow,
    /// A person has to decide.
    Ask,
    /// The call may not run at all.
    Deny,
}

impl Verdict {
    /// The word, in the stored form as well.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

/// What a tool's `approval` says.
#[derive(Clone, Debug)]
pub enum Approval {
    /// Nothing was said: only a read-only tool runs by itself.
    Unstated,
    /// Every call runs by itself.
    Never,
    /// Every call needs a person.
    Always,
    /// A call needs a person when a rule matches its arguments.
    Rules(Vec<Rule>),
}

/// One rule: a JSON Schema over the arguments, with a sentence for the person.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name, shown on the card and kept in the journal.
    pub id: String,
    /// The arguments that it is about.
    pub when: Schema,
    /// The names of arguments that `when` looks at, so that the card can show their values.
    pub looks_at: Vec<String>,
    /// Why, as the end of "you are asked because …".
    pub because: String,
    /// [`Verdict::Ask`] or [`Verdict::Deny`].
    pub verdict: Verdict,
    /// How long a person has to decide.
    pub expires_in_ms: Option<u64>,
    /// What becomes of the call when that time is over.
    pub on_expiry: OnExpiry,
}

/// What becomes of a call when the time to decide about it is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnExpiry {
    /// It does not run, and the model is told that nobody decided.
    #[default]
    Deny,
    /// Nobody may decide about what was shown until they ask for it anew.
    AskAgain,
    /// Nothing: the person is told that it is late.
    Never,
}

impl OnExpiry {
    /// The word, in the stored form as well.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::AskAgain => "ask-again",
            Self::Never => "never",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Deny, Self::AskAgain, Self::Never].into_iter().find(|it| it.as_str() == word)
    }
}

/// A verdict with all that a person needs to understand it; kept in the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruling {
    /// The verdict.
    pub verdict: Verdict,
    /// The rule that gave it; one of the tool's, or one of [`rule`].
    pub rule: String,
    /// The rule's sentence.
    pub because: String,
    /// The arguments that the rule looked at.
    pub matched: Map<String, Value>,
    /// How long a person has to decide.
    pub expires_in_ms: Option<u64>,
    /// What becomes of the call then.
    pub on_expiry: OnExpiry,
}

/// Ids of rulings that no rule of a tool gave.
pub mod rule {
    /// The tool declares that it changes nothing.
    pub const READ_ONLY: &str = "read-only";
    /// The tool says `approval: "never"`.
    pub const NEVER: &str = "never-asks";
    /// The tool says `approval: "always"`.
    pub const ALWAYS: &str = "always-asks";
    /// The tool has rules and none matched.
    pub const NONE_MATCHED: &str = "no-rule-matched";
    /// The tool says nothing of approval.
    pub const UNSTATED: &str = "no-rule";
    /// A rule could not be evaluated.
    pub const UNEVALUATED: &str = "rule-not-evaluated";
    /// The model asked for confirmation itself.
    pub const MODEL: &str = "model-asked";
    /// A function of the page asked for it.
    pub const PAGE: &str = "page-asked";
    /// A person denied the very same call earlier in the run.
    pub const DENIED_BEFORE: &str = "denied-before";
    /// What the id of a rule begins with that a person had remembered.
    pub const REMEMBERED: &str = "remembered:";
}

impl Ruling {
    /// A ruling that no rule of a tool gave.
    pub fn plain(verdict: Verdict, rule: &str, because: &str) -> Self {
        Self {
            verdict,
            rule: rule.to_owned(),
            because: because.to_owned(),
            matched: Map::new(),
            expires_in_ms: None,
            on_expiry: OnExpiry::Deny,
        }
    }

    /// The stricter of two; the first where they are equal.
    #[must_use]
    pub fn or_stricter(self, other: Self) -> Self {
        if other.verdict > self.verdict { other } else { self }
    }
}

/// Rules on one call.
pub fn rule_on(tool: &Tool, arguments: &Value, patterns: &dyn Patterns) -> Ruling {
    match &tool.approval {
        Approval::Never => Ruling::plain(Verdict::Allow, rule::NEVER, "this tool never asks"),
        Approval::Always => Ruling::plain(Verdict::Ask, rule::ALWAYS, "this tool always asks"),
        Approval::Unstated if tool.annotations.read_only_hint => {
            Ruling::plain(Verdict::Allow, rule::READ_ONLY, "this tool changes nothing")
        }
        Approval::Unstated => Ruling::plain(
            Verdict::Ask,
            rule::UNSTATED,
            "this tool may change something and has no rule",
        ),
        Approval::Rules(rules) => {
            let because = "no rule of this tool matched";
            let mut ruling = Ruling::plain(Verdict::Allow, rule::NONE_MATCHED, because);
            for rule in rules {
                ruling = ruling.or_stricter(rule.apply(arguments, patterns));
            }
            ruling
        }
    }
}

impl Rule {
    fn apply(&self, arguments: &Value, patterns: &dyn Patterns) -> Ruling {
        match self.when.matches(arguments, patterns) {
            Some(false) => Ruling::plain(Verdict::Allow, rule::NONE_MATCHED, ""),
            Some(true) => {
                let mut matched = Map::new();
                for name in &self.looks_at {
                    if let Some(argument) = arguments.get(name) {
                        put(&mut matched, name, argument.clone());
                    }
                }
                Ruling {
                    verdict: self.verdict,
                    rule: self.id.clone(),
                    because: self.because.clone(),
                    matched,
                    expires_in_ms: self.expires_in_ms,
                    on_expiry: self.on_expiry,
                }
            }
            None => Ruling::plain(
                self.verdict.max(Verdict::Ask),
                rule::UNEVALUATED,
                &["rule ", &self.id, " could not be evaluated"].concat(),
            ),
        }
    }
}

impl Approval {
    pub(crate) fn parse(
        approval: &Value,
        tool: &str,
        patterns: &dyn Patterns,
    ) -> Result<Self, DefinitionError> {
        let expected = match approval {
            Value::Null => return Ok(Self::Unstated),
            Value::String(word) if word == "never" => return Ok(Self::Never),
            Value::String(word) if word == "always" => return Ok(Self::Always),
            Value::Array(rules) if rules.is_empty() => {
                "expected approval to have a rule, or to be \"never\" or \"always\""
            }
            Value::Array(given) => {
                let mut rules: Vec<Rule> = Vec::with_capacity(given.len());
                for rule in given {
                    rules.push(Rule::parse(rule, tool, patterns)?);
                }
                let is_used_before = |(index, rule): (usize, &Rule)| {
                    rules.iter().take(index).any(|other| other.id == rule.id)
                };
                if !rules.iter().enumerate().any(is_used_before) {
                    return Ok(Self::Rules(rules));
                }
                "expected each rule to have an id of its own"
            }
            _ => "expected approval to be \"never\", \"always\" or a list of rules",
        };
        Err(DefinitionError::malformed(tool, &[expected]))
    }
}

impl Rule {
    fn parse(rule: &Value, tool: &str, patterns: &dyn Patterns) -> Result<Self, DefinitionError> {
        let malformed = |words: &[&str]| DefinitionError::malformed(tool, words);
        let Some(fields) = rule.as_object() else {
            return Err(malformed(&["expected a rule to be an object"]));
        };
        if let Some(unknown) = fields.keys().find(|key| !RULE_FIELDS.contains(&key.as_str())) {
            return Err(malformed(&["a rule has no field ", unknown]));
        }
        let text = |key: &str| match fields.get(key).and_then(Value::as_str) {
            Some(text) if !text.trim().is_empty() => Ok(text),
            _ => Err(malformed(&["expected a rule to have the text ", key])),
        };
        let id = text("id")?;
        let Some(when) = fields.get("when") else {
            return Err(malformed(&["expected rule ", id, " to have a schema in when"]));
        };
        let verdict = match fields.get("verdict").map(|v| v.as_str().unwrap_or_default()) {
            None | Some("ask") => Verdict::Ask,
            Some("deny") => Verdict::Deny,
            Some(_) => {
                return Err(malformed(&["expected verdict of rule ", id, " to be ask or deny"]));
            }
        };
        let expires_in_ms = match fields.get("expiresIn") {
            None | Some(Value::Null) => None,
            Some(millis) => match millis.as_u64() {
                None | Some(0) => {
                    let expected = " to be milliseconds above 0";
                    return Err(malformed(&["expected expiresIn of rule ", id, expected]));
                }
                millis => millis,
            },
        };
        let on_expiry = match fields.get("onExpiry").map(|v| v.as_str().unwrap_or_default()) {
            None => OnExpiry::Deny,
            Some(word) => OnExpiry::parse(word).ok_or_else(|| {
                let expected = " to be deny, ask-again or never";
                malformed(&["expected onExpiry of rule ", id, expected])
            })?,
        };
        let when_schema = compiled(when, tool, &["rule ", id, " "].concat(), patterns)?;
        let because = text("because")?;
        let properties = when.get("properties").and_then(Value::as_object);
        Ok(Self {
            id: id.to_owned(),
            when: when_schema,
            looks_at: properties.into_iter().flat_map(Map::keys).cloned().collect(),
            because: because.to_owned(),
            verdict,
            expires_in_ms,
            on_expiry,
        })
    }
}

const RULE_FIELDS: [&str; 6] = ["id", "when", "because", "expiresIn", "onExpiry", "verdict"];
