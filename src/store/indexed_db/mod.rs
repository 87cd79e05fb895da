//! Journals in IndexedDB.
//!
//! Database `holdpoint:{namespace}`, version 1. `runs` has a row for each run, see `row`;
//! `entries` has each entry's text under `[run, seq]`.

mod connection;
mod fault;
mod row;
mod transaction;

use std::cell::RefCell;
use std::rc::Rc;

use holdpoint_core::id::{RunId, ThreadId};
use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::{
    Event, IdbCursorDirection, IdbCursorWithValue, IdbDatabase, IdbKeyRange, IdbRequest,
};

use super::{Admission, admit, sort_by_age};
use crate::driver::ports::{Append, JournalStore, RunRow, StoreError, StoredRun, Task};
use crate::runtime::unique;
use connection::{BY_OPEN, BY_THREAD, BY_UPDATED, Connection, ENTRIES, RUNS};
use fault::Fault;
use transaction::{Durability, Transaction};

pub use fault::meaning;

/// Journals in the browser's database, shared by all tabs of the site.
pub struct IndexedDbStore {
    connection: Rc<Connection>,
    /// Which store this is, in the rows that it writes.
    writer: Rc<str>,
}

impl IndexedDbStore {
    /// The store of a namespace. The database is opened by the first call, and again by the next
    /// one after its connection was lost.
    pub fn new(namespace: &str) -> Self {
        Self {
            connection: Connection::new(format!("holdpoint:{namespace}")),
            writer: unique().into(),
        }
    }

    /// Opens the database.
    ///
    /// # Errors
    /// - [`StoreError::Refused`] where the page may not store anything
    /// - [`StoreError::TooNew`] if a newer version of the page was here
    /// - [`StoreError::Failed`] if the browser cannot read its own files
    pub async fn reach(&self) -> Result<(), StoreError> {
        self.connection.attempt(async |_| Ok(())).await
    }

    /// A call that is repeated over a new connection if the old one turns out to be lost.
    fn call<T: 'static, W>(&self, work: W) -> Task<Result<T, StoreError>>
    where
        W: AsyncFn(&IdbDatabase) -> Result<T, Fault> + 'static,
    {
        let connection = Rc::clone(&self.connection);
        Box::pin(async move { connection.attempt(work).await })
    }
}

impl JournalStore for IndexedDbStore {
    fn list(&self, newest: usize) -> Task<Result<Vec<RunRow>, StoreError>> {
        self.call(async move |database| list(database, newest).await)
    }

    fn read(&self, run: &RunId, from: u64) -> Task<Result<Option<StoredRun>, StoreError>> {
        let run = run.clone();
        self.call(async move |database| read(database, &run, from).await)
    }

    fn append(&self, append: Append) -> Task<Result<(), StoreError>> {
        let append = Rc::new(append);
        let writer = Rc::clone(&self.writer);
        self.call(async move |database| write(database, &append, &writer).await)
    }

    fn clear(&self, thread: Option<&ThreadId>) -> Task<Result<(), StoreError>> {
        let thread = thread.cloned();
        self.call(async move |database| clear(database, thread.as_ref()).await)
    }
}

async fn list(database: &IdbDatabase, newest: usize) -> Result<Vec<RunRow>, Fault> {
    let transaction = Transaction::read(database, &[RUNS])?;
    let runs = transaction.store(RUNS)?;
    let open = runs.index(BY_OPEN)?.get_all()?;
    let over = Rc::new(RefCell::new(Vec::new()));
    if newest > 0 {
        let cursor = runs
            .index(BY_UPDATED)?
            .open_cursor_with_range_and_direction(&JsValue::NULL, IdbCursorDirection::Prev)?;
        let over = Rc::clone(&over);
        let visit = Closure::<dyn FnMut(Event) -> Result<(), JsValue>>::new(move |event: Event| {
            visit(&event, &mut over.borrow_mut(), newest)
        });
        cursor.set_onsuccess(Some(visit.into_js_value().unchecked_ref()));
    }
    transaction.complete().await?;
    let mut rows: Vec<RunRow> =
        open.result()?.unchecked_into::<Array>().iter().map(|row| row::read(&row)).collect();
    rows.append(&mut over.borrow_mut());
    sort_by_age(&mut rows);
    Ok(rows)
}

