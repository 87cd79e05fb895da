//! The audit: every fact of every run, the newest run first, to filter and to save.

use std::rc::Rc;

use holdpoint_core::object;
use serde_json::Value;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlInputElement, HtmlSelectElement};

use super::field;
use super::window::{Window, row};
use crate::audit::{Fact, Filter, facts};
use crate::driver::ports::{JournalStore, RunRow};
use crate::text::{self, Text};
use crate::view::desk::{Desk, button, safely};
use crate::view::moment::time;
use crate::view::signal::Signal;
use crate::view::state::Intent;
use crate::view::tag::{Handle, Keyed, Tag, keyed, tag};

/// What is read and what is asked of it.
#[derive(Clone, Copy)]
struct Audit {
    desk: Desk,
    /// `kind`, `tool`, `decision` and `text` of the filter.
    filter: Signal<[String; 4]>,
    facts: Signal<Vec<Fact>>,
    /// Runs that were not read yet, oldest first; none before the list was read.
    left: Signal<Option<Vec<RunRow>>>,
    /// Values that were seen, for the menus: kinds, tools and decisions.
    seen: Signal<[Vec<String>; 3]>,
    is_loading: Signal<bool>,
    asked: Signal<u32>,
    window: Window,
}

/// The view in the place of the list of calls.
pub(super) fn audit(desk: Desk) -> Tag {
    let audit = Audit {
        desk,
        filter: Signal::new(Default::default()),
        facts: Signal::new(Vec::new()),
        left: Signal::new(None),
        seen: Signal::new(Default::default()),
        is_loading: Signal::new(false),
        asked: Signal::new(0),
        window: Window::new(),
    };
    audit.load(PAGE);
    let search = field(text::SEARCH_AUDIT, Handle::new(None)).on("input", move |event| {
        let field = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
        audit.set(3, field.map(|field| field.value()).unwrap_or_default());
    });
    let menus = [text::KIND, text::TOOL, text::DECISION];
    let menus = (0..).zip(menus).map(|(at, name)| audit.menu(at, name));
    let total = move || audit.facts.with(Vec::len);
    let list = audit.window.view(
        text::AUDIT,
        total,
        move || audit.shown(),
        move |wanted| audit.load(wanted),
    );
    tag("div")
        .part("audit")
        .child(
            tag("div")
                .class("inbox-tools")
                .child(search)
                .child(tag("div").class("filters").all(menus)),
        )
        .child(
            list.class("inbox-scroll audit-scroll")
                .set("tabindex", "0")
                .set("role", "region")
                .set("aria-label", text::AUDIT)
                .live(move || {
                    let is_empty = !audit.is_loading.get() && total() == 0;
                    is_empty.then(|| tag("p").class("empty").text(text::NOTHING_FOUND))
                }),
        )
        .child(
            tag("div")
                .class("inbox-foot")
                .child(audit.save_button("jsonl", text::SAVE_JSONL))
                .child(audit.save_button("csv", text::SAVE_CSV)),
        )
}

impl Audit {
    fn menu(self, at: usize, name: Text) -> Tag {
        tag("select")
            .class("filter-button")
            .set("aria-label", name)
            .on("change", move |event| {
                let menu = event.target().and_then(|it| it.dyn_into::<HtmlSelectElement>().ok());
                self.set(at, menu.map(|menu| menu.value()).unwrap_or_default());
            })
            .child(tag("option").set("value", "").text(name))
            .each(move || {
                let values = self.seen.with(|seen| seen[at].clone());
                let option = |value: String| {
                    keyed(value.clone(), move || {
                        tag("option").set("value", &value).text(value.replace('_', " "))
                    })
                };
                values.into_iter().map(option).collect()
            })
    }

    fn save_button(self, format: &'static str, words: Text) -> Tag {
        button("save-button").text(words).on("click", move |_| {
            self.desk.send(Intent::SaveAudit { format, filter: self.filter_value() });
        })
    }

