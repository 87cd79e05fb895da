//! The page, as the widget tells it things.

use js_sys::Function;
use serde::Serialize;
use serde_json::{Value, json};
use wasm_bindgen::JsValue;

/// The two ways of the element's JavaScript half to hear of something.
pub(super) struct Page {
    emit: Function,
    on_state: Function,
}

impl Page {
    pub(super) fn new(emit: Function, on_state: Function) -> Self {
        Self { emit, on_state }
    }

    /// Dispatches an event on the element.
    pub(super) fn emit(&self, name: &str, detail: &Value) {
        self.dispatch(name, detail, false);
    }

    /// Dispatches a cancelable event; false where the page cancelled it.
    pub(super) fn ask(&self, name: &str, detail: &Value) -> bool {
        self.dispatch(name, detail, true)
    }

    /// Dispatches `holdpoint-error`.
    pub(super) fn error(&self, code: &str, message: &str, fix: &str) {
        self.emit("holdpoint-error", &error_value(code, message, fix));
    }

    /// Tells the state in one word.
    pub(super) fn state(&self, state: &str) {
        // A listener's own fault is the page's to see in its console, not ours to act on.
        let _ = self.on_state.call1(&JsValue::NULL, &state.into());
    }

    fn dispatch(&self, name: &str, detail: &Value, cancelable: bool) -> bool {
        let proceed =
            self.emit.call3(&JsValue::NULL, &name.into(), &to_js(detail), &cancelable.into());
        proceed.ok().and_then(|proceed| proceed.as_bool()).unwrap_or(true)
    }
}

/// Plain data for the page.
pub(super) fn to_js(value: &Value) -> JsValue {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .unwrap_or(JsValue::UNDEFINED)
}

/// Plain data of the page's; functions and the like are left out, as JSON does.
pub(super) fn from_js(value: &JsValue) -> Option<Value> {
    let text = js_sys::JSON::stringify(value).ok()?.as_string()?;
    serde_json::from_str(&text).ok()
}

/// An error as the page's half of the element expects it.
pub(super) fn error_value(code: &str, message: &str, fix: &str) -> Value {
    json!({ "code": code, "message": message, "fix": fix })
}
