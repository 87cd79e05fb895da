//! Values on their way between the page and the core, as JSON text: the only form that carries no
//! functions, no getters and no shared objects.

use holdpoint_core::json::{canonical, read};
use js_sys::{JSON, Reflect};
use serde_json::Value;
use wasm_bindgen::JsValue;

/// A copy that the page may keep and change.
pub(crate) fn to_page(value: &Value) -> Result<JsValue, JsValue> {
    JSON::parse(&canonical(value))
}

/// What JSON makes of a value of the page; `undefined` becomes `null`.
///
/// # Errors
///
/// A cycle, a `BigInt`, half of a surrogate pair, or a `toJSON` that throws; with words.
pub(crate) fn from_page(value: &JsValue) -> Result<Value, String> {
    let text = JSON::stringify(value).map_err(|thrown| words(&thrown))?;
    // A function or a symbol has no text.
    match JsValue::from(text).as_string() {
        Some(text) => read(&text).map_err(|fault| fault.message),
        None => Ok(Value::Null),
    }
}

/// What was thrown, in words for a person.
pub(super) fn words(thrown: &JsValue) -> String {
    thrown
        .as_string()
        .or_else(|| Reflect::get(thrown, &"message".into()).ok()?.as_string())
        .filter(|words| !words.trim().is_empty())
        .map_or_else(
            || "it failed without saying why".to_owned(),
            |words| bounded(words, WORDS_MAX),
        )
}

/// The text, cut where it is longer than anyone will read.
pub(super) fn bounded(mut text: String, chars_max: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(chars_max) {
        text.truncate(end);
        text.push('…');
    }
    text
}

const WORDS_MAX: usize = 2_000;
