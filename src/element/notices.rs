//! Notifications of the browser, for a person who asked for them: what waits is told while the page
//! is not in front, with a way to the card and, where the browser has them, two buttons.
//!
//! Their answers come to the page's service worker; see `holdpoint-sw.js`. Without one a
//! notification leads to the page that showed it, as long as that is open.

use std::cell::Cell;
use std::rc::Rc;

use futures_util::future::{Either, select};
use holdpoint_core::id::CallId;
use holdpoint_core::json::{Value, put};
use holdpoint_core::object;
use holdpoint_core::run::{Run, Slot};
use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::MessageChannel;

use super::page::to_js;
use super::shell::Shell;
use crate::store::{LocalMark, Mark as _};
use crate::text::{self, Text};
use holdpoint_core::escape::visible_text;

/// The notifications of one widget.
pub(super) struct Notices {
    shell: Rc<Shell>,
    /// The page's worker has said that it answers them.
    is_answered: Cell<bool>,
}

impl Notices {
    pub(super) fn new(shell: Rc<Shell>) -> Self {
        let notices = Self { shell, is_answered: Cell::new(false) };
        notices.show_choice();
        notices
    }

    /// Turns them on or off, by a real click: the browser asks the person.
    pub(super) async fn turn(&self, on: bool) -> Result<(), Text> {
        let is_granted = match on && has_notices() {
            true => matches!(
                Notice::request_permission().await.map(|answer| answer.as_string()),
                Ok(Some(answer)) if answer == "granted"
            ),
            false => false,
        };
        // Where nothing can be remembered they are on until the page is left.
        self.mark().set(is_granted);
        self.shell.shown.notified.set(Some(is_granted));
        if on && !is_granted { Err(text::NOTICES_REFUSED) } else { Ok(()) }
    }

    /// Whether the person wants them, and the browser and the page let them.
    pub(super) fn show_choice(&self) {
        let is_offered = self.shell.settings.borrow().notifications && has_notices();
        let is_wanted = || self.mark().is_set() && Notice::permission() == "granted";
        self.shell.shown.notified.set(is_offered.then(is_wanted));
    }

    /// Tells of a call that waits, unless the person sees it.
    pub(super) async fn tell(&self, run: Rc<Run>, call: CallId) {
        let is_on = self.shell.shown.notified.get_untracked() == Some(true);
        let document = web_sys::window().and_then(|window| window.document());
        let sees = document.is_some_and(|page| page.has_focus().unwrap_or(false));
        if !is_on || sees {
            return;
        }
        let registration = self.registration().await;
        let Some((_, slot)) = run.find(&call) else { return };
        let content = || self.content(&run, slot, registration.is_some());
        let Some((title, options)) = self.shell.shown.speaking(content) else { return };
        let shown = match registration {
            Some(registration) => registration.show(&title, &to_js(&options)).await.map(drop),
            None => Notice::new(&title, &to_js(&options)).map(|notice| {
                let shell = Rc::clone(&self.shell);
                let heard = Closure::once_into_js(move || {
                    if let Some(window) = web_sys::window() {
                        window.focus().ok();
                    }
                    shell.go_to(call);
                });
                let _ = Reflect::set(&notice, &"onclick".into(), &heard);
            }),
        };
        if shown.is_err() {
            // The card waits all the same.
            let message = "the browser did not show a notification";
            let fix = "register a service worker with holdpoint-sw.js, and look at the console";
            self.shell.page.error("notification_failed", message, fix);
        }
    }

    /// Takes the notification of a call away that needs nobody any more.
    pub(super) async fn withdraw(&self, call: CallId) {
        if self.shell.shown.notified.get_untracked() != Some(true) {
            return;
        }
        let Some(registration) = self.registration().await else { return };
        let filter = to_js(&object! { "tag": &call });
        let notices = registration.notices(&filter).await.unwrap_or_default();
        for notice in notices.unchecked_into::<Array>().iter() {
            notice.unchecked_into::<Notice>().close();
        }
    }

