//! What a person or a page asks for beside the conversation, and what comes with the first such
//! question: the inbox with the audit, and runs as files.

use std::rc::Rc;

use holdpoint_core::id::RunId;
use serde_json::Value;
use wasm_bindgen::JsValue;
use web_sys::Blob;

use super::records::{self, Exported};
use super::worker::{self, Address, AtWorker, Widget};
use crate::driver::ports::{JournalStore, Task};
use crate::later::later;
use crate::view::state::InboxView;

type Store = Rc<dyn JournalStore>;

/// All of it.
pub(super) trait Beside {
    /// The view of the inbox.
    fn inbox(&self) -> InboxView;

    /// See [`records::export_run`].
    fn export_run(
        &self,
        store: Store,
        run: RunId,
        passphrase: Option<String>,
    ) -> Task<Result<Exported, JsValue>>;

    /// See [`records::import_run`].
    fn import_run(
        &self,
        store: Store,
        file: Blob,
        passphrase: Option<String>,
    ) -> Task<Result<RunId, JsValue>>;

    /// See [`records::export_audit`].
    fn export_audit(&self, store: Store, options: Value) -> Task<Result<Blob, JsValue>>;

    /// See [`worker::begin`].
    fn worker(&self, widget: Widget, address: Address) -> Rc<dyn AtWorker>;
}

later! {
    /// # Errors
    /// Where this part of the widget cannot be fetched.
    beside: fn load() -> Rc<dyn Beside> {
        Rc::new(All)
    }
}

struct All;

impl Beside for All {
    fn inbox(&self) -> InboxView {
        crate::view::inbox_view()
    }

    fn export_run(
        &self,
        store: Store,
        run: RunId,
        passphrase: Option<String>,
    ) -> Task<Result<Exported, JsValue>> {
        Box::pin(async move { records::export_run(&*store, &run, passphrase.as_deref()).await })
    }

    fn import_run(
        &self,
        store: Store,
        file: Blob,
        passphrase: Option<String>,
    ) -> Task<Result<RunId, JsValue>> {
        Box::pin(async move { records::import_run(&*store, &file, passphrase.as_deref()).await })
    }

    fn export_audit(&self, store: Store, options: Value) -> Task<Result<Blob, JsValue>> {
        Box::pin(async move { records::export_audit(&*store, &options).await })
    }

    fn worker(&self, widget: Widget, address: Address) -> Rc<dyn AtWorker> {
        worker::begin(widget, address)
    }
}
