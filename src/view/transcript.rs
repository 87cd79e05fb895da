//! What was said and done, oldest first, and what is going on now at its end.

use holdpoint_core::id::CallId;
use holdpoint_core::message::Usage;
use holdpoint_core::run::{Mode, Progress, Purpose, Run, State, Turn};
use leptos::prelude::*;

use super::approval_card::approval_card;
use super::desk::{Desk, button};
use super::doubt_card::doubt_card;
use super::fault_card::run_fault;
use super::markdown_dom::{fill, fill_live};
use super::receipt::{line, receipt, refused};
use super::state::RunShown;
use super::tag::{Handle, Tag, icon, stroke, tag};
use crate::text;

/// The log, and the button that leads to its end.
pub(super) fn transcript(desk: Desk) -> Tag {
    let shown = desk.shown;
    let log = desk.log;
    let follows = RwSignal::new(true);
    follow(desk, follows);
    let runs = move || {
        let runs = shown.runs.get();
        runs.into_iter().map(|run| Listed { id: run.id_text(), run }).collect::<Vec<_>>()
    };
    let list = tag("div")
        .part("transcript")
        .set("role", "log")
        .set("aria-live", "off")
        .set("tabindex", "0")
        .bind("aria-label", move || Some(text::conversation(&shown.label.get())))
        .handle(log)
        .on("scroll", move |_| {
            if let Some(log) = log.get_untracked() {
                let left = log.scroll_height() - log.scroll_top() - log.client_height();
                follows.set(left <= NEAR_PX);
            }
        })
        .live(move || {
            let empty = shown.loaded.get() && shown.runs.with(Vec::is_empty);
            empty.then(|| tag("p").class("empty").text(text::EMPTY))
        })
        .each(runs, move |listed| run_view(desk, listed.run));
    let jump = move || {
        let jump = button("jump-button").view(icon(stroke::DOWN)).text(text::JUMP);
        (!follows.get()).then(|| jump.on("click", move |_| to_end(log)))
    };
    tag("div").class("log").child(list).live(jump)
}

/// Follows the end while the person is near it, whatever makes it move.
fn follow(desk: Desk, follows: RwSignal<bool>) {
    let log = desk.log;
    Effect::new(move |_| {
        for run in desk.shown.runs.get() {
            run.run.track();
            run.live.track();
            run.trouble.track();
        }
        log.track();
        // What is hidden has no end to go to.
        desk.shown.open.track();
        // Once what changed is in the page, and unless the person scrolls away until then.
        request_animation_frame(move || {
            if follows.try_get_untracked() == Some(true) {
                to_end(log);
            }
        });
    });
}

fn to_end(log: Handle) {
    if let Some(log) = log.try_get_untracked().flatten() {
        log.set_scroll_top(log.scroll_height());
    }
}

/// A run in the list; the same one as long as its id is.
#[derive(Clone)]
struct Listed {
    id: String,
    run: RunShown,
}

impl PartialEq for Listed {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Listed {}

impl std::hash::Hash for Listed {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

/// One thing in a run's part of the log. Its view stays as long as it is equal, and follows the
/// run by itself.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Spot {
    /// What the person asked for.
    Request,
    /// What the model said in a turn.
    Said(usize),
    /// A turn's plan had faults.
    Refused(usize),
    /// A call to decide about.
    Held(CallId),
    /// A call in doubt.
    InDoubt(CallId),
    /// Any other call.
    Call(CallId),
    /// The answer to a turn, as it comes in.
    Live(u32),
    /// How the run ended, if not with an answer.
    End,
}

fn run_view(desk: Desk, run: RunShown) -> AnyView {
    let spots = move || {
        desk.shown.hidden.track();
        run.read(|state| Some(spots(desk, run, state))).unwrap_or_default()
    };
    tag("div")
        .class("run")
        .set("data-run", run.id_text())
        .bind("data-status", move || run.read(|run| Some(run.status().as_str().to_owned())))
        .live(move || {
            let left_out = run.read(|run| run.turns().map(|turn| turn.left_out).max())?;
            (left_out > 0).then(|| aside(text::left_out(left_out)))
        })
        .each(spots, move |spot| view(desk, run, spot).unwrap_or_else(|| tag("span")).done())
        .live(move || {
            run.trouble
                .with(|trouble| trouble.as_ref().map(|trouble| run_fault(desk, run, trouble)))
        })
        .live(move || {
            let used = run.read(|run| run.status().is_over().then(|| run.usage()))?;
            (used != Usage::default()).then(|| aside(text::tokens(used.input, used.output)))
        })
        .done()
}

/// A quiet line beside the conversation.
fn aside(words: String) -> Tag {
    tag("p").class("aside").text(words)
}

fn spots(desk: Desk, shown: RunShown, run: &Run) -> Vec<Spot> {
    let mut spots = vec![Spot::Request];
    for (at, turn) in run.turns().enumerate() {
        if !turn.text.trim().is_empty() {
            spots.push(Spot::Said(at));
        }
        if turn.report.is_some() {
            spots.push(Spot::Refused(at));
        }
        spots.extend(turn.slots.iter().map(|slot| {
            let call = slot.action.id.clone();
            let is_hidden = desk.shown.hidden.with_untracked(|hidden| hidden.contains(&call));
            match slot.progress {
                Progress::Held { .. } if !is_hidden => Spot::Held(call),
                Progress::InDoubt { .. } => Spot::InDoubt(call),
                _ => Spot::Call(call),
            }
        }));
    }
    match run.state() {
        State::AwaitingModel(_) if shown.trouble.with(Option::is_none) => {
            spots.push(Spot::Live(run.turn()));
        }
        State::Failed { .. } | State::Cancelled => spots.push(Spot::End),
        _ => {}
    }
    spots
}

/// Reads the run without listening to it: what of it can change while the spot stays the same is
/// listened to by the view itself.
fn view(desk: Desk, shown: RunShown, spot: Spot) -> Option<Tag> {
    let run = shown.run.get_untracked()?;
    let turn = |at: usize| -> Option<&Turn> { run.turns().nth(at) };
    let slot = |call: &CallId| run.find(call).map(|(_, slot)| slot);
    Some(match spot {
        Spot::Request => {
            let bubble = tag("div").class("bubble").set("dir", "auto").text(&*run.spec().text);
            message("message-user", text::YOU_SAID).child(bubble)
        }
        Spot::Said(at) => said(&turn(at)?.text),
        Spot::Refused(at) => refused(turn(at)?.report.as_ref()?),
        Spot::Held(call) => approval_card(desk, shown, slot(&call)?),
        Spot::InDoubt(call) => doubt_card(desk, shown, slot(&call)?),
        Spot::Call(call) => receipt(desk, shown, call),
        Spot::Live(_) => live(shown, &run),
        Spot::End => match run.state() {
            State::Failed { message, .. } => line("failed", text::RUN_FAILED, Some(message)),
            _ => line("stopped", text::STOPPED, None),
        },
    })
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

fn message(kind: &'static str, who: &'static str) -> Tag {
    let names = ["message ", kind].concat();
    tag("article")
        .set("class", names.as_str())
        .set("part", names)
        .child(tag("span").class("visually-hidden").text(who))
}

/// How near the end still counts as reading it.
const NEAR_PX: i32 = 48;