    fn content(&self, run: &Run, slot: &Slot, is_answered: bool) -> Option<(String, Value)> {
        let action = &slot.action;
        let url = web_sys::window()?.location().href().ok()?;
        let shown = self.shell.shown;
        let title = shown.label.get_untracked();
        let body = visible_text(action.summary.as_ref().unwrap_or(&action.title));
        let asked = object! {
            "namespace": self.shell.namespace.as_str(),
            "run": run.id(),
            "call": &action.id,
            "digest": action.digest,
            "url": url,
            "words": object! {
                "title": title.as_str(), "body": body.as_str(), "later": text::NOTICE_LATER.get(),
            },
        };
        let mut options = object! {
            "body": body,
            "tag": &action.id,
            "requireInteraction": true,
            "data": object! { "holdpoint": asked },
        };
        if let (true, Value::Object(fields)) = (is_answered, &mut options) {
            let action_of =
                |name: &str, title: Text| object! { "action": name, "title": title.get() };
            let mut actions = vec![action_of("deny", text::DENY)];
            if !action.annotations.destructive_hint {
                actions.push(action_of("approve", text::APPROVE));
            }
            actions.truncate(actions_max());
            put(fields, "actions", Value::Array(actions));
        }
        Some((title, options))
    }

    /// The page's worker, if it answers notifications.
    pub(super) async fn registration(&self) -> Option<Registration> {
        let window = web_sys::window()?;
        let container = Reflect::get(&window.navigator(), &"serviceWorker".into()).ok()?;
        if container.is_undefined() {
            return None;
        }
        let container: Container = container.unchecked_into();
        let found = container.registration().await.ok().filter(|found| !found.is_undefined())?;
        let registration: Registration = found.unchecked_into();
        if !self.is_answered.get() {
            self.is_answered.set(self.asks(&registration.active()?).await);
        }
        self.is_answered.get().then_some(registration)
    }

    /// Asks a worker whether it has the part that answers.
    async fn asks(&self, worker: &Worker) -> bool {
        let Ok(channel) = MessageChannel::new() else { return false };
        let answered = Promise::new(&mut |resolve: Function, _| {
            channel.port1().set_onmessage(Some(&resolve));
        });
        if worker.post("holdpoint?", &Array::of1(&channel.port2())).is_err() {
            return false;
        }
        let patience = self.shell.runtime.sleep(ANSWER_MS);
        matches!(select(JsFuture::from(answered), patience).await, Either::Left((Ok(_), _)))
    }

    /// That the person wants them.
    fn mark(&self) -> LocalMark {
        LocalMark::new(["holdpoint:", &self.shell.namespace, ":notify"].concat())
    }
}

fn has_notices() -> bool {
    Reflect::has(&js_sys::global(), &"Notification".into()).unwrap_or(false)
}

fn actions_max() -> usize {
    let class = Reflect::get(&js_sys::global(), &"Notification".into()).unwrap_or_default();
    let max = Reflect::get(&class, &"maxActions".into()).unwrap_or_default();
    max.as_f64().unwrap_or_default() as usize
}

/// A worker that sleeps is woken for this, on a machine that may be busy.
const ANSWER_MS: u64 = 10_000;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = Notification)]
    type Notice;

    #[wasm_bindgen(catch, constructor, js_class = "Notification")]
    fn new(title: &str, options: &JsValue) -> Result<Notice, JsValue>;

    #[wasm_bindgen(catch, static_method_of = Notice, js_class = "Notification", js_name = requestPermission)]
    async fn request_permission() -> Result<JsValue, JsValue>;

    #[wasm_bindgen(static_method_of = Notice, js_class = "Notification", getter)]
    fn permission() -> String;

    #[wasm_bindgen(method)]
    fn close(this: &Notice);

    type Container;

    #[wasm_bindgen(catch, method, js_name = getRegistration)]
    async fn registration(this: &Container) -> Result<JsValue, JsValue>;

    pub(super) type Registration;

    #[wasm_bindgen(method, getter)]
    fn active(this: &Registration) -> Option<Worker>;

    #[wasm_bindgen(catch, method, js_name = showNotification)]
    async fn show(this: &Registration, title: &str, options: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, method, js_name = getNotifications)]
    async fn notices(this: &Registration, filter: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = ServiceWorker)]
    type Worker;

    #[wasm_bindgen(catch, method, js_name = postMessage)]
    fn post(this: &Worker, message: &str, transfer: &Array) -> Result<(), JsValue>;
}
