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
    place(root, shown, None, before, || widget(Desk::new(shown, intents)))
}

/// The same for any view, with rules of its own over those of all.
pub(super) fn place(
    root: &ShadowRoot,
    shown: Shown,
    own: Option<&CssStyleSheet>,
    before: Option<Box<dyn Any>>,
    view: impl FnOnce() -> Tag,
) -> Box<dyn Any> {
    adopt_sheet(root, own);
    let focused = root.active_element().and_then(|element| element.get_attribute("part"));
    drop(before);
    let owner = Owner::new();
    let view = owner.with(|| shown.speaking(view));
    root.append_child(&view.element()).ok();
    raise(&view.element());
    if let Some(part) = focused {
        let same = root.query_selector(&["[part='", &part, "']"].concat());
        if let Some(same) = same.ok().flatten().and_then(|same| same.dyn_into::<HtmlElement>().ok())
        {
            let _ = same.focus();
        }
    }
    Box::new(Mounted { view, owner })
}

/// Takes the views away again.
struct Mounted {
    view: Tag,
    owner: Owner,
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.view.element().remove();
        self.owner.cleanup();
    }
}

fn widget(desk: Desk) -> Tag {
    let shown = desk.shown;
    let launcher = Handle::new(None);
    frame(desk)
        .bind("data-layout", move || Some(shown.layout.get()))
        .bind("popover", move || is_popover(shown).then(|| "manual".to_owned()))
        .on("keydown", move |event| {
            let is_escape = event.unchecked_ref::<KeyboardEvent>().key() == "Escape";
            if is_escape && untrack(|| is_popover(shown)) && shown.open.get_untracked() {
                desk.send(Intent::Open(false));
                if let Some(launcher) = launcher.get_untracked() {
                    let _ = launcher.focus();
                }
            }
        })
        .one(move || is_popover(shown).then(|| keyed("", move || launch(desk, launcher))))
        .child(panel(desk))
        .one(move || {
            let PanelView { view, log } = shown.panel_view.get()?;
            shown.debug.get().then(|| keyed("", move || view(desk, log)))
        })
}

/// What is around every view: its language, its colours, and what is said of it.
pub(super) fn frame(desk: Desk) -> Tag {
    let shown = desk.shown;
    tag("div")
        .part("base")
        .set("lang", current().locale())
        .bind("dir", move || shown.direction.get())
        .bind("data-scheme", move || Some(shown.scheme.get()))
        .bind("data-state", move || Some(state(shown).word().to_owned()))
        .on("keydown", |event| keep_typing_inside(&event))
        .on("keypress", |event| keep_typing_inside(&event))
        .on("keyup", |event| keep_typing_inside(&event))
        .child(desk.voice.regions())
}

/// Puts a popover into the top layer, where no `z-index` of the page is above it.
fn raise(base: &HtmlElement) {
    if base.has_attribute("popover") {
        // A browser without that layer shows it where it is.
        let show = Reflect::get(base, &"showPopover".into()).ok();
        let show = show.and_then(|show| show.dyn_into::<Function>().ok());
        show.map(|show| show.call0(base));
    }
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
                .live(move || toast(shown)),
        )
}

/// A short word on what was just done.
pub(super) fn toast(shown: Shown) -> Option<Tag> {
    Some(tag("div").part("toast").text(shown.toast.get()?))
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
        .one(move || waiting_badge(shown))
}

/// How many calls wait, in words.
pub(super) fn waiting_badge(shown: Shown) -> Option<Keyed> {
    let count = shown.waiting.get();
    (count > 0).then(|| {
        let words = text::waiting(count);
        keyed(words.clone(), move || tag("span").part("badge").text(words))
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

/// Gives the root the sheet, and its own over it.
fn adopt_sheet(root: &ShadowRoot, own: Option<&CssStyleSheet>) {
    extend_sheet(include_str!("../../style/tokens.css"));
    extend_sheet(include_str!("../../style/widget.css"));
    SHEET.with(|sheet| {
        let sheets: Array = sheet.iter().chain(own).collect();
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
    if let Some(all) = all {
        SHEET.with(|sheet| fill(sheet.as_ref()?, &all));
    }
}

/// A sheet of these rules.
pub(super) fn sheet_of(css: &str) -> Option<CssStyleSheet> {
    let sheet = CssStyleSheet::new().ok()?;
    fill(&sheet, css)?;
    Some(sheet)
}

fn fill(sheet: &CssStyleSheet, css: &str) -> Option<()> {
    let replace = Reflect::get(sheet, &"replaceSync".into()).ok()?;
    // It fails for a sheet that is not ours alone to fill.
    replace.dyn_into::<Function>().ok()?.call1(sheet, &css.into()).ok().map(drop)
}
