//! What was said and done, oldest first, and what is going on now at its end.

use std::rc::Rc;

use holdpoint_core::id::{CallId, RunId};
use holdpoint_core::message::Usage;
use holdpoint_core::run::{Mode, Progress, Purpose, Run, Slot, State};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use leptos::reactive::graph::untrack;

use super::announcer::announce;
use super::approval_card::approval_card;
use super::desk::{Desk, button};
use super::doubt_card::doubt_card;
use super::fault_card::run_fault;
use super::markdown_dom::{fill, fill_live};
use super::receipt::{line, receipt, refused};
use super::signal::Signal;
use super::state::{Intent, RunShown};
use super::tag::{Handle, Keyed, Tag, effect, icon, keyed, stroke, tag};
use super::timer::{after, soon};
use crate::language::why_failed;
use crate::text::{self, Text};

/// The log, and the button that leads to its end.
pub(super) fn transcript(desk: Desk) -> Tag {
    let shown = desk.shown;
    let log = desk.log;
    let follows = desk.follows;
    let window = Window::new(desk);
    window.fill();
    window.keep_in_sight();
    window.go_to_target();
    let list = tag("div")
        .part("transcript")
        .set("role", "log")
        .set("aria-live", "off")
        .set("tabindex", "0")
        .bind("aria-label", move || Some(text::conversation(&shown.label.get())))
        .bind("data-follows", move || follows.get().then(String::new))
        .handle(log)
        .on("scroll", move |_| {
            if let Some(log) = log.get_untracked() {
                let left = log.scroll_height() - log.scroll_top() - log.client_height();
                let is_near = left <= NEAR_PX;
                if is_near != follows.get_untracked() {
                    follows.set(is_near);
                }
            }
        })
        .one(move || window.has_earlier().then(|| keyed("", move || window.button())))
        .live(move || {
            let empty = shown.loaded.get() && shown.runs.with(Vec::is_empty);
            empty.then(|| tag("p").class("empty").text(text::EMPTY))
        })
        .each(move || window.runs());
    let jump = move || {
        let jump = button("jump-button").child(icon(stroke::DOWN)).text(text::JUMP);
        (!follows.get()).then(|| jump.on("click", move |_| to_end(log)))
    };
    tag("div").class("log").child(list).live(jump)
}

/// The runs of the log that are in the page: the newest, and whatever is not over. Those before them
/// come into it bit by bit, so that the end of a long conversation is there at once.
#[derive(Clone, Copy)]
struct Window {
    desk: Desk,
    /// The oldest run in it.
    top: Signal<Option<RunId>>,
    /// How many there may be in it.
    most: Signal<usize>,
    /// How much of the log is to stay below its upper edge, and whether the person asked for more.
    below: Signal<Option<(i32, bool)>>,
}

impl Window {
    fn new(desk: Desk) -> Self {
        let (top, below) = (Signal::new(None), Signal::new(None));
        Self { desk, top, most: Signal::new(RUNS_AT_ONCE), below }
    }

    /// How many runs are before it; all of them, as long as nobody has looked.
    fn before(self, runs: &[RunShown]) -> usize {
        let top = self.top.get();
        let is_top = |run: &RunShown| run.id.with_untracked(|id| Some(id) == top.as_ref());
        runs.iter().position(is_top).unwrap_or(runs.len())
    }

    fn runs(self) -> Vec<Keyed> {
        let desk = self.desk;
        let Some(views) = desk.shown.run_views.get() else { return Vec::new() };
        let all = desk.shown.runs.get();
        let before = self.before(&all);
        let is_over = |run: RunShown| {
            run.run.with_untracked(|run| run.as_ref().is_some_and(|run| run.status().is_over()))
        };
        let mut runs = Vec::new();
        for (at, run) in all.into_iter().enumerate() {
            if at >= before || !is_over(run) {
                runs.push(keyed(run.id_text(), move || (views.run)(desk, run)));
            }
        }
        runs
    }

    /// Moves the window's upper edge: up, bit by bit, as long as there is room in it; down, where
    /// the conversation goes on and nobody looks at its beginning.
    fn fill(self) {
        let Self { desk, top, most, .. } = self;
        effect(move || {
            let (runs, most) = (desk.shown.runs.get(), most.get());
            let before = self.before(&runs);
            let in_page = runs.len() - before;
            let next = if in_page > most && desk.follows.get_untracked() {
                runs.len() - most
            } else {
                up(&runs, before, most.saturating_sub(in_page))
            };
            if !desk.shown.loaded.get() || next == before {
                return;
            }
            let next = runs.get(next).and_then(|run| run.id.peek());
            if in_page == 0 || in_page > most {
                return top.set(next);
            }
            let now = top.peek();
            after(FILL_MS, move || {
                if top.peek() == now {
                    self.stay_in_sight(false);
                    top.set(next);
                }
            });
        });
    }

