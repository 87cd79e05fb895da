//! One way to make an element: tag by tag, in the DOM at once.
//!
//! Leptos' own views are types that grow with what they show, and so does the wasm: each shape is
//! compiled anew, to be made, changed and taken away. Here all elements are of one type, and what
//! changes is one kind of effect. An element is never made from a string of HTML, so this works
//! where a page requires Trusted Types.

use leptos::reactive::effect::RenderEffect;
use leptos::reactive::graph::untrack;
use leptos::reactive::owner::Owner;
use wasm_bindgen::prelude::*;
use web_sys::{Comment, Element, Event, HtmlElement, Text};

use super::signal::Signal;
use crate::language::{current, speaking};

/// A handle of an element made by [`tag`].
pub(super) type Handle = Signal<Option<HtmlElement>>;

/// Begins an element.
pub(super) fn tag(name: &str) -> Tag {
    Tag(create_element(name))
}

/// An element in the making.
pub(super) struct Tag(Element);

impl Tag {
    /// Sets an attribute once.
    pub(super) fn set(self, name: &str, value: impl Into<String>) -> Self {
        attribute(&self.0, name, Some(&value.into()));
        self
    }

    /// Keeps an attribute at a value; `None` removes it.
    pub(super) fn bind(
        self,
        name: &'static str,
        value: impl Fn() -> Option<String> + 'static,
    ) -> Self {
        let element = self.0.clone();
        on_change(Box::new(value), move |value| attribute(&element, name, value));
        self
    }

    /// Sets the class.
    pub(super) fn class(self, class: &str) -> Self {
        self.set("class", class)
    }

    /// Sets the class and the part of the same name, by which pages style and tests find it.
    pub(super) fn part(self, part: &str) -> Self {
        self.set("class", part).set("part", part)
    }

    /// Listens to an event.
    pub(super) fn on(self, event: &'static str, handler: impl FnMut(Event) + 'static) -> Self {
        Listener::attach(&self.0, event, Box::new(handler));
        self
    }

    /// Lets `handle` find the element.
    pub(super) fn handle(self, handle: Handle) -> Self {
        handle.set(Some(self.element()));
        self
    }

    /// The element itself.
    pub(super) fn element(&self) -> HtmlElement {
        self.0.clone().unchecked_into()
    }

    /// Appends a text.
    pub(super) fn text(self, text: impl Into<String>) -> Self {
        self.0.append_child(&create_text(&text.into())).ok();
        self
    }

    /// Appends a text that changes.
    pub(super) fn live_text<T: Into<String>>(self, text: impl Fn() -> T + 'static) -> Self {
        let node = create_text("");
        self.0.append_child(&node).ok();
        on_change(Box::new(move || Some(text().into())), move |text| {
            node.set_data(text.unwrap_or_default());
        });
        self
    }

    /// Appends an element.
    pub(super) fn child(self, child: Tag) -> Self {
        self.0.append_child(&child.0).ok();
        self
    }

    /// Appends an element if there is one.
    pub(super) fn maybe(self, child: Option<Tag>) -> Self {
        match child {
            Some(child) => self.child(child),
            None => self,
        }
    }

    /// Appends elements.
    pub(super) fn all(self, children: impl IntoIterator<Item = Tag>) -> Self {
        children.into_iter().fold(self, Tag::child)
    }

    /// Appends what `child` gives, and puts another in its place whenever that changes.
    pub(super) fn live(self, child: impl Fn() -> Option<Tag> + 'static) -> Self {
        self.replaced(Box::new(child));
        self
    }

    fn replaced(&self, child: Box<dyn Fn() -> Option<Tag>>) {
        let anchor = self.anchor();
        let mut shown: Option<Tag> = None;
        effect(move || {
            let next = child();
            if let Some(old) = shown.take() {
                old.0.remove();
            }
            if let Some(next) = &next {
                anchor.before_with_node_1(&next.0).ok();
            }
            shown = next;
        });
    }

    /// Appends one view for each key; a view stays as long as its key does.
    pub(super) fn each(self, items: impl Fn() -> Vec<Keyed> + 'static) -> Self {
        self.listed(Box::new(items));
        self
    }

    /// Appends the view of a key, if there is one.
    pub(super) fn one(self, item: impl Fn() -> Option<Keyed> + 'static) -> Self {
        self.each(move || item().into_iter().collect())
    }

    fn listed(&self, items: Box<dyn Fn() -> Vec<Keyed>>) {
        let mut list = List { anchor: self.anchor(), owner: Owner::current(), shown: Vec::new() };
        effect(move || list.show(items()));
    }

    /// A node that shows nothing, before which something else will stand.
    fn anchor(&self) -> Comment {
        let anchor = create_comment("");
        self.0.append_child(&anchor).ok();
        anchor
    }
}

/// A view, made only where none of its key is there yet.
pub(super) struct Keyed {
    key: String,
    view: Box<dyn FnOnce() -> Tag>,
}

/// The view of a key. What it reads now is not followed; what it reads in parts that change is.
pub(super) fn keyed(key: impl Into<String>, view: impl FnOnce() -> Tag + 'static) -> Keyed {
    Keyed { key: key.into(), view: Box::new(view) }
}

/// The views of [`Tag::each`].
struct List {
    anchor: Comment,
    /// Outlives each change of the list, as the views do that stay.
    owner: Option<Owner>,
    shown: Vec<Placed>,
}

struct Placed {
    key: String,
    element: Element,
    owner: Owner,
}

