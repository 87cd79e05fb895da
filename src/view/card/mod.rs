//! The card that asks a person: what will happen, why they are asked, and the ways out.

mod changes;
mod choice;
mod confirm;
mod edit;
mod field;
pub(in crate::view) mod settled;

use holdpoint_core::id::{CallId, Timestamp};
use holdpoint_core::json::Digest;
use holdpoint_core::plan::Action;
use holdpoint_core::policy::Verdict;
use holdpoint_core::run::{Progress, Run, Slot, State};
use leptos::reactive::graph::untrack;
use serde_json::Value;
use wasm_bindgen::JsCast;

use self::choice::Way;
use self::settled::{Settled, Wait};
use super::desk::Desk;
use super::facts::{arguments, details, in_full, note, risk, said, what, why};
use super::moment::ticking;
use super::signal::Signal;
use super::state::{Intent, RunShown};
use super::tag::{Handle, Keyed, Tag, icon, keyed, tag};
use crate::driver::ports::TroubleKind;
use crate::form::Form;
use crate::text;

/// A card for a call that is held.
pub(super) fn approval_card(desk: Desk, run: RunShown, slot: &Slot) -> Tag {
    let action = &slot.action;
    let settled = Settled::new();
    let card = Card {
        desk,
        run,
        call: Signal::new(action.id.clone()),
        digest: action.digest,
        is_critical: action.annotations.destructive_hint,
        now: ticking(),
        settled,
        way: Signal::new(Way::Choice),
        form: Signal::new(None),
        confirms: Signal::new(None),
        word: Signal::new(false),
        back: Handle::new(None),
    };
    let element = Handle::new(None);
    let id = ["card-", action.id.as_str()].concat();
    let expires = match slot.progress {
        Progress::Held { expires, .. } => expires,
        _ => None,
    };
    let section = tag("section")
        .part("approval-card")
        .handle(element)
        .set("role", "group")
        .set("aria-labelledby", id.as_str())
        .set("data-risk", risk(action).0)
        .set("data-call", action.id.as_str())
        .bind("data-state", move || Some(card.state().to_owned()))
        .child(card.strip(action, expires))
        .child(in_full(tag("h3").part("card-summary").set("id", id), what(action), settled))
        .child(arguments(&action.arguments, settled))
        .maybe(action.preview.as_deref().map(|it| said("card-preview", text::EFFECT, it)))
        .child(why(&action.ruling))
        .maybe((action.flagged == Some(false)).then(|| note(text::MODEL_OVERRULED)))
        .maybe(action.reason.as_deref().map(|it| said("card-note", text::AGENT_SAYS, it)))
        .child(details(action))
        .one(move || card.tool_note())
        .child(card.ways_out(action))
        .child(card.help())
        .on("keydown", move |event| card.on_key(event.unchecked_ref()))
        .one(move || card.confirmation());
    settled.watch(element);
    section
}

#[derive(Clone, Copy)]
struct Card {
    desk: Desk,
    run: RunShown,
    call: Signal<CallId>,
    digest: Digest,
    is_critical: bool,
    /// The time, by the second.
    now: Signal<u64>,
    settled: Settled,
    /// What the person is about to do.
    way: Signal<Way>,
    /// The arguments as the person changed them, once they began to.
    form: Signal<Option<Form>>,
    /// What waits for a second step.
    confirms: Signal<Option<Asked>>,
    /// Whether the word that stands for a signature was typed.
    word: Signal<bool>,
    /// What opened the way that is shown, and gets the focus back.
    back: Handle,
}

/// What a person asks to run: what was proposed, or other arguments.
type Asked = Option<Value>;

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
        self.now.track();
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

    /// Whether nothing can be decided about it now.
    fn is_closed(self) -> bool {
        self.saves() || self.presence() == Presence::Changed
    }

    /// Asks for what the person pressed, in a second step where it is called for.
    fn ask(self, asked: Asked) {
        match self.settled.wait_now() {
            _ if untrack(|| self.is_closed()) => {}
            None if self.is_critical || !self.settled.is_vouched() => {
                self.confirms.set(Some(asked))
            }
            None => self.approve(asked),
            Some(Wait::Unseen) => self.settled.show_unseen(),
            Some(_) => {}
        }
    }

    fn approve(self, arguments: Asked) {
        self.decide(|call, digest| Intent::Approve { call, digest, arguments, trusted: true });
    }

    fn decide(self, intent: impl FnOnce(CallId, Digest) -> Intent) {
        if let Some(call) = self.call.peek() {
            self.desk.decided.set(Some(call.clone()));
            self.desk.send(intent(call, self.digest));
        }
    }

    fn tool_note(self) -> Option<Keyed> {
        // The page registers its tools in the moment in which the first cards show.
        if self.settled.wait() == Some(Wait::Moves) {
            return None;
        }
        let words = match self.presence() {
            Presence::Here => return None,
            Presence::Absent => [text::TOOL_ABSENT, " ", text::EDIT_ABSENT].concat(),
            Presence::Changed => text::TOOL_CHANGED.to_owned(),
        };
        Some(keyed(words.clone(), move || note(&words)))
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
                    .live_text(move || text::expires_in(end.saturating_sub(self.now.get()))),
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
}

/// The place of a call among those of its turn that need a person, decided ones included.
fn place(run: &Run, call: &CallId) -> Option<(usize, usize)> {
    let State::Acting { turn, .. } = run.state() else { return None };
    let asked = turn.slots.iter().filter(|slot| slot.action.ruling.verdict == Verdict::Ask);
    let at = asked.clone().position(|slot| slot.action.id == *call)?;
    Some((at + 1, asked.count()))
}
