//! What is going on, in one word for the sheet and in a few for the person.

use holdpoint_core::run::{Run, Status};
use leptos::reactive::graph::untrack;

use super::desk::Desk;
use super::state::{RunShown, Shown};
use super::tag::{Tag, effect, tag};
use crate::driver::ports::TroubleKind;
use crate::text::{self, Text};

/// The line in the head.
pub(super) fn status(desk: Desk) -> Tag {
    tag("div")
        .part("status")
        .bind("data-tone", move || Some(state(desk.shown).tone().to_owned()))
        .live_text(move || state(desk.shown).words())
}

/// The whole widget's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Loading,
    NotSaved,
    NotTrusted,
    Cleared,
    Waiting { offline: bool },
    Offline,
    NoAnswer,
    ToolMissing,
    Retrying,
    Answering,
    Working,
    Ready,
}

impl State {
    /// The word that the sheet and the element use.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::NotSaved
            | Self::NotTrusted
            | Self::Cleared
            | Self::NoAnswer
            | Self::ToolMissing => "error",
            Self::Waiting { .. } => "waiting",
            Self::Offline => "offline",
            Self::Retrying | Self::Answering | Self::Working => "running",
            Self::Ready => "idle",
        }
    }

    fn tone(self) -> &'static str {
        match self {
            Self::NotSaved | Self::NotTrusted | Self::Cleared => "danger",
            Self::Waiting { .. } => "wait",
            Self::Offline | Self::NoAnswer | Self::ToolMissing | Self::Retrying => "warn",
            Self::Loading | Self::Answering | Self::Working => "busy",
            Self::Ready => "ok",
        }
    }

    fn words(self) -> Text {
        match self {
            Self::Loading => text::RESUMING,
            Self::NotSaved => text::NOT_SAVED,
            Self::NotTrusted => text::NOT_TRUSTED,
            Self::Cleared => text::CLEARED,
            Self::Waiting { offline: false } => text::WAITING,
            Self::Waiting { offline: true } => text::WAITING_OFFLINE,
            Self::Offline => text::OFFLINE,
            Self::NoAnswer => text::NO_ANSWER,
            Self::ToolMissing => text::TOOL_MISSING,
            Self::Retrying => text::RETRYING,
            Self::Answering => text::THINKING,
            Self::Working => text::WORKING,
            Self::Ready => text::READY,
        }
    }
}

/// What is going on, also as long as there is no run.
pub(super) fn state(shown: Shown) -> State {
    match shown.state.get() {
        Some(state) => state,
        None if !shown.loaded.get() => State::Loading,
        None if shown.online.get() => State::Ready,
        None => State::Offline,
    }
}

/// The widget's state in the word that pages read, what else is so, and how many calls wait; as of
/// now.
pub fn sum_up(shown: Shown) -> (&'static str, &'static str, usize) {
    untrack(|| {
        let is_critical = |run: RunShown| run.read(|run| Some(has_critical(run))) == Some(true);
        let marks = match (shown.runs.get().into_iter().any(is_critical), shown.online.get()) {
            (true, true) => "critical",
            (true, false) => "critical offline",
            (false, true) => "",
            (false, false) => "offline",
        };
        (of_runs(shown).word(), marks, waiting(shown))
    })
}

/// Whether a call waits that cannot be undone.
fn has_critical(run: &Run) -> bool {
    run.turns()
        .flat_map(|turn| &turn.slots)
        .any(|slot| slot.action.annotations.destructive_hint && slot.progress.needs_person())
}

/// Keeps the widget's state at what the runs make of it.
pub(super) fn follow_runs(shown: Shown) {
    effect(move || shown.state.set(Some(of_runs(shown))));
    effect(move || shown.waiting.set(waiting(shown)));
    effect(move || {
        let works = |state| matches!(state, State::Retrying | State::Answering | State::Working);
        let is_active = |run: &RunShown| of_run(*run, false).is_some_and(works);
        let active = shown.runs.get().into_iter().rev().find(is_active);
        shown.active.set(active.and_then(|run| run.id.peek()));
    });
}

/// How many calls wait for a person. What is not to be trusted waits for nobody.
fn waiting(shown: Shown) -> usize {
    let waiting = |run: RunShown| {
        let kind = run.trouble.with(|trouble| trouble.as_ref().map(|trouble| trouble.kind));
        match kind {
            Some(TroubleKind::Quarantined | TroubleKind::Cleared) => None,
            _ if run.is_remote() => None,
            _ => run.read(|run| Some(run.waiting())),
        }
    };
    let here: usize = shown.runs.get().into_iter().filter_map(waiting).sum();
    here + shown.worker.rows.with(Vec::len)
}

/// The most pressing of all that is going on. Where something is not saved, that comes first; then
/// what the person can do something about.
fn of_runs(shown: Shown) -> State {
    let offline = !shown.online.get();
    match shown.trouble.with(|trouble| trouble.as_ref().map(|trouble| trouble.kind)) {
        Some(TroubleKind::Cleared) => return State::Cleared,
        Some(_) => return State::NotSaved,
        None => {}
    }
    if !shown.loaded.get() {
        return State::Loading;
    }
    let idle = if offline { State::Offline } else { State::Ready };
    let at_worker = shown.worker.rows.with(|rows| !rows.is_empty());
    let states = shown.runs.get().into_iter().filter_map(|run| of_run(run, offline));
    let states = states.chain(at_worker.then_some(State::Waiting { offline }));
    states.min_by_key(|state| rank(*state)).unwrap_or(idle)
}

fn of_run(shown: RunShown, offline: bool) -> Option<State> {
    // What is to be decided of it is in the worker's list.
    if shown.is_remote() {
        return None;
    }
    let status = shown.read(|run| Some(run.status()));
    match shown.trouble.with(|trouble| trouble.as_ref().map(|trouble| trouble.kind)) {
        Some(TroubleKind::Quarantined) => return Some(State::NotTrusted),
        Some(TroubleKind::Cleared) => return Some(State::Cleared),
        Some(TroubleKind::Storage) => return Some(State::NotSaved),
        _ if status.is_some_and(Status::needs_person) => return Some(State::Waiting { offline }),
        Some(TroubleKind::Offline) => return Some(State::Offline),
        Some(TroubleKind::Retrying { .. }) => return Some(State::Retrying),
        Some(TroubleKind::Model) => return Some(State::NoAnswer),
        Some(TroubleKind::Tool) => return Some(State::ToolMissing),
        None => {}
    }
    match status? {
        Status::AwaitingModel => Some(State::Answering),
        Status::AwaitingTools => Some(State::Working),
        _ => None,
    }
}

/// A record that is not trusted stays that for good, so what happens now is said before it.
fn rank(state: State) -> u8 {
    match state {
        State::NotSaved => 0,
        State::Waiting { .. } => 1,
        State::Offline => 2,
        State::NoAnswer => 3,
        State::ToolMissing => 4,
        State::Retrying => 5,
        State::Answering => 6,
        State::Working => 7,
        State::NotTrusted | State::Cleared => 8,
        State::Loading | State::Ready => 9,
    }
}
