//! Several calls of one tool and one risk, decided in one go: each by a decision of its own, so that
//! one that does not go through takes no other with it.

use std::rc::Rc;

use holdpoint_core::id::CallId;
use holdpoint_core::json::{Digest, canonical};
use holdpoint_core::run::{Progress, Run, Slot};
use leptos::reactive::graph::untrack;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::settled::{Settled, Wait, on_press};
use crate::text;
use crate::view::desk::{Desk, button, safely};
use crate::view::facts::{in_full, risk, what};
use crate::view::signal::Signal;
use crate::view::state::{Intent, RunShown};
use crate::view::tag::{Handle, Keyed, Tag, effect, keyed, tag};
use holdpoint_core::escape::visible_text;

/// A bar for each set of calls of a run that may be decided together. What cannot be undone is
/// decided one by one.
pub(in crate::view) fn batches(desk: Desk, shown: RunShown) -> Vec<Keyed> {
    let hidden = desk.shown.hidden.get();
    let Some(run) = shown.run.get() else { return Vec::new() };
    let mut sets: Vec<Vec<&Slot>> = Vec::new();
    for slot in run.turns().flat_map(|turn| &turn.slots) {
        let waits = matches!(slot.progress, Progress::Held { lapsed: false, .. });
        if !waits || slot.action.annotations.destructive_hint || hidden.contains(&slot.action.id) {
            continue;
        }
        let is_alike = |set: &&mut Vec<&Slot>| {
            set.first().is_some_and(|first| {
                first.action.tool_digest == slot.action.tool_digest
                    && risk(&first.action).0 == risk(&slot.action).0
            })
        };
        match sets.iter_mut().find(is_alike) {
            Some(set) => set.push(slot),
            None => sets.push(vec![slot]),
        }
    }
    let several = sets.into_iter().filter(|set| set.len() > 1);
    several.map(|set| bar(desk, &run, &set)).collect()
}

fn bar(desk: Desk, run: &Rc<Run>, set: &[&Slot]) -> Keyed {
    let calls: Vec<CallId> = set.iter().map(|slot| slot.action.id.clone()).collect();
    let mut key = "batch".to_owned();
    for slot in set {
        key.push_str(&slot.action.digest.short());
    }
    let run = Rc::clone(run);
    keyed(key, move || {
        let slots = calls.iter().filter_map(|call| run.find(call).map(|(_, slot)| slot));
        Batch::new(desk, calls.clone()).view(slots.collect())
    })
}

#[derive(Clone, Copy)]
struct Batch {
    desk: Desk,
    all: Signal<Vec<CallId>>,
    chosen: Signal<Vec<(CallId, Digest)>>,
    settled: Settled,
}

impl Batch {
    fn new(desk: Desk, calls: Vec<CallId>) -> Self {
        Self {
            desk,
            all: Signal::new(calls),
            chosen: Signal::new(Vec::new()),
            settled: Settled::new(desk),
        }
    }

    fn view(self, slots: Vec<&Slot>) -> Tag {
        let title = slots.first().map(|slot| visible_text(&slot.action.title)).unwrap_or_default();
        let (count, choices) = (slots.len(), slots.iter().map(|slot| choice(slot)).collect());
        let element = Handle::new(None);
        let bar = tag("section")
            .part("batch")
            .handle(element)
            .set("role", "group")
            .set("aria-label", text::batch(&title))
            .child(self.select_all(choices, &text::select_all(count, &title)))
            .child(tag("div").class("batch-calls").all(slots.iter().map(|slot| self.row(slot))))
            .child(tag("div").class("actions").child(self.deny()).child(self.approve()));
        self.settled.watch(element);
        bar
    }

    fn select_all(self, choices: Vec<(CallId, Digest)>, words: &str) -> Tag {
        let input = tag("input").part("select-all").set("type", "checkbox");
        let box_of = input.element().unchecked_into::<HtmlInputElement>();
        let (shows, count) = (box_of.clone(), choices.len());
        effect(move || {
            let chosen = self.chosen.with(Vec::len);
            shows.set_checked(chosen == count);
            shows.set_indeterminate(0 < chosen && chosen < count);
        });
        let input = input.on("change", move |_| {
            self.chosen.set(if box_of.checked() { choices.clone() } else { Vec::new() });
        });
        let words = safely(tag("span"), words);
        tag("label").class("check batch-all").child(input).child(words)
    }

    /// One call with all that it would do, to be chosen or not.
    fn row(self, slot: &Slot) -> Tag {
        let own = choice(slot);
        let input = tag("input").part("select").set("type", "checkbox");
        let box_of = input.element().unchecked_into::<HtmlInputElement>();
        let (shows, call) = (box_of.clone(), own.0.clone());
        effect(move || {
            shows.set_checked(self.chosen.with(|it| it.iter().any(|(other, _)| *other == call)));
        });
        let input = input.on("change", move |_| {
            self.chosen.update(|chosen| {
                chosen.retain(|other| *other != own);
                if box_of.checked() {
                    chosen.push(own.clone());
                }
            });
        });
        let label = safely(tag("span"), what(&slot.action));
        let label = tag("label").class("check").child(input).child(label);
        let arguments = canonical(&slot.action.arguments);
        let arguments = in_full(tag("code").class("batch-arguments"), &arguments, self.settled);
        tag("div").child(label).child(arguments)
    }

    fn approve(self) -> Tag {
        let waits = move || self.is_empty() || !self.settled.is_ready();
        let button = button("batch-approve")
            .handle(self.settled.aim())
            .bind("aria-disabled", move || waits().then(|| "true".to_owned()))
            .live_text(move || text::approve_chosen(self.chosen.with(Vec::len)));
        let ready = move |press| self.settled.is_ready_now(press) && !untrack(|| self.is_empty());
        on_press(button, ready, move || match self.settled.waited() {
            Some(Wait::Unseen) => self.settled.show_unseen(),
            _ => self.decide(|call, digest| Intent::Approve {
                call,
                digest,
                arguments: None,
                trusted: true,
                rule: None,
            }),
        })
    }

    fn deny(self) -> Tag {
        button("batch-deny")
            .bind("aria-disabled", move || self.is_empty().then(|| "true".to_owned()))
            .live_text(move || text::deny_chosen(self.chosen.with(Vec::len)))
            .on("click", move |event| {
                let trusted = event.is_trusted();
                self.decide(move |call, digest| Intent::Deny {
                    call,
                    digest,
                    reason: None,
                    trusted,
                });
            })
    }

    fn is_empty(self) -> bool {
        self.chosen.with(Vec::is_empty)
    }

    /// Sends a decision about each call that is chosen, in the order in which they stand.
    fn decide(self, intent: impl Fn(CallId, Digest) -> Intent) {
        let chosen = self.chosen.get_untracked();
        let all = self.all.get_untracked();
        let ordered = all.into_iter().filter_map(|call| chosen.iter().find(|it| it.0 == call));
        let intents: Vec<Intent> =
            ordered.map(|(call, digest)| intent(call.clone(), *digest)).collect();
        if let Some((call, _)) = chosen.last() {
            self.desk.decided.set(Some(call.clone()));
            self.desk.send(Intent::Each(intents));
        }
    }
}

fn choice(slot: &Slot) -> (CallId, Digest) {
    (slot.action.id.clone(), slot.action.digest)
}
