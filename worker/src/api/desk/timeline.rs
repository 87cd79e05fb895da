//! What happened in a run, entry by entry, in words.

use holdpoint_core::approval::{Decision, Settlement};
use holdpoint_core::id::{CallId, RunId};
use holdpoint_core::journal::{Entry, Head, Record};
use holdpoint_core::json::canonical;
use holdpoint_core::plan::Planned;
use holdpoint_core::run::ToolOutcome;

/// One thing that happened.
pub(super) struct Event {
    pub(super) at: u64,
    /// How it is marked: `ask`, `yes`, `no`, `warn`, or nothing.
    pub(super) tone: &'static str,
    pub(super) what: String,
    pub(super) more: String,
}

/// The events of a journal that was checked.
pub(super) fn events(run: &RunId, entries: &[String]) -> Vec<Event> {
    let mut head = Head::empty(run);
    let mut names = Vec::new();
    let mut events = Vec::new();
    for text in entries {
        let Ok(entry) = Entry::parse(text, run, &head) else { break };
        head = entry.head();
        let (tone, what, more) = told(&entry.record, &mut names);
        events.push(Event { at: entry.at.as_millis(), tone, what, more });
    }
    events
}

/// The tone, what happened, and what else there is to say of it.
fn told(record: &Record, names: &mut Vec<(CallId, String)>) -> (&'static str, String, String) {
    let none = String::new;
    if let Record::Answered { planned: Planned::Actions { actions, .. }, .. } = record {
        names.extend(actions.iter().map(|it| (it.id.clone(), it.title.clone())));
    }
    let of = |call: &CallId| {
        let found = names.iter().find(|(known, _)| known == call);
        found.map_or_else(|| call.to_string(), |(_, title)| title.clone())
    };
    match record {
        Record::Started(spec) => ("", "Asked".into(), spec.text.clone()),
        Record::Answered { planned, .. } => match planned {
            Planned::Answer(text) => ("yes", "Answered".into(), text.clone()),
            Planned::Actions { actions, .. } => {
                let calls = actions.iter().map(|it| it.title.as_str()).collect::<Vec<_>>();
                ("", "Proposed".into(), calls.join(", "))
            }
            Planned::Invalid(_) => ("warn", "Proposed what is not possible".into(), none()),
            Planned::Paused(text) => ("", "The model took a break".into(), text.clone()),
            Planned::Unusable { message, .. } => {
                ("warn", "No usable answer".into(), message.clone())
            }
        },
        Record::Decided { call, decision, by, .. } => {
            let (tone, word, more) = match decision {
                Decision::Approve { arguments: Some(changed), .. } => {
                    ("yes", "Approved with changes", canonical(changed))
                }
                Decision::Approve { note, .. } => {
                    ("yes", "Approved", note.clone().unwrap_or_default())
                }
                Decision::Deny { reason } => ("no", "Denied", reason.clone().unwrap_or_default()),
                Decision::Answer { text } => ("no", "Answered instead", text.clone()),
            };
            (tone, format!("{word} by {}: {}", by.name, of(call)), more)
        }
        Record::ToolStarted { call, attempt, .. } => {
            let again = if *attempt > 1 { format!("attempt {attempt}") } else { none() };
            ("", format!("Started: {}", of(call)), again)
        }
        Record::ToolFinished { call, outcome, .. } => match outcome {
            ToolOutcome::Succeeded(result) => {
                ("yes", format!("Done: {}", of(call)), canonical(result))
            }
            ToolOutcome::Failed(error) => ("no", format!("Failed: {}", of(call)), error.clone()),
            ToolOutcome::Unknown(why) => ("warn", format!("In doubt: {}", of(call)), why.clone()),
        },
        Record::Settled { call, settlement, by } => {
            let word = match settlement {
                Settlement::Happened { .. } => "It happened",
                Settlement::DidNotHappen => "It did not happen",
                Settlement::TryAgain => "To be tried again",
            };
            ("", format!("{word}, says {}: {}", by.name, of(call)), none())
        }
        Record::Expired { call } => ("no", format!("Nobody decided in time: {}", of(call)), none()),
        Record::Cancelled { by } => ("no", format!("Stopped by {}", by.name), none()),
        Record::Resumed => ("", "Taken up again".into(), none()),
        Record::Viewed { call, .. } => ("", format!("Seen: {}", of(call)), none()),
        Record::Extended { call, by, .. } => {
            ("", format!("More time for {}: {}", by.name, of(call)), none())
        }
        Record::TakenBack { call, by } => {
            ("no", format!("Taken back by {}: {}", by.name, of(call)), none())
        }
        Record::Reasked { call, action } => {
            ("ask", format!("Asked anew: {}", of(call)), action.ruling.because.clone())
        }
        Record::HandedOver { by, .. } => ("", "Handed over by a page".into(), by.name.clone()),
    }
}
