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
            let is_holder = kept.lease.borrow().is_some();
            match effect {
                Effect::CallModel { turn } if is_holder => self.ask_model(kept, turn),
                Effect::StartTool { call } if is_holder => {
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
                    let (driver, kept) = (self.clone(), Rc::clone(kept));
                    self.spawn(async move {
                        let outcome = outcome.await;
                        driver.tell(&kept, Input::ToolFinished { call, attempt, outcome }).await;
                    });
                }
                Effect::RequestApproval { call } if is_holder => self.watch_expiry(kept, call),
                _ => {}
            }
        }
        self.abort_cancelled(kept);
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.world.runtime.spawn(Box::pin(task));
    }

    async fn start_tool(&self, kept: &Rc<Kept>, call: CallId) {
        match self.feed(kept, Input::ToolStarted { call }).await {
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

    fn watch_expiry(&self, kept: &Rc<Kept>, call: CallId) {
        let expires = {
            let run = kept.run.borrow();
            let slot = run.as_ref().and_then(|run| run.find(&call)).map(|(_, slot)| slot);
            match slot.map(|slot| &slot.progress) {
                Some(Progress::Held { expires: Some(expires), .. }) => *expires,
                _ => return,
            }
        };
        let (driver, kept) = (self.clone(), Rc::clone(kept));
        self.spawn(async move {
            let runtime = Rc::clone(&driver.world.runtime);
            while runtime.now() < expires {
                // A timer of weeks overflows, and one that slept through is late: look again.
                let left = expires.as_millis() - runtime.now().as_millis();
                runtime.sleep(left.min(EXPIRY_LOOK_MS)).await;
                let still_holds = kept.lease.borrow().is_some();
                if !still_holds {
                    return;
                }
            }
            driver.tell(&kept, Input::Expired { call }).await;
        });
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

/// How often a waiting expiry looks at the clock at least.
const EXPIRY_LOOK_MS: u64 = 60 * 60 * 1000;
