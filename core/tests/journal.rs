//! The stored form: what was written by any released version is read for ever, and what is not as
//! it was written is refused.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails it"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use holdpoint_core::approval::{Decision, Settlement};
use holdpoint_core::id::RunId;
use holdpoint_core::journal::{Entry, Head, JournalError, is_intact};
use holdpoint_core::json::{canonical, digest};
use holdpoint_core::message::{Finish, Part, Usage};
use holdpoint_core::plan::Note;
use holdpoint_core::policy::Verdict;
use holdpoint_core::run::{Input, Limits, Mode, Run, Spec, Status, ToolOutcome, replay};
use serde_json::{Value, json};
use support::{
    Desk, EXPIRES_IN_MS, LARGE, SMALL, answer, approval, bank, bank_with, calls, denial, edit,
    large, person, plan, says, spec,
};

/// Journals that are never edited: each is what version 1 writes of one life.
const GOLDEN: [(&str, Life); 11] = [
    ("approved", approved),
    ("cancelled", cancelled),
    ("changed", changed),
    ("cut_short", cut_short),
    ("denied_plan", denied_plan),
    ("doubt", doubt),
    ("handed_over", handed_over),
    ("mended", mended),
    ("paused", paused),
    ("reviewed", reviewed),
    ("trimmed", trimmed),
];

type Life = fn() -> Desk;

fn approved() -> Desk {
    let mut desk = Desk::open(Mode::Tools);
    let mut response = calls(&[("check_balance", ""), ("transfer", LARGE)]);
    response.usage = Some(Usage { input: 120, output: 34 });
    response.items[1].raw = Some(json!({ "type": "function_call", "id": "fc_1", "x": 0.5 }));
    desk.answer(response);
    desk.start(0);
    desk.finish(0, ToolOutcome::Succeeded(json!({ "balance": 1000 })));
    desk.decide(1, approval());
    desk.start(1);
    desk.finish(1, ToolOutcome::Succeeded(json!({ "balance": 500, "to": "Zoë \u{1f600}" })));
    desk.answer(says("Sent 500 to Alice."));
    desk
}

fn changed() -> Desk {
    let mut desk = Desk::open(Mode::Tools);
    let note = Note {
        summary: Some("Send 500 to Alice".to_owned()),
        preview: Some("Leaves 500.".into()),
        precondition: None,
        schema: None,
        raise: Some((Verdict::Ask, "it is late".to_owned())),
    };
    desk.answer_noted(calls(&[("transfer", SMALL)]), vec![note]);
    desk.decide(0, edit(json!({ "amount": 20, "recipient": "Bob" })));
    desk.start(0);
    desk.finish(0, ToolOutcome::Failed("insufficient funds".to_owned()));
    desk.answer(says("It did not work."));
    desk
}

fn denied_plan() -> Desk {
    let mut desk = Desk::open(Mode::Plan);
    desk.answer(plan(&[("check_balance", json!({}), false), ("transfer", large(), false)]));
    desk.start(0);
    desk.succeed(0);
    desk.decide(1, denial("not today"));
    desk.answer(says("I left it."));
    desk
}

fn doubt() -> Desk {
    let mut desk = Desk::open(Mode::Tools);
    desk.answer(calls(&[("transfer", LARGE), ("transfer", LARGE), ("transfer", LARGE)]));
    for index in [0, 1] {
        desk.decide(index, approval());
        desk.start(index);
    }
    desk.finish(1, ToolOutcome::Unknown("no answer in time".to_owned()));
    desk.resume();
    desk.settle(1, Settlement::Happened { result: Some(json!({ "balance": 0 })) });
    desk.settle(0, Settlement::TryAgain);
    desk.start(0);
    desk.resume();
    desk.settle(0, Settlement::DidNotHappen);
    desk.now += EXPIRES_IN_MS;
    desk.accept(Input::Expired { call: desk.call(2) });
    desk
}

