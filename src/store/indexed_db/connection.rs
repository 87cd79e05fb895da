//! The connection to the database: opened when it is needed, let go when another tab or the
//! browser wants it gone, and opened again.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Event, IdbCursorWithValue, IdbDatabase, IdbFactory, IdbObjectStore, IdbObjectStoreParameters,
    IdbOpenDbRequest, IdbVersionChangeEvent,
};

use super::fault::Fault;
use super::row::STALE;
use super::transaction::{Answers, Transaction};
use crate::driver::ports::StoreError;

/// Rows of runs, by run.
pub(super) const RUNS: &str = "runs";
/// Entries' texts, by run and sequence number.
pub(super) const ENTRIES: &str = "entries";
/// Runs that are not over.
pub(super) const BY_OPEN: &str = "by_open";
/// Runs by conversation.
pub(super) const BY_THREAD: &str = "by_thread";
/// Runs by the time of their last entry.
pub(super) const BY_UPDATED: &str = "by_updated";

/// Runs whose calls are not in the list yet.
pub(super) const BY_STALE: &str = "by_stale";
/// Rows of calls, by run and call.
pub(super) const CALLS: &str = "calls";
/// Calls in the order in which they are listed.
pub(super) const BY_GROUP: &str = "by_group";
/// Decisions that were made where no run can be carried on, by run and call.
pub(super) const DECISIONS: &str = "decisions";

/// The version of the database that this code reads and writes.
const VERSION: u32 = 2;

/// What begins a transaction, as often as it takes.
pub(super) type Work = Box<dyn Fn(&IdbDatabase) -> Result<Transaction, Fault>>;

/// A connection that comes back.
pub(super) struct Connection {
    name: String,
    database: RefCell<Option<IdbDatabase>>,
    /// Heard when the connection must go, or is gone.
    on_loss: Closure<dyn FnMut()>,
}

impl Connection {
    /// A connection that is not open yet.
    pub(super) fn new(name: String) -> Rc<Self> {
        let connection = Rc::new_cyclic(|this: &Weak<Self>| {
            let this = this.clone();
            let on_loss = Closure::new(move || {
                if let Some(connection) = this.upgrade() {
                    connection.close();
                }
            });
            Self { name, database: RefCell::default(), on_loss }
        });
        // A page with an open connection may lose its place in the back-forward cache.
        if let Some(window) = web_sys::window() {
            window.add_event_listener_with_callback("pagehide", connection.on_loss()).ok();
        }
        connection
    }

    /// Works with the database, and once more if the connection turns out to be lost. So `work`
    /// must bear being repeated after it was done.
    pub(super) async fn attempt(self: Rc<Self>, work: Work) -> Result<Answers, StoreError> {
        let mut is_second = false;
        loop {
            match self.once(&work).await {
                Err(Fault::Lost(_)) if !is_second => self.close(),
                done => return Ok(done?),
            }
            is_second = true;
        }
    }

    async fn once(self: &Rc<Self>, work: &Work) -> Result<Answers, Fault> {
        work(&self.open().await?)?.complete().await
    }

    async fn open(self: &Rc<Self>) -> Result<IdbDatabase, Fault> {
        if let Some(database) = &*self.database.borrow() {
            return Ok(database.clone());
        }
        let request = factory()?.open_with_u32(&self.name, VERSION)?;
        let opened = Promise::new(&mut |resolve, reject| {
            request.set_onupgradeneeded(Some(create_on(&request).unchecked_ref()));
            request.set_onsuccess(Some(self.adopt_from(&request, resolve).unchecked_ref()));
            request.set_onblocked(Some(&reject));
            request.set_onerror(Some(&reject));
        });
        match JsFuture::from(opened).await {
            Ok(database) => Ok(database.unchecked_into()),
            Err(event) if event.unchecked_ref::<Event>().type_() == "blocked" => {
                Err(StoreError::Blocked.into())
            }
            Err(_) => Err(match request.error()? {
                Some(error) => JsValue::from(error).into(),
                None => Fault::Lost("the database did not open".to_owned()),
            }),
        }
    }

