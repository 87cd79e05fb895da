//! One quiet line for a call that was decided, runs, or is over.

use holdpoint_core::approval::Approver;
use holdpoint_core::id::CallId;
use holdpoint_core::json::canonical;
use holdpoint_core::plan::Report;
use holdpoint_core::run::{Outcome, Progress, Slot};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, ShadowRoot};

use super::desk::{Desk, safely, sentence_case};
use super::facts::{sentence, what};
use super::moment::time;
use super::state::RunShown;
use super::tag::{Handle, Tag, icon, stroke, tag};
use crate::text;

/// The line of one call; it follows the call from approval to its end.
pub(super) fn receipt(desk: Desk, run: RunShown, call: CallId) -> Tag {
    let slot = Memo::new(move |_| run.slot(&call, Clone::clone));
    let handle = Handle::new();
    handle.on_load(move |line| {
        let decided = desk.decided.try_get_value().flatten();
        if decided.is_some()
            && decided == slot.with_untracked(|s| Some(s.as_ref()?.action.id.clone()))
        {
            desk.decided.set_value(None);
            request_animation_frame(move || take_over_focus(&line));
        }
    });
    tag("div")
        .part("receipt")
        .set("tabindex", "-1")
        .handle(handle)
        .bind("data-outcome", move || slot.with(|slot| Some(word(slot.as_ref()?).to_owned())))
        .bind("data-call", move || {
            slot.with(|slot| Some(slot.as_ref()?.action.id.as_str().to_owned()))
        })
        .live(move || slot.with(|slot| slot.as_ref().map(body)))
}

/// A line of its own for what is no call.
pub(super) fn line(outcome: &'static str, title: &str, more: Option<&str>) -> Tag {
    let line = tag("div")
        .part("receipt")
        .set("data-outcome", outcome)
        .child(tag("span").class("receipt-icon").view(icon(stroke::CROSS)));
    let words = tag("div")
        .class("receipt-line")
        .child(safely(tag("span").class("receipt-title"), title))
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

/// What a person hears of how a call ended; nothing where it has not.
pub(super) fn spoken(slot: &Slot) -> Option<String> {
    let outcome = slot.outcome()?;
    let words = [sentence(&slot.action), ending(slot, outcome)];
    Some(words.join(": "))
}

fn body(slot: &Slot) -> Tag {
    let action = &slot.action;
    let line = tag("summary")
        .class("receipt-line")
        .child(tag("span").class("receipt-icon").view(icon(path(slot))))
        .child(safely(tag("span").class("receipt-summary"), what(action)))
        .child(safely(tag("span").class("receipt-meta"), &meta(slot)));
    let details = tag("details").child(line);
    let details = details.child(fact(text::ARGUMENTS, &canonical(slot.arguments())));
    match slot.outcome() {
        Some(Outcome::Succeeded(result)) => details.child(fact(text::RESULT, &canonical(result))),
        _ => details,
    }
}

fn fact(name: &'static str, json: &str) -> Tag {
    let code = safely(tag("code"), json);
    tag("div").class("receipt-fact").child(tag("p").text(name)).child(tag("pre").child(code))
}

fn meta(slot: &Slot) -> String {
    match &slot.progress {
        Progress::Queued => text::QUEUED.to_owned(),
        Progress::Held { .. } | Progress::InDoubt { .. } => text::ELSEWHERE.to_owned(),
        Progress::Ready | Progress::Started { .. } => {
            let mut parts: Vec<String> = approval(slot).into_iter().collect();
            parts.push(text::RUNNING.to_owned());
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
        Outcome::Succeeded(_) => approval(slot).unwrap_or_else(|| text::DONE.to_owned()),
        Outcome::Confirmed(_) => text::CONFIRMED_BY_YOU.to_owned(),
        Outcome::Failed(error) => error.clone(),
        Outcome::Denied { reason, by } => {
            let denied = named(by, text::DENIED_BY_YOU, text::denied_by);
            match reason {
                Some(reason) => [denied.as_str(), ": ", reason].concat(),
                None => denied,
            }
        }
        Outcome::Forbidden(because) => text::forbidden(because),
        Outcome::Expired => text::EXPIRED.to_owned(),
        Outcome::Cancelled => text::CANCELLED.to_owned(),
        Outcome::Skipped => text::SKIPPED.to_owned(),
    }
}

fn approval(slot: &Slot) -> Option<String> {
    let permit = slot.permit.as_ref()?;
    Some(named(&permit.by, text::APPROVED_BY_YOU, text::approved_by))
}

fn named(by: &Approver, you: &str, other: fn(&str) -> String) -> String {
    if by.name.is_empty() { you.to_owned() } else { other(&by.name) }
}

/// The word by which the sheet and tests know how a call ended.
fn word(slot: &Slot) -> &'static str {
    match &slot.progress {
        Progress::Queued | Progress::Held { .. } => "queued",
        Progress::Ready | Progress::Started { .. } => "running",
        Progress::InDoubt { .. } => "in-doubt",
        Progress::Done { outcome, .. } => match outcome {
            Outcome::Succeeded(_) | Outcome::Confirmed(_) => "succeeded",
            Outcome::Failed(_) => "failed",
            Outcome::Denied { .. } | Outcome::Forbidden(_) => "denied",
            Outcome::Expired => "expired",
            Outcome::Cancelled => "cancelled",
            Outcome::Skipped => "skipped",
        },
    }
}

fn path(slot: &Slot) -> &'static str {
    match &slot.progress {
        Progress::Queued => stroke::DOTS,
        Progress::Held { .. } | Progress::Ready | Progress::Started { .. } => stroke::CLOCK,
        Progress::InDoubt { .. } => stroke::WARNING,
        Progress::Done { outcome: Outcome::Succeeded(_) | Outcome::Confirmed(_), .. } => {
            stroke::CHECK
        }
        Progress::Done { outcome: Outcome::Expired, .. } => stroke::CLOCK,
        Progress::Done { .. } => stroke::CROSS,
    }
}

/// The card had the focus and is gone; if nothing else took it, the line does, so that whoever
/// uses a keyboard goes on from here.
fn take_over_focus(line: &HtmlElement) {
    let root = line.get_root_node().dyn_into::<ShadowRoot>();
    if root.is_ok_and(|root| root.active_element().is_none()) {
        let _ = line.focus();
    }
}
