//! From a model's answer to actions, or to a report of all that is wrong with it.

use serde_json::{Map, Value};

use super::{Action, Issue, Report};
use crate::grant::Grant;
use crate::id::{CallId, RunId};
use crate::json::{self, canonical, digest_text};
use crate::message::{ModelResponse, ToolCall};
use crate::policy::{Ruling, Verdict, rule, rule_on};
use crate::run::{Limits, Mode};
use crate::schema::{Violation, strict};
use crate::sorted::Sorted;
use crate::tool::{Tool, Toolbox};

/// What the page says of one call, asked before the plan is made. It is kept in the journal, so
/// that the card is complete where the page's functions are not there yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Note {
    /// The page's sentence for the call.
    pub summary: Option<String>,
    /// The page's description of its effect.
    pub preview: Option<Value>,
    /// What the page says of the state of things that the call is about.
    pub precondition: Option<Value>,
    /// The schema of the arguments, where the host wants it kept; see [`Action::schema`].
    pub schema: Option<Value>,
    /// A stricter verdict of the page's own, with its sentence; it can raise, never lower.
    pub raise: Option<(Verdict, String)>,
}

impl Note {
    const NONE: Self =
        Self { summary: None, preview: None, precondition: None, schema: None, raise: None };
}

/// A plan without faults.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What the model says beside it.
    pub text: String,
    /// In the model's order.
    pub actions: Vec<Action>,
}

/// What an answer was proposed in, and what is known of its calls.
#[derive(Clone, Copy)]
pub struct Proposed<'a> {
    /// The run.
    pub run: &'a RunId,
    /// The turn.
    pub turn: u32,
    /// How the model was to answer.
    pub mode: Mode,
    /// The bounds.
    pub limits: &'a Limits,
    /// What the page says of each call, by position.
    pub notes: &'a [Note],
    /// What people had remembered and is in force now.
    pub grants: &'a [&'a Grant],
    /// Calls that a person denied in this run: the tool, and the arguments in canonical form.
    pub denied: &'a [(&'a str, String)],
    /// The tools.
    pub tools: &'a Toolbox,
}

/// Parses an answer.
///
/// # Errors
/// A report of every issue: an unknown tool, arguments that are not strict JSON or violate the
/// schema, too many calls, an id that is used twice, a plan that is not of the plan's form.
pub fn draft(proposed: Proposed<'_>, response: &ModelResponse) -> Result<Draft, Report> {
    let mut parser = Parser { proposed, issues: Vec::new() };
    let draft = match proposed.mode {
        Mode::Tools => Draft { text: response.text(), actions: parser.calls(response) },
        Mode::Plan => parser.plan(response.last_text()),
    };
    if parser.issues.is_empty() { Ok(draft) } else { Err(Report(parser.issues)) }
}

/// An action that is held, as it is asked about now: by the tool as it is, with what the page says
/// of it today. Once a person was asked they decide, so a rule that would let it go does not.
///
/// # Errors
/// Where the tool does not take these arguments any more.
pub fn reasked(
    run: &RunId,
    action: &Action,
    note: &Note,
    tool: &Tool,
    tools: &Toolbox,
) -> Result<Action, Violation> {
    if let Some(violation) = tool.schema.check(&action.arguments, tools.patterns()).pop() {
        return Err(violation);
    }
    let now = rule_on(tool, &action.arguments, tools.patterns());
    let mut ruling = if now.verdict == Verdict::Allow { action.ruling.clone() } else { now };
    if let Some((verdict, because)) = &note.raise {
        ruling = ruling.or_stricter(Ruling::plain(*verdict, rule::PAGE, because));
    }
    let mut action = Action {
        title: tool.title.clone(),
        tool_digest: tool.digest,
        annotations: tool.annotations,
        ruling,
        summary: note.summary.clone(),
        preview: note.preview.clone(),
        precondition: note.precondition.clone(),
        schema: note.schema.clone(),
        undo_window_ms: tool.undo_window_ms,
        ..action.clone()
    };
    action.digest = action.digest_with(run, &action.arguments);
    Ok(action)
}

struct Parser<'a> {
    proposed: Proposed<'a>,
    issues: Vec<Issue>,
}

