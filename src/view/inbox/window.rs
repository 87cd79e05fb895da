//! A list of which only the rows near what is in view have elements, so ten thousand are as quick
//! as ten. All rows are of one height, which the sheet gives: a row's place follows from its number.

use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use crate::text::Text;
use crate::view::signal::Signal;
use crate::view::tag::{Handle, Keyed, Tag, effect, tag};

/// The window of one list.
#[derive(Clone, Copy)]
pub(super) struct Window {
    /// The first and the last row that have elements.
    pub(super) range: Signal<(usize, usize)>,
    /// What scrolls.
    pub(super) scroll: Handle,
    /// The list itself.
    pub(super) items: Handle,
}

impl Window {
    pub(super) fn new() -> Self {
        Self {
            range: Signal::new((0, FIRST_ROWS)),
            scroll: Handle::new(None),
            items: Handle::new(None),
        }
    }

    /// The list with its rows; `wants` hears how many rows are needed.
    pub(super) fn view(
        self,
        name: Text,
        total: impl Fn() -> usize + Copy + 'static,
        rows: impl Fn() -> Vec<Keyed> + 'static,
        wants: impl Fn(usize) + 'static,
    ) -> Tag {
        let items = tag("ul")
            .class("inbox-list")
            .set("role", "list")
            .set("aria-label", name)
            .handle(self.items)
            .each(rows);
        effect(move || {
            let total = total().to_string();
            if let Some(items) = self.items.get_untracked() {
                set_variable(&items, "--_count", &total);
            }
        });
        tag("div")
            .class("inbox-scroll")
            .handle(self.scroll)
            .on("scroll", move |_| {
                if let Some(wanted) = self.look(total().max(1)) {
                    wants(wanted);
                }
            })
            .child(items)
    }

    /// Back to the first row.
    pub(super) fn to_top(self) {
        if let Some(scroll) = self.scroll.get_untracked() {
            scroll.set_scroll_top(0);
        }
    }

    /// Gives elements to the rows that are in view; how many rows that takes.
    fn look(self, total: usize) -> Option<usize> {
        let (scroll, items) = (self.scroll.get_untracked()?, self.items.get_untracked()?);
        let height = (f64::from(items.offset_height()) / total as f64).max(1.0);
        let at = |pixels: i32| (f64::from(pixels.max(0)) / height) as usize;
        // By steps, so that most of a scroll changes nothing.
        let first = (at(scroll.scroll_top()) / STEP).saturating_sub(1) * STEP;
        let last = first + at(scroll.client_height()) + 3 * STEP;
        if self.range.get_untracked() != (first, last) {
            self.range.set((first, last));
        }
        Some(last + 1)
    }
}

/// A row in its place.
pub(super) fn row(at: usize, total: usize) -> Tag {
    let item =
        tag("li").set("aria-setsize", total.to_string()).set("aria-posinset", (at + 1).to_string());
    set_variable(&item.element(), "--_at", &at.to_string());
    item
}

/// Sets a custom property, which a strict policy allows where it drops a style attribute.
fn set_variable(element: &HtmlElement, name: &str, value: &str) {
    element.unchecked_ref::<Styled>().declarations().set(name, value);
}

#[wasm_bindgen]
extern "C" {
    type Styled;
    type Declarations;

    #[wasm_bindgen(method, getter, js_name = style)]
    fn declarations(this: &Styled) -> Declarations;

    #[wasm_bindgen(method, js_name = setProperty)]
    fn set(this: &Declarations, name: &str, value: &str);
}

/// How many rows have elements before anything is measured.
const FIRST_ROWS: usize = 24;
/// By how many rows the window moves.
pub(super) const STEP: usize = 12;
