//! From a model's answer to actions, or to a report of all that is wrong with it.

use serde_json::{Map, Value};

use super::{Action, Issue, Report};
use crate::id::{CallId, RunId};
use crate::json::{self, digest_text};
use crate::message::{ModelResponse, ToolCall};
use crate::policy::{Ruling, Verdict, rule, rule_on};
use crate::run::{Limits, Mode};
use crate::schema::strict;
use crate::sorted::Sorted;
use crate::tool::{Tool, Toolbox};

/// What the page says of one call, asked before the plan is made. It is kept in the journal, so
/// that the card is complete where the page's functions are not there yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Note {
    /// The page's sentence for the call.
    pub summary: Option<String>,
    /// The page's description of its effect.
    pub preview: Option<String>,
    /// A stricter verdict of the page's own, with its sentence; it can raise, never lower.
    pub raise: Option<(Verdict, String)>,
}

impl Note {
    const NONE: Self = Self { summary: None, preview: None, raise: None };
}

/// A plan without faults.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What the model says beside it.
    pub text: String,
    /// In the model's order.
    pub actions: Vec<Action>,
}

/// Parses an answer. `notes` go by the position of the call.
///
/// # Errors
/// A report of every issue: an unknown tool, arguments that are not strict JSON or violate the
/// schema, too many calls, an id that is used twice, a plan that is not of the plan's form.
pub fn draft(
    run: &RunId,
    turn: u32,
    mode: Mode,
    limits: &Limits,
    response: &ModelResponse,
    notes: &[Note],
    tools: &Toolbox,
) -> Result<Draft, Report> {
    let mut parser = Parser { run, turn, limits, notes, tools, issues: Vec::new() };
    let draft = match mode {
        Mode::Tools => Draft { text: response.text(), actions: parser.calls(response) },
        Mode::Plan => parser.plan(response.last_text()),
    };
    if parser.issues.is_empty() { Ok(draft) } else { Err(Report(parser.issues)) }
}

struct Parser<'a> {
    run: &'a RunId,
    turn: u32,
    limits: &'a Limits,
    notes: &'a [Note],
    tools: &'a Toolbox,
    issues: Vec<Issue>,
}

/// A call before it is checked against its tool.
struct Proposal<'a> {
    tool: &'a str,
    call: Option<&'a str>,
    arguments: Value,
    flagged: Option<bool>,
    reason: Option<String>,
}

