//! The page, as the widget tells it things.

use holdpoint_core::object;
use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Function, Promise};
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};

use crate::tools::to_page;

/// The two ways of the element's JavaScript half to hear of something.
#[derive(Clone)]
pub(super) struct Page {
    emit: Function,
    on_state: Function,
    /// In one word, and what else is so.
    state: Rc<Cell<[&'static str; 2]>>,
}

impl Page {
    pub(super) fn new(emit: Function, on_state: Function) -> Self {
        Self { emit, on_state, state: Rc::new(Cell::new(["loading", ""])) }
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

    /// Tells the state in one word, and in more what else is so, if either is another.
    pub(super) fn state(&self, state: &'static str, marks: &'static str) {
        if self.state.replace([state, marks]) == [state, marks] {
            return;
        }
        // A listener's own fault is the page's to see in its console, not ours to act on.
        let _ = self.on_state.call2(&JsValue::NULL, &state.into(), &marks.into());
    }

    /// Makes the page die at a step, and gives a promise of that.
    pub(super) fn crash(&self, step: &str) -> Result<Promise, JsValue> {
        Ok(self.emit.call2(&JsValue::NULL, &"crash".into(), &step.into())?.unchecked_into())
    }

    fn dispatch(&self, name: &str, detail: &Value, cancelable: bool) -> bool {
        let proceed =
            self.emit.call3(&JsValue::NULL, &name.into(), &to_js(detail), &cancelable.into());
        proceed.ok().and_then(|proceed| proceed.as_bool()).unwrap_or(true)
    }
}

/// Plain data for the page.
pub(super) fn to_js(value: &Value) -> JsValue {
    to_page(value).unwrap_or(JsValue::UNDEFINED)
}

/// An error as the page's half of the element expects it.
pub(super) fn error_value(code: &str, message: &str, fix: &str) -> Value {
    object! { "code": code, "message": message, "fix": fix }
}
