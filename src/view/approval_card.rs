//! The card that asks a person: what will happen, why they are asked, and two ways out.

use holdpoint_core::id::{CallId, Timestamp};
use holdpoint_core::json::Digest;
use holdpoint_core::plan::Action;
use holdpoint_core::policy::Verdict;
use holdpoint_core::run::{Progress, Run, Slot, State};
use leptos::reactive::graph::untrack;

use super::desk::{Desk, button, focus_soon, safely};
use super::facts::{arguments, details, note, risk, said, sentence, what, why};
use super::moment::ticking;
use super::signal::Signal;
use super::state::{Intent, RunShown};
use super::tag::{Handle, Keyed, Tag, icon, keyed, tag};
use super::timer::after;
use crate::driver::ports::TroubleKind;
use crate::text;

/// A card for a call that is held.
pub(super) fn approval_card(desk: Desk, run: RunShown, slot: &Slot) -> Tag {
    let action = &slot.action;
    let card = Card {
        desk,
        run,
        call: Signal::new(action.id.clone()),
        digest: action.digest,
        clock: clock(),
    };
    let id = ["card-", action.id.as_str()].concat();
    let expires = match slot.progress {
        Progress::Held { expires, .. } => expires,
        _ => None,
    };
    tag("section")
        .part("approval-card")
        .set("role", "group")
        .set("aria-labelledby", id.as_str())
        .set("data-risk", risk(action).0)
        .set("data-call", action.id.as_str())
        .bind("data-state", move || Some(card.state().to_owned()))
        .child(card.strip(action, expires))
        .child(safely(tag("h3").part("card-summary").set("id", id), what(action)))
        .child(arguments(&action.arguments))
        .maybe(
            action
                .preview
                .as_ref()
                .and_then(|it| it.as_str())
                .map(|it| said("card-preview", text::EFFECT, it)),
        )
        .child(why(&action.ruling))
        .maybe((action.flagged == Some(false)).then(|| note(text::MODEL_OVERRULED)))
        .maybe(action.reason.as_deref().map(|it| said("card-note", text::AGENT_SAYS, it)))
        .child(details(action))
        .one(move || card.tool_note())
        .child(card.ways_out(&sentence(action)))
}

#[derive(Clone, Copy)]
struct Card {
    desk: Desk,
    run: RunShown,
    call: Signal<CallId>,
    digest: Digest,
    clock: Clock,
}

/// What the page has of the tool.
#[derive(Clone, Copy, PartialEq)]
enum Presence {
    Here,
    Absent,
    Changed,
}

impl Card {
    fn saves(self) -> bool {
        self.call.with(|call| self.run.saves(call))
    }

