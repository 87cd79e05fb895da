//! Runs that nobody had: journals written here, as the widget itself would have written them.

use std::rc::Rc;

use anyhow::{Result, bail};
use holdpoint_core::approval::{Approver, Decision};
use holdpoint_core::id::{RunId, ThreadId, Timestamp};
use holdpoint_core::message::{Finish, Item, ModelResponse, Part, ToolCall};
use holdpoint_core::plan::Note;
use holdpoint_core::run::{Effect, Input, Limits, Mode, Run, Spec, ToolOutcome};
use holdpoint_core::schema::NoPatterns;
use holdpoint_core::tool::Toolbox;
use serde_json::{Value, json};

/// A run with its journal, as it grows.
struct Desk {
    run: Run,
    tools: Toolbox,
    entries: Vec<Value>,
    now: u64,
}

/// An exported run with a request and so many answers, each but the last with a call that is done.
pub fn conversation(number: usize, answers: u32) -> Result<String> {
    let mut desk = Desk::open(number, answers + 1)?;
    for turn in 0..answers {
        let mut items = vec![Part::Text(words(number, turn))];
        let is_last = turn + 1 == answers;
        if !is_last {
            let id = format!("call_{turn}");
            let call = ToolCall { id, name: "look".to_owned(), arguments: "{}".to_owned() };
            items.push(Part::Call(call));
        }
        desk.answer(items)?;
        if !is_last {
            let slot = desk.run.turns().last().and_then(|turn| turn.slots.first());
            let Some(call) = slot.map(|slot| slot.action.id.clone()) else { bail!("no call") };
            desk.feed(Input::ToolStarted { call: call.clone() })?;
            let outcome = ToolOutcome::Succeeded(json!({ "balance": 1000 + turn }));
            desk.feed(Input::ToolFinished { call, attempt: 1, outcome })?;
        }
    }
    Ok(desk.exported())
}

/// An exported run with so many calls that wait, or that were denied.
pub fn asked(number: usize, calls: usize, are_denied: bool) -> Result<String> {
    let mut desk = Desk::open(number, 2)?;
    let call = |at: usize| {
        let amount = 100 + number * calls + at;
        let recipient = NAMES[(number + at) % NAMES.len()];
        Part::Call(ToolCall {
            id: format!("call_{at}"),
            name: "transfer".to_owned(),
            arguments: json!({ "amount": amount, "recipient": recipient }).to_string(),
        })
    };
    desk.answer((0..calls).map(call).collect())?;
    if are_denied {
        for at in 0..calls {
            desk.deny(at)?;
        }
        desk.answer(vec![Part::Text("Nothing was transferred.".to_owned())])?;
    }
    Ok(desk.exported())
}

impl Desk {
    fn open(number: usize, turns: u32) -> Result<Self> {
        let mut tools = Toolbox::new(Rc::new(NoPatterns));
        for tool in [
            json!({ "name": "look", "description": "Looks.", "annotations": { "readOnlyHint": true } }),
            // As the lab's page has it, so that the call can be decided there.
            transfer(),
        ] {
            if let Err(error) = tools.register(&tool) {
                bail!("the tool is refused: {error:?}");
            }
        }
        let now = 1_700_000_000_000 + number as u64 * 60_000;
        let spec = Spec {
            run: RunId::new(format!("seed-{number}")),
            thread: ThreadId::new("seed"),
            mode: Mode::Tools,
            model: "model".to_owned(),
            instructions: String::new(),
            text: format!("Request {number}: how much is there now?"),
            limits: Limits { turns_max: turns + 1, ..Limits::default() },
        };
        let step = Run::start(Timestamp::from_millis(now), spec);
        let Some(Effect::Append(entry)) = step.effects.first() else { bail!("no first entry") };
        let entries = vec![entry.to_value()];
        Ok(Desk { run: step.run, tools, entries, now })
    }

    fn answer(&mut self, parts: Vec<Part>) -> Result<()> {
        let notes = parts.iter().filter_map(summary).collect();
        let items = parts.into_iter().map(|part| Item { part, raw: None }).collect();
        let response = ModelResponse { items, finish: Finish::Complete, usage: None };
        let turn = self.run.turn();
        self.feed(Input::ModelResponded { turn, response, notes, left_out: 0, grants: Vec::new() })
    }

    fn deny(&mut self, at: usize) -> Result<()> {
        let slot = self.run.turns().last().and_then(|turn| turn.slots.get(at));
        let Some(action) = slot.map(|slot| &slot.action) else { bail!("no call {at}") };
        let (call, digest) = (action.id.clone(), action.digest);
        let decision = Decision::Deny { reason: Some("not this month".to_owned()) };
        let by = Approver {
            id: String::new(),
            name: String::new(),
            channel: "card".to_owned(),
            trusted: true,
        };
        self.feed(Input::Decided { call, decision, digest, by })
    }

    fn feed(&mut self, input: Input) -> Result<()> {
        self.now += 10;
        let step = self.run.clone().step(Timestamp::from_millis(self.now), input, &self.tools);
        match step.effects.first() {
            Some(Effect::Append(entry)) => self.entries.push(entry.to_value()),
            other => bail!("the run does not take it: {other:?}"),
        }
        self.run = step.run;
        Ok(())
    }

    fn exported(self) -> String {
        let head = self.run.head();
        let file = json!({
            "format": "holdpoint-run", "version": 1, "run": self.run.id().as_str(),
            "head": { "len": head.len, "hash": head.hash.to_string(), "epoch": head.epoch },
            "entries": self.entries,
        });
        file.to_string()
    }
}

/// A sentence for a call, as a page gives one.
fn summary(part: &Part) -> Option<Note> {
    let Part::Call(call) = part else { return None };
    let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
    let words = arguments["recipient"].as_str().map_or_else(
        || "Look how much is there".to_owned(),
        |recipient| format!("Transfer {} to {recipient}", arguments["amount"]),
    );
    Some(Note { summary: Some(words), ..Note::default() })
}

fn transfer() -> Value {
    json!({
        "name": "transfer",
        "title": "Transfer",
        "description": "Transfers an amount to a recipient.",
        "inputSchema": {
            "type": "object",
            "properties": { "amount": { "type": "number" }, "recipient": { "type": "string" } },
            "required": ["amount", "recipient"],
            "additionalProperties": false,
        },
        "approval": "always",
    })
}

/// Two short paragraphs, as an assistant says them.
fn words(number: usize, turn: u32) -> String {
    format!(
        "**Step {turn} of {number}.** The balance was looked up, and it is what it should be.\n\n\
         - one thing that was found\n- and another, with `code`\n\nNow for the next one."
    )
}

const NAMES: [&str; 8] = ["Alice", "Bob", "Carol", "Dave", "Erin", "Frank", "Grace", "Heidi"];
