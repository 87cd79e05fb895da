//! The wire format of OpenAI Responses.
//!
//! Events are told apart by the `type` in their JSON; a type that is not known here is skipped,
//! since new ones are added without notice.

use std::mem;

use serde_json::Value;

use super::value::{incomplete, malformed, object_of, or_unknown, place, take, text, tokens};
use super::{Api, Delta, StreamError};
use crate::json;
use crate::message::{
    Finish, Function, Item, Message, ModelRequest, ModelResponse, Part, ToolCall, Usage,
};
use crate::object;
use crate::sorted::Sorted;

pub(super) fn request(request: &ModelRequest) -> Value {
    let mut body = vec![
        ("model", request.model.as_str().into()),
        ("input", request.messages.iter().flat_map(input).collect()),
        ("stream", true.into()),
        // The journal keeps the conversation; the provider need not.
        ("store", false.into()),
    ];
    if may_reason(&request.model) {
        body.push(("include", Value::Array(vec!["reasoning.encrypted_content".into()])));
    }
    if !request.instructions.is_empty() {
        body.push(("instructions", request.instructions.as_str().into()));
    }
    if !request.tools.is_empty() {
        body.push(("tools", request.tools.iter().map(function).collect()));
        body.push(("parallel_tool_calls", true.into()));
    }
    if let Some(format) = &request.format {
        let format = object! { "type": "json_schema", "name": format.name.as_str(), "schema": format.schema.clone(), "strict": format.strict };
        body.push(("text", object! { "format": format }));
    }
    object_of(body)
}

/// What is known of an answer so far.
///
/// Deltas are for the display only. The answer is made of whole items, as their `done` events or,
/// in their absence, the last event of the stream gives them.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    /// The items by their place in the answer; none where one has begun and not ended.
    items: Sorted<usize, Option<Item>>,
}

impl Answer {
    /// Takes one event; gives the response if that was the last.
    pub(super) fn take(
        &mut self,
        mut body: Value,
        deltas: &mut Vec<Delta>,
    ) -> Result<Option<ModelResponse>, StreamError> {
        let place = place(&body, "output_index");
        match text(&body, "type") {
            "response.output_text.delta" => deltas.push(Delta::Text(text(&body, "delta").into())),
            "response.refusal.delta" => deltas.push(Delta::Refusal(text(&body, "delta").into())),
            "response.output_item.added" => {
                let (Some(place), Some(item)) = (place, body.get("item")) else {
                    return Err(malformed("an item without a place"));
                };
                if !self.items.contains(&place) {
                    self.items.insert(place, None);
                    if text(item, "type") == "function_call" {
                        deltas.push(Delta::Call { index: place, name: text(item, "name").into() });
                    }
                }
            }
            "response.output_item.done" => {
                let (Some(place), Some(raw)) = (place, body.get_mut("item")) else {
                    return Err(malformed("an item without a place"));
                };
                let item = item(raw.take())?;
                let known = self.items.get(&place).and_then(Option::as_ref);
                if known.is_some_and(|known| *known != item) {
                    return Err(malformed("a place that another item has"));
                }
                self.items.insert(place, Some(item));
            }
            kind => {
                if let Some(finish) = finish(kind, &body) {
                    return self.end(finish, &mut body).map(Some);
                }
            }
        }
        Ok(None)
    }

    fn end(&mut self, finish: Finish, body: &mut Value) -> Result<ModelResponse, StreamError> {
        let mut response = take(body, "response");
        if let Some(Value::Array(output)) = response.get_mut("output").map(Value::take)
            // Some servers leave items out of the repetition, so that places differ.
            && output.len() > self.items.values().flatten().count()
        {
            for (place, raw) in output.into_iter().enumerate() {
                if self.items.get(&place).is_none_or(Option::is_none) {
                    self.items.insert(place, Some(item(raw)?));
                }
            }
        }
        if finish == Finish::Complete && self.items.values().any(Option::is_none) {
            return Err(malformed("the end of an answer whose items have not all ended"));
        }
        let usage = response.get("usage").filter(|usage| usage.is_object());
        let usage = usage.map(|usage| {
            let [input, output] = ["input_tokens", "output_tokens"].map(|key| tokens(usage, key));
            Usage { input, output }
        });
        let items = mem::take(&mut self.items).into_values().flatten().collect();
        Ok(ModelResponse { items, finish, usage })
    }
}

/// How an answer ended, if this event ends it.
fn finish(kind: &str, body: &Value) -> Option<Finish> {
    let response = body.get("response").unwrap_or(&Value::Null);
    Some(match kind {
        "response.completed" => match text(response, "status") {
            "" | "completed" => Finish::Complete,
            status => Finish::Incomplete(status.to_owned()),
        },
        "response.incomplete" => {
            let details = response.get("incomplete_details").unwrap_or(&Value::Null);
            incomplete(text(details, "reason"))
        }
        "response.failed" => {
            let error = response.get("error").unwrap_or(&Value::Null);
            let message = text(error, "message").to_owned();
            Finish::Failed { code: or_unknown(text(error, "code")), message }
        }
        _ => return None,
    })
}

