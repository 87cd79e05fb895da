//! Runs that are interrupted, stopped, or taken over: what is in doubt, and the ways out.

use holdpoint_core::approval::Settlement;
use holdpoint_core::message::{Finish, Message, ModelResponse};
use holdpoint_core::run::{
    Effect, Input, Limits, Mode, Notice, Outcome, Progress, Rejection, Spec, Status, ToolOutcome,
};
use serde_json::json;

use super::support::{Desk, LARGE, SMALL, approval, bank, calls, edit, person, says, spec};
use super::with_call;

/// A desk with a large transfer that was approved and started.
fn with_transfer_under_way() -> Desk {
    let mut desk = with_call("transfer", LARGE);
    desk.decide(0, approval());
    desk.start(0);
    desk
}

/// A desk with a large transfer of which nobody knows whether it happened.
fn with_transfer_in_doubt() -> Desk {
    let mut desk = with_transfer_under_way();
    desk.resume();
    desk.is(Status::InDoubt);
    desk
}

#[test]
fn call_under_way_is_in_doubt_after_a_reload_and_not_started_again() {
    let mut desk = with_transfer_under_way();
    assert_eq!(desk.resume(), [Effect::RequestSettlement { call: desk.call(0) }]);
    assert_eq!(desk.refuse(Input::ToolStarted { call: desk.call(0) }), Rejection::Stale);
    desk.resume();
    desk.is(Status::InDoubt);
}

#[test]
fn tool_that_does_not_come_back_in_time_leaves_a_doubt() {
    let mut desk = with_transfer_under_way();
    desk.finish(0, ToolOutcome::Unknown("no answer in time".to_owned()));
    desk.is(Status::InDoubt);
}

#[test]
fn doubt_ends_with_what_the_person_says() {
    let happened = Settlement::Happened { result: None };
    let known = Settlement::Happened { result: Some(json!({ "balance": 450 })) };
    for (settlement, status) in
        [(happened, "succeeded"), (known.clone(), "450"), (Settlement::DidNotHappen, "failed")]
    {
        let mut desk = with_transfer_in_doubt();
        assert_eq!(desk.settle(0, settlement.clone()), [Effect::CallModel { turn: 1 }]);
        assert!(desk.told()[0].to_string().contains(status), "{settlement:?}");
    }
    let mut desk = with_transfer_under_way();
    assert_eq!(desk.refuse(desk.settlement(0, known)), Rejection::Stale, "there is no doubt yet");
}

#[test]
fn doubt_ends_when_the_tool_comes_back_late() {
    let mut desk = with_transfer_in_doubt();
    let unknown = desk.finished(0, ToolOutcome::Unknown("?".to_owned()));
    assert_eq!(desk.refuse(unknown), Rejection::Stale);
    desk.succeed(0);
    assert_eq!(*desk.outcome(0), Outcome::Succeeded(json!({ "done": 0 })));
}

#[test]
fn second_attempt_is_a_new_approval_with_the_same_key() {
    let mut desk = with_call("transfer", LARGE);
    let arguments = json!({ "amount": 300, "recipient": "Alice" });
    desk.decide(0, edit(arguments.clone()));
    let (_, _, first) = desk.start(0);
    let late = desk.finished(0, ToolOutcome::Succeeded(json!("late")));
    desk.resume();
    assert_eq!(desk.settle(0, Settlement::TryAgain), [Effect::StartTool { call: desk.call(0) }]);
    assert_eq!(desk.start(0), (2, arguments, first));
    assert_eq!(desk.refuse(late), Rejection::Stale, "it is of another attempt");
    desk.resume();
    desk.is(Status::InDoubt);
}