    fn state(self) -> &'static str {
        let fails = |kind| matches!(kind, Some(TroubleKind::Storage | TroubleKind::Quarantined));
        if self.saves() {
            "storing"
        } else if fails(self.run.trouble.with(|t| t.as_ref().map(|t| t.kind))) {
            "error"
        } else {
            "waiting"
        }
    }

    /// Tools come and go without a signal, so the card looks at each tick of its clock.
    fn presence(self) -> Presence {
        self.clock.now.track();
        let drawn = self.call.with(|call| {
            self.run.slot(call, |slot| (slot.action.tool.clone(), slot.action.tool_digest))
        });
        let (Some((name, digest)), Some(tools)) = (drawn, self.desk.tools()) else {
            return Presence::Here;
        };
        match tools.toolbox().get(&name) {
            None => Presence::Absent,
            Some(tool) if tool.digest != digest => Presence::Changed,
            Some(_) => Presence::Here,
        }
    }

    fn tool_note(self) -> Option<Keyed> {
        // The page registers its tools in the moment in which the first cards show.
        if !self.clock.armed.get() {
            return None;
        }
        let words = match self.presence() {
            Presence::Here => return None,
            Presence::Absent => text::TOOL_ABSENT,
            Presence::Changed => text::TOOL_CHANGED,
        };
        Some(keyed(words.key, move || note(words)))
    }

    fn strip(self, action: &Action, expires: Option<Timestamp>) -> Tag {
        let (_, words, path) = risk(action);
        let strip = tag("div")
            .class("strip")
            .child(tag("span").class("risk").child(icon(path)).text(words));
        let strip = match expires.map(Timestamp::as_millis) {
            Some(end) => strip.child(
                tag("span")
                    .class("expiry")
                    .live_text(move || text::expires_in(end.saturating_sub(self.clock.now.get()))),
            ),
            None => strip,
        };
        strip.child(tag("span").class("position").live_text(move || {
            match self.call.with(|call| self.run.read(|run| place(run, call))) {
                Some((at, of)) if of > 1 => text::position(at, of),
                _ => String::new(),
            }
        }))
    }

    /// Deny and approve; after deny, the reason.
    fn ways_out(self, what: &str) -> Tag {
        let denies = Signal::new(false);
        let what = what.to_owned();
        let way_back = Handle::new(None);
        tag("div").class("ways-out").live(move || {
            Some(if denies.get() {
                self.deny_form(denies, way_back, &what)
            } else {
                self.choice(denies, way_back, &what)
            })
        })
    }

    fn choice(self, denies: Signal<bool>, way_back: Handle, what: &str) -> Tag {
        let closed =
            move || !self.clock.armed.get() || self.saves() || self.presence() == Presence::Changed;
        let approve = button("approve-button")
            .set("aria-label", text::act_on(text::APPROVE, what))
            // Not `disabled`, which would drop the focus.
            .bind("aria-disabled", move || closed().then(|| "true".to_owned()))
            .live_text(move || if self.saves() { text::SAVING } else { text::APPROVE })
            .on("click", move |event| {
                if event.is_trusted() && !untrack(closed) {
                    self.decide(|call, digest| {
                        let arguments = None;
                        Intent::Approve { call, digest, arguments, trusted: true }
                    });
                }
            });
        let deny = button("deny-button")
            .handle(way_back)
            .set("aria-label", text::act_on(text::DENY, what))
            .bind("aria-disabled", move || self.saves().then(|| "true".to_owned()))
            .text(text::DENY)
            .on("click", move |_| {
                if !untrack(|| self.saves()) {
                    denies.set(true);
                }
            });
        tag("div").class("actions").child(deny).child(approve)
    }

    fn deny_form(self, denies: Signal<bool>, way_back: Handle, what: &str) -> Tag {
        let field = Handle::new(None);
        let form = Handle::new(None);
        focus_soon(field);
        self.desk.reveal_soon(form);
        let label = tag("label").text(text::REASON).child(
            tag("textarea")
                .part("deny-reason")
                .set("rows", "2")
                .set("maxlength", "2000")
                .handle(field),
        );
        let back = button("back-button").text(text::BACK).on("click", move |_| {
            denies.set(false);
            focus_soon(way_back);
        });
        let deny = button("deny-button")
            .set("aria-label", text::act_on(text::DENY, what))
            .bind("aria-disabled", move || self.saves().then(|| "true".to_owned()))
            .live_text(move || if self.saves() { text::SAVING } else { text::DENY })
            .on("click", move |event| {
                if untrack(|| self.saves()) {
                    return;
                }
                let reason = super::composer::value_of(field);
                let reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
                let trusted = event.is_trusted();
                self.decide(|call, digest| Intent::Deny { call, digest, reason, trusted });
            });
        let actions = tag("div").class("actions").child(back).child(deny);
        tag("div").class("deny-form").handle(form).child(label).child(actions)
    }

    fn decide(self, intent: impl FnOnce(CallId, Digest) -> Intent) {
        if let Some(call) = self.call.peek() {
            self.desk.decided.set(Some(call.clone()));
            self.desk.send(intent(call, self.digest));
        }
    }
}

/// What passes while a card shows.
#[derive(Clone, Copy)]
struct Clock {
    /// The time, by the second.
    now: Signal<u64>,
    /// Whether the card has been there long enough that a click is meant for it, and not for what
    /// was in its place before.
    armed: Signal<bool>,
}

fn clock() -> Clock {
    let clock = Clock { now: ticking(), armed: Signal::new(false) };
    // Without a timer a card that cannot be approved is safe, and it can still be denied.
    after(500, move || clock.armed.set(true));
    clock
}

/// The place of a call among those of its turn that need a person, decided ones included.
fn place(run: &Run, call: &CallId) -> Option<(usize, usize)> {
    let State::Acting { turn, .. } = run.state() else { return None };
    let asked = turn.slots.iter().filter(|slot| slot.action.ruling.verdict == Verdict::Ask);
    let at = asked.clone().position(|slot| slot.action.id == *call)?;
    Some((at + 1, asked.count()))
}
