//! The developer's panel: a run's journal and what it means step by step, what went over the wire, and
//! how to make the page die. Its words are a developer's, and in English alone.

mod page;
mod source;
mod steps;
mod wire;

use std::rc::Rc;

use holdpoint_core::id::RunId;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlSelectElement;

use super::desk::Desk;
use super::signal::Signal;
use super::state::{Exchanged, Intent, RunShown};
use super::tag::{Tag, effect, keyed, tag};
pub(super) use wire::log_of;

/// The panel, below the widget.
pub(super) fn panel(desk: Desk, log: Signal<Vec<Exchanged>>) -> Tag {
    let panel = Panel {
        desk,
        room: Signal::new(Room::Steps),
        chosen: Signal::new(None),
        entries: Signal::new(Rc::default()),
        at: Signal::new(None),
        log,
    };
    effect(move || panel.follow());
    let rooms =
        [("Steps", Room::Steps, None), ("Wire", Room::Wire, Some(log)), ("Page", Room::Page, None)];
    tag("section")
        .part("debug-panel")
        .set("aria-label", "Developer’s panel")
        // Its words are English, whatever the widget speaks.
        .set("lang", "en")
        .set("dir", "ltr")
        .child(
            tag("header")
                .class("dev-head")
                .child(tag("strong").class("dev-title").text("Debug"))
                .child(
                    tag("div")
                        .class("dev-rooms")
                        .set("role", "group")
                        .set("aria-label", "View")
                        .all(rooms.map(|(words, room, counted)| panel.way(words, room, counted))),
                )
                .child(panel.runs()),
        )
        .one(move || {
            let step = desk.shown.died.get()?;
            Some(keyed(step.clone(), move || page::died(&step)))
        })
        .one(move || {
            let room = panel.room.get();
            Some(keyed(["steps", "wire", "page"][room as usize], move || match room {
                Room::Steps => steps::steps(panel),
                Room::Wire => wire::wire(panel),
                Room::Page => page::page(panel),
            }))
        })
}

/// What the views of the panel share.
#[derive(Clone, Copy)]
struct Panel {
    desk: Desk,
    room: Signal<Room>,
    /// The run that was chosen; the newest, where none was.
    chosen: Signal<Option<RunId>>,
    /// The texts of its entries.
    entries: Signal<Rc<Vec<String>>>,
    /// The step that is looked at; the last, where none was chosen.
    at: Signal<Option<usize>>,
    log: Signal<Vec<Exchanged>>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Room {
    #[default]
    Steps,
    Wire,
    Page,
}

impl Panel {
    fn way(self, words: &str, room: Room, counted: Option<Signal<Vec<Exchanged>>>) -> Tag {
        let is_here = move || self.room.get() == room;
        let way = press("dev-way")
            .bind("aria-pressed", move || Some(is_here().to_string()))
            .on("click", move |_| self.room.set(room))
            .text(words);
        match counted {
            Some(log) => {
                let count = move || log.with(|log| log.len().to_string());
                way.child(tag("span").class("dev-count").live_text(count))
            }
            None => way,
        }
    }

    /// The run that is looked at.
    fn shown(self) -> Option<RunShown> {
        let runs = self.desk.shown.runs.get();
        let chosen = self.chosen.get();
        let is_chosen = |shown: &&RunShown| shown.id.with(|id| chosen.as_ref() == Some(id));
        runs.iter().find(is_chosen).or(runs.last()).copied()
    }

    /// Its id.
    fn run(self) -> Option<RunId> {
        self.shown()?.id.peek()
    }

    /// Reads the journal again whenever the run went on: what is shown is what is stored.
    fn follow(self) {
        let store = self.desk.shown.store.get();
        let run = self.shown().and_then(|shown| {
            shown.run.track();
            shown.id.peek()
        });
        let (Some(store), Some(run)) = (store, run) else {
            return self.entries.set(Rc::default());
        };
        let read = store.read(&run, 0);
        spawn_local(async move {
            // What cannot be read now is said by the widget itself.
            let Ok(Some(stored)) = read.await else { return };
            let is_meant = self.desk.shown.runs.with_untracked(|runs| {
                let chosen = self.chosen.get_untracked();
                chosen.or_else(|| runs.last()?.id.peek()) == Some(run)
            });
            if is_meant {
                self.entries.set(Rc::new(stored.entries));
            }
        });
    }

    /// A list to choose a run from.
    fn runs(self) -> Tag {
        let options = move || {
            let runs = self.desk.shown.runs.get();
            let named = runs.into_iter().rev().filter_map(|shown| {
                let words = shown.read(|run| Some(run.spec().text.clone()))?;
                let id = shown.id.peek()?.as_str().to_owned();
                let words: String = words.chars().take(WORDS_MAX).collect();
                Some(keyed(id.clone(), move || tag("option").set("value", id).text(words)))
            });
            named.collect()
        };
        let list = tag("select").class("dev-runs").set("aria-label", "Run").each(options);
        let field = list.element().unchecked_into::<HtmlSelectElement>();
        let shown = field.clone();
        // After the options, else it would not be taken.
        effect(move || {
            if let Some(run) = self.run() {
                shown.set_value(run.as_str());
            }
        });
        list.on("change", move |_| {
            self.chosen.set(Some(RunId::new(field.value())));
            self.at.set(None);
        })
    }

    fn send(self, intent: Intent) {
        self.desk.send(intent);
    }
}

/// A button that is nobody's part.
fn press(class: &str) -> Tag {
    tag("button").class(class).set("type", "button")
}

/// A pair of a name and a value, in a list of them.
fn fact(name: &str, value: impl Into<String>) -> Tag {
    tag("div").class("dev-fact").child(tag("dt").text(name)).child(tag("dd").text(value))
}

/// A number of bytes, short.
fn bytes(count: usize) -> String {
    match count {
        0..1_000 => [&count.to_string(), " B"].concat(),
        _ => {
            let tenths = count.div_ceil(100);
            [&(tenths / 10).to_string(), ".", &(tenths % 10).to_string(), " KB"].concat()
        }
    }
}

/// A time of day to the millisecond, where this browser is.
fn clock(millis: u64) -> String {
    let date = js_sys::Date::new(&(millis as f64).into());
    let padded = |number: u32, width: usize| {
        let digits = number.to_string();
        ["0".repeat(width.saturating_sub(digits.len())), digits].concat()
    };
    let time = [date.get_hours(), date.get_minutes(), date.get_seconds()].map(|it| padded(it, 2));
    [time.join(":"), padded(date.get_milliseconds(), 3)].join(".")
}

/// A span of time, short.
fn span(millis: u64) -> String {
    match millis {
        0..1_000 => [&millis.to_string(), " ms"].concat(),
        1_000..600_000 => {
            let tenths = millis / 100;
            [&(tenths / 10).to_string(), ".", &(tenths % 10).to_string(), " s"].concat()
        }
        _ => [&(millis / 60_000).to_string(), " min"].concat(),
    }
}

/// So much of a request stands in the list of runs.
const WORDS_MAX: usize = 48;
