//! The driver between a scripted model, a bank that counts, and a store that can fail.
#![cfg(not(target_arch = "wasm32"))]

mod away;
mod held;
mod listing;
mod retries;
mod silence;
mod support;

use holdpoint::driver::DriveError;
use holdpoint::driver::ports::{Retry, StoreError, TroubleKind, Verified};
use holdpoint_core::approval::{Decision, Settlement};
use holdpoint_core::message::Message;
use holdpoint_core::run::{Limits, Outcome, Rejection, Status};
use support::{Bank, Office, approve, by, call, says};

#[test]
fn allowed_call_runs_through() {
    let office =
        Office::new([call("transfer", r#"{"amount":50,"recipient":"Alice"}"#), says("done")]);
    let tab = office.tab();
    let run = tab.ask("transfer 50 to Alice");
    assert_eq!(tab.status(&run), Status::Completed);
    assert_eq!(office.bank.effects(), 1);
}

#[test]
fn held_call_is_executed_once_after_a_reload() {
    let office = held(says("done"));
    let tab = office.tab();
    let run = tab.ask("transfer 500 to Alice");
    assert_eq!(tab.status(&run), Status::AwaitingApproval);
    tab.close();

    let tab = office.tab();
    assert_eq!(office.bank.effects(), 0);
    tab.decide(&run, approve()).expect("an approval");
    assert_eq!(tab.status(&run), Status::Completed);
    assert_eq!(office.bank.effects(), 1);
}

#[test]
fn denied_call_is_never_executed() {
    let office = held(says("as you like"));
    let tab = office.tab();
    let run = tab.ask("transfer 500 to Alice");
    tab.decide(&run, Decision::Deny { reason: Some("too much".into()) }).expect("a denial");
    assert_eq!(tab.status(&run), Status::Completed);
    assert_eq!(office.bank.effects(), 0);
}

#[test]
fn approvals_in_two_tabs_have_one_effect() {
    let office = held(says("done"));
    let (one, other) = (office.tab(), office.tab());
    let run = one.ask("transfer 500 to Alice");
    other.refresh(&run);
    let outcomes = office.at_once(one.deciding(&run, approve()), other.deciding(&run, approve()));
    assert!(outcomes.0.is_ok() != outcomes.1.is_ok(), "one wins: {outcomes:?}");
    assert_eq!(office.bank.effects(), 1);
}

#[test]
fn holder_that_loses_the_race_goes_on_with_the_winners_decision() {
    let office = held(says("done"));
    let (one, other) = (office.tab(), office.tab());
    let run = one.ask("transfer 500 to Alice");
    other.refresh(&run);
    other.decide(&run, approve()).expect("an approval");
    let late = one.decide(&run, approve());
    assert_eq!(late, Err(DriveError::Rejected(Rejection::DecidedAlready)));
    assert_eq!(one.status(&run), Status::Completed);
    assert_eq!(office.bank.effects(), 1);
}

#[test]
fn decision_in_a_second_tab_is_executed_by_the_first() {
    let office = held(says("done"));
    let (one, other) = (office.tab(), office.tab());
    let run = one.ask("transfer 500 to Alice");
    other.refresh(&run);
    other.decide(&run, approve()).expect("an approval");
    assert_eq!(office.bank.effects(), 0, "who does not hold the run does not act");
    one.refresh(&run);
    assert_eq!(office.bank.effects(), 1);
    assert_eq!(one.status(&run), Status::Completed);
}

#[test]
fn second_tab_takes_over_when_the_first_is_gone() {
    let office = held(says("done"));
    let one = office.tab();
    let run = one.ask("transfer 500 to Alice");
    let other = office.tab();
    other.decide(&run, approve()).expect("an approval");
    assert_eq!(office.bank.effects(), 0);
    one.close();
    office.settle_down();
    assert_eq!(office.bank.effects(), 1);
    assert_eq!(other.status(&run), Status::Completed);
}

#[test]
fn page_that_dies_in_the_call_leaves_it_in_doubt() {
    let office = held(says("done"));
    office.bank.set(Bank::HANGS);
    let tab = office.tab();
    let run = tab.ask("transfer 500 to Alice");
    tab.decide(&run, approve()).expect("an approval");
    tab.close();

    let tab = office.tab();
    assert_eq!(tab.status(&run), Status::InDoubt);
    assert_eq!(office.bank.effects(), 1, "it is not started again by itself");
    let id = tab.call(&run);
    office
        .run(tab.driver.settle(&id, Settlement::Happened { result: None }, by()))
        .expect("settled");
    assert_eq!(tab.status(&run), Status::Completed);
    assert_eq!(office.bank.effects(), 1);
}

#[test]
fn tool_that_can_tell_settles_a_doubt() {
    let office = held(says("done"));
    office.bank.set(Bank::HANGS);
    let tab = office.tab();
    let run = tab.ask("transfer 500 to Alice");
    tab.decide(&run, approve()).expect("an approval");
    tab.close();
    office.bank.knows(Verified::DidNotHappen);

    let tab = office.tab();
    let id = tab.call(&run);
    office.run(tab.driver.check(&id)).expect("the tool tells");
    assert!(matches!(tab.outcome(&run), Some(Outcome::Failed(_))));
}

#[test]
fn nothing_follows_an_entry_that_was_not_saved() {
    let office = held(says("done"));
    let tab = office.tab();
    let run = tab.ask("transfer 500 to Alice");
    office.store.fail_with(Some(StoreError::Full));
    let refused = tab.decide(&run, approve());
    assert_eq!(refused, Err(DriveError::Store(StoreError::Full)));
    assert_eq!(office.bank.effects(), 0);
    assert_eq!(tab.status(&run), Status::AwaitingApproval, "the card is still there");

    office.store.fail_with(None);
    tab.decide(&run, approve()).expect("the second try");
    assert_eq!(office.bank.effects(), 1);
}

#[test]
fn result_that_could_not_be_saved_is_kept_and_saved_later() {
    let office = held(says("done"));
    let tab = office.tab();
    let run = tab.ask("transfer 500 to Alice");
    // The decision and the start are saved, the result is not.
    office.store.fail_after(2, StoreError::Full);
    tab.decide(&run, approve()).expect("an approval");
    assert_eq!(office.bank.effects(), 1);
    assert_eq!(tab.status(&run), Status::AwaitingTools);
    assert_eq!(tab.trouble(), Some(TroubleKind::Storage));

    office.store.fail_with(None);
    office.run(tab.driver.retry(&run));
    assert_eq!(tab.status(&run), Status::Completed);
    assert_eq!(office.bank.effects(), 1, "the call is not made again");
    assert_eq!(tab.trouble(), None);
}

#[test]
fn arguments_altered_in_the_store_are_refused_at_the_click() {
    let office = held(says("done"));
    let tab = office.tab();
    let run = tab.ask("transfer 500 to Alice");
    office.store.tamper(&run, 1, "500", "900");
    assert_eq!(tab.decide(&run, approve()), Err(DriveError::Store(StoreError::Altered { seq: 1 })));
    assert_eq!(tab.trouble(), Some(TroubleKind::Quarantined));
    assert_eq!(tab.decide(&run, approve()), Err(DriveError::Unreadable), "and it stays so");
    assert_eq!(office.bank.effects(), 0);
}

#[test]
fn arguments_altered_in_the_store_are_refused_after_a_reload() {
    let office = held(says("done"));
    let tab = office.tab();
    let run = tab.ask("transfer 500 to Alice");
    tab.close();
    office.store.tamper(&run, 1, "500", "900");
    let tab = office.tab();
    assert_eq!(tab.trouble(), Some(TroubleKind::Quarantined));
    assert!(tab.driver.run(&run).is_none());
    assert_eq!(office.bank.effects(), 0);
}

#[test]
fn record_that_was_deleted_is_told_of_and_nothing_of_it_runs() {
    let office = held(says("done"));
    let (tab, other) = (office.tab(), office.tab());
    let run = tab.ask("transfer 500 to Alice");
    other.refresh(&run);
    office.store.wipe();
    assert_eq!(tab.decide(&run, approve()), Err(DriveError::Store(StoreError::Cleared)));
    assert_eq!(tab.trouble(), Some(TroubleKind::Cleared));
    assert_eq!(other.trouble(), Some(TroubleKind::Cleared), "it would have taken over");
    assert!(tab.driver.run(&run).is_none());
    assert_eq!(office.bank.effects(), 0);
}

#[test]
fn result_for_a_run_that_a_person_cleared_is_for_nobody() {
    let office = held(says("done"));
    office.bank.set(Bank::HANGS);
    let tab = office.tab();
    let run = tab.ask("transfer 500 to Alice");
    tab.decide(&run, approve()).expect("an approval");
    office.run(tab.driver.clear(None, by())).expect("cleared");
    office.bank.comes_back();
    office.settle_down();
    assert_eq!((tab.trouble(), office.bank.effects()), (None, 1));
    assert!(tab.driver.run(&run).is_none());
}

#[test]
fn interrupted_model_turn_is_asked_again() {
    let office = Office::new([says("hello")]);
    office.model_hangs(true);
    let tab = office.tab();
    let run = tab.ask("who are you?");
    assert_eq!(tab.status(&run), Status::AwaitingModel);
    tab.close();
    office.model_hangs(false);
    let tab = office.tab();
    assert_eq!(tab.status(&run), Status::Completed);
}

#[test]
fn stopped_run_takes_no_decision() {
    let office = held(says("done"));
    let tab = office.tab();
    let run = tab.ask("transfer 500 to Alice");
    office.run(tab.driver.cancel(&run, by())).expect("stopped");
    assert_eq!(tab.status(&run), Status::Cancelled);
    let late = tab.decide(&run, approve());
    assert_eq!(late, Err(DriveError::Rejected(Rejection::DecidedAlready)));
    assert_eq!(office.bank.effects(), 0);
}

#[test]
fn model_that_fails_can_be_asked_again() {
    let office = Office::new([says("hello")]);
    office.model_fails("unauthorized", Retry::Never);
    let tab = office.tab();
    let run = tab.ask("who are you?");
    assert_eq!(tab.trouble(), Some(TroubleKind::Model));
    assert_eq!(tab.status(&run), Status::AwaitingModel, "nothing is lost");
    office.run(tab.driver.retry(&run));
    assert_eq!(tab.status(&run), Status::Completed);
    assert_eq!(tab.trouble(), None);
}

#[test]
fn approved_call_waits_for_its_tool() {
    let office = held(says("done"));
    let tab = office.tab();
    let run = tab.ask("transfer 500 to Alice");
    tab.close();
    office.tools_registered(false);
    let tab = office.tab();
    tab.decide(&run, approve()).expect("an approval");
    assert_eq!(office.bank.effects(), 0);
    assert_eq!(tab.trouble(), Some(TroubleKind::Tool));
    office.tools_registered(true);
    tab.driver.tools_changed();
    office.settle_down();
    assert_eq!(office.bank.effects(), 1);
    assert_eq!(tab.trouble(), None);
}

#[test]
fn conversation_goes_on_after_a_reload_as_far_as_it_fits() {
    let office = Office::new([says("one"), says("two"), says("three"), says("four")]);
    let tab = office.tab();
    tab.ask("first");
    tab.close();
    let tab = office.tab();
    tab.ask("second");
    let [Message::User(first), Message::Assistant(_), Message::User(second)] = &office.told()[..]
    else {
        panic!("{:?}", office.told())
    };
    assert_eq!((first.as_str(), second.as_str()), ("first", "second"));

    let limits = Limits { history_bytes_max: 20, ..Limits::default() };
    let run = tab.ask_within("third", limits);
    let told = office.told();
    let [Message::Notice(_), Message::User(second), Message::Assistant(_), Message::User(_)] =
        &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!(second, "second");
    tab.close();
    let tab = office.tab();
    let run = tab.driver.run(&run).expect("a run");
    let left_out: Vec<u32> = run.turns().map(|turn| turn.left_out).collect();
    assert_eq!(left_out, [1], "the journal says what the model was not told");
}

/// A model that asks for a transfer of 500 first.
fn held(then: support::Answer) -> Office {
    Office::new([call("transfer", r#"{"amount":500,"recipient":"Alice"}"#), then])
}

#[test]
fn runs_before_the_newest_are_read_when_they_are_asked_for() {
    let office = Office::new((0..60).map(|_| says("done")));
    let tab = office.tab();
    // All of them end in one moment by the clock of the office.
    for at in 0..60 {
        tab.ask(&format!("question {at}"));
    }
    assert!(!tab.driver.has_earlier());
    tab.close();

    let tab = office.tab();
    assert_eq!(tab.driver.runs().len(), 50);
    assert!(tab.driver.has_earlier());
    office.run(tab.driver.read_earlier()).expect("a store that lists");
    assert_eq!(tab.driver.runs().len(), 60);
    assert!(!tab.driver.has_earlier());
}
