//! The stores' contract, for the one in memory.

#![cfg(not(target_arch = "wasm32"))]

use std::cell::Cell;
use std::rc::Rc;

use futures_executor::block_on;
use holdpoint::driver::ports::{JournalStore, StoreError, Task};
use holdpoint::store::contract::{self, Chain};
use holdpoint::store::{Mark, Marked, MemoryStore};
use holdpoint_core::id::{RunId, ThreadId};
use holdpoint_core::run::Status;

struct Memory(Rc<MemoryStore>);

impl contract::Subject for Memory {
    fn store(&self) -> Rc<dyn JournalStore> {
        Rc::clone(&self.0) as _
    }

    fn another_tab(&self) -> Rc<dyn JournalStore> {
        Rc::new(self.0.another_tab())
    }

    fn tamper(&self, run: &RunId, seq: u64, text: &str) -> Task<()> {
        assert!(self.0.tamper(run, seq, text), "there is no entry {seq}");
        Box::pin(async {})
    }
}

macro_rules! in_memory {
    ($($behaviour:ident)*) => {$(
        #[test]
        fn $behaviour() {
            block_on(contract::$behaviour(Memory(Rc::default())));
        }
    )*};
}

holdpoint::store_contract!(in_memory);

/// A store in memory with its mark, and what is behind it.
#[derive(Default)]
struct Beside {
    memory: Rc<MemoryStore>,
    mark: Rc<Bit>,
}

#[derive(Default)]
struct Bit(Cell<bool>);

impl Mark for Bit {
    fn is_set(&self) -> bool {
        self.0.get()
    }

    fn set(&self, is_set: bool) {
        self.0.set(is_set);
    }
}

impl contract::Subject for Beside {
    fn store(&self) -> Rc<dyn JournalStore> {
        Rc::new(Marked::new(Rc::clone(&self.memory) as _, Rc::clone(&self.mark) as _))
    }

    fn another_tab(&self) -> Rc<dyn JournalStore> {
        Rc::new(Marked::new(Rc::new(self.memory.another_tab()), Rc::clone(&self.mark) as _))
    }

    fn tamper(&self, run: &RunId, seq: u64, text: &str) -> Task<()> {
        assert!(self.memory.tamper(run, seq, text), "there is no entry {seq}");
        Box::pin(async {})
    }
}

mod marked {
    use super::*;
    use contract::Subject as _;

    macro_rules! beside_a_mark {
        ($($behaviour:ident)*) => {$(
            #[test]
            fn $behaviour() {
                block_on(contract::$behaviour(Beside::default()));
            }
        )*};
    }

    holdpoint::store_contract!(beside_a_mark);

    /// A store with a run of this thread.
    fn with_run(thread: &str) -> (Beside, Rc<dyn JournalStore>) {
        let beside = Beside::default();
        let store = beside.store();
        block_on(Chain::new("run", thread, 0).grow(&*store, &[Status::Completed]));
        (beside, store)
    }

    #[test]
    fn store_that_lost_its_runs_says_so_until_there_is_one() {
        let (beside, store) = with_run("thread");
        assert_eq!(block_on(store.list(9)).map(|rows| rows.len()), Ok(1));
        block_on(beside.memory.clear(None)).unwrap();
        for _page in 0..2 {
            assert_eq!(block_on(beside.store().list(9)), Err(StoreError::Cleared));
        }
        block_on(Chain::new("new", "thread", 0).grow(&*store, &[Status::Completed]));
        assert_eq!(block_on(store.list(9)).map(|rows| rows.len()), Ok(1));
    }

    #[test]
    fn new_store_and_one_that_a_person_cleared_are_simply_empty() {
        assert_eq!(block_on(Beside::default().store().list(9)), Ok(Vec::new()));
        for thread in [None, Some(ThreadId::new("thread"))] {
            let (_, store) = with_run("thread");
            block_on(store.clear(thread.as_ref())).unwrap();
            assert_eq!(block_on(store.list(9)), Ok(Vec::new()));
        }
    }

    #[test]
    fn runs_that_a_clearing_leaves_are_still_expected() {
        let (beside, store) = with_run("thread");
        block_on(store.clear(Some(&ThreadId::new("other")))).unwrap();
        block_on(beside.memory.clear(None)).unwrap();
        assert_eq!(block_on(store.list(9)), Err(StoreError::Cleared));
    }

    #[test]
    fn runs_from_before_there_was_a_mark_are_expected_once_they_were_seen() {
        let (beside, store) = with_run("thread");
        beside.mark.set(false);
        block_on(store.list(9)).unwrap();
        assert!(beside.mark.is_set());
    }
}
