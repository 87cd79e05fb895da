//! What the wire formats share: JSON taken apart and put together, in little code.

use serde_json::{Map, Value};

use super::StreamError;
use crate::json::{self, canonical};
use crate::message::Finish;
use crate::object;

/// A text field, or nothing.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A field, taken out; null where there is none.
pub(super) fn take(value: &mut Value, key: &str) -> Value {
    value.get_mut(key).map(Value::take).unwrap_or_default()
}

/// The members of a list, taken out; none where it is none.
pub(super) fn take_list(value: &mut Value, key: &str) -> Vec<Value> {
    match take(value, key) {
        Value::Array(members) => members,
        _ => Vec::new(),
    }
}

/// A place in a list.
pub(super) fn place(value: &Value, key: &str) -> Option<usize> {
    value.get(key)?.as_u64()?.try_into().ok()
}

/// A count of tokens; none where it is not told.
pub(super) fn tokens(usage: &Value, key: &str) -> u64 {
    usage.get(key).and_then(Value::as_u64).unwrap_or_default()
}

/// An object of fields some of which may be missing; where all are there, [`object!`](crate::object)
/// reads better.
#[inline(never)]
pub(super) fn object_of(fields: Vec<(&str, Value)>) -> Value {
    let mut object = Map::new();
    for (key, value) in fields {
        json::put(&mut object, key, value);
    }
    Value::Object(object)
}

/// Sets a field; what was no object becomes one.
#[inline(never)]
pub(super) fn put(object: &mut Value, key: &str, value: Value) {
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    if let Value::Object(object) = object {
        object.insert(key.to_owned(), value);
    }
}

/// Takes a field away.
pub(super) fn remove(object: &mut Value, key: &str) {
    if let Value::Object(object) = object {
        object.remove(key);
    }
}

/// Adds a piece of a value to what has come of it: texts grow, objects are filled, lists too, where
/// members of one `index` are one. What names or seals something is given whole.
pub(super) fn merge(whole: &mut Value, piece: Value) {
    match (whole, piece) {
        (_, Value::Null) => {}
        (Value::Object(whole), Value::Object(piece)) => {
            for (key, piece) in piece {
                let is_label = LABELS.contains(&key.as_str());
                let held = whole.entry(key).or_insert(Value::Null);
                if !is_label {
                    merge(held, piece);
                } else if !piece.is_null() && piece != "" {
                    *held = piece;
                }
            }
        }
        (Value::Array(whole), Value::Array(pieces)) => {
            for piece in pieces {
                let index = place(&piece, "index");
                let same = whole.iter_mut().find(|held| place(held, "index") == index);
                match same.filter(|_| index.is_some()) {
                    Some(held) => merge(held, piece),
                    None => whole.push(piece),
                }
            }
        }
        (Value::String(whole), Value::String(piece)) => whole.push_str(&piece),
        (whole, piece) => *whole = piece,
    }
}

const LABELS: [&str; 6] = ["id", "type", "name", "index", "format", "signature"];

/// Arguments as an object, for those who take nothing else: what is no object that everyone reads
/// alike is told as the text it is.
pub(super) fn arguments(text: &str) -> Value {
    if text.trim().is_empty() {
        return Value::Object(Map::new());
    }
    match json::parse(text, &json::Limits::default()) {
        Ok(object @ Value::Object(_)) => object,
        _ => object! { "INVALID_JSON": text },
    }
}

/// The text of arguments that came as a value, in the event of this text.
///
/// To read a value is to decide what it says, so the whole event must be beyond doubt.
pub(super) fn written(arguments: &Value, event: &str) -> Result<String, StreamError> {
    let limits = json::Limits { bytes_max: usize::MAX, depth_max: usize::MAX };
    match json::parse(event, &limits) {
        Ok(_) => Ok(canonical(arguments)),
        Err(fault) => Err(malformed(&["arguments in doubt: ", &fault.message].concat())),
    }
}

/// An answer that was cut short, for a reason that may be missing.
pub(super) fn incomplete(reason: &str) -> Finish {
    Finish::Incomplete(or_unknown(reason))
}

pub(super) fn or_unknown(words: &str) -> String {
    if words.is_empty() { "unknown" } else { words }.to_owned()
}

pub(super) fn malformed(reason: &str) -> StreamError {
    StreamError::Malformed { reason: reason.to_owned() }
}
