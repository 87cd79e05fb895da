//! What the page offers: tools, checked when they are registered, and the box that holds them.

use std::rc::Rc;

use serde_json::{Map, Value};

use crate::journal::form::Form as _;
use crate::json::{Digest, digest};
use crate::message::Function;
use crate::policy::{Approval, Rule};
use crate::schema::{Patterns, Schema, Unsupported, strict};
use crate::sorted::Sorted;

/// Hints of the tool's author; they never lower a verdict that a rule gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    /// The tool changes nothing: it may run without a person and may run twice.
    pub read_only_hint: bool,
    /// What it does cannot be undone.
    pub destructive_hint: bool,
    /// Calling it again with the same key changes nothing more.
    pub idempotent_hint: bool,
}

impl Annotations {
    /// Whether a call that was interrupted may be made again without asking.
    pub fn repeatable(self) -> bool {
        self.read_only_hint || self.idempotent_hint
    }
}

/// A tool whose definition was understood completely.
#[derive(Clone, Debug)]
pub struct Tool {
    /// The name that the model uses.
    pub name: String,
    /// A name for people.
    pub title: String,
    /// What it does, for the model.
    pub description: String,
    /// The author's hints.
    pub annotations: Annotations,
    /// Which calls need a person.
    pub approval: Approval,
    /// How long a call that may run waits for someone to take that back.
    pub undo_window_ms: Option<u64>,
    /// The schema of its arguments, as given.
    pub input_schema: Value,
    /// The same, compiled.
    pub schema: Schema,
    /// Identifies name, schema, rules and hints, and whose tool it is (`origin`) where it is not the
    /// page's own, so that an approval is bound to them.
    pub digest: Digest,
}

/// Why a definition was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tool `{name}` is not usable: {message}")]
pub struct DefinitionError {
    /// A stable code: `tool_malformed`, `tool_schema_unsupported` or `tool_duplicate`.
    pub code: &'static str,
    /// The tool's name, as far as it has one.
    pub name: String,
    /// What is wrong, and where.
    pub message: String,
}

impl Tool {
    /// Checks a definition.
    ///
    /// # Errors
    /// - `tool_malformed`: a field is missing, of the wrong type, or unknown in `approval`
    /// - `tool_schema_unsupported`: `inputSchema` or a rule uses what the validator does not know,
    ///   which is refused because a keyword that is ignored is a check that is not made
    pub fn parse(definition: &Value, patterns: &dyn Patterns) -> Result<Self, DefinitionError> {
        let name = definition.get("name").and_then(Value::as_str).unwrap_or_default();
        let malformed = |words: &[&str]| DefinitionError::malformed(name, words);
        let well_named = (1..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if !well_named {
            let expected = "expected a name of 1 to 64 letters, digits, underscores or hyphens";
            return Err(malformed(&[expected]));
        }
        let text = |key: &str| match definition.get(key) {
            None | Some(Value::Null) => Ok(""),
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(_) => Err(malformed(&["expected ", key, " to be a string"])),
        };
        let (title, description, origin) = (text("title")?, text("description")?, text("origin")?);
        if description.is_empty() {
            return Err(malformed(&["expected a description that tells the model what it does"]));
        }
        let empty = empty_object();
        let input_schema = match definition.get("inputSchema") {
            None | Some(Value::Null) => &empty,
            Some(schema @ Value::Object(_)) => schema,
            Some(_) => {
                return Err(malformed(&["expected inputSchema to be a JSON Schema object"]));
            }
        };
        if input_schema.get("type").and_then(Value::as_str) != Some("object") {
            return Err(malformed(&["expected inputSchema to have type \"object\""]));
        }
        let schema = compiled(input_schema, name, "inputSchema", patterns)?;
        let annotations = annotations(definition, name)?;
        let approval = definition.get("approval").unwrap_or(&Value::Null);
        let undo_window_ms = undo_window(definition, name)?;
        let mut identity = vec![
            name.into(),
            input_schema.clone(),
            approval.clone(),
            // Without an `approval` the hints are the rule.
            annotations.write(),
        ];
        identity.extend(undo_window_ms.map(Value::from));
        if !origin.is_empty() {
            identity.push(origin.into());
        }
        let digest = digest(&Value::Array(identity));
        Ok(Self {
            approval: Approval::parse(approval, name, patterns)?,
            name: name.to_owned(),
            title: if title.is_empty() { title_of(name) } else { title.to_owned() },
            description: description.to_owned(),
            annotations,
            undo_window_ms,
            input_schema: input_schema.clone(),
            schema,
            digest,
        })
    }
}

impl DefinitionError {
    #[inline(never)]
    pub(crate) fn malformed(name: &str, words: &[&str]) -> Self {
        Self { code: "tool_malformed", name: name.to_owned(), message: words.concat() }
    }
}

/// A schema of a tool's definition, compiled; `of` is where it stands there.
pub(crate) fn compiled(
    schema: &Value,
    name: &str,
    of: &str,
    patterns: &dyn Patterns,
) -> Result<Schema, DefinitionError> {
    Schema::compile(schema, patterns).map_err(|unsupported| {
        let mut message = String::new();
        for Unsupported { path, message: words } in unsupported {
            let separator = if message.is_empty() { "" } else { "; " };
            message.push_str(&[separator, of, &path, ": ", &words].concat());
        }
        DefinitionError { code: "tool_schema_unsupported", name: name.to_owned(), message }
    })
}

/// The tools that a run may use now.
#[derive(Clone)]
pub struct Toolbox {
    tools: Sorted<String, Rc<Tool>>,
    patterns: Rc<dyn Patterns>,
    keeper: Option<String>,
}

impl Toolbox {
    /// An empty box; `patterns` is the host's regular expression engine.
    pub fn new(patterns: Rc<dyn Patterns>) -> Self {
        Self { tools: Sorted::default(), patterns, keeper: None }
    }

