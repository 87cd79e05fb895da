//! Tabs, a bank, a model and a store, all in memory and on one thread.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use futures_channel::oneshot;
use futures_executor::{LocalPool, LocalSpawner};
use futures_util::lock::{Mutex, OwnedMutexGuard};
use futures_util::task::LocalSpawnExt;
use holdpoint::driver::ports::{
    Append, JournalStore, Lease, Leases, ModelClient, ModelError, Observer, Retry, RunRow, Runtime,
    StoreError, StoredRun, Task, ToolHost, ToolRequest, Trouble, TroubleKind, Verified, World,
};
use holdpoint::driver::{DriveError, Driver};
use holdpoint::store::MemoryStore;
use holdpoint_core::approval::{Approver, Decision};
use holdpoint_core::id::{CallId, RunId, ThreadId, Timestamp};
use holdpoint_core::journal::Entry;
use holdpoint_core::message::{Finish, Item, ModelRequest, ModelResponse, Part, ToolCall};
use holdpoint_core::plan::{Action, Note};
use holdpoint_core::run::{Limits, Mode, Outcome, Run, Spec, Status, ToolOutcome};
use holdpoint_core::schema::NoPatterns;
use holdpoint_core::stream::Delta;
use holdpoint_core::tool::Toolbox;
use serde_json::json;

pub(crate) type Answer = ModelResponse;

/// A model's answer in words.
pub(crate) fn says(text: &str) -> Answer {
    answer(Part::Text(text.into()))
}

/// A model's answer that is one call.
pub(crate) fn call(name: &str, arguments: &str) -> Answer {
    answer(Part::Call(ToolCall {
        id: "call_1".into(),
        name: name.into(),
        arguments: arguments.into(),
    }))
}

/// A model's answer that there is none.
pub(crate) fn fails(code: &str) -> Answer {
    let (code, message) = (code.to_owned(), "not now".to_owned());
    Answer { finish: Finish::Failed { code, message }, ..says("") }
}

fn answer(part: Part) -> Answer {
    ModelResponse { items: vec![Item { part, raw: None }], finish: Finish::Complete, usage: None }
}

pub(crate) fn approve() -> Decision {
    Decision::Approve { arguments: None, note: None }
}

pub(crate) fn by() -> Approver {
    Approver { id: "ann".into(), name: "Ann".into(), channel: "card".into(), trusted: true }
}

/// Everything outside the tabs.
pub(crate) struct Office {
    pool: Rc<RefCell<LocalPool>>,
    spawner: LocalSpawner,
    pub(crate) bank: Rc<Bank>,
    pub(crate) store: Rc<Storage>,
    model: Rc<Model>,
    locks: Rc<Locks>,
    registered: Rc<Cell<bool>>,
    time: Rc<Time>,
}

impl Office {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let pool = LocalPool::new();
        let spawner = pool.spawner();
        Self {
            pool: Rc::new(RefCell::new(pool)),
            spawner,
            bank: Rc::default(),
            store: Rc::default(),
            model: Rc::new(Model {
                answers: RefCell::new(answers.into_iter().collect()),
                hangs: Cell::default(),
                errors: RefCell::default(),
                asked: Cell::default(),
                waited_for: Rc::default(),
            }),
            locks: Rc::default(),
            registered: Rc::new(Cell::new(true)),
            time: Rc::default(),
        }
    }

    /// Opens the page in a tab, and lets everything happen that can.
    pub(crate) fn tab(&self) -> Tab<'_> {
        let alive = Rc::new(Cell::new(true));
        let watcher = Rc::new(Watcher::default());
        let held = Held::default();
        let driver = Driver::new(World {
            store: Rc::new(TabStorage {
                memory: self.store.memory.another_tab(),
                faults: Rc::clone(&self.store),
            }),
            model: Rc::clone(&self.model) as _,
            tools: Rc::new(Tools {
                bank: Rc::clone(&self.bank),
                registered: Rc::clone(&self.registered),
            }),
            leases: Rc::new(TabLocks { locks: Rc::clone(&self.locks), held: Rc::clone(&held) }),
            runtime: Rc::new(TabRuntime {
                spawner: self.spawner.clone(),
                alive: Rc::clone(&alive),
                time: Rc::clone(&self.time),
            }),
            observer: Rc::clone(&watcher) as _,
        });
        let tab = Tab { office: self, driver, alive, held, watcher };
        self.run(tab.driver.open()).expect("a store that opens");
        tab
    }

    /// Works on a task, and on all that follows from it.
    pub(crate) fn run<T>(&self, task: impl Future<Output = T>) -> T {
        let done = self.pool.borrow_mut().run_until(task);
        self.settle_down();
        done
    }

    pub(crate) fn at_once<A, B>(
        &self,
        one: impl Future<Output = A>,
        other: impl Future<Output = B>,
    ) -> (A, B) {
        self.run(futures_util::future::join(one, other))
    }

    pub(crate) fn settle_down(&self) {
        self.pool.borrow_mut().run_until_stalled();
    }

    pub(crate) fn model_hangs(&self, hangs: bool) {
        self.model.hangs.set(hangs);
    }

    /// Lets the model fail once more before it answers.
    pub(crate) fn model_fails(&self, code: &str, retry: Retry) {
        self.model.errors.borrow_mut().push_back((code.to_owned(), retry));
    }

    /// How often the model was asked.
    pub(crate) fn asked(&self) -> u32 {
        self.model.asked.get()
    }

    /// How many questions are out that the model does not answer.
    pub(crate) fn waited_for(&self) -> u32 {
        self.model.waited_for.get()
    }

    pub(crate) fn now(&self) -> u64 {
        self.time.now.get()
    }

    /// Lets time pass, and everything happen that was waiting for it.
    pub(crate) fn pass(&self, millis: u64) {
        self.time.pass(millis);
        self.settle_down();
    }

    pub(crate) fn tools_registered(&self, registered: bool) {
        self.registered.set(registered);
    }
}

