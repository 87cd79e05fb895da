//! The wire format of Anthropic Messages.
//!
//! An answer is a list of blocks, each of which begins, grows by its deltas and stops. Events are
//! told apart by the `type` in their JSON; one that is not known here is skipped. A delta that is not
//! known adds its fields to its block, so that a new kind of block is sent back as it came.
//!
//! Blocks may also come whole: in `message_start`, as calls that code of the provider's makes do, or
//! with an `input` that no delta follows.

use serde_json::Value;

use super::value::{
    arguments, incomplete, malformed, merge, object_of, place, put, remove, take, take_list, text,
    tokens, written,
};
use super::{Api, Delta, StreamError};
use crate::json::canonical;
use crate::message::{
    Finish, Function, Item, Message, ModelRequest, ModelResponse, Part, ToolCall, Usage,
};
use crate::object;
use crate::sorted::Sorted;

pub(super) fn request(request: &ModelRequest) -> Value {
    let mut body = vec![
        ("model", request.model.as_str().into()),
        ("max_tokens", TOKENS_MAX.into()),
        ("messages", messages(&request.messages)),
        ("stream", true.into()),
    ];
    let mut system = request.instructions.clone();
    if !request.tools.is_empty() {
        body.push(("tools", request.tools.iter().map(tool).collect()));
    }
    match &request.format {
        Some(format) if format.strict => {
            let schema = vec![("type", "json_schema".into()), ("schema", format.schema.clone())];
            let format = object! { "format": object_of(schema) };
            body.push(("output_config", format));
        }
        // Here the provider knows no schema but a strict one, so any other is asked for in words.
        Some(format) => {
            system.push_str("\n\nAnswer with JSON alone, by this JSON Schema: ");
            system.push_str(&canonical(&format.schema));
        }
        None => {}
    }
    if !system.is_empty() {
        body.push(("system", system.into()));
    }
    object_of(body)
}

/// What is known of an answer so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    blocks: Sorted<usize, Block>,
    /// How it ended, as far as told.
    stop: Value,
    /// Counts so far; each one told replaces the one before.
    usage: Value,
}

#[derive(Clone, Debug)]
struct Block {
    raw: Value,
    /// The `input` that it began with, as text.
    given: String,
    /// The text of its `input`, which takes the place of what it began with.
    input: String,
    is_open: bool,
}

impl Answer {
    /// Takes one event, given with its text; says whether it was the last.
    pub(super) fn take(
        &mut self,
        event: &str,
        mut body: Value,
        deltas: &mut Vec<Delta>,
    ) -> Result<bool, StreamError> {
        match text(&body, "type") {
            "message_start" => {
                let mut message = take(&mut body, "message");
                for (index, block) in take_list(&mut message, "content").into_iter().enumerate() {
                    self.begin(index, block, event, deltas)?.is_open = false;
                }
                self.tell(&mut message, "usage");
                self.end_by(message);
            }
            "content_block_start" => {
                let index = place(&body, "index").ok_or_else(without_place)?;
                self.begin(index, take(&mut body, "content_block"), event, deltas)?;
            }
            "content_block_delta" => {
                let delta = take(&mut body, "delta");
                add(self.open(&body)?, delta, deltas);
            }
            "content_block_stop" => self.open(&body)?.is_open = false,
            "message_delta" => {
                self.tell(&mut body, "usage");
                self.end_by(take(&mut body, "delta"));
            }
            "message_stop" => return Ok(true),
            _ => {}
        }
        Ok(false)
    }

    /// The answer, once its last event has come.
    pub(super) fn end(&mut self) -> Result<ModelResponse, StreamError> {
        let Self { blocks, stop, usage } = std::mem::take(self);
        let mut refusal = None;
        let mut is_whole = true;
        let finish = match text(&stop, "stop_reason") {
            "end_turn" | "tool_use" | "stop_sequence" => Finish::Complete,
            "pause_turn" => Finish::Paused,
            "refusal" => {
                let details = stop.get("stop_details").unwrap_or(&Value::Null);
                refusal = Some(match text(details, "explanation") {
                    "" => "The model declined to answer.",
                    words => words,
                });
                is_whole = false;
                Finish::Complete
            }
            reason => {
                is_whole = false;
                incomplete(reason)
            }
        };
        let mut items = Vec::new();
        for block in blocks.into_values() {
            if is_whole && block.is_open {
                return Err(malformed("the end of an answer whose items have not all ended"));
            }
            items.push(item(block)?);
        }
        let calls = items.iter().any(|item| matches!(item.part, Part::Call(_)));
        if text(&stop, "stop_reason") == "tool_use" && !calls {
            return Err(malformed("an end by calls, and no call"));
        }
        items.extend(refusal.map(|words| Item { part: Part::Refusal(words.into()), raw: None }));
        let usage = usage.is_object().then(|| {
            // What was read from a cache, or written to one, is not in the first of these.
            let input = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"];
            let input =
                input.map(|key| tokens(&usage, key)).into_iter().fold(0, u64::saturating_add);
            Usage { input, output: tokens(&usage, "output_tokens") }
        });
        Ok(ModelResponse { items, finish, usage })
    }

