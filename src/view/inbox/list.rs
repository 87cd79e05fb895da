//! The rows of the inbox: read by pages, shown by windows.
//!
//! While a person is at the list nothing moves under them: rows change where they stand, and what is
//! new is offered by a button.

use std::rc::Rc;

use holdpoint_core::id::CallId;
use holdpoint_core::sorted::Sorted;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, Event, HtmlElement, ShadowRoot};

use super::row::content;
use super::search::{Search, small};
use super::window::{self, STEP, Window};
use crate::driver::ports::{CallRow, Group, JournalStore, Page, Tally};
use crate::text;
use crate::view::desk::{Desk, button};
use crate::view::signal::Signal;
use crate::view::state::{FileForm, Intent};
use crate::view::tag::{Keyed, Tag, effect, icon, keyed, stroke, tag};
use crate::view::timer::after;
use holdpoint_core::escape::visible_text;

/// The list and what is asked of it.
#[derive(Clone, Copy)]
pub(super) struct List {
    desk: Desk,
    /// Which part is shown.
    pub(super) group: Signal<Option<Group>>,
    /// How many there are of each group.
    pub(super) tally: Signal<Tally>,
    /// There is something new that is not shown, because it would move what is.
    pub(super) news: Signal<bool>,
    /// What is searched for, in small letters.
    needle: Signal<String>,
    rows: Signal<Vec<CallRow>>,
    /// The last row that was read, shown or not; none before the first.
    read_to: Signal<Option<CallRow>>,
    /// Whether there is nothing left to read.
    is_whole: Signal<bool>,
    /// Counts what was asked; an answer to an older question is not taken.
    asked: Signal<u32>,
    is_loading: Signal<bool>,
    window: Window,
    /// The row that has the focus keeps its element wherever it is.
    focused: Signal<Option<CallId>>,
}

impl List {
    pub(super) fn new(desk: Desk) -> Self {
        let list = Self {
            desk,
            group: Signal::new(None),
            tally: Signal::new(Tally::default()),
            news: Signal::new(false),
            needle: Signal::new(String::new()),
            rows: Signal::new(Vec::new()),
            read_to: Signal::new(None),
            is_whole: Signal::new(false),
            asked: Signal::new(0),
            is_loading: Signal::new(false),
            window: Window::new(),
            focused: Signal::new(None),
        };
        list.reload();
        list.follow_runs();
        list
    }

    /// Shows another part.
    pub(super) fn choose(self, group: Option<Group>) {
        self.group.set(group);
        self.window.to_top();
        self.reload();
    }

    /// Shows the rows in which these words are.
    pub(super) fn search(self, words: &str) {
        self.needle.set(small(words.trim()));
        self.window.to_top();
        self.reload();
    }

    /// Reads the list anew, from its beginning.
    pub(super) fn reload(self) {
        self.asked.update(|asked| *asked += 1);
        self.read_to.set(None);
        self.is_whole.set(false);
        self.is_loading.set(false);
        self.news.set(false);
        self.load(PAGE, true);
        self.count();
    }

    /// Moves the focus by a key; whether the key is one for that.
    pub(super) fn steps(self, key: &str) -> bool {
        let count = self.rows.with_untracked(Vec::len);
        let at = self.focused.with_untracked(|focused| {
            let focused = focused.as_ref()?;
            self.rows.with_untracked(|rows| rows.iter().position(|row| row.call == *focused))
        });
        let to = match (key, at) {
            ("ArrowDown", None) => 0,
            ("ArrowDown", Some(at)) => at + 1,
            ("ArrowUp", Some(at)) if at > 0 => at - 1,
            ("Home", Some(_)) => 0,
            ("End", Some(_)) => count.saturating_sub(1),
            _ => return false,
        };
        if to < count {
            self.focus_on(to);
        }
        true
    }

    pub(super) fn view(self) -> Tag {
        let rows = move || self.shown();
        self.window
            .view(
                text::INBOX_LIST,
                move || self.total(),
                rows,
                move |wanted| {
                    self.load(wanted, false);
                },
            )
            .live(move || self.empty())
            .on("click", move |event| self.press(&event))
            .on("focusin", move |event| {
                self.focused.put(self.row_of(&event).map(|row| row.call));
            })
            .on("focusout", move |_| self.focused.put(None))
    }

    /// The words in the place of rows.
    fn empty(self) -> Option<Tag> {
        if !self.is_whole.get() || !self.rows.with(Vec::is_empty) {
            return None;
        }
        let words = if !self.needle.with(String::is_empty) {
            text::NOTHING_FOUND
        } else if self.group.get() == Some(Group::Held) {
            text::NOTHING_WAITS
        } else {
            text::NOTHING_YET
        };
        Some(tag("p").class("empty").text(words))
    }

