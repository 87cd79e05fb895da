//! What the model is asked, made from the state alone.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::{Mode, Purpose, Run, State, Turn};
use crate::json::canonical;
use crate::message::{Message, ModelRequest};
use crate::plan::plan_format;
use crate::sorted::Sorted;
use crate::tool::Toolbox;

impl Run {
    /// The next question to the model, after the runs of the conversation before this one, oldest
    /// first; and how many turns of all that were left out to keep to the limit.
    pub fn request(&self, earlier: &[Rc<Self>], tools: &Toolbox) -> (ModelRequest, u32) {
        let work = self.state == State::AwaitingModel(Purpose::Work);
        let (messages, left_out) = self.history(earlier);
        let mode = match (self.spec.mode, work) {
            (Mode::Tools, _) => TOOLS_INSTRUCTIONS,
            (Mode::Plan, true) => PLAN_INSTRUCTIONS,
            (Mode::Plan, false) => SUMMARY_INSTRUCTIONS,
        };
        let page = self.spec.instructions.trim();
        let request = ModelRequest {
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
        };
        (request, left_out)
    }
}

impl Turn {
    /// What became of each call, in tool mode.
    pub(super) fn results(&self) -> Vec<Message> {
        let answer = |call: &str, output: &Value| Message::Result {
            call: call.to_owned(),
            output: canonical(output),
        };
        if self.slots.is_empty() {
            // A bad plan, or one cut short: each of its calls still has to be answered, once.
            let report = self
                .report
                .as_ref()
                .map_or_else(|| Value::String("not run".to_owned()), |report| report.to_value());
            let mut ids = Sorted::default();
            for call in self.response.calls() {
                ids.insert(call.id.as_str(), ());
            }
            return ids.keys().map(|id| answer(id, &report)).collect();
        }
        self.slots
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

    /// What became of the plan.
    pub(super) fn plan_results(&self) -> Option<Message> {
        if let Some(report) = &self.report {
            let text = ["The plan is not valid. Make it again. ", &canonical(&report.to_value())];
            return Some(Message::Notice(text.concat()));
        }
        if self.slots.is_empty() {
            return None;
        }
        let results = self.slots.iter().map(|slot| {
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
}

const TOOLS_INSTRUCTIONS: &str = "Some calls need a person's approval; the host asks for it, so \
call the tool and do not ask first. A result with a status other than success did not happen: say \
so plainly, and do not repeat a call that was denied unless the person asks.";

const PLAN_INSTRUCTIONS: &str = "Answer with an action plan. List every action in the order in \
which it must run, and set requires_confirmation where a person should confirm it first; the host \
decides in the end. Leave actions empty and answer in reply where nothing is to be done.";

const SUMMARY_INSTRUCTIONS: &str = "The plan was carried out as the results say. Tell the person \
in a few words what happened, and what did not.";
