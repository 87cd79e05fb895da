//! The run machine at its boundary: what goes in, what is to be done, what the model is told.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails it"
)]

mod card;
mod ends;
mod history;
#[path = "../support/sim/rng.rs"]
#[allow(dead_code, reason = "the simulation uses more of it")]
mod rng;
#[path = "../support/mod.rs"]
mod support;

use holdpoint_core::id::{CallId, Timestamp};
use holdpoint_core::json::digest_text;
use holdpoint_core::message::{Finish, Message, Part};
use holdpoint_core::run::{
    Effect, Input, Limits, Mode, Notice, Outcome, Rejection, Run, Spec, Status, ToolOutcome,
};
use serde_json::json;
use support::{
    Desk, EXPIRES_IN_MS, LARGE, SMALL, answer, approval, bank, bank_with, calls, denial, edit,
    large, person, plan, says, spec,
};

/// A desk with one call of that tool.
fn with_call(tool: &str, arguments: &str) -> Desk {
    Desk::answered(Mode::Tools, calls(&[(tool, arguments)]))
}

#[test]
fn new_run_is_written_down_before_the_model_is_asked() {
    let step = Run::start(Timestamp::from_millis(0), spec(Mode::Tools));
    assert!(matches!(&step.effects[..], [Effect::Append(_), Effect::CallModel { turn: 0 }]));
}

#[test]
fn answer_in_words_completes_the_run() {
    let mut desk = Desk::open(Mode::Tools);
    let effects = desk.answer(says("You have 1,000."));
    assert_eq!(effects, [Effect::Notify(Notice::Ended(Status::Completed))]);
    assert_eq!(desk.run.turns().last().unwrap().text, "You have 1,000.");
}

#[test]
fn safe_call_runs_without_a_person() {
    let mut desk = Desk::open(Mode::Tools);
    let effects = desk.answer(calls(&[("check_balance", "")]));
    assert_eq!(effects, [Effect::StartTool { call: desk.call(0) }]);
    desk.start(0);
    assert_eq!(desk.succeed(0), [Effect::CallModel { turn: 1 }]);
    assert_eq!(desk.told(), [json!({ "done": 0 })]);
}

#[test]
fn transfer_above_the_limit_is_held_in_both_modes() {
    let lie = plan(&[("transfer", large(), false)]);
    for (mode, response) in [(Mode::Tools, calls(&[("transfer", LARGE)])), (Mode::Plan, lie)] {
        let mut desk = Desk::open(mode);
        let effects = desk.answer(response);
        assert_eq!(effects, [Effect::RequestApproval { call: desk.call(0) }], "{mode:?}");
        assert_eq!(desk.refuse(Input::ToolStarted { call: desk.call(0) }), Rejection::Stale);
        desk.is(Status::AwaitingApproval);
    }
}

#[test]
fn transfer_below_the_limit_runs_in_both_modes() {
    let small = json!({ "amount": 50, "recipient": "Alice" });
    let planned = plan(&[("transfer", small.clone(), false)]);
    for (mode, response) in [(Mode::Tools, calls(&[("transfer", SMALL)])), (Mode::Plan, planned)] {
        let mut desk = Desk::answered(mode, response);
        let (attempt, arguments, _) = desk.start(0);
        assert_eq!((attempt, &arguments), (1, &small), "{mode:?}");
    }
}

#[test]
fn approved_call_is_started_once_and_with_what_was_shown() {
    let mut desk = with_call("transfer", LARGE);
    let effects = desk.decide(0, approval());
    assert_eq!(effects, [Effect::StartTool { call: desk.call(0) }]);
    let (attempt, arguments, _) = desk.start(0);
    assert_eq!((attempt, arguments), (1, large()));
    assert_eq!(desk.refuse(Input::ToolStarted { call: desk.call(0) }), Rejection::Stale);
}

#[test]
fn record_of_the_start_comes_before_the_call() {
    let mut desk = with_call("transfer", LARGE);
    desk.decide(0, approval());
    let input = Input::ToolStarted { call: desk.call(0) };
    let step = desk.run.step(Timestamp::from_millis(desk.now), input, &desk.tools);
    assert!(matches!(&step.effects[..], [Effect::Append(_), Effect::CallTool { .. }]));
}

