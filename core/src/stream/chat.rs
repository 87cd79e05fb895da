//! The wire format of OpenAI Chat Completions, as many servers speak it.
//!
//! An answer is one message, which chunks add up to. What servers differ in and what is made of it:
//!
//! - The chunk with a `finish_reason` ends the answer. `[DONE]` and the chunk with the usage may
//!   follow or be missing. More of the answer behind its end spoils it.
//! - `stop` and `tool_calls` end it well, whichever of them comes with calls.
//! - A fragment of a call goes by its `index`; another id at the same index is another call. Without
//!   an index it goes to the last call, unless it brings another id, or a name without that id.
//! - The name and the id may come late, be repeated or be empty. An id that never comes, or a second
//!   name, spoils the answer.
//! - Fields of the message that are not known here, such as reasoning, are kept and sent back.
//! - Choices other than the first are skipped: only one is asked for.

use serde_json::{Map, Value};

use super::value::{
    arguments, incomplete, malformed, merge, object_of, place, put, remove, take, take_list, text,
    tokens,
};
use super::{Api, Delta, StreamError};
use crate::json::canonical;
use crate::message::{
    Finish, Function, Item, Message, ModelRequest, ModelResponse, Part, ToolCall, Usage,
};
use crate::object;

pub(super) fn request(request: &ModelRequest) -> Value {
    let mut body = vec![
        ("model", request.model.as_str().into()),
        ("messages", messages(request)),
        ("stream", true.into()),
        ("stream_options", object! { "include_usage": true }),
    ];
    if !request.tools.is_empty() {
        body.push(("tools", request.tools.iter().map(function).collect()));
    }
    if let Some(format) = &request.format {
        let schema = object! { "name": format.name.as_str(), "schema": format.schema.clone(), "strict": format.strict };
        let format = vec![("type", "json_schema".into()), ("json_schema", schema)];
        body.push(("response_format", object_of(format)));
    }
    object_of(body)
}

/// What is known of an answer so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    text: String,
    refusal: String,
    calls: Vec<Value>,
    /// The other fields of the message.
    others: Map<String, Value>,
    usage: Option<Usage>,
    /// How it ended, and by what word.
    finish: Option<(Finish, String)>,
}

impl Answer {
    /// Takes one chunk.
    pub(super) fn take(
        &mut self,
        mut body: Value,
        deltas: &mut Vec<Delta>,
    ) -> Result<(), StreamError> {
        if let Some(usage) = body.get("usage").filter(|usage| usage.is_object()) {
            let [input, output] = ["prompt_tokens", "completion_tokens"].map(|k| tokens(usage, k));
            self.usage = Some(Usage { input, output });
        }
        for mut choice in take_list(&mut body, "choices") {
            if place(&choice, "index").is_some_and(|index| index > 0) {
                continue;
            }
            self.add(take(&mut choice, "delta"), deltas)?;
            let reason = text(&choice, "finish_reason");
            if reason.is_empty() {
                continue;
            }
            let finish = match reason {
                "stop" | "tool_calls" => Finish::Complete,
                reason => incomplete(reason),
            };
            match &self.finish {
                Some((known, _)) if *known != finish => return Err(malformed("a second end")),
                Some(_) => {}
                None => self.finish = Some((finish, reason.to_owned())),
            }
        }
        Ok(())
    }

    /// The answer, once no more of it will come.
    pub(super) fn end(&mut self) -> Result<ModelResponse, StreamError> {
        let Self { text, refusal, calls, others, usage, finish } = std::mem::take(self);
        let Some((finish, reason)) = finish else { return Err(StreamError::Interrupted) };
        if reason == "tool_calls" && calls.is_empty() {
            return Err(malformed("an end by calls, and no call"));
        }
        let mut items = Vec::new();
        let mut push = |part, raw| items.push(Item { part, raw });
        if !others.is_empty() {
            push(Part::Other, Some(Api::Chat.wrap(Value::Object(others))));
        }
        if !text.is_empty() {
            push(Part::Text(text), None);
        }
        if !refusal.is_empty() {
            push(Part::Refusal(refusal), None);
        }
        for mut raw in calls {
            // It has served to join the fragments, and is no field of a whole call.
            remove(&mut raw, "index");
            push(Part::Call(call(&raw)?), Some(Api::Chat.wrap(raw)));
        }
        Ok(ModelResponse { items, finish, usage })
    }

    fn add(&mut self, delta: Value, deltas: &mut Vec<Delta>) -> Result<(), StreamError> {
        let Value::Object(delta) = delta else { return Ok(()) };
        for (key, value) in delta {
            let mut say = |said: &mut String, words: &str, show: fn(String) -> Delta| {
                if !words.is_empty() {
                    said.push_str(words);
                    deltas.push(show(words.to_owned()));
                }
            };
            let is_late = self.finish.is_some();
            match (key.as_str(), value) {
                ("role", _) | (_, Value::Null) => {}
                ("content" | "refusal", Value::String(words)) if is_late && words.is_empty() => {}
                ("tool_calls", Value::Array(calls)) if is_late && calls.is_empty() => {}
                ("content" | "refusal" | "tool_calls", _) if is_late => {
                    return Err(malformed("more of an answer that has ended"));
                }
                ("content", Value::String(words)) => say(&mut self.text, &words, Delta::Text),
                ("refusal", Value::String(words)) => say(&mut self.refusal, &words, Delta::Refusal),
                ("tool_calls", Value::Array(fragments)) => {
                    for fragment in fragments {
                        self.fragment(fragment, deltas)?;
                    }
                }
                ("content" | "refusal" | "tool_calls", _) => {
                    return Err(malformed("a message of another form"));
                }
                (_, value) => merge(self.others.entry(key).or_insert(Value::Null), value),
            }
        }
        Ok(())
    }

