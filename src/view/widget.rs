//! The whole of it: frame, head, launcher, and where it is put into a page.

use std::any::Any;
use std::cell::RefCell;

use js_sys::{Array, Function, Reflect};
use leptos::reactive::graph::untrack;
use leptos::reactive::owner::Owner;
use wasm_bindgen::JsCast;
use web_sys::{CssStyleSheet, Element, HtmlElement, KeyboardEvent, ShadowRoot};

use super::composer::composer;
use super::desk::{Desk, button, focus_soon};
use super::fault_card::fault;
use super::state::{InboxView, Intent, Intents, PanelView, Shown};
use super::status::{state, status};
use super::tag::{Handle, Keyed, Tag, icon, keyed, slot, stroke, tag};
use super::transcript::transcript;
use crate::language::{current, number};
use crate::text;

/// Puts the views into a shadow root, in the place of those of `before`. They are there until what
/// is given back is dropped; the signals live on.
pub fn mount(
    root: &ShadowRoot,
    shown: Shown,
    intents: Intents,
    before: Option<Box<dyn Any>>,
) -> Box<dyn Any> {
    adopt_sheet(root);
    let focused = root.active_element().and_then(|element| element.get_attribute("part"));
    drop(before);
    let owner = Owner::new();
    let widget = owner.with(|| shown.speaking(|| widget(Desk::new(shown, intents))));
    root.append_child(&widget.element()).ok();
    if let Some(part) = focused {
        let same = root.query_selector(&["[part='", &part, "']"].concat());
        if let Some(same) = same.ok().flatten().and_then(|same| same.dyn_into::<HtmlElement>().ok())
        {
            let _ = same.focus();
        }
    }
    Box::new(Mounted { widget, owner })
}

/// Takes the views away again.
struct Mounted {
    widget: Tag,
    owner: Owner,
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.widget.element().remove();
        self.owner.cleanup();
    }
}

fn widget(desk: Desk) -> Tag {
    let shown = desk.shown;
    let launcher = Handle::new(None);
    tag("div")
        .part("base")
        .set("lang", current().locale())
        .bind("dir", move || shown.direction.get())
        .bind("data-layout", move || Some(shown.layout.get()))
        .bind("data-scheme", move || Some(shown.scheme.get()))
        .bind("data-state", move || Some(state(shown).word().to_owned()))
        .on("keydown", move |event| {
            let is_escape = event.unchecked_ref::<KeyboardEvent>().key() == "Escape";
            if is_escape && untrack(|| is_popover(shown)) && shown.open.get_untracked() {
                desk.send(Intent::Open(false));
                if let Some(launcher) = launcher.get_untracked() {
                    let _ = launcher.focus();
                }
            }
            keep_typing_inside(&event);
        })
        .on("keypress", |event| keep_typing_inside(&event))
        .on("keyup", |event| keep_typing_inside(&event))
        .one(move || is_popover(shown).then(|| keyed("", move || launch(desk, launcher))))
        .child(panel(desk))
        .one(move || {
            let PanelView { view, log } = shown.panel_view.get()?;
            shown.debug.get().then(|| keyed("", move || view(desk, log)))
        })
        .child(desk.voice.regions())
}

fn is_popover(shown: Shown) -> bool {
    shown.layout.with(|layout| layout == "popover")
}

fn panel(desk: Desk) -> Tag {
    let shown = desk.shown;
    tag("section")
        .part("panel")
        .bind("aria-label", move || Some(shown.label.get()))
        .bind("hidden", move || (is_popover(shown) && !shown.open.get()).then(String::new))
        .child(head(desk))
        .child(
            tag("div")
                .class("body")
                .live(move || shown.trouble.with(|trouble| trouble.as_ref().map(fault)))
                .child(behind_inbox(desk, transcript(desk)))
                .child(behind_inbox(desk, composer(desk)))
                .child(behind_inbox(desk, slot("footer")))
                .one(move || {
                    let InboxView(inbox) = shown.inbox_view.get()?;
                    shown.inbox.get().then(|| keyed("", move || inbox(desk)))
                })
                .live(move || {
                    let words = shown.toast.get()?;
                    Some(tag("div").part("toast").text(words))
                }),
        )
}

