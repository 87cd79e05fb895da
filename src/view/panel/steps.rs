//! A run step by step: its entries as they are stored, and for one of them what came in, what the rules
//! said, what followed, and the state that it led to. All of it is found by replaying the journal with
//! the code that the widget runs by.

use std::rc::Rc;

use holdpoint_core::journal::{Entry, Head, Record};
use holdpoint_core::plan::{Action, Planned};
use holdpoint_core::run::{Effect, Notice, Outcome, Progress, Purpose, Run, Slot, State, replay};
use serde_json::Value;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::{Panel, bytes, clock, fact, press, source, span};
use crate::view::desk::safely;
use crate::view::tag::{Keyed, Tag, keyed, tag};

/// The entries, and the one that is looked at.
pub(super) fn steps(panel: Panel) -> Tag {
    tag("div")
        .class("dev-steps")
        .child(tag("div").class("dev-journal").child(replayer(panel)).child(journal(panel)))
        .one(move || {
            let (entries, at) = (panel.entries.get(), panel.place()?);
            // An entry is never another one, but a run may be.
            let text = entries.get(at)?.clone();
            Some(keyed(text, move || inspector(panel, &entries, at)))
        })
        .one(move || {
            let is_empty = panel.entries.with(|entries| entries.is_empty());
            let words = "Nothing is stored yet. Ask the agent for something.";
            is_empty.then(|| keyed("", move || tag("p").class("dev-empty").text(words)))
        })
}

impl Panel {
    /// The step that is looked at.
    fn place(self) -> Option<usize> {
        let last = self.entries.with(|entries| entries.len().checked_sub(1))?;
        Some(self.at.get().map_or(last, |at| at.min(last)))
    }

    /// Looks at a step; at the last one, also at those that follow.
    fn look_at(self, place: usize) {
        let count = self.entries.get_untracked().len();
        self.at.set((place + 1 < count).then_some(place));
    }
}

/// Forward, back, and a way to any step.
fn replayer(panel: Panel) -> Tag {
    let place = move || panel.place().unwrap_or_default();
    let last = move || panel.entries.with(|entries| entries.len()).saturating_sub(1);
    let go = move |name, sign, is_end: fn(usize, usize) -> bool, to: fn(usize) -> usize| {
        press("dev-step")
            .set("aria-label", name)
            .text(sign)
            // Not `disabled`, which would drop the focus.
            .bind("aria-disabled", move || is_end(place(), last()).then(|| "true".to_owned()))
            .on("click", move |_| panel.look_at(to(panel.place().unwrap_or_default())))
    };
    let slider = tag("input")
        .class("dev-slider")
        .set("type", "range")
        .set("min", "0")
        .set("aria-label", "Step")
        .bind("max", move || Some(last().to_string()));
    let field = slider.element().unchecked_into::<HtmlInputElement>();
    crate::view::tag::effect(move || {
        // After the most that it can be, else it would not be taken.
        last();
        field.set_value(&place().to_string());
    });
    let slider = slider.on("input", move |event| {
        let field = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
        panel.look_at(field.and_then(|it| it.value().parse().ok()).unwrap_or_default());
    });
    tag("div")
        .class("dev-replay")
        .child(go("Previous step", "‹", |at, _| at == 0, |at| at.saturating_sub(1)))
        .child(slider)
        .child(go("Next step", "›", |at, last| at >= last, |at| at + 1))
        .child(tag("output").class("dev-place").live_text(move || {
            match panel.entries.with(|entries| entries.len()) {
                0 => "0 of 0".to_owned(),
                count => [(place() + 1).to_string(), count.to_string()].join(" of "),
            }
        }))
}

/// All entries, the newest last.
fn journal(panel: Panel) -> Tag {
    let rows = move || {
        let entries = panel.entries.get();
        let mut before = None;
        let row = |(at, text): (usize, &String)| {
            let entry = holdpoint_core::json::read(text).unwrap_or_default();
            let time = entry["at"].as_u64().unwrap_or_default();
            let since = before.replace(time).map(|before| time.saturating_sub(before));
            row(panel, at, text.clone(), entry, since)
        };
        entries.iter().enumerate().map(row).collect()
    };
    tag("ol").part("debug-journal").set("aria-label", "Journal").each(rows)
}

