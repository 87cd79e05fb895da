//! Ways to a call from outside the widget: the page's address, and a notification.

use std::rc::Rc;

use holdpoint_core::id::{CallId, RunId};
use js_sys::Reflect;
use wasm_bindgen::prelude::*;

use super::shell::Shell;

/// Follows `#holdpoint=<callId>`, now and whenever the address changes, and what the page's service
/// worker says.
pub(super) fn follow(shell: &Rc<Shell>) {
    let Some(window) = web_sys::window() else { return };
    if let Some(call) = linked() {
        shell.go_to(call);
    }
    let weak = Rc::downgrade(shell);
    let heard = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
        let Some(shell) = weak.upgrade() else { return };
        let get = |from: &JsValue, name: &str| Reflect::get(from, &name.into()).unwrap_or_default();
        let asked = get(&get(&event, "data"), "holdpoint");
        let is_ours = get(&asked, "namespace").as_string().is_none_or(|it| it == shell.namespace);
        let told = get(&asked, "show").as_string().map(CallId::new);
        if let Some(call) = told.or_else(linked).filter(|_| is_ours) {
            shell.go_to(call);
        }
    });
    // The page lives as long as its window, and a widget is not made in a loop.
    let function = heard.as_ref().unchecked_ref();
    window.add_event_listener_with_callback("hashchange", function).ok();
    let container = Reflect::get(&window.navigator(), &"serviceWorker".into()).unwrap_or_default();
    if let Ok(container) = container.dyn_into::<web_sys::EventTarget>() {
        container.add_event_listener_with_callback("message", function).ok();
    }
    heard.forget();
}

/// The call that the page's address names.
fn linked() -> Option<CallId> {
    let hash = web_sys::window()?.location().hash().ok()?;
    let named = hash.strip_prefix("#holdpoint=")?;
    js_sys::decode_uri_component(named).ok().map(|call| CallId::new(String::from(call)))
}

/// The run that a call belongs to, by its name.
pub(super) fn run_of(call: &CallId) -> Option<RunId> {
    call.as_str().rsplitn(3, '.').nth(2).map(RunId::new)
}