/// What cannot be used as long as the inbox lies over it.
fn behind_inbox(desk: Desk, view: Tag) -> Tag {
    view.bind("inert", move || desk.shown.inbox.get().then(String::new))
}

fn head(desk: Desk) -> Tag {
    let shown = desk.shown;
    tag("header")
        .part("header")
        .child(tag("h2").part("title").live_text(move || shown.label.get()))
        .child(status(desk))
        .child(slot("header-actions"))
        .child(inbox_button(desk))
}

/// The button in the head that opens the inbox and says how many calls wait.
fn inbox_button(desk: Desk) -> Tag {
    let shown = desk.shown;
    button("inbox-button")
        .handle(desk.inbox_button)
        .bind("aria-expanded", move || Some(shown.inbox.get().to_string()))
        .child(icon(stroke::TRAY))
        .child(tag("span").class("visually-hidden").text(text::INBOX))
        .on("click", move |_| {
            let opens = !shown.inbox.get_untracked();
            desk.send(Intent::Inbox(opens));
        })
        .one(move || {
            let count = shown.waiting.get();
            (count > 0).then(|| {
                let words = text::waiting(count);
                keyed(words.clone(), move || tag("span").part("badge").text(words))
            })
        })
}

fn launch(desk: Desk, handle: Handle) -> Tag {
    let shown = desk.shown;
    button("launcher")
        .handle(handle)
        .bind("aria-label", move || {
            Some(shown.label.with(|label| text::launcher(label, shown.waiting.get())))
        })
        .bind("aria-expanded", move || Some(shown.open.get().to_string()))
        .on("click", move |_| {
            let opens = !shown.open.get_untracked();
            desk.send(Intent::Open(opens));
            if opens {
                desk.send(Intent::Prepare);
                focus_soon(desk.input);
            }
        })
        .child(slot("launcher").child(icon(stroke::SPEECH)))
        .one(move || badge(shown.waiting.get()))
}

/// How many calls wait, if there are any.
fn badge(count: usize) -> Option<Keyed> {
    let words = number(count as f64);
    (count > 0).then(|| keyed(words.clone(), move || tag("span").part("badge").text(words)))
}

/// What is typed here is not for the page's shortcuts.
fn keep_typing_inside(event: &web_sys::Event) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let is_field = |target: Element| target.matches("textarea, input, select").unwrap_or(false);
    if target.is_some_and(is_field) {
        event.stop_propagation();
    }
}

thread_local! {
    /// The one sheet that all widgets of a page share. A style element would need the page's leave; a
    /// sheet that is adopted does not.
    static SHEET: Option<CssStyleSheet> = CssStyleSheet::new().ok();
    /// What is in it. Each part of the widget brings its own.
    static RULES: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// Gives the root the sheet.
fn adopt_sheet(root: &ShadowRoot) {
    extend_sheet(include_str!("../../style/tokens.css"));
    extend_sheet(include_str!("../../style/widget.css"));
    SHEET.with(|sheet| {
        let sheets: Array = sheet.iter().collect();
        // Set by name: the binding has no setter for it. A browser without it shows the widget in
        // the page's own style.
        let _ = Reflect::set(root, &"adoptedStyleSheets".into(), &sheets);
    });
}

/// Adds rules to the sheet, once.
pub(super) fn extend_sheet(css: &'static str) {
    let all = RULES.with_borrow_mut(|rules| {
        let is_new = !rules.contains(&css);
        is_new.then(|| {
            rules.push(css);
            rules.concat()
        })
    });
    let replace = SHEET.with(|sheet| {
        let replace = Reflect::get(sheet.as_ref()?, &"replaceSync".into()).ok()?;
        Some((sheet.clone()?, replace.dyn_into::<Function>().ok()?))
    });
    if let (Some(all), Some((sheet, replace))) = (all, replace) {
        // It fails for a sheet that is not ours alone to fill.
        replace.call1(&sheet, &all.as_str().into()).ok();
    }
}
