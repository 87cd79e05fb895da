//! What was asked of the model and what came back.

use leptos::reactive::owner::Owner;

use super::{Panel, bytes, clock, fact, source, span};
use crate::driver::ports::{Wire, WireFact};
use crate::view::desk::safely;
use crate::view::moment::now;
use crate::view::signal::Signal;
use crate::view::state::Exchanged;
use crate::view::tag::{Tag, keyed, tag};

/// Keeps what passes from now on, as long as the page lives.
pub(in crate::view) fn log_of(wire: &Wire) -> Signal<Vec<Exchanged>> {
    let owner = Owner::new();
    let log = owner.with(|| Signal::new(Vec::new()));
    std::mem::forget(owner);
    wire.look_on(Box::new(move |number, fact| log.update(|log| note(log, number, fact))));
    log
}

fn note(log: &mut Vec<Exchanged>, number: u32, fact: WireFact) {
    if let WireFact::Asked { url, body } = fact {
        if log.len() == EXCHANGES_MAX {
            log.remove(0);
        }
        return log.push(Exchanged { number, url, body, at: now(), ..Exchanged::default() });
    }
    let Some(of) = log.iter_mut().rev().find(|of| of.number == number) else { return };
    match fact {
        WireFact::Answered { status, headers } => {
            of.status = Some(status);
            of.headers = headers;
        }
        WireFact::Arrived(piece) => {
            of.bytes += piece.len();
            let room = ANSWER_BYTES_MAX.saturating_sub(of.answer.len());
            of.answer.push_str(&piece[..piece.floor_char_boundary(room)]);
        }
        WireFact::Ended(fault) => {
            of.ended = Some(now());
            of.fault = fault;
        }
        WireFact::Asked { .. } => {}
    }
}

/// The exchanges, the newest first.
pub(super) fn wire(panel: Panel) -> Tag {
    let log = panel.log;
    let rows = move || {
        let numbers = log.with(|log| log.iter().rev().map(|it| it.number).collect::<Vec<_>>());
        let row = |number: u32| keyed(number.to_string(), move || exchange(log, number));
        numbers.into_iter().map(row).collect()
    };
    tag("div")
        .part("debug-wire")
        .child(tag("p").class("dev-note").text(
            "Requests to the model from the time this panel was opened. Of headers only those are \
             kept that are no secret, and of addresses no query.",
        ))
        .each(rows)
        .one(move || {
            let words = "Nothing has gone over the wire yet.";
            let is_empty = log.with(|log| log.is_empty());
            is_empty.then(|| keyed("", move || tag("p").class("dev-empty").text(words)))
        })
}

fn exchange(log: Signal<Vec<Exchanged>>, number: u32) -> Tag {
    let asked = read(log, number, Exchanged::clone);
    let outcome = move || {
        read(log, number, |of| match (&of.fault, of.status, of.ended) {
            (Some(fault), ..) => fault.clone(),
            (_, Some(status), _) => status.to_string(),
            (_, _, Some(_)) => "done".to_owned(),
            _ => "…".to_owned(),
        })
    };
    let took = move || {
        let took = read(log, number, |of| of.ended.map(|ended| ended.saturating_sub(of.at)));
        took.map_or_else(String::new, span)
    };
    let summary = tag("summary")
        .child(tag("span").class("dev-seq").text(number.to_string()))
        .child(safely(tag("code").class("dev-url"), &asked.url))
        .child(tag("b").class("dev-word").live_text(outcome))
        .child(
            tag("span")
                .class("dev-count")
                .live_text(move || bytes(read(log, number, |of| of.bytes))),
        )
        .child(tag("span").class("dev-count").live_text(took))
        .child(tag("span").class("dev-time").text(clock(asked.at)));
    let headers = move || {
        let list = read(log, number, |of| of.headers.clone());
        (!list.is_empty()).then(|| {
            let facts = list.into_iter().map(|(name, value)| fact(name, value));
            tag("dl").class("dev-facts").all(facts)
        })
    };
    let kept = move || {
        let left = read(log, number, |of| of.bytes - of.answer.len());
        (left > 0).then(|| {
            tag("p").class("dev-note").text([bytes(left), " more is not kept".into()].concat())
        })
    };
    tag("details")
        .class("dev-exchange")
        .bind("data-fault", move || {
            read(log, number, |of| of.fault.as_ref().map(|_| String::new()))
        })
        .child(summary)
        .live(headers)
        .child(fold("Asked", bytes(asked.body.len()), source::text(&asked.body)))
        .child(
            fold(
                "Answered",
                String::new(),
                tag("div").live(move || read(log, number, |of| Some(source::text(&of.answer)))),
            )
            .live(kept),
        )
}

/// Reads of an exchange what is shown, and no more: each piece of an answer has all of this read.
fn read<T: Default>(
    log: Signal<Vec<Exchanged>>,
    number: u32,
    read: impl FnOnce(&Exchanged) -> T,
) -> T {
    log.with(|log| log.iter().find(|of| of.number == number).map(read)).unwrap_or_default()
}

fn fold(name: &str, count: String, content: Tag) -> Tag {
    let summary = tag("summary").text(name).child(tag("span").class("dev-count").text(count));
    tag("details").class("dev-fold").child(summary).child(content)
}

/// So many exchanges are kept.
const EXCHANGES_MAX: usize = 50;
/// So much is kept of each answer.
const ANSWER_BYTES_MAX: usize = 65_536;
