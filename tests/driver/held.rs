//! What time, the page and second thoughts make of a call that a person is asked about.

use holdpoint::driver::DriveError;
use holdpoint::driver::ports::{Grants as _, StoreError};
use holdpoint_core::approval::Decision;
use holdpoint_core::grant::Grant;
use holdpoint_core::id::{RunId, Timestamp};
use holdpoint_core::run::{Outcome, Progress, Rejection, Status};
use serde_json::{Value, json};

use super::held;
use super::support::{Office, Tab, approve, by, call, says};

fn rule(more: Value) -> Value {
    let mut rule = json!({
        "id": "above-100",
        "when": { "properties": { "amount": { "exclusiveMinimum": 100 } } },
        "because": "transfers above 100 need a person",
    });
    for (field, value) in more.as_object().into_iter().flatten() {
        rule[field] = value.clone();
    }
    json!({ "approval": [rule] })
}

fn asked<'a>(office: &'a Office) -> (Tab<'a>, RunId) {
    let tab = office.tab();
    let run = tab.ask("transfer 500 to Alice");
    assert_eq!(tab.status(&run), Status::AwaitingApproval);
    (tab, run)
}

fn progress(tab: &Tab<'_>, run: &RunId) -> Progress {
    let state = tab.driver.run(run).expect("a run");
    let (_, slot) = state.find(&tab.call(run)).expect("a call");
    slot.progress.clone()
}

#[test]
fn call_that_nobody_decides_about_expires_by_itself() {
    let office = held(says("nobody was there"));
    office.bank.changes(rule(json!({ "expiresIn": 60_000 })));
    let (tab, run) = asked(&office);
    office.pass(61_000);
    assert_eq!(tab.outcome(&run), Some(Outcome::Expired));
    assert_eq!(office.bank.effects(), 0);
}

#[test]
fn extension_holds_off_the_end_and_a_second_end_comes() {
    let office = held(says("nobody was there"));
    office.bank.changes(rule(json!({ "expiresIn": 60_000 })));
    let (tab, run) = asked(&office);
    office.pass(50_000);
    office.run(tab.driver.extend(&tab.call(&run), by())).expect("more time");
    office.pass(30_000);
    assert_eq!(tab.outcome(&run), None);
    office.pass(60_000);
    assert_eq!(tab.outcome(&run), Some(Outcome::Expired));
}

#[test]
fn lapsed_call_is_asked_for_anew_and_lapses_again() {
    let office = held(says("done"));
    office.bank.changes(rule(json!({ "expiresIn": 60_000, "onExpiry": "ask-again" })));
    let (tab, run) = asked(&office);
    for _ in 0..2 {
        office.pass(61_000);
        assert!(matches!(progress(&tab, &run), Progress::Held { lapsed: true, .. }));
        assert_eq!(tab.decide(&run, approve()), Err(Rejection::Expired.into()));
        office.run(tab.driver.extend(&tab.call(&run), by())).expect("asked anew");
    }
    tab.decide(&run, approve()).expect("an approval in time");
    assert_eq!(office.bank.effects(), 1);
}

#[test]
fn expiry_is_watched_by_whoever_takes_the_run_over() {
    let office = held(says("nobody was there"));
    office.bank.changes(rule(json!({ "expiresIn": 60_000 })));
    let (tab, run) = asked(&office);
    let other = office.tab();
    tab.close();
    office.pass(61_000);
    assert_eq!(other.outcome(&run), Some(Outcome::Expired));
}

#[test]
fn approved_call_begins_after_the_time_to_take_it_back() {
    let office = held(says("done"));
    office.bank.changes(json!({ "undoable": { "windowMs": 8_000 } }));
    let (tab, run) = asked(&office);
    tab.decide(&run, approve()).expect("an approval");
    office.pass(7_000);
    assert_eq!(office.bank.effects(), 0);
    // A reload in between starts it neither sooner nor twice.
    tab.close();
    let tab = office.tab();
    assert_eq!(office.bank.effects(), 0);
    office.pass(2_000);
    assert_eq!(office.bank.effects(), 1);
    assert_eq!(tab.status(&run), Status::Completed);
}

#[test]
fn approval_taken_back_in_another_tab_starts_nothing() {
    let office = held(says("fine"));
    office.bank.changes(json!({ "undoable": { "windowMs": 8_000 } }));
    let (tab, run) = asked(&office);
    let other = office.tab();
    tab.decide(&run, approve()).expect("an approval");
    other.refresh(&run);
    office.run(other.driver.take_back(&other.call(&run), by())).expect("taken back");
    office.pass(20_000);
    tab.refresh(&run);
    assert_eq!(office.bank.effects(), 0);
    assert_eq!(tab.status(&run), Status::AwaitingApproval);
    tab.decide(&run, Decision::Deny { reason: None }).expect("a denial");
    assert_eq!(office.bank.effects(), 0);
}