    /// The tools of a keeper, who carries on runs that were handed over to that name; the tools of
    /// anyone else do not.
    #[must_use]
    pub fn kept_by(mut self, keeper: &str) -> Self {
        self.keeper = Some(keeper.to_owned());
        self
    }

    /// Whose they are.
    pub(crate) fn keeper(&self) -> Option<&str> {
        self.keeper.as_deref()
    }

    /// Adds a tool.
    ///
    /// # Errors
    /// As [`Tool::parse`], and `tool_duplicate` when there is one of that name already.
    pub fn register(&mut self, definition: &Value) -> Result<Rc<Tool>, DefinitionError> {
        let tool = Rc::new(Tool::parse(definition, &*self.patterns)?);
        if self.tools.contains(&tool.name) {
            return Err(DefinitionError {
                code: "tool_duplicate",
                name: tool.name.clone(),
                message: "a tool of that name is registered already".to_owned(),
            });
        }
        self.tools.insert(tool.name.clone(), Rc::clone(&tool));
        Ok(tool)
    }

    /// Removes a tool; calls that wait for it wait on.
    pub fn unregister(&mut self, name: &str) -> bool {
        self.tools.remove(name).is_some()
    }

    /// The tool of that name.
    pub fn get(&self, name: &str) -> Option<&Rc<Tool>> {
        self.tools.get(name)
    }

    /// All tools, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Rc<Tool>> {
        self.tools.values()
    }

    /// The host's regular expression engine.
    pub fn patterns(&self) -> &dyn Patterns {
        &*self.patterns
    }

    /// The tools as the model is told of them in tool mode.
    pub fn functions(&self) -> Vec<Function> {
        self.iter()
            .map(|tool| {
                let strict = strict::to_strict(&tool.input_schema);
                Function {
                    name: tool.name.clone(),
                    description: tool.description.clone(),
                    strict: strict.is_some(),
                    parameters: strict.unwrap_or_else(|| tool.input_schema.clone()),
                }
            })
            .collect()
    }
}

impl Tool {
    /// The rules, if it has any.
    pub fn rules(&self) -> &[Rule] {
        match &self.approval {
            Approval::Rules(rules) => rules,
            _ => &[],
        }
    }
}

fn annotations(definition: &Value, name: &str) -> Result<Annotations, DefinitionError> {
    let Some(hints) = definition.get("annotations").filter(|hints| !hints.is_null()) else {
        return Ok(Annotations::default());
    };
    let hint = |key: &str| match hints.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(hint)) => Ok(*hint),
        Some(_) => {
            let words = ["expected annotations.", key, " to be true or false"];
            Err(DefinitionError::malformed(name, &words))
        }
    };
    Ok(Annotations {
        read_only_hint: hint("readOnlyHint")?,
        destructive_hint: hint("destructiveHint")?,
        idempotent_hint: hint("idempotentHint")?,
    })
}

fn undo_window(definition: &Value, name: &str) -> Result<Option<u64>, DefinitionError> {
    let undoable = match definition.get("undoable") {
        None | Some(Value::Null) => return Ok(None),
        Some(undoable) => undoable,
    };
    match undoable.get("windowMs").and_then(Value::as_u64) {
        Some(window) if (1..=UNDO_WINDOW_MAX_MS).contains(&window) => Ok(Some(window)),
        _ => {
            let expected = "expected undoable to have windowMs, milliseconds up to a day";
            Err(DefinitionError::malformed(name, &[expected]))
        }
    }
}

/// A day: whoever wants to wait longer wants a rule.
const UNDO_WINDOW_MAX_MS: u64 = 24 * 60 * 60 * 1000;

fn empty_object() -> Value {
    let mut schema = Map::new();
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), Value::Object(Map::new()));
    schema.insert("additionalProperties".into(), false.into());
    Value::Object(schema)
}

/// `check_balance` becomes `Check balance`.
fn title_of(name: &str) -> String {
    let words = name.replace(['_', '-'], " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        [first.to_ascii_uppercase()].into_iter().chain(letters).collect()
    })
}
