//! Which calls need a person, and why: rules as data, on the bank's tools.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test fails it")]

mod support;

use holdpoint_core::plan::Note;
use holdpoint_core::policy::{Ruling, Verdict, rule, rule_on};
use holdpoint_core::run::{Mode, Outcome, Status};
use holdpoint_core::schema::{NoPatterns, Patterns};
use holdpoint_core::tool::Tool;
use serde_json::{Value, json};
use support::{Desk, LARGE, SMALL, bank, bank_with, calls};

#[track_caller]
fn check(tool: &Tool, arguments: Value, verdict: Verdict, rule: &str) -> Ruling {
    let ruling = rule_on(tool, &arguments, &NoPatterns);
    assert_eq!((ruling.verdict, ruling.rule.as_str()), (verdict, rule), "{arguments}");
    ruling
}

fn transfer(amount: u64, recipient: &str) -> Value {
    json!({ "amount": amount, "recipient": recipient })
}

#[test]
fn transfer_needs_a_person_above_100() {
    let bank = bank();
    let tool = bank.get("transfer").unwrap();
    check(tool, transfer(100, "Alice"), Verdict::Allow, rule::NONE_MATCHED);
    let ruling = check(tool, transfer(101, "Alice"), Verdict::Ask, "large-transfer");
    assert_eq!(ruling.because, "it sends more than 100");
    assert_eq!(Value::Object(ruling.matched), json!({ "amount": 101 }));
    assert_eq!(ruling.expires_in_ms, Some(support::EXPIRES_IN_MS));
}

#[test]
fn deny_beats_ask_beats_allow() {
    let bank = bank();
    let tool = bank.get("transfer").unwrap();
    check(tool, transfer(500, "Mallory"), Verdict::Deny, "blocked-recipient");
    check(tool, transfer(5, "Mallory"), Verdict::Deny, "blocked-recipient");
    assert!(Verdict::Deny > Verdict::Ask && Verdict::Ask > Verdict::Allow);
}

#[test]
fn first_of_equally_strict_rules_is_named() {
    let same = |id| json!({ "id": id, "when": true, "because": "it is so" });
    let bank = bank_with("transfer", |t| t["approval"] = json!([same("one"), same("two")]));
    check(bank.get("transfer").unwrap(), transfer(5, "Alice"), Verdict::Ask, "one");
}

#[test]
fn tool_that_says_nothing_is_asked_about_unless_it_only_reads() {
    let silent = |tool: &mut Value| tool["approval"] = Value::Null;
    let bank = bank_with("deposit", silent);
    check(bank.get("deposit").unwrap(), json!({ "amount": 5 }), Verdict::Ask, rule::UNSTATED);
    check(bank.get("check_balance").unwrap(), json!({}), Verdict::Allow, rule::READ_ONLY);
}

#[test]
fn tool_that_always_asks_does_so_even_if_it_only_reads() {
    let bank = bank_with("check_balance", |tool| tool["approval"] = json!("always"));
    check(bank.get("check_balance").unwrap(), json!({}), Verdict::Ask, rule::ALWAYS);
    check(bank.get("deposit").unwrap(), json!({ "amount": 5 }), Verdict::Allow, rule::NEVER);
}

#[test]
fn rule_that_cannot_be_evaluated_is_asked_about_or_stricter() {
    /// An engine that is there when a rule is registered and gone when it is needed.
    struct Flaky;
    impl Patterns for Flaky {
        fn is_match(&self, _pattern: &str, text: &str) -> Option<bool> {
            text.is_empty().then_some(false)
        }
    }
    let rule = |verdict: &str| {
        json!([{
            "id": "foreign", "verdict": verdict, "because": "it goes abroad",
            "when": { "properties": { "recipient": { "pattern": "^XX" } } }
        }])
    };
    for (verdict, expected) in [("ask", Verdict::Ask), ("deny", Verdict::Deny)] {
        let mut definition = support::definitions().remove(2);
        definition["approval"] = rule(verdict);
        let tool = Tool::parse(&definition, &Flaky).unwrap();
        let ruling = rule_on(&tool, &transfer(5, "Alice"), &Flaky);
        assert_eq!((ruling.verdict, ruling.rule.as_str()), (expected, rule::UNEVALUATED));
    }
}

#[test]
fn page_raises_a_verdict_and_never_lowers_one() {
    let noted = |arguments: &str, verdict| {
        let mut desk = Desk::open(Mode::Tools);
        let raise = Some((verdict, "the page says so".to_owned()));
        desk.answer_noted(
            calls(&[("transfer", arguments)]),
            vec![Note { raise, ..Note::default() }],
        );
        desk
    };
    let raised = noted(SMALL, Verdict::Ask);
    raised.is(Status::AwaitingApproval);
    assert_eq!(raised.slot(0).action.ruling.rule, rule::PAGE);
    let forbidden = noted(LARGE, Verdict::Deny);
    assert_eq!(*forbidden.outcome(0), Outcome::Forbidden("the page says so".to_owned()));
    let lowered = noted(LARGE, Verdict::Allow);
    assert_eq!(lowered.slot(0).action.ruling.rule, "large-transfer");
    lowered.is(Status::AwaitingApproval);
}

#[test]
fn forbidden_call_is_never_started_and_the_model_reads_why() {
    let mut desk = Desk::open(Mode::Tools);
    desk.answer(calls(&[("transfer", r#"{"amount":5,"recipient":"Mallory"}"#)]));
    assert_eq!(
        desk.told()[0],
        json!({ "status": "denied", "reason": "this recipient is blocked" })
    );
    desk.is(Status::AwaitingModel);
}

#[test]
fn verdict_is_kept_whatever_becomes_of_the_rules() {
    let mut desk = Desk::open(Mode::Tools);
    desk.answer(calls(&[("transfer", LARGE)]));
    desk.tools = bank_with("transfer", |tool| tool["approval"] = json!("never"));
    desk.resume();
    desk.is(Status::AwaitingApproval);
    assert_eq!(desk.slot(0).action.ruling.rule, "large-transfer");
}
