//! One way to make an element: tag by tag, every part of it of one erased type.
//!
//! The types of a view that is written as a macro grow with the view, and so does the wasm: each
//! shape is compiled anew. Here all elements are of one shape. It also never makes an element from
//! a string of HTML, so it works where a page requires Trusted Types.

use leptos::attr::any_attribute::{AnyAttribute, IntoAnyAttribute};
use leptos::attr::custom::custom_attribute;
use leptos::ev;
use leptos::html::{Custom, custom};
use leptos::prelude::*;
use leptos::svg;
use leptos::tachys::html::event::on;
use leptos::tachys::html::node_ref::node_ref;

/// A handle of an element made by [`tag`].
pub(super) type Handle = NodeRef<Custom<&'static str>>;

/// Begins an element.
pub(super) fn tag(name: &'static str) -> Tag {
    Tag { name, attributes: ().into_any_attr(), children: Vec::new() }
}

/// An element in the making.
pub(super) struct Tag {
    name: &'static str,
    attributes: AnyAttribute,
    children: Vec<AnyView>,
}

impl Tag {
    /// Sets an attribute once.
    pub(super) fn set(self, name: &'static str, value: impl Into<String>) -> Self {
        self.with(custom_attribute(name, value.into()).into_any_attr())
    }

    /// Keeps an attribute at a value; `None` removes it.
    pub(super) fn bind(
        self,
        name: &'static str,
        value: impl Fn() -> Option<String> + Send + 'static,
    ) -> Self {
        let value: Box<dyn FnMut() -> Option<String> + Send> = Box::new(value);
        self.with(custom_attribute(name, value).into_any_attr())
    }

    /// Sets the class.
    pub(super) fn class(self, class: &'static str) -> Self {
        self.set("class", class)
    }

    /// Sets the class and the part of the same name, by which pages style and tests find it.
    pub(super) fn part(self, part: &'static str) -> Self {
        self.set("class", part).set("part", part)
    }

    /// Listens to an event.
    pub(super) fn on(
        self,
        event: &'static str,
        handler: impl FnMut(web_sys::Event) + 'static,
    ) -> Self {
        let handler: Box<dyn FnMut(web_sys::Event)> = Box::new(handler);
        self.with(on(ev::Custom::new(event), handler).into_any_attr())
    }

    /// Lets `handle` find the element.
    pub(super) fn handle(self, handle: Handle) -> Self {
        self.with(node_ref(handle).into_any_attr())
    }

    /// Appends a text.
    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.children.push(text.into().into_any());
        self
    }

    /// Appends a text that changes.
    pub(super) fn live_text(mut self, text: impl Fn() -> String + Send + 'static) -> Self {
        let text: Box<dyn FnMut() -> String + Send> = Box::new(text);
        self.children.push(text.into_any());
        self
    }

    /// Appends an element.
    pub(super) fn child(self, child: Tag) -> Self {
        self.view(child.done())
    }

    /// Appends an element if there is one.
    pub(super) fn maybe(self, child: Option<Tag>) -> Self {
        match child {
            Some(child) => self.child(child),
            None => self,
        }
    }

    /// Appends elements.
    pub(super) fn all(mut self, children: impl IntoIterator<Item = Tag>) -> Self {
        self.children.extend(children.into_iter().map(Tag::done));
        self
    }

    /// Appends a view.
    pub(super) fn view(mut self, view: AnyView) -> Self {
        self.children.push(view);
        self
    }

    /// Appends what `child` gives, and puts another in its place whenever that changes.
    pub(super) fn live(mut self, child: impl Fn() -> Option<Tag> + Send + 'static) -> Self {
        let child: Box<dyn FnMut() -> Option<AnyView> + Send> =
            Box::new(move || child().map(Tag::done));
        self.children.push(child.into_any());
        self
    }

    /// Appends one view for each key; a view stays as long as its key does.
    pub(super) fn each<K>(
        self,
        keys: impl Fn() -> Vec<K> + Send + 'static,
        view: impl Fn(K) -> AnyView + Clone + Send + 'static,
    ) -> Self
    where
        K: Clone + Eq + std::hash::Hash + Send + 'static,
    {
        let list = For(ForProps::builder().each(keys).key(K::clone).children(view).build());
        self.view(list.into_any())
    }

    /// Two attributes make one, over and over. A list of them would do, but what Leptos has for
    /// lists can clear the inner HTML, and nothing here is to touch that.
    fn with(self, attribute: AnyAttribute) -> Self {
        Self { attributes: (self.attributes, attribute).into_any_attr(), ..self }
    }

    /// The finished view.
    pub(super) fn done(self) -> AnyView {
        let Self { name, attributes, children } = self;
        custom(name).add_any_attr(attributes).child(children).into_any()
    }
}

/// A drawing of one stroke on a field of 20 by 20, for those who see; the words stand beside it.
pub(super) fn icon(path: &'static str) -> AnyView {
    svg::svg()
        .attr("viewBox", "0 0 20 20")
        .attr("fill", "none")
        .attr("stroke", "currentColor")
        .attr("stroke-width", "1.8")
        .attr("stroke-linecap", "round")
        .attr("stroke-linejoin", "round")
        .attr("aria-hidden", "true")
        .child(svg::path().attr("d", path))
        .into_any()
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
    pub(crate) const SPEECH: &str = "M3.5 5.5a2 2 0 0 1 2-2h9a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H9l-4 \
                                     3v-3a1.5 1.5 0 0 1-1.5-1.5z";
}
