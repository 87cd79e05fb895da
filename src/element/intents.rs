//! What a person asks for in the views, done.

use futures_util::future::{Either, select};
use holdpoint_core::approval::Decision;
use holdpoint_core::id::{CallId, RunId};
use holdpoint_core::json::Digest;

use super::work::Works;
use crate::driver::DriveError;
use crate::view::state::Intent;

impl Works {
    /// Does one of them, and says where it did not work.
    pub(super) async fn carry_out(&self, intent: Intent) {
        if let Some(done) = self.at_worker(&intent) {
            return done.await;
        }
        let by = |trusted| self.by("card", trusted);
        let done = match intent {
            Intent::Send(text) => self.start(text, None, None).await.map(drop),
            Intent::Approve { call, digest, arguments, trusted, rule } => {
                let decision = Decision::Approve { arguments, note: None };
                let done = self.decide_on_card(call.clone(), decision, digest, trusted).await;
                done.and_then(|()| rule.map_or(Ok(()), |rule| self.remember(&call, rule)))
            }
            Intent::Answer { call, digest, text, trusted } => {
                self.decide_on_card(call, Decision::Answer { text }, digest, trusted).await
            }
            // Another tab may have recorded it, or decided, a moment ago.
            Intent::Viewed { call, digest } => {
                self.driver.viewed(&call, digest, by(true)).await.or_else(unless_rejected)
            }
            Intent::Extend { call } => self.driver.extend(&call, by(true)).await,
            Intent::TakeBack { call } => self.driver.take_back(&call, by(true)).await,
            Intent::AskAnew { call } => self.driver.ask_anew(&call).await,
            Intent::Revoke(rule) => self.revoke(&rule),
            Intent::Deny { call, digest, reason, trusted } => {
                self.decide_on_card(call, Decision::Deny { reason }, digest, trusted).await
            }
            Intent::Settle { call, settlement, trusted } => {
                self.driver.settle(&call, settlement, by(trusted)).await
            }
            Intent::Check { call } => self.driver.check(&call).await,
            Intent::Retry(run) => {
                self.driver.retry(&run).await;
                Ok(())
            }
            Intent::Stop(run) => self.driver.cancel(&run, by(true)).await,
            Intent::Earlier => {
                let read = self.app.at_once(self.driver.read_earlier()).await;
                self.look_for_earlier();
                read.map_err(DriveError::from)
            }
            Intent::Crash(step) => {
                self.crash(step).await;
                Ok(())
            }
            Intent::Export(run) => {
                self.save_run(&run).await;
                Ok(())
            }
            Intent::Seal { run, passphrase, moves } => {
                self.seal(run, passphrase, moves).await;
                Ok(())
            }
            Intent::Unseal { file, passphrase } => {
                self.unseal(file, passphrase).await;
                Ok(())
            }
            Intent::Notify(on) => {
                if let Err(words) = self.app.notices.turn(on).await {
                    self.app.say(self.shell.shown.speaking(|| words.get()));
                }
                self.have_pushed().await;
                Ok(())
            }
            Intent::SaveAudit { format, filter } => {
                self.save_audit(format, filter).await;
                Ok(())
            }
            Intent::Show { run, call } => {
                self.show(&run, call).await;
                Ok(())
            }
            // It was decided, or its worker is not followed any more.
            Intent::ShowAtWorker(_) => Ok(()),
            // These are the shell's.
            Intent::Inbox(_) | Intent::Each(_) | Intent::Open(_) | Intent::Prepare => Ok(()),
        };
        if let Err(error) = done {
            self.tell_of(&error);
        }
    }

    /// Goes to a call, in the conversation that it belongs to.
    pub(super) async fn show(&self, run: &RunId, call: CallId) {
        self.read(run).await;
        let shown = self.shell.shown;
        if self.driver.run(run).is_some_and(|run| run.find(&call).is_some()) {
            shown.target.set(Some(call));
        } else {
            // What is wrong with its record stands in the conversation.
            shown.inbox.set(false);
        }
    }

    /// Reads a run that was not read at first because it is long over.
    pub(super) async fn read(&self, run: &RunId) {
        if self.driver.run(run).is_none() {
            self.driver.refresh(run).await;
        }
    }

    pub(super) fn tell_of(&self, error: &DriveError) {
        let words = error.to_string();
        self.shell.page.error(error.code(), &words, error.fix());
        self.shell.shown.say_fault(error.code(), &words, error.fix());
    }

    async fn decide_on_card(
        &self,
        call: CallId,
        decision: Decision,
        digest: Digest,
        trusted: bool,
    ) -> Result<(), DriveError> {
        let by = self.by("card", trusted);
        let run = self.driver.run_of(&call).ok_or(DriveError::UnknownCall)?;
        let saving = self.app.shown_run(run.id()).saving;
        // The card knows at once, so that a second click does nothing. It shows it only where it
        // takes long: the browser would draw that first and answer the store later.
        saving.put(Some(call.clone()));
        let decided = self.driver.decide(&call, decision, digest, by);
        let (done, is_shown) =
            match select(Box::pin(decided), self.shell.runtime.sleep(LONG_MS)).await {
                Either::Left((done, _)) => (done, false),
                Either::Right(((), decided)) => {
                    saving.tell();
                    (decided.await, true)
                }
            };
        saving.put(None);
        if is_shown || done.is_err() {
            saving.tell();
        }
        done
    }
}

/// What did not fit is no fault of anyone's; what could not be saved is told.
fn unless_rejected(error: DriveError) -> Result<(), DriveError> {
    if let DriveError::Rejected(_) = error { Ok(()) } else { Err(error) }
}

/// How long a person does not notice that something is being saved.
const LONG_MS: u64 = 100;