impl Parser<'_> {
    fn issue(&mut self, code: &str, tool: &str, path: &str, message: &str) {
        self.issues.push(Issue::new(code, tool, path, message));
    }

    fn calls(&mut self, response: &ModelResponse) -> Vec<Action> {
        let calls: Vec<&ToolCall> = response.calls().collect();
        self.bound(calls.len());
        let mut ids = Sorted::default();
        let mut actions = Vec::new();
        for (index, call) in calls.into_iter().enumerate() {
            if !ids.insert(call.id.as_str(), ()) {
                let message = ["the call id ", &call.id, " is used twice"].concat();
                self.issue("duplicate_call_id", &call.name, "", &message);
            }
            // Some providers send nothing at all for a tool without arguments.
            let text = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
            match json::parse(text, &self.limits.json()) {
                Ok(arguments) => actions.extend(self.action(
                    index,
                    Proposal {
                        tool: &call.name,
                        call: Some(&call.id),
                        arguments,
                        flagged: None,
                        reason: None,
                    },
                )),
                Err(fault) => self.issue(fault.code, &call.name, &fault.path, &fault.message),
            }
        }
        actions
    }

    fn plan(&mut self, text: &str) -> Draft {
        let empty = Draft { text: String::new(), actions: Vec::new() };
        let plan = match json::parse(text, &self.limits.json()) {
            Ok(Value::Object(plan)) => plan,
            Ok(_) => {
                self.issue("plan_malformed", "", "", "expected the plan to be an object");
                return empty;
            }
            Err(fault) => {
                self.issue(fault.code, "", &fault.path, &fault.message);
                return empty;
            }
        };
        self.known_fields(&plan, &["reply", "actions"], "");
        let reply = match plan.get("reply") {
            Some(Value::String(reply)) => reply.clone(),
            _ => {
                self.issue("plan_malformed", "", "/reply", "expected reply to be a string");
                String::new()
            }
        };
        let Some(Value::Array(proposals)) = plan.get("actions") else {
            self.issue("plan_malformed", "", "/actions", "expected actions to be a list");
            return empty;
        };
        self.bound(proposals.len());
        let mut actions = Vec::new();
        for (index, proposal) in proposals.iter().enumerate() {
            let path = ["/actions/", &index.to_string()].concat();
            actions.extend(self.planned(index, proposal, &path));
        }
        Draft { text: reply, actions }
    }

    fn planned(&mut self, index: usize, proposal: &Value, path: &str) -> Option<Action> {
        let Some(fields) = proposal.as_object() else {
            self.issue("plan_malformed", "", path, "expected an action to be an object");
            return None;
        };
        self.known_fields(fields, &PLANNED_FIELDS, path);
        let Some(tool) = fields.get("action").and_then(Value::as_str) else {
            self.issue("plan_malformed", "", path, "expected action to be the name of a tool");
            return None;
        };
        let flagged = fields.get("requires_confirmation").and_then(Value::as_bool);
        if flagged.is_none() {
            let message = "expected requires_confirmation to be true or false";
            self.issue("plan_malformed", tool, path, message);
        }
        let arguments = fields.get("arguments").cloned().unwrap_or_default();
        let reason = fields.get("reason").and_then(Value::as_str).map(str::to_owned);
        self.action(index, Proposal { tool, call: None, arguments, flagged, reason })
    }

    fn action(&mut self, index: usize, proposal: Proposal<'_>) -> Option<Action> {
        let Some(tool) = self.tools.get(proposal.tool) else {
            let known: Vec<_> = self.tools.iter().map(|tool| tool.name.as_str()).collect();
            let message = ["there is no such tool; there is: ", &known.join(", ")].concat();
            self.issue("unknown_tool", proposal.tool, "", &message);
            return None;
        };
        let arguments = strict::without_nulls(&tool.input_schema, proposal.arguments);
        let violations = tool.schema.check(&arguments, self.tools.patterns());
        if !violations.is_empty() {
            for violation in violations {
                self.issue("schema_violation", &tool.name, &violation.path, &violation.message);
            }
            return None;
        }
        let note = self.notes.get(index).unwrap_or(&Note::NONE);
        let ruling = ruling(tool, &arguments, proposal.flagged, note.raise.as_ref(), self.tools);
        let mut action = Action {
            id: CallId::of(self.run, self.turn, index),
            call: proposal.call.map(str::to_owned),
            tool: tool.name.clone(),
            title: tool.title.clone(),
            tool_digest: tool.digest,
            annotations: tool.annotations,
            arguments,
            ruling,
            flagged: proposal.flagged,
            summary: note.summary.clone(),
            preview: note.preview.clone(),
            reason: proposal.reason.filter(|reason| !reason.trim().is_empty()),
            digest: digest_text(""),
        };
        action.digest = action.digest_with(self.run, &action.arguments);
        Some(action)
    }

    fn bound(&mut self, calls: usize) {
        let max = self.limits.calls_per_turn_max as usize;
        if calls > max {
            let message = ["expected at most ", &max.to_string(), " calls in a turn, found "]
                .concat()
                + &calls.to_string();
            self.issue("too_many_calls", "", "", &message);
        }
    }

    fn known_fields(&mut self, fields: &Map<String, Value>, known: &[&str], path: &str) {
        for unknown in fields.keys().filter(|key| !known.contains(&key.as_str())) {
            let message = ["a plan has no field ", unknown].concat();
            self.issue("plan_malformed", "", path, &message);
        }
    }
}

/// The verdict on one call: the policy's, recomputed here whatever the model said. The model and
/// the page can raise it, and neither can lower it.
fn ruling(
    tool: &Tool,
    arguments: &Value,
    flagged: Option<bool>,
    raise: Option<&(Verdict, String)>,
    tools: &Toolbox,
) -> Ruling {
    let mut ruling = rule_on(tool, arguments, tools.patterns());
    if flagged == Some(true) {
        let model = Ruling::plain(Verdict::Ask, rule::MODEL, "the model asked for confirmation");
        ruling = ruling.or_stricter(model);
    }
    if let Some((verdict, because)) = raise {
        ruling = ruling.or_stricter(Ruling::plain(*verdict, rule::PAGE, because));
    }
    ruling
}

const PLANNED_FIELDS: [&str; 4] = ["action", "arguments", "requires_confirmation", "reason"];
