//! Whether a fact fits the run, and what exactly is to be written of it.

use serde_json::Value;

use super::{
    Input, Mode, Outcome, Progress, Purpose, Rejection, Run, Slot, Spec, State, ToolOutcome,
};
use crate::approval::{Approver, Decision, Settlement};
use crate::grant::Grant;
use crate::id::{CallId, Timestamp};
use crate::journal::Record;
use crate::json::{Digest, canonical};
use crate::message::{Finish, ModelResponse};
use crate::object;
use crate::plan::{Draft, Note, Planned, Proposed, Report, draft, reasked};
use crate::policy::{OnExpiry, Verdict, rule_on};
use crate::tool::{Tool, Toolbox};

impl Run {
    pub(super) fn decide(
        &self,
        at: Timestamp,
        input: Input,
        tools: &Toolbox,
    ) -> Result<Record, Rejection> {
        // INVARIANT: once a run was handed over, nobody but its keeper writes to it.
        if self.keeper.is_some() && self.keeper() != tools.keeper() {
            return Err(Rejection::HandedOver);
        }
        match (&self.state, input) {
            (
                State::AwaitingModel(purpose),
                Input::ModelResponded { turn, response, notes, left_out, grants },
            ) if turn == self.turn() => {
                let grants: Vec<&Grant> = grants.iter().filter(|it| it.holds_at(at)).collect();
                let planned = self.plan(*purpose, &response, &notes, &grants, tools);
                Ok(Record::Answered { turn, response, planned, left_out })
            }
            (State::Acting { .. }, Input::Decided { call, decision, digest, by }) => {
                self.decide_decision(at, call, decision, digest, by, tools)
            }
            (State::Acting { .. }, Input::ToolStarted { call }) => {
                self.decide_start(at, call, tools)
            }
            (State::Acting { .. }, Input::ToolFinished { call, attempt, outcome }) => {
                self.decide_finish(call, attempt, outcome)
            }
            (State::Acting { cancelled, .. }, Input::Settled { call, settlement, by }) => {
                match (&self.waiting_slot(&call)?.progress, &settlement) {
                    // Nothing is started in a run that was stopped, a second attempt neither.
                    (Progress::InDoubt { .. }, Settlement::TryAgain) if *cancelled => {
                        Err(Rejection::Stale)
                    }
                    (Progress::InDoubt { .. }, Settlement::Happened { result }) => {
                        let result = result.clone().map(|result| self.bounded(result));
                        let settlement = Settlement::Happened { result };
                        Ok(Record::Settled { call, settlement, by })
                    }
                    (Progress::InDoubt { .. }, _) => Ok(Record::Settled { call, settlement, by }),
                    _ => Err(Rejection::Stale),
                }
            }
            (State::Acting { .. }, Input::Expired { call }) => {
                let slot = self.waiting_slot(&call)?;
                match slot.progress {
                    Progress::Held { .. } if !slot.is_late(at) => Err(Rejection::NotExpired),
                    Progress::Held { lapsed: false, .. } => Ok(Record::Expired { call }),
                    Progress::Held { .. } => Err(Rejection::Stale),
                    _ => Err(Rejection::DecidedAlready),
                }
            }
            (State::Acting { .. }, Input::Viewed { call, digest, by }) => {
                let slot = self.held_slot(&call)?;
                if slot.viewed_at.is_some() {
                    return Err(Rejection::Stale);
                }
                if slot.action.digest != digest {
                    return Err(Rejection::DigestMismatch);
                }
                Ok(Record::Viewed { call, digest, by })
            }
            (State::Acting { .. }, Input::Extended { call, by }) => {
                let slot = self.held_slot(&call)?;
                // What ran out for good is over, whether or not that is written yet.
                if slot.is_late(at) && slot.action.ruling.on_expiry == OnExpiry::Deny {
                    return Err(Rejection::Expired);
                }
                let until = slot.expiry_from(at).ok_or(Rejection::Stale)?;
                Ok(Record::Extended { call, until, by })
            }
            (State::Acting { .. }, Input::TakenBack { call, by }) => {
                match self.waiting_slot(&call)?.progress {
                    Progress::Delayed { .. } => Ok(Record::TakenBack { call, by }),
                    _ => Err(Rejection::Stale),
                }
            }
            (State::Acting { .. }, Input::Refreshed { call, note }) => {
                self.decide_refresh(call, &note, tools)
            }
            (State::Acting { cancelled: true, .. }, Input::Cancelled { .. }) => {
                Err(Rejection::Stale)
            }
            (State::AwaitingModel(_) | State::Acting { .. }, Input::Cancelled { by }) => {
                Ok(Record::Cancelled { by })
            }
            (State::AwaitingModel(_) | State::Acting { .. }, Input::Resumed) => Ok(Record::Resumed),
            (State::AwaitingModel(_) | State::Acting { .. }, Input::HandedOver { to, by }) => {
                match self.keeper {
                    Some(_) => Err(Rejection::Stale),
                    None if self.is_busy() => Err(Rejection::Busy),
                    None => Ok(Record::HandedOver { to, by }),
                }
            }
            (
                State::Completed | State::Failed { .. } | State::Cancelled,
                Input::Decided { call, .. },
            ) if self.find(&call).is_some() => Err(Rejection::DecidedAlready),
            _ => Err(Rejection::Stale),
        }
    }

