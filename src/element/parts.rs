//! What the two halves of the element ask of the widget, done: by the page's script through
//! [`super::Agent`], and by a person through the views.

use std::cell::RefCell;
use std::rc::Rc;

use holdpoint_core::approval::{Approver, Decision};
use holdpoint_core::id::{CallId, RunId, ThreadId};
use holdpoint_core::json::Digest;
use holdpoint_core::run::{Limits, Mode, Spec};
use serde_json::json;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::Event;

use super::app::App;
use super::settings::Settings;
use super::{done, records};
use crate::driver::ports::{JournalStore, Runtime, Trouble};
use crate::driver::{DriveError, Driver};
use crate::model::Models;
use crate::runtime::BrowserRuntime;
use crate::tools::PageTools;
use crate::view::state::Intent;

/// All that a widget is made of.
pub(super) struct Parts {
    pub(super) app: Rc<App>,
    pub(super) driver: Driver,
    pub(super) store: Rc<dyn JournalStore>,
    pub(super) tools: Rc<PageTools>,
    pub(super) models: Rc<Models>,
    pub(super) runtime: Rc<BrowserRuntime>,
    pub(super) settings: RefCell<Settings>,
    pub(super) thread: RefCell<ThreadId>,
}

impl Parts {
    pub(super) async fn begin(&self) {
        let opened = self.driver.open().await;
        self.app.shown.loaded.set(true);
        match opened {
            Ok(()) => {
                // The conversation goes on where it was left.
                if let Some(last) = self.driver.runs().last() {
                    self.thread.replace(last.spec().thread.clone());
                }
            }
            Err(error) => {
                self.app.page().error(error.code(), &error.to_string(), error.fix());
                self.app.shown.trouble.set(Some(Trouble::of_store(&error)));
            }
        }
        self.app.refresh();
    }

    pub(super) async fn start(
        &self,
        text: String,
        mode: Option<Mode>,
        instructions: Option<String>,
    ) -> Result<String, DriveError> {
        let spec = {
            let settings = self.settings.borrow();
            Spec {
                run: RunId::new(self.runtime.unique()),
                thread: self.thread.borrow().clone(),
                mode: mode.unwrap_or(settings.mode),
                model: settings.model.clone(),
                instructions: instructions.unwrap_or_else(|| settings.instructions.clone()),
                text,
                limits: Limits::default(),
            }
        };
        self.driver.start(spec).await.map(|run| run.to_string())
    }

    pub(super) async fn decide(
        &self,
        call: &CallId,
        decision: Decision,
        digest: Digest,
    ) -> Result<JsValue, JsValue> {
        let by = self.by("script", false);
        done(self.driver.decide(call, decision, digest, by).await)
    }

    pub(super) fn digest(&self, call: &CallId) -> Option<Digest> {
        let runs = self.driver.runs();
        runs.iter().find_map(|run| run.find(call).map(|(_, slot)| slot.action.digest))
    }

    pub(super) fn by(&self, channel: &str, trusted: bool) -> Approver {
        let settings = self.settings.borrow();
        let (id, name) = settings.approver.clone();
        Approver { id, name, channel: channel.to_owned(), trusted }
    }

    /// Does what a person asked for in the views, and says where it did not work.
    pub(super) async fn intend(&self, intent: Intent) {
        let done = match intent {
            Intent::Send(text) => self.start(text, None, None).await.map(drop),
            Intent::Approve { call, digest, trusted } => {
                let decision = Decision::Approve { arguments: None, note: None };
                self.decide_on_card(call, decision, digest, trusted).await
            }
            Intent::Deny { call, digest, reason, trusted } => {
                self.decide_on_card(call, Decision::Deny { reason }, digest, trusted).await
            }
            Intent::Settle { call, settlement, trusted } => {
                self.driver.settle(&call, settlement, self.by("card", trusted)).await
            }
            Intent::Check { call } => self.driver.check(&call).await,
            Intent::Retry(run) => {
                self.driver.retry(&run).await;
                Ok(())
            }
            Intent::Stop(run) => self.driver.cancel(&run, self.by("card", true)).await,
            Intent::Export(run) => {
                if let Ok(file) = records::export_run(&*self.store, &run).await {
                    records::download(&file, run.as_str());
                }
                Ok(())
            }
            Intent::Open(open) => {
                self.app.shown.open.set(open);
                let name = if open { "holdpoint-open" } else { "holdpoint-close" };
                self.app.page().emit(name, &json!({}));
                Ok(())
            }
        };
        if let Err(error) = done {
            let words = error.to_string();
            self.app.page().error(error.code(), &words, error.fix());
            self.app.shown.toast.set(Some([&words, ". ", error.fix(), "."].concat()));
        }
    }

    async fn decide_on_card(
        &self,
        call: CallId,
        decision: Decision,
        digest: Digest,
        trusted: bool,
    ) -> Result<(), DriveError> {
        let run = self.driver.runs().into_iter().find(|run| run.find(&call).is_some());
        let saving = run.map(|run| self.app.shown_run(run.id()).saving);
        if let Some(saving) = saving {
            saving.set(Some(call.clone()));
        }
        let done = self.driver.decide(&call, decision, digest, self.by("card", trusted)).await;
        if let Some(saving) = saving {
            saving.set(None);
        }
        done
    }

    pub(super) fn watch_network(parts: &Rc<Self>) {
        let Some(window) = web_sys::window() else { return };
        parts.app.shown.online.set(window.navigator().on_line());
        // A page that comes back as it was left has missed what other tabs said meanwhile.
        let weak = Rc::downgrade(parts);
        let back = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
            let persisted = js_sys::Reflect::get(&event, &"persisted".into());
            let Some(parts) = weak.upgrade().filter(|_| persisted.is_ok_and(|p| p.is_truthy()))
            else {
                return;
            };
            spawn_local(async move {
                for run in parts.driver.runs() {
                    parts.driver.refresh(run.id()).await;
                }
            });
        });
        let _ = window.add_event_listener_with_callback("pageshow", back.as_ref().unchecked_ref());
        back.forget();
        for (event, online) in [("online", true), ("offline", false)] {
            let weak = Rc::downgrade(parts);
            let heard = Closure::<dyn FnMut()>::new(move || {
                let Some(parts) = weak.upgrade() else { return };
                parts.app.shown.online.set(online);
                if online {
                    spawn_local(async move { parts.driver.online().await });
                }
            });
            // The page lives as long as its window, and a widget is not made in a loop.
            let _ = window.add_event_listener_with_callback(event, heard.as_ref().unchecked_ref());
            heard.forget();
        }
    }
}
