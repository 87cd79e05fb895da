//! How the copy of a run in memory follows its journal: one fact in, one entry out, and what someone
//! else wrote read again. See the contract in the room's `mod.rs`.

use std::rc::Rc;

use futures_util::future::{Either, select};
use holdpoint_core::journal::{Entry, Head, Record};
use holdpoint_core::run::{Effect, Input, Rejection, Run, replay};

use super::ports::{
    Append, Basis, CallRow, PATIENCE_MS, RunRow, StoreError, StoredRun, Trouble, TroubleKind,
    World, in_time,
};
use super::{DriveError, Driver, Kept};

impl Driver {
    /// Takes one input in, and does what follows from it.
    pub(super) async fn feed(&self, kept: &Rc<Kept>, input: Input) -> Result<(), DriveError> {
        let _gate = kept.gate.lock().await;
        self.advance(kept, input).await
    }

    /// Feeds a fact that no one will tell again; keeps it where it cannot be saved.
    pub(super) async fn tell(&self, kept: &Rc<Kept>, input: Input) {
        match self.feed(kept, input.clone()).await {
            Err(DriveError::Store(error)) => {
                kept.unsaved.borrow_mut().push(input);
                self.show_trouble(kept, Some(Trouble::of_store(&error)));
            }
            // What cannot be written so that it reads the same again is not taken; a person says
            // whether the model is asked once more.
            Err(error @ DriveError::Rejected(Rejection::Misfit)) => {
                self.show_trouble(kept, Some(error.trouble(TroubleKind::Model)));
            }
            _ => {}
        }
    }

    /// Decides one input, saves it and does what follows; the gate is held.
    pub(super) async fn advance(&self, kept: &Rc<Kept>, input: Input) -> Result<(), DriveError> {
        for _ in 0..CONFLICTS_MAX {
            if kept.quarantined.get() {
                return Err(DriveError::Unreadable);
            }
            let run = kept.run.borrow().clone().ok_or(DriveError::Unreadable)?;
            let toolbox = self.world.tools.toolbox();
            let now = self.world.runtime.now();
            let step = Run::clone(&run).step(now, input.clone(), &toolbox);
            let next = Rc::new(step.run);
            let mut effects = step.effects.into_iter();
            match effects.next() {
                Some(Effect::Append(entry)) => {
                    match self.save(kept, run.head(), &next, &entry).await {
                        Ok(()) => {
                            // What follows is begun first, and views are told while it is under way.
                            self.perform(kept, effects);
                            self.tell_of(kept, &next, &entry);
                            return Ok(());
                        }
                        Err(StoreError::Conflict) => self.catch_up(kept).await?,
                        Err(error) => {
                            if matches!(error, StoreError::Altered { .. }) {
                                self.quarantine(kept, Trouble::of_store(&error));
                            }
                            return Err(error.into());
                        }
                    }
                }
                Some(Effect::Reject(rejection)) => return Err(rejection.into()),
                _ => return Err(DriveError::Unreadable),
            }
        }
        Err(StoreError::Conflict.into())
    }

    pub(super) async fn save(
        &self,
        kept: &Kept,
        expected: &Head,
        run: &Rc<Run>,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        let append = Append {
            expected: *expected,
            row: RunRow::of(run),
            calls: CallRow::changed(kept.run.borrow().as_deref(), run),
            seq: entry.seq,
            text: entry.to_text(),
            more: Vec::new(),
            strict: entry.record.is_strict(),
            basis: basis(run, &entry.record),
        };
        self.append(kept, append).await?;
        kept.run.replace(Some(Rc::clone(run)));
        Ok(())
    }

    /// INVARIANT: an append is never given up. It may land at any time until the store says that it
    /// did not, and nobody can say which of the two it is, so the gate stays closed: nothing else
    /// is decided on a state that may be an old one, and nothing is done that the entry allows.
    async fn append(&self, kept: &Kept, append: Append) -> Result<(), StoreError> {
        let patience = self.world.runtime.sleep(PATIENCE_MS);
        match select(self.world.store.append(append), patience).await {
            Either::Left((done, _)) => done,
            Either::Right(((), append)) => {
                self.show_trouble(kept, Some(Trouble::of_store(&StoreError::Silent)));
                let done = append.await;
                self.show_trouble(kept, None);
                done
            }
        }
    }

    /// Tells of an entry that is durable.
    pub(super) fn tell_of(&self, kept: &Rc<Kept>, run: &Rc<Run>, entry: &Entry) {
        self.world.observer.tell_others(run.id());
        self.world.observer.run_changed(run);
        self.world.observer.appended(run, entry);
        self.settle_down(kept, run);
    }

    /// Reads what someone else has written and does what follows from it; the gate is held.
    pub(super) async fn catch_up(&self, kept: &Rc<Kept>) -> Result<(), DriveError> {
        let before = kept.run.borrow().as_ref().map(|run| run.outstanding()).unwrap_or_default();
        self.read(kept).await?;
        if let Some(run) = kept.run.borrow().clone() {
            let news = run.outstanding().into_iter().filter(|effect| !before.contains(effect));
            self.perform(kept, news.collect::<Vec<_>>());
            self.settle_down(kept, &run);
        }
        Ok(())
    }

