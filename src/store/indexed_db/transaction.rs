//! One transaction, thin: what follows an answer is done in its callback, since a transaction ends
//! by itself as soon as nothing is asked of it.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Array, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbObjectStore, IdbRequest, IdbTransaction};

use super::fault::Fault;

/// When a write counts as done.
#[derive(Clone, Copy)]
pub(super) enum Durability {
    /// The operating system has it.
    Relaxed,
    /// The disk has it.
    Strict,
}

#[wasm_bindgen]
extern "C" {
    // The same method with options, which web-sys has as unstable only.
    #[wasm_bindgen(extends = IdbDatabase)]
    type Transactor;

    #[wasm_bindgen(method, catch)]
    fn transaction(
        this: &Transactor,
        stores: &JsValue,
        mode: &str,
        options: &JsValue,
    ) -> Result<IdbTransaction, JsValue>;

    // A method of the standard that web-sys calls deprecated.
    #[wasm_bindgen(extends = IdbTransaction)]
    type Committer;

    #[wasm_bindgen(method, catch)]
    fn commit(this: &Committer) -> Result<(), JsValue>;
}

/// What a transaction was asked for, in the order in which it was asked.
pub(super) type Answers = Vec<JsValue>;

/// A transaction under way.
pub(super) struct Transaction {
    transaction: IdbTransaction,
    asked: Vec<IdbRequest>,
    /// Why we ended it ourselves.
    fault: Rc<Cell<Option<Fault>>>,
}

impl Transaction {
    /// Begins one that reads.
    pub(super) fn read(database: &IdbDatabase, stores: &[&str]) -> Result<Self, Fault> {
        Self::begin(database, stores, "readonly", Durability::Relaxed)
    }

    /// Begins one that writes.
    pub(super) fn write(
        database: &IdbDatabase,
        stores: &[&str],
        durability: Durability,
    ) -> Result<Self, Fault> {
        Self::begin(database, stores, "readwrite", durability)
    }

    fn begin(
        database: &IdbDatabase,
        stores: &[&str],
        mode: &str,
        durability: Durability,
    ) -> Result<Self, Fault> {
        let stores: Array = stores.iter().map(|store| JsValue::from(*store)).collect();
        let durability = match durability {
            Durability::Relaxed => "relaxed",
            Durability::Strict => "strict",
        };
        let options = Object::new();
        Reflect::set(&options, &"durability".into(), &durability.into())?;
        let transaction =
            database.unchecked_ref::<Transactor>().transaction(&stores, mode, &options)?;
        Ok(Self { transaction, asked: Vec::new(), fault: Rc::default() })
    }

    /// One of its stores.
    pub(super) fn store(&self, name: &str) -> Result<IdbObjectStore, Fault> {
        Ok(self.transaction.object_store(name)?)
    }

    /// Wants the answer to a request once all is done.
    pub(super) fn ask(&mut self, request: IdbRequest) {
        self.asked.push(request);
    }

    /// What to do last, in the very callback that answers a request. If it fails, nothing of the
    /// transaction is done.
    pub(super) fn then(&self, request: &IdbRequest, next: Box<dyn FnOnce() -> Result<(), Fault>>) {
        let transaction = self.transaction.clone();
        let fault = Rc::clone(&self.fault);
        let callback = Closure::once_into_js(move || {
            // Both can fail only because the transaction is over, which `complete` hears of.
            if let Err(why) = next() {
                fault.set(Some(why));
                transaction.abort().ok();
            } else {
                // It would commit by itself, one answer later: too late for a page that is closing.
                transaction.unchecked_ref::<Committer>().commit().ok();
            }
        });
        request.set_onsuccess(Some(callback.unchecked_ref()));
    }

    /// Waits until all of it is done, or nothing.
    pub(super) async fn complete(self) -> Result<Answers, Fault> {
        let ended = Promise::new(&mut |resolve, reject| {
            self.transaction.set_oncomplete(Some(&resolve));
            self.transaction.set_onabort(Some(&reject));
        });
        if JsFuture::from(ended).await.is_ok() {
            let mut answers = Answers::new();
            for request in &self.asked {
                answers.push(request.result()?);
            }
            return Ok(answers);
        }
        Err(self.fault.take().unwrap_or_else(|| match self.transaction.error() {
            Some(error) => JsValue::from(error).into(),
            None => Fault::Lost("the connection was closed".to_owned()),
        }))
    }
}
