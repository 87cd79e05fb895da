//! Texts that make trouble for those who read them carelessly, as arguments: what the model wrote is
//! what is stored, asked about, run and told.

#![allow(clippy::unwrap_used, reason = "a test that fails has found what it looks for")]

mod support;

use std::collections::BTreeSet;

use holdpoint_core::json::canonical;
use holdpoint_core::run::{Mode, ToolOutcome};
use serde_json::json;
use support::{Desk, approval, calls, denial};

#[test]
fn naughty_arguments_are_stored_and_run_byte_for_byte() {
    let mut digests = BTreeSet::new();
    for text in &texts() {
        let arguments = json!({ "amount": 500, "recipient": text });
        let mut desk = Desk::answered(
            Mode::Tools,
            calls(&[("transfer", &serde_json::to_string(&arguments).unwrap())]),
        );
        let action = &desk.slot(0).action;
        assert_eq!(action.arguments, arguments, "{text:?}");
        assert!(digests.insert(action.digest), "{text:?} has the digest of another");
        // `Desk` replays the journal after each entry, and compares.
        let bytes = canonical(&json!(text));
        assert!(desk.texts.last().unwrap().contains(&bytes), "{text:?}");
        desk.decide(0, approval());
        let (_, given, _) = desk.start(0);
        assert_eq!(given["recipient"], json!(text), "{text:?}");
        desk.finish(0, ToolOutcome::Succeeded(json!({ text: text })));
        assert!(desk.texts.last().unwrap().contains(&bytes), "{text:?}");
        assert_eq!(desk.told(), [json!({ text: text })], "{text:?}");
    }
}

#[test]
fn naughty_reasons_of_a_denial_reach_the_model_byte_for_byte() {
    for text in &texts() {
        let arguments = json!({ "amount": 500, "recipient": "Alice" }).to_string();
        let mut desk = Desk::answered(Mode::Tools, calls(&[("transfer", &arguments)]));
        desk.decide(0, denial(text));
        assert_eq!(desk.told()[0]["reason"], json!(text), "{text:?}");
    }
}

/// Each text of the list once, but the empty one, which the tool's schema refuses.
fn texts() -> BTreeSet<String> {
    let list = include_str!("fixtures/naughty-strings/blns.json");
    let list: Vec<String> = serde_json::from_str(list).unwrap();
    list.into_iter().filter(|text| !text.is_empty()).collect()
}
