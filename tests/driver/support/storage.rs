//! The disk that all tabs share.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use holdpoint::driver::ports::{Append, JournalStore, RunRow, StoreError, StoredRun, Task};
use holdpoint::store::MemoryStore;
use holdpoint_core::id::{RunId, ThreadId};

/// The disk, and what is wrong with it.
#[derive(Default)]
pub(crate) struct Storage {
    pub(super) memory: MemoryStore,
    fault: RefCell<Option<StoreError>>,
    good_appends: Cell<u32>,
}

impl Storage {
    pub(crate) fn fail_with(&self, fault: Option<StoreError>) {
        self.good_appends.set(0);
        self.fault.replace(fault);
    }

    pub(crate) fn fail_after(&self, good_appends: u32, fault: StoreError) {
        self.good_appends.set(good_appends);
        self.fault.replace(Some(fault));
    }

    pub(crate) fn tamper(&self, run: &RunId, seq: u64, from: &str, to: &str) {
        let stored = futures_executor::block_on(self.memory.read(run, seq));
        let stored = stored.expect("a store that reads").expect("a stored run");
        let text = stored.entries.first().expect("an entry").replace(from, to);
        assert!(self.memory.tamper(run, seq, &text));
    }

    fn fault(&self) -> Option<StoreError> {
        match self.good_appends.get() {
            0 => self.fault.borrow().clone(),
            left => {
                self.good_appends.set(left - 1);
                None
            }
        }
    }
}

pub(super) struct TabStorage {
    pub(super) memory: MemoryStore,
    pub(super) faults: Rc<Storage>,
}

impl JournalStore for TabStorage {
    fn list(&self, newest: usize) -> Task<Result<Vec<RunRow>, StoreError>> {
        self.memory.list(newest)
    }

    fn read(&self, run: &RunId, from: u64) -> Task<Result<Option<StoredRun>, StoreError>> {
        self.memory.read(run, from)
    }

    fn append(&self, append: Append) -> Task<Result<(), StoreError>> {
        match self.faults.fault() {
            Some(fault) => Box::pin(async move { Err(fault) }),
            None => self.memory.append(append),
        }
    }

    fn clear(&self, thread: Option<&ThreadId>) -> Task<Result<(), StoreError>> {
        self.memory.clear(thread)
    }
}