    fn begin(
        &mut self,
        index: usize,
        raw: Value,
        event: &str,
        deltas: &mut Vec<Delta>,
    ) -> Result<&mut Block, StreamError> {
        let mut given = String::new();
        match text(&raw, "type") {
            "text" if !text(&raw, "text").is_empty() => {
                deltas.push(Delta::Text(text(&raw, "text").to_owned()));
            }
            "tool_use" => {
                deltas.push(Delta::Call { index, name: text(&raw, "name").to_owned() });
                let input = raw.get("input").filter(|input| !input.is_null());
                if let Some(input) = input.filter(|input| **input != object_of(Vec::new())) {
                    given = written(input, event)?;
                }
            }
            _ => {}
        }
        if !self.blocks.insert(index, Block { raw, given, input: String::new(), is_open: true }) {
            return Err(malformed("a place that another item has"));
        }
        self.blocks.get_mut(&index).ok_or_else(without_place)
    }

    /// The block that an event goes on with.
    fn open(&mut self, body: &Value) -> Result<&mut Block, StreamError> {
        let block = place(body, "index").and_then(|index| self.blocks.get_mut(&index));
        block.filter(|block| block.is_open).ok_or_else(without_place)
    }

    fn tell(&mut self, body: &mut Value, key: &str) {
        if let Value::Object(counts) = take(body, key) {
            for (name, count) in counts {
                if !count.is_null() {
                    put(&mut self.usage, &name, count);
                }
            }
        }
    }

    fn end_by(&mut self, mut told: Value) {
        for key in ["stop_reason", "stop_details"] {
            let value = take(&mut told, key);
            if !value.is_null() {
                put(&mut self.stop, key, value);
            }
        }
    }
}

fn add(block: &mut Block, mut delta: Value, deltas: &mut Vec<Delta>) {
    match text(&delta, "type") {
        "input_json_delta" => block.input.push_str(text(&delta, "partial_json")),
        "citations_delta" => {
            let citations = Value::Array(vec![take(&mut delta, "citation")]);
            merge(&mut block.raw, object! { "citations": citations });
        }
        kind => {
            if kind == "text_delta" {
                deltas.push(Delta::Text(text(&delta, "text").to_owned()));
            }
            remove(&mut delta, "type");
            merge(&mut block.raw, delta);
        }
    }
}

fn item(block: Block) -> Result<Item, StreamError> {
    let Block { mut raw, given, input, .. } = block;
    let input = if input.is_empty() { given } else { input };
    let part = match text(&raw, "type") {
        "text" => Part::Text(text(&raw, "text").to_owned()),
        "tool_use" => {
            let [id, name] = ["id", "name"].map(|key| text(&raw, key).to_owned());
            if id.is_empty() {
                return Err(malformed("a call that has no id"));
            }
            put(&mut raw, "input", arguments(&input));
            Part::Call(ToolCall { id, name, arguments: input })
        }
        _ => {
            if !input.is_empty() {
                put(&mut raw, "input", arguments(&input));
            }
            Part::Other
        }
    };
    Ok(Item { part, raw: Some(Api::Messages.wrap(raw)) })
}

fn without_place() -> StreamError {
    malformed("an item without a place")
}

/// The conversation. Roles alternate: the results of calls come first in the one message behind
/// them, and what is said in a row is one message.
fn messages(said: &[Message]) -> Value {
    let mut messages: Vec<Value> = Vec::new();
    let mut say = |role: &str, block: Value| match messages.last_mut() {
        Some(last) if text(last, "role") == role => {
            merge(last, object! { "content": Value::Array(vec![block]) });
        }
        _ => messages.push(object! { "role": role, "content": Value::Array(vec![block]) }),
    };
    for message in said {
        match message {
            // A notice quotes what tools and the model wrote, and has no more authority than they.
            Message::User(words) | Message::Notice(words) => say("user", words_block(words)),
            Message::Assistant(items) => {
                for block in items.iter().filter_map(block) {
                    say("assistant", block);
                }
            }
            Message::Result { call, output } => say(
                "user",
                object! { "type": "tool_result", "tool_use_id": id(call), "content": output.as_str() },
            ),
        }
    }
    Value::Array(messages)
}

/// An item of the model's, as it is sent back; empty texts are refused.
fn block(item: &Item) -> Option<Value> {
    let own = Api::Messages.own(item).cloned();
    match &item.part {
        Part::Text(words) | Part::Refusal(words) if words.trim().is_empty() => None,
        Part::Text(words) | Part::Refusal(words) => own.or_else(|| Some(words_block(words))),
        Part::Call(call) => {
            let mut raw = own.unwrap_or_else(|| {
                object! { "type": "tool_use", "name": call.name.as_str(), "input": arguments(&call.arguments) }
            });
            put(&mut raw, "id", id(&call.id).into());
            Some(raw)
        }
        Part::Other => own,
    }
}

fn words_block(words: &str) -> Value {
    object! { "type": "text", "text": words }
}

/// The id of a call, which may be of a provider or a gateway with other letters.
fn id(id: &str) -> String {
    let is_taken = |letter: char| letter.is_ascii_alphanumeric() || ['_', '-'].contains(&letter);
    id.chars().map(|letter| if is_taken(letter) { letter } else { '_' }).collect()
}

/// Not in the provider's strict mode, which takes few tools; the arguments are checked anyway.
fn tool(function: &Function) -> Value {
    object! { "name": function.name.as_str(), "description": function.description.as_str(), "input_schema": function.parameters.clone() }
}

/// The provider wants a bound. Every model that is served today can write as much.
const TOKENS_MAX: u64 = 16_000;
