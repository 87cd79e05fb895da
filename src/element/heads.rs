//! Elements that show a part of the widget's view elsewhere in the page, and what comes with the
//! first of them.

use std::rc::Rc;

use holdpoint_core::id::CallId;
use js_sys::Function;
use wasm_bindgen::JsValue;
use web_sys::ShadowRoot;

use super::shell::Shell;
use crate::driver::ports::Task;
use crate::later::later;
use crate::view::heads::{Head, mount_head};
use crate::view::once;

later! {
    /// Shows the inbox, or one call: the newest that waits where none is named. `heard` is told which
    /// call is shown, and how it is. What it resolves to is a function that takes it away again.
    ///
    /// # Errors
    /// Where this part of the widget cannot be fetched.
    heads: fn show(
        shell: Rc<Shell>,
        root: ShadowRoot,
        kind: String,
        call: String,
        heard: Function
    ) -> Task<Result<JsValue, JsValue>> {
        Box::pin(async move {
            let head = match &*kind {
                "inbox" => {
                    shell.work().await?.show_inbox().await;
                    Head::Inbox
                }
                _ => Head::Approval((!call.is_empty()).then(|| CallId::new(call))),
            };
            let tell = move |call: Option<&CallId>, words: &str| {
                let call = call.map_or(JsValue::NULL, |call| call.as_str().into());
                // A listener's own fault is the page's to see in its console, not ours to act on.
                let _ = heard.call2(&JsValue::NULL, &call, &words.into());
            };
            let views = mount_head(&root, shell.shown, shell.intents(), head, Rc::new(tell));
            Ok(once(Box::new(move || drop(views))))
        })
    }
}
