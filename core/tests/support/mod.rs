//! A bank, a model's answers and a desk to work at: what the tests of the run machine share.

#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails it"
)]

use std::rc::Rc;

use holdpoint_core::approval::{Approver, Decision, Settlement};
use holdpoint_core::id::{CallId, RunId, ThreadId, Timestamp};
use holdpoint_core::message::{Finish, Item, ModelResponse, Part, ToolCall};
use holdpoint_core::plan::Note;
use holdpoint_core::run::{
    Effect, Input, Limits, Mode, Outcome, Rejection, Run, Slot, Spec, State, Status, Step,
    ToolOutcome, replay,
};
use holdpoint_core::schema::NoPatterns;
use holdpoint_core::tool::Toolbox;
use serde_json::{Value, json};

/// How long a person has to decide about a large transfer.
pub const EXPIRES_IN_MS: u64 = 60_000;

/// The bank's tools, as a page would define them.
pub fn definitions() -> Vec<Value> {
    let amount = json!({ "type": "integer", "minimum": 1 });
    let object = |properties: Value, required: Value| {
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false
        })
    };
    vec![
        json!({
            "name": "check_balance",
            "description": "Tells the balance.",
            "annotations": { "readOnlyHint": true }
        }),
        json!({
            "name": "deposit",
            "description": "Pays money in.",
            "inputSchema": object(json!({ "amount": amount }), json!(["amount"])),
            "approval": "never"
        }),
        json!({
            "name": "transfer",
            "description": "Sends money to someone.",
            "inputSchema": object(
                json!({ "amount": amount, "recipient": { "type": "string", "minLength": 1 } }),
                json!(["amount", "recipient"])
            ),
            "annotations": { "destructiveHint": true },
            "approval": [
                {
                    "id": "large-transfer",
                    "when": {
                        "properties": { "amount": { "exclusiveMinimum": 100 } },
                        "required": ["amount"]
                    },
                    "because": "it sends more than 100",
                    "expiresIn": EXPIRES_IN_MS
                },
                {
                    "id": "blocked-recipient",
                    "verdict": "deny",
                    "when": {
                        "properties": { "recipient": { "const": "Mallory" } },
                        "required": ["recipient"]
                    },
                    "because": "this recipient is blocked"
                }
            ]
        }),
        json!({
            "name": "pay_bill",
            "description": "Pays a bill; the bank pays each one once.",
            "inputSchema": object(json!({ "bill": { "type": "string" } }), json!(["bill"])),
            "annotations": { "idempotentHint": true },
            "approval": "always"
        }),
    ]
}

/// A box of tools.
pub fn toolbox(definitions: &[Value]) -> Toolbox {
    let mut tools = Toolbox::new(Rc::new(NoPatterns));
    for definition in definitions {
        tools.register(definition).unwrap();
    }
    tools
}

/// The bank's tools.
pub fn bank() -> Toolbox {
    toolbox(&definitions())
}

/// The bank's tools with one definition changed.
pub fn bank_with(name: &str, change: impl Fn(&mut Value)) -> Toolbox {
    let mut definitions = definitions();
    change(definitions.iter_mut().find(|tool| tool["name"] == name).unwrap());
    toolbox(&definitions)
}

/// What a run is begun with.
pub fn spec(mode: Mode) -> Spec {
    Spec {
        run: RunId::new("run"),
        thread: ThreadId::new("thread"),
        mode,
        model: "model".to_owned(),
        instructions: String::new(),
        text: "Send 500 to Alice.".to_owned(),
        limits: Limits::default(),
    }
}

/// The person in front of the page.
pub fn person() -> Approver {
    Approver {
        id: "u1".to_owned(),
        name: "Ada".to_owned(),
        channel: "card".to_owned(),
        trusted: true,
    }
}

/// Leave to run what was proposed.
pub fn approval() -> Decision {
    Decision::Approve { arguments: None, note: None }
}

/// Leave to run something else instead.
pub fn edit(arguments: Value) -> Decision {
    Decision::Approve { arguments: Some(arguments), note: None }
}

/// A no.
pub fn denial(reason: &str) -> Decision {
    Decision::Deny { reason: Some(reason.to_owned()) }
}

