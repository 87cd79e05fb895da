//! What follows from a step, done in the background; what comes of it goes back in as an input.

use std::rc::Rc;

use holdpoint_core::id::CallId;
use holdpoint_core::run::{Effect, Input, Progress, Rejection};

use super::ports::{ToolRequest, Trouble, TroubleKind};
use super::{DriveError, Driver, Kept};

impl Driver {
    /// Does what is to be done. All but the last kind is for the holder alone; a tab that is not
    /// has told the holder when it saved the entry.
    pub(super) fn perform(&self, kept: &Rc<Kept>, effects: impl IntoIterator<Item = Effect>) {
        for effect in effects {
            match effect {
                Effect::CallModel { turn } if self.may_begin(kept) => self.ask_model(kept, turn),
                Effect::StartTool { call } if self.may_begin(kept) => {
                    let (driver, kept) = (self.clone(), Rc::clone(kept));
                    self.spawn(async move { driver.start_tool(&kept, call).await });
                }
                Effect::CallTool { call, attempt, tool, arguments, key } => {
                    let timeout_ms = kept
                        .run
                        .borrow()
                        .as_ref()
                        .map_or(u32::MAX, |run| run.spec().limits.tool_timeout_ms);
                    let run = kept.id.clone();
                    let request =
                        ToolRequest { run, call: call.clone(), tool, arguments, key, timeout_ms };
                    let outcome = self.world.tools.call(request);
                    let (driver, called) = (self.clone(), Rc::clone(kept));
                    let told = async move {
                        let outcome = outcome.await;
                        driver.tell(&called, Input::ToolFinished { call, attempt, outcome }).await;
                    };
                    self.spawn_for(kept, Box::pin(told));
                }
                _ => {}
            }
        }
        self.abort_cancelled(kept);
    }

    /// Whether this is who does what has not begun yet.
    fn may_begin(&self, kept: &Kept) -> bool {
        kept.lease.borrow().is_some() && !self.is_away.get()
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.world.runtime.spawn(Box::pin(task));
    }

    async fn start_tool(&self, kept: &Rc<Kept>, call: CallId) {
        let start = Input::ToolStarted { call: call.clone() };
        let mut started = Err(Rejection::NotYet.into());
        // A clock that was put back in between makes it too early once more.
        while started == Err(Rejection::NotYet.into()) {
            if !self.wait_out(kept, &call).await {
                return;
            }
            let _gate = kept.gate.lock().await;
            if !self.may_begin(kept) {
                return;
            }
            started = self.advance(kept, start.clone()).await;
        }
        match started {
            Ok(()) => {
                if kept.trouble.get() == Some(TroubleKind::Tool) {
                    self.show_trouble(kept, None);
                }
            }
            Err(DriveError::Rejected(
                rejection @ (Rejection::ToolMissing(_) | Rejection::ToolChanged(_)),
            )) => {
                let trouble = DriveError::Rejected(rejection).trouble(TroubleKind::Tool);
                self.show_trouble(kept, Some(trouble));
            }
            Err(DriveError::Store(error)) => {
                // Nothing was started, so there is nothing to keep: a retry starts it.
                if !kept.quarantined.get() {
                    self.show_trouble(kept, Some(Trouble::of_store(&error)));
                }
            }
            Err(_) => {}
        }
    }

    /// Waits until a call cannot be taken back any more; whether it may begin then.
    async fn wait_out(&self, kept: &Kept, call: &CallId) -> bool {
        let until = kept.run.borrow().as_ref().and_then(|run| {
            let (_, slot) = run.find(call)?;
            match slot.progress {
                Progress::Delayed { until } => Some(until),
                _ => None,
            }
        });
        match until {
            Some(until) => self.wait_until(kept, until).await,
            None => true,
        }
    }

    /// Tells tools under way that their run was stopped.
    fn abort_cancelled(&self, kept: &Kept) {
        let run = kept.run.borrow().clone();
        let Some(run) = run else { return };
        let holdpoint_core::run::State::Acting { turn, cancelled: true } = run.state() else {
            return;
        };
        for slot in &turn.slots {
            if matches!(slot.progress, Progress::Started { .. }) {
                self.world.tools.abort(&slot.action.id);
            }
        }
    }
}
