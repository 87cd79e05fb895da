//! The wire formats: what a request says, put as a Responses request, and an answer in each.

mod chat;
mod messages;
mod responses;

use serde_json::Value;

use crate::conversation::Conversation;
use crate::reply::{self, Reply};

/// A wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// OpenAI Responses.
    Responses,
    /// OpenAI Chat Completions.
    Chat,
    /// Anthropic Messages.
    Messages,
}

impl Wire {
    /// The format that is spoken at this path below the endpoint, such as `chat/completions`.
    pub fn of_path(path: &str) -> Option<Self> {
        Some(match path {
            "responses" => Self::Responses,
            "chat/completions" => Self::Chat,
            "messages" => Self::Messages,
            _ => return None,
        })
    }

    // Inlined, so that a program that speaks one format does not carry the others.
    #[inline(always)]
    pub(crate) fn records(self, request: &Value) -> Vec<String> {
        match self {
            Self::Responses => responses::Response(&answer(request, request)).records(),
            Self::Chat => chat::records(&answer(request, &chat::read(request))),
            Self::Messages => messages::records(&answer(request, &messages::read(request))),
        }
    }

    #[inline(always)]
    pub(crate) fn whole(self, request: &Value) -> String {
        match self {
            Self::Responses => responses::Response(&answer(request, request)).completed(),
            Self::Chat => chat::whole(&answer(request, &chat::read(request))),
            Self::Messages => messages::whole(&answer(request, &messages::read(request))),
        }
    }
}

/// A reply, and what it needs to be put on the wire.
struct Answer<'a> {
    request: &'a Value,
    /// The number of input items; ids are made from it.
    turn: usize,
    reply: Reply,
}

fn answer<'a>(request: &'a Value, read: &Value) -> Answer<'a> {
    let conversation = Conversation::read(read);
    Answer { request, turn: conversation.items, reply: reply::to(&conversation) }
}

impl Answer<'_> {
    fn model(&self) -> String {
        quoted(self.request["model"].as_str().unwrap_or("stand-in"))
    }

    /// Tokens read, written, and both: four bytes of JSON are about one.
    fn tokens(&self, output: &str) -> [String; 3] {
        let [input, output] = [json(self.request).len(), output.len()].map(|len| len.div_ceil(4));
        [input, output, input + output].map(|count| count.to_string())
    }

    /// The id of a call.
    fn id(&self, index: usize) -> String {
        [&*self.turn.to_string(), "_", &*index.to_string()].concat()
    }
}

/// A Responses request of what another format says.
fn request(input: Vec<Value>, tools: Vec<Value>, schema: Option<Value>) -> Value {
    let mut request = Value::Null;
    request["input"] = input.into();
    request["tools"] = tools.into();
    if let Some(schema) = schema {
        request["text"]["format"]["type"] = "json_schema".into();
        request["text"]["format"]["schema"] = schema;
    }
    request
}

fn said(role: &str, content: &Value) -> Value {
    let mut item = Value::Null;
    item["role"] = role.into();
    item["content"] = content.clone();
    item
}

fn called(id: &Value, name: &Value, arguments: Value) -> Value {
    let mut item = Value::Null;
    item["type"] = "function_call".into();
    item["call_id"] = id.clone();
    item["name"] = name.clone();
    item["arguments"] = arguments;
    item
}

fn gave(id: &Value, output: &Value) -> Value {
    let mut item = Value::Null;
    item["type"] = "function_call_output".into();
    item["call_id"] = id.clone();
    item["output"] = output.clone();
    item
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A template with each `%` replaced by the next part.
pub(crate) fn fill(template: &str, parts: &[&str]) -> String {
    let mut filled = String::new();
    let mut parts = parts.iter();
    for piece in template.split_inclusive('%') {
        match piece.strip_suffix('%') {
            Some(piece) => {
                filled.push_str(piece);
                filled.push_str(parts.next().unwrap_or(&""));
            }
            None => filled.push_str(piece),
        }
    }
    filled
}

/// A text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    json(&Value::String(text.to_owned()))
}

/// A value in JSON. A tree of values always has such a form.
pub(crate) fn json(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Cuts a text into deltas: a word each, as models send them, and JSON, which has few spaces, into
/// parts of a few letters.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut after_space = false;
    for (index, letter) in text.char_indices() {
        let is_space = letter.is_ascii_whitespace();
        if index > start && (after_space && !is_space || index - start >= PIECE_BYTES) {
            pieces.push(&text[start..index]);
            start = index;
        }
        after_space = is_space;
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

const PIECE_BYTES: usize = 16;
