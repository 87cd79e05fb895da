//! Which store a page gets, and how sure it is of it.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen_futures::JsFuture;

use super::{IndexedDbStore, MemoryStore};
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
    match in_time(&BrowserRuntime, reached).await {
        Ok(()) => (store, None),
        Err(refused @ StoreError::Refused(_)) => (Rc::new(MemoryStore::default()), Some(refused)),
        Err(error) => (store, Some(error)),
    }
}

/// Asks the browser, once, not to evict what this site stores. Some browsers ask the person, so
/// this is for when there is something worth keeping. The answer changes nothing for us.
pub async fn persist() {
    thread_local!(static ASKED: Cell<bool> = const { Cell::new(false) });
    if ASKED.replace(true) {
        return;
    }
    if let Some(Ok(asked)) = web_sys::window().map(|window| window.navigator().storage().persist())
    {
        JsFuture::from(asked).await.ok();
    }
}