impl List {
    fn show(&mut self, items: Vec<Keyed>) {
        let mut before = std::mem::take(&mut self.shown);
        // Most stay where they are, and so each is the last one here.
        before.reverse();
        for item in items {
            let placed = match before.iter().rposition(|placed| placed.key == item.key) {
                Some(at) => before.remove(at),
                None => self.make(item),
            };
            self.shown.push(placed);
        }
        for gone in before {
            gone.element.remove();
            gone.owner.cleanup();
        }
        self.arrange();
    }

    fn make(&self, item: Keyed) -> Placed {
        let owner = self.owner.as_ref().map_or_else(Owner::new, Owner::child);
        let Tag(element) = owner.with(|| untrack(item.view));
        Placed { key: item.key, element, owner }
    }

    /// Puts the elements in order. One that is in its place is not touched: whatever is moved loses
    /// its focus.
    fn arrange(&self) {
        let mut next: &web_sys::Node = &self.anchor;
        let Some(parent) = self.anchor.parent_node() else { return };
        for placed in self.shown.iter().rev() {
            if placed.element.next_sibling().as_ref() != Some(next) {
                parent.insert_before(&placed.element, Some(next)).ok();
            }
            next = &placed.element;
        }
    }
}

/// Does something now, and again whenever a signal changed that it read, as long as the current
/// owner is there. It is done in the language of now.
pub(super) fn effect(work: impl FnMut() + 'static) {
    fn erased(mut work: Box<dyn FnMut()>) {
        let language = current();
        keep(RenderEffect::new(move |_: Option<()>| speaking(&language, &mut work)));
    }
    erased(Box::new(work));
}

/// Drops a thing together with the current owner.
pub(super) fn keep<T: 'static>(thing: T) {
    Signal::new(thing);
}

/// Hands over a value now, and again whenever it is another.
fn on_change(value: Box<dyn Fn() -> Option<String>>, hand_over: impl Fn(Option<&str>) + 'static) {
    let mut last = None;
    effect(move || {
        let next = Some(value());
        if last != next {
            hand_over(next.as_ref().and_then(|next| next.as_deref()));
            last = next;
        }
    });
}

fn attribute(element: &Element, name: &str, value: Option<&str>) {
    // Our own names are names of attributes.
    match value {
        Some(value) => element.set_attribute(name, value),
        None => element.remove_attribute(name),
    }
    .ok();
}

/// A handler that is heard until it is dropped.
struct Listener {
    element: Element,
    event: &'static str,
    handler: Closure<dyn FnMut(Event)>,
}

impl Listener {
    fn attach(element: &Element, event: &'static str, handler: Box<dyn FnMut(Event)>) {
        let handler = Closure::wrap(handler);
        let function = handler.as_ref().unchecked_ref();
        element.add_event_listener_with_callback(event, function).ok();
        keep(Self { element: element.clone(), event, handler });
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let function = self.handler.as_ref().unchecked_ref();
        self.element.remove_event_listener_with_callback(self.event, function).ok();
    }
}

/// A place for what the page puts in, by its name; what it has itself is shown where nothing is.
pub(super) fn slot(name: &str) -> Tag {
    tag("slot").set("name", name)
}

/// A drawing of one stroke on a field of 20 by 20, for those who see; the words stand beside it.
pub(super) fn icon(path: &str) -> Tag {
    let drawn = |name| Tag(create_element_ns("http://www.w3.org/2000/svg", name));
    drawn("svg")
        .set("viewBox", "0 0 20 20")
        .set("fill", "none")
        .set("stroke", "currentColor")
        .set("stroke-width", "1.8")
        .set("stroke-linecap", "round")
        .set("stroke-linejoin", "round")
        .set("aria-hidden", "true")
        .child(drawn("path").set("d", path))
}

// The names of our own elements are names of elements, so these never throw.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = document, js_name = createElement)]
    fn create_element(name: &str) -> Element;

    #[wasm_bindgen(js_namespace = document, js_name = createElementNS)]
    fn create_element_ns(namespace: &str, name: &str) -> Element;

    #[wasm_bindgen(js_namespace = document, js_name = createTextNode)]
    fn create_text(text: &str) -> Text;

    #[wasm_bindgen(js_namespace = document, js_name = createComment)]
    fn create_comment(text: &str) -> Comment;
}

/// The strokes of [`icon`].
pub(super) mod stroke {
    pub(crate) const WARNING: &str = "M10 3 2.5 16.5h15L10 3ZM10 8.5v3.5M10 14.4v.1";
    pub(crate) const CHECK: &str = "M4 10.5 8 14.5 16 6";
    pub(crate) const CROSS: &str = "M5.5 5.5l9 9M14.5 5.5l-9 9";
    pub(crate) const UP: &str = "M10 16V4.5M5 9l5-5 5 5";
    pub(crate) const DOWN: &str = "M10 4v11.5M5 11l5 5 5-5";
    pub(crate) const SQUARE: &str = "M6 6h8v8H6z";
    pub(crate) const CLOCK: &str = "M10 6v4.5l2.5 1.5M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14Z";
    pub(crate) const DOTS: &str = "M5 10v.1M10 10v.1M15 10v.1";
    pub(crate) const EYE: &str =
        "M2.5 10S5 5 10 5s7.5 5 7.5 5-2.5 5-7.5 5-7.5-5-7.5-5ZM10 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z";
    pub(crate) const OUT: &str = "M8 4H4.5v11.5H16V12M11 4h5v5M15.5 4.5 9 11";
    pub(crate) const TRAY: &str =
        "M3 11.5 5.2 4.5h9.6L17 11.5v4a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-4ZM3 11.5h4l1 2h4l1-2h4";
    pub(crate) const SEARCH: &str = "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM13 13l3.5 3.5";
    pub(crate) const SPEECH: &str = "M3.5 5.5a2 2 0 0 1 2-2h9a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H9l-4 \
                                     3v-3a1.5 1.5 0 0 1-1.5-1.5z";
}
