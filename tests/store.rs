//! The stores' contract, for the one in memory.

#![cfg(not(target_arch = "wasm32"))]

use std::rc::Rc;

use futures_executor::block_on;
use holdpoint::driver::ports::{JournalStore, Task};
use holdpoint::store::{MemoryStore, contract};
use holdpoint_core::id::RunId;

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
