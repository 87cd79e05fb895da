//! What was decided elsewhere: in another tab, or in a notification.

use holdpoint_core::approval::Approver;
use holdpoint_core::id::RunId;
use holdpoint_core::run::{Outcome, Run, Slot};

use super::app::held;
use super::work::Works;
use crate::text::{self, Text};
use holdpoint_core::escape::visible_text;

impl Works {
    /// Reads a run again, and says who decided about a call of it meanwhile.
    pub(super) async fn look_at(&self, run: &RunId) {
        let before = self.driver.run(run);
        self.driver.refresh(run).await;
        let both = before.zip(self.driver.run(run));
        let words = || both.and_then(|(old, new)| decided_between(&old, &new));
        if let Some(words) = self.shell.shown.speaking(words) {
            self.app.say(words);
        }
    }

    /// Takes in what was decided in notifications, and says so.
    pub(super) async fn take_deferred(&self) {
        let by = self.by("notification", true);
        // What the store does not give now, the next look finds.
        for (deferred, error) in self.driver.take_deferred(&by).await.unwrap_or_default() {
            let run = self.driver.run(&deferred.run);
            let Some((_, slot)) = run.as_ref().and_then(|run| run.find(&deferred.call)) else {
                continue;
            };
            let done = if deferred.approves { text::ROW_APPROVED } else { text::ROW_DENIED };
            match error {
                None => self.app.say(self.shell.shown.speaking(|| in_words(slot, &by, done))),
                // Another page that is open may have been faster, which is all that is wanted.
                Some(error) if slot.progress.needs_person() => self.tell_of(&error),
                Some(_) => {}
            }
        }
    }
}

/// What somebody else has decided, in words: who, where and about what.
fn decided_between(before: &Run, after: &Run) -> Option<String> {
    held(before).find_map(|(_, slot)| {
        let (_, now) = after.find(&slot.action.id)?;
        let (by, done) = match now.outcome() {
            Some(Outcome::Denied { by, .. }) => (by, text::ROW_DENIED),
            Some(Outcome::Answered { by, .. }) => (by, text::ROW_ANSWERED),
            Some(Outcome::Confirmed(by)) => (by, text::ROW_CONFIRMED),
            _ => (&now.permit.as_ref()?.by, text::ROW_APPROVED),
        };
        Some(in_words(slot, by, done))
    })
}

fn in_words(slot: &Slot, by: &Approver, done: Text) -> String {
    let place = match by.channel.as_str() {
        "notification" => text::IN_NOTIFICATION,
        _ => text::IN_TAB,
    };
    let done = match by.name.as_str() {
        "" => done.get(),
        name => text::row_by(done, &visible_text(name)),
    };
    text::elsewhere(place, &done, &what(slot))
}

/// The sentence of a call, as one text.
fn what(slot: &Slot) -> String {
    let action = &slot.action;
    visible_text(action.summary.as_ref().unwrap_or(&action.title))
}