    /// Adds a fragment to its call, or begins the call.
    fn fragment(&mut self, fragment: Value, deltas: &mut Vec<Delta>) -> Result<(), StreamError> {
        let [id, name] = [text(&fragment, "id"), name_of(&fragment)];
        let written = fragment.get("function").and_then(|function| function.get("arguments"));
        if written.is_some_and(|written| !written.is_string() && !written.is_null()) {
            // Written out again they would hide what the validator must see.
            return Err(malformed("arguments that are not text"));
        }
        let index = place(&fragment, "index");
        let count = self.calls.len();
        let is_candidate = |call: &&mut Value| index.is_none() || place(call, "index") == index;
        let last = self.calls.iter_mut().rev().find(is_candidate);
        let known = last.filter(|known| {
            let [known_id, known_name] = [text(known, "id"), name_of(known)];
            let is_same = !id.is_empty() && id == known_id;
            let is_other = !id.is_empty() && !known_id.is_empty() && !is_same;
            let is_new = index.is_none() && !is_same && !name.is_empty() && !known_name.is_empty();
            !is_other && !is_new
        });
        match known {
            Some(known) => {
                if !name.is_empty() && !["", name].contains(&name_of(known)) {
                    return Err(malformed("a call of two names"));
                }
                merge(known, fragment);
            }
            // A fragment is looked for among all calls, so their number must be bounded.
            None if count == CALLS_MAX => return Err(malformed("too many calls")),
            None => {
                deltas.push(Delta::Call { index: count, name: name.to_owned() });
                self.calls.push(fragment);
            }
        }
        Ok(())
    }
}

fn call(raw: &Value) -> Result<ToolCall, StreamError> {
    let id = text(raw, "id");
    if id.is_empty() {
        return Err(malformed("a call that has no id"));
    }
    Ok(ToolCall {
        id: id.to_owned(),
        name: name_of(raw).to_owned(),
        arguments: arguments_of(raw).to_owned(),
    })
}

fn name_of(call: &Value) -> &str {
    call.get("function").map(|function| text(function, "name")).unwrap_or_default()
}

fn arguments_of(call: &Value) -> &str {
    call.get("function").map(|function| text(function, "arguments")).unwrap_or_default()
}

/// The conversation, with the instructions before it.
///
/// Servers with templates of their own want the roles to alternate, so what a person and Holdpoint
/// say in a row is one message.
fn messages(request: &ModelRequest) -> Value {
    let mut messages: Vec<Value> = Vec::new();
    if !request.instructions.is_empty() {
        messages.push(message("system", request.instructions.clone()));
    }
    for said in &request.messages {
        match said {
            // A notice quotes what tools and the model wrote, and has no more authority than they.
            Message::User(words) | Message::Notice(words) => {
                let last = messages.last_mut().filter(|last| text(last, "role") == "user");
                match last.and_then(|last| last.get_mut("content")) {
                    Some(Value::String(before)) => add_paragraph(before, words),
                    _ => messages.push(message("user", words.clone())),
                }
            }
            Message::Assistant(items) => messages.extend(assistant(items)),
            Message::Result { call, output } => messages.push(object! { "role": "tool", "tool_call_id": call.as_str(), "content": output.as_str() }),
        }
    }
    Value::Array(messages)
}

fn message(role: &str, words: String) -> Value {
    object! { "role": role, "content": words }
}

/// A message of the model's, as it is sent back.
fn assistant(items: &[Item]) -> Option<Value> {
    let mut message = Value::Null;
    let mut content = String::new();
    let mut calls = Vec::new();
    for item in items {
        match &item.part {
            Part::Text(words) | Part::Refusal(words) => add_paragraph(&mut content, words),
            Part::Call(call) => calls.push(tool_call(call, Api::Chat.own(item))),
            Part::Other => merge(&mut message, Api::Chat.own(item).cloned().unwrap_or_default()),
        }
    }
    if content.is_empty() && calls.is_empty() {
        return None;
    }
    put(&mut message, "role", "assistant".into());
    put(&mut message, "content", if content.is_empty() { Value::Null } else { content.into() });
    if !calls.is_empty() {
        put(&mut message, "tool_calls", Value::Array(calls));
    }
    Some(message)
}

/// A call, as it is sent back. Some servers read its arguments again, and stumble over what is none.
fn tool_call(call: &ToolCall, own: Option<&Value>) -> Value {
    let mut raw = own.cloned().unwrap_or_default();
    let mut function = take(&mut raw, "function");
    let read = arguments(&call.arguments);
    let is_sound = read.get("INVALID_JSON").is_none() && !call.arguments.trim().is_empty();
    let arguments = if is_sound { call.arguments.clone() } else { canonical(&read) };
    put(&mut function, "name", call.name.as_str().into());
    put(&mut function, "arguments", arguments.into());
    put(&mut raw, "id", call.id.as_str().into());
    put(&mut raw, "type", "function".into());
    put(&mut raw, "function", function);
    raw
}

fn add_paragraph(text: &mut String, words: &str) {
    if !text.is_empty() && !words.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(words);
}

fn function(function: &Function) -> Value {
    let mut said = vec![
        ("name", function.name.as_str().into()),
        ("description", function.description.as_str().into()),
        ("parameters", function.parameters.clone()),
    ];
    if function.strict {
        said.push(("strict", true.into()));
    }
    object! { "type": "function", "function": object_of(said) }
}

/// More calls than any answer needs; a run's own limit is lower.
const CALLS_MAX: usize = 1_000;
