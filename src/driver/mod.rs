//! The loop between core and the world. Its contract:
//!
//! 1. A run in memory is a copy of its journal. One input at a time goes in, behind the run's gate.
//! 2. An accepted input is appended, by comparison with the head that it was decided on. Only when
//!    the store says that it is durable does the new state replace the old one, and only then is
//!    anything that follows from it done.
//! 3. Where someone else appended first, the run is read again and the input is decided anew.
//! 4. Where the store fails, nothing has happened: the state stays, the trouble is shown. A fact
//!    that cannot be told twice (an answer, a result) is kept in memory until it can be saved. Where
//!    it does not answer, that is shown, and an append is waited for all the same.
//! 5. Only the holder of a run's lease asks the model and starts tools. Whoever takes a run over
//!    reads it from the store, appends `Resumed`, and does what is outstanding; nothing else is
//!    needed to go on.
//! 6. A decision may come from any tab. The holder is told, reads, and goes on.
//! 7. A widget that is out of its page begins nothing, and holds no run longer than it has to.

mod asking;
mod away;
mod error;
mod held;
mod listing;
mod perform;
pub mod ports;
mod record;

pub use error::DriveError;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::lock::Mutex;
use holdpoint_core::approval::{Approver, Decision, Settlement};
use holdpoint_core::id::{CallId, RunId, ThreadId, Timestamp};
use holdpoint_core::journal::Head;
use holdpoint_core::json::Digest;
use holdpoint_core::run::{Effect, Input, Progress, Run, Spec};
use holdpoint_core::sorted::{Sorted, sort};

use asking::Asking;
use ports::{Lease, RunRow, StoreError, TroubleKind, Verified, World, in_time};

/// Carries runs on, in one tab.
#[derive(Clone)]
pub struct Driver {
    world: World,
    runs: Rc<RefCell<Sorted<RunId, Rc<Kept>>>>,
    /// When the oldest run that is over had its last entry, where there may be others before it.
    before: Rc<Cell<Option<Timestamp>>>,
    /// The widget is out of the page.
    is_away: Rc<Cell<bool>>,
}

/// What a tab keeps of one run.
struct Kept {
    id: RunId,
    /// Held while an input is decided and saved.
    gate: Mutex<()>,
    /// The state as of the last durable entry; none where the record cannot be read.
    run: RefCell<Option<Rc<Run>>>,
    /// Present while this tab is the one that acts.
    lease: RefCell<Option<Lease>>,
    /// The lease is being waited for.
    is_claimed: Cell<bool>,
    /// How much is being done of it: questions that are out, calls.
    under_way: Cell<usize>,
    /// The turn that the model is being asked for.
    asking: RefCell<Option<Asking>>,
    /// Facts that could not be saved yet.
    unsaved: RefCell<Vec<Input>>,
    /// The record is not to be trusted: nothing of it runs any more.
    quarantined: Cell<bool>,
    /// Calls beside which this tab waits for the end of the time to decide, and when that is.
    watched: RefCell<Sorted<CallId, Timestamp>>,
    /// What is shown of trouble, so that it can be taken back.
    trouble: Cell<Option<TroubleKind>>,
}

impl Driver {
    /// A driver that has read nothing yet.
    pub fn new(world: World) -> Self {
        Self { world, runs: Rc::default(), before: Rc::default(), is_away: Rc::default() }
    }

    /// Reads all runs that are not over and the newest others, shows them, and goes on with the
    /// former.
    ///
    /// # Errors
    /// The store's; nothing is shown then.
    pub async fn open(&self) -> Result<(), StoreError> {
        let World { store, runtime, .. } = &self.world;
        let rows = in_time(&**runtime, store.list(NEWEST_MAX)).await?;
        self.note_before(&rows, NEWEST_MAX);
        for row in rows {
            let kept = self.kept(&row.run);
            let _gate = kept.gate.lock().await;
            if self.read(&kept).await.is_ok() && !row.status.is_over() {
                self.take_over(&kept);
            }
        }
        Ok(())
    }

    /// Whether there may be runs before those that are read.
    pub fn has_earlier(&self) -> bool {
        self.before.get().is_some()
    }

    /// Reads the newest of the runs before those that are read, and shows them.
    ///
    /// # Errors
    /// The store's; then it can be tried again.
    pub async fn read_earlier(&self) -> Result<(), StoreError> {
        let World { store, runtime, .. } = &self.world;
        let mut newest = NEWEST_MAX;
        while let Some(before) = self.before.get() {
            let rows = in_time(&**runtime, store.earlier(before, newest)).await?;
            self.note_before(&rows, newest);
            let is_new = |row: &RunRow| self.runs.borrow().get(&row.run).is_none();
            let rows: Vec<_> = rows.into_iter().filter(is_new).collect();
            for row in &rows {
                let kept = self.kept(&row.run);
                let _gate = kept.gate.lock().await;
                // What cannot be read is shown as that.
                self.read(&kept).await.ok();
            }
            if !rows.is_empty() {
                break;
            }
            // All of them ended in one moment with what is there already.
            newest *= 2;
        }
        Ok(())
    }

