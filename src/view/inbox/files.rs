//! Taking a run to another browser and back: the forms for a sealed file.

use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlDialogElement, HtmlInputElement};

use crate::text::{self, Text};
use crate::view::desk::{Desk, button, safely};
use crate::view::state::{FileForm, Intent};
use crate::view::tag::{Handle, Tag, keyed, tag};
use crate::view::timer::soon;

/// The form that is open, as a dialog.
pub(super) fn dialog(desk: Desk, form: &FileForm) -> Tag {
    let frame = Handle::new(None);
    let (file, passphrase, moves) = (Handle::new(None), Handle::new(None), Handle::new(None));
    let run = form.run.clone();
    let is_busy = move || desk.shown.form.with(|form| form.as_ref().is_some_and(|form| form.busy));
    let dialog = move || -> Option<HtmlDialogElement> { frame.get_untracked()?.dyn_into().ok() };
    soon(move || {
        if let Some(dialog) = dialog() {
            // It is modal or it is not there.
            dialog.show_modal().ok();
        }
    });
    // With it the browser gives the focus back.
    let close = move || {
        if let Some(dialog) = dialog() {
            dialog.close();
        }
    };
    let send = {
        let run = run.clone();
        move |event: Event| {
            event.prevent_default();
            let passphrase = value(passphrase);
            match run.clone() {
                Some(run) => desk.send(Intent::Seal { run, passphrase, moves: is_checked(moves) }),
                None => {
                    if let Some(file) = chosen(file) {
                        desk.send(Intent::Unseal { file, passphrase });
                    }
                }
            }
        }
    };
    let (title, words, act) = match run {
        Some(_) => (text::TAKE_RUN, text::TAKE_RUN_HOW, text::SAVE_FILE),
        None => (text::BRING_RUN, text::BRING_RUN_HOW, text::OPEN_FILE),
    };
    let fields = tag("form")
        .on("submit", send)
        .child(tag("h3").class("dialog-title").set("id", "dialog-title").text(title))
        .maybe(form.run.as_ref().map(|_| safely(tag("p").class("dialog-what"), &form.what)))
        .child(tag("p").class("dialog-words").text(words))
        .maybe(run.is_none().then(|| {
            let choice = tag("input")
                .part("file-input")
                .set("type", "file")
                .set("required", "")
                .handle(file);
            labelled(text::FILE, choice.set("accept", ".json,application/json"))
        }))
        .child(labelled(
            text::PASSPHRASE,
            tag("input")
                .part("passphrase")
                .set("type", "password")
                .set("autocomplete", if run.is_some() { "new-password" } else { "off" })
                .set("minlength", if run.is_some() { "8" } else { "0" })
                .bind("required", {
                    let seals = run.is_some();
                    move || seals.then(String::new)
                })
                .handle(passphrase),
        ))
        .maybe(run.is_some().then(|| {
            let choice = tag("input").set("type", "checkbox").set("checked", "").handle(moves);
            tag("label").class("dialog-choice").child(choice).child(
                tag("span").text(text::STOP_HERE).child(tag("small").text(text::STOP_HERE_WHY)),
            )
        }))
        .one(move || {
            let fault =
                desk.shown.form.with(|form| form.as_ref().and_then(|it| it.fault.clone()))?;
            Some(keyed(fault.clone(), move || {
                tag("p").class("dialog-fault").set("role", "alert").text(fault)
            }))
        })
        .child(
            tag("div")
                .class("actions")
                .child(button("cancel-button").text(text::CANCEL).on("click", move |_| close()))
                .child(
                    tag("button")
                        .class("approve-button")
                        .set("part", "confirm-button")
                        .set("type", "submit")
                        .bind("aria-disabled", move || is_busy().then(|| "true".to_owned()))
                        .live_text(move || if is_busy() { text::WORKING } else { act }),
                ),
        );
    tag("dialog")
        .part("dialog")
        .set("aria-labelledby", "dialog-title")
        .handle(frame)
        .on("keydown", |event| event.stop_propagation())
        .on("close", move |_| desk.shown.form.set(None))
        .child(fields)
}

fn labelled(words: Text, field: Tag) -> Tag {
    tag("label").class("dialog-field").text(words).child(field)
}

fn input(handle: Handle) -> Option<HtmlInputElement> {
    handle.get_untracked()?.dyn_into().ok()
}

fn value(handle: Handle) -> String {
    input(handle).map(|input| input.value()).unwrap_or_default()
}

fn is_checked(handle: Handle) -> bool {
    input(handle).is_some_and(|input| input.checked())
}

fn chosen(handle: Handle) -> Option<web_sys::Blob> {
    input(handle)?.files()?.get(0).map(Into::into)
}
