//! The card that asks a person: what will happen, why they are asked, and the ways out.

pub(in crate::view) mod batch;
pub(in crate::view) mod changes;
mod choice;
mod confirm;
mod edit;
mod field;
mod scope;
pub(in crate::view) mod sections;
pub(in crate::view) mod settled;
mod strip;

use std::rc::Rc;

use holdpoint_core::id::CallId;
use holdpoint_core::json::Digest;
use holdpoint_core::run::Slot;
use holdpoint_core::tool::{Tool, Toolbox};
use leptos::reactive::graph::untrack;
use serde_json::Value;
use wasm_bindgen::JsCast;

use self::choice::Way;
use self::scope::Scope;
use self::sections::{agent_reason, changed_since, effect, reversibility};
use self::settled::{Settled, Wait};
use super::desk::Desk;
use super::facts::{arguments, details, in_full, note, risk, what, why};
use super::moment::ticking;
use super::signal::Signal;
use super::state::{Intent, RunShown};
use super::tag::{Handle, Keyed, Tag, keyed, tag};
use crate::driver::ports::TroubleKind;
use crate::form::Form;
use crate::text;

/// A card for a call that is held.
pub(super) fn approval_card(desk: Desk, run: RunShown, slot: &Slot) -> Tag {
    let action = &slot.action;
    let shown = run.run.peek().flatten();
    let settled = Settled::new(desk);
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
        scope: Signal::new(None),
        back: Handle::new(None),
    };
    let element = Handle::new(None);
    let id = ["card-", action.id.as_str()].concat();
    let section = tag("section")
        .part("approval-card")
        .handle(element)
        .set("role", "group")
        .set("aria-labelledby", id.as_str())
        .set("data-risk", risk(action).0)
        .set("data-call", action.id.as_str())
        .bind("data-state", move || Some(card.state().to_owned()))
        .bind("data-vouched", move || settled.doubt())
        .child(card.strip(action))
        .child(in_full(tag("h3").part("card-summary").set("id", id), what(action), settled))
        .maybe(changed_since(slot))
        .child(arguments(action, settled))
        .child(
            tag("div")
                .class("rows")
                .child(effect(action, settled))
                .child(reversibility(action))
                .child(why(&action.ruling))
                .maybe(shown.and_then(|shown| card.origins(&shown, slot)))
                .maybe(action.reason.as_deref().map(agent_reason)),
        )
        .maybe((action.flagged == Some(false)).then(|| note(text::MODEL_OVERRULED)))
        .one(move || card.lapsed_note())
        .child(card.ways_out(action))
        // Below the buttons, which must not move when it comes up.
        .one(move || card.tool_note())
        .one({
            let action = action.clone();
            move || card.scope_of(&action)
        })
        .child(tag("div").class("card-foot").child(details(action)).child(card.help()))
        .on("keydown", move |event| card.on_key(event.unchecked_ref()))
        .one(move || card.confirmation());
    settled.watch(element);
    card.tell_when_viewed(slot.viewed_at.is_some());
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
    /// The rule that is to be remembered.
    scope: Signal<Option<Scope>>,
    /// What opened the way that is shown, and gets the focus back.
    back: Handle,
}

/// What a person asks to run: what was proposed, or other arguments.
type Asked = Option<Value>;

/// What is known of the tool.
#[derive(Clone, Copy, PartialEq)]
enum Presence {
    Here,
    /// It is a worker's, and its arguments are as they are.
    Remote,
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

    /// The tool that the call is of, where it is known; else what became of it.
    ///
    /// Tools come and go without a signal, so the card looks at each tick of its clock.
    fn tool(self) -> Result<(Rc<Tool>, Toolbox), Presence> {
        let is_remote = self.run.is_remote();
        let absent = if is_remote { Presence::Remote } else { Presence::Absent };
        self.now.track();
        let tools = if is_remote {
            self.desk.shown.worker.tools.get().ok_or(absent)?
        } else {
            self.desk.tools().ok_or(Presence::Here)?.toolbox()
        };
        let drawn = self.call.with(|call| {
            self.run.slot(call, |slot| (slot.action.tool.clone(), slot.action.tool_digest))
        });
        let (name, digest) = drawn.ok_or(Presence::Here)?;
        let tool = Rc::clone(tools.get(&name).ok_or(absent)?);
        match tool.digest == digest {
            true => Ok((tool, tools)),
            false if is_remote => Err(absent),
            false => Err(Presence::Changed),
        }
    }

    fn presence(self) -> Presence {
        self.tool().err().unwrap_or(Presence::Here)
    }

    /// Whether nothing can be decided about it now.
    fn is_closed(self) -> bool {
        self.saves()
            || self.presence() == Presence::Changed
            || self.due().is_none_or(|(_, lapsed)| lapsed)
            || self.scope_is_wrong()
    }

    /// Has it recorded that the card was in front of a person, once it was.
    fn tell_when_viewed(self, known: bool) {
        let told = Signal::new(known);
        super::tag::effect(move || {
            let is_seen = !matches!(self.settled.wait(), Some(Wait::Moves | Wait::Covered));
            if is_seen && !told.get_untracked() {
                told.put(true);
                if let Some(call) = self.call.peek() {
                    self.desk.send(Intent::Viewed { call, digest: self.digest });
                }
            }
        });
    }

    /// Asks for what the person pressed, in a second step where it is called for.
    fn ask(self, asked: Asked) {
        match self.settled.waited() {
            _ if untrack(|| self.is_closed()) => {}
            // A line of the widget's own may lie over it as well.
            None if self.is_critical
                || !self.settled.is_vouched()
                    && self.desk.shown.toast.with_untracked(Option::is_none) =>
            {
                self.confirms.set(Some(asked))
            }
            None => self.approve(asked),
            Some(Wait::Unseen) => self.settled.show_unseen(),
            Some(_) => {}
        }
    }

    fn approve(self, arguments: Asked) {
        // A rule is of what was proposed, and not of what a person made of it.
        let title = self.run.run.with_untracked(|run| {
            let run = run.as_ref()?;
            self.call.with_untracked(|call| Some(run.find(call)?.1.action.title.clone()))
        });
        let rule = title.and_then(|title| self.remembered(&title));
        let rule = rule.filter(|_| arguments.is_none());
        let trusted = true;
        self.decide(|call, digest| Intent::Approve { call, digest, arguments, trusted, rule });
    }

    fn decide(self, intent: impl FnOnce(CallId, Digest) -> Intent) {
        if let Some(call) = self.call.peek() {
            self.desk.decided.set(Some(call.clone()));
            self.desk.send(intent(call, self.digest));
        }
    }

    fn tool_note(self) -> Option<Keyed> {
        // The page registers its tools in the moment in which the first cards show.
        if !self.settled.has_stood() {
            return None;
        }
        let words = match self.presence() {
            Presence::Here | Presence::Remote => return None,
            Presence::Absent => text::TOOL_ABSENT,
            Presence::Changed => text::TOOL_CHANGED,
        };
        Some(keyed(words.key, move || note(words)))
    }
}