    fn note_before(&self, rows: &[RunRow], newest: usize) {
        let over = rows.iter().filter(|row| row.status.is_over());
        let oldest = over.clone().map(|row| row.updated).min();
        self.before.set(oldest.filter(|_| over.count() >= newest));
    }

    /// Begins a run.
    ///
    /// # Errors
    /// The store's; then there is no such run.
    pub async fn start(&self, spec: Spec) -> Result<RunId, DriveError> {
        let kept = self.kept(&spec.run);
        let _gate = kept.gate.lock().await;
        let lease = self.world.leases.hold(&spec.run).await;
        let step = Run::start(self.world.runtime.now(), spec);
        let run = Rc::new(step.run);
        let mut effects = step.effects.into_iter();
        let Some(Effect::Append(entry)) = effects.next() else {
            return Err(DriveError::Unreadable);
        };
        if let Err(error) = self.save(&kept, &Head::empty(&kept.id), &run, &entry).await {
            self.runs.borrow_mut().remove(&kept.id);
            return Err(error.into());
        }
        kept.lease.replace(Some(lease));
        self.perform(&kept, effects);
        self.tell_of(&kept, &run, &entry);
        Ok(kept.id.clone())
    }

    /// Takes in a person's decision, from any tab.
    ///
    /// # Errors
    /// Why it was not taken; then nothing has changed.
    pub async fn decide(
        &self,
        call: &CallId,
        decision: Decision,
        digest: Digest,
        by: Approver,
    ) -> Result<(), DriveError> {
        let kept = self.owner(call)?;
        if let Decision::Approve { .. } = decision {
            self.check_fresh(&kept, call).await?;
        }
        self.feed(&kept, Input::Decided { call: call.clone(), decision, digest, by }).await
    }

    /// Takes in what someone says of a call in doubt.
    ///
    /// # Errors
    /// Why it was not taken; then nothing has changed.
    pub async fn settle(
        &self,
        call: &CallId,
        settlement: Settlement,
        by: Approver,
    ) -> Result<(), DriveError> {
        let kept = self.owner(call)?;
        self.feed(&kept, Input::Settled { call: call.clone(), settlement, by }).await
    }

    /// Asks the tool what became of a call in doubt, and settles it if the tool knows.
    ///
    /// # Errors
    /// [`DriveError::CannotTell`] where it does not; else as [`Driver::settle`].
    pub async fn check(&self, call: &CallId) -> Result<(), DriveError> {
        let kept = self.owner(call)?;
        let run = kept.run.borrow().clone().ok_or(DriveError::Unreadable)?;
        let Some((tool, key)) = run.find(call).and_then(|(_, slot)| match &slot.progress {
            Progress::InDoubt { key, .. } => Some((slot.action.tool.clone(), key.clone())),
            _ => None,
        }) else {
            return Err(DriveError::UnknownCall);
        };
        let verify = self.world.tools.verify(&tool, &key).ok_or(DriveError::CannotTell)?;
        let settlement = match verify.await {
            Ok(Verified::Happened(result)) => Settlement::Happened { result },
            Ok(Verified::DidNotHappen) => Settlement::DidNotHappen,
            Ok(Verified::Unknown) => return Err(DriveError::CannotTell),
            Err(message) => return Err(DriveError::CheckFailed(message)),
        };
        let by =
            Approver { id: tool, name: String::new(), channel: "tool".to_owned(), trusted: true };
        self.settle(call, settlement, by).await
    }

    /// Stops a run. What has been started is waited for.
    ///
    /// # Errors
    /// Why it was not stopped.
    pub async fn cancel(&self, run: &RunId, by: Approver) -> Result<(), DriveError> {
        let kept = self.runs.borrow().get(run).cloned().ok_or(DriveError::UnknownRun)?;
        self.feed(&kept, Input::Cancelled { by }).await
    }

    /// Leaves a run to someone else. From then on nothing of it is decided or done here.
    ///
    /// # Errors
    /// Why it was not left; then nothing has changed.
    pub async fn hand_over(&self, run: &RunId, to: String, by: Approver) -> Result<(), DriveError> {
        let kept = self.runs.borrow().get(run).cloned().ok_or(DriveError::UnknownRun)?;
        self.feed(&kept, Input::HandedOver { to, by }).await
    }

