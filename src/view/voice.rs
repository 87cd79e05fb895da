//! The way to assistive technology: what is to be said, a moment later, once.

use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;

use super::signal::Signal;
use super::state::Shown;
use super::tag::{Handle, Tag, effect, tag};
use super::timer::after;
use crate::text;

/// Says things. Where the browser can be told what to say it is told; elsewhere the words are written
/// into regions that screen readers watch.
#[derive(Clone, Copy)]
pub(super) struct Voice {
    shown: Shown,
    /// Two, written in turn: the same words in the same place would be no change.
    polite: [Handle; 2],
    assertive: Handle,
    /// What will be said in a moment.
    coming: Signal<Vec<(String, Urgency)>>,
}

/// How something is said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    /// It is of no use any more once there is something newer to say.
    Passing,
    Plain,
    /// A person is waited for.
    Waits,
    /// The same, and it cannot be undone: it interrupts what is being said.
    Critical,
}

/// How much is said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Off,
    /// What a person has to know: what waits for them, and what went wrong.
    Status,
    /// What was done as well, and that there is an answer.
    Brief,
    /// The beginning of the answer as well.
    Full,
}

impl Voice {
    pub(super) fn new(shown: Shown) -> Self {
        let handle = || Handle::new(None);
        Self {
            shown,
            polite: [handle(), handle()],
            assertive: handle(),
            coming: Signal::new(Vec::new()),
        }
    }

    pub(super) fn level(self) -> Level {
        match self.shown.announce.get_untracked().as_str() {
            "off" => Level::Off,
            "status" => Level::Status,
            "full" => Level::Full,
            _ => Level::Brief,
        }
    }

    /// The regions. They are always there, because one that comes with its text is not read.
    pub(super) fn regions(self) -> Tag {
        effect(move || {
            if let Some(words) = self.shown.toast.get().filter(|_| self.level() > Level::Off) {
                self.say(words, Urgency::Plain);
            }
        });
        let region = |politeness, handle| tag("div").set("aria-live", politeness).handle(handle);
        tag("div")
            .class("visually-hidden")
            .all(self.polite.map(|handle| region("polite", handle)))
            .child(region("assertive", self.assertive))
    }

    /// Says it with whatever else comes in this moment. Some screen readers drop what is said while
    /// the focus moves.
    pub(super) fn say(self, words: String, urgency: Urgency) {
        let is_first = self.coming.with_untracked(Vec::is_empty);
        self.coming.update(|coming| {
            coming.retain(|(_, urgency)| *urgency != Urgency::Passing);
            coming.push((words, urgency));
        });
        if is_first {
            after(250, move || self.speak());
        }
    }

    fn speak(self) {
        let mut coming = Vec::new();
        self.coming.update(|words| coming = std::mem::take(words));
        for loud in [true, false] {
            let mut parts = Vec::new();
            let mut waits = false;
            for (words, urgency) in &coming {
                if (*urgency == Urgency::Critical) == loud {
                    parts.push(words.clone());
                    waits |= *urgency >= Urgency::Waits;
                }
            }
            let waiting = self.shown.waiting.get_untracked();
            if waits && waiting > 1 {
                parts.push(self.shown.speaking(|| text::waiting(waiting)));
            }
            if !parts.is_empty() {
                self.tell(&parts.join(" "), loud);
            }
        }
    }

    fn tell(self, words: &str, assertive: bool) {
        let [one, two] = self.polite.map(Handle::get_untracked);
        let (Some(one), Some(two), Some(loud)) = (one, two, self.assertive.get_untracked()) else {
            return;
        };
        let options = Object::new();
        let priority = if assertive { "high" } else { "normal" };
        // A plain object takes any property.
        let _ = Reflect::set(&options, &"priority".into(), &priority.into());
        // A browser without it throws.
        if one.unchecked_ref::<Notifier>().notify(words, &options).is_ok() {
            return;
        }
        if assertive {
            return loud.set_text_content(Some(words));
        }
        let is_free = one.text_content().unwrap_or_default().is_empty();
        let (next, last) = if is_free { (one, two) } else { (two, one) };
        last.set_text_content(None);
        next.set_text_content(Some(words));
    }
}

#[wasm_bindgen]
extern "C" {
    /// An element that can be told what to say.
    type Notifier;

    #[wasm_bindgen(method, catch, js_name = ariaNotify)]
    fn notify(this: &Notifier, words: &str, options: &Object) -> Result<(), JsValue>;
}
