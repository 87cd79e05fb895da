//! One quiet line for a call that was decided, runs, or is over.

use std::rc::Rc;

use holdpoint_core::approval::Approver;
use holdpoint_core::id::CallId;
use holdpoint_core::json::canonical;
use holdpoint_core::plan::Report;
use holdpoint_core::run::{Outcome, Progress, Slot};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, ShadowRoot};

use super::card::changes::change_list;
use super::desk::{Desk, button, safely, sentence_case};
use super::facts::{sentence, what};
use super::moment::{ticking, time};
use super::state::{Intent, RunShown};
use super::tag::{Keyed, Tag, icon, keyed, stroke, tag};
use super::timer::soon;
use crate::form::changes;
use crate::language::known;
use crate::text::{self, Text};

/// The line of one call; it follows the call from approval to its end.
pub(super) fn receipt(desk: Desk, run: RunShown, slot: &Slot) -> Tag {
    let action = &slot.action;
    let call = Rc::new(action.id.clone());
    // Each part stays until it is another, so that details which are open stay open.
    let part = |element: Tag, says: fn(&Slot) -> Option<String>, view: fn(&str) -> Tag| {
        let call = Rc::clone(&call);
        element.one(move || {
            let says = run.slot(&call, says).flatten()?;
            Some(keyed(says.clone(), move || view(&says)))
        })
    };
    let summary = part(
        tag("summary").class("receipt-line"),
        |slot| Some(path(slot).to_owned()),
        |path| tag("span").class("receipt-icon").child(icon(path)),
    );
    let summary = part(
        summary.child(safely(tag("span").class("receipt-summary"), what(action))),
        |slot| Some(meta(slot)),
        |meta| safely(tag("span").class("receipt-meta"), meta),
    );
    let edited = Rc::clone(&call);
    let details = tag("details").child(summary).one(move || {
        let [proposed, ran] = run.slot(&edited, |slot| {
            let ran = slot.permit.as_ref()?.arguments.clone()?;
            Some([slot.action.arguments.clone(), ran])
        })??;
        Some(keyed("", move || {
            let name = tag("p").text(text::EDITED);
            let changes = change_list(&changes(&proposed, &ran));
            tag("div").part("receipt-edited").child(name).child(changes)
        }))
    });
    let details =
        part(details, |slot| Some(canonical(slot.arguments())), |json| fact(text::ARGUMENTS, json));
    let details = part(
        details,
        |slot| match slot.outcome()? {
            Outcome::Succeeded(result) => Some(canonical(result)),
            _ => None,
        },
        |json| fact(text::RESULT, json),
    );
    let delayed = Rc::clone(&call);
    let line = tag("div")
        .part("receipt")
        .set("tabindex", "-1")
        .set("data-call", action.id.as_str())
        .bind("data-outcome", move || run.slot(&call, |slot| word(slot).to_owned()))
        .child(details)
        .one(move || undo_bar(desk, run, &delayed));
    if desk.decided.get_untracked().as_ref() == Some(&action.id) {
        desk.decided.set(None);
        let line = line.element();
        soon(move || take_over_focus(&line));
    }
    line
}

/// How long it takes until the call begins, and the way back until then.
fn undo_bar(desk: Desk, run: RunShown, call: &CallId) -> Option<Keyed> {
    let until = run.slot(call, |slot| match slot.progress {
        Progress::Delayed { until } => Some(until.as_millis()),
        _ => None,
    })??;
    let call = call.clone();
    Some(keyed(until.to_string(), move || {
        let now = ticking();
        let undo = button("undo-button").text(text::UNDO).on("click", move |event| {
            if event.is_trusted() {
                desk.send(Intent::TakeBack { call: call.clone() });
            }
        });
        let words = tag("span")
            .live_text(move || text::starts_in(until.saturating_sub(now.get()).div_ceil(1000)));
        tag("div").part("undo-bar").child(words).child(undo)
    }))
}

/// A line of its own for what is no call.
pub(super) fn line(outcome: &'static str, title: Text, more: Option<&str>) -> Tag {
    let line = tag("div")
        .part("receipt")
        .set("data-outcome", outcome)
        .child(tag("span").class("receipt-icon").child(icon(stroke::CROSS)));
    let words = tag("div")
        .class("receipt-line")
        .child(tag("span").class("receipt-title").text(title))
        .maybe(more.map(|more| safely(tag("span").class("receipt-meta"), &sentence_case(more))));
    line.child(words)
}

/// A plan with faults, of which nothing ran.
pub(super) fn refused(report: &Report) -> Tag {
    let issues = report.0.iter().map(|issue| {
        let parts = [issue.tool.as_str(), issue.path.as_str(), issue.message.as_str()];
        let words: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        safely(tag("p"), &words.join(": "))
    });
    let details = tag("details").child(tag("summary").text(text::DETAILS)).all(issues);
    line("refused", text::PROPOSAL_REFUSED, None).child(details)
}

