//! From an answer to actions, or to a report: what is refused, and in which order a plan runs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails it"
)]

mod support;

use holdpoint_core::approval::Settlement;
use holdpoint_core::message::{Message, ModelResponse, Part};
use holdpoint_core::plan::{Note, plan_format};
use holdpoint_core::run::{Effect, Limits, Mode, Outcome, Spec, Status, ToolOutcome};
use serde_json::{Value, json};
use support::{Desk, LARGE, approval, bank, bank_with, calls, denial, large, plan, says, spec};

/// Asserts that an answer is refused as a whole: nothing of it runs, and the model reads why.
#[track_caller]
fn check(mode: Mode, response: ModelResponse, codes: &[&str]) -> Value {
    let mut desk = Desk::open(mode);
    let effects = desk.answer(response);
    assert_eq!(effects, [Effect::CallModel { turn: 1 }], "the model is to mend it");
    assert_eq!(desk.issues(), codes);
    assert!(desk.run.turns().all(|turn| turn.slots.is_empty()), "nothing of it can run");
    let Some(Message::Result { output, .. } | Message::Notice(output)) = desk.run.messages().pop()
    else {
        panic!("the model is told nothing")
    };
    let json = &output[output.find('{').unwrap()..];
    serde_json::from_str(json).unwrap()
}

