//! Whether a press on a card can be meant for it.
//!
//! A card that has just come up, moved or been uncovered is under a pointer that was going somewhere
//! else, and one of which a part was never on the screen has not been read. So a card can be
//! approved only where all of it has been shown, nothing of the page lies over it, and it has stood
//! still for half a second. Whoever cannot see it is told the same in words.
//!
//! This is a guard against slips and tricks of layout. Against a page that is itself hostile nothing
//! inside it can guard.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Array, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{
    Element, HtmlElement, IntersectionObserver, IntersectionObserverEntry,
    IntersectionObserverInit, ShadowRoot,
};

use crate::text::{self, Text};
use crate::view::desk::{Desk, all_in};
use crate::view::signal::Signal;
use crate::view::tag::{Handle, Tag, effect, keep, tag};
use crate::view::timer::every;

/// What is known of one card. It lives as long as the card.
#[derive(Clone, Copy)]
pub(in crate::view) struct Settled {
    card: Handle,
    /// What is pressed: a card may grow around it.
    aim: Handle,
    /// Why a press does not count yet.
    wait: Signal<Option<Wait>>,
    still: Signal<Still>,
    /// How many parts have not been on the screen.
    unseen: Signal<usize>,
    /// Whether it has stood still once.
    has_stood: Signal<bool>,
    /// Whether there are any on a card that stands still.
    is_unread: Signal<bool>,
    /// Whether the browser vouches that nothing covers it; `None` where it cannot tell.
    vouched: Signal<Option<bool>>,
    sentinel: Signal<Option<Rc<Watch>>>,
}

/// Why a press does not count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::view) enum Wait {
    /// It came up or moved only now, or is not on the screen.
    Moves,
    /// Something of the page lies over it.
    Covered,
    /// A part of it was never on the screen.
    Unseen,
}

impl Wait {
    pub(super) fn words(self) -> Text {
        match self {
            Self::Moves => text::WAIT_MOVES,
            Self::Covered => text::WAIT_COVERED,
            Self::Unseen => text::WAIT_UNSEEN,
        }
    }
}

/// Where the card is, and since when.
#[derive(Clone, Copy, Default)]
struct Still {
    place: [f64; 4],
    since: f64,
}

impl Settled {
    pub(in crate::view) fn new(desk: Desk) -> Self {
        let settled = Self {
            card: Handle::new(None),
            aim: Handle::new(None),
            wait: Signal::new(Some(Wait::Moves)),
            still: Signal::new(Still::default()),
            unseen: Signal::new(0),
            has_stood: Signal::new(false),
            is_unread: Signal::new(false),
            vouched: Signal::new(None),
            sentinel: Signal::new(None),
        };
        let seen = move |entry: &IntersectionObserverEntry| {
            if entry.is_intersecting() && entry.intersection_ratio() > 0.9 {
                settled.is_seen(&entry.target());
            }
        };
        settled.sentinel.set(Watch::new(&Array::of2(&0.into(), &1.into()), false, seen));
        every(LOOK_MS, move || settled.look(true));
        effect(move || {
            desk.moved.track();
            settled.starts_over();
        });
        settled
    }

    /// Watches this card.
    pub(super) fn watch(self, card: Handle) {
        let Some(element) = card.get_untracked() else { return };
        self.card.set(Some(element.clone()));
        let vouch = move |entry: &IntersectionObserverEntry| {
            let visible = Reflect::get(entry, &"isVisible".into()).ok().and_then(|it| it.as_bool());
            if entry.is_intersecting() {
                self.vouched.set(visible);
            }
        };
        if let Some(watch) = Watch::new(&Array::of1(&0.into()), true, vouch) {
            // The facts, and not the whole: its shadow falls on what is beside it, and a browser
            // takes that for something that covers it.
            let facts = element.query_selector(".card-arguments, .batch-calls").ok().flatten();
            watch.observer.observe(facts.as_ref().unwrap_or(&element));
            keep(watch);
        }
    }

