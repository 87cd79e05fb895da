//! The second step, for what cannot be undone: a word to be typed, or a button to be held.
//!
//! The two are equals: not everyone can hold a button, and not everyone can type. The dialog is on
//! top of all that a page can show, so it also serves where the browser cannot tell whether the
//! card was covered.

use holdpoint_core::plan::Action;
use leptos::reactive::graph::untrack;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlInputElement, KeyboardEvent};

use super::{Asked, Card};
use crate::text;
use crate::view::desk::{button, focus_soon, safely};
use crate::view::facts::{note, sentence};
use crate::view::signal::Signal;
use crate::view::tag::{Handle, Keyed, Tag, icon, keyed, stroke, tag};
use crate::view::timer::{after, soon};

impl Card {
    /// The dialog, as long as something waits for it.
    pub(super) fn confirmation(self) -> Option<Keyed> {
        self.confirms.with(Option::is_some).then(|| keyed("", move || self.dialog()))
    }

    fn dialog(self) -> Tag {
        let action = self.call.with_untracked(|call| {
            self.run.run.with_untracked(|run| Some(run.as_ref()?.find(call)?.1.action.clone()))
        });
        let Some(action) = action else { return tag("span") };
        let asked = self.confirms.get_untracked().flatten();
        let (dialog, title) = (Handle::new(None), Handle::new(None));
        let [heading, body] = ["confirm-", "confirms-"].map(|of| self.id(of));
        soon(move || {
            if let Some(dialog) = dialog.get_untracked() {
                // It cannot be open already, and it is in the page.
                dialog.unchecked_ref::<HtmlDialogElement>().show_modal().ok();
            }
        });
        focus_soon(title);
        let why = if self.is_critical { text::NOT_UNDONE } else { text::CONFIRM_COVERED };
        let head = tag("h3")
            .set("id", &heading)
            .set("tabindex", "-1")
            .handle(title)
            .child(icon(stroke::WARNING))
            .text(text::CONFIRM_TITLE);
        let changed = asked.as_ref().map(|after| {
            super::changes::change_list(&crate::form::changes(&action.arguments, after))
        });
        let what = self.sentence_with(&action, asked.as_ref());
        let text = tag("div")
            .set("id", &body)
            .child(safely(tag("p").class("confirm-what"), &what))
            .maybe(changed)
            .child(note(why));
        tag("dialog")
            .part("confirm-dialog")
            .set("role", "alertdialog")
            .set("aria-labelledby", heading)
            .set("aria-describedby", body)
            .handle(dialog)
            .on("cancel", move |event| {
                event.prevent_default();
                self.back_from_dialog();
            })
            // Its keys are its own: the panel around it would close by Escape.
            .on("keydown", |event| event.stop_propagation())
            .child(head)
            .child(text)
            .child(self.typed())
            .child(self.ways_on(&action))
    }

    /// The word that stands for a signature.
    fn typed(self) -> Tag {
        let id = self.id("word-");
        let word = text::CONFIRM_WORD.get();
        let field = tag("input")
            .part("confirm-word")
            .set("id", &id)
            .set("type", "text")
            .set("autocomplete", "off")
            .set("autocapitalize", "off")
            .set("spellcheck", "false")
            .on("input", move |event| {
                let field = event.current_target().and_then(|it| it.dyn_into().ok());
                let typed = field.map(|field: HtmlInputElement| field.value()).unwrap_or_default();
                self.word.set(typed.trim().to_lowercase() == word);
            })
            .on("keydown", move |event| {
                let key = event.unchecked_ref::<KeyboardEvent>();
                let sends = key.is_trusted() && key.key() == "Enter" && !key.repeat();
                if sends && !key.is_composing() && self.word.get_untracked() {
                    self.confirm();
                }
            });
        tag("div")
            .class("field")
            .child(tag("label").set("for", id).text(text::confirm_type()))
            .child(field)
    }

    fn ways_on(self, action: &Action) -> Tag {
        let what = sentence(action);
        let back = button("back-button").text(text::BACK);
        let back = back.on("click", move |_| self.back_from_dialog());
        let approve = button("confirm-button")
            .set("aria-label", text::act_on(text::APPROVE, &what))
            .bind("aria-disabled", move || (!self.word.get()).then(|| "true".to_owned()))
            .text(text::APPROVE)
            .on("click", move |event| {
                if event.is_trusted() && self.word.get_untracked() {
                    self.confirm();
                }
            });
        let actions = tag("div").class("actions").child(back).child(approve);
        tag("div").child(actions).child(self.held(&what))
    }

    /// Approves once it was held long enough; letting go before takes it back.
    fn held(self, what: &str) -> Tag {
        let holds = Signal::new(0_u32);
        let begin = move || {
            if holds.get_untracked() % 2 == 1 {
                return;
            }
            holds.update(|count| *count += 1);
            let began = holds.get_untracked();
            after(HOLD_MS, move || {
                if holds.get_untracked() == began {
                    self.confirm();
                }
            });
        };
        let end = move || {
            if holds.get_untracked() % 2 == 1 {
                holds.update(|count| *count += 1);
            }
        };
        let is_press = |event: &web_sys::Event| {
            matches!(event.unchecked_ref::<KeyboardEvent>().key().as_str(), "Enter" | " ")
        };
        let mut button = button("hold-button")
            .set("aria-label", text::act_on(text::CONFIRM_HOLD, what))
            .bind("data-held", move || (holds.get() % 2 == 1).then(String::new))
            .child(tag("span").text(text::CONFIRM_HOLD))
            .on("pointerdown", move |event| {
                if event.is_trusted() {
                    begin();
                }
            })
            .on("keydown", move |event| {
                let key = event.unchecked_ref::<KeyboardEvent>();
                if event.is_trusted() && is_press(&event) && !key.repeat() {
                    begin();
                }
            })
            .on("contextmenu", |event| event.prevent_default());
        for ending in ["pointerup", "pointerleave", "pointercancel", "keyup", "blur"] {
            button = button.on(ending, move |_| end());
        }
        button
    }

    fn confirm(self) {
        let asked: Option<Asked> = self.confirms.get_untracked();
        if let Some(asked) = asked.filter(|_| !untrack(|| self.is_closed())) {
            self.close_dialog();
            self.approve(asked);
        }
    }

    fn back_from_dialog(self) {
        self.close_dialog();
        // The button that led here has the way back.
        focus_soon(self.settled.aimed());
    }

    fn close_dialog(self) {
        self.word.set(false);
        self.confirms.set(None);
    }
}

/// Long enough to change one's mind.
const HOLD_MS: i32 = 1500;