/// A whole answer of these parts.
pub fn answer(parts: impl IntoIterator<Item = Part>) -> ModelResponse {
    ModelResponse {
        items: parts.into_iter().map(|part| Item { part, raw: None }).collect(),
        finish: Finish::Complete,
        usage: None,
    }
}

/// An answer in words.
pub fn says(text: &str) -> ModelResponse {
    answer([Part::Text(text.to_owned())])
}

/// An answer that calls tools with these arguments, as the model wrote them.
pub fn calls(calls: &[(&str, &str)]) -> ModelResponse {
    answer(calls.iter().enumerate().map(|(index, (name, arguments))| {
        Part::Call(ToolCall {
            id: format!("call_{index}"),
            name: (*name).to_owned(),
            arguments: (*arguments).to_owned(),
        })
    }))
}

/// An answer that is a plan: tool, arguments, and whether the model asks for confirmation.
pub fn plan(actions: &[(&str, Value, bool)]) -> ModelResponse {
    let actions: Vec<Value> = actions
        .iter()
        .map(|(action, arguments, flag)| {
            json!({
                "action": action,
                "arguments": arguments,
                "requires_confirmation": flag,
                "reason": "you asked for it"
            })
        })
        .collect();
    says(&json!({ "reply": "On it.", "actions": actions }).to_string())
}

/// The arguments of the transfer that every test is about.
pub fn large() -> Value {
    json!({ "amount": 500, "recipient": "Alice" })
}

/// The same as the model writes it.
pub const LARGE: &str = r#"{"amount":500,"recipient":"Alice"}"#;

/// A transfer that needs no one.
pub const SMALL: &str = r#"{"amount":50,"recipient":"Alice"}"#;

/// A run with its journal. Whatever is fed, a replay of the journal must give the same run, and
/// what is refused must leave no trace.
#[derive(Clone)]
pub struct Desk {
    pub run: Run,
    pub texts: Vec<String>,
    pub tools: Toolbox,
    pub now: u64,
}

impl Desk {
    pub fn open(mode: Mode) -> Self {
        Self::open_with(spec(mode), bank())
    }

    pub fn open_with(spec: Spec, tools: Toolbox) -> Self {
        let Step { run, effects } = Run::start(Timestamp::from_millis(1_000), spec);
        let Some(Effect::Append(entry)) = effects.first() else { panic!("{effects:?}") };
        Self { run, texts: vec![entry.to_text()], tools, now: 1_000 }
    }

    /// The desk of a keeper from now on.
    pub fn keep_by(&mut self, keeper: &str) {
        self.tools = self.tools.clone().kept_by(keeper);
    }

    /// A desk at which the model has just given this answer.
    pub fn answered(mode: Mode, response: ModelResponse) -> Self {
        let mut desk = Self::open(mode);
        desk.answer(response);
        desk
    }

    #[track_caller]
    pub fn feed(&mut self, input: Input) -> Result<Vec<Effect>, Rejection> {
        self.now += 10;
        let at = Timestamp::from_millis(self.now);
        let Step { run, mut effects } = self.run.clone().step(at, input, &self.tools);
        if let [Effect::Reject(rejection)] = &effects[..] {
            assert_eq!(run, self.run, "a refused input leaves the run as it was");
            return Err(rejection.clone());
        }
        let Effect::Append(entry) = effects.remove(0) else { panic!("no append first") };
        self.texts.push(entry.to_text());
        let texts = self.texts.iter().map(String::as_str);
        assert_eq!(replay(run.id(), Some(run.head()), texts), Ok(run.clone()), "replay is live");
        self.run = run;
        Ok(effects)
    }

    #[track_caller]
    pub fn accept(&mut self, input: Input) -> Vec<Effect> {
        self.feed(input).unwrap()
    }

    #[track_caller]
    pub fn refuse(&mut self, input: Input) -> Rejection {
        self.feed(input).unwrap_err()
    }

    #[track_caller]
    pub fn answer(&mut self, response: ModelResponse) -> Vec<Effect> {
        let turn = self.run.turn();
        self.accept(Input::ModelResponded {
            turn,
            response,
            notes: Vec::new(),
            left_out: 0,
            grants: Vec::new(),
        })
    }

