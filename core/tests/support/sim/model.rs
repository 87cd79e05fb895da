//! A model that no one should trust: it flags what it likes, calls what does not exist, writes
//! arguments that are none, and is cut short.

use holdpoint_core::message::{Finish, ModelResponse, Part, ToolCall};
use holdpoint_core::plan::Note;
use holdpoint_core::policy::Verdict;
use holdpoint_core::run::{Mode, Purpose};
use serde_json::{Value, json};

use super::judge::Proposal;
use super::rng::Rng;
use crate::support::{answer, says};

/// An answer, what the page notes on it, and what of it may be carried out.
pub struct Said {
    pub response: ModelResponse,
    pub notes: Vec<Note>,
    pub proposals: Vec<Proposal>,
}

/// Answers in any way at all.
pub fn respond(rng: &mut Rng, mode: Mode, purpose: Purpose, turn: u32) -> Said {
    if purpose == Purpose::Summary || rng.once_in(8) {
        return conclude(mode, purpose);
    }
    let mut proposals: Vec<Proposal> = (0..=rng.below(3)).map(|_| propose(rng)).collect();
    let mut calls: Vec<(String, String)> =
        proposals.iter().map(|p| (p.tool.clone(), p.arguments.to_string())).collect();
    let mut finish = Finish::Complete;
    let mut ids: Vec<String> = (0..calls.len()).map(|index| format!("p{turn}-{index}")).collect();
    let mut valid = true;
    if rng.once_in(4) {
        valid = false;
        let last = calls.len() - 1;
        match rng.below(10) {
            0 => finish = Finish::Incomplete("max_output_tokens".to_owned()),
            1 => finish = Finish::Failed { code: "overloaded".to_owned(), message: String::new() },
            8 => finish = Finish::Paused,
            2 => calls[last].0 = "rob".to_owned(),
            3 => calls[last] = transfer(r#"{"amount":5,"recipient":"Ann","recipient":"Bob"}"#),
            4 => calls[last] = transfer(r#"{"amount":9007199254740993,"recipient":"Ann"}"#),
            5 => calls[last] = transfer(r#"{"amount":500,"recipient":"\ud800"}"#),
            6 => calls[last] = transfer(r#"{"amount":0,"recipient":"Ann"}"#),
            7 => calls[last] = transfer(r#"{"amount":5"#),
            _ => match ids.last().cloned() {
                Some(id) if mode == Mode::Tools => {
                    calls.push(("check_balance".to_owned(), "{}".to_owned()));
                    ids.push(id);
                }
                _ => calls[last].0 = String::new(),
            },
        }
    }
    let notes = proposals.iter_mut().map(|proposal| note(rng, proposal)).collect();
    let mut response = match mode {
        Mode::Tools => answer(
            calls
                .into_iter()
                .zip(ids)
                .map(|((name, arguments), id)| Part::Call(ToolCall { id, name, arguments })),
        ),
        Mode::Plan => {
            let actions: Vec<String> = calls
                .iter()
                .enumerate()
                .map(|(index, (action, arguments))| {
                    let flag = rng.once_in(6);
                    if let Some(proposal) = proposals.get_mut(index) {
                        proposal.needs_person |= flag;
                    }
                    format!(
                        r#"{{"action":"{action}","arguments":{arguments},"requires_confirmation":{flag},"reason":""}}"#
                    )
                })
                .collect();
            says(&format!(r#"{{"reply":"On it.","actions":[{}]}}"#, actions.join(",")))
        }
    };
    response.finish = finish;
    if !valid {
        proposals.clear();
    }
    Said { response, notes, proposals }
}

/// Answers in words alone.
pub fn conclude(mode: Mode, purpose: Purpose) -> Said {
    let text = match (mode, purpose) {
        (Mode::Plan, Purpose::Work) => json!({ "reply": "Done.", "actions": [] }).to_string(),
        _ => "Done.".to_owned(),
    };
    Said { response: says(&text), notes: Vec::new(), proposals: Vec::new() }
}

/// Something that the bank can do, with what the bank itself says of it.
fn propose(rng: &mut Rng) -> Proposal {
    let proposal = |tool: &str, arguments: Value| Proposal {
        tool: tool.to_owned(),
        arguments,
        needs_person: false,
        forbidden: false,
        repeatable: false,
    };
    match rng.below(8) {
        0 => Proposal { repeatable: true, ..proposal("check_balance", json!({})) },
        1 => proposal("deposit", json!({ "amount": 1 + rng.below(900) })),
        2 => Proposal {
            needs_person: true,
            repeatable: true,
            ..proposal("pay_bill", json!({ "bill": "power" }))
        },
        3 => proposal("transfer", json!({ "amount": 1 + rng.below(100), "recipient": "Bob" })),
        4 if rng.once_in(3) => Proposal {
            forbidden: true,
            ..proposal("transfer", json!({ "amount": 5, "recipient": "Mallory" }))
        },
        _ => Proposal {
            needs_person: true,
            ..proposal("transfer", json!({ "amount": 101 + rng.below(900), "recipient": "Ann" }))
        },
    }
}

/// What a function of the page says of a call: nothing, or something stricter.
fn note(rng: &mut Rng, proposal: &mut Proposal) -> Note {
    let raise = match rng.below(24) {
        0 => {
            proposal.needs_person = true;
            Some((Verdict::Ask, "the page wants to ask".to_owned()))
        }
        1 => {
            proposal.forbidden = true;
            Some((Verdict::Deny, "the page forbids it".to_owned()))
        }
        2 => Some((Verdict::Allow, "the page cannot lower a verdict".to_owned())),
        _ => None,
    };
    Note { raise, ..Note::default() }
}

fn transfer(arguments: &str) -> (String, String) {
    ("transfer".to_owned(), arguments.to_owned())
}
