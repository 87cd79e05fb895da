//! Tabs, a bank, a model and a store, all in memory and on one thread.

mod storage;
mod tab;
mod world;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_executor::{LocalPool, LocalSpawner};
use futures_util::task::LocalSpawnExt;
use holdpoint::driver::ports::{Retry, TroubleKind, World};
use holdpoint::driver::{DriveError, Driver};
use holdpoint::store::MemoryGrants;
use holdpoint_core::approval::{Approver, Decision};
use holdpoint_core::id::{CallId, RunId, ThreadId};
use holdpoint_core::message::{Finish, Item, Message, ModelResponse, Part, ToolCall};
use holdpoint_core::run::{Limits, Mode, Outcome, Spec, Status};

use storage::{Storage, TabStorage};
use tab::{Held, Locks, TabLocks, TabRuntime, Time, Watcher};
use world::{Model, Tools};

pub(crate) use storage::Silence;
pub(crate) use world::Bank;

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
    pub(crate) grants: Rc<MemoryGrants>,
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
            grants: Rc::default(),
            model: Rc::new(Model {
                answers: RefCell::new(answers.into_iter().collect()),
                hangs: Cell::default(),
                errors: RefCell::default(),
                asked: Cell::default(),
                question: RefCell::default(),
                unanswered: RefCell::default(),
                waited_for: Rc::default(),
            }),
            locks: Rc::default(),
            registered: Rc::new(Cell::new(true)),
            time: Rc::default(),
        }
    }

    /// Opens the page in a tab, and lets everything happen that can.
    pub(crate) fn tab(&self) -> Tab<'_> {
        let tab = self.tab_unread();
        self.run(tab.driver.open()).expect("a store that opens");
        tab
    }

    /// The page in a tab that has not read the store yet.
    pub(crate) fn tab_unread(&self) -> Tab<'_> {
        let alive = Rc::new(Cell::new(true));
        let watcher = Rc::new(Watcher::default());
        let held = Held::default();
        let driver = Driver::new(World {
            store: Rc::new(TabStorage {
                memory: self.store.memory.another_tab(),
                faults: Rc::clone(&self.store),
            }),
            grants: Rc::clone(&self.grants) as _,
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
        Tab { office: self, driver, alive, held, watcher }
    }

    /// Begins a task and lets everything happen that can; the task need not end.
    pub(crate) fn begin<T: 'static>(&self, task: impl Future<Output = T> + 'static) -> Begun<T> {
        let begun: Begun<T> = Rc::default();
        let end = Rc::clone(&begun);
        let task = async move { end.set(Some(task.await)) };
        self.spawner.spawn_local(task).expect("a pool");
        self.settle_down();
        begun
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

    /// Has the questions that hang answered.
    pub(crate) fn model_answers(&self) {
        for question in self.model.unanswered.take() {
            let answer = self.model.answers.borrow_mut().pop_front();
            question.send(answer.expect("an answer in the script")).ok();
        }
        self.settle_down();
    }

    /// Lets the model fail once more before it answers.
    pub(crate) fn model_fails(&self, code: &str, retry: Retry) {
        self.model.errors.borrow_mut().push_back((code.to_owned(), retry));
    }

    /// How often the model was asked.
    pub(crate) fn asked(&self) -> u32 {
        self.model.asked.get()
    }

    /// The conversation that the model was told last.
    pub(crate) fn told(&self) -> Vec<Message> {
        self.model.question.borrow().as_ref().expect("a question").messages.clone()
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

/// What a task came to, if it did.
pub(crate) type Begun<T> = Rc<Cell<Option<T>>>;

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
        self.ask_within(text, Limits::default())
    }

    pub(crate) fn ask_within(&self, text: &str, limits: Limits) -> RunId {
        let now = self.office.time.tick();
        let spec = Spec {
            run: RunId::new(format!("run-{now}")),
            thread: ThreadId::new("thread"),
            mode: Mode::Tools,
            model: "scripted".into(),
            instructions: String::new(),
            text: text.into(),
            limits,
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

    /// Takes the widget out of the page, or puts it back.
    pub(crate) fn be_here(&self, is_here: bool) {
        self.driver.be_here(is_here);
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

    pub(crate) fn deciding(
        &self,
        run: &RunId,
        decision: Decision,
    ) -> impl Future<Output = Result<(), DriveError>> + use<> {
        let (driver, run, id) = (self.driver.clone(), run.clone(), self.call(run));
        async move {
            let digest = {
                let state = driver.run(&run).ok_or(DriveError::Unreadable)?;
                let (_, slot) = state.find(&id).ok_or(DriveError::UnknownCall)?;
                slot.action.digest
            };
            driver.decide(&id, decision, digest, by()).await
        }
    }
}
