//! The ways out of a card: approve, deny and say why, or change what was proposed.

use holdpoint_core::plan::Action;
use leptos::reactive::graph::untrack;
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;

use super::settled::{Wait, on_press};
use super::{Card, Presence};
use crate::text::{self, Text};
use crate::view::desk::{button, focus_soon};
use crate::view::facts::sentence;
use crate::view::state::Intent;
use crate::view::tag::{Handle, Tag, keyed, tag};

/// What a person is about to do.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Way {
    /// To decide.
    #[default]
    Choice,
    /// To say why not.
    Deny,
    /// To say something instead.
    Answer,
    /// To change the arguments.
    Edit,
    /// To look at the changes once more.
    Review,
}

impl Card {
    /// What can be done, one at a time.
    pub(super) fn ways_out(self, action: &Action) -> Tag {
        let action = action.clone();
        let way = move || {
            let (way, action) = (self.way.get(), action.clone());
            Some(keyed(["choice", "deny", "answer", "edit", "review"][way as usize], move || {
                match way {
                    Way::Choice => self.choice(&sentence(&action)),
                    Way::Deny | Way::Answer => self.words_form(way, &sentence(&action)),
                    Way::Edit => self.edit_form(),
                    Way::Review => self.review(&action),
                }
            }))
        };
        tag("div").class("ways-out").one(way).child(self.wait_note())
    }

    /// Goes another way.
    pub(super) fn go(self, way: Way) {
        if untrack(|| self.saves()) {
            return;
        }
        self.way.set(way);
        if way == Way::Choice {
            focus_soon(self.back);
        }
    }

    fn choice(self, what: &str) -> Tag {
        let way = move |class, label: Text, way| {
            let handle = Handle::new(None);
            let button = button(class).text(label).handle(handle);
            // It takes the place of the one that led away.
            if self.back.get_untracked().is_some_and(|left| left.class_name() == class) {
                self.back.set(handle.get_untracked());
            }
            button.on("click", move |_| {
                // What leads away gets the focus back.
                self.back.set(handle.get_untracked());
                self.go(way);
            })
        };
        let deny = way("deny-button", text::DENY, Way::Deny)
            .set("aria-label", text::act_on(text::DENY, what))
            .bind("aria-disabled", move || self.saves().then(|| "true".to_owned()));
        let edit = move || {
            let offered = self.presence() == Presence::Here;
            offered.then(|| keyed("", move || way("edit-button", text::EDIT, Way::Edit)))
        };
        // A worker takes a yes or a no.
        let answer =
            (!self.run.is_remote()).then(|| way("answer-button", text::ANSWER, Way::Answer));
        let approve = self.approve_button(text::APPROVE, what, || None);
        let main = tag("div").class("actions").child(deny).child(approve);
        tag("div").child(main).child(tag("div").class("more-ways").maybe(answer).one(edit))
    }

    /// The button that approves what `asked` gives.
    pub(super) fn approve_button(
        self,
        label: Text,
        what: &str,
        asked: impl Fn() -> super::Asked + 'static,
    ) -> Tag {
        let words = move || {
            if self.saves() {
                text::SAVING
            } else if self.settled.is_unread() {
                text::SHOW_REST
            } else {
                label
            }
        };
        let waits = move || self.is_closed() || !self.settled.is_ready();
        let what = what.to_owned();
        let button = button("approve-button")
            .handle(self.settled.aim())
            .bind("aria-label", move || Some(text::act_on(words(), &what)))
            .bind("aria-describedby", move || self.settled.wait().map(|_| self.id("wait-")))
            // Not `disabled`, which would drop the focus.
            .bind("aria-disabled", move || waits().then(|| "true".to_owned()))
            .bind("data-unread", move || self.settled.is_unread().then(String::new))
            .live_text(words);
        let ready = move |press| self.settled.is_ready_now(press) && !untrack(|| self.is_closed());
        on_press(button, ready, move || self.ask(asked()))
    }

