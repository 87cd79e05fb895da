//! What there is to do about a call that is held, or was just let go, beside deciding: to look, to
//! ask for more time, to take an approval back, and to see whether what was shown is still so.

use std::rc::Rc;

use holdpoint_core::approval::Approver;
use holdpoint_core::id::{CallId, Timestamp};
use holdpoint_core::json::Digest;
use holdpoint_core::plan::{Action, Note};
use holdpoint_core::policy::Verdict;
use holdpoint_core::run::{Effect, Input, Run};
use holdpoint_core::tool::Toolbox;
use serde_json::Value;

use super::{DriveError, Driver, Kept};

impl Driver {
    /// Records that a card was in front of a person. That it was recorded already is no error.
    ///
    /// # Errors
    /// The store's, and that the card does not show what is held.
    pub async fn viewed(
        &self,
        call: &CallId,
        digest: Digest,
        by: Approver,
    ) -> Result<(), DriveError> {
        let kept = self.owner(call)?;
        self.feed(&kept, Input::Viewed { call: call.clone(), digest, by }).await
    }

    /// Gives a person more time to decide.
    ///
    /// # Errors
    /// Why not; then nothing has changed.
    pub async fn extend(&self, call: &CallId, by: Approver) -> Result<(), DriveError> {
        let kept = self.owner(call)?;
        self.feed(&kept, Input::Extended { call: call.clone(), by }).await
    }

    /// Takes an approval back before the call begins.
    ///
    /// # Errors
    /// Why not; then nothing has changed.
    pub async fn take_back(&self, call: &CallId, by: Approver) -> Result<(), DriveError> {
        let kept = self.owner(call)?;
        self.feed(&kept, Input::TakenBack { call: call.clone(), by }).await
    }

    /// Asks the page anew what it says of a call that is held.
    ///
    /// # Errors
    /// [`holdpoint_core::run::Rejection::Unchanged`] where it is what is shown; else why not.
    pub async fn ask_anew(&self, call: &CallId) -> Result<(), DriveError> {
        let kept = self.owner(call)?;
        let action = self.held_action(&kept, call)?;
        let state = self.state_of(&action).await;
        self.refresh_call(&kept, &action, state).await
    }

    async fn refresh_call(
        &self,
        kept: &Rc<Kept>,
        action: &Action,
        state: Option<Value>,
    ) -> Result<(), DriveError> {
        let mut note = self.note(action, &self.world.tools.toolbox()).await;
        note.precondition = state;
        self.feed(kept, Input::Refreshed { call: action.id.clone(), note }).await
    }

    /// Whether what a call is about is still as it was shown. Where it is not, the call is asked
    /// about anew, and whoever was about to approve it sees what has changed.
    pub(super) async fn check_fresh(
        &self,
        kept: &Rc<Kept>,
        call: &CallId,
    ) -> Result<(), DriveError> {
        let action = self.held_action(kept, call)?;
        let Some(now) = self.world.tools.precondition(&action) else { return Ok(()) };
        let now = Some(now.await.map_err(DriveError::CheckFailed)?);
        if action.precondition == now {
            return Ok(());
        }
        self.refresh_call(kept, &action, now).await?;
        Err(DriveError::ChangedSince)
    }

    /// What the page says of each call of an answer, before it is taken in.
    pub(super) async fn notes(&self, actions: &[Action]) -> Vec<Note> {
        let toolbox = self.world.tools.toolbox();
        let mut notes = Vec::with_capacity(actions.len());
        for action in actions {
            let mut note = self.note(action, &toolbox).await;
            if is_asked(action, &note) {
                note.precondition = self.state_of(action).await;
            }
            notes.push(note);
        }
        notes
    }

    /// Of a call that a person is asked about, with its effect and the tool's schema.
    async fn note(&self, action: &Action, toolbox: &Toolbox) -> Note {
        let tools = &self.world.tools;
        let mut note = tools.note(action);
        if is_asked(action, &note) {
            note.schema = toolbox.get(&action.tool).map(|tool| tool.input_schema.clone());
            if let Some(preview) = tools.preview(action) {
                note.preview = preview.await;
            }
        }
        note
    }

    /// The state of things that a call is about. One that cannot be told is shown as that, and asked
    /// for again at the click.
    async fn state_of(&self, action: &Action) -> Option<Value> {
        let now = self.world.tools.precondition(action)?;
        Some(now.await.unwrap_or_else(Value::String))
    }

    fn held_action(&self, kept: &Kept, call: &CallId) -> Result<Action, DriveError> {
        let run = kept.run.borrow().clone().ok_or(DriveError::Unreadable)?;
        let slot = run.find(call).map(|(_, slot)| slot).ok_or(DriveError::UnknownCall)?;
        Ok(slot.action.clone())
    }

    /// Asks anew about calls that are held and whose tool is not what it was.
    pub(super) fn ask_about_changed_tools(&self, kept: &Rc<Kept>) {
        let Some(run) = kept.run.borrow().clone() else { return };
        if kept.lease.borrow().is_none() {
            return;
        }
        let toolbox = self.world.tools.toolbox();
        for effect in run.outstanding() {
            let Effect::RequestApproval { call } = effect else { continue };
            let changed = run.find(&call).is_some_and(|(_, slot)| {
                let tool = toolbox.get(&slot.action.tool);
                tool.is_some_and(|tool| tool.digest != slot.action.tool_digest)
            });
            if changed {
                let driver = self.clone();
                // Where the tool does not take the call any more, the card says so.
                self.spawn(async move { drop(driver.ask_anew(&call).await) });
            }
        }
    }

    /// Waits beside each call whose time to decide ends, and says so when it does.
    pub(super) fn watch_expiries(&self, kept: &Rc<Kept>, run: &Run) {
        if kept.lease.borrow().is_none() {
            return;
        }
        for effect in run.outstanding() {
            let Effect::RequestApproval { call } = effect else { continue };
            let end = run.find(&call).and_then(|(_, slot)| slot.ends_at());
            let Some(end) = end else { continue };
            let is_known = kept.watched.borrow().get(&call) == Some(&end);
            if is_known {
                continue;
            }
            kept.watched.borrow_mut().insert(call.clone(), end);
            let (driver, kept) = (self.clone(), Rc::clone(kept));
            self.spawn(async move {
                if driver.wait_until(&kept, end).await {
                    driver.tell(&kept, Input::Expired { call }).await;
                }
            });
        }
    }

    /// Waits for a time; whether this tab still acts by then.
    pub(super) async fn wait_until(&self, kept: &Kept, end: Timestamp) -> bool {
        let runtime = &self.world.runtime;
        while runtime.now() < end {
            // A timer of weeks overflows, and one that slept through is late: look again.
            let left = end.as_millis() - runtime.now().as_millis();
            runtime.sleep(left.min(LOOK_MS)).await;
            let still_holds = kept.lease.borrow().is_some();
            if !still_holds {
                return false;
            }
        }
        true
    }
}

/// Whether a person is asked about a call, by its rule or by what the page says of it.
fn is_asked(action: &Action, note: &Note) -> bool {
    action.ruling.verdict == Verdict::Ask || note.raise.is_some()
}

/// How often whoever waits looks at the clock at least.
const LOOK_MS: u64 = 60 * 60 * 1000;