/// What we understand of an output item.
fn item(raw: Value) -> Result<Item, StreamError> {
    let part = match text(&raw, "type") {
        // By it an item is known as one of this format when it is sent back.
        "" => return Err(malformed("an item without a type")),
        "message" => message(&raw),
        "function_call" => Part::Call(call(&raw)?),
        _ => Part::Other,
    };
    Ok(Item { part, raw: Some(raw) })
}

/// A message of several parts is one text, or a refusal if any part of it is.
fn message(raw: &Value) -> Part {
    let content = raw.get("content").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let is_refusal = |part: &Value| text(part, "type") == "refusal";
    if content.iter().any(is_refusal) {
        let refusals = content.iter().filter(|part| is_refusal(part));
        Part::Refusal(refusals.map(|part| text(part, "refusal")).collect())
    } else {
        let texts = content.iter().filter(|part| text(part, "type") == "output_text");
        Part::Text(texts.map(|part| text(part, "text")).collect())
    }
}

fn call(raw: &Value) -> Result<ToolCall, StreamError> {
    let id = text(raw, "call_id");
    if id.is_empty() {
        return Err(malformed("a call that has no call_id"));
    }
    let arguments = match raw.get("arguments") {
        Some(Value::String(arguments)) => arguments.clone(),
        None | Some(Value::Null) => String::new(),
        // Written out again they would hide what the validator must see, such as a key given twice.
        Some(_) => return Err(malformed("arguments that are not text")),
    };
    Ok(ToolCall { id: id.to_owned(), name: text(raw, "name").to_owned(), arguments })
}

/// Whether this is one of the events that only serve the display.
///
/// A gateway that cuts text by UTF-16 units puts half a surrogate pair into each of two deltas,
/// which cannot be read as text. The item that follows has the text whole.
pub(super) fn is_delta(data: &str) -> bool {
    // With another digit every half of a pair is a letter like any other.
    let mut whole = String::with_capacity(data.len());
    let mut rest = data;
    while let Some((before, escape)) = rest.split_once('\\') {
        whole.push_str(before);
        whole.push('\\');
        let is_surrogate = escape.starts_with("ud") || escape.starts_with("uD");
        rest = escape;
        if is_surrogate {
            whole.push_str("u0");
            rest = &escape[2..];
        }
        // What is escaped does not itself begin an escape.
        if let Some(after) = rest.strip_prefix('\\') {
            whole.push('\\');
            rest = after;
        }
    }
    whole.push_str(rest);
    json::read(&whole).is_ok_and(|event| text(&event, "type").ends_with(".delta"))
}

/// The input items that say a message again.
fn input(message: &Message) -> Vec<Value> {
    match message {
        // A notice quotes what tools and the model wrote. The role of a developer would lend its
        // authority to whoever wrote that.
        Message::User(words) | Message::Notice(words) => {
            let content = object! { "type": "input_text", "text": words.as_str() };
            vec![said("user", Value::Array(vec![content]))]
        }
        Message::Assistant(items) => items.iter().filter_map(output).collect(),
        Message::Result { call, output } => vec![
            object! { "type": "function_call_output", "call_id": call.as_str(), "output": output.as_str() },
        ],
    }
}

fn said(role: &str, content: Value) -> Value {
    object! { "type": "message", "role": role, "content": content }
}

/// An item of the model's, as it is sent back.
fn output(item: &Item) -> Option<Value> {
    match (Api::Responses.own(item), &item.part) {
        (Some(raw), _) => (!is_only_a_name(raw)).then(|| raw.clone()),
        (None, Part::Text(words) | Part::Refusal(words)) => {
            Some(said("assistant", words.as_str().into()))
        }
        (None, Part::Call(call)) => Some(
            object! { "type": "function_call", "call_id": call.id.as_str(), "name": call.name.as_str(), "arguments": call.arguments.as_str() },
        ),
        (None, Part::Other) => None,
    }
}

/// Whether this is reasoning that carries no reasoning, only the id of what was not stored: sent
/// back, it would have the whole request refused.
fn is_only_a_name(raw: &Value) -> bool {
    let has = |key: &str| match raw.get(key) {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(parts)) => !parts.is_empty(),
        _ => false,
    };
    text(raw, "type") == "reasoning" && !has("encrypted_content") && !has("content")
}

fn function(function: &Function) -> Value {
    object! { "type": "function", "name": function.name.as_str(), "description": function.description.as_str(), "parameters": function.parameters.clone(), "strict": function.strict }
}

/// Whether the model is not one of those that refuse a request for encrypted reasoning.
///
/// They are all old, so the list will not grow.
fn may_reason(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    let refuses = ["gpt-3", "gpt-4", "chatgpt-"].iter().any(|prefix| name.starts_with(prefix));
    !refuses && !name.split('-').skip(1).any(|word| word.starts_with("chat"))
}
