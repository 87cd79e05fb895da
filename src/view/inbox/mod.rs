//! Every call that a person was asked about, of all conversations: what waits, what is in doubt and
//! what is done, to search and to go to.

mod audit;
mod files;
mod list;
mod row;
mod rules;
mod search;
mod window;
mod worker;

use std::cell::Cell;

use leptos::reactive::graph::untrack;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, KeyboardEvent};

use super::desk::{Desk, button, focus_soon};
use super::receipt::take_over_focus;
use super::signal::Signal;
use super::state::{FileForm, Intent};
use super::tag::{Handle, Tag, icon, keyed, stroke, tag};
use super::timer::soon;
use crate::driver::ports::Group;
use crate::language::number;
use crate::text::{self, Text};
use audit::audit;
use files::dialog;
use list::List;
use rules::rules;

/// The inbox, which lies over the conversation as long as it is open.
pub(super) fn inbox(desk: Desk) -> Tag {
    let shown = desk.shown;
    let room = Signal::new(Room::Calls);
    let had_form = Cell::new(false);
    tag("div")
        .part("inbox")
        .set("role", "region")
        .set("aria-label", text::INBOX)
        .on("keydown", move |event| {
            if event.unchecked_ref::<KeyboardEvent>().key() == "Escape" {
                // The popover around it stays open.
                event.stop_propagation();
                desk.send(Intent::Inbox(false));
                focus_soon(desk.inbox_button);
            }
        })
        .one(move || {
            // What waits at a worker is not stored here.
            let here = shown.waiting.get() > shown.worker.rows.with(Vec::len);
            let is_told = shown.short_lived.get() && here;
            is_told.then(|| keyed("", || tag("p").part("inbox-note").text(text::SEVEN_DAYS)))
        })
        .one(move || {
            Some(match room.get() {
                Room::Calls if shown.worker.open.with(Option::is_some) => {
                    let call = shown.worker.open.get()?;
                    keyed(call.to_string(), move || worker::card(desk, call))
                }
                Room::Calls => keyed("calls", move || calls(desk)),
                Room::Audit => keyed("audit", move || audit(desk)),
                Room::Rules => keyed("rules", move || rules(desk)),
            })
        })
        .child(
            tag("div")
                .class("inbox-foot inbox-ways")
                .child(way("audit-button", text::AUDIT, room, Room::Audit))
                .child(way("rules-button", text::RULES, room, Room::Rules))
                .child(
                    button("bring-button")
                        .text(text::BRING_RUN)
                        .on("click", move |_| shown.form.set(Some(FileForm::default()))),
                )
                .one(move || shown.notified.get().map(|_| keyed("", move || notify_button(desk)))),
        )
        .one(move || {
            let form = shown.form.get();
            if form.is_none() && had_form.replace(false) {
                soon(move || {
                    if let Some(button) = desk.inbox_button.get_untracked() {
                        take_over_focus(&button);
                    }
                });
            }
            let form = form?;
            had_form.set(true);
            let key = form.run.as_ref().map_or("", |run| run.as_str()).to_owned();
            Some(keyed(key, move || dialog(desk, &form)))
        })
}

/// What the inbox shows.
#[derive(Clone, Copy, Default, PartialEq)]
enum Room {
    #[default]
    Calls,
    Audit,
    Rules,
}

/// A button that leads to another room, and back.
fn way(part: &'static str, words: Text, room: Signal<Room>, to: Room) -> Tag {
    button(part).bind("aria-pressed", move || Some((room.get() == to).to_string())).text(words).on(
        "click",
        move |_| {
            room.set(if room.get_untracked() == to { Room::Calls } else { to });
        },
    )
}

fn notify_button(desk: Desk) -> Tag {
    let is_on = move || desk.shown.notified.get() == Some(true);
    button("notify-button")
        .bind("aria-pressed", move || Some(is_on().to_string()))
        .text(text::NOTIFY)
        .on("click", move |event| {
            // The browser asks the person only after a real click.
            if event.is_trusted() {
                desk.send(Intent::Notify(!untrack(is_on)));
            }
        })
}

/// The calls, with what narrows them down.
fn calls(desk: Desk) -> Tag {
    let list = List::new(desk);
    let search = Handle::new(None);
    // Whoever opened it wants to find something; where it stands in the page for good, nobody did.
    if desk.shown.inbox.get_untracked() {
        focus_soon(search);
    }
    let field = field(text::SEARCH, search).on("input", move |event| {
        let field = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
        list.search(&field.map(|field| field.value()).unwrap_or_default());
    });
    tag("div")
        .class("inbox-calls")
        .on("keydown", move |event| {
            if list.steps(&event.unchecked_ref::<KeyboardEvent>().key()) {
                event.prevent_default();
            }
        })
        .one(move || {
            let worker = desk.shown.worker;
            let is_told =
                worker.rows.with(|it| !it.is_empty()) || worker.trouble.with(Option::is_some);
            is_told.then(|| worker::waiting_there(desk))
        })
        .child(tag("div").class("inbox-tools").child(field).child(filters(list)))
        .child(list.view())
        .live(move || list.news.get().then(|| news_button(list)))
}

/// A field to search in.
fn field(words: Text, handle: Handle) -> Tag {
    let input = tag("input")
        .part("inbox-search")
        .set("type", "search")
        .set("placeholder", words)
        .set("aria-label", words)
        .set("enterkeyhint", "search")
        .set("autocomplete", "off")
        .set("spellcheck", "false")
        .handle(handle);
    tag("div").class("inbox-field").child(icon(stroke::SEARCH)).child(input)
}

fn filters(list: List) -> Tag {
    let all = [None, Some(Group::Held), Some(Group::Doubt), Some(Group::Done)];
    tag("div").class("filters").set("role", "group").set("aria-label", text::FILTER).all(all.map(
        |group| {
            let is_chosen = move || list.group.get() == group;
            button("filter-button")
                .bind("aria-pressed", move || Some(is_chosen().to_string()))
                .on("click", move |_| list.choose(group))
                .text(match group {
                    None => text::EVERYTHING,
                    Some(Group::Held) => text::HELD,
                    Some(Group::Doubt) => text::IN_DOUBT,
                    Some(Group::Done) => text::DECIDED,
                })
                .child(tag("span").class("count").live_text(move || {
                    number(list.tally.with(|tally| match group {
                        None => tally.iter().copied().map(f64::from).sum(),
                        Some(group) => f64::from(tally[group as usize]),
                    }))
                }))
        },
    ))
}

fn news_button(list: List) -> Tag {
    button("news-button").text(text::SHOW_NEWS).on("click", move |_| list.reload())
}