#[test]
fn interrupted_call_of_an_idempotent_tool_is_repeated_with_the_same_key() {
    let mut desk = with_call("pay_bill", r#"{"bill":"power"}"#);
    desk.decide(0, approval());
    let (_, arguments, key) = desk.start(0);
    assert_eq!(desk.resume(), [Effect::StartTool { call: desk.call(0) }]);
    assert_eq!(desk.start(0), (2, arguments, key));
}

#[test]
fn interrupted_look_up_is_made_again() {
    let mut desk = with_call("check_balance", "");
    desk.start(0);
    assert_eq!(desk.resume(), [Effect::StartTool { call: desk.call(0) }]);
    desk.start(0);
    desk.finish(0, ToolOutcome::Unknown("no answer in time".to_owned()));
    assert_eq!(*desk.outcome(0), Outcome::Failed("no answer in time".to_owned()));
}

#[test]
fn cancelled_call_is_never_started() {
    let mut desk =
        Desk::answered(Mode::Tools, calls(&[("transfer", LARGE), ("check_balance", "")]));
    assert_eq!(desk.cancel(), [Effect::Notify(Notice::Ended(Status::Cancelled))]);
    for index in [0, 1] {
        assert_eq!(*desk.outcome(index), Outcome::Cancelled);
        assert_eq!(desk.refuse(Input::ToolStarted { call: desk.call(index) }), Rejection::Stale);
    }
    assert_eq!(desk.refuse(desk.decision(0, approval())), Rejection::DecidedAlready);
    assert_eq!(desk.refuse(Input::Cancelled { by: person() }), Rejection::Stale);
}

#[test]
fn cancelled_run_waits_for_what_is_under_way() {
    let mut desk = with_transfer_under_way();
    assert_eq!(desk.cancel(), []);
    desk.is(Status::AwaitingTools);
    assert_eq!(desk.succeed(0), [Effect::Notify(Notice::Ended(Status::Cancelled))]);
    assert_eq!(*desk.outcome(0), Outcome::Succeeded(json!({ "done": 0 })));
}

#[test]
fn nothing_is_tried_again_in_a_cancelled_run() {
    let mut desk = with_transfer_in_doubt();
    desk.cancel();
    desk.is(Status::InDoubt);
    assert_eq!(desk.refuse(desk.settlement(0, Settlement::TryAgain)), Rejection::Stale);
    desk.settle(0, Settlement::DidNotHappen);
    desk.is(Status::Cancelled);
}

#[test]
fn call_that_was_to_be_repeated_is_in_doubt_once_the_run_is_cancelled() {
    let mut desk = with_transfer_in_doubt();
    desk.settle(0, Settlement::TryAgain);
    assert_eq!(desk.cancel(), [Effect::RequestSettlement { call: desk.call(0) }]);
    let Progress::InDoubt { key, .. } = &desk.slot(0).progress else { panic!() };
    assert_eq!(*key, desk.slot(0).key(desk.run.id()));
    desk.settle(0, Settlement::Happened { result: None });
    assert!(matches!(desk.outcome(0), Outcome::Confirmed(_)));
}

#[test]
fn look_up_is_not_in_doubt_in_a_cancelled_run() {
    let mut desk = with_call("check_balance", "");
    desk.start(0);
    desk.cancel();
    assert_eq!(desk.resume(), [Effect::Notify(Notice::Ended(Status::Cancelled))]);
    assert!(matches!(desk.outcome(0), Outcome::Failed(_)));
}

#[test]
fn break_of_the_provider_is_no_end_and_the_model_is_asked_again() {
    for mode in [Mode::Tools, Mode::Plan] {
        let mut desk = Desk::open(mode);
        let paused = || ModelResponse { finish: Finish::Paused, ..says("One moment.") };
        assert_eq!(desk.answer(paused()), [Effect::CallModel { turn: 1 }]);
        let (request, _) = desk.run.request(&[], &desk.tools);
        assert!(matches!(request.messages.last(), Some(Message::Assistant(_))), "{mode:?}");
        assert_eq!(request.format.is_some(), mode == Mode::Plan);
        let shown = if mode == Mode::Tools { "One moment." } else { "" };
        assert_eq!(desk.run.turns().next().unwrap().text, shown);
    }
    let limits = Limits { turns_max: 1, ..Limits::default() };
    let mut desk = Desk::open_with(Spec { limits, ..spec(Mode::Tools) }, bank());
    desk.answer(ModelResponse { finish: Finish::Paused, ..says("One moment.") });
    assert_eq!(desk.failure(), "turns_exceeded");
}

#[test]
fn call_beside_a_break_of_the_provider_is_not_run_and_is_answered() {
    let mut desk = Desk::open(Mode::Tools);
    let call = calls(&[("check_balance", "{}")]);
    let effects = desk.answer(ModelResponse { finish: Finish::Paused, ..call });
    assert_eq!(effects, [Effect::CallModel { turn: 1 }]);
    assert_eq!(desk.told(), [json!("not run")]);
}

#[test]
fn call_in_place_of_a_plan_is_answered_in_what_the_model_reads_later() {
    let mut desk = Desk::open(Mode::Plan);
    desk.answer(calls(&[("check_balance", "{}")]));
    assert_eq!(desk.failure(), "model_unexpected_call");
    assert_eq!(desk.told(), [json!("not run")]);
}

#[test]
fn run_that_was_handed_over_goes_on_with_its_keeper_alone() {
    let mut desk = Desk::answered(Mode::Tools, calls(&[("transfer", LARGE)]));
    let hand_over = Input::HandedOver { to: "worker".to_owned(), by: person() };
    desk.accept(hand_over.clone());
    assert_eq!(desk.run.keeper(), Some("worker"));
    let decided = |desk: &Desk| Input::Decided {
        call: desk.call(0),
        decision: approval(),
        digest: desk.slot(0).action.digest,
        by: person(),
    };
    for input in [decided(&desk), Input::Resumed, Input::Cancelled { by: person() }] {
        assert_eq!(desk.refuse(input), Rejection::HandedOver);
    }
    desk.keep_by("another worker");
    assert_eq!(desk.refuse(decided(&desk)), Rejection::HandedOver);
    desk.keep_by("worker");
    assert_eq!(desk.refuse(hand_over), Rejection::Stale);
    desk.accept(decided(&desk));
}

#[test]
fn run_with_a_call_that_may_run_or_is_under_way_is_not_handed_over() {
    let mut desk = Desk::answered(Mode::Tools, calls(&[("transfer", SMALL)]));
    let hand_over = Input::HandedOver { to: "worker".to_owned(), by: person() };
    assert_eq!(desk.refuse(hand_over.clone()), Rejection::Busy);
    desk.start(0);
    assert_eq!(desk.refuse(hand_over.clone()), Rejection::Busy);
    desk.accept(Input::Resumed);
    assert_eq!(desk.refuse(hand_over.clone()), Rejection::Busy);
    desk.accept(Input::Cancelled { by: person() });
    assert_eq!(desk.refuse(hand_over), Rejection::Busy);
}