    /// Whether there are runs that only the person can call.
    fn has_earlier(self) -> bool {
        let Self { desk, most, .. } = self;
        let runs = desk.shown.runs.get();
        let before = self.before(&runs);
        desk.shown.has_earlier.get() || before > 0 && runs.len() - before >= most.get()
    }

    /// The way to what was before.
    fn button(self) -> Tag {
        let desk = self.desk;
        button("earlier-button").child(icon(stroke::UP)).text(text::EARLIER).on(
            "click",
            move |_| {
                let runs = desk.shown.runs.get_untracked();
                let before = untrack(|| self.before(&runs));
                self.stay_in_sight(true);
                self.most.set(runs.len() - before + RUNS_MORE);
                if before == 0 {
                    desk.send(Intent::Earlier);
                }
            },
        )
    }

    /// What is in sight now stays there when other runs are put before it.
    fn stay_in_sight(self, asked: bool) {
        let log = self.desk.log.get_untracked();
        self.below.put(log.map(|log| (log.scroll_height() - log.scroll_top(), asked)));
    }

    fn keep_in_sight(self) {
        let Self { desk, top, below, .. } = self;
        effect(move || {
            desk.shown.runs.track();
            top.track();
            let Some((height, asked)) = below.get_untracked() else { return };
            below.put(None);
            soon(move || {
                let Some(log) = desk.log.get_untracked() else { return };
                if !desk.follows.get_untracked() {
                    log.set_scroll_top(log.scroll_height() - height);
                }
                // The button is gone with the last of them, and the focus with it.
                if asked && !untrack(|| self.has_earlier()) {
                    let _ = log.focus();
                }
            });
        });
    }

    /// Shows the call that the person goes to, and gives it the focus.
    fn go_to_target(self) {
        let desk = self.desk;
        let shown = desk.shown;
        effect(move || {
            let Some(call) = shown.target.get() else { return };
            // Its run may be read just now, and may have left the page.
            let runs = shown.runs.get();
            let is_there = |run: &RunShown| run.slot(&call, |_| ()).is_some();
            let Some(at) = runs.iter().position(is_there) else { return };
            if untrack(|| self.before(&runs)) > at {
                self.top.set(runs.get(at).and_then(|run| run.id.peek()));
            }
            shown.target.put(None);
            // Later than what follows the end of the conversation.
            soon(move || {
                soon(move || {
                    let Some(log) = desk.log.get_untracked() else { return };
                    let Some(element) = call_element(&log, &call) else { return };
                    let top = |element: &HtmlElement| element.get_bounding_client_rect().top();
                    let above = (top(&element) - top(&log)) as i32 - MARGIN_PX;
                    log.set_scroll_top(log.scroll_top() + above);
                    element.set_attribute("tabindex", "-1").ok();
                    let _ = element.focus();
                });
            });
        });
    }
}

/// An edge farther up, by a few messages or more and by so many runs at most.
fn up(runs: &[RunShown], edge: usize, most: usize) -> usize {
    let mut messages = 0;
    for at in (edge.saturating_sub(most)..edge).rev() {
        messages += runs.get(at).map_or(0, |run| {
            run.run.with_untracked(|run| run.as_ref().map_or(1, |run| 1 + 2 * run.turns().count()))
        });
        if messages >= MESSAGES_AT_ONCE {
            return at;
        }
    }
    edge.saturating_sub(most)
}

/// Follows the end while the person is near it, whatever makes it move.
fn follow(desk: Desk, shown: RunShown) {
    effect(move || {
        shown.run.track();
        shown.live.track();
        shown.trouble.track();
        // What is hidden has no end to go to.
        desk.shown.open.track();
        desk.follow_soon();
    });
}

/// The card or the receipt of a call.
fn call_element(log: &HtmlElement, call: &CallId) -> Option<HtmlElement> {
    let elements = log.query_selector_all("[data-call]").ok()?;
    (0..elements.length())
        .filter_map(|at| elements.get(at)?.dyn_into::<HtmlElement>().ok())
        .find(|element| element.get_attribute("data-call").as_deref() == Some(call.as_str()))
}

fn to_end(log: Handle) {
    if let Some(log) = log.get_untracked() {
        log.set_scroll_top(log.scroll_height());
    }
}

/// The part of the log that is one run's.
pub(super) fn run_view(desk: Desk, shown: RunShown) -> Tag {
    announce(desk, shown);
    follow(desk, shown);
    let spots = move || {
        desk.shown.hidden.track();
        shown.run.get().map(|run| spots(desk, shown, &run)).unwrap_or_default()
    };
    tag("div")
        .class("run")
        .set("data-run", shown.id_text())
        .bind("data-status", move || shown.read(|run| Some(run.status().as_str().to_owned())))
        .live(move || {
            let left_out = shown.read(|run| run.turns().map(|turn| turn.left_out).max())?;
            (left_out > 0).then(|| aside(text::left_out(left_out)))
        })
        .each(spots)
        .live(move || {
            shown
                .trouble
                .with(|trouble| trouble.as_ref().map(|trouble| run_fault(desk, shown, trouble)))
        })
        .live(move || {
            let used = shown.read(|run| run.status().is_over().then(|| run.usage()))?;
            (used != Usage::default()).then(|| aside(text::tokens(used.input, used.output)))
        })
}

