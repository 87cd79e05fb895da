//! What is going on, in one word for the sheet and in a few for the person.

use holdpoint_core::run::Status;

use super::desk::Desk;
use super::state::{RunShown, Shown};
use super::tag::{Tag, tag};
use crate::driver::ports::TroubleKind;
use crate::text;

/// The line in the head.
pub(super) fn status(desk: Desk) -> Tag {
    tag("div")
        .part("status")
        .bind("data-tone", move || Some(state(desk.shown).tone().to_owned()))
        .live_text(move || state(desk.shown).words().to_owned())
}

/// The whole widget's state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Loading,
    NotSaved,
    NotTrusted,
    Waiting { offline: bool },
    Offline,
    NoAnswer,
    ToolMissing,
    Answering,
    Working,
    Ready,
}

impl State {
    /// The word that the sheet and the element use.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::NotSaved | Self::NotTrusted | Self::NoAnswer | Self::ToolMissing => "error",
            Self::Waiting { .. } => "waiting",
            Self::Offline => "offline",
            Self::Answering | Self::Working => "running",
            Self::Ready => "idle",
        }
    }

    fn tone(self) -> &'static str {
        match self {
            Self::NotSaved | Self::NotTrusted => "danger",
            Self::Waiting { .. } => "wait",
            Self::Offline | Self::NoAnswer | Self::ToolMissing => "warn",
            Self::Loading | Self::Answering | Self::Working => "busy",
            Self::Ready => "ok",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Loading => text::RESUMING,
            Self::NotSaved => text::NOT_SAVED,
            Self::NotTrusted => text::NOT_TRUSTED,
            Self::Waiting { offline: false } => text::WAITING,
            Self::Waiting { offline: true } => text::WAITING_OFFLINE,
            Self::Offline => text::OFFLINE,
            Self::NoAnswer => text::NO_ANSWER,
            Self::ToolMissing => text::TOOL_MISSING,
            Self::Answering => text::THINKING,
            Self::Working => text::WORKING,
            Self::Ready => text::READY,
        }
    }
}

/// The most pressing of all that is going on. Where something is not saved, that comes first; then
/// what the person can do something about.
pub(super) fn state(shown: Shown) -> State {
    let offline = !shown.online.get();
    if shown.trouble.with(Option::is_some) {
        return State::NotSaved;
    }
    if !shown.loaded.get() {
        return State::Loading;
    }
    let idle = if offline { State::Offline } else { State::Ready };
    let states = shown.runs.get().into_iter().filter_map(|run| of_run(run, offline));
    states.min_by_key(|state| rank(*state)).unwrap_or(idle)
}

fn of_run(shown: RunShown, offline: bool) -> Option<State> {
    let status = shown.read(|run| Some(run.status()));
    match shown.trouble.with(|trouble| trouble.as_ref().map(|trouble| trouble.kind)) {
        Some(TroubleKind::Quarantined) => return Some(State::NotTrusted),
        Some(TroubleKind::Storage) => return Some(State::NotSaved),
        _ if status.is_some_and(Status::needs_person) => return Some(State::Waiting { offline }),
        Some(TroubleKind::Offline) => return Some(State::Offline),
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
        State::Answering => 5,
        State::Working => 6,
        State::NotTrusted => 7,
        State::Loading | State::Ready => 8,
    }
}

/// How many calls wait for a person.
pub(super) fn waiting(shown: Shown) -> usize {
    shown.runs.get().into_iter().filter_map(|run| run.read(|run| Some(run.waiting()))).sum()
}

/// The newest run that works by itself now, and so can be stopped.
pub(super) fn active(shown: Shown) -> Option<RunShown> {
    shown
        .runs
        .get()
        .into_iter()
        .rev()
        .find(|run| matches!(of_run(*run, false), Some(State::Answering | State::Working)))
}
