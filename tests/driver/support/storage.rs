//! The disk that all tabs share.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::FutureExt;
use holdpoint::driver::ports::{
    Append, CallRow, JournalStore, Page, RunRow, StoreError, StoredRun, Tally, Task,
};
use holdpoint::store::MemoryStore;
use holdpoint_core::id::{RunId, ThreadId, Timestamp};

/// The disk, and what is wrong with it.
#[derive(Default)]
pub(crate) struct Storage {
    pub(crate) memory: MemoryStore,
    fault: RefCell<Option<StoreError>>,
    good_appends: Cell<u32>,
    silence: Cell<Option<Silence>>,
    /// Whoever waits for an answer.
    unanswered: RefCell<Vec<oneshot::Sender<()>>>,
}

/// When a store that does not answer does what it was asked to do.
#[derive(Clone, Copy)]
pub(crate) enum Silence {
    /// At once.
    Done,
    /// When it answers.
    NotDone,
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

    /// Lets every later call wait for its answer.
    pub(crate) fn fall_silent(&self, silence: Silence) {
        self.silence.set(Some(silence));
    }

    /// Answers from now on; whoever waits goes on waiting.
    pub(crate) fn heal(&self) {
        self.silence.set(None);
    }

    /// Answers all who wait.
    pub(crate) fn answer(&self) {
        self.heal();
        for waiting in self.unanswered.take() {
            waiting.send(()).ok();
        }
    }

    /// Works on a call, and answers when it is to.
    fn answering<T: 'static>(&self, work: Task<T>) -> Task<T> {
        let Some(silence) = self.silence.get() else { return work };
        let (answer, answered) = oneshot::channel();
        self.unanswered.borrow_mut().push(answer);
        match silence {
            // What is in memory is there at once.
            Silence::Done => {
                let done = work.now_or_never().expect("memory");
                Box::pin(async move { answered.await.map(|()| done).expect("an answer") })
            }
            Silence::NotDone => Box::pin(async move {
                answered.await.expect("an answer");
                work.await
            }),
        }
    }

    /// Deletes all there is, as a browser does.
    pub(crate) fn wipe(&self) {
        futures_executor::block_on(self.memory.clear(None)).expect("memory");
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
        self.faults.answering(self.memory.list(newest))
    }

    fn earlier(&self, by: Timestamp, newest: usize) -> Task<Result<Vec<RunRow>, StoreError>> {
        self.faults.answering(self.memory.earlier(by, newest))
    }

    fn read(&self, run: &RunId, from: u64) -> Task<Result<Option<StoredRun>, StoreError>> {
        self.faults.answering(self.memory.read(run, from))
    }

    fn append(&self, append: Append) -> Task<Result<(), StoreError>> {
        match self.faults.fault() {
            Some(fault) => Box::pin(async move { Err(fault) }),
            None => self.faults.answering(self.memory.append(append)),
        }
    }

    fn clear(&self, thread: Option<&ThreadId>) -> Task<Result<(), StoreError>> {
        self.memory.clear(thread)
    }

    fn calls(&self, page: Page) -> Task<Result<Vec<CallRow>, StoreError>> {
        self.faults.answering(self.memory.calls(page))
    }

    fn tally(&self) -> Task<Result<Tally, StoreError>> {
        self.faults.answering(self.memory.tally())
    }
}
