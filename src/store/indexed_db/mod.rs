//! Journals in IndexedDB.
//!
//! Database `holdpoint:{namespace}`, version 2. `runs` has a row for each run, see `row`;
//! `entries` has each entry's text under `[run, seq]`; for `calls` and `decisions` see `calls`.

mod calls;
mod connection;
mod fault;
mod row;
mod transaction;

use std::rc::Rc;

use holdpoint_core::id::{CallId, RunId, ThreadId, Timestamp};
use holdpoint_core::journal::Head;
use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::{
    Event, IdbCursorDirection, IdbCursorWithValue, IdbDatabase, IdbKeyRange, IdbRequest,
};

use super::{Admission, admit, sort_by_age};
use crate::driver::ports::{
    Append, CallRow, Deferred, JournalStore, Page, RunRow, StoreError, StoredRun, Tally, Task,
};
use crate::runtime::unique;
use connection::{BY_OPEN, BY_THREAD, BY_UPDATED, CALLS, Connection, DECISIONS, ENTRIES, RUNS};
use fault::Fault;
use transaction::{Answers, Durability, Transaction};

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
        let look = |database: &IdbDatabase| Transaction::read(database, &[RUNS]);
        Rc::clone(&self.connection).attempt(Box::new(look)).await.map(drop)
    }

    /// A call that is repeated over a new connection if the old one turns out to be lost. All that
    /// waits is in there, of one type; what each call has of its own is plain.
    fn call<T: 'static>(
        &self,
        work: impl Fn(&IdbDatabase) -> Result<Transaction, Fault> + 'static,
        read: impl FnOnce(Answers) -> T + 'static,
    ) -> Task<Result<T, StoreError>> {
        let done: Task<_> = Box::pin(Rc::clone(&self.connection).attempt(Box::new(work)));
        Box::pin(async move { done.await.map(read) })
    }
}

impl JournalStore for IndexedDbStore {
    fn list(&self, newest: usize) -> Task<Result<Vec<RunRow>, StoreError>> {
        let over = Array::new();
        let found = over.clone();
        self.call(
            move |database| list(database, newest, &over),
            move |answers| rows(answers, &found),
        )
    }

    fn earlier(&self, by: Timestamp, newest: usize) -> Task<Result<Vec<RunRow>, StoreError>> {
        let over = Array::new();
        let found = over.clone();
        self.call(
            move |database| {
                let transaction = Transaction::read(database, &[RUNS])?;
                let range = IdbKeyRange::upper_bound(&(by.as_millis() as f64).into())?;
                visit_over(&transaction, &range, newest, &over)?;
                Ok(transaction)
            },
            move |answers| rows(answers, &found),
        )
    }

    fn read(&self, run: &RunId, from: u64) -> Task<Result<Option<StoredRun>, StoreError>> {
        let run = run.clone();
        self.call(move |database| read(database, &run, from), stored)
    }

    fn append(&self, append: Append) -> Task<Result<(), StoreError>> {
        let append = Rc::new(append);
        let writer = Rc::clone(&self.writer);
        self.call(move |database| write(database, &append, &writer), drop)
    }

    fn clear(&self, thread: Option<&ThreadId>) -> Task<Result<(), StoreError>> {
        let thread = thread.cloned();
        self.call(move |database| clear(database, thread.as_ref()), drop)
    }

    fn calls(&self, page: Page) -> Task<Result<Vec<CallRow>, StoreError>> {
        self.call(move |database| calls::list(database, &page), calls::listed)
    }

    fn tally(&self) -> Task<Result<Tally, StoreError>> {
        self.call(calls::count, calls::counted)
    }

    fn unlisted(&self) -> Task<Result<Vec<RunId>, StoreError>> {
        self.call(calls::stale, calls::stale_runs)
    }

    fn enlist(&self, run: &RunId, head: Head, rows: Vec<CallRow>) -> Task<Result<(), StoreError>> {
        let run = run.clone();
        self.call(move |database| calls::enlist(database, &run, head, &rows), drop)
    }

    fn deferred(&self) -> Task<Result<Vec<Deferred>, StoreError>> {
        self.call(calls::decisions, calls::decided)
    }

    fn forget_deferred(&self, run: &RunId, call: &CallId) -> Task<Result<(), StoreError>> {
        let (run, call) = (run.clone(), call.clone());
        self.call(move |database| calls::forget(database, &run, &call), drop)
    }
}

/// Asks for the rows of the runs that are not over; those of the newest others go to `over`.
fn list(database: &IdbDatabase, newest: usize, over: &Array) -> Result<Transaction, Fault> {
    let mut transaction = Transaction::read(database, &[RUNS])?;
    transaction.ask(transaction.store(RUNS)?.index(BY_OPEN)?.get_all()?);
    visit_over(&transaction, &JsValue::NULL, newest, over)?;
    Ok(transaction)
}

/// Puts the newest rows of runs that are over and in the range into `over`.
fn visit_over(
    transaction: &Transaction,
    range: &JsValue,
    newest: usize,
    over: &Array,
) -> Result<(), Fault> {
    over.set_length(0);
    if newest > 0 {
        let cursor = transaction
            .store(RUNS)?
            .index(BY_UPDATED)?
            .open_cursor_with_range_and_direction(range, IdbCursorDirection::Prev)?;
        let over = over.clone();
        let visit = Closure::<dyn FnMut(Event) -> Result<(), JsValue>>::new(move |event: Event| {
            visit(&event, &over, newest)
        });
        cursor.set_onsuccess(Some(visit.into_js_value().unchecked_ref()));
    }
    Ok(())
}

