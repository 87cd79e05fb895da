//! The rules that people had remembered: each as it was read when it was saved, with a way to take
//! it back.

use holdpoint_core::grant::Grant;
use leptos::reactive::graph::untrack;

use crate::text;
use crate::view::desk::{Desk, button, safely};
use crate::view::moment::{now, time};
use crate::view::state::Intent;
use crate::view::tag::{Tag, keyed, tag};
use holdpoint_core::escape::visible_text;

/// The view in the place of the list of calls.
pub(super) fn rules(desk: Desk) -> Tag {
    let shown = desk.shown;
    let rows = move || {
        let rules = shown.grants.get().into_iter();
        rules.map(|rule| keyed(rule.id.clone(), move || row(desk, &rule))).collect()
    };
    let is_empty = move || shown.grants.with(Vec::is_empty);
    // A list has items and nothing else.
    let role = move || Some(if is_empty() { "group" } else { "list" }.to_owned());
    tag("div")
        .part("rules")
        .bind("role", role)
        .set("aria-label", text::RULES)
        .each(rows)
        .live(move || is_empty().then(|| tag("p").class("empty").text(text::NO_RULES)))
}

fn row(desk: Desk, rule: &Grant) -> Tag {
    let id = rule.id.clone();
    let sentence = visible_text(&rule.because);
    let revoke = button("revoke-button")
        .set("aria-label", text::act_on(text::REVOKE, &sentence))
        .text(text::REVOKE)
        .on("click", move |event| {
            if event.is_trusted() {
                untrack(|| desk.send(Intent::Revoke(id.clone())));
            }
        });
    let words = tag("div")
        .child(safely(tag("p").part("rule-sentence"), &rule.because))
        .child(safely(tag("p").class("inbox-meta"), &until(rule)));
    tag("div").part("rule").set("role", "listitem").child(words).child(revoke)
}

/// How long it holds; one that has run out is kept until it is revoked, and says so.
fn until(rule: &Grant) -> String {
    match rule.until {
        None => text::FOR_GOOD.get(),
        Some(until) if until.as_millis() <= now() => text::RUN_OUT.get(),
        Some(until) => text::holds_until(&time(until)),
    }
}