/// The page in one tab.
pub(crate) struct Tab<'a> {
    office: &'a Office,
    pub(crate) driver: Driver,
    alive: Rc<Cell<bool>>,
    held: Held,
    watcher: Rc<Watcher>,
}

impl Tab<'_> {
    pub(crate) fn ask(&self, text: &str) -> RunId {
        let now = self.office.time.tick();
        let spec = Spec {
            run: RunId::new(format!("run-{now}")),
            thread: ThreadId::new("thread"),
            mode: Mode::Tools,
            model: "scripted".into(),
            instructions: String::new(),
            text: text.into(),
            limits: Limits::default(),
        };
        self.office.run(self.driver.start(spec)).expect("a run")
    }

    /// Ends the tab as a crash does: nothing of it is worked on any more.
    pub(crate) fn close(self) {
        self.alive.set(false);
        let held = std::mem::take(&mut *self.held.borrow_mut());
        drop(held);
        self.office.settle_down();
    }

    pub(crate) fn refresh(&self, run: &RunId) {
        self.office.run(self.driver.refresh(run));
    }

    pub(crate) fn status(&self, run: &RunId) -> Status {
        self.driver.run(run).expect("a readable run").status()
    }

    pub(crate) fn trouble(&self) -> Option<TroubleKind> {
        self.watcher.trouble.get()
    }

    pub(crate) fn call(&self, run: &RunId) -> CallId {
        CallId::of(run, 0, 0)
    }

    pub(crate) fn outcome(&self, run: &RunId) -> Option<Outcome> {
        let state = self.driver.run(run)?;
        let (_, slot) = state.find(&self.call(run))?;
        slot.outcome().cloned()
    }

    pub(crate) fn decide(&self, run: &RunId, decision: Decision) -> Result<(), DriveError> {
        self.office.run(self.deciding(run, decision))
    }

    pub(crate) async fn deciding(&self, run: &RunId, decision: Decision) -> Result<(), DriveError> {
        let id = self.call(run);
        let digest = {
            let state = self.driver.run(run).ok_or(DriveError::Unreadable)?;
            let (_, slot) = state.find(&id).ok_or(DriveError::UnknownCall)?;
            slot.action.digest
        };
        self.driver.decide(&id, decision, digest, by()).await
    }
}

/// Counts its own transfers, whatever anyone else believes.
#[derive(Default)]
pub(crate) struct Bank {
    effects: Cell<u32>,
    hangs: Cell<bool>,
    knows: RefCell<Option<Verified>>,
}

impl Bank {
    pub(crate) const HANGS: bool = true;

    pub(crate) fn effects(&self) -> u32 {
        self.effects.get()
    }

    /// Whether it transfers and never answers.
    pub(crate) fn set(&self, hangs: bool) {
        self.hangs.set(hangs);
    }

    pub(crate) fn knows(&self, what: Verified) {
        self.knows.replace(Some(what));
    }
}

