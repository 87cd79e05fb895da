//! What every view has at hand.

use std::rc::Rc;

use holdpoint_core::id::CallId;
use holdpoint_core::run::{Run, Slot};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::signal::Signal;
use super::state::{Intent, Intents, RunShown, Shown};
use super::tag::{Handle, Tag, tag};
use super::timer::soon;
use super::voice::Voice;
use crate::driver::ports::ToolHost;
use crate::text;
use holdpoint_core::escape::{Piece, visible};

/// The signals, the way to the driver, and the few things that views share.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    pub(super) shown: Shown,
    /// The transcript's element, which scrolls.
    pub(super) log: Handle,
    /// Whether the transcript stays at its end.
    pub(super) follows: Signal<bool>,
    /// The composer's field.
    pub(super) input: Handle,
    /// Told whenever the transcript scrolls by itself.
    pub(super) moved: Signal<()>,
    /// The button that opens the inbox.
    pub(super) inbox_button: Handle,
    /// The call decided last: its receipt takes over the focus that its card had.
    pub(super) decided: Signal<Option<CallId>>,
    /// The way to assistive technology.
    pub(super) voice: Voice,
    intents: Signal<Intents>,
}

impl Desk {
    pub(super) fn new(shown: Shown, intents: Intents) -> Self {
        Self {
            shown,
            log: Handle::new(None),
            follows: Signal::new(true),
            input: Handle::new(None),
            moved: Signal::new(()),
            inbox_button: Handle::new(None),
            decided: Signal::new(None),
            voice: Voice::new(shown),
            intents: Signal::new(intents),
        }
    }

    pub(super) fn send(self, intent: Intent) {
        // A copy, because what the intent leads to may take the views away.
        if let Some(intents) = self.intents.peek() {
            intents.send(intent);
        }
    }

    /// Scrolls the transcript, and not the page, as far as it takes to see the end of an element.
    pub(super) fn reveal_soon(self, element: Handle) {
        soon(move || {
            let (Some(log), Some(element)) = (self.log.get_untracked(), element.get_untracked())
            else {
                return;
            };
            let end = top_in(&log, &element) + element.offset_height() + MARGIN_PX;
            let top = end - log.client_height();
            if top > log.scroll_top() {
                log.set_scroll_top(top);
            }
        });
    }

    /// The page's tools, as long as the views are there.
    pub(super) fn tools(self) -> Option<Rc<dyn ToolHost>> {
        self.shown.tools.get_untracked()
    }
}

impl RunShown {
    /// Reads the run and listens to it.
    pub(super) fn read<T>(self, read: impl FnOnce(&Run) -> Option<T>) -> Option<T> {
        self.run.with(|run| run.as_deref().and_then(read))
    }

    /// Reads one call and listens to its run.
    pub(super) fn slot<T>(self, call: &CallId, read: impl FnOnce(&Slot) -> T) -> Option<T> {
        self.read(|run| run.find(call).map(|(_, slot)| read(slot)))
    }

    /// Whether a decision about this call is being saved.
    pub(super) fn saves(self, call: &CallId) -> bool {
        self.saving.with(|saving| saving.as_ref() == Some(call))
    }

    pub(super) fn id_text(self) -> String {
        self.id.with_untracked(|id| id.as_str().to_owned())
    }
}

/// Fills an element with a text of strangers, each character that would not show as itself set
/// apart. The text keeps its direction to itself.
pub(super) fn safely(element: Tag, text: &str) -> Tag {
    let element = element.set("dir", "auto");
    visible(text).into_iter().fold(element, |element, piece| match piece {
        Piece::Plain(text) => element.text(text),
        Piece::Escape(text) => element.child(tag("span").class("escape").text(text)),
    })
}

/// Moves the focus to an element once it is in the page.
pub(super) fn focus_soon(element: Handle) {
    soon(move || {
        if let Some(element) = element.get_untracked() {
            // An element that cannot have the focus leaves it where it is.
            let _ = element.focus();
        }
    });
}

/// Messages begin with a small letter and have no full stop, so that they can be put together; on
/// its own line each is a sentence.
pub fn sentence_case(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase()).into_iter();
    let ends = message.is_empty() || message.ends_with(['.', '!', '?', '。', '！', '？', '؟']);
    let end = if ends { String::new() } else { text::FULL_STOP.get() };
    first.chain(letters).chain(end.chars()).collect()
}

/// How far an element of the log is from the log's beginning, whatever it is placed by.
pub(super) fn top_in(log: &HtmlElement, element: &HtmlElement) -> i32 {
    let top = |element: &HtmlElement| element.get_bounding_client_rect().top();
    (top(element) - top(log)) as i32 + log.scroll_top()
}

/// All elements in another one that a selector means, in their order.
pub(super) fn all_in(within: &HtmlElement, selector: &str) -> Vec<HtmlElement> {
    let Ok(found) = within.query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|at| found.get(at)?.dyn_into().ok()).collect()
}

/// A button that does nothing but what its handler does.
pub(super) fn button(class: &'static str) -> Tag {
    tag("button").part(class).set("type", "button")
}

/// What is left free below an element that is scrolled to.
const MARGIN_PX: i32 = 24;
