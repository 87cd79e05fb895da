//! What was said and done, oldest first, and what is going on now at its end.

use std::rc::Rc;

use holdpoint_core::id::CallId;
use holdpoint_core::message::Usage;
use holdpoint_core::run::{Mode, Progress, Purpose, Run, Slot, State};
use web_sys::HtmlElement;

use super::announcer::announce;
use super::card::approval_card;
use super::card::batch::batches;
use super::desk::{Desk, all_in, button, top_in};
use super::doubt_card::doubt_card;
use super::fault_card::run_fault;
use super::markdown_dom::{fill, fill_live};
use super::reach::Reach;
use super::receipt::{line, receipt, refused};
use super::state::RunShown;
use super::tag::{Handle, Keyed, Tag, effect, icon, keyed, slot, stroke, tag};
use super::timer::soon;
use crate::language::why_failed;
use crate::text::{self, Text};

/// The log, and the button that leads to its end.
pub(super) fn transcript(desk: Desk) -> Tag {
    let shown = desk.shown;
    let log = desk.log;
    let follows = desk.follows;
    let reach = Reach::new(desk);
    go_to_target(desk, reach);
    let runs = move || {
        let Some(views) = shown.run_views.get() else { return Vec::new() };
        let runs = reach.runs();
        runs.into_iter().map(|run| keyed(run.id_text(), move || (views.run)(desk, run))).collect()
    };
    let list = tag("div")
        .part("transcript")
        .set("role", "log")
        .set("aria-live", "off")
        .set("tabindex", "0")
        .bind("aria-label", move || Some(text::conversation(&shown.label.get())))
        .handle(log)
        .on("scroll", move |_| {
            if let Some(log) = log.get_untracked() {
                let left = log.scroll_height() - log.scroll_top() - log.client_height();
                // What grew below meanwhile did not take the person away from the end.
                if reach.scrolled(&log) || left <= NEAR_PX {
                    follows.set(left <= NEAR_PX);
                }
            }
        })
        .live(move || {
            let empty = shown.loaded.get() && shown.runs.with(Vec::is_empty);
            empty.then(|| tag("p").class("empty").child(slot("empty").text(text::EMPTY)))
        })
        .one(move || reach.button())
        .each(runs);
    let jump = move || {
        let jump = button("jump-button").child(icon(stroke::DOWN)).text(text::JUMP);
        // Nothing lies over a card that waits.
        (!follows.get() && shown.waiting.get() == 0)
            .then(|| jump.on("click", move |_| _ = to_end(log)))
    };
    tag("div").class("log").child(list).live(jump)
}

/// Follows the end while the person is near it, whatever makes it move.
fn follow(desk: Desk, shown: RunShown) {
    effect(move || {
        shown.run.track();
        shown.live.track();
        shown.trouble.track();
        // With that the runs that are over come in.
        desk.shown.loaded.track();
        // What is hidden has no end to go to.
        desk.shown.open.track();
        // Once what changed is in the page, and unless the person scrolls away until then.
        soon(move || {
            let follows = desk.follows.get_untracked() && !can_be_decided(desk.log);
            if follows && to_end(desk.log) {
                desk.moved.tell();
            }
        });
    });
}

/// Shows the call that the person goes to, and gives it the focus.
fn go_to_target(desk: Desk, reach: Reach) {
    let shown = desk.shown;
    effect(move || {
        let Some(call) = shown.target.get() else { return };
        // Its run may be read just now.
        let has_call = |run: &RunShown| run.slot(&call, |_| ()).is_some();
        let Some(run) = shown.runs.get().into_iter().find(has_call) else { return };
        shown.target.put(None);
        run.id.with_untracked(|id| reach.include(id));
        // Later than what follows the end of the conversation.
        soon(move || {
            soon(move || {
                let log = desk.log.get_untracked();
                let found = log.and_then(|log| Some((call_element(&log, &call)?, log)));
                if let Some((element, log)) = &found {
                    log.set_scroll_top(top_in(log, element) - ABOVE_PX);
                }
                // A card that is uncovered and then moves could be pressed by mistake in between.
                shown.inbox.set(false);
                soon(move || {
                    if let Some((element, _)) = found {
                        element.set_attribute("tabindex", "-1").ok();
                        let _ = element.focus();
                    }
                });
            });
        });
    });
}

/// The card or the receipt of a call.
fn call_element(log: &HtmlElement, call: &CallId) -> Option<HtmlElement> {
    let is_its = |element: &HtmlElement| {
        element.get_attribute("data-call").as_deref() == Some(call.as_str())
    };
    all_in(log, "[data-call]").into_iter().find(is_its)
}

/// Whether a button that approves is in sight: nothing may move under whoever is about to press it.
fn can_be_decided(log: Handle) -> bool {
    let Some(log) = log.get_untracked() else { return false };
    let shown = log.get_bounding_client_rect();
    all_in(&log, ".approve-button")
        .iter()
        .map(|button| button.get_bounding_client_rect())
        .any(|rect| rect.top() >= shown.top() && rect.bottom() <= shown.bottom())
}

/// Goes to the end; of a card at the end that is taller than what shows, to its beginning. Whether
/// that moved anything.
fn to_end(log: Handle) -> bool {
    let Some(log) = log.get_untracked() else { return false };
    let before = log.scroll_top();
    let tall = all_in(&log, ".approval-card").pop().filter(|card| {
        let is_last = top_in(&log, card) + card.offset_height() + log.client_height() / 4
            > log.scroll_height();
        is_last && card.offset_height() > log.client_height()
    });
    log.set_scroll_top(tall.map_or(log.scroll_height(), |card| top_in(&log, &card) - ABOVE_PX));
    log.scroll_top() != before
}