    /// A handle for the button that is pressed; a new one has to stand still first.
    pub(super) fn aim(self) -> Handle {
        self.aim.put(None);
        self.starts_over();
        self.aim
    }

    /// Has it stand still anew, and says so at once.
    fn starts_over(self) {
        self.still.put(Still::default());
        if self.wait.get_untracked() != Some(Wait::Moves) {
            self.wait.set(Some(Wait::Moves));
        }
    }

    /// The button that is pressed.
    pub(super) fn aimed(self) -> Handle {
        self.aim
    }

    /// Why it cannot be approved now, as it was at the last look.
    pub(super) fn wait(self) -> Option<Wait> {
        self.wait.get()
    }

    /// The same, after a look at all that is on the screen in this moment.
    pub(super) fn wait_now(self) -> Option<Wait> {
        let card = self.card.get_untracked();
        for mark in card.iter().flat_map(|card| all_in(card, ".seen-mark")) {
            let is_shown = shown_part(&mark)
                .is_some_and(|[left, right, top, bottom]| bottom - top > 0.5 && right - left > 0.5);
            if is_shown {
                self.is_seen(&mark);
            }
        }
        self.look(true);
        self.wait.get_untracked()
    }

    /// Whether a press would come to something: it approves, or shows what was not seen yet.
    pub(super) fn is_ready(self) -> bool {
        matches!(self.wait(), None | Some(Wait::Unseen))
    }

    /// The same, as a press begins or ends. What lies over the card is looked for as it begins: the
    /// end of it then only asks whether anything moved, and the person waits less.
    pub(super) fn is_ready_now(self, press: Press) -> bool {
        match press {
            Press::Begins => _ = self.wait_now(),
            Press::Ends => self.look(false),
        }
        matches!(self.wait.get_untracked(), None | Some(Wait::Unseen))
    }

    /// Whether it has stood still once: what comes up in it only then must not go when it moves
    /// the rest.
    pub(super) fn has_stood(self) -> bool {
        self.has_stood.get()
    }

    /// The same, right after such a look: it costs milliseconds, and a person waits.
    pub(super) fn waited(self) -> Option<Wait> {
        self.wait.get_untracked()
    }

    /// Whether there is a part to be shown first.
    pub(super) fn is_unread(self) -> bool {
        self.is_unread.get()
    }

    /// Whether the browser knows that the card shows as it should, or cannot tell.
    pub(super) fn is_vouched(self) -> bool {
        self.vouched.get_untracked() != Some(false)
    }

    /// The same in a word, where it does not; for the sheet, and for whoever waits for it.
    pub(super) fn doubt(self) -> Option<String> {
        (self.vouched.get() == Some(false)).then(|| "false".to_owned())
    }

    /// A mark at the end of a part: once it has been on the screen, so has the part.
    pub(in crate::view) fn mark(self) -> Tag {
        let mark = tag("span").class("seen-mark");
        if let Some(watch) = self.sentinel.get_untracked() {
            self.unseen.update(|count| *count += 1);
            watch.observer.observe(&mark.element());
        }
        mark
    }

    /// Something that has to be opened before anything can be approved.
    pub(in crate::view) fn shut(self) {
        self.unseen.update(|count| *count += 1);
    }

    /// It was opened; its end has a mark of its own.
    pub(in crate::view) fn opened(self) {
        self.unseen.update(|count| *count = count.saturating_sub(1));
    }

    fn is_seen(self, mark: &Element) {
        if let Some(watch) = self.sentinel.get_untracked() {
            watch.observer.unobserve(mark);
            mark.remove();
            self.opened();
        }
    }

    /// Shows the first part that has not been on the screen.
    pub(super) fn show_unseen(self) {
        let Some(card) = self.card.get_untracked() else { return };
        if let Ok(Some(part)) = card.query_selector(".show-all, .seen-mark") {
            part.scroll_into_view();
            if let Ok(button) = part.dyn_into::<HtmlElement>() {
                let _ = button.focus();
            }
        }
    }

