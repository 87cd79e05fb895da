//! The page that the widget is in: how to make it die, what its files weigh, and the run as a file.

use js_sys::{Array, Reflect};
use wasm_bindgen::prelude::*;

use super::{Panel, bytes, fact, press, span};
use crate::view::desk::button;
use crate::view::signal::Signal;
use crate::view::state::Intent;
use crate::view::tag::{Tag, tag};

/// All of it.
pub(super) fn page(panel: Panel) -> Tag {
    tag("div")
        .class("dev-page")
        .child(crashes(panel))
        .child(section("This run", copies(panel)))
        .child(section("Files of the widget", files()))
}

fn section(name: &str, content: Tag) -> Tag {
    tag("section").class("dev-section").child(tag("h3").text(name)).child(content)
}

/// A button for each step at which a run can be cut off.
fn crashes(panel: Panel) -> Tag {
    let armed = Signal::new(String::new());
    let step = move |when: &'static str, kind: &'static str| {
        let step = [when, " ", kind].concat();
        let this = step.clone();
        button("crash-button")
            .set("aria-label", ["Crash ", &step].concat())
            .bind("aria-pressed", move || Some(armed.with(|armed| *armed == this).to_string()))
            .text(when)
            .on("click", move |_| {
                armed.set(step.clone());
                panel.send(Intent::Crash(step.clone()));
            })
    };
    let rows = KINDS.map(|(kind, when)| {
        tag("li")
            .child(tag("code").text(kind))
            .child(tag("span").class("dev-because").text(when))
            .child(step("before", kind))
            .child(step("after", kind))
    });
    let note = "The next time this page comes to the step, it dies there: storage, network and locks do \
                not answer it any more. Reload, and see the run go on. “before” leaves nothing of the \
                entry, “after” leaves all of it and a page that does not know.";
    section("Crash here", tag("ul").class("dev-crashes").all(rows))
        .child(tag("p").class("dev-note").text(note))
}

/// Says that the page is dead.
pub(super) fn died(step: &str) -> Tag {
    tag("div")
        .part("debug-died")
        .set("role", "alert")
        .child(
            tag("p").text(
                ["This page died here: ", step, ". Nothing that it does now counts."].concat(),
            ),
        )
        .child(button("reload-button").text("Reload").on("click", |_| reload()))
}

fn copies(panel: Panel) -> Tag {
    let copied = Signal::new("Copy the journal");
    let copy = press("dev-copy").live_text(move || copied.get()).on("click", move |_| {
        let texts = panel.entries.get_untracked();
        let text = ["[", &texts.join(",\n"), "]\n"].concat();
        let words = if write_text(&text) { "Copied" } else { "The browser does not allow it" };
        copied.set(words);
    });
    let export = press("dev-export").text("Save as a file").on("click", move |_| {
        if let Some(run) = panel.run() {
            panel.send(Intent::Export(run));
        }
    });
    let figures = move || {
        let entries = panel.entries.get();
        let size = entries.iter().map(String::len).sum();
        Some(
            tag("dl")
                .class("dev-facts")
                .child(fact("entries", entries.len().to_string()))
                .child(fact("journal", bytes(size))),
        )
    };
    tag("div").live(figures).child(tag("div").class("dev-actions").child(copy).child(export))
}

/// What the browser fetched of the widget, as it tells.
fn files() -> Tag {
    let fetched = Reflect::get(&js_sys::global(), &"performance".into())
        .and_then(|performance| entries(&performance, "resource"))
        .unwrap_or_default();
    let rows = fetched.iter().filter_map(|file| {
        let number = |name: &str| Reflect::get(&file, &name.into()).ok()?.as_f64();
        let name = Reflect::get(&file, &"name".into()).ok()?.as_string()?;
        let name = name.rsplit('/').next().unwrap_or_default().to_owned();
        let is_ours = name.starts_with("holdpoint");
        let weight = |field: &str| bytes(number(field).unwrap_or_default() as usize);
        is_ours.then(|| {
            let cells = [name, weight("encodedBodySize"), weight("decodedBodySize")];
            let took = span(number("duration").unwrap_or_default() as u64);
            let row = cells.into_iter().chain([took]);
            tag("tr").all(row.map(|cell| tag("td").text(cell)))
        })
    });
    let head = ["file", "fetched", "unpacked", "took"]
        .map(|name| tag("th").set("scope", "col").text(name));
    tag("table")
        .class("dev-files")
        .child(tag("thead").child(tag("tr").all(head)))
        .child(tag("tbody").all(rows.collect::<Vec<_>>()))
}

/// The kinds of entries at which a crash is worth a look, and when each is stored.
const KINDS: [(&str, &str); 5] = [
    ("started", "a request"),
    ("answered", "the model’s answer, and what the rules make of it"),
    ("decided", "a person’s decision"),
    ("tool_started", "right before the tool is called"),
    ("tool_finished", "what the tool gave"),
];

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = location, js_name = reload)]
    fn reload();
}

fn entries(performance: &JsValue, kind: &str) -> Result<Array, JsValue> {
    let method = Reflect::get(performance, &"getEntriesByType".into())?;
    method.dyn_into::<js_sys::Function>()?.call1(performance, &kind.into())?.dyn_into()
}

/// Puts a text into the clipboard; whether the browser has one for this page.
fn write_text(text: &str) -> bool {
    let written = || -> Result<(), JsValue> {
        let navigator = Reflect::get(&js_sys::global(), &"navigator".into())?;
        let clipboard = Reflect::get(&navigator, &"clipboard".into())?;
        let write = Reflect::get(&clipboard, &"writeText".into())?;
        let write = write.dyn_into::<js_sys::Function>()?;
        let done = write.call1(&clipboard, &text.into())?.dyn_into::<js_sys::Promise>()?;
        // That it is refused later is nothing that a page could help.
        drop(wasm_bindgen_futures::JsFuture::from(done));
        Ok(())
    };
    written().is_ok()
}