    /// The actions of an answer, so that the page can be asked for its [`Note`]s before the answer
    /// is taken in. Empty where the answer holds none or has faults.
    pub fn draft(&self, response: &ModelResponse, tools: &Toolbox) -> Vec<crate::plan::Action> {
        match self.state {
            State::AwaitingModel(Purpose::Work) => {
                self.parse(response, &[], &[], tools).map(|draft| draft.actions).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    fn parse(
        &self,
        response: &ModelResponse,
        notes: &[Note],
        grants: &[&Grant],
        tools: &Toolbox,
    ) -> Result<Draft, Report> {
        let Spec { run, mode, limits, .. } = &self.spec;
        let is_denied = |slot: &&Slot| matches!(slot.outcome(), Some(Outcome::Denied { .. }));
        let denied: Vec<(&str, String)> = self
            .turns()
            .flat_map(|turn| turn.slots.iter().filter(is_denied))
            .map(|slot| (slot.action.tool.as_str(), canonical(&slot.action.arguments)))
            .collect();
        let (turn, mode, denied) = (self.turn(), *mode, &denied[..]);
        draft(Proposed { run, turn, mode, limits, notes, grants, denied, tools }, response)
    }

    fn plan(
        &self,
        purpose: Purpose,
        response: &ModelResponse,
        notes: &[Note],
        grants: &[&Grant],
        tools: &Toolbox,
    ) -> Planned {
        let unusable =
            |code: &str, message: String| Planned::Unusable { code: code.to_owned(), message };
        match &response.finish {
            Finish::Complete => {}
            Finish::Paused => {
                // Half a plan is nothing to show.
                let is_shown = self.spec.mode == Mode::Tools;
                return Planned::Paused(if is_shown { response.text() } else { String::new() });
            }
            Finish::Incomplete(reason) => {
                let message = ["the model's answer was cut short (", reason, ")"].concat();
                return unusable("model_incomplete", message);
            }
            Finish::Failed { code, message } => {
                let message = ["the model failed (", code, "): ", message].concat();
                return unusable("model_failed", message);
            }
        }
        if let Some(refusal) = response.refusal() {
            return Planned::Answer(refusal.to_owned());
        }
        let has_calls = response.calls().next().is_some();
        match (self.spec.mode, purpose) {
            (Mode::Plan, _) | (_, Purpose::Summary) if has_calls => unusable(
                "model_unexpected_call",
                "the model called a tool it was not offered".into(),
            ),
            (Mode::Tools, _) if !has_calls => Planned::Answer(response.text()),
            (_, Purpose::Summary) => Planned::Answer(response.text()),
            (_, Purpose::Work) => match self.parse(response, notes, grants, tools) {
                Err(report) => Planned::Invalid(report),
                Ok(draft) if draft.actions.is_empty() => Planned::Answer(draft.text),
                Ok(Draft { text, actions }) => Planned::Actions { text, actions },
            },
        }
    }

    fn decide_decision(
        &self,
        at: Timestamp,
        call: CallId,
        decision: Decision,
        digest: Digest,
        by: Approver,
        tools: &Toolbox,
    ) -> Result<Record, Rejection> {
        let slot = self.held_slot(&call)?;
        // A no is never too late while the call is held.
        let is_no = !matches!(decision, Decision::Approve { .. });
        let lapsed = matches!(slot.progress, Progress::Held { lapsed: true, .. });
        if slot.is_late(at) && !(lapsed && is_no) {
            return Err(Rejection::Expired);
        }
        // What was shown is what was digested, and it is digested anew from what is stored.
        let shown = slot.action.digest_with(&self.spec.run, &slot.action.arguments);
        if digest != shown || slot.action.digest != shown {
            return Err(Rejection::DigestMismatch);
        }
        let effective = match &decision {
            Decision::Deny { .. } | Decision::Answer { .. } => shown,
            Decision::Approve { arguments, .. } => {
                // A tool that is not there yet does not hinder a decision, only the execution.
                if let Some(tool) = tools.get(&slot.action.tool)
                    && tool.digest != slot.action.tool_digest
                {
                    return Err(Rejection::ToolChanged(slot.action.tool.clone()));
                }
                match arguments {
                    None => shown,
                    Some(arguments) => {
                        check_change(slot, arguments, tools)?;
                        slot.action.digest_with(&self.spec.run, arguments)
                    }
                }
            }
        };
        Ok(Record::Decided { call, decision, digest: effective, by })
    }

    /// Asks about a call anew where the tool, or what the page says of it, is not what was shown.
    fn decide_refresh(
        &self,
        call: CallId,
        note: &Note,
        tools: &Toolbox,
    ) -> Result<Record, Rejection> {
        let action = &self.held_slot(&call)?.action;
        let Some(tool) = tools.get(&action.tool) else {
            return Err(Rejection::ToolMissing(action.tool.clone()));
        };
        let now = reasked(&self.spec.run, action, note, tool, tools).map_err(|violation| {
            Rejection::InvalidArguments([&violation.path, ": ", &violation.message].concat())
        })?;
        if now.digest == action.digest {
            return Err(Rejection::Unchanged);
        }
        Ok(Record::Reasked { call, action: Box::new(now) })
    }

    fn decide_start(
        &self,
        at: Timestamp,
        call: CallId,
        tools: &Toolbox,
    ) -> Result<Record, Rejection> {
        let slot = self.waiting_slot(&call)?;
        match slot.progress {
            Progress::Ready => {}
            Progress::Delayed { until } if at < until => return Err(Rejection::NotYet),
            Progress::Delayed { .. } => {}
            _ => return Err(Rejection::Stale),
        }
        registered(slot, tools)?;
        // INVARIANT: nothing that needs a person starts without a permit for these very arguments.
        let effective = slot.action.digest_with(&self.spec.run, slot.arguments());
        let permitted = match (&slot.permit, slot.action.ruling.verdict) {
            (Some(permit), Verdict::Allow | Verdict::Ask) => permit.digest == effective,
            (None, Verdict::Allow) => slot.action.digest == effective,
            (None, Verdict::Ask) | (_, Verdict::Deny) => false,
        };
        if !permitted {
            return Err(Rejection::DigestMismatch);
        }
        let key = slot.key(&self.spec.run);
        Ok(Record::ToolStarted { call, attempt: slot.attempts.saturating_add(1), key })
    }

    fn decide_finish(
        &self,
        call: CallId,
        attempt: u32,
        outcome: ToolOutcome,
    ) -> Result<Record, Rejection> {
        let slot = self.waiting_slot(&call)?;
        let waits = match slot.progress {
            Progress::Started { .. } => true,
            // A tool that comes back late settles the doubt, if it comes back with an answer.
            Progress::InDoubt { .. } => !matches!(outcome, ToolOutcome::Unknown(_)),
            _ => false,
        };
        if !waits || attempt != slot.attempts {
            return Err(Rejection::Stale);
        }
        let outcome = match outcome {
            ToolOutcome::Succeeded(result) => ToolOutcome::Succeeded(self.bounded(result)),
            // What changes nothing is never in doubt: it simply did not work.
            ToolOutcome::Unknown(because) if slot.action.annotations.read_only_hint => {
                ToolOutcome::Failed(because)
            }
            other => other,
        };
        Ok(Record::ToolFinished { call, attempt, outcome })
    }

    /// A result that the journal can hold and the model can read. A longer or deeper one is cut,
    /// and says so.
    fn bounded(&self, result: Value) -> Value {
        let max = self.spec.limits.result_bytes_max as usize;
        let deep = depth(&result) > RESULT_DEPTH_MAX;
        let text = canonical(&result);
        if text.len() <= max && !deep {
            return result;
        }
        let end = (0..=max.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        object! {
            "cut": "the result was too large and only its beginning is here",
            "bytes": text.len(),
            "beginning": text.get(..end.unwrap_or(0)).unwrap_or_default(),
        }
    }

    fn held_slot(&self, call: &CallId) -> Result<&Slot, Rejection> {
        let slot = self.waiting_slot(call)?;
        match slot.progress {
            Progress::Held { .. } => Ok(slot),
            Progress::Queued => Err(Rejection::Stale),
            _ => Err(Rejection::DecidedAlready),
        }
    }

    fn waiting_slot(&self, call: &CallId) -> Result<&Slot, Rejection> {
        self.slot(call).ok_or_else(|| match self.find(call) {
            Some(_) => Rejection::DecidedAlready,
            None => Rejection::UnknownCall,
        })
    }
}

fn registered<'t>(slot: &Slot, tools: &'t Toolbox) -> Result<&'t Tool, Rejection> {
    let name = &slot.action.tool;
    match tools.get(name) {
        None => Err(Rejection::ToolMissing(name.clone())),
        Some(tool) if tool.digest != slot.action.tool_digest => {
            Err(Rejection::ToolChanged(name.clone()))
        }
        Some(tool) => Ok(tool),
    }
}

/// Whether a person may change the arguments to these. They decide in full knowledge, so a rule
/// that asks is content; a rule that denies is not.
fn check_change(slot: &Slot, arguments: &Value, tools: &Toolbox) -> Result<(), Rejection> {
    let tool = registered(slot, tools)?;
    let violations = tool.schema.check(arguments, tools.patterns());
    if let Some(first) = violations.first() {
        let at = if first.path.is_empty() { "the whole" } else { &first.path };
        return Err(Rejection::InvalidArguments([at, ": ", &first.message].concat()));
    }
    let ruling = rule_on(tool, arguments, tools.patterns());
    match ruling.verdict {
        Verdict::Deny => Err(Rejection::Forbidden(ruling.because)),
        Verdict::Allow | Verdict::Ask => Ok(()),
    }
}

/// How deep a value nests; bounded by the depth that its reader allowed.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// A reader of stored entries stops at 128 levels, and an entry has some of its own.
const RESULT_DEPTH_MAX: usize = 64;