fn call(tool: &str, arguments: &str) -> ModelResponse {
    calls(&[("deposit", r#"{"amount":5}"#), (tool, arguments)])
}

/// The text of a plan with one transfer of these arguments.
fn planned(arguments: &str) -> ModelResponse {
    says(&format!(
        r#"{{"reply":"","actions":[{{"action":"transfer","arguments":{arguments},"requires_confirmation":false,"reason":""}}]}}"#
    ))
}

#[test]
fn unknown_tool_is_reported_with_those_that_exist() {
    let told = check(Mode::Tools, call("rob", "{}"), &["unknown_tool"]);
    assert_eq!(told["issues"][0]["tool"], "rob");
    assert!(told["issues"][0]["message"].as_str().unwrap().contains("check_balance, deposit"));
    check(Mode::Plan, plan(&[("rob", json!({}), true)]), &["unknown_tool"]);
}

#[test]
fn every_fault_is_reported_at_once_with_its_place() {
    let response = calls(&[
        ("transfer", r#"{"amount":0,"recipient":"Ann","note":"x"}"#),
        ("transfer", r#"{"amount":1,"amount":500,"recipient":"Ann"}"#),
        ("rob", "{}"),
    ]);
    let codes = ["schema_violation", "schema_violation", "duplicate_key", "unknown_tool"];
    let told = check(Mode::Tools, response, &codes);
    let places: Vec<_> = told["issues"].as_array().unwrap().iter().map(|i| &i["path"]).collect();
    assert!(places.contains(&&json!("/amount")) && places.contains(&&json!("/note")), "{told}");
}

#[test]
fn arguments_that_readers_take_differently_are_refused_in_both_modes() {
    let deep = ["[".repeat(30), "]".repeat(30)].concat();
    for (arguments, code) in [
        (r#"{"amount":5,"recipient":"Ann","recipient":"Bob"}"#, "duplicate_key"),
        (r#"{"amount":9007199254740993,"recipient":"Ann"}"#, "unsafe_number"),
        (r#"{"amount":5,"recipient":"\ud800"}"#, "json_syntax"),
        (r#"{"amount":5"#, "json_syntax"),
        (&deep, "too_deep"),
    ] {
        check(Mode::Tools, call("transfer", arguments), &[code]);
        check(Mode::Plan, planned(arguments), &[code]);
    }
}

#[test]
fn arguments_that_are_too_long_are_refused() {
    let long = format!(r#"{{"amount":5,"recipient":"{}"}}"#, "a".repeat(64 * 1024));
    check(Mode::Tools, call("transfer", &long), &["too_long"]);
    check(Mode::Plan, planned(&long), &["too_long"]);
}

#[test]
fn too_many_calls_are_refused() {
    let many = [("check_balance", ""); 17];
    check(Mode::Tools, calls(&many), &["too_many_calls"]);
    check(Mode::Plan, plan(&vec![("check_balance", json!({}), false); 17]), &["too_many_calls"]);
}

#[test]
fn call_id_that_is_used_twice_is_refused_and_answered_once() {
    let mut response = calls(&[("deposit", r#"{"amount":5}"#), ("check_balance", "")]);
    for item in &mut response.items {
        let Part::Call(call) = &mut item.part else { continue };
        call.id = "same".to_owned();
    }
    check(Mode::Tools, response.clone(), &["duplicate_call_id"]);
    let desk = Desk::answered(Mode::Tools, response);
    assert_eq!(desk.told().len(), 1);
}

#[test]
fn text_that_is_no_plan_is_refused() {
    for (text, code) in [
        ("Sure!", "json_syntax"),
        ("[]", "plan_malformed"),
        (r#"{"reply":"","actions":[],"force":true}"#, "plan_malformed"),
        (r#"{"reply":"","actions":[7]}"#, "plan_malformed"),
    ] {
        check(Mode::Plan, says(text), &[code]);
    }
}

#[test]
fn call_in_plan_mode_is_not_made() {
    let desk = Desk::answered(Mode::Plan, calls(&[("check_balance", "")]));
    assert_eq!(desk.failure(), "model_unexpected_call");
}

#[test]
fn bad_plans_are_mended_a_bounded_number_of_times() {
    let limits = Limits { repairs_max: 2, ..Limits::default() };
    let bad = || call("rob", "{}");
    let mut desk = Desk::open_with(Spec { limits, ..spec(Mode::Tools) }, bank());
    desk.answer(bad());
    desk.answer(bad());
    let mut mended = desk.clone();
    desk.answer(bad());
    assert_eq!(desk.failure(), "plan_invalid");

    mended.answer(calls(&[("check_balance", "")]));
    mended.start(0);
    mended.succeed(0);
    mended.answer(bad());
    mended.is(Status::AwaitingModel);
}

#[test]
fn model_can_ask_for_confirmation_and_not_waive_it() {
    let mut desk = Desk::open(Mode::Plan);
    desk.answer(plan(&[("deposit", json!({ "amount": 5 }), true), ("transfer", large(), false)]));
    assert_eq!(desk.slot(0).action.ruling.rule, "model-asked");
    assert_eq!(desk.slot(0).action.flagged, Some(true));
    desk.is(Status::AwaitingApproval);
    desk.decide(0, approval());
    desk.start(0);
    desk.succeed(0);
    assert_eq!(desk.slot(1).action.ruling.rule, "large-transfer");
    assert_eq!(desk.slot(1).action.flagged, Some(false));
    desk.is(Status::AwaitingApproval);
}

#[test]
fn actions_of_a_plan_run_in_order_and_halt_at_the_first_that_is_held() {
    let mut desk = Desk::open(Mode::Plan);
    let effects = desk.answer(plan(&[
        ("check_balance", json!({}), false),
        ("transfer", large(), false),
        ("deposit", json!({ "amount": 5 }), false),
    ]));
    assert_eq!(effects, [Effect::StartTool { call: desk.call(0) }], "one at a time");
    desk.start(0);
    assert_eq!(desk.succeed(0), [Effect::RequestApproval { call: desk.call(1) }]);
    assert_eq!(desk.decide(1, approval()), [Effect::StartTool { call: desk.call(1) }]);
    desk.start(1);
    assert_eq!(desk.succeed(1), [Effect::StartTool { call: desk.call(2) }]);
    desk.start(2);
    assert_eq!(desk.succeed(2), [Effect::CallModel { turn: 1 }], "the summary");
}

#[test]
fn time_to_decide_begins_when_the_turn_of_an_action_comes() {
    let mut desk = Desk::open(Mode::Plan);
    desk.answer(plan(&[("check_balance", json!({}), false), ("transfer", large(), false)]));
    desk.now += 2 * support::EXPIRES_IN_MS;
    desk.start(0);
    desk.succeed(0);
    desk.decide(1, approval());
}

#[test]
fn what_follows_an_action_that_did_not_succeed_is_skipped() {
    let steps =
        || plan(&[("transfer", large(), false), ("deposit", json!({ "amount": 5 }), false)]);
    let mut denied = Desk::answered(Mode::Plan, steps());
    assert_eq!(denied.decide(0, denial("no")), [Effect::CallModel { turn: 1 }]);

    let mut failed = Desk::answered(Mode::Plan, steps());
    failed.decide(0, approval());
    failed.start(0);
    failed.finish(0, ToolOutcome::Failed("insufficient funds".to_owned()));

    let mut unsure = Desk::answered(Mode::Plan, steps());
    unsure.decide(0, approval());
    unsure.start(0);
    unsure.resume();
    unsure.settle(0, Settlement::DidNotHappen);

    for desk in [denied, failed, unsure] {
        assert_eq!(*desk.outcome(1), Outcome::Skipped);
        let Some(Message::Notice(told)) = desk.run.messages().pop() else { panic!() };
        assert!(told.contains(r#""status":"skipped""#), "{told}");
    }
}

#[test]
fn doubt_about_an_action_holds_those_after_it() {
    let mut desk = Desk::open(Mode::Plan);
    desk.answer(plan(&[("transfer", large(), false), ("check_balance", json!({}), false)]));
    desk.decide(0, approval());
    desk.start(0);
    assert_eq!(desk.resume(), [Effect::RequestSettlement { call: desk.call(0) }]);
    let confirmed = Settlement::Happened { result: None };
    assert_eq!(desk.settle(0, confirmed), [Effect::StartTool { call: desk.call(1) }]);
}

#[test]
fn plan_without_actions_is_an_answer() {
    let mut desk = Desk::open(Mode::Plan);
    desk.answer(says(r#"{"reply":"You have 1,000.","actions":[]}"#));
    desk.is(Status::Completed);
    assert_eq!(desk.run.turns().last().unwrap().text, "You have 1,000.");
}

#[test]
fn summary_of_a_plan_is_taken_as_words_whatever_it_looks_like() {
    let mut desk = Desk::open(Mode::Plan);
    desk.answer(plan(&[("check_balance", json!({}), false)]));
    desk.start(0);
    desk.succeed(0);
    desk.answer(plan(&[("deposit", json!({ "amount": 5 }), false)]));
    desk.is(Status::Completed);
}

#[test]
fn nulls_that_stand_for_absent_arguments_are_left_out() {
    let tools = bank_with("deposit", |tool| {
        tool["inputSchema"]["properties"]["note"] = json!({ "type": "string" });
    });
    let mut desk = Desk::open_with(spec(Mode::Tools), tools);
    desk.answer(calls(&[("deposit", r#"{"amount":5,"note":null}"#)]));
    assert_eq!(desk.slot(0).action.arguments, json!({ "amount": 5 }));
}

#[test]
fn page_describes_the_actions_of_an_answer_before_it_is_taken_in() {
    let mut desk = Desk::open(Mode::Tools);
    let response = calls(&[("transfer", LARGE)]);
    let drafted = desk.run.draft(&response, &desk.tools);
    let [action] = &drafted[..] else { panic!("{drafted:?}") };
    assert_eq!(action.arguments, large());
    let summary = Some("Send 500 to Alice".to_owned());
    desk.answer_noted(response, vec![Note { summary: summary.clone(), ..Note::default() }]);
    assert_eq!(desk.slot(0).action.summary, summary);
    assert_eq!(desk.slot(0).action.digest, action.digest, "words of the page are not what runs");
    assert_eq!(desk.run.draft(&call("rob", "{}"), &desk.tools), []);
}

#[test]
fn form_of_a_plan_lists_every_tool_and_demands_the_flag() {
    let format = plan_format(&bank());
    assert!(format.strict);
    let branches = format.schema["properties"]["actions"]["items"]["anyOf"].as_array().unwrap();
    let names: Vec<_> =
        branches.iter().map(|b| b["properties"]["action"]["enum"][0].as_str().unwrap()).collect();
    assert_eq!(names, ["check_balance", "deposit", "pay_bill", "transfer"]);
    for branch in branches {
        let required = branch["required"].as_array().unwrap();
        assert!(required.contains(&json!("requires_confirmation")), "{branch}");
        assert_eq!(branch["additionalProperties"], false);
    }
}
