//! Where a person writes to the agent, or stops it.

use wasm_bindgen::JsCast;
use web_sys::{HtmlTextAreaElement, KeyboardEvent};

use super::desk::{Desk, button, focus_soon};
use super::signal::Signal;
use super::state::Intent;
use super::tag::{Handle, Tag, effect, icon, keep, keyed, slot, stroke, tag};
use crate::text;

/// The form. While a run waits for a person it stays usable, so that they can ask before they
/// decide.
pub(super) fn composer(desk: Desk) -> Tag {
    let empty = Signal::new(true);
    let send = move || {
        let words = value_of(desk.input);
        if words.trim().is_empty() || desk.shown.active.with_untracked(Option::is_some) {
            return;
        }
        if let Some(field) = field(desk.input) {
            field.set_value("");
        }
        empty.set(true);
        desk.send(Intent::Send(words.trim().to_owned()));
    };
    let input = tag("textarea")
        .part("input")
        .set("rows", "1")
        .set("placeholder", text::PLACEHOLDER)
        .set("aria-label", text::MESSAGE)
        .set("enterkeyhint", "send")
        .handle(desk.input)
        .on("focus", move |_| desk.send(Intent::Prepare))
        .on("input", move |_| empty.set(value_of(desk.input).trim().is_empty()))
        .on("keydown", move |event| {
            if sends(event.unchecked_ref()) {
                event.prevent_default();
                send();
            }
        });
    effect(move || {
        let draft = desk.shown.draft.get();
        let field = field(desk.input).filter(|field| field.value().is_empty());
        if let Some(field) = field.filter(|_| !draft.is_empty()) {
            field.set_value(&draft);
            empty.set(false);
            desk.shown.draft.put(String::new());
        }
    });
    keep(Draft { desk, field: field(desk.input) });
    tag("form")
        .part("composer")
        .on("submit", move |event| {
            event.prevent_default();
            send();
            // The button that was pressed makes way for another.
            focus_soon(desk.input);
        })
        .child(input)
        .child(slot("composer-actions"))
        .one(move || {
            Some(match desk.shown.active.get() {
                Some(_) => keyed("stop", move || stop_button(desk)),
                None => keyed("send", move || send_button(empty)),
            })
        })
}

fn stop_button(desk: Desk) -> Tag {
    button("stop-button").set("aria-label", text::STOP).child(icon(stroke::SQUARE)).on(
        "click",
        move |_| {
            if let Some(run) = desk.shown.active.get_untracked() {
                desk.send(Intent::Stop(run));
                focus_soon(desk.input);
            }
        },
    )
}

fn send_button(empty: Signal<bool>) -> Tag {
    tag("button")
        .part("send-button")
        .set("type", "submit")
        .set("aria-label", text::SEND)
        .bind("aria-disabled", move || empty.get().then(|| "true".to_owned()))
        .child(icon(stroke::UP))
}

/// What stands in a field.
pub(super) fn value_of(handle: Handle) -> String {
    field(handle).map(|field| field.value()).unwrap_or_default()
}

fn field(handle: Handle) -> Option<HtmlTextAreaElement> {
    handle.get_untracked()?.dyn_into().ok()
}

/// What was being written when the views go away; it is there again when they come back.
struct Draft {
    desk: Desk,
    field: Option<HtmlTextAreaElement>,
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(field) = &self.field {
            self.desk.shown.draft.put(field.value());
        }
    }
}

/// Enter sends, unless it ends a line or picks a word of an input method. Some browsers say the
/// latter only by the key code 229.
fn sends(event: &KeyboardEvent) -> bool {
    let plain = !(event.shift_key() || event.ctrl_key() || event.alt_key() || event.meta_key());
    event.key() == "Enter" && plain && !event.is_composing() && event.key_code() != 229
}
