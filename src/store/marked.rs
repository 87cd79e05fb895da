//! A store that knows whether it has kept anything: beside it stands a mark in another kind of
//! storage, so that an empty store whose journals were deleted is not taken for one that never had
//! any.
//!
//! The mark is there as long as there is a run. It is set after the first append and taken away
//! before a removal, so a page that ends in between can only forget to say what was lost; the next
//! look at a run sets it again.

use std::rc::Rc;

use holdpoint_core::id::{CallId, RunId, ThreadId, Timestamp};
use holdpoint_core::journal::Head;

use crate::driver::ports::{
    Append, CallRow, Deferred, JournalStore, Page, RunRow, StoreError, StoredRun, Tally, Task,
};

/// One bit that outlives the page and is kept apart from the journals. Where there is no place for
/// it, it is never set.
pub trait Mark {
    /// Whether it is set.
    fn is_set(&self) -> bool;

    /// Sets it, or takes it away.
    fn set(&self, is_set: bool);
}

/// A store with a [`Mark`].
pub struct Marked {
    store: Rc<dyn JournalStore>,
    mark: Rc<dyn Mark>,
}

impl Marked {
    /// This store with that mark.
    pub fn new(store: Rc<dyn JournalStore>, mark: Rc<dyn Mark>) -> Self {
        Self { store, mark }
    }
}

impl JournalStore for Marked {
    /// [`StoreError::Cleared`] where there should be runs and are none.
    fn list(&self, newest: usize) -> Task<Result<Vec<RunRow>, StoreError>> {
        let (rows, mark) = (self.store.list(newest), Rc::clone(&self.mark));
        Box::pin(async move {
            let rows = rows.await?;
            match (rows.is_empty(), mark.is_set()) {
                (true, true) if newest > 0 => return Err(StoreError::Cleared),
                (false, false) => mark.set(true),
                _ => {}
            }
            Ok(rows)
        })
    }

    fn earlier(&self, by: Timestamp, newest: usize) -> Task<Result<Vec<RunRow>, StoreError>> {
        self.store.earlier(by, newest)
    }

    fn read(&self, run: &RunId, from: u64) -> Task<Result<Option<StoredRun>, StoreError>> {
        self.store.read(run, from)
    }

    fn append(&self, append: Append) -> Task<Result<(), StoreError>> {
        let (appended, mark) = (self.store.append(append), Rc::clone(&self.mark));
        Box::pin(async move {
            appended.await?;
            if !mark.is_set() {
                mark.set(true);
            }
            Ok(())
        })
    }

    fn clear(&self, thread: Option<&ThreadId>) -> Task<Result<(), StoreError>> {
        let (store, mark) = (Rc::clone(&self.store), Rc::clone(&self.mark));
        let thread = thread.cloned();
        Box::pin(async move {
            let was_set = mark.is_set();
            mark.set(false);
            let cleared = store.clear(thread.as_ref()).await;
            let is_empty = cleared.is_ok() && store.list(1).await.is_ok_and(|rows| rows.is_empty());
            if was_set && !is_empty {
                mark.set(true);
            }
            cleared
        })
    }

    fn calls(&self, page: Page) -> Task<Result<Vec<CallRow>, StoreError>> {
        self.store.calls(page)
    }

    fn tally(&self) -> Task<Result<Tally, StoreError>> {
        self.store.tally()
    }

    fn unlisted(&self) -> Task<Result<Vec<RunId>, StoreError>> {
        self.store.unlisted()
    }

    fn enlist(&self, run: &RunId, head: Head, calls: Vec<CallRow>) -> Task<Result<(), StoreError>> {
        self.store.enlist(run, head, calls)
    }

    fn deferred(&self) -> Task<Result<Vec<Deferred>, StoreError>> {
        self.store.deferred()
    }

    fn forget_deferred(&self, run: &RunId, call: &CallId) -> Task<Result<(), StoreError>> {
        self.store.forget_deferred(run, call)
    }
}
