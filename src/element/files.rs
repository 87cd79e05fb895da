//! Runs as files, for the page and for the forms in the inbox.

use std::rc::Rc;

use holdpoint_core::approval::Approver;
use holdpoint_core::id::RunId;
use holdpoint_core::object;
use js_sys::Reflect;
use serde_json::Value;
use wasm_bindgen::prelude::*;

use super::beside::{Beside, load};
use super::records;
use super::shell::not_loaded;
use super::work::{Works, done};
use crate::driver::ports::Observer;
use crate::language::fault;
use crate::later::NotLoaded;
use crate::text::{self, Text};
use crate::view::sentence_case;

impl Works {
    /// A run as a file: `{passphrase?, move?}`. One that is moved is stopped here; `by` says how.
    pub(super) async fn export_run(
        &self,
        run: &RunId,
        options: &Value,
        by: Approver,
    ) -> Result<web_sys::Blob, JsValue> {
        let beside = self.beside().await?;
        let exported =
            beside.export_run(Rc::clone(&self.store), run.clone(), passphrase(options)).await?;
        if options.get("move").is_none_or(|moves| *moves != true) {
            return Ok(exported.file);
        }
        let busy = || {
            let message = "the run is doing something, so it cannot be moved now";
            records::failure("run_busy", message, "wait until it waits for you, then try again")
        };
        let state = self.driver.run(run).ok_or_else(busy)?;
        if state.status().is_over() {
            return Ok(exported.file);
        }
        if !state.status().needs_person()
            || state.has_started_calls()
            || state.head().len != exported.entries
        {
            return Err(busy());
        }
        done(self.driver.cancel(run, by).await)?;
        // Nothing may have come between the file and the stop.
        let stopped = self.driver.run(run).map(|state| state.head().len);
        if stopped == Some(exported.entries + 1) { Ok(exported.file) } else { Err(busy()) }
    }

    /// Takes a run's file in; its id.
    pub(super) async fn import_run(
        &self,
        file: &web_sys::Blob,
        options: &Value,
    ) -> Result<JsValue, JsValue> {
        let beside = self.beside().await?;
        let store = Rc::clone(&self.store);
        let run = beside.import_run(store, file.clone(), passphrase(options)).await?;
        self.driver.refresh(&run).await;
        self.app.tell_others(&run);
        Ok(run.as_str().into())
    }

    /// The record of all runs as a file.
    pub(super) async fn export_audit(&self, options: Value) -> Result<web_sys::Blob, JsValue> {
        self.beside().await?.export_audit(Rc::clone(&self.store), options).await
    }

    /// Saves a run as it is stored.
    pub(super) async fn save_run(&self, run: &RunId) {
        match self.export_run(run, &Value::Null, self.by("card", true)).await {
            Ok(file) => {
                records::download(&file, &["holdpoint-run-", run.as_str(), ".json"].concat());
            }
            Err(error) => self.tell_thrown(&error),
        }
    }

    /// Saves the facts that are meant.
    pub(super) async fn save_audit(&self, format: &str, filter: Value) {
        let options = object! { "format": format, "filter": filter };
        match self.export_audit(options).await {
            Ok(file) => records::download(&file, &["holdpoint-audit.", format].concat()),
            Err(error) => self.tell_thrown(&error),
        }
    }

    /// Gets the inbox; where it cannot be had that is said.
    pub(super) async fn load_inbox(&self) {
        let shown = self.shell.shown;
        match load().await {
            Ok(beside) => shown.inbox_view.set(Some(beside.inbox())),
            Err(NotLoaded) => {
                shown.inbox.set(false);
                self.shell.page.error(NotLoaded::CODE, NotLoaded::MESSAGE, NotLoaded::FIX);
                shown.say_fault(NotLoaded::CODE, NotLoaded::MESSAGE, NotLoaded::FIX);
            }
        }
    }

    /// Says what did not work.
    fn tell_thrown(&self, error: &JsValue) {
        let [code, message, fix] = ["code", "message", "fix"].map(|name| text_of(error, name));
        self.shell.page.error(&code, &message, &fix);
        self.shell.shown.say_fault(&code, &message, &fix);
    }

    async fn beside(&self) -> Result<Rc<dyn Beside>, JsValue> {
        load().await.map_err(|NotLoaded| not_loaded())
    }

    /// Saves a run by a form.
    pub(super) async fn seal(&self, run: RunId, passphrase: String, moves: bool) {
        let options = object! { "passphrase": passphrase, "move": moves };
        self.fill_in(async {
            let file = self.export_run(&run, &options, self.by("moved", true)).await?;
            let name = ["holdpoint-run-", run.as_str(), ".sealed.json"].concat();
            records::download(&file, &name);
            Ok(text::FILE_SAVED)
        })
        .await;
    }

    /// Takes a run in by a form.
    pub(super) async fn unseal(&self, file: web_sys::Blob, passphrase: String) {
        let options = match passphrase.is_empty() {
            true => Value::Null,
            false => object! { "passphrase": passphrase },
        };
        self.fill_in(async {
            self.import_run(&file, &options).await?;
            Ok(text::FILE_OPENED)
        })
        .await;
    }

    /// Does what a form is for; where it does not work, the form says why and stays.
    async fn fill_in(&self, work: impl Future<Output = Result<Text, JsValue>>) {
        let form = self.shell.shown.form;
        form.update(|form| {
            if let Some(form) = form {
                (form.busy, form.fault) = (true, None);
            }
        });
        match work.await {
            Ok(words) => {
                form.set(None);
                self.app.say(self.shell.shown.speaking(|| words.get()));
            }
            Err(error) => form.update(|form| {
                if let Some(form) = form {
                    let words = self.shell.shown.speaking(|| sentences(&error));
                    (form.busy, form.fault) = (false, Some(words));
                }
            }),
        }
    }
}

fn passphrase(options: &Value) -> Option<String> {
    options.get("passphrase").and_then(Value::as_str).map(str::to_owned)
}

/// What happened, in the current language.
fn sentences(error: &JsValue) -> String {
    let (happened, _) = fault(&text_of(error, "code"), &text_of(error, "message"));
    sentence_case(&happened)
}

fn text_of(error: &JsValue, name: &str) -> String {
    Reflect::get(error, &name.into()).unwrap_or_default().as_string().unwrap_or_default()
}
