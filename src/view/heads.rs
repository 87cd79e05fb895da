//! Parts of the view that stand elsewhere in the page, each in an element of its own: one card, or
//! the inbox. They share the signals of a widget, and its way to the driver.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use holdpoint_core::id::CallId;
use holdpoint_core::run::Slot;
use leptos::reactive::graph::untrack;
use leptos::reactive::owner::Owner;
use web_sys::ShadowRoot;

use super::desk::{Desk, button, focus_soon};
use super::fault_card::fault;
use super::signal::Signal;
use super::state::{InboxView, Intent, Intents, RunShown, Shown};
use super::tag::{Handle, Tag, effect, keyed, tag};
use super::timer::soon;
use super::widget::{frame, place, sheet_of, toast, waiting_badge};
use crate::text;

/// What such an element shows.
pub enum Head {
    /// One call: this one, or the newest that waits.
    Approval(Option<CallId>),
    /// All calls.
    Inbox,
}

/// Hears which call is shown, and in words how it is.
pub type Tell = Rc<dyn Fn(Option<&CallId>, &str)>;

/// Shows it in a shadow root, until what is given back is dropped.
pub fn mount_head(
    root: &ShadowRoot,
    shown: Shown,
    intents: Intents,
    head: Head,
    tell: Tell,
) -> Box<dyn Any> {
    let views: Rc<RefCell<Option<Box<dyn Any>>>> = Rc::default();
    let owner = Owner::new();
    let (root, placed) = (root.clone(), Rc::clone(&views));
    let intents = opening(shown, intents);
    let sheet = match head {
        Head::Approval(_) => sheet_of(include_str!("../../style/heads.css")),
        Head::Inbox => None,
    };
    owner.with(|| {
        effect(move || {
            // Another language is another set of views.
            shown.language.track();
            let before = placed.take();
            let view = || {
                let desk = Desk::new(shown, intents.clone());
                match &head {
                    Head::Approval(call) => approval(desk, call.clone(), Rc::clone(&tell)),
                    Head::Inbox => inbox(desk, Rc::clone(&tell)),
                }
            };
            placed.replace(Some(untrack(|| place(&root, shown, sheet.as_ref(), before, view))));
        });
    });
    Box::new(Mounted { owner, views })
}

/// Opens the popover as well, where the conversation that someone goes to is behind its button.
fn opening(shown: Shown, intents: Intents) -> Intents {
    Intents(Rc::new(move |intent| {
        let is_popover = shown.layout.with_untracked(|layout| layout == "popover");
        if matches!(intent, Intent::Show { .. }) && is_popover && !shown.open.get_untracked() {
            intents.send(Intent::Open(true));
        }
        intents.send(intent);
    }))
}

struct Mounted {
    owner: Owner,
    views: Rc<RefCell<Option<Box<dyn Any>>>>,
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.owner.cleanup();
        self.views.take();
    }
}

fn approval(desk: Desk, wanted: Option<CallId>, tell: Tell) -> Tag {
    let shown = desk.shown;
    let is_free = wanted.is_none();
    let current = Signal::new(wanted);
    if is_free {
        follow(shown, current);
    }
    effect(move || {
        let call = current.get();
        let risk = call.as_ref().and_then(|call| {
            slot_of(shown, call, |slot| {
                slot.progress.needs_person().then_some(slot.action.annotations.destructive_hint)
            })
        });
        let words = match risk.flatten() {
            Some(true) => "waiting critical",
            Some(false) => "waiting",
            None => "",
        };
        tell(call.as_ref(), words);
    });
    let view = tag("div")
        .class("alone")
        .live(move || shown.trouble.with(|trouble| trouble.as_ref().map(fault)))
        .one(move || {
            Some(match current.get() {
                Some(call) => keyed(call.to_string(), move || one(desk, call)),
                // What the page has to say where nothing waits.
                None => keyed("", || tag("slot")),
            })
        })
        .live(move || toast(shown));
    frame(desk).child(view)
}