    /// Reads a run from the store alone; the gate is held. What is in memory is not looked at.
    pub(super) async fn read(&self, kept: &Rc<Kept>) -> Result<(), DriveError> {
        let World { store, runtime, .. } = &self.world;
        let stored = match in_time(&**runtime, store.read(&kept.id, 0)).await {
            Ok(Some(stored)) => stored,
            Ok(None) => {
                self.runs.borrow_mut().remove(&kept.id);
                if kept.run.borrow().is_none() {
                    return Err(DriveError::UnknownRun);
                }
                // It was there: someone, or the browser, has deleted it.
                self.quarantine(kept, Trouble::of_store(&StoreError::Cleared));
                return Err(StoreError::Cleared.into());
            }
            Err(error) => {
                self.show_trouble(kept, Some(Trouble::of_store(&error)));
                return Err(error.into());
            }
        };
        let StoredRun { row, entries } = stored;
        match replay(&kept.id, Some(&row.head), entries.iter().map(String::as_str)) {
            Ok(run) => {
                let run = Rc::new(run);
                kept.run.replace(Some(Rc::clone(&run)));
                self.world.observer.run_changed(&run);
                Ok(())
            }
            Err(error) => {
                let fix = "nothing of this run will be executed; export it, find out what changed \
                           it, and ask again";
                self.quarantine(
                    kept,
                    Trouble {
                        code: error.code().to_owned(),
                        message: error.to_string(),
                        fix: fix.to_owned(),
                        kind: TroubleKind::Quarantined,
                    },
                );
                Err(DriveError::Unreadable)
            }
        }
    }

    /// Becomes the one that acts, once no one else is.
    pub(super) fn take_over(&self, kept: &Rc<Kept>) {
        if kept.is_claimed.replace(true) {
            return;
        }
        let (driver, kept) = (self.clone(), Rc::clone(kept));
        let lease = self.world.leases.hold(&kept.id);
        self.world.runtime.spawn(Box::pin(async move {
            let lease = lease.await;
            let _gate = kept.gate.lock().await;
            kept.is_claimed.set(false);
            if driver.is_away.get() {
                return;
            }
            // It may have gone on, or ended, while this tab waited.
            let read = driver.read(&kept).await;
            let rests = |run: &Rc<Run>| rests(run);
            let may_go_on = matches!(read, Ok(()) | Err(DriveError::Store(_)));
            if !may_go_on || kept.quarantined.get() || kept.run.borrow().as_ref().is_none_or(rests)
            {
                return;
            }
            kept.lease.replace(Some(lease));
            kept.watched.take();
            let resumed = match read {
                Ok(()) => driver.advance(&kept, Input::Resumed).await,
                error => error,
            };
            match resumed {
                Ok(()) => {
                    driver.perform_outstanding(&kept);
                    driver.ask_about_changed_tools(&kept);
                }
                Err(DriveError::Store(error)) => {
                    kept.unsaved.borrow_mut().push(Input::Resumed);
                    driver.show_trouble(&kept, Some(Trouble::of_store(&error)));
                }
                Err(_) => {}
            }
        }));
    }

    /// Does all that the state waits for and that is not being done.
    pub(super) fn perform_outstanding(&self, kept: &Rc<Kept>) {
        let outstanding = kept.run.borrow().as_ref().map(|run| run.outstanding());
        self.perform(kept, outstanding.unwrap_or_default());
    }

    /// Ends what a state has no more use for.
    pub(super) fn settle_down(&self, kept: &Rc<Kept>, run: &Run) {
        let asked = kept.asking.borrow().as_ref().map(|asking| asking.turn);
        let is_asked = |e: &Effect| matches!(e, Effect::CallModel { turn } if Some(*turn) == asked);
        let still_asks = !rests(run) && run.outstanding().iter().any(is_asked);
        if !still_asks {
            kept.stop_asking();
            if let Some(TroubleKind::Retrying { .. }) = kept.trouble.get() {
                self.show_trouble(kept, None);
            }
        }
        self.watch_expiries(kept, run);
        if rests(run) {
            kept.lease.take();
            self.show_trouble(kept, None);
        }
        self.let_go_if_idle(kept);
    }

    pub(super) fn quarantine(&self, kept: &Kept, trouble: Trouble) {
        kept.quarantined.set(true);
        kept.lease.take();
        kept.stop_asking();
        self.show_trouble(kept, Some(trouble));
    }

    pub(super) fn show_trouble(&self, kept: &Kept, trouble: Option<Trouble>) {
        let kind = trouble.as_ref().map(|trouble| trouble.kind);
        if kind.is_some() || kept.trouble.get().is_some() {
            kept.trouble.set(kind);
            self.world.observer.trouble(&kept.id, trouble.as_ref());
        }
    }
}

/// Whether there is nothing to do for a run in any tab: it is over, or goes on elsewhere.
pub(super) fn rests(run: &Run) -> bool {
    run.status().is_over() || run.keeper().is_some()
}

/// The entry that a record relies on: what was shown, which must still be what is stored.
fn basis(run: &Run, record: &Record) -> Option<Basis> {
    let (Record::Decided { call, .. }
    | Record::ToolStarted { call, .. }
    | Record::Settled { call, .. }) = record
    else {
        return None;
    };
    run.find(call).map(|(turn, _)| Basis { seq: turn.seq, hash: turn.hash })
}
/// How often an input is decided anew because someone else was faster.
const CONFLICTS_MAX: usize = 16;
