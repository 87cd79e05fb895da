//! How far back a long conversation is shown: its end, what is not over, and as much before that as
//! the person went back to. The rest has no elements, so that a thousand messages open as fast as ten.

use holdpoint_core::id::RunId;
use web_sys::HtmlElement;

use super::desk::{Desk, all_in, button, top_in};
use super::signal::Signal;
use super::state::{Intent, RunShown};
use super::tag::{Keyed, effect, keyed};
use super::timer::soon;
use crate::text;

/// How far back.
#[derive(Clone, Copy)]
pub(super) struct Reach {
    desk: Desk,
    /// Earlier runs were asked for, and are shown when they come.
    asked: Signal<bool>,
    /// So many messages at the end of all, and more where a run has more.
    wanted: Signal<usize>,
    /// The runs that were shown last: what is there stays.
    kept: Signal<Vec<RunId>>,
    has_more: Signal<bool>,
    /// Where the log was when it was scrolled last.
    top: Signal<i32>,
}

impl Reach {
    pub(super) fn new(desk: Desk) -> Self {
        let reach = Self {
            desk,
            asked: Signal::new(false),
            wanted: Signal::new(STEP),
            kept: Signal::new(Vec::new()),
            has_more: Signal::new(false),
            top: Signal::new(0),
        };
        effect(move || {
            let count = desk.shown.runs.with(Vec::len);
            desk.shown.has_earlier.track();
            let was_asked = reach.asked.get_untracked();
            reach.asked.put(false);
            // Where none came the store failed, which is said; the person may ask again.
            if was_asked && reach.kept.with_untracked(Vec::len) < count {
                reach.extend();
            }
        });
        reach
    }

    /// The runs that are shown, oldest first. As long as the store is read, those that wait.
    pub(super) fn runs(self) -> Vec<RunShown> {
        let shown = self.desk.shown;
        let all = shown.runs.get();
        let mut left = if shown.loaded.get() { self.wanted.get() } else { 0 };
        let is_kept = |run: &RunShown| run.id.with_untracked(|id| self.keeps(id));
        let count = all.len();
        let mut runs = Vec::new();
        for run in all.into_iter().rev() {
            let (messages, is_over) = weight(run);
            if left > 0 || !is_over || is_kept(&run) {
                runs.push(run);
            }
            left = left.saturating_sub(messages);
        }
        runs.reverse();
        let has_more = runs.len() < count || shown.has_earlier.get();
        if self.has_more.get_untracked() != has_more {
            self.has_more.set(has_more);
        }
        self.kept.put(runs.iter().filter_map(|run| run.id.peek()).collect());
        runs
    }

    /// The button that leads further back.
    pub(super) fn button(self) -> Option<Keyed> {
        self.has_more.get().then(|| {
            keyed("", move || {
                button("earlier-button").text(text::EARLIER).on("click", move |_| {
                    self.extend();
                    soon(move || {
                        // The button is gone with what it leads to.
                        if !self.has_more.get_untracked()
                            && let Some(log) = self.desk.log.get_untracked()
                        {
                            let _ = log.focus();
                        }
                    });
                })
            })
        })
    }

    /// Whether the person went back. Near the start of what is shown, more is.
    pub(super) fn scrolled(self, log: &HtmlElement) -> bool {
        let top = log.scroll_top();
        let goes_back = top < self.top.get_untracked();
        self.top.put(top);
        if goes_back && top < NEAR_PX {
            self.extend();
        }
        goes_back
    }

    /// Shows a run, and all that came after it.
    pub(super) fn include(self, run: &RunId) {
        if self.keeps(run) {
            return;
        }
        let runs = self.desk.shown.runs.get_untracked();
        let from = runs.iter().position(|it| it.id.with_untracked(|id| id == run));
        let after = runs.into_iter().skip(from.unwrap_or(usize::MAX));
        self.wanted.set(after.map(|run| weight(run).0).sum());
    }

    fn keeps(self, run: &RunId) -> bool {
        self.kept.with_untracked(|kept| kept.contains(run))
    }

    /// Shows more. What the person looks at stays where it is.
    fn extend(self) {
        let Self { desk, has_more, .. } = self;
        let Some(log) = desk.log.get_untracked().filter(|_| has_more.get_untracked()) else {
            return;
        };
        let runs = desk.shown.runs.get_untracked();
        if self.kept.with_untracked(Vec::len) == runs.len() {
            // All that was read is shown; the store has more.
            if !self.asked.get_untracked() {
                self.asked.put(true);
                desk.send(Intent::Earlier);
            }
            return;
        }
        let anchor = first_in_view(&log);
        let place = anchor.as_ref().map_or(0, |anchor| top_in(&log, anchor) - log.scroll_top());
        let is_kept = |run: &RunShown| run.id.with_untracked(|id| self.keeps(id));
        let shown: usize = runs.into_iter().filter(is_kept).map(|run| weight(run).0).sum();
        self.wanted.set(shown + STEP);
        soon(move || {
            if let Some(anchor) = anchor {
                log.set_scroll_top(top_in(&log, &anchor) - place);
                self.top.put(log.scroll_top());
            }
        });
    }
}

/// How many messages a run has, and whether it is over.
fn weight(run: RunShown) -> (usize, bool) {
    run.run.with_untracked(|run| match run {
        Some(run) => {
            let messages = run.turns().map(|turn| 1 + turn.slots.len()).sum::<usize>();
            (1 + messages, run.status().is_over())
        }
        None => (1, false),
    })
}

/// The first run that is not wholly above what is in view.
fn first_in_view(log: &HtmlElement) -> Option<HtmlElement> {
    let top = log.scroll_top();
    all_in(log, ".run")
        .into_iter()
        .find(|element| top_in(log, element) + element.offset_height() > top)
}

/// By how many messages the view goes back.
const STEP: usize = 60;

/// How near the start more is shown.
const NEAR_PX: i32 = 1200;