#[test]
fn safe_call_runs_while_another_waits_for_a_person() {
    let response = calls(&[("transfer", LARGE), ("deposit", r#"{"amount":5}"#)]);
    let mut desk = Desk::open(Mode::Tools);
    let effects = desk.answer(response);
    let [held, safe] = [0, 1].map(|index| desk.call(index));
    assert_eq!(effects, [Effect::RequestApproval { call: held }, Effect::StartTool { call: safe }]);
    desk.start(1);
    assert_eq!(desk.succeed(1), [], "the next turn waits for the person");
    desk.is(Status::AwaitingApproval);
}

#[test]
fn every_call_is_answered_before_the_next_turn() {
    let response = calls(&[("transfer", LARGE), ("check_balance", "{}"), ("transfer", SMALL)]);
    let mut desk = Desk::answered(Mode::Tools, response);
    for index in [2, 1] {
        desk.start(index);
        assert_eq!(desk.succeed(index), []);
    }
    assert_eq!(desk.decide(0, denial("no")), [Effect::CallModel { turn: 1 }]);
    let answered: Vec<_> = desk
        .run
        .messages()
        .into_iter()
        .filter_map(|message| match message {
            Message::Result { call, .. } => Some(call),
            _ => None,
        })
        .collect();
    assert_eq!(answered, ["call_0", "call_1", "call_2"]);
}

#[test]
fn denied_call_is_never_started_and_the_model_reads_why() {
    let mut desk = with_call("transfer", LARGE);
    let [yes, no] = [approval(), denial("wrong account")].map(|d| desk.decision(0, d));
    let start = Input::ToolStarted { call: desk.call(0) };
    desk.accept(no);
    assert_eq!(desk.refuse(yes), Rejection::Stale);
    assert_eq!(desk.refuse(start), Rejection::Stale);
    assert_eq!(desk.told()[0]["status"], "denied");
    assert_eq!(desk.told()[0]["reason"], "wrong account");
}

#[test]
fn first_decision_wins() {
    let mut desk = with_call("transfer", LARGE);
    let [yes, no] = [approval(), denial("no")].map(|decision| desk.decision(0, decision));
    desk.accept(yes.clone());
    assert_eq!(desk.refuse(yes), Rejection::DecidedAlready);
    assert_eq!(desk.refuse(no.clone()), Rejection::DecidedAlready);
    desk.start(0);
    desk.succeed(0);
    desk.answer(says("Sent."));
    assert_eq!(desk.refuse(no), Rejection::DecidedAlready);
}

#[test]
fn decision_about_another_card_is_refused() {
    let mut desk = with_call("transfer", LARGE);
    let (call, by) = (desk.call(0), person());
    let digest = digest_text("another card");
    let input = Input::Decided { call, decision: approval(), digest, by };
    assert_eq!(desk.refuse(input), Rejection::DigestMismatch);
    let input = Input::Decided {
        call: CallId::new("no such call"),
        decision: approval(),
        digest: desk.slot(0).action.digest,
        by: person(),
    };
    assert_eq!(desk.refuse(input), Rejection::UnknownCall);
}

#[test]
fn decision_after_the_deadline_is_refused() {
    let mut desk = with_call("transfer", LARGE);
    desk.now += EXPIRES_IN_MS;
    assert_eq!(desk.refuse(desk.decision(0, approval())), Rejection::Expired);
    assert_eq!(desk.refuse(desk.decision(0, denial("no"))), Rejection::Expired);
}

#[test]
fn expired_call_is_never_started_and_is_not_told_as_a_no() {
    let mut desk = with_call("transfer", LARGE);
    let expired = Input::Expired { call: desk.call(0) };
    assert_eq!(desk.refuse(expired.clone()), Rejection::NotExpired);
    desk.now += EXPIRES_IN_MS;
    desk.accept(expired);
    assert_eq!(*desk.outcome(0), Outcome::Expired);
    assert_eq!(desk.told()[0]["status"], "expired");
    assert_eq!(desk.refuse(Input::ToolStarted { call: desk.call(0) }), Rejection::Stale);
}

#[test]
fn changed_arguments_run_under_a_key_of_their_own_and_the_model_is_told() {
    let mut kept = with_call("transfer", LARGE);
    let mut changed = kept.clone();
    kept.decide(0, approval());
    let arguments = json!({ "amount": 300, "recipient": "Alice" });
    changed.decide(0, edit(arguments.clone()));
    let (_, _, kept_key) = kept.start(0);
    let (_, ran, changed_key) = changed.start(0);
    assert_eq!(ran, arguments);
    assert_ne!(kept_key, changed_key);
    changed.succeed(0);
    assert_eq!(changed.told()[0]["changed_by_person_to"], arguments);
    assert_eq!(changed.told()[0]["result"], json!({ "done": 0 }));
    assert_eq!(changed.slot(0).action.arguments, large(), "what was proposed is kept");
}

#[test]
fn changed_arguments_are_checked_like_those_of_the_model() {
    let mut desk = with_call("transfer", LARGE);
    let invalid = edit(json!({ "amount": "all of it", "recipient": "Alice" }));
    let refusal = desk.refuse(desk.decision(0, invalid));
    assert!(matches!(refusal, Rejection::InvalidArguments(_)), "{refusal:?}");
    let forbidden = edit(json!({ "amount": 5, "recipient": "Mallory" }));
    let refusal = desk.refuse(desk.decision(0, forbidden));
    assert_eq!(refusal, Rejection::Forbidden("this recipient is blocked".to_owned()));
    desk.is(Status::AwaitingApproval);
}

#[test]
fn decision_is_taken_while_the_tool_is_missing_and_the_call_waits() {
    let mut desk = with_call("transfer", LARGE);
    desk.tools.unregister("transfer");
    desk.decide(0, approval());
    let start = Input::ToolStarted { call: desk.call(0) };
    assert_eq!(desk.refuse(start), Rejection::ToolMissing("transfer".to_owned()));
    desk.tools = bank();
    desk.start(0);
}

#[test]
fn call_whose_tool_was_changed_is_neither_approved_nor_started() {
    let changed = bank_with("transfer", |tool| tool["approval"] = json!("always"));
    let refusal = Rejection::ToolChanged("transfer".to_owned());
    let mut desk = with_call("transfer", LARGE);
    let mut approved = desk.clone();
    approved.decide(0, approval());
    [desk.tools, approved.tools] = [changed.clone(), changed];
    assert_eq!(desk.refuse(desk.decision(0, approval())), refusal);
    assert_eq!(approved.refuse(Input::ToolStarted { call: approved.call(0) }), refusal);
    desk.decide(0, denial("the tool was changed"));
}

#[test]
fn call_that_was_free_is_not_started_once_its_tool_is_no_longer_read_only() {
    let mut desk = with_call("check_balance", "");
    desk.tools = bank_with("check_balance", |tool| tool["annotations"] = json!({}));
    let start = Input::ToolStarted { call: desk.call(0) };
    assert_eq!(desk.refuse(start), Rejection::ToolChanged("check_balance".to_owned()));
}

#[test]
fn keys_of_equal_calls_differ() {
    let mut desk = Desk::answered(Mode::Tools, calls(&[("transfer", SMALL), ("transfer", SMALL)]));
    let ((_, _, first), (_, _, second)) = (desk.start(0), desk.start(1));
    assert_ne!(first, second);
}

#[test]
fn interrupted_turn_of_the_model_is_asked_for_again() {
    let mut desk = Desk::open(Mode::Tools);
    desk.resume();
    assert_eq!(desk.run.outstanding(), [Effect::CallModel { turn: 0 }]);
    assert_eq!(desk.run.head().epoch, 1);
}

#[test]
fn answer_to_another_turn_is_refused() {
    let mut desk = with_call("check_balance", "");
    let late = |turn| Input::ModelResponded {
        turn,
        response: says("late"),
        notes: Vec::new(),
        left_out: 0,
        grants: Vec::new(),
    };
    assert_eq!(desk.refuse(late(0)), Rejection::Stale);
    desk.start(0);
    desk.succeed(0);
    assert_eq!(desk.refuse(late(0)), Rejection::Stale);
    assert_eq!(desk.refuse(late(2)), Rejection::Stale);
}

#[test]
fn answer_that_was_cut_short_is_not_acted_upon() {
    let failed = Finish::Failed { code: "overloaded".to_owned(), message: "busy".to_owned() };
    for (finish, code) in [
        (Finish::Incomplete("max_output_tokens".to_owned()), "model_incomplete"),
        (failed, "model_failed"),
    ] {
        let mut desk = Desk::open(Mode::Tools);
        let response = calls(&[("check_balance", "{}"), ("transfer", SMALL)]);
        let effects = desk.answer(holdpoint_core::message::ModelResponse { finish, ..response });
        assert_eq!(effects, [Effect::Notify(Notice::Ended(Status::Failed))]);
        assert_eq!(desk.failure(), code);
    }
}

#[test]
fn refusal_is_the_answer_and_its_calls_do_not_run() {
    let mut desk = Desk::open(Mode::Tools);
    let call = calls(&[("transfer", SMALL)]).items.remove(0).part;
    desk.answer(answer([call, Part::Refusal("I will not.".to_owned())]));
    desk.is(Status::Completed);
    assert_eq!(desk.run.turns().last().unwrap().text, "I will not.");
}

#[test]
fn run_fails_when_it_takes_more_turns_than_it_may() {
    let limits = Limits { turns_max: 2, ..Limits::default() };
    let mut desk = Desk::open_with(Spec { limits, ..spec(Mode::Tools) }, bank());
    for _ in 0..2 {
        desk.answer(calls(&[("check_balance", "")]));
        desk.start(0);
        desk.succeed(0);
    }
    assert_eq!(desk.failure(), "turns_exceeded");
}

#[test]
fn result_that_is_too_large_is_cut_and_says_so() {
    let limits = Limits { result_bytes_max: 9, ..Limits::default() };
    let mut desk = Desk::open_with(Spec { limits, ..spec(Mode::Tools) }, bank());
    desk.answer(calls(&[("check_balance", "")]));
    desk.start(0);
    desk.finish(0, ToolOutcome::Succeeded(json!("ää é – ääää")));
    let told = &desk.told()[0];
    assert!(told["cut"].is_string());
    assert_eq!((&told["bytes"], &told["beginning"]), (&json!(22), &json!("\"ää é ")));
}

#[test]
fn result_that_is_too_deep_to_be_read_again_is_cut() {
    let mut desk = with_call("check_balance", "");
    desk.start(0);
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    desk.finish(0, ToolOutcome::Succeeded(deep));
    assert!(desk.told()[0]["cut"].is_string());
}

#[test]
fn answer_that_could_not_be_read_again_is_not_written() {
    let mut desk = Desk::open(Mode::Tools);
    let mut response = says("Done.");
    response.items[0].raw = Some((0..200).fold(json!(1), |inner, _| json!([inner])));
    let input = Input::ModelResponded {
        turn: 0,
        response,
        notes: Vec::new(),
        left_out: 0,
        grants: Vec::new(),
    };
    assert_eq!(desk.refuse(input), Rejection::Misfit);
}

#[test]
fn number_that_a_double_cannot_hold_is_the_same_after_a_reload() {
    let mut desk = with_call("check_balance", "");
    desk.start(0);
    desk.finish(0, ToolOutcome::Succeeded(json!(9_007_199_254_740_993_u64)));
    assert_eq!(desk.told(), [json!(9_007_199_254_740_992_u64)]);
}

#[test]
fn tokens_of_all_turns_are_counted() {
    let mut desk = Desk::open(Mode::Tools);
    for _ in 0..2 {
        let mut response = calls(&[("check_balance", "")]);
        response.usage =
            Some(holdpoint_core::message::Usage { input: u64::MAX / 3 * 2, output: 7 });
        desk.answer(response);
        desk.start(0);
        desk.succeed(0);
    }
    assert_eq!((desk.run.usage().input, desk.run.usage().output), (u64::MAX, 14));
}
