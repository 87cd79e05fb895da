//! Records of runs as files: out for whoever wants to look or keep, in for another browser.

use holdpoint_core::id::RunId;
use holdpoint_core::journal::{Entry, Head};
use holdpoint_core::json::{canonical, read};
use holdpoint_core::object;
use holdpoint_core::run::replay;
use js_sys::Array;
use serde_json::Value;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::page::{error_value, to_js};
use crate::driver::ports::{Append, CallRow, JournalStore, RunRow, StoreError};

const FORMAT: &str = "holdpoint-run";

/// A run's row and entries, as they are stored: what cannot be read is exported as text.
pub(super) async fn export_run(
    store: &dyn JournalStore,
    run: &RunId,
) -> Result<web_sys::Blob, JsValue> {
    let Some(stored) = store.read(run, 0).await.map_err(|error| of_store(&error))? else {
        return Err(failure("unknown_run", "there is no such run", "look its id up in `runs`"));
    };
    let entries: Vec<Value> =
        stored.entries.into_iter().map(|text| read(&text).unwrap_or(Value::String(text))).collect();
    let head = &stored.row.head;
    let file = object! {
        "format": FORMAT,
        "version": 1,
        "run": run,
        "head": object! { "len": head.len, "hash": head.hash, "epoch": head.epoch },
        "entries": entries,
    };
    blob(&canonical(&file), "application/json")
}

/// Every entry of these runs, a line each.
pub(super) async fn export_audit<'a>(
    store: &dyn JournalStore,
    runs: impl Iterator<Item = &'a RunId>,
) -> Result<web_sys::Blob, JsValue> {
    let mut lines = String::new();
    for run in runs {
        let stored = store.read(run, 0).await.map_err(|error| of_store(&error))?;
        for text in stored.into_iter().flat_map(|stored| stored.entries) {
            lines.push_str(&text);
            lines.push('\n');
        }
    }
    blob(&lines, "application/jsonl")
}

/// Checks a run's record and stores it.
pub(super) async fn import_run(
    store: &dyn JournalStore,
    file: &web_sys::Blob,
) -> Result<RunId, JsValue> {
    let malformed =
        |message: &str| failure("import_malformed", message, "choose a file that exportRun made");
    let text = JsFuture::from(file.text()).await?.as_string().unwrap_or_default();
    let file = read(&text).map_err(|_| malformed("the file is not JSON"))?;
    if file.get("format").and_then(Value::as_str) != Some(FORMAT) || file["version"] != 1 {
        return Err(malformed("the file is not a run of this version"));
    }
    let run = file.get("run").and_then(Value::as_str).map(RunId::new);
    let run = run.ok_or_else(|| malformed("the file names no run"))?;
    let texts: Vec<String> = file
        .get("entries")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(canonical)
        .collect();
    let altered = |error: holdpoint_core::journal::JournalError| {
        failure(error.code(), &error.to_string(), "get the file from its source again")
    };
    let end = replay(&run, None, texts.iter().map(String::as_str)).map_err(altered)?;
    let mut head = Head::empty(&run);
    for text in texts {
        let entry = Entry::parse(&text, &run, &head).map_err(altered)?;
        let row = RunRow { head: entry.head(), ..RunRow::of(&end) };
        let calls = CallRow::all(&end);
        let append =
            Append { expected: head, row, calls, seq: entry.seq, text, strict: true, basis: None };
        store.append(append).await.map_err(|error| match error {
            StoreError::Conflict => {
                failure("run_exists", "this run is here already", "nothing; it is in `runs`")
            }
            error => of_store(&error),
        })?;
        head = entry.head();
    }
    Ok(run)
}

/// Saves a file to the person's disk.
pub(super) fn download(file: &web_sys::Blob, name: &str) {
    let Ok(url) = web_sys::Url::create_object_url_with_blob(file) else { return };
    let document = web_sys::window().and_then(|window| window.document());
    let link = document.and_then(|document| document.create_element("a").ok());
    if let Some(link) = link.and_then(|link| link.dyn_into::<web_sys::HtmlAnchorElement>().ok()) {
        link.set_href(&url);
        link.set_download(&["holdpoint-run-", name, ".json"].concat());
        link.click();
    }
    // A URL that cannot be revoked is gone with the page.
    let _ = web_sys::Url::revoke_object_url(&url);
}

fn blob(text: &str, kind: &str) -> Result<web_sys::Blob, JsValue> {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(kind);
    web_sys::Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &options)
}

fn of_store(error: &StoreError) -> JsValue {
    failure(error.code(), &error.to_string(), error.fix())
}

fn failure(code: &str, message: &str, fix: &str) -> JsValue {
    to_js(&error_value(code, message, fix))
}