    /// How long the list is, as far as that is known.
    fn total(self) -> usize {
        let found = self.rows.with(Vec::len);
        if self.is_whole.get() || !self.needle.with(String::is_empty) {
            return found;
        }
        let counted = self.tally.with(|tally| match self.group.get() {
            Some(group) => tally[group as usize],
            None => tally.iter().sum(),
        });
        found.max(counted as usize)
    }

    /// The rows that have elements.
    fn shown(self) -> Vec<Keyed> {
        let (first, last) = self.window.range.get();
        let focused = self.focused.get_untracked();
        self.rows.with(|rows| {
            let is_meant = |at: usize, row: &CallRow| {
                (first..=last).contains(&at) || focused.as_ref() == Some(&row.call)
            };
            let rows = rows.iter().enumerate().filter(|(at, row)| is_meant(*at, row));
            rows.map(|(at, row)| {
                // A row that moved is another one: its place is part of what it says.
                let key = [&at.to_string(), " ", row.call.as_str()].concat();
                let row = row.clone();
                keyed(key, move || self.item(at, &row))
            })
            .collect()
        })
    }

    /// One row. It listens to one thing and hears no events itself, for there are many.
    fn item(self, at: usize, row: &CallRow) -> Tag {
        let total = self.rows.with_untracked(Vec::len).max(self.total());
        let item = window::row(at, total).set("data-call", row.call.as_str());
        let stage = move || {
            let of = |row: &CallRow| [&row.stage, row.by.as_deref().unwrap_or("-")].concat();
            self.rows.with(|rows| rows.get(at).map(of)).unwrap_or_default()
        };
        let view = move || self.rows.with_untracked(|rows| rows.get(at).map(content));
        let take = (row.group != Group::Done).then(|| {
            button("take-button")
                .set("aria-label", text::act_on(text::TAKE_RUN, &visible_text(&row.what)))
                .set("title", text::TAKE_RUN)
                .child(icon(stroke::OUT))
        });
        item.child(
            button("inbox-item")
                .one(move || Some(keyed(stage(), move || view().unwrap_or_else(|| tag("span"))))),
        )
        .maybe(take)
    }

    /// The row in which something happened.
    fn row_of(self, event: &Event) -> Option<CallRow> {
        let call = closest(event, "[data-call]")?.get_attribute("data-call")?;
        let is_it = |row: &&CallRow| row.call.as_str() == call;
        self.rows.with_untracked(|rows| rows.iter().find(is_it).cloned())
    }

    fn press(self, event: &Event) {
        let Some(CallRow { run, call, what, .. }) = self.row_of(event) else { return };
        if closest(event, ".take-button").is_some() {
            let form = FileForm { run: Some(run), what, ..FileForm::default() };
            self.desk.shown.form.set(Some(form));
        } else {
            self.desk.send(Intent::Show { run, call });
        }
    }

    /// Reads until so many rows are there, or all.
    fn load(self, wanted: usize, anew: bool) {
        let has = if anew { 0 } else { self.rows.with_untracked(Vec::len) };
        let store = self.desk.shown.store.get_untracked();
        let is_idle = !self.is_loading.get_untracked() && !self.is_whole.get_untracked();
        if let (Some(store), true, true) = (store, has < wanted, is_idle) {
            self.is_loading.set(true);
            spawn_local(self.read(store, wanted, anew));
        }
    }

    async fn read(self, store: Rc<dyn JournalStore>, wanted: usize, mut anew: bool) {
        let asked = self.asked.get_untracked();
        loop {
            let page = Page {
                group: self.group.get_untracked(),
                after: self.read_to.with_untracked(|last| last.as_ref().map(CallRow::place)),
                limit: PAGE as u32,
            };
            let found = store.calls(page).await;
            // The views may be gone meanwhile, or ask for something else.
            if self.asked.peek() != Some(asked) {
                return;
            }
            let Ok(found) = found else { break };
            let is_end = found.len() < PAGE;
            if let Some(last) = found.last() {
                self.read_to.set(Some(last.clone()));
            }
            let needle = self.needle.get_untracked();
            let mut search = Search::new(&needle);
            let mut matching: Vec<_> = self
                .desk
                .shown
                .speaking(|| found.into_iter().filter(|row| search.finds(row)).collect());
            let is_first = std::mem::take(&mut anew);
            if is_first || !matching.is_empty() {
                self.rows.update(|rows| {
                    if is_first {
                        rows.clear();
                    }
                    rows.append(&mut matching);
                });
            }
            self.is_whole.set(is_end);
            if is_end || self.rows.with_untracked(Vec::len) >= wanted {
                break;
            }
        }
        self.is_loading.set(false);
    }