struct Tools {
    bank: Rc<Bank>,
    registered: Rc<Cell<bool>>,
}

impl ToolHost for Tools {
    fn toolbox(&self) -> Toolbox {
        let mut tools = Toolbox::new(Rc::new(NoPatterns));
        if self.registered.get() {
            let transfer = json!({
                "name": "transfer",
                "description": "Transfers money",
                "inputSchema": {
                    "type": "object",
                    "properties": { "amount": { "type": "number" }, "recipient": { "type": "string" } },
                    "required": ["amount", "recipient"],
                },
                "approval": [{
                    "id": "above-100",
                    "when": { "properties": { "amount": { "exclusiveMinimum": 100 } } },
                    "because": "transfers above 100 need a person",
                }],
            });
            tools.register(&transfer).expect("a usable tool");
        }
        tools
    }

    fn note(&self, _action: &Action) -> Note {
        Note::default()
    }

    fn call(&self, _request: ToolRequest) -> Task<ToolOutcome> {
        let bank = Rc::clone(&self.bank);
        Box::pin(async move {
            bank.effects.set(bank.effects.get() + 1);
            if bank.hangs.get() {
                futures_util::future::pending::<()>().await;
            }
            ToolOutcome::Succeeded(json!({ "transferred": 500 }))
        })
    }

    fn abort(&self, _call: &CallId) {}

    fn verify(&self, _tool: &str, _key: &str) -> Option<Task<Result<Verified, String>>> {
        let known = self.bank.knows.borrow().clone()?;
        Some(Box::pin(async move { Ok(known) }))
    }

    fn can_verify(&self, _tool: &str) -> bool {
        self.bank.knows.borrow().is_some()
    }
}

/// Answers in order; a question too many is a fault of the test.
struct Model {
    answers: RefCell<VecDeque<Answer>>,
    hangs: Cell<bool>,
    /// What it fails with before it answers.
    errors: RefCell<VecDeque<(String, Retry)>>,
    asked: Cell<u32>,
    /// Questions that hang and that somebody still waits for.
    waited_for: Rc<Cell<u32>>,
}

/// A question that somebody waits for.
struct Waiting(Rc<Cell<u32>>);

impl Waiting {
    fn new(count: &Rc<Cell<u32>>) -> Self {
        count.set(count.get() + 1);
        Self(Rc::clone(count))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl ModelClient for Model {
    fn call(
        &self,
        _request: ModelRequest,
        _on_delta: Box<dyn FnMut(Delta)>,
    ) -> Task<Result<ModelResponse, ModelError>> {
        self.asked.set(self.asked.get() + 1);
        if self.hangs.get() {
            let waiting = Waiting::new(&self.waited_for);
            return Box::pin(async move {
                let _waiting = waiting;
                futures_util::future::pending().await
            });
        }
        if let Some((code, retry)) = self.errors.borrow_mut().pop_front() {
            return Box::pin(async move {
                let (message, fix) = ("no answer".to_owned(), "ask again".to_owned());
                Err(ModelError { code, message, fix, retry })
            });
        }
        let answer = self.answers.borrow_mut().pop_front().expect("an answer in the script");
        Box::pin(async move { Ok(answer) })
    }
}

/// The disk, and what is wrong with it.
#[derive(Default)]
pub(crate) struct Storage {
    memory: MemoryStore,
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

struct TabStorage {
    memory: MemoryStore,
    faults: Rc<Storage>,
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

/// One holder a run, first come first served.
type Locks = RefCell<BTreeMap<RunId, Arc<Mutex<()>>>>;

/// The locks as one tab has them: they are free again when it is gone, whatever its tasks keep.
struct TabLocks {
    locks: Rc<Locks>,
    held: Held,
}

type Held = Rc<RefCell<BTreeMap<RunId, OwnedMutexGuard<()>>>>;

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
struct TabRuntime {
    spawner: LocalSpawner,
    alive: Rc<Cell<bool>>,
    time: Rc<Time>,
}

/// A clock that stands still until it is moved, and whoever waits for it.
#[derive(Default)]
struct Time {
    now: Cell<u64>,
    sleepers: RefCell<Vec<(u64, oneshot::Sender<()>)>>,
}

impl Time {
    /// No two things happen at once.
    fn tick(&self) -> u64 {
        self.now.set(self.now.get() + 1);
        self.now.get()
    }

    fn pass(&self, millis: u64) {
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
struct Watcher {
    trouble: Cell<Option<TroubleKind>>,
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
