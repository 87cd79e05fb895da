//! The card for a call that nobody saw the end of: what is known, and the ways out.

use std::rc::Rc;

use holdpoint_core::approval::Settlement;
use holdpoint_core::id::CallId;
use holdpoint_core::json::canonical;
use holdpoint_core::run::{Progress, Slot, State};
use leptos::reactive::graph::untrack;

use super::desk::{Desk, button, safely};
use super::facts::{fact, note, sentence, what};
use super::moment::time;
use super::state::{Intent, RunShown};
use super::tag::{Tag, icon, stroke, tag};
use crate::language::known;
use crate::text::{self, Text};

/// A card for a call in doubt.
pub(super) fn doubt_card(desk: Desk, run: RunShown, slot: &Slot) -> Tag {
    let action = &slot.action;
    let (because, key) = match &slot.progress {
        Progress::InDoubt { because, key, .. } => (because.as_str(), key.as_str()),
        _ => ("", ""),
    };
    let because = known(because);
    let state = match slot.started_at {
        Some(at) => text::started_at(&time(at), &because),
        None => text::doubtful(&because),
    };
    let name = sentence(action);
    let id = ["card-", action.id.as_str()].concat();
    let call = Rc::new(action.id.clone());
    let way = |label: Text, intent: fn(CallId) -> Intent| {
        let (saved, call) = (Rc::clone(&call), Rc::clone(&call));
        button("settle-button")
            .set("aria-label", text::act_on(label, &name))
            .bind("aria-disabled", move || run.saves(&saved).then(|| "true".to_owned()))
            .text(label)
            .on("click", move |event| {
                if event.is_trusted() && !untrack(|| run.saves(&call)) {
                    desk.decided.set(Some(CallId::clone(&call)));
                    desk.send(intent(CallId::clone(&call)));
                }
            })
    };
    let check =
        !run.is_remote() && desk.tools().is_some_and(|tools| tools.can_verify(&action.tool));
    // A run that was stopped starts nothing any more.
    let is_stopped = run.run.with_untracked(|run| {
        let state = run.as_ref().map(|run| run.state());
        matches!(state, Some(State::Acting { cancelled: true, .. }))
    });
    let actions = tag("div")
        .class("actions")
        .maybe(check.then(|| way(text::CHECK, |call| Intent::Check { call })))
        .child(way(text::HAPPENED, |call| settle(call, Settlement::Happened { result: None })))
        .child(way(text::DID_NOT_HAPPEN, |call| settle(call, Settlement::DidNotHappen)))
        .maybe(
            (!is_stopped).then(|| way(text::TRY_AGAIN, |call| settle(call, Settlement::TryAgain))),
        );
    tag("section")
        .set("class", "approval-card doubt-card")
        .set("part", "approval-card doubt-card")
        .set("role", "group")
        .set("aria-labelledby", id.as_str())
        .set("data-call", action.id.as_str())
        .child(
            tag("div")
                .part("card-strip")
                .child(tag("span").class("risk").child(icon(stroke::CLOCK)).text(text::IN_DOUBT)),
        )
        .child(safely(tag("h3").part("card-summary").set("id", id), &text::in_doubt(what(action))))
        .child(safely(tag("p").class("card-rule"), &state))
        .child(note(text::DOUBT_RULE))
        .child(note(text::DOUBT_WARNING))
        .child(
            tag("details")
                .class("raw")
                .child(tag("summary").text(text::DETAILS))
                .child(tag("pre").child(safely(tag("code"), &canonical(slot.arguments()))))
                .child(fact(text::KEY, key)),
        )
        .child(actions)
}

fn settle(call: CallId, settlement: Settlement) -> Intent {
    Intent::Settle { call, settlement, trusted: true }
}