/// A call before it is checked against its tool.
#[derive(Default)]
struct Proposal<'a> {
    tool: &'a str,
    call: Option<&'a str>,
    arguments: Value,
    flagged: Option<bool>,
    reason: Option<String>,
    depends_on: Option<Vec<u32>>,
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
            match json::parse(text, &self.proposed.limits.json()) {
                Ok(arguments) => actions.extend(self.action(
                    index,
                    Proposal {
                        tool: &call.name,
                        call: Some(&call.id),
                        arguments,
                        ..Proposal::default()
                    },
                )),
                Err(fault) => self.issue(fault.code, &call.name, &fault.path, &fault.message),
            }
        }
        actions
    }

    fn plan(&mut self, text: &str) -> Draft {
        let empty = Draft { text: String::new(), actions: Vec::new() };
        let plan = match json::parse(text, &self.proposed.limits.json()) {
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
        let depends_on = self.depends_on(index, fields.get("depends_on"), tool, path);
        let call = None;
        self.action(index, Proposal { tool, call, arguments, flagged, reason, depends_on })
    }

    /// The positions of earlier actions that an action needs.
    fn depends_on(
        &mut self,
        index: usize,
        given: Option<&Value>,
        tool: &str,
        path: &str,
    ) -> Option<Vec<u32>> {
        let positions = match given {
            None | Some(Value::Null) => return None,
            Some(Value::Array(positions)) => positions,
            Some(_) => &vec![Value::Null],
        };
        let earlier = |position: &Value| {
            let position = u32::try_from(position.as_u64()?).ok()?;
            ((position as usize) < index).then_some(position)
        };
        let needed: Option<Vec<u32>> = positions.iter().map(earlier).collect();
        if needed.is_none() {
            let message = "expected depends_on to be a list of positions of earlier actions";
            self.issue("plan_malformed", tool, path, message);
        }
        needed
    }

    fn action(&mut self, index: usize, proposal: Proposal<'_>) -> Option<Action> {
        let Proposed { run, turn, notes, tools, .. } = self.proposed;
        let Some(tool) = tools.get(proposal.tool) else {
            let known: Vec<_> = tools.iter().map(|tool| tool.name.as_str()).collect();
            let message = ["there is no such tool; there is: ", &known.join(", ")].concat();
            self.issue("unknown_tool", proposal.tool, "", &message);
            return None;
        };
        let arguments = strict::without_nulls(&tool.input_schema, proposal.arguments);
        let violations = tool.schema.check(&arguments, tools.patterns());
        if !violations.is_empty() {
            for violation in violations {
                self.issue("schema_violation", &tool.name, &violation.path, &violation.message);
            }
            return None;
        }
        let note = notes.get(index).unwrap_or(&Note::NONE);
        let ruling = self.ruling(tool, &arguments, proposal.flagged, note.raise.as_ref());
        let mut action = Action {
            id: CallId::of(run, turn, index),
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
            precondition: note.precondition.clone(),
            schema: note.schema.clone(),
            undo_window_ms: tool.undo_window_ms,
            depends_on: proposal.depends_on,
            digest: digest_text(""),
        };
        action.digest = action.digest_with(run, &action.arguments);
        Some(action)
    }

    fn bound(&mut self, calls: usize) {
        let max = self.proposed.limits.calls_per_turn_max as usize;
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

    /// The verdict on one call: the policy's, recomputed here whatever the model said. A rule that
    /// a person had remembered answers in their place where the tool's own rules ask. The model and
    /// the page can raise what comes of that, and neither can lower it.
    fn ruling(
        &self,
        tool: &Tool,
        arguments: &Value,
        flagged: Option<bool>,
        raise: Option<&(Verdict, String)>,
    ) -> Ruling {
        let Proposed { tools, grants, denied, .. } = self.proposed;
        let mut ruling = rule_on(tool, arguments, tools.patterns());
        let remembered = grants.iter().find(|grant| grant.covers(tool, arguments, &ruling, tools));
        if let Some(grant) = remembered {
            ruling = grant.ruling();
        }
        if flagged == Some(true) {
            let because = "the model asked for confirmation";
            ruling = ruling.or_stricter(Ruling::plain(Verdict::Ask, rule::MODEL, because));
        }
        if let Some((verdict, because)) = raise {
            ruling = ruling.or_stricter(Ruling::plain(*verdict, rule::PAGE, because));
        }
        let is_this = |(name, denied): &&(&str, String)| {
            *name == tool.name && *denied == canonical(arguments)
        };
        if denied.iter().any(|it| is_this(&it)) {
            let because = "a person denied this very call";
            let denied = Ruling::plain(Verdict::Deny, rule::DENIED_BEFORE, because);
            ruling = ruling.or_stricter(denied);
        }
        ruling
    }
}

const PLANNED_FIELDS: [&str; 5] =
    ["action", "arguments", "requires_confirmation", "reason", "depends_on"];