fn rows(open: Answers, over: &Array) -> Vec<RunRow> {
    let mut rows = Vec::new();
    for some in open.iter().chain([over.as_ref()]) {
        rows.extend(some.unchecked_ref::<Array>().iter().map(|row| row::read(&row)));
    }
    sort_by_age(&mut rows);
    rows
}

/// Takes the row under a cursor, if its run is over, and moves on until there are enough.
fn visit(event: &Event, over: &Array, newest: usize) -> Result<(), JsValue> {
    let Some(request) = event.target().and_then(|target| target.dyn_into::<IdbRequest>().ok())
    else {
        return Ok(());
    };
    // There is no cursor any more after the last row.
    let Ok(cursor) = request.result()?.dyn_into::<IdbCursorWithValue>() else { return Ok(()) };
    let value = cursor.value()?;
    if !row::is_open(&value) {
        over.push(&value);
    }
    if (over.length() as usize) < newest { cursor.continue_() } else { Ok(()) }
}

fn read(database: &IdbDatabase, run: &RunId, from: u64) -> Result<Transaction, Fault> {
    let mut transaction = Transaction::read(database, &[RUNS, ENTRIES])?;
    let run = run.as_str().into();
    transaction.ask(transaction.store(RUNS)?.get(&run)?);
    transaction.ask(transaction.store(ENTRIES)?.get_all_with_key(&keys(&run, from)?)?);
    Ok(transaction)
}

fn stored(answers: Answers) -> Option<StoredRun> {
    let [row, entries] = answers.try_into().ok()?;
    if row.is_undefined() {
        return None;
    }
    // What is not a text any more was changed, and is refused like any other text that was.
    let text = |entry: JsValue| entry.as_string().unwrap_or_default();
    let entries = entries.unchecked_into::<Array>().iter().map(text).collect();
    Some(StoredRun { row: row::read(&row), entries })
}

fn write(
    database: &IdbDatabase,
    append: &Rc<Append>,
    writer: &Rc<str>,
) -> Result<Transaction, Fault> {
    let durability = if append.strict { Durability::Strict } else { Durability::Relaxed };
    let transaction = Transaction::write(database, &[RUNS, ENTRIES, CALLS], durability)?;
    let (runs, entries) = (transaction.store(RUNS)?, transaction.store(ENTRIES)?);
    let list = transaction.store(CALLS)?;
    let run = append.row.run.as_str();
    let row = runs.get(&run.into())?;
    let basis = append.basis.map(|basis| entries.get(&key(run, basis.seq))).transpose()?;
    // Requests are answered in order: with the last answer, all are there.
    let taken = entries.get_key(&keys(&run.into(), append.seq)?)?;
    let (append, writer) = (Rc::clone(append), Rc::clone(writer));
    // INVARIANT: the comparison and the write are one callback of one transaction.
    transaction.then(
        &taken.clone(),
        Box::new(move || {
            let before = row.result()?;
            let found = row::find(&before, &writer);
            let basis =
                basis.map(|basis| basis.result()).transpose()?.and_then(|it| it.as_string());
            if let Admission::Write = admit(&append, found.as_ref(), basis.as_deref())? {
                if !taken.result()?.is_undefined() {
                    return Err(StoreError::Conflict.into());
                }
                runs.put(&row::write(&append.row, &writer, &before)?)?;
                for call in &append.calls {
                    list.put(&calls::write(call)?)?;
                }
                // `add` and not `put`: an entry that is there is never replaced. Entries come last,
                // and are looked for above: of a transaction that was told to commit, Firefox keeps
                // what succeeded when a request before the last one failed.
                for (seq, text) in
                    (append.seq..).zip([&append.text].into_iter().chain(&append.more))
                {
                    let key = key(append.row.run.as_str(), seq);
                    entries.add_with_key(&text.as_str().into(), &key)?;
                }
            }
            Ok(())
        }),
    );
    Ok(transaction)
}

fn clear(database: &IdbDatabase, thread: Option<&ThreadId>) -> Result<Transaction, Fault> {
    let stores = [RUNS, ENTRIES, CALLS, DECISIONS];
    let transaction = Transaction::write(database, &stores, Durability::Strict)?;
    let (runs, entries) = (transaction.store(RUNS)?, transaction.store(ENTRIES)?);
    let others = [transaction.store(CALLS)?, transaction.store(DECISIONS)?];
    if let Some(thread) = thread {
        let found = runs.index(BY_THREAD)?.get_all_keys_with_key(&thread.as_str().into())?;
        transaction.then(
            &found.clone(),
            Box::new(move || {
                for run in found.result()?.unchecked_into::<Array>().iter() {
                    runs.delete(&run)?;
                    entries.delete(&keys(&run, 0)?)?;
                    let calls =
                        IdbKeyRange::bound(&Array::of1(&run), &Array::of2(&run, &Array::new()))?;
                    for other in &others {
                        other.delete(&calls)?;
                    }
                }
                Ok(())
            }),
        );
    } else {
        for store in [&runs, &entries].into_iter().chain(&others) {
            store.clear()?;
        }
    }
    Ok(transaction)
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