    /// What takes the database in as soon as it is open, whether or not anyone still waits for it:
    /// one that nobody has would stand in the way of every later version.
    fn adopt_from(self: &Rc<Self>, request: &IdbOpenDbRequest, resolve: Function) -> JsValue {
        let connection = Rc::downgrade(self);
        let request = request.clone();
        Closure::once_into_js(move || -> Result<(), JsValue> {
            let database: IdbDatabase = request.result()?.unchecked_into();
            let adopted = match connection.upgrade() {
                Some(connection) => connection.adopt(database),
                None => {
                    database.close();
                    return Ok(());
                }
            };
            resolve.call1(&JsValue::UNDEFINED, &adopted).map(drop)
        })
    }

    /// Makes this the connection, unless two calls opened one each and the other was first.
    fn adopt(&self, database: IdbDatabase) -> IdbDatabase {
        let mut slot = self.database.borrow_mut();
        if let Some(first) = &*slot {
            database.close();
            return first.clone();
        }
        database.set_onversionchange(Some(self.on_loss()));
        database.set_onclose(Some(self.on_loss()));
        *slot = Some(database.clone());
        database
    }

    /// Lets go of the database once what is under way is done.
    fn close(&self) {
        if let Some(database) = self.database.take() {
            database.set_onversionchange(None);
            database.set_onclose(None);
            database.close();
        }
    }

    fn on_loss(&self) -> &Function {
        self.on_loss.as_ref().unchecked_ref()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
        if let Some(window) = web_sys::window() {
            window.remove_event_listener_with_callback("pagehide", self.on_loss()).ok();
        }
    }
}

/// IndexedDB of whatever this runs in.
fn factory() -> Result<IdbFactory, Fault> {
    // In a frame without an origin of its own, or where the person forbids it, the property is
    // missing or throws.
    Reflect::get(&js_sys::global(), &"indexedDB".into())?
        .dyn_into()
        .map_err(|_| StoreError::Refused("there is no IndexedDB in this page".to_owned()).into())
}

/// What makes the stores in a new database, and those that an older one lacks.
fn create_on(request: &IdbOpenDbRequest) -> JsValue {
    let request = request.clone();
    Closure::once_into_js(move |event: IdbVersionChangeEvent| -> Result<(), JsValue> {
        let database: IdbDatabase = request.result()?.unchecked_into();
        let keyed = |store: &str, key: &JsValue| {
            let by = IdbObjectStoreParameters::new();
            by.set_key_path(key);
            database.create_object_store_with_optional_parameters(store, &by)
        };
        let is_new = event.old_version() < 1.0;
        let runs = if is_new {
            let runs = keyed(RUNS, &"run".into())?;
            for (index, field) in
                [(BY_OPEN, "open"), (BY_THREAD, "thread"), (BY_UPDATED, "updated")]
            {
                runs.create_index_with_str(index, field)?;
            }
            database.create_object_store(ENTRIES)?;
            runs
        } else {
            let upgrade = request.transaction().ok_or(JsValue::UNDEFINED)?;
            upgrade.object_store(RUNS)?
        };
        // Version 2 has the list of calls.
        runs.create_index_with_str(BY_STALE, STALE)?;
        let by_call = Array::of2(&"run".into(), &"call".into());
        let order = Array::of3(&"group".into(), &"order".into(), &"call".into());
        keyed(CALLS, &by_call)?.create_index_with_str_sequence(BY_GROUP, &order)?;
        keyed(DECISIONS, &by_call)?;
        if !is_new {
            mark_stale(&runs)?;
        }
        Ok(())
    })
}

/// Marks every run that is there: its calls are to be put into the list.
fn mark_stale(runs: &IdbObjectStore) -> Result<(), JsValue> {
    let cursor = runs.open_cursor()?;
    let request = cursor.clone();
    let visit = Closure::<dyn FnMut() -> Result<(), JsValue>>::new(move || {
        // There is no cursor any more after the last row.
        let Ok(cursor) = request.result()?.dyn_into::<IdbCursorWithValue>() else { return Ok(()) };
        let row = cursor.value()?;
        Reflect::set(&row, &STALE.into(), &1.into())?;
        cursor.update(&row)?;
        cursor.continue_()
    });
    cursor.set_onsuccess(Some(visit.into_js_value().unchecked_ref()));
    Ok(())
}