    /// Why it cannot be approved yet. That it came up only now is not worth a line to those who see
    /// it, as it is over before they have read it.
    fn wait_note(self) -> Tag {
        tag("p")
            .set("id", self.id("wait-"))
            .bind("class", move || {
                let is_brief = matches!(self.settled.wait(), None | Some(Wait::Moves));
                Some(if is_brief { "visually-hidden" } else { "wait" }.to_owned())
            })
            .live_text(move || {
                self.settled.wait().map_or_else(String::new, |wait| wait.words().get())
            })
    }

    /// A form for words to the model: why not, or what else.
    fn words_form(self, way: Way, what: &str) -> Tag {
        let (part, label, act) = match way {
            Way::Answer => ("answer-text", text::ANSWER_LABEL, text::SEND_ANSWER),
            _ => ("deny-reason", text::REASON, text::DENY),
        };
        let field = Handle::new(None);
        let form = Handle::new(None);
        focus_soon(field);
        self.desk.reveal_soon(form);
        let label = tag("label").text(label).child(
            tag("textarea").part(part).set("rows", "2").set("maxlength", "2000").handle(field),
        );
        let back = button("back-button").text(text::BACK);
        let back = back.on("click", move |_| self.go(Way::Choice));
        let send = button(if way == Way::Answer { "answer-button" } else { "deny-button" })
            .set("aria-label", text::act_on(act, what))
            .bind("aria-disabled", move || self.saves().then(|| "true".to_owned()))
            .live_text(move || if self.saves() { text::SAVING } else { act })
            .on("click", move |event| {
                if untrack(|| self.saves()) {
                    return;
                }
                let words = crate::view::composer::value_of(field);
                let words = Some(words.trim().to_owned()).filter(|words| !words.is_empty());
                let trusted = event.is_trusted();
                self.decide_with_words(way, words, trusted, field);
            });
        let actions = tag("div").class("actions").child(back).child(send);
        tag("div").class("deny-form").handle(form).child(label).child(actions)
    }

    fn decide_with_words(self, way: Way, words: Option<String>, trusted: bool, field: Handle) {
        match (way, words) {
            (Way::Answer, Some(text)) => {
                self.decide(|call, digest| Intent::Answer { call, digest, text, trusted });
            }
            // An answer without words is none.
            (Way::Answer, None) => focus_soon(field),
            (_, reason) => {
                self.decide(|call, digest| Intent::Deny { call, digest, reason, trusted });
            }
        }
    }

    /// An id that no other card has.
    pub(super) fn id(self, of: &str) -> String {
        [of, &self.call.with_untracked(|call| call.as_str().to_owned())].concat()
    }

    /// Keys that decide while the focus is on the card: by their place, so that they are the same
    /// whatever they write.
    pub(super) fn on_key(self, event: &KeyboardEvent) {
        if !event.is_trusted() || event.repeat() {
            return;
        }
        let way = self.way.get_untracked();
        match event.code().as_str() {
            // What cannot be undone is not to be had by a key alone.
            "Enter" | "NumpadEnter"
                if (event.ctrl_key() || event.meta_key())
                    && way == Way::Choice
                    && !self.is_critical =>
            {
                event.prevent_default();
                // A button looks before it asks; a key has to.
                self.settled.wait_now();
                self.ask(None);
            }
            "KeyD" if event.alt_key() && !event.ctrl_key() && way == Way::Choice => {
                event.prevent_default();
                self.go(Way::Deny);
            }
            "Escape" if way != Way::Choice => {
                // The panel around it stays open.
                event.stop_propagation();
                self.go(if way == Way::Review { Way::Edit } else { Way::Choice });
            }
            _ => {}
        }
    }

    /// The keys, for whoever wants to know.
    pub(super) fn help(self) -> Tag {
        let id = self.id("keys-");
        let lines = [text::SHORTCUT_APPROVE, text::SHORTCUT_DENY, text::SHORTCUT_INSIDE];
        let list = tag("div")
            .class("keys")
            .set("id", &id)
            .set("popover", "auto")
            .on("keydown", |event| {
                if event.unchecked_ref::<KeyboardEvent>().key() == "Escape" {
                    event.stop_propagation();
                }
            })
            .all(lines.map(|line| tag("p").text(line)));
        let opens = button("keys-button").text(text::SHORTCUTS).set("popovertarget", id);
        tag("div").class("help").child(opens).child(list)
    }
}