    fn filter_value(self) -> Value {
        let [kind, tool, decision, text] = self.filter.get_untracked();
        object! { "kind": kind, "tool": tool, "decision": decision, "text": text }
    }

    fn set(self, at: usize, value: String) {
        self.filter.update(|filter| filter[at] = value);
        self.asked.update(|asked| *asked += 1);
        self.facts.set(Vec::new());
        self.left.put(None);
        self.is_loading.put(false);
        self.window.to_top();
        self.load(PAGE);
    }

    fn shown(self) -> Vec<Keyed> {
        let (first, last) = self.window.range.get();
        self.facts.with(|facts| {
            let total = facts.len();
            let facts = facts.iter().enumerate().skip(first).take(last + 1 - first);
            facts
                .map(|(at, fact)| {
                    let fact = fact.clone();
                    keyed([&fact.hash, "/", &at.to_string()].concat(), move || {
                        row(at, total).child(line(&fact))
                    })
                })
                .collect()
        })
    }

    /// Reads until so many facts are there, or all.
    fn load(self, wanted: usize) {
        let Some(store) = self.desk.shown.store.get_untracked() else { return };
        let has = self.facts.with_untracked(Vec::len);
        if self.is_loading.get_untracked() || has >= wanted {
            return;
        }
        self.is_loading.set(true);
        spawn_local(self.read(store, wanted));
    }

    async fn read(self, store: Rc<dyn JournalStore>, wanted: usize) {
        let asked = self.asked.get_untracked();
        let mut left = match self.left.get_untracked() {
            Some(left) => left,
            None => store.list(usize::MAX).await.unwrap_or_default(),
        };
        let filter = Filter::of(&self.filter_value(), 0);
        while self.facts.with_untracked(Vec::len) < wanted
            && let Some(run) = left.pop()
        {
            let stored = store.read(&run.run, 0).await.ok().flatten();
            // The views may be gone meanwhile, or ask for something else.
            if self.asked.peek() != Some(asked) {
                return;
            }
            let entries = stored.map(|stored| stored.entries).unwrap_or_default();
            let mut found = facts(entries.iter().map(String::as_str));
            self.see(&found);
            found.retain(|fact| filter.admits(fact));
            found.reverse();
            if !found.is_empty() {
                self.facts.update(|facts| facts.append(&mut found));
            }
        }
        if self.asked.peek() == Some(asked) {
            self.left.put(Some(left));
            self.is_loading.set(false);
        }
    }

    fn see(self, facts: &[Fact]) {
        let mut seen = self.seen.get_untracked();
        let before = seen.each_ref().map(Vec::len);
        for fact in facts {
            let is_decision = ["decided", "settled"].contains(&&*fact.kind);
            let decision = if is_decision { &*fact.says } else { "" };
            for (values, value) in seen.iter_mut().zip([&*fact.kind, &*fact.tool, decision]) {
                if !value.is_empty() && !values.iter().any(|other| other == value) {
                    values.push(value.to_owned());
                }
            }
        }
        if seen.each_ref().map(Vec::len) != before {
            self.seen.set(seen);
        }
    }
}

fn line(fact: &Fact) -> Tag {
    let kind = fact.kind.replace('_', " ");
    let parts = [fact.says.replace('_', " "), fact.by.clone(), fact.because.clone()];
    let said: Vec<&str> = parts.iter().map(String::as_str).filter(|it| !it.is_empty()).collect();
    let hash = fact.hash.get(..8).unwrap_or_default();
    tag("div")
        .class("audit-row")
        .set("data-kind", fact.kind.as_str())
        .set("data-says", fact.says.as_str())
        .child(safely(tag("span").class("audit-kind"), &kind))
        .child(safely(tag("span").class("inbox-what"), &fact.what))
        .child(safely(tag("span").class("inbox-meta"), &said.join(" · ")))
        .child(tag("span").class("inbox-time").text(time(fact.at)))
        .child(tag("code").class("audit-hash").set("title", &fact.hash).text(hash))
}

/// How many facts are read before anyone scrolls.
const PAGE: usize = 60;
