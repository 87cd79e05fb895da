//! Runs as files, for the page and for the forms in the inbox.

use holdpoint_core::id::RunId;
use holdpoint_core::object;
use js_sys::Reflect;
use serde_json::Value;
use wasm_bindgen::prelude::*;

use super::records;
use super::work::{Works, done};
use crate::driver::ports::Observer;
use crate::language::fault;
use crate::text::{self, Text};
use crate::view::sentence_case;

impl Works {
    /// A run as a file: `{passphrase?, move?}`. One that is moved is stopped here.
    pub(super) async fn export_run(
        &self,
        run: &RunId,
        options: &Value,
    ) -> Result<web_sys::Blob, JsValue> {
        let passphrase = options.get("passphrase").and_then(Value::as_str);
        let exported = records::export_run(&*self.store, run, passphrase).await?;
        let state = self.driver.run(run).filter(|state| !state.status().is_over());
        let moves = options.get("move").is_some_and(|moves| *moves == true);
        let (true, Some(state)) = (moves, state) else { return Ok(exported.file) };
        let busy = || {
            let message = "the run is doing something, so it cannot be moved now";
            records::failure("run_busy", message, "wait until it waits for you, then try again")
        };
        if !state.status().needs_person()
            || state.has_started_calls()
            || state.head().len != exported.entries
        {
            return Err(busy());
        }
        done(self.driver.cancel(run, self.by("moved", true)).await)?;
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
        let passphrase = options.get("passphrase").and_then(Value::as_str);
        let run = records::import_run(&*self.store, file, passphrase).await?;
        self.driver.refresh(&run).await;
        self.app.tell_others(&run);
        Ok(run.as_str().into())
    }

    /// Saves a run by a form.
    pub(super) async fn seal(&self, run: RunId, passphrase: String, moves: bool) {
        let options = object! { "passphrase": passphrase, "move": moves };
        self.fill_in(async {
            let file = self.export_run(&run, &options).await?;
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

/// What happened, in the current language.
fn sentences(error: &JsValue) -> String {
    let text = |name: &str| {
        Reflect::get(error, &name.into()).unwrap_or_default().as_string().unwrap_or_default()
    };
    let (happened, _) = fault(&text("code"), &text("message"));
    sentence_case(&happened)
}
