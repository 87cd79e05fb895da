//! What the model is asked, made from the state alone.

use serde_json::{Map, Value};

use super::{Mode, Purpose, Run, State, Turn};
use crate::json::canonical;
use crate::message::{Message, ModelRequest};
use crate::plan::plan_format;
use crate::sorted::Sorted;
use crate::tool::Toolbox;

impl Run {
    /// The next question to the model, after the conversation so far.
    pub fn request(&self, earlier: Vec<Message>, tools: &Toolbox) -> ModelRequest {
        let work = self.state == State::AwaitingModel(Purpose::Work);
        let mut messages = earlier;
        messages.extend(self.messages());
        let mode = match (self.spec.mode, work) {
            (Mode::Tools, _) => TOOLS_INSTRUCTIONS,
            (Mode::Plan, true) => PLAN_INSTRUCTIONS,
            (Mode::Plan, false) => SUMMARY_INSTRUCTIONS,
        };
        let page = self.spec.instructions.trim();
        ModelRequest {
            model: self.spec.model.clone(),
            instructions: if page.is_empty() {
                mode.to_owned()
            } else {
                [page, "\n\n", mode].concat()
            },
            messages,
            tools: match self.spec.mode {
                Mode::Tools => tools.functions(),
                Mode::Plan => Vec::new(),
            },
            format: (self.spec.mode == Mode::Plan && work).then(|| plan_format(tools)),
        }
    }

    /// The run's own part of the conversation: every call with its answer, and no call without.
    pub fn messages(&self) -> Vec<Message> {
        let mut messages = vec![Message::User(self.spec.text.clone())];
        for turn in &self.turns {
            messages.push(Message::Assistant(turn.response.items.clone()));
            match self.spec.mode {
                Mode::Tools => messages.extend(results(turn)),
                Mode::Plan => messages.extend(plan_results(turn)),
            }
        }
        match &self.state {
            State::Cancelled => messages.push(Message::Notice("The person stopped this.".into())),
            State::Failed { message, .. } => {
                messages
                    .push(Message::Notice(["This ended without an answer: ", message].concat()));
            }
            _ => {}
        }
        messages
    }
}

fn results(turn: &Turn) -> Vec<Message> {
    let answer = |call: &str, output: &Value| Message::Result {
        call: call.to_owned(),
        output: canonical(output),
    };
    if turn.slots.is_empty() {
        // A bad plan, or one cut short: each of its calls still has to be answered, once.
        let report = turn
            .report
            .as_ref()
            .map_or_else(|| Value::String("not run".to_owned()), |report| report.to_value());
        let mut ids = Sorted::default();
        for call in turn.response.calls() {
            ids.insert(call.id.as_str(), ());
        }
        return ids.keys().map(|id| answer(id, &report)).collect();
    }
    turn.slots
        .iter()
        .filter_map(|slot| {
            // A success is told as the tool's own result, which is what models are used to.
            let told = match slot.to_model() {
                Value::Object(mut told) if told.len() == 2 && told.contains_key("result") => {
                    told.get_mut("result").map(Value::take).unwrap_or_default()
                }
                told => told,
            };
            Some(answer(slot.action.call.as_deref()?, &told))
        })
        .collect()
}

fn plan_results(turn: &Turn) -> Option<Message> {
    if let Some(report) = &turn.report {
        let text = ["The plan is not valid. Make it again. ", &canonical(&report.to_value())];
        return Some(Message::Notice(text.concat()));
    }
    if turn.slots.is_empty() {
        return None;
    }
    let results = turn.slots.iter().map(|slot| {
        let mut line = Map::new();
        line.insert("action".into(), slot.action.tool.as_str().into());
        line.insert("arguments".into(), slot.arguments().clone());
        if let Value::Object(told) = slot.to_model() {
            line.extend(told);
        }
        Value::Object(line)
    });
    let results = canonical(&Value::Array(results.collect()));
    Some(Message::Notice(["Results of the plan: ", &results].concat()))
}

const TOOLS_INSTRUCTIONS: &str = "Some calls need a person's approval; the host asks for it, so \
call the tool and do not ask first. A result with a status other than success did not happen: say \
so plainly, and do not repeat a call that was denied unless the person asks.";

const PLAN_INSTRUCTIONS: &str = "Answer with an action plan. List every action in the order in \
which it must run, and set requires_confirmation where a person should confirm it first; the host \
decides in the end. Leave actions empty and answer in reply where nothing is to be done.";

const SUMMARY_INSTRUCTIONS: &str = "The plan was carried out as the results say. Tell the person \
in a few words what happened, and what did not.";