    /// Tries again what failed: saves what is unsaved, reads what could not be read, asks the
    /// model again, starts what may start.
    pub async fn retry(&self, run: &RunId) {
        let Some(kept) = self.runs.borrow().get(run).cloned() else { return };
        // What is being saved comes first; often that was all of the trouble.
        drop(kept.gate.lock().await);
        if kept.trouble.get().is_none() {
            return;
        }
        let unsaved = std::mem::take(&mut *kept.unsaved.borrow_mut());
        if let Some(TroubleKind::Retrying { .. }) = kept.trouble.get() {
            kept.stop_asking();
        }
        self.show_trouble(&kept, None);
        if kept.run.borrow().is_none() {
            let _gate = kept.gate.lock().await;
            if self.read(&kept).await.is_ok() {
                self.take_over(&kept);
            }
            return;
        }
        for input in unsaved {
            self.tell(&kept, input).await;
        }
        // An answer that is still not saved is not asked for again.
        if kept.unsaved.borrow().is_empty() {
            self.perform_outstanding(&kept);
        }
    }

    /// Another tab says that this run changed.
    pub async fn refresh(&self, run: &RunId) {
        let kept = self.kept(run);
        let _gate = kept.gate.lock().await;
        let is_new = kept.run.borrow().is_none();
        if self.catch_up(&kept).await.is_err() || !is_new {
            return;
        }
        let rests = kept.run.borrow().as_ref().is_none_or(|run| record::rests(run));
        if !rests {
            self.take_over(&kept);
        }
    }

    /// The set of tools changed: calls that waited for one may start.
    pub fn tools_changed(&self) {
        for kept in self.all() {
            let waits = |effect: &Effect| matches!(effect, Effect::StartTool { .. });
            let starts = kept.run.borrow().as_ref().map(|run| run.outstanding());
            self.perform(&kept, starts.into_iter().flatten().filter(waits));
            self.ask_about_changed_tools(&kept);
        }
    }

    /// The network is back: runs that waited for it ask again.
    pub async fn online(&self) {
        for kept in self.all() {
            if kept.trouble.get() == Some(TroubleKind::Offline) {
                self.retry(&kept.id).await;
            }
        }
    }

    /// Removes the runs of one thread, or of all; those under way are stopped first.
    ///
    /// # Errors
    /// The store's.
    pub async fn clear(&self, thread: Option<&ThreadId>, by: Approver) -> Result<(), DriveError> {
        for kept in self.all() {
            let is_meant = kept
                .run
                .borrow()
                .as_ref()
                .is_none_or(|run| thread.is_none_or(|thread| run.spec().thread == *thread));
            if is_meant {
                // A run that is over, or that cannot be read, has nothing to stop.
                let _ = self.cancel(&kept.id, by.clone()).await;
                kept.lease.take();
                kept.stop_asking();
                // Whatever still comes back to it is for nobody.
                kept.run.take();
                self.runs.borrow_mut().remove(&kept.id);
            }
        }
        let World { store, runtime, .. } = &self.world;
        in_time(&**runtime, store.clear(thread)).await?;
        if thread.is_none() {
            self.before.set(None);
        }
        self.world.observer.cleared(thread);
        Ok(())
    }

    /// The run as of its last durable entry.
    pub fn run(&self, run: &RunId) -> Option<Rc<Run>> {
        self.runs.borrow().get(run).and_then(|kept| kept.run.borrow().clone())
    }

    /// The run that a call belongs to, as of its last durable entry.
    pub fn run_of(&self, call: &CallId) -> Option<Rc<Run>> {
        self.owner(call).ok().and_then(|kept| kept.run.borrow().clone())
    }

    /// All runs that can be read, oldest first.
    pub fn runs(&self) -> Vec<Rc<Run>> {
        let mut runs: Vec<_> =
            self.all().iter().filter_map(|kept| kept.run.borrow().clone()).collect();
        sort(&mut runs, |a, b| a.started_at() < b.started_at());
        runs
    }

    fn all(&self) -> Vec<Rc<Kept>> {
        self.runs.borrow().values().cloned().collect()
    }

    fn owner(&self, call: &CallId) -> Result<Rc<Kept>, DriveError> {
        self.all()
            .into_iter()
            .find(|kept| kept.run.borrow().as_ref().is_some_and(|run| run.find(call).is_some()))
            .ok_or(DriveError::UnknownCall)
    }

    fn kept(&self, run: &RunId) -> Rc<Kept> {
        let mut runs = self.runs.borrow_mut();
        if let Some(kept) = runs.get(run) {
            return Rc::clone(kept);
        }
        let kept = Rc::new(Kept {
            id: run.clone(),
            gate: Mutex::new(()),
            run: RefCell::default(),
            lease: RefCell::default(),
            is_claimed: Cell::default(),
            under_way: Cell::default(),
            asking: RefCell::default(),
            unsaved: RefCell::default(),
            quarantined: Cell::new(false),
            watched: RefCell::default(),
            trouble: Cell::new(None),
        });
        runs.insert(run.clone(), Rc::clone(&kept));
        kept
    }
}

/// How many runs that are over are read.
const NEWEST_MAX: usize = 50;
