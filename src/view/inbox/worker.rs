//! What waits at a worker: a list above the page's own, and one card at a time, the same as in a
//! conversation.

use std::rc::Rc;

use holdpoint_core::id::CallId;
use holdpoint_core::run::{Progress, Slot};
use leptos::reactive::graph::untrack;

use crate::language::fault;
use crate::text;
use crate::view::desk::{Desk, button, focus_soon, safely, sentence_case};
use crate::view::moment::time;
use crate::view::state::{Intent, RunShown, WorkerRow};
use crate::view::tag::{Handle, Keyed, Tag, icon, keyed, stroke, tag};

/// The list, where there is anything to say.
pub(super) fn waiting_there(desk: Desk) -> Keyed {
    keyed("worker", move || {
        let worker = desk.shown.worker;
        let rows = move || {
            let rows = worker.rows.get().into_iter();
            rows.map(|row| {
                let key = [row.call.as_str(), &row.is_doubt.to_string()].concat();
                keyed([key, row.approved.join(" ")].concat(), move || item(desk, row))
            })
            .collect()
        };
        tag("section")
            .part("worker-list")
            .set("aria-label", text::WORKER_LIST)
            .child(tag("h3").class("label").text(text::WORKER_LIST))
            .one(move || {
                let (code, message) = worker.trouble.get()?;
                Some(keyed([code.as_str(), &message].concat(), move || {
                    let (happened, _) = fault(&code, &message);
                    let words = [sentence_case(&happened), text::RETRYING.get()].join(" ");
                    tag("p").class("worker-fault").set("role", "status").text(words)
                }))
            })
            .child(tag("ul").each(rows))
    })
}

fn item(desk: Desk, row: WorkerRow) -> Tag {
    let (path, stage) = match row.is_doubt {
        true => (stroke::WARNING, "in-doubt"),
        false => (stroke::CLOCK, "held"),
    };
    let quorum = row.quorum().map(|quorum| [&quorum, " · "].concat()).unwrap_or_default();
    let meta = [row.workflow.as_str(), " · ", &quorum, &row.about].concat();
    let line = tag("span")
        .class("inbox-row")
        .set("data-stage", stage)
        .child(tag("span").class("inbox-icon").child(icon(path)))
        .child(safely(tag("span").class("inbox-what"), &row.title).set("title", &row.title))
        .child(safely(tag("span").class("inbox-meta"), &meta))
        .maybe(row.since.map(|since| tag("span").class("inbox-time").text(time(since))));
    let call = row.call;
    tag("li").set("data-call", call.as_str()).child(
        button("inbox-item")
            .child(line)
            .on("click", move |_| desk.send(Intent::ShowAtWorker(call.clone()))),
    )
}

/// The card of one call, in the place of the lists.
pub(super) fn card(desk: Desk, call: CallId) -> Tag {
    let worker = desk.shown.worker;
    let back = Handle::new(None);
    focus_soon(back);
    let away = button("back-button")
        .handle(back)
        .text(text::BACK)
        .on("click", move |_| worker.open.set(None));
    // On its own, so that a card in which someone writes stays when another person approves.
    let about = call.clone();
    let quorum = move || {
        let words = worker.rows.with(|rows| rows.iter().find(|row| row.call == about)?.quorum())?;
        let shown = words.clone();
        Some(keyed(words, move || safely(tag("p").class("worker-quorum"), &shown)))
    };
    let view = move || {
        let shown = worker.card.get()?;
        let run = shown.run.get()?;
        let (_, slot) = run.find(&call)?;
        let slot = Rc::new(slot.clone());
        let key = [&slot.action.digest.to_string(), stage(&slot)].concat();
        Some(keyed(key, move || card_of(desk, shown, &slot)))
    };
    tag("div")
        .class("inbox-scroll")
        .set("part", "worker-card")
        .child(tag("div").class("worker-back").child(away))
        .one(quorum)
        .one(view)
        .one(move || {
            let loads = worker.card.with(Option::is_none);
            loads.then(|| keyed("", || tag("p").class("empty").text(text::RESUMING)))
        })
}

fn stage(slot: &Slot) -> &'static str {
    match slot.progress {
        Progress::Held { .. } => "held",
        Progress::InDoubt { .. } => "doubt",
        _ => "over",
    }
}

fn card_of(desk: Desk, shown: RunShown, slot: &Slot) -> Tag {
    let workflow = untrack(|| {
        desk.shown.worker.rows.with(|rows| {
            let row = rows.iter().find(|row| row.call == slot.action.id);
            row.map(|row| row.workflow.clone()).unwrap_or_default()
        })
    });
    let views = desk.shown.run_views.get_untracked();
    let card = match (&slot.progress, views) {
        (Progress::Held { .. }, Some(views)) => (views.held)(desk, shown, slot),
        (Progress::InDoubt { .. }, Some(views)) => (views.doubt)(desk, shown, slot),
        // Its outcome is on its way.
        _ => tag("p").class("empty").text(text::WORKING),
    };
    tag("div").class("worker-one").child(safely(tag("p").class("aside"), &workflow)).child(card)
}
