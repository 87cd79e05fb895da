//! Which store a page gets, and how sure it is of it.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::Reflect;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Storage;

use super::{IndexedDbStore, Mark, Marked, MemoryStore};
use crate::driver::ports::{JournalStore, StoreError, in_time};
use crate::runtime::BrowserRuntime;

/// The store of a namespace, and what is wrong with it.
///
/// Where the page may not store anything, runs live in memory and end with the page. After any
/// other error the store is the browser's all the same: its journals are still there, and each
/// call tries to reach them again.
pub async fn open(namespace: &str) -> (Rc<dyn JournalStore>, Option<StoreError>) {
    let store = Rc::new(IndexedDbStore::new(namespace));
    let opened = Rc::clone(&store);
    let reached = Box::pin(async move { opened.reach().await });
    let error = match in_time(&BrowserRuntime, reached).await {
        Ok(()) => None,
        Err(refused @ StoreError::Refused(_)) => {
            return (Rc::new(MemoryStore::default()), Some(refused));
        }
        Err(error) => Some(error),
    };
    let mark = LocalMark::new(["holdpoint:", namespace].concat());
    (Rc::new(Marked::new(store, Rc::new(mark))), error)
}

/// A mark in the site's local storage, which a browser keeps and deletes apart from its databases;
/// only where it deletes all of a site's data does the mark go with them.
pub struct LocalMark {
    name: String,
}

impl LocalMark {
    /// The mark of a name.
    pub fn new(name: String) -> Self {
        Self { name }
    }
}

/// What the site keeps beside its databases, where it may keep anything.
pub(super) fn local_storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}

impl Mark for LocalMark {
    fn is_set(&self) -> bool {
        let mark = local_storage().and_then(|storage| storage.get_item(&self.name).ok());
        mark.flatten().is_some()
    }

    fn set(&self, is_set: bool) {
        let Some(storage) = local_storage() else { return };
        let done = match is_set {
            true => storage.set_item(&self.name, "1"),
            false => storage.remove_item(&self.name),
        };
        // A mark that cannot be set says nothing later, which is all that it could do.
        done.ok();
    }
}

/// Asks the browser, once, not to evict what this site stores. Some browsers ask the person, so
/// this is for when there is something worth keeping. The answer may never come, and changes nothing
/// for us.
pub fn persist() {
    thread_local!(static ASKED: Cell<bool> = const { Cell::new(false) });
    if ASKED.replace(true) {
        return;
    }
    if let Some(Ok(asked)) = web_sys::window().map(|window| window.navigator().storage().persist())
    {
        spawn_local(async move { drop(JsFuture::from(asked).await) });
    }
}

/// Whether the browser deletes what a site has stored after some days without a visit. WebKit does,
/// unless the person has installed the page or the browser has promised to keep its storage.
pub async fn is_short_lived() -> bool {
    let Some(window) = web_sys::window() else { return false };
    let navigator = window.navigator();
    let vendor = Reflect::get(&navigator, &"vendor".into()).unwrap_or_default().as_string();
    // WebKit's own and no other engine names its maker so; there is no better sign.
    if !vendor.is_some_and(|vendor| vendor.starts_with("Apple")) {
        return false;
    }
    let standalone = Reflect::get(&navigator, &"standalone".into()).unwrap_or_default();
    let installed = window.match_media("(display-mode: standalone)").ok().flatten();
    if standalone.is_truthy() || installed.is_some_and(|query| query.matches()) {
        return false;
    }
    let Ok(asked) = navigator.storage().persisted() else { return true };
    !JsFuture::from(asked).await.is_ok_and(|persisted| persisted.is_truthy())
}
