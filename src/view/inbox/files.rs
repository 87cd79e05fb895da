//! Taking a run to another browser and back: the forms for a sealed file.

use holdpoint_core::id::RunId;
use leptos::reactive::graph::untrack;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlInputElement};

use crate::text::{self, Text};
use crate::view::desk::{Desk, button, safely};
use crate::view::signal::Signal;
use crate::view::state::{FileForm, Intent};
use crate::view::tag::{Handle, Tag, keyed, tag};
use crate::view::timer::soon;

/// The form that is open, as a dialog.
pub(super) fn dialog(desk: Desk, form: &FileForm) -> Tag {
    let handle = || Handle::new(None);
    let fields = Fields {
        desk,
        run: Signal::new(form.run.clone()),
        frame: handle(),
        file: handle(),
        passphrase: handle(),
        moves: handle(),
    };
    soon(move || {
        if let Some(dialog) = fields.dialog() {
            // It is modal or it is not there.
            dialog.show_modal().ok();
        }
    });
    tag("dialog")
        .part("dialog")
        .set("aria-labelledby", "dialog-title")
        .handle(fields.frame)
        .on("keydown", |event| event.stop_propagation())
        .on("close", move |_| desk.shown.form.set(None))
        .child(fields.view(form))
}

/// What is asked for: of a run that goes, or of a file that comes.
#[derive(Clone, Copy)]
struct Fields {
    desk: Desk,
    /// The run that goes.
    run: Signal<Option<RunId>>,
    frame: Handle,
    file: Handle,
    passphrase: Handle,
    moves: Handle,
}

impl Fields {
    fn view(self, form: &FileForm) -> Tag {
        let goes = form.run.is_some();
        let (title, words) = match goes {
            true => (text::TAKE_RUN, text::TAKE_RUN_HOW),
            false => (text::BRING_RUN, text::BRING_RUN_HOW),
        };
        let fault = move || self.desk.shown.form.with(|form| form.as_ref()?.fault.clone());
        tag("form")
            .on("submit", move |event| {
                event.prevent_default();
                self.send();
            })
            .child(tag("h3").class("dialog-title").set("id", "dialog-title").text(title))
            .maybe(goes.then(|| safely(tag("p").class("dialog-what"), &form.what)))
            .child(tag("p").class("dialog-words").text(words))
            .maybe((!goes).then(|| self.file_field()))
            .child(self.passphrase_field(goes))
            .maybe(goes.then(|| self.choice()))
            .one(move || {
                let fault = fault()?;
                Some(keyed(fault.clone(), move || {
                    tag("p").class("dialog-fault").set("role", "alert").text(fault)
                }))
            })
            .child(self.ways_out(if goes { text::SAVE_FILE } else { text::OPEN_FILE }))
    }

    fn file_field(self) -> Tag {
        let field = tag("input").part("file-input").set("type", "file").set("required", "");
        let field = field.set("accept", ".json,application/json").handle(self.file);
        labelled(text::FILE, field)
    }

    /// A file that is not sealed needs none.
    fn passphrase_field(self, goes: bool) -> Tag {
        let field = tag("input").part("passphrase").set("type", "password");
        let field = match goes {
            true => {
                field.set("autocomplete", "new-password").set("minlength", "8").set("required", "")
            }
            false => field.set("autocomplete", "off"),
        };
        labelled(text::PASSPHRASE, field.handle(self.passphrase))
    }

    fn choice(self) -> Tag {
        let choice = tag("input").set("type", "checkbox").set("checked", "").handle(self.moves);
        let why = tag("small").text(text::STOP_HERE_WHY);
        tag("label")
            .class("dialog-choice")
            .child(choice)
            .child(tag("span").text(text::STOP_HERE).child(why))
    }

    fn ways_out(self, act: Text) -> Tag {
        let cancel = button("cancel-button").text(text::CANCEL).on("click", move |_| {
            if let Some(dialog) = self.dialog() {
                // The browser gives the focus back.
                dialog.close();
            }
        });
        let confirm = tag("button")
            .class("approve-button")
            .set("part", "confirm-button")
            .set("type", "submit")
            .bind("aria-disabled", move || self.is_busy().then(|| "true".to_owned()))
            .live_text(move || if self.is_busy() { text::WORKING } else { act });
        tag("div").class("actions").child(cancel).child(confirm)
    }

    fn send(self) {
        if untrack(|| self.is_busy()) {
            return;
        }
        let passphrase = input(self.passphrase).map(|field| field.value()).unwrap_or_default();
        if let Some(run) = self.run.get_untracked() {
            let moves = input(self.moves).is_some_and(|choice| choice.checked());
            self.desk.send(Intent::Seal { run, passphrase, moves });
        } else if let Some(file) = input(self.file).and_then(|field| field.files()?.get(0)) {
            self.desk.send(Intent::Unseal { file: file.into(), passphrase });
        }
    }

    fn is_busy(self) -> bool {
        self.desk.shown.form.with(|form| form.as_ref().is_some_and(|form| form.busy))
    }

    fn dialog(self) -> Option<HtmlDialogElement> {
        self.frame.get_untracked()?.dyn_into().ok()
    }
}

fn labelled(words: Text, field: Tag) -> Tag {
    tag("label").class("dialog-field").text(words).child(field)
}

fn input(handle: Handle) -> Option<HtmlInputElement> {
    handle.get_untracked()?.dyn_into().ok()
}