    fn count(self) {
        let Some(store) = self.desk.shown.store.get_untracked() else { return };
        spawn_local(async move {
            if let Ok(tally) = store.tally().await {
                self.tally.set(tally);
            }
        });
    }

    /// Keeps the rows at what their runs became, whoever changed them.
    fn follow_runs(self) {
        let is_first = Signal::new(true);
        effect(move || {
            let mut fresh = Sorted::default();
            for run in self.desk.shown.runs.get() {
                for row in run.read(|run| Some(CallRow::all(run))).unwrap_or_default() {
                    fresh.insert(row.call.clone(), row);
                }
            }
            if is_first.get_untracked() {
                is_first.put(false);
                return;
            }
            self.take_in(&fresh);
            // One count for all that happens at once.
            after(COUNT_MS, move || self.count());
        });
    }

    fn take_in(self, fresh: &Sorted<CallId, CallRow>) {
        let is_changed = |(at, row): (usize, &CallRow)| {
            let new = fresh.get(&row.call).filter(|new| *new != row)?;
            Some((at, new.clone(), new.group != row.group))
        };
        let changed: Vec<_> = self
            .rows
            .with_untracked(|rows| rows.iter().enumerate().filter_map(is_changed).collect());
        let moves = changed.iter().any(|(.., moves)| *moves) || self.lacks_one_of(fresh);
        if !changed.is_empty() {
            self.rows.update(|rows| {
                for (at, new, _) in changed {
                    rows[at] = new;
                }
            });
        }
        if moves && (self.rows.with_untracked(Vec::is_empty) || self.is_at_rest()) {
            self.reload();
        } else if moves {
            self.news.set(true);
        }
    }

    /// Whether one of these rows should be among those that were read, and is not.
    fn lacks_one_of(self, fresh: &Sorted<CallId, CallRow>) -> bool {
        let needle = self.needle.get_untracked();
        let group = self.group.get_untracked();
        let end = self.read_to.with_untracked(|last| last.as_ref().map(CallRow::place));
        let is_whole = self.is_whole.get_untracked();
        let is_read = |row: &CallRow| {
            is_whole || end.as_ref().is_some_and(|end| !end.is_before(&row.place()))
        };
        let mut search = Search::new(&needle);
        let is_meant = |row: &&CallRow| {
            group.is_none_or(|group| group == row.group) && is_read(row) && search.finds(row)
        };
        let meant = fresh.values().filter(is_meant).count();
        let is_known = |row: &&CallRow| fresh.contains(&row.call);
        meant > self.rows.with_untracked(|rows| rows.iter().filter(is_known).count())
    }

    /// Whether nobody is at the list, so that it may change its order: it is at its top, without focus and pointer.
    fn is_at_rest(self) -> bool {
        let Some(scroll) = self.window.scroll.get_untracked() else { return true };
        let focus = scroll
            .get_root_node()
            .dyn_into::<ShadowRoot>()
            .ok()
            .and_then(|root| root.active_element());
        let has_focus = focus.is_some_and(|element| scroll.contains(Some(&element)));
        scroll.scroll_top() == 0 && !has_focus && !scroll.matches(":hover").unwrap_or(false)
    }

    fn focus_on(self, at: usize) {
        let (first, last) = self.window.range.get_untracked();
        if !(first..=last).contains(&at) {
            self.window.range.set((at.saturating_sub(STEP), at + 2 * STEP));
        }
        let call = self.rows.with_untracked(|rows| rows.get(at).map(|row| row.call.to_string()));
        // The next key may follow at once, and is meant for the row.
        if !self.focus_row(call.as_deref()) {
            after(0, move || _ = self.focus_row(call.as_deref()));
        }
    }

    /// Gives a row the focus, if it is in the page.
    fn focus_row(self, call: Option<&str>) -> bool {
        let items = self.window.items.get_untracked();
        let mut item = items.and_then(|items| items.first_element_child());
        while let Some(element) = item {
            if element.get_attribute("data-call").as_deref() == call {
                let button = element.first_element_child();
                return button.is_some_and(|it| it.unchecked_into::<HtmlElement>().focus().is_ok());
            }
            item = element.next_element_sibling();
        }
        false
    }
}

/// The element of an event, or one around it, that is meant.
fn closest(event: &Event, selector: &str) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(selector).ok()?
}

/// How many rows are read at once.
const PAGE: usize = 200;
/// How long changes are gathered before they are counted.
const COUNT_MS: i32 = 60;