/// What a person hears of how a call ended.
pub(super) fn spoken(slot: &Slot, outcome: &Outcome) -> String {
    text::with_reason(&sentence(&slot.action), &ending(slot, outcome))
}

fn fact(name: Text, json: &str) -> Tag {
    let code = safely(tag("code"), json);
    tag("div").class("receipt-fact").child(tag("p").text(name)).child(tag("pre").child(code))
}

fn meta(slot: &Slot) -> String {
    match &slot.progress {
        Progress::Queued => text::QUEUED.get(),
        Progress::Held { .. } | Progress::InDoubt { .. } => text::ELSEWHERE.get(),
        Progress::Delayed { .. } => approval(slot).unwrap_or_default(),
        Progress::Ready | Progress::Started { .. } => {
            let mut parts: Vec<String> = approval(slot).into_iter().collect();
            parts.push(text::RUNNING.get());
            parts.join(" · ")
        }
        Progress::Done { outcome, at } => {
            let mut parts = vec![ending(slot, outcome)];
            if let Outcome::Succeeded(_) = outcome {
                parts = approval(slot).into_iter().collect();
            }
            parts.push(time(*at));
            if let (Outcome::Succeeded(_), Some(start)) = (outcome, slot.started_at) {
                parts.push(text::seconds(at.as_millis().saturating_sub(start.as_millis())));
            }
            parts.join(" · ")
        }
    }
}

fn ending(slot: &Slot, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Succeeded(_) => approval(slot).unwrap_or_else(|| text::DONE.get()),
        Outcome::Confirmed(_) => text::CONFIRMED_BY_YOU.get(),
        Outcome::Failed(error) => known(error),
        Outcome::Denied { reason, by } => {
            let denied = named(by, text::DENIED_BY_YOU, text::denied_by);
            match reason {
                Some(reason) => text::with_reason(&denied, reason),
                None => denied,
            }
        }
        Outcome::Answered { text, by } => {
            let answered = named(by, text::ANSWERED_BY_YOU, text::answered_by);
            text::with_reason(&answered, text)
        }
        Outcome::Forbidden(because) => text::forbidden(&known(because)),
        Outcome::Expired => text::EXPIRED.get(),
        Outcome::Cancelled => text::CANCELLED.get(),
        Outcome::Skipped => text::SKIPPED.get(),
    }
}

fn approval(slot: &Slot) -> Option<String> {
    let permit = slot.permit.as_ref()?;
    let words = named(&permit.by, text::APPROVED_BY_YOU, text::approved_by);
    Some(if permit.arguments.is_some() { text::with_changes(&words) } else { words })
}

fn named(by: &Approver, you: Text, other: fn(&str) -> String) -> String {
    if by.name.is_empty() { you.get() } else { other(&by.name) }
}

/// The word by which the sheet and tests know how a call ended.
fn word(slot: &Slot) -> &'static str {
    match &slot.progress {
        Progress::Queued | Progress::Held { .. } => "queued",
        Progress::Delayed { .. } => "delayed",
        Progress::Ready | Progress::Started { .. } => "running",
        Progress::InDoubt { .. } => "in-doubt",
        Progress::Done { outcome, .. } => match outcome {
            Outcome::Succeeded(_) | Outcome::Confirmed(_) => "succeeded",
            Outcome::Failed(_) => "failed",
            Outcome::Denied { .. } | Outcome::Forbidden(_) => "denied",
            Outcome::Answered { .. } => "answered",
            Outcome::Expired => "expired",
            Outcome::Cancelled => "cancelled",
            Outcome::Skipped => "skipped",
        },
    }
}

fn path(slot: &Slot) -> &'static str {
    match &slot.progress {
        Progress::Queued => stroke::DOTS,
        Progress::Held { .. }
        | Progress::Delayed { .. }
        | Progress::Ready
        | Progress::Started { .. } => stroke::CLOCK,
        Progress::InDoubt { .. } => stroke::WARNING,
        Progress::Done { outcome: Outcome::Succeeded(_) | Outcome::Confirmed(_), .. } => {
            stroke::CHECK
        }
        Progress::Done { outcome: Outcome::Expired, .. } => stroke::CLOCK,
        Progress::Done { .. } => stroke::CROSS,
    }
}

/// What had the focus is gone; if nothing else took it, this element does, so that whoever uses a
/// keyboard goes on from here.
pub(super) fn take_over_focus(line: &HtmlElement) {
    let root = line.get_root_node().dyn_into::<ShadowRoot>();
    if root.is_ok_and(|root| root.active_element().is_none()) {
        let _ = line.focus();
    }
}
