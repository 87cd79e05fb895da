//! What assistive technology is told: the events of a conversation, each once, and never its
//! stream.

use holdpoint_core::run::{Outcome, Progress, Run, Slot, State, Status};

use super::desk::{Desk, sentence_case};
use super::facts::sentence;
use super::fault_card::title;
use super::receipt::spoken;
use super::signal::Signal;
use super::state::RunShown;
use super::tag::effect;
use super::timer::every;
use super::voice::{Level, Urgency};
use crate::driver::ports::Trouble;
use crate::language::{fault, known, why_failed};
use crate::markdown::{parse, plain};
use crate::text;
use holdpoint_core::escape::visible_text;

/// Says each event of a run once, as long as the current owner is there; or of its calls alone, where
/// there is no conversation to read.
pub(super) fn announce(desk: Desk, shown: RunShown, is_whole: bool) {
    say_events(desk, shown, is_whole);
    if is_whole {
        say_that_it_goes_on(desk, shown);
    }
    say_trouble(desk, shown.trouble);
}

fn say_events(desk: Desk, shown: RunShown, is_whole: bool) {
    let is_stored = !desk.shown.loaded.get_untracked();
    let mut said: Option<Vec<String>> = None;
    effect(move || {
        let Some(run) = shown.run.get() else { return };
        let events = events(&run);
        for event in &events {
            if !is_whole && matches!(event.what, What::Answering | What::End) {
                continue;
            }
            let is_news = match &said {
                Some(said) => !said.contains(&event.key),
                // What was over before it was first seen is no news; what waits for a person is.
                None if is_stored || run.status().is_over() => event.waits(),
                None => true,
            };
            if is_news {
                say(desk, &run, event);
            }
        }
        said = Some(events.into_iter().map(|event| event.key).collect());
    });
}

/// Something that is said once.
struct Event<'a> {
    key: String,
    what: What<'a>,
}

enum What<'a> {
    Answering,
    Held(&'a Slot),
    InDoubt(&'a Slot),
    Done(&'a Slot, &'a Outcome),
    End,
}

impl Event<'_> {
    fn waits(&self) -> bool {
        matches!(self.what, What::Held(_) | What::InDoubt(_))
    }
}

fn events(run: &Run) -> Vec<Event<'_>> {
    let mut events = vec![Event { key: String::new(), what: What::Answering }];
    for slot in run.turns().flat_map(|turn| &turn.slots) {
        let (stage, what) = match &slot.progress {
            Progress::Held { .. } => ("held", What::Held(slot)),
            Progress::InDoubt { .. } => ("doubt", What::InDoubt(slot)),
            Progress::Done { outcome, .. } => ("done", What::Done(slot, outcome)),
            _ => continue,
        };
        events.push(Event { key: [slot.action.id.as_str(), stage].concat(), what });
    }
    if run.status().is_over() {
        events.push(Event { key: "end".to_owned(), what: What::End });
    }
    events
}

fn say(desk: Desk, run: &Run, event: &Event<'_>) {
    let level = desk.voice.level();
    let (least, urgency, words) = match event.what {
        What::Answering => (Level::Brief, Urgency::Passing, text::ANSWERING.get()),
        What::Held(slot) => {
            let because = visible_text(&sentence_case(&known(&slot.action.ruling.because)));
            let words = text::approval_needed(&sentence(&slot.action), &because);
            let is_critical = slot.action.annotations.destructive_hint;
            (Level::Status, if is_critical { Urgency::Critical } else { Urgency::Waits }, words)
        }
        What::InDoubt(slot) => {
            (Level::Status, Urgency::Waits, text::in_doubt(&sentence(&slot.action)))
        }
        What::Done(slot, outcome) => {
            let failed = matches!(outcome, Outcome::Failed(_));
            let least = if failed { Level::Status } else { Level::Brief };
            (least, Urgency::Plain, spoken(slot, outcome))
        }
        What::End => match run.state() {
            State::Failed { code, message } => {
                let words = text::with_reason(&text::RUN_FAILED.get(), &why_failed(code, message));
                (Level::Status, Urgency::Plain, words)
            }
            State::Cancelled => (Level::Brief, Urgency::Plain, text::STOPPED.get()),
            _ => (Level::Brief, Urgency::Plain, answer(run, level)),
        },
    };
    if level >= least {
        desk.voice.say(words, urgency);
    }
}

/// That there is an answer and how long it is; its beginning, where that is wanted.
fn answer(run: &Run, level: Level) -> String {
    let blocks = parse(run.turns().last().map_or("", |turn| turn.text.as_str()));
    let complete = text::answer_complete(blocks.len());
    if level < Level::Full {
        return complete;
    }
    let beginning: String = plain(&blocks).chars().take(SPOKEN).collect();
    [beginning.trim_end(), &complete].join(" ")
}

/// Says now and then that the model still answers, less often the longer it takes.
fn say_that_it_goes_on(desk: Desk, shown: RunShown) {
    let answers = Signal::new(false);
    effect(move || {
        let asked = shown.read(|run| Some(run.status() == Status::AwaitingModel));
        let now = asked == Some(true) && shown.trouble.with(Option::is_none);
        if now != answers.get_untracked() {
            answers.set(now);
        }
    });
    effect(move || {
        if !answers.get() {
            return;
        }
        let (mut ticks, mut next) = (0, 1);
        every(STILL_MS, move || {
            ticks += 1;
            if ticks == next {
                next = next * 2 + 1;
                if desk.voice.level() >= Level::Brief {
                    let words = desk.shown.speaking(|| text::STILL_ANSWERING.get());
                    desk.voice.say(words, Urgency::Passing);
                }
            }
        });
    });
}

/// Says what keeps a run, or the whole widget, from going on.
pub(super) fn say_trouble(desk: Desk, trouble: Signal<Option<Trouble>>) {
    let mut last = String::new();
    effect(move || {
        let words = trouble.with(|trouble| trouble.as_ref().map(in_words)).unwrap_or_default();
        if words != last && !words.is_empty() && desk.voice.level() >= Level::Status {
            desk.voice.say(words.clone(), Urgency::Plain);
        }
        // What is tried again and fails in the same way is one trouble.
        if !words.is_empty() {
            last = words;
        }
    });
}

fn in_words(trouble: &Trouble) -> String {
    let (message, _) = fault(&trouble.code, &trouble.message);
    text::with_reason(&title(trouble.kind).get(), &sentence_case(&visible_text(&message)))
}

/// How much of an answer is said; the rest is in the log.
const SPOKEN: usize = 300;

/// The shortest time after which it is said that an answer is still coming.
const STILL_MS: i32 = 10_000;