/// The part of the log that is one run's.
pub(super) fn run_view(desk: Desk, shown: RunShown) -> Tag {
    announce(desk, shown, true);
    follow(desk, shown);
    let spots = move || {
        desk.shown.hidden.track();
        shown.run.get().map(|run| spots(desk, shown, &run)).unwrap_or_default()
    };
    tag("div")
        .class("run")
        .set("data-run", shown.id_text())
        .bind("data-status", move || shown.read(|run| Some(run.status().as_str().to_owned())))
        .live(move || {
            let left_out = shown.read(|run| run.turns().map(|turn| turn.left_out).max())?;
            (left_out > 0).then(|| aside(text::left_out(left_out)))
        })
        .each(spots)
        .each(move || batches(desk, shown))
        .live(move || {
            shown
                .trouble
                .with(|trouble| trouble.as_ref().map(|trouble| run_fault(desk, shown, trouble)))
        })
        .live(move || {
            let used = shown.read(|run| run.status().is_over().then(|| run.usage()))?;
            (used != Usage::default()).then(|| aside(text::tokens(used.input, used.output)))
        })
}

/// A quiet line beside the conversation.
fn aside(words: String) -> Tag {
    tag("p").class("aside").text(words)
}

/// One after the other, what a run shows. A spot that shows something else is another one; what
/// changes while it stays the same, the view itself listens to.
fn spots(desk: Desk, shown: RunShown, run: &Rc<Run>) -> Vec<Keyed> {
    let mut spots = vec![spot("request".to_owned(), run, |run| {
        let bubble =
            tag("div").part("bubble bubble-user").set("dir", "auto").text(&*run.spec().text);
        Some(message("message-user", text::YOU_SAID).child(bubble))
    })];
    for (at, turn) in run.turns().enumerate() {
        if !turn.text.trim().is_empty() {
            let key = ["said ", &at.to_string()].concat();
            spots.push(spot(key, run, move |run| run.turns().nth(at).map(|turn| said(&turn.text))));
        }
        if turn.report.is_some() {
            let key = ["refused ", &at.to_string()].concat();
            spots
                .push(spot(key, run, move |run| run.turns().nth(at)?.report.as_ref().map(refused)));
        }
        let hidden = desk.shown.hidden.get_untracked();
        spots.extend(
            turn.slots
                .iter()
                .map(|slot| call_spot(desk, shown, run, slot, hidden.contains(&slot.action.id))),
        );
    }
    match run.state() {
        State::AwaitingModel(_) if shown.trouble.with(Option::is_none) => {
            let key = ["live ", &run.turn().to_string()].concat();
            spots.push(spot(key, run, move |run| Some(live(shown, run))));
        }
        State::Failed { .. } | State::Cancelled => {
            spots.push(spot("end".to_owned(), run, |run| Some(end(run))));
        }
        _ => {}
    }
    spots
}

/// The card of a call, or its receipt.
pub(super) fn call_spot(
    desk: Desk,
    shown: RunShown,
    run: &Rc<Run>,
    slot: &Slot,
    is_hidden: bool,
) -> Keyed {
    let call = slot.action.id.clone();
    let (kind, card): (_, fn(Desk, RunShown, &Slot) -> Tag) = match slot.progress {
        Progress::Held { .. } if !is_hidden => ("held ", approval_card),
        Progress::InDoubt { .. } => ("doubt ", doubt_card),
        _ => ("call ", receipt),
    };
    let mut key = [kind, call.as_str()].concat();
    // What is asked anew is another card, with a decision of its own.
    if let Progress::Held { .. } = slot.progress {
        key.push_str(&slot.action.digest.short());
    }
    spot(key, run, move |run| run.find(&call).map(|(_, slot)| card(desk, shown, slot)))
}

fn spot(key: String, run: &Rc<Run>, view: impl FnOnce(&Run) -> Option<Tag> + 'static) -> Keyed {
    let run = Rc::clone(run);
    keyed(key, move || view(&run).unwrap_or_else(|| tag("span")))
}

/// How a run ended, if not with an answer.
fn end(run: &Run) -> Tag {
    match run.state() {
        State::Failed { code, message } => {
            line("failed", text::RUN_FAILED, Some(&why_failed(code, message)))
        }
        _ => line("stopped", text::STOPPED, None),
    }
}

fn said(words: &str) -> Tag {
    message("message-agent", text::ASSISTANT_SAID)
        .child(fill(tag("div").part("bubble bubble-agent"), words))
}

/// The answer as it comes in. A plan comes in as JSON, which is for nobody to read.
fn live(shown: RunShown, run: &Run) -> Tag {
    let bubble = tag("div").part("bubble bubble-agent");
    let is_plan =
        run.spec().mode == Mode::Plan && *run.state() == State::AwaitingModel(Purpose::Work);
    let bubble = if is_plan { bubble } else { fill_live(bubble, move || shown.live.get()) };
    message("message-agent streaming", text::ASSISTANT_SAID).set("aria-busy", "true").child(bubble)
}

fn message(kind: &'static str, who: Text) -> Tag {
    let names = ["message ", kind].concat();
    tag("article")
        .set("class", names.as_str())
        .set("part", names)
        .child(tag("span").class("visually-hidden").text(who))
}

/// What shows above a card or a receipt that is gone to.
const ABOVE_PX: i32 = 12;

/// How near the end still counts as reading it.
const NEAR_PX: i32 = 48;