/// Takes the row under a cursor, if its run is over, and moves on until there are enough.
fn visit(event: &Event, over: &mut Vec<RunRow>, newest: usize) -> Result<(), JsValue> {
    let Some(request) = event.target().and_then(|target| target.dyn_into::<IdbRequest>().ok())
    else {
        return Ok(());
    };
    // There is no cursor any more after the last row.
    let Ok(cursor) = request.result()?.dyn_into::<IdbCursorWithValue>() else { return Ok(()) };
    let value = cursor.value()?;
    if !row::is_open(&value) {
        over.push(row::read(&value));
    }
    if over.len() < newest { cursor.continue_() } else { Ok(()) }
}

async fn read(database: &IdbDatabase, run: &RunId, from: u64) -> Result<Option<StoredRun>, Fault> {
    let transaction = Transaction::read(database, &[RUNS, ENTRIES])?;
    let row = transaction.store(RUNS)?.get(&run.as_str().into())?;
    let entries =
        transaction.store(ENTRIES)?.get_all_with_key(&keys(&run.as_str().into(), from)?)?;
    transaction.complete().await?;
    let row = row.result()?;
    if row.is_undefined() {
        return Ok(None);
    }
    // What is not a text any more was changed, and is refused like any other text that was.
    let text = |entry: JsValue| entry.as_string().unwrap_or_default();
    let entries = entries.result()?.unchecked_into::<Array>().iter().map(text).collect();
    Ok(Some(StoredRun { row: row::read(&row), entries }))
}

async fn write(database: &IdbDatabase, append: &Rc<Append>, writer: &Rc<str>) -> Result<(), Fault> {
    let durability = if append.strict { Durability::Strict } else { Durability::Relaxed };
    let transaction = Transaction::write(database, &[RUNS, ENTRIES], durability)?;
    let (runs, entries) = (transaction.store(RUNS)?, transaction.store(ENTRIES)?);
    let run = append.row.run.as_str();
    let row = runs.get(&run.into())?;
    let basis = append.basis.map(|basis| entries.get(&key(run, basis.seq))).transpose()?;
    // Requests are answered in order: with the last answer, all are there.
    let last = basis.as_ref().unwrap_or(&row).clone();
    let (append, writer) = (Rc::clone(append), Rc::clone(writer));
    // INVARIANT: the comparison and the write are one callback of one transaction.
    transaction.then(&last, move || {
        let found = row::find(&row.result()?, &writer);
        let basis = basis.map(|basis| basis.result()).transpose()?.and_then(|it| it.as_string());
        if let Admission::Write = admit(&append, found.as_ref(), basis.as_deref())? {
            // `add` and not `put`: an entry that is there is never replaced.
            let key = key(append.row.run.as_str(), append.seq);
            entries.add_with_key(&append.text.as_str().into(), &key)?;
            runs.put(&row::write(&append.row, &writer)?)?;
        }
        Ok(())
    });
    transaction.complete().await
}

async fn clear(database: &IdbDatabase, thread: Option<&ThreadId>) -> Result<(), Fault> {
    let transaction = Transaction::write(database, &[RUNS, ENTRIES], Durability::Strict)?;
    let (runs, entries) = (transaction.store(RUNS)?, transaction.store(ENTRIES)?);
    if let Some(thread) = thread {
        let found = runs.index(BY_THREAD)?.get_all_keys_with_key(&thread.as_str().into())?;
        transaction.then(&found.clone(), move || {
            for run in found.result()?.unchecked_into::<Array>().iter() {
                runs.delete(&run)?;
                entries.delete(&keys(&run, 0)?)?;
            }
            Ok(())
        });
    } else {
        runs.clear()?;
        entries.clear()?;
    }
    transaction.complete().await
}

/// The key of an entry. A sequence number is far below what a double holds.
fn key(run: &str, seq: u64) -> JsValue {
    Array::of2(&run.into(), &(seq as f64).into()).into()
}

/// The keys of a run's entries from `from` on.
fn keys(run: &JsValue, from: u64) -> Result<JsValue, JsValue> {
    let (first, last) =
        (Array::of2(run, &(from as f64).into()), Array::of2(run, &f64::INFINITY.into()));
    IdbKeyRange::bound(&first, &last).map(JsValue::from)
}
