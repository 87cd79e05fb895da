//! Records of runs as files: out for whoever wants to look or keep, in for another browser.

mod audit;
mod import;
mod sealed;

use holdpoint_core::id::RunId;
use holdpoint_core::json::{canonical, read};
use holdpoint_core::object;
use js_sys::Array;
use serde_json::Value;
use wasm_bindgen::prelude::*;

use super::page::{error_value, to_js};
use crate::driver::ports::{JournalStore, StoreError};

pub(super) use audit::export_audit;
pub(super) use import::{import_run, take_in};

const FORMAT: &str = "holdpoint-run";

/// A run's file, and how many entries are in it.
pub(super) struct Exported {
    pub(super) file: web_sys::Blob,
    pub(super) entries: u64,
}

/// A run's row and entries, as they are stored: what cannot be read is exported as text. With a
/// passphrase they are sealed.
pub(super) async fn export_run(
    store: &dyn JournalStore,
    run: &RunId,
    passphrase: Option<&str>,
) -> Result<Exported, JsValue> {
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
    let mut text = canonical(&file);
    if let Some(passphrase) = passphrase {
        text = sealed::seal(&text, passphrase).await?;
    }
    Ok(Exported { file: blob(&text, "application/json")?, entries: head.len })
}

/// Saves a file to the person's disk.
pub(super) fn download(file: &web_sys::Blob, name: &str) {
    let Ok(url) = web_sys::Url::create_object_url_with_blob(file) else { return };
    let document = web_sys::window().and_then(|window| window.document());
    let link = document.and_then(|document| document.create_element("a").ok());
    if let Some(link) = link.and_then(|link| link.dyn_into::<web_sys::HtmlAnchorElement>().ok()) {
        link.set_href(&url);
        link.set_download(name);
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

/// An error as the page and the views get it.
pub(super) fn failure(code: &str, message: &str, fix: &str) -> JsValue {
    to_js(&error_value(code, message, fix))
}