    #[track_caller]
    pub fn answer_noted(&mut self, response: ModelResponse, notes: Vec<Note>) -> Vec<Effect> {
        self.accept(Input::ModelResponded {
            turn: self.run.turn(),
            response,
            notes,
            left_out: 0,
            grants: Vec::new(),
        })
    }

    /// The call at that place of the newest turn with calls.
    #[track_caller]
    pub fn slot(&self, index: usize) -> &Slot {
        let turn = self.run.turns().filter(|turn| !turn.slots.is_empty()).last().unwrap();
        &turn.slots[index]
    }

    pub fn call(&self, index: usize) -> CallId {
        self.slot(index).action.id.clone()
    }

    pub fn outcome(&self, index: usize) -> &Outcome {
        self.slot(index).outcome().unwrap()
    }

    pub fn decision(&self, index: usize, decision: Decision) -> Input {
        let slot = self.slot(index);
        let (call, digest) = (slot.action.id.clone(), slot.action.digest);
        Input::Decided { call, decision, digest, by: person() }
    }

    #[track_caller]
    pub fn decide(&mut self, index: usize, decision: Decision) -> Vec<Effect> {
        self.accept(self.decision(index, decision))
    }

    /// Says that the tool is about to be called; gives what it is called with.
    #[track_caller]
    pub fn start(&mut self, index: usize) -> (u32, Value, String) {
        let effects = self.accept(Input::ToolStarted { call: self.call(index) });
        let [Effect::CallTool { attempt, arguments, key, .. }, ..] = &effects[..] else {
            panic!("{effects:?}")
        };
        (*attempt, arguments.clone(), key.clone())
    }

    pub fn finished(&self, index: usize, outcome: ToolOutcome) -> Input {
        let slot = self.slot(index);
        Input::ToolFinished { call: slot.action.id.clone(), attempt: slot.attempts, outcome }
    }

    #[track_caller]
    pub fn finish(&mut self, index: usize, outcome: ToolOutcome) -> Vec<Effect> {
        self.accept(self.finished(index, outcome))
    }

    #[track_caller]
    pub fn succeed(&mut self, index: usize) -> Vec<Effect> {
        self.finish(index, ToolOutcome::Succeeded(json!({ "done": index })))
    }

    pub fn settlement(&self, index: usize, settlement: Settlement) -> Input {
        Input::Settled { call: self.call(index), settlement, by: person() }
    }

    #[track_caller]
    pub fn settle(&mut self, index: usize, settlement: Settlement) -> Vec<Effect> {
        self.accept(self.settlement(index, settlement))
    }

    #[track_caller]
    pub fn resume(&mut self) -> Vec<Effect> {
        self.accept(Input::Resumed)
    }

    #[track_caller]
    pub fn cancel(&mut self) -> Vec<Effect> {
        self.accept(Input::Cancelled { by: person() })
    }

    /// What the model is told of the newest turn, call by call, in tool mode.
    pub fn told(&self) -> Vec<Value> {
        use holdpoint_core::message::Message;
        let messages = self.run.messages();
        let last = messages.iter().rposition(|m| matches!(m, Message::Assistant(_))).unwrap();
        messages[last..]
            .iter()
            .filter_map(|message| match message {
                Message::Result { output, .. } => serde_json::from_str(output).ok(),
                _ => None,
            })
            .collect()
    }

    #[track_caller]
    pub fn is(&self, status: Status) {
        assert_eq!(self.run.status(), status, "{:?}", self.run.state());
    }

    /// The code with which the run failed.
    #[track_caller]
    pub fn failure(&self) -> &str {
        let State::Failed { code, .. } = self.run.state() else { panic!("{:?}", self.run.state()) };
        code
    }

    /// The codes of the report on the newest answer.
    #[track_caller]
    pub fn issues(&self) -> Vec<&str> {
        let report = self.run.turns().last().unwrap().report.as_ref().unwrap();
        report.0.iter().map(|issue| issue.code.as_str()).collect()
    }

    /// The kinds of entries in the journal.
    pub fn kinds(&self) -> Vec<String> {
        self.texts
            .iter()
            .map(|text| {
                let entry: Value = serde_json::from_str(text).unwrap();
                match &entry["record"] {
                    Value::String(kind) => kind.clone(),
                    record => record.as_object().unwrap().keys().next().unwrap().clone(),
                }
            })
            .collect()
    }
}
