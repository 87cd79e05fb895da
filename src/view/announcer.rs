//! What assistive technology is told: the events of a conversation, each once, and never its
//! stream.

use holdpoint_core::run::{Progress, Run, Slot, State};

use super::desk::{Desk, sentence_case};
use super::escape::visible_text;
use super::facts::sentence;
use super::receipt::spoken;
use super::signal::Signal;
use super::state::Shown;
use super::tag::{Tag, effect, tag};
use super::timer::after;
use crate::language::{known, why_failed};
use crate::text;

/// The one live region. It is always there, because one that comes with its text is not read.
pub(super) fn announcer(desk: Desk) -> Tag {
    let shown = desk.shown;
    let words = Signal::new(String::new());
    effect(move || {
        if let Some(views) = shown.run_views.get() {
            (views.announce)(shown, words);
        }
    });
    tag("div").class("visually-hidden").set("role", "status").live_text(move || {
        if shown.run_views.with(Option::is_some) {
            words.get()
        } else {
            shown.toast.get().unwrap_or_default()
        }
    })
}

/// Says each event of the runs once.
pub(super) fn announce(shown: Shown, words: Signal<String>) {
    let mut said: Option<Vec<Event>> = None;
    effect(move || {
        let mut events = Vec::new();
        for run in shown.runs.get() {
            if let Some(run) = run.run.get() {
                add_events(&run, &mut events);
            }
        }
        let toast = shown.toast.get();
        if !shown.loaded.get() {
            return;
        }
        events.extend(toast.map(|words| Event { key: words.clone(), words, waits: false }));
        let is_news = |event: &&Event| match &said {
            Some(said) => said.iter().all(|other| other.key != event.key),
            // What was over before this page began is no news; what waits for a person is.
            None => event.waits,
        };
        let news: Vec<&str> =
            events.iter().filter(is_news).map(|event| event.words.as_str()).collect();
        if !news.is_empty() {
            say(words, news.join(" "));
        }
        said = Some(events);
    });
}

/// Something that is said once.
struct Event {
    key: String,
    words: String,
    /// Whether a person is waited for.
    waits: bool,
}

fn add_events(run: &Run, events: &mut Vec<Event>) {
    let event = |key: &str, words: String| Event {
        key: [run.id().as_str(), key].concat(),
        words,
        waits: false,
    };
    events.push(event("", text::ANSWERING.get()));
    for turn in run.turns() {
        for slot in &turn.slots {
            events.extend(of_call(slot));
        }
    }
    let end = match run.state() {
        State::Completed => run.turns().last().map(|turn| turn.text.chars().take(SPOKEN).collect()),
        State::Failed { code, message } => {
            Some(text::with_reason(&text::RUN_FAILED.get(), &why_failed(code, message)))
        }
        State::Cancelled => Some(text::STOPPED.get()),
        _ => None,
    };
    events.extend(end.map(|words| event("end", words)));
}

fn of_call(slot: &Slot) -> Option<Event> {
    let action = &slot.action;
    let what = sentence(action);
    let (stage, words, waits) = match &slot.progress {
        Progress::Held { .. } => {
            let because = visible_text(&sentence_case(&known(&action.ruling.because)));
            ("held", text::approval_needed(&what, &because), true)
        }
        Progress::InDoubt { .. } => ("doubt", text::in_doubt(&what), true),
        _ => ("done", spoken(slot)?, false),
    };
    Some(Event { key: [action.id.as_str(), stage].concat(), words, waits })
}

/// Some screen readers drop what is said in the moment in which the focus moves.
fn say(words: Signal<String>, news: String) {
    after(250, move || words.set(news));
}

/// How much of an answer is said; the rest is in the log.
const SPOKEN: usize = 300;