/// A quiet line beside the conversation.
fn aside(words: String) -> Tag {
    tag("p").class("aside").text(words)
}

/// One after the other, what a run shows. A spot that shows something else is another one; what
/// changes while it stays the same, the view itself listens to.
fn spots(desk: Desk, shown: RunShown, run: &Rc<Run>) -> Vec<Keyed> {
    let mut spots = vec![spot("request".to_owned(), run, |run| {
        let bubble = tag("div").class("bubble").set("dir", "auto").text(&*run.spec().text);
        Some(message("message-user", text::YOU_SAID).child(bubble))
    })];
    for (at, turn) in run.turns().enumerate() {
        if !turn.text.trim().is_empty() {
            let key = ["said ", &at.to_string()].concat();
            spots.push(spot(key, run, move |run| run.turns().nth(at).map(|turn| said(&turn.text))));
        }
        if turn.report.is_some() {
            let key = ["refused ", &at.to_string()].concat();
            spots
                .push(spot(key, run, move |run| run.turns().nth(at)?.report.as_ref().map(refused)));
        }
        spots.extend(turn.slots.iter().map(|slot| call_spot(desk, shown, run, slot)));
    }
    match run.state() {
        State::AwaitingModel(_) if shown.trouble.with(Option::is_none) => {
            let key = ["live ", &run.turn().to_string()].concat();
            spots.push(spot(key, run, move |run| Some(live(shown, run))));
        }
        State::Failed { .. } | State::Cancelled => {
            spots.push(spot("end".to_owned(), run, |run| Some(end(run))));
        }
        _ => {}
    }
    spots
}

fn call_spot(desk: Desk, shown: RunShown, run: &Rc<Run>, slot: &Slot) -> Keyed {
    let call = slot.action.id.clone();
    let is_hidden = desk.shown.hidden.with_untracked(|hidden| hidden.contains(&call));
    let (kind, card): (_, fn(Desk, RunShown, &Slot) -> Tag) = match slot.progress {
        Progress::Held { .. } if !is_hidden => ("held ", approval_card),
        Progress::InDoubt { .. } => ("doubt ", doubt_card),
        _ => ("call ", receipt),
    };
    let key = [kind, call.as_str()].concat();
    spot(key, run, move |run| run.find(&call).map(|(_, slot)| card(desk, shown, slot)))
}

fn spot(key: String, run: &Rc<Run>, view: impl FnOnce(&Run) -> Option<Tag> + 'static) -> Keyed {
    let run = Rc::clone(run);
    keyed(key, move || view(&run).unwrap_or_else(|| tag("span")))
}

/// How a run ended, if not with an answer.
fn end(run: &Run) -> Tag {
    match run.state() {
        State::Failed { code, message } => {
            line("failed", text::RUN_FAILED, Some(&why_failed(code, message)))
        }
        _ => line("stopped", text::STOPPED, None),
    }
}

fn said(words: &str) -> Tag {
    message("message-agent", text::ASSISTANT_SAID).child(fill(tag("div").class("bubble"), words))
}

/// The answer as it comes in. A plan comes in as JSON, which is for nobody to read.
fn live(shown: RunShown, run: &Run) -> Tag {
    let bubble = tag("div").class("bubble");
    let is_plan =
        run.spec().mode == Mode::Plan && *run.state() == State::AwaitingModel(Purpose::Work);
    let bubble = if is_plan { bubble } else { fill_live(bubble, move || shown.live.get()) };
    message("message-agent streaming", text::ASSISTANT_SAID).set("aria-busy", "true").child(bubble)
}

fn message(kind: &'static str, who: Text) -> Tag {
    let names = ["message ", kind].concat();
    tag("article")
        .set("class", names.as_str())
        .set("part", names)
        .child(tag("span").class("visually-hidden").text(who))
}

/// How many runs there may be in the page; in a long session the oldest of them leave it.
const RUNS_AT_ONCE: usize = 100;
/// How many messages come into the page at once.
const MESSAGES_AT_ONCE: usize = 40;
/// The pause in which the page can do other things.
const FILL_MS: i32 = 16;
/// How many more each time.
const RUNS_MORE: usize = 50;

/// What is left free above a call that the person goes to.
const MARGIN_PX: i32 = 16;
/// How near the end still counts as reading it.
const NEAR_PX: i32 = 48;