fn row(panel: Panel, at: usize, text: String, entry: Value, since: Option<u64>) -> Keyed {
    keyed(text, move || {
        let record = &entry["record"];
        let kind = kind(record);
        let hash: String = entry["hash"].as_str().unwrap_or_default().chars().take(8).collect();
        let since = since.map_or_else(String::new, |since| ["+", &span(since)].concat());
        let cell = |class: &str, words: String| tag("span").class(class).text(words);
        let button = press("dev-entry")
            .set("data-kind", &kind)
            .bind("aria-current", move || (panel.place() == Some(at)).then(|| "step".to_owned()))
            .on("click", move |_| panel.look_at(at))
            .child(cell("dev-seq", at.to_string()))
            .child(cell("dev-kind", kind))
            .child(cell("dev-since", since).set("title", "since the entry before"))
            .child(cell("dev-time", clock(entry["at"].as_u64().unwrap_or_default())))
            .child(cell("dev-hash", hash).set("title", "hash"))
            .child(
                cell("dev-epoch", ["e", &entry["epoch"].to_string()].concat())
                    .set("title", "epoch"),
            );
        tag("li").child(button)
    })
}

/// The name of a stored record.
fn kind(record: &Value) -> String {
    match record {
        Value::String(kind) => kind.clone(),
        Value::Object(record) => record.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}

/// One step, by a replay up to it.
fn inspector(panel: Panel, entries: &Rc<Vec<String>>, at: usize) -> Tag {
    let inspector = tag("div").part("debug-step").set("role", "group").set("aria-label", "Step");
    let id = panel.shown().and_then(|shown| shown.id.peek());
    let Some(id) = id else { return inspector };
    let folded = |count: usize| replay(&id, None, entries[..count].iter().map(String::as_str));
    let before = folded(at).ok();
    let after = match folded(at + 1) {
        Ok(after) => after,
        Err(error) => {
            let words = [error.code(), ": ", &error.to_string()].concat();
            return inspector.child(tag("p").class("dev-fault").text(words));
        }
    };
    let head = before.as_ref().map_or_else(|| Head::empty(&id), |before| *before.head());
    let Ok(entry) = Entry::parse(&entries[at], &id, &head) else { return inspector };
    let stored = entry.to_value();
    let size = entries[at].len();
    let verdicts = verdicts(&entry.record);
    let effects = after.following(entry, before.map(|before| before.outlook()));
    inspector
        .maybe(verdicts)
        .child(section(
            "What follows",
            tag("ol").class("dev-effects").all(effects.iter().map(effect)),
        ))
        .child(section("State after it", state(&after)))
        .child(
            tag("details")
                .class("dev-fold")
                .set("open", "")
                .child(
                    tag("summary")
                        .text("What came in")
                        .child(tag("span").class("dev-count").text(bytes(size))),
                )
                .child(source::source(&stored["record"])),
        )
        .child(
            tag("details")
                .class("dev-fold")
                .child(tag("summary").text("The entry as it is stored"))
                .child(source::source(&stored)),
        )
}

fn section(name: &str, content: Tag) -> Tag {
    tag("section").class("dev-section").child(tag("h3").text(name)).child(content)
}

/// What the rules said of each call.
fn verdicts(record: &Record) -> Option<Tag> {
    let actions: Vec<&Action> = match record {
        Record::Answered { planned: Planned::Actions { actions, .. }, .. } => {
            actions.iter().collect()
        }
        Record::Reasked { action, .. } => vec![action],
        _ => return None,
    };
    let verdict = |action: &&Action| {
        let ruling = &action.ruling;
        let matched = ruling.matched.iter().map(|(name, value)| {
            let value = holdpoint_core::json::canonical(value);
            safely(tag("span").class("dev-chip"), &[name, " = ", &value].concat())
        });
        tag("li")
            .class("dev-verdict")
            .set("data-verdict", ruling.verdict.as_str())
            .child(tag("b").class("dev-word").text(ruling.verdict.as_str()))
            .child(safely(tag("code"), &action.tool))
            .child(safely(tag("span").class("dev-rule"), &ruling.rule))
            .child(safely(tag("span").class("dev-because"), &ruling.because))
            .child(tag("span").class("dev-chips").all(matched))
    };
    let list = tag("ul").class("dev-verdicts").all(actions.iter().map(verdict));
    Some(section("Verdicts", list))
}

fn effect(effect: &Effect) -> Tag {
    let (name, about) = match effect {
        Effect::Append(entry) => ("append", ["entry ", &entry.seq.to_string()].concat()),
        Effect::CallModel { turn } => ("ask the model", ["turn ", &turn.to_string()].concat()),
        Effect::RequestApproval { call } => ("request approval", call.to_string()),
        Effect::StartTool { call } => ("start the tool", call.to_string()),
        Effect::CallTool { tool, attempt, .. } => {
            ("call the tool", [tool, ", attempt ", &attempt.to_string()].concat())
        }
        Effect::RequestSettlement { call } => ("ask what became of it", call.to_string()),
        Effect::Notify(Notice::Ended(status)) => ("tell that it ended", status.as_str().to_owned()),
        Effect::Reject(rejection) => ("reject", rejection.code().to_owned()),
    };
    tag("li").child(tag("span").text(name)).child(safely(tag("code"), &about))
}

fn state(run: &Run) -> Tag {
    let waits = match run.state() {
        State::AwaitingModel(Purpose::Work) => "the model’s answer".to_owned(),
        State::AwaitingModel(Purpose::Summary) => "the model’s words about the plan".to_owned(),
        State::Acting { cancelled: true, .. } => {
            "calls that were started; it was stopped".to_owned()
        }
        State::Acting { .. } => "persons or tools".to_owned(),
        State::Failed { code, .. } => code.clone(),
        State::Completed | State::Cancelled => "nothing".to_owned(),
    };
    let head = run.head();
    let usage = run.usage();
    let facts = tag("dl")
        .class("dev-facts")
        .child(fact("status", run.status().as_str()))
        .child(fact("waits for", waits))
        .child(fact("turns", run.turns().count().to_string()))
        .child(fact("entries", head.len.to_string()))
        .child(fact("epoch", head.epoch.to_string()))
        .child(fact(
            "tokens",
            [usage.input.to_string(), usage.output.to_string()].join(" in, ") + " out",
        ));
    let slots = run.turns().flat_map(|turn| &turn.slots).map(slot);
    tag("div").child(facts).child(tag("ul").class("dev-slots").all(slots))
}

fn slot(slot: &Slot) -> Tag {
    let word = progress(&slot.progress);
    tag("li")
        .set("data-progress", word)
        .child(safely(tag("code"), &slot.action.tool))
        .child(tag("b").class("dev-word").text(word))
        .child(safely(tag("span").class("dev-because"), slot.action.id.as_str()))
}

fn progress(progress: &Progress) -> &'static str {
    match progress {
        Progress::Queued => "queued",
        Progress::Held { lapsed: true, .. } => "lapsed",
        Progress::Held { .. } => "held",
        Progress::Delayed { .. } => "delayed",
        Progress::Ready => "ready",
        Progress::Started { .. } => "started",
        Progress::InDoubt { .. } => "in-doubt",
        Progress::Done { outcome, .. } => match outcome {
            Outcome::Succeeded(_) => "succeeded",
            Outcome::Confirmed(_) => "confirmed",
            Outcome::Failed(_) => "failed",
            Outcome::Denied { .. } => "denied",
            Outcome::Answered { .. } => "answered",
            Outcome::Forbidden(_) => "forbidden",
            Outcome::Expired => "expired",
            Outcome::Cancelled => "cancelled",
            Outcome::Skipped => "skipped",
        },
    }
}
