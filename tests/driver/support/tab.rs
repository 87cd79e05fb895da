//! What a page has of its browser: locks, a clock, background work; and whoever looks at it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use futures_channel::oneshot;
use futures_executor::LocalSpawner;
use futures_util::lock::{Mutex, OwnedMutexGuard};
use futures_util::task::LocalSpawnExt;
use holdpoint::driver::ports::{Lease, Leases, Observer, Runtime, Task, Trouble, TroubleKind};
use holdpoint_core::id::{RunId, ThreadId, Timestamp};
use holdpoint_core::journal::Entry;
use holdpoint_core::run::Run;
use holdpoint_core::stream::Delta;

/// One holder a run, first come first served.
pub(super) type Locks = RefCell<BTreeMap<RunId, Arc<Mutex<()>>>>;

/// The locks as one tab has them: they are free again when it is gone, whatever its tasks keep.
pub(super) struct TabLocks {
    pub(super) locks: Rc<Locks>,
    pub(super) held: Held,
}

pub(super) type Held = Rc<RefCell<BTreeMap<RunId, OwnedMutexGuard<()>>>>;

struct HeldRun(RunId, Held);

impl Drop for HeldRun {
    fn drop(&mut self) {
        self.1.borrow_mut().remove(&self.0);
    }
}

impl Leases for TabLocks {
    fn hold(&self, run: &RunId) -> Task<Lease> {
        let lock = Arc::clone(self.locks.borrow_mut().entry(run.clone()).or_default());
        let (run, held) = (run.clone(), Rc::clone(&self.held));
        Box::pin(async move {
            let guard = lock.lock_owned().await;
            held.borrow_mut().insert(run.clone(), guard);
            Box::new(HeldRun(run, held)) as Lease
        })
    }
}

/// Tasks of a tab that is gone are not worked on.
pub(super) struct TabRuntime {
    pub(super) spawner: LocalSpawner,
    pub(super) alive: Rc<Cell<bool>>,
    pub(super) time: Rc<Time>,
}

/// A clock that stands still until it is moved, and whoever waits for it.
#[derive(Default)]
pub(super) struct Time {
    pub(super) now: Cell<u64>,
    pub(super) sleepers: RefCell<Vec<(u64, oneshot::Sender<()>)>>,
}

impl Time {
    /// No two things happen at once.
    pub(super) fn tick(&self) -> u64 {
        self.now.set(self.now.get() + 1);
        self.now.get()
    }

    pub(super) fn pass(&self, millis: u64) {
        self.now.set(self.now.get() + millis);
        let now = self.now.get();
        for (_, awake) in self.sleepers.borrow_mut().extract_if(.., |(until, _)| *until <= now) {
            awake.send(()).ok();
        }
    }
}

impl Runtime for TabRuntime {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.time.tick())
    }

    fn sleep(&self, millis: u64) -> Task<()> {
        let (awake, asleep) = oneshot::channel();
        self.time.sleepers.borrow_mut().push((self.time.now.get() + millis, awake));
        Box::pin(async move { asleep.await.expect("a clock") })
    }

    /// Half of what may be.
    fn chance(&self) -> f64 {
        0.5
    }

    fn unique(&self) -> String {
        self.now().as_millis().to_string()
    }

    fn spawn(&self, mut task: Task<()>) {
        let alive = Rc::clone(&self.alive);
        let guarded = std::future::poll_fn(move |context| {
            if alive.get() { task.as_mut().poll(context) } else { std::task::Poll::Ready(()) }
        });
        self.spawner.spawn_local(guarded).expect("a pool");
    }
}

#[derive(Default)]
pub(super) struct Watcher {
    pub(super) trouble: Cell<Option<TroubleKind>>,
}

impl Observer for Watcher {
    fn run_changed(&self, _run: &Rc<Run>) {}
    fn appended(&self, _run: &Run, _entry: &Entry) {}
    fn turn_began(&self, _run: &RunId) {}
    fn delta(&self, _run: &RunId, _delta: &Delta) {}
    fn trouble(&self, _run: &RunId, trouble: Option<&Trouble>) {
        self.trouble.set(trouble.map(|trouble| trouble.kind));
    }
    fn tell_others(&self, _run: &RunId) {}
    fn cleared(&self, _thread: Option<&ThreadId>) {}
}