/// Keeps to the call that is shown as long as it waits, then goes on to the next; what was decided
/// last is there until one comes.
fn follow(shown: Shown, current: Signal<Option<CallId>>) {
    effect(move || {
        let next = shown.runs.get().into_iter().rev().find_map(waiting_in);
        let waits = |call| slot_of(shown, &call, |slot| slot.progress.needs_person());
        let stays = current.get_untracked().and_then(waits) == Some(true);
        if next.is_some() && !stays {
            current.set(next);
        }
    });
    effect(move || {
        // Where there is a conversation, a person goes to a call in there.
        let target = shown.target.get().filter(|_| is_headless(shown));
        if let Some(call) = target.filter(|call| slot_of(shown, call, |_| ()).is_some()) {
            shown.target.put(None);
            current.set(Some(call));
        }
    });
}

/// The first call of a run that waits for a person here.
fn waiting_in(run: RunShown) -> Option<CallId> {
    if run.is_remote() {
        return None;
    }
    run.read(|run| {
        let mut slots = run.turns().flat_map(|turn| &turn.slots);
        slots.find(|slot| slot.progress.needs_person()).map(|slot| slot.action.id.clone())
    })
}

/// Reads a call, whatever run it is of, and listens to it.
fn slot_of<T>(shown: Shown, call: &CallId, read: impl Fn(&Slot) -> T) -> Option<T> {
    shown.runs.get().into_iter().find_map(|run| run.slot(call, &read))
}

fn is_headless(shown: Shown) -> bool {
    shown.layout.with(|layout| layout == "headless")
}

/// One call: its card, or what became of it, and what keeps its run from going on.
fn one(desk: Desk, call: CallId) -> Tag {
    let shown = desk.shown;
    tag("div").class("run").one(move || {
        let views = shown.run_views.get()?;
        let has_call = |run: &RunShown| run.slot(&call, |_| ()).is_some();
        let run = shown.runs.get().into_iter().find(has_call)?;
        let call = call.clone();
        Some(keyed(run.id_text(), move || {
            // Where there is a conversation, that is what tells.
            if untrack(|| is_headless(shown)) {
                (views.announce)(desk, run, false);
            }
            let card = move || {
                let now = run.run.get()?;
                let (_, slot) = now.find(&call)?;
                Some((views.call)(desk, run, &now, slot, false))
            };
            let trouble =
                move || run.trouble.with(|it| Some((views.fault)(desk, run, it.as_ref()?)));
            tag("div").class("run").one(card).live(trouble)
        }))
    })
}

fn inbox(desk: Desk, tell: Tell) -> Tag {
    let shown = desk.shown;
    let open = Signal::new(None);
    effect(move || tell(None, if shown.waiting.get() > 0 { "waiting" } else { "" }));
    take_target(shown, open);
    let list = move || {
        let InboxView(inbox) = shown.inbox_view.get()?;
        Some(keyed("", move || inbox(desk)))
    };
    let body = tag("div")
        .class("body")
        .one(move || match open.get() {
            Some(call) => Some(keyed(call.to_string(), move || opened(desk, call, open))),
            None => list(),
        })
        .live(move || toast(shown));
    let head = tag("header").part("header").child(tag("h2").part("title").text(text::INBOX));
    frame(desk)
        .child(tag("div").part("panel").child(head.one(move || waiting_badge(shown))).child(body))
}

/// Where there is no conversation, and no element for the card, it is shown here.
fn take_target(shown: Shown, open: Signal<Option<CallId>>) {
    effect(move || {
        let Some(call) = shown.target.get() else { return };
        if is_headless(shown) {
            // Such an element takes it at once.
            soon(move || {
                if shown.target.get_untracked().as_ref() == Some(&call) {
                    shown.target.put(None);
                    open.set(Some(call));
                }
            });
        }
    });
}

/// A call in the place of the list.
fn opened(desk: Desk, call: CallId, open: Signal<Option<CallId>>) -> Tag {
    let back = Handle::new(None);
    focus_soon(back);
    let away =
        button("back-button").handle(back).text(text::BACK).on("click", move |_| open.set(None));
    tag("div")
        .class("inbox-scroll")
        .child(tag("div").class("worker-back").child(away))
        .child(tag("div").class("worker-one").child(one(desk, call)))
}