    /// Looks where the card is, and whether something lies over it or did so at the last whole look.
    fn look(self, is_whole: bool) {
        let Some(card) = self.card.get_untracked() else { return };
        let (time, still) = (uptime(), self.still.get_untracked());
        let place = self.place(&card);
        // Scrolling comes in whole pixels, and places do not.
        let is_near = |(one, other): (f64, f64)| (one - other).abs() <= NEAR_PX;
        if !place.is_some_and(|place| place.into_iter().zip(still.place).all(is_near)) {
            // What is nowhere is new wherever it comes up.
            self.still.put(Still { place: place.unwrap_or_default(), since: time });
        }
        let since = self.still.get_untracked().since;
        let stood = place.is_some() && time - since >= STILL_MS;
        let wait = if !stood {
            Some(Wait::Moves)
        } else if self.is_covered(&card, is_whole) {
            Some(Wait::Covered)
        } else {
            (self.unseen.get_untracked() > 0).then_some(Wait::Unseen)
        };
        if self.wait.get_untracked() != wait {
            self.wait.set(wait);
        }
        if stood && !self.has_stood.get_untracked() {
            self.has_stood.set(true);
        }
        let is_unread = self.unseen.get_untracked() > 0;
        if self.is_unread.get_untracked() != is_unread && (stood || !is_unread) {
            self.is_unread.set(is_unread);
        }
    }

    fn is_covered(self, card: &HtmlElement, is_whole: bool) -> bool {
        if is_whole { is_covered(card) } else { self.wait.get_untracked() == Some(Wait::Covered) }
    }

    /// Where the card and its button are on the screen, if they are there.
    fn place(self, card: &HtmlElement) -> Option<[f64; 4]> {
        if web_sys::window()?.document()?.hidden() {
            return None;
        }
        let (left, top) = scrolled(card);
        let aim = self.aim.get_untracked();
        let aim = aim.as_ref().unwrap_or(card).get_bounding_client_rect();
        let card = card.get_bounding_client_rect();
        (aim.width() > 0.0 && aim.height() > 0.0)
            .then(|| [card.left() + left, card.top() + top, aim.left() + left, aim.top() + top])
    }
}

/// How far all around an element is scrolled. Who scrolls knows that things move, and where to;
/// only what moves by itself is a trap.
fn scrolled(element: &Element) -> (f64, f64) {
    let (mut left, mut top) = (0.0, 0.0);
    let mut around = Some(element.clone());
    while let Some(element) = around {
        left += f64::from(element.scroll_left());
        top += f64::from(element.scroll_top());
        around = element.parent_element().or_else(|| {
            element.get_root_node().dyn_into::<ShadowRoot>().ok().map(|root| root.host())
        });
    }
    (left, top)
}

/// What is on the screen of an element: left, right, top and bottom.
fn shown_part(element: &Element) -> Option<[f64; 4]> {
    let window = web_sys::window()?;
    let length = |given: Result<JsValue, JsValue>| given.ok().and_then(|it| it.as_f64());
    let (width, height) = (length(window.inner_width())?, length(window.inner_height())?);
    let rect = element.get_bounding_client_rect();
    let around = element.closest(".transcript").ok().flatten();
    let clip = around.as_ref().map_or_else(|| rect.clone(), Element::get_bounding_client_rect);
    let left = rect.left().max(clip.left()).max(0.0);
    let right = rect.right().min(clip.right()).min(width);
    let top = rect.top().max(clip.top()).max(0.0);
    let bottom = rect.bottom().min(clip.bottom()).min(height);
    (right > left && bottom > top).then_some([left, right, top, bottom])
}