#[test]
fn click_on_what_is_not_so_any_more_starts_nothing_and_shows_what_changed() {
    let office = held(says("done"));
    office.bank.tells(Ok(json!({ "balance": 1_000 })));
    let (tab, run) = asked(&office);
    office.bank.tells(Ok(json!({ "balance": 450 })));
    assert_eq!(tab.decide(&run, approve()), Err(DriveError::ChangedSince));
    assert_eq!(office.bank.effects(), 0);
    let state = tab.driver.run(&run).expect("a run");
    let (_, slot) = state.find(&tab.call(&run)).expect("a call");
    assert_eq!(slot.action.precondition, Some(json!({ "balance": 450 })));
    let was = slot.was.as_ref().expect("what was shown");
    assert_eq!(was.precondition, Some(json!({ "balance": 1_000 })));
    tab.decide(&run, approve()).expect("an approval of what is so");
    assert_eq!(office.bank.effects(), 1);
}

#[test]
fn state_that_cannot_be_told_at_the_click_starts_nothing() {
    let office = held(says("done"));
    office.bank.tells(Ok(json!(1)));
    let (tab, run) = asked(&office);
    office.bank.tells(Err("the bank is closed".into()));
    let failed = DriveError::CheckFailed("the bank is closed".into());
    assert_eq!(tab.decide(&run, approve()), Err(failed));
    tab.decide(&run, Decision::Deny { reason: None }).expect("a no needs no state");
    assert_eq!(office.bank.effects(), 0);
}

#[test]
fn call_whose_tool_changed_is_asked_about_anew() {
    let office = held(says("done"));
    let (tab, run) = asked(&office);
    let before = tab.driver.run(&run).expect("a run");
    let old = before.find(&tab.call(&run)).expect("a call").1.action.clone();
    office.bank.changes(json!({ "annotations": { "destructiveHint": true } }));
    tab.driver.tools_changed();
    office.settle_down();
    let state = tab.driver.run(&run).expect("a run");
    let (_, slot) = state.find(&tab.call(&run)).expect("a call");
    assert_ne!(slot.action.digest, old.digest);
    assert_eq!(slot.was.as_ref().and_then(|was| was.schema.clone()), old.schema);
    assert!(old.schema.is_some(), "what the difference is shown against");
    tab.decide(&run, approve()).expect("an approval");
    assert_eq!(office.bank.effects(), 1);
}

#[test]
fn remembered_rule_answers_until_it_is_revoked() {
    let arguments = r#"{"amount":500,"recipient":"Alice"}"#;
    let transfer = || call("transfer", arguments);
    let office = Office::new([transfer(), says("ok"), transfer(), says("ok"), transfer()]);
    let (tab, run) = asked(&office);
    let state = tab.driver.run(&run).expect("a run");
    let action = &state.find(&tab.call(&run)).expect("a call").1.action;
    let grant = Grant {
        id: "g1".into(),
        tool: action.tool.clone(),
        tool_digest: action.tool_digest,
        bounds: Grant::propose(action).expect("a rule"),
        because: "transfers up to 500 to Alice".into(),
        until: None,
        by: by(),
        at: Timestamp::from_millis(0),
    };
    office.grants.save(&grant).expect("kept");
    tab.decide(&run, approve()).expect("an approval");
    let second = tab.ask("and again");
    assert_eq!(tab.status(&second), Status::Completed);
    assert_eq!(office.bank.effects(), 2);
    office.grants.revoke("g1").expect("revoked");
    let third = tab.ask("and again");
    assert_eq!(tab.status(&third), Status::AwaitingApproval);
}

#[test]
fn view_that_cannot_be_saved_says_so_and_one_recorded_before_is_refused() {
    let office = held(says("done"));
    let (tab, run) = asked(&office);
    let call = tab.call(&run);
    let state = tab.driver.run(&run).expect("a run");
    let digest = state.find(&call).expect("a call").1.action.digest;
    office.store.fail_with(Some(StoreError::Full));
    assert_eq!(office.run(tab.driver.viewed(&call, digest, by())), Err(StoreError::Full.into()));
    office.store.fail_with(None);
    office.run(tab.driver.viewed(&call, digest, by())).expect("recorded");
    let again = office.run(tab.driver.viewed(&call, digest, by()));
    assert_eq!(again, Err(Rejection::Stale.into()));
}

#[test]
fn run_that_was_handed_over_does_nothing_in_any_tab_and_after_no_reload() {
    let office = held(says("never asked for"));
    let (tab, run) = asked(&office);
    let other = office.tab();
    office.run(tab.driver.hand_over(&run, "worker".to_owned(), by())).expect("handed over");
    other.refresh(&run);
    let refused = Err(DriveError::Rejected(Rejection::HandedOver));
    assert_eq!(tab.decide(&run, approve()), refused);
    assert_eq!(other.decide(&run, approve()), refused);
    assert_eq!(office.run(other.driver.cancel(&run, by())), refused);
    let entries = tab.driver.run(&run).map(|run| run.head().len);
    tab.close();
    other.close();
    // Nobody takes it up again, and no time that runs out is written by anyone here.
    let tab = office.tab();
    office.pass(30 * 24 * 60 * 60 * 1000);
    assert_eq!(tab.driver.run(&run).map(|run| run.head().len), entries);
    assert_eq!(office.bank.effects(), 0);
}