fn cancelled() -> Desk {
    let mut desk = Desk::open(Mode::Tools);
    desk.answer(calls(&[("transfer", LARGE), ("pay_bill", r#"{"bill":"power"}"#)]));
    desk.decide(1, approval());
    desk.cancel();
    desk
}

fn handed_over() -> Desk {
    let mut desk = Desk::open(Mode::Tools);
    desk.answer(calls(&[("transfer", LARGE)]));
    desk.accept(Input::HandedOver { to: "worker".to_owned(), by: person() });
    desk.keep_by("worker");
    desk.decide(0, approval());
    desk.start(0);
    desk.finish(0, ToolOutcome::Succeeded(json!({ "balance": 500 })));
    desk.answer(says("Sent 500 to Alice."));
    desk
}

fn mended() -> Desk {
    let mut desk = Desk::open(Mode::Tools);
    desk.answer(calls(&[("rob", "{}"), ("transfer", r#"{"amount":0}"#)]));
    desk.answer(answer([Part::Other, Part::Refusal("I will not.".to_owned())]));
    desk
}

fn cut_short() -> Desk {
    let mut desk = Desk::open(Mode::Tools);
    let mut response = calls(&[("transfer", SMALL)]);
    response.finish = Finish::Incomplete("max_output_tokens".to_owned());
    desk.answer(response);
    desk
}

fn trimmed() -> Desk {
    let limits = Limits { history_bytes_max: 1_000, ..Limits::default() };
    let mut desk = Desk::open_with(Spec { limits, ..spec(Mode::Tools) }, bank());
    desk.accept(Input::ModelResponded {
        turn: 0,
        response: says("You have 1,000."),
        notes: Vec::new(),
        left_out: 3,
        grants: Vec::new(),
    });
    desk
}

fn reviewed() -> Desk {
    let patient = |tool: &mut Value| {
        tool["undoable"] = json!({ "windowMs": 5_000 });
        tool["approval"][0]["onExpiry"] = "ask-again".into();
    };
    let mut desk = Desk::open_with(spec(Mode::Tools), bank_with("transfer", patient));
    let note = |balance: u32| Note {
        preview: Some(json!([{ "label": "Balance", "before": balance, "after": balance - 500 }])),
        precondition: Some(json!({ "balance": balance })),
        schema: Some(json!({ "type": "object" })),
        ..Note::default()
    };
    desk.answer_noted(calls(&[("transfer", LARGE)]), vec![note(1_000)]);
    let call = desk.call(0);
    desk.accept(Input::Refreshed { call: call.clone(), note: note(600) });
    let digest = desk.slot(0).action.digest;
    desk.accept(Input::Viewed { call: call.clone(), digest, by: person() });
    desk.now += EXPIRES_IN_MS;
    desk.accept(Input::Expired { call: call.clone() });
    desk.accept(Input::Extended { call: call.clone(), by: person() });
    desk.decide(0, approval());
    desk.accept(Input::TakenBack { call, by: person() });
    desk.decide(0, Decision::Answer { text: "Bob paid already.".to_owned() });
    desk.answer(says("Then I leave it."));
    desk
}

fn paused() -> Desk {
    let mut desk = Desk::open(Mode::Tools);
    let mut response = says("One moment.");
    response.finish = Finish::Paused;
    desk.answer(response);
    desk.answer(says("Done."));
    desk
}

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/fixtures/journal/v1", &format!("{name}.jsonl")]
        .iter()
        .collect()
}

/// The entries of a golden journal. `HOLDPOINT_BLESS=1` writes one that is missing, and never
/// changes one that is there.
fn golden(name: &str, desk: &Desk) -> Vec<String> {
    let path = path(name);
    if !path.exists() && std::env::var_os("HOLDPOINT_BLESS").is_some() {
        fs::write(&path, desk.texts.join("\n") + "\n").unwrap();
    }
    fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect()
}

fn read(texts: &[String], head: Option<&Head>) -> Result<Run, JournalError> {
    replay(&RunId::new("run"), head, texts.iter().map(String::as_str))
}

/// Asserts that entries are refused, with the head that the store keeps beside them.
#[track_caller]
fn check_refused(desk: &Desk, change: impl FnOnce(&mut Vec<String>), code: &str) {
    let mut texts = desk.texts.clone();
    change(&mut texts);
    assert_eq!(read(&texts, Some(desk.run.head())).unwrap_err().code(), code);
}

/// An entry with other fields, sealed as if it had been written so.
fn forged(text: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut entry: Value = serde_json::from_str(text).unwrap();
    change(&mut entry);
    entry.as_object_mut().unwrap().remove("hash");
    let hash = digest(&entry).to_string();
    entry["hash"] = hash.into();
    canonical(&entry)
}

#[test]
fn golden_journals_are_written_as_ever() {
    for (name, life) in GOLDEN {
        let desk = life();
        assert_eq!(golden(name, &desk), desk.texts, "{name}");
    }
}

#[test]
fn golden_journals_are_read_as_ever() {
    for (name, life) in GOLDEN {
        let desk = life();
        let texts = golden(name, &desk);
        assert_eq!(read(&texts, Some(desk.run.head())), Ok(desk.run), "{name}");
    }
}

#[test]
fn golden_journals_hold_every_kind_of_entry() {
    let kinds: BTreeSet<String> = GOLDEN.iter().flat_map(|(_, life)| life().kinds()).collect();
    let expected = [
        "answered",
        "cancelled",
        "decided",
        "expired",
        "extended",
        "handed_over",
        "reasked",
        "resumed",
        "settled",
        "started",
        "taken_back",
        "tool_finished",
        "tool_started",
        "viewed",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn entry_is_read_back_as_it_was_written() {
    for (_, life) in GOLDEN {
        let mut head = Head::empty(&RunId::new("run"));
        for text in life().texts {
            let entry = Entry::parse(&text, &RunId::new("run"), &head).unwrap();
            assert_eq!(entry.to_text(), text);
            assert!(is_intact(&text, &entry.hash));
            head = entry.head();
        }
    }
}

#[test]
fn beginning_of_a_journal_is_read_where_no_head_is_known() {
    let desk = approved();
    for len in 1..=desk.texts.len() {
        let run = read(&desk.texts[..len], None).unwrap();
        assert_eq!(run.head().len, len as u64);
    }
}

#[test]
fn newer_version_is_refused_by_name() {
    let desk = approved();
    let newer = |texts: &mut Vec<String>| texts[2] = forged(&texts[2], |e| e["v"] = json!(2));
    check_refused(&desk, newer, "journal_too_new");
    let mut texts = desk.texts.clone();
    newer(&mut texts);
    let words = read(&texts, None).unwrap_err().to_string();
    assert_eq!(words, "entry 2 was written by a newer version of Holdpoint (2)");
}

#[test]
fn kind_of_record_that_is_not_known_is_of_a_newer_version() {
    let desk = approved();
    let teleported = json!({ "teleported": {} });
    for record in [teleported, json!("paused"), json!({ "answered": { "turn": 0 } })] {
        let newer = |texts: &mut Vec<String>| {
            texts[1] = forged(&texts[1], |entry| entry["record"] = record);
        };
        check_refused(&desk, newer, "journal_too_new");
    }
}

#[test]
fn entry_without_a_known_version_is_refused() {
    for version in [json!(null), json!(0), json!("1"), json!(-1), json!(1.5)] {
        let change = |texts: &mut Vec<String>| {
            texts[0] = forged(&texts[0], |entry| entry["v"] = version);
        };
        check_refused(&approved(), change, "journal_altered");
    }
    let without = |texts: &mut Vec<String>| {
        texts[0] = forged(&texts[0], |entry| {
            entry.as_object_mut().unwrap().remove("v");
        });
    };
    check_refused(&approved(), without, "journal_altered");
}

#[test]
fn entry_that_is_gone_is_missed() {
    let desk = approved();
    check_refused(&desk, Vec::clear, "journal_incomplete");
    check_refused(&desk, |texts| drop(texts.pop()), "journal_incomplete");
    for index in 0..desk.texts.len() - 1 {
        check_refused(&desk, |texts| drop(texts.remove(index)), "journal_altered");
    }
    assert_eq!(read(&[], None).unwrap_err().code(), "journal_incomplete");
}

#[test]
fn entry_out_of_its_place_is_refused() {
    let desk = approved();
    for index in 1..desk.texts.len() {
        check_refused(&desk, |texts| texts.swap(index - 1, index), "journal_altered");
        let twice = |texts: &mut Vec<String>| texts.insert(index, texts[index - 1].clone());
        check_refused(&desk, twice, "journal_altered");
    }
}

#[test]
fn journal_of_another_run_is_refused() {
    let texts = approved().texts;
    let other = replay(&RunId::new("other"), None, texts.iter().map(String::as_str));
    assert_eq!(other.unwrap_err().code(), "journal_altered");
}

#[test]
fn older_copy_of_a_journal_is_refused_where_the_head_is_known() {
    let (kept, mut other) = (approved(), Desk::open(Mode::Tools));
    other.answer(says("Another life."));
    let head = Head { hash: kept.run.head().hash, ..*other.run.head() };
    assert_eq!(read(&other.texts, Some(&head)).unwrap_err().code(), "journal_altered");
    let older = |texts: &mut Vec<String>| texts.truncate(4);
    check_refused(&kept, older, "journal_incomplete");
}

#[test]
fn entry_that_cannot_follow_is_refused_though_its_hash_is_right() {
    let desk = approved();
    let head = Head::empty(&RunId::new("run"));
    let first = Entry::parse(&desk.texts[0], &RunId::new("run"), &head).unwrap();
    let again = Entry::seal(&first.run, &first.head(), first.at, first.record.clone());
    let texts = [first.to_text(), again.to_text()];
    assert_eq!(read(&texts, None).unwrap_err(), JournalError::Misfit { seq: 1 });
    let finished = desk.texts.last().unwrap();
    let record = forged(finished, |entry| {
        entry["seq"] = json!(0);
        entry["prev"] = json!(head.hash.to_string());
    });
    assert_eq!(read(&[record], None).unwrap_err(), JournalError::Misfit { seq: 0 });
}

#[test]
fn changed_byte_is_found_or_changes_nothing() {
    let desk = denied_plan();
    let (mut found, mut same) = (0, 0);
    for (line, text) in desk.texts.iter().enumerate() {
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let mut texts = desk.texts.clone();
                texts[line] = String::from_utf8_lossy(&bytes).into_owned();
                match read(&texts[..=line], None) {
                    Err(_) => found += 1,
                    Ok(run) => {
                        // Some changes, such as one between two writings of an escape, say the same.
                        assert_eq!(Ok(run), read(&desk.texts[..=line], None));
                        same += 1;
                    }
                }
            }
        }
    }
    assert!(found > 1_000 && same < found / 100, "{found} found, {same} the same");
}

#[test]
fn truncated_entry_is_refused() {
    let desk = cut_short();
    for (line, text) in desk.texts.iter().enumerate() {
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            let cut = |texts: &mut Vec<String>| texts[line].truncate(end);
            check_refused(&desk, cut, "journal_altered");
        }
    }
}

#[test]
fn text_that_is_no_entry_is_refused() {
    let deep = "[".repeat(100_000);
    for text in ["", "null", "[]", "{}", r#"{"hash":7}"#, r#"{"v":1,"hash":null}"#, &deep] {
        let change = |texts: &mut Vec<String>| texts[0] = text.to_owned();
        check_refused(&approved(), change, "journal_altered");
    }
}

#[test]
fn entry_is_intact_only_with_the_hash_it_was_written_with() {
    let desk = approved();
    let mut head = Head::empty(&RunId::new("run"));
    let entries: Vec<Entry> = desk
        .texts
        .iter()
        .map(|text| {
            let entry = Entry::parse(text, &RunId::new("run"), &head).unwrap();
            head = entry.head();
            entry
        })
        .collect();
    let [first, answered] = [&entries[0], &entries[1]];
    assert!(is_intact(&answered.to_text(), &answered.hash));
    assert!(!is_intact(&answered.to_text(), &first.hash));
    let altered = answered.to_text().replace("500", "900");
    assert!(!is_intact(&altered, &answered.hash), "the content was changed");
    let forged = forged(&altered, |_| ());
    assert!(!is_intact(&forged, &answered.hash), "and so was the hash");
    for text in ["", "7", "{}", r#"{"hash":1}"#] {
        assert!(!is_intact(text, &answered.hash), "{text:?}");
    }
}

#[test]
fn everything_but_a_take_over_must_be_on_the_disk() {
    let mut head = Head::empty(&RunId::new("run"));
    for text in doubt().texts {
        let entry = Entry::parse(&text, &RunId::new("run"), &head).unwrap();
        assert_eq!(entry.record.is_strict(), entry.record.kind() != "resumed");
        head = entry.head();
    }
    assert_eq!(head.epoch, 2, "it was taken over twice");
}

#[test]
fn status_is_found_again_from_the_journal_alone() {
    for (life, status) in [
        (approved as Life, Status::Completed),
        (cancelled, Status::Cancelled),
        (cut_short, Status::Failed),
        (doubt, Status::AwaitingModel),
    ] {
        assert_eq!(read(&life().texts, None).unwrap().status(), status);
    }
}