/// Whether something that is not the widget's own lies over what shows of the card.
fn is_covered(card: &HtmlElement) -> bool {
    let Ok(root) = card.get_root_node().dyn_into::<ShadowRoot>() else { return true };
    // What is not on the screen at all cannot be pressed either.
    let Some([left, right, top, bottom]) = shown_part(card) else { return false };
    // A tall card has more points, so that no strip of text hides between two of them.
    let rows = ((bottom - top) / GRID_PX).ceil().max(2.0) as u32;
    let at = |from: f64, to: f64, step: u32, of: u32| {
        from + 1.0 + (to - from - 2.0) * f64::from(step) / f64::from(of)
    };
    (0..=rows).any(|row| {
        (0..=COLUMNS).any(|column| {
            let x = at(left, right, column, COLUMNS) as f32;
            let y = at(top, bottom, row, rows) as f32;
            root.element_from_point(x, y).is_none_or(|hit| {
                // Outside, the browser names the widget itself or what lies over it.
                hit.get_root_node() != *root.as_ref()
            })
        })
    })
}

/// An observer that ends with what it is kept by.
pub(super) struct Watch {
    observer: IntersectionObserver,
    _heard: Closure<dyn FnMut(Array)>,
}

impl Watch {
    fn new(
        thresholds: &Array,
        visibility: bool,
        mut heard: impl FnMut(&IntersectionObserverEntry) + 'static,
    ) -> Option<Rc<Self>> {
        let heard = Closure::<dyn FnMut(Array)>::new(move |entries: Array| {
            for entry in entries.iter() {
                heard(entry.unchecked_ref());
            }
        });
        let options = IntersectionObserverInit::new();
        options.set_threshold(thresholds);
        if visibility {
            // Where the browser does not know these it leaves them alone.
            Reflect::set(&options, &"trackVisibility".into(), &true.into()).ok()?;
            Reflect::set(&options, &"delay".into(), &100.into()).ok()?;
        }
        let function = heard.as_ref().unchecked_ref();
        let observer = IntersectionObserver::new_with_options(function, &options).ok()?;
        Some(Rc::new(Self { observer, _heard: heard }))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// How far a press is. One by a key begins as it ends.
#[derive(Clone, Copy, PartialEq)]
pub(in crate::view) enum Press {
    Begins,
    Ends,
}

/// Acts on a press that was meant: by a person, begun and ended on the button, and not the second
/// half of a double click or a key that was held down from somewhere else.
pub(in crate::view) fn on_press(
    button: Tag,
    ready: impl Fn(Press) -> bool + 'static,
    act: impl Fn() + 'static,
) -> Tag {
    let ready = Rc::new(ready);
    let (begins, begun) = (Rc::clone(&ready), Rc::new(Cell::new(false)));
    let down = Rc::clone(&begun);
    button
        .on("pointerdown", move |event| down.set(event.is_trusted() && begins(Press::Begins)))
        .on("keydown", |event| {
            if event.unchecked_ref::<web_sys::KeyboardEvent>().repeat() {
                event.prevent_default();
            }
        })
        .on("click", move |event| {
            let click = event.unchecked_ref::<web_sys::MouseEvent>();
            let began = begun.replace(false);
            // A click of no pointer comes from the keyboard or from assistive technology.
            let press = if click.detail() == 0 { Press::Begins } else { Press::Ends };
            let meant = press == Press::Begins || began && click.detail() == 1;
            if event.is_trusted() && meant && ready(press) {
                act();
            }
        })
}

#[wasm_bindgen]
extern "C" {
    // Unlike the time of day, this one never jumps.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn uptime() -> f64;
}

/// How often a card looks where it is.
const LOOK_MS: i32 = 100;

/// How long it must have stood still.
const STILL_MS: f64 = 500.0;

/// Less than this is no movement.
const NEAR_PX: f64 = 2.0;

/// The points of the grid: between two of them nothing larger than a word is missed.
const GRID_PX: f64 = 40.0;
const COLUMNS: u32 = 4;
