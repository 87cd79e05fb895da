//! The head of a card: how risky it is, how long it waits, and which of several it is.

use holdpoint_core::id::CallId;
use holdpoint_core::id::Timestamp;
use holdpoint_core::plan::Action;
use holdpoint_core::policy::{OnExpiry, Verdict};
use holdpoint_core::run::{Progress, Run, State};

use super::Card;
use crate::text::{self, Text};
use crate::view::desk::button;
use crate::view::facts::risk;
use crate::view::state::Intent;
use crate::view::tag::{Keyed, Tag, icon, keyed, tag};

impl Card {
    pub(super) fn strip(self, action: &Action) -> Tag {
        let (_, words, path) = risk(action);
        let on_expiry = action.ruling.on_expiry;
        tag("div")
            .part("card-strip")
            .child(tag("span").class("risk").child(icon(path)).text(words))
            .one(move || self.expiry(on_expiry))
            .child(tag("span").class("position").live_text(move || {
                match self.call.with(|call| self.run.read(|run| place(run, call))) {
                    Some((at, of)) if of > 1 => text::position(at, of),
                    _ => String::new(),
                }
            }))
    }

    /// Until when there is time, what comes then, and a way to have more.
    fn expiry(self, on_expiry: OnExpiry) -> Option<Keyed> {
        let (expires, lapsed) = self.due()?;
        let end = expires.map(Timestamp::as_millis)?;
        let then = match on_expiry {
            _ if lapsed => return None,
            OnExpiry::Deny => text::THEN_DENIED,
            OnExpiry::AskAgain => text::THEN_ASKED,
            OnExpiry::Never => text::THEN_LATE,
        };
        Some(keyed(end.to_string(), move || {
            let left = move || end.saturating_sub(self.now.get());
            let words =
                tag("span").class("expiry-words").set("title", then).live_text(
                    move || match left() {
                        0 => text::LATE.get(),
                        left => text::expires_in(left),
                    },
                );
            let more = self.extend("extend-button", text::MORE_TIME);
            tag("span")
                .part("expiry")
                .bind("data-soon", move || (left() < SOON_MS).then(String::new))
                .child(words)
                .child(tag("span").class("visually-hidden").text(then))
                .child(more)
        }))
    }

    /// Until when a person may decide, and whether that is over.
    pub(super) fn due(self) -> Option<(Option<Timestamp>, bool)> {
        self.call.with(|call| {
            self.run.slot(call, |slot| match slot.progress {
                Progress::Held { expires, lapsed, .. } => Some((expires, lapsed)),
                _ => None,
            })
        })?
    }

    /// What there is to say of a card whose time is over.
    pub(super) fn lapsed_note(self) -> Option<Keyed> {
        self.due().is_some_and(|(_, lapsed)| lapsed).then(|| {
            keyed("", move || {
                let again = self.extend("again-button", text::ASK_AGAIN);
                tag("div").part("lapsed").child(tag("p").text(text::LAPSED)).child(again)
            })
        })
    }

    /// A button for more time.
    fn extend(self, part: &'static str, words: Text) -> Tag {
        button(part).text(words).on("click", move |event| {
            if let Some(call) = self.call.peek().filter(|_| event.is_trusted()) {
                self.desk.send(Intent::Extend { call });
            }
        })
    }
}

/// The place of a call among those of its turn that need a person, decided ones included.
fn place(run: &Run, call: &CallId) -> Option<(usize, usize)> {
    let State::Acting { turn, .. } = run.state() else { return None };
    let asked = turn.slots.iter().filter(|slot| slot.action.ruling.verdict == Verdict::Ask);
    let at = asked.clone().position(|slot| slot.action.id == *call)?;
    Some((at + 1, asked.count()))
}

/// With less time than this, a person is warned.
const SOON_MS: u64 = 2 * 60 * 1000;
