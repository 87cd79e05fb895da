//! A store that does not answer, or answers late.

use holdpoint::driver::DriveError;
use holdpoint::driver::ports::{PATIENCE_MS, StoreError, TroubleKind};
use holdpoint_core::approval::Decision;
use holdpoint_core::run::{Rejection, Status};

use crate::held;
use crate::support::{Office, Silence, approve, says};

#[test]
fn silence_is_told_and_nothing_follows_until_it_ends() {
    for silence in [Silence::Done, Silence::NotDone] {
        let office = held(says("done"));
        let tab = office.tab();
        let run = tab.ask("transfer 500 to Alice");
        office.store.fall_silent(silence);
        let decided = office.begin(tab.deciding(&run, approve()));
        office.pass(PATIENCE_MS - 1);
        assert_eq!(tab.trouble(), None);
        office.pass(1);
        assert_eq!(tab.trouble(), Some(TroubleKind::Storage));
        assert_eq!((office.bank.effects(), decided.take()), (0, None), "nobody knows yet");

        office.store.answer();
        office.settle_down();
        assert_eq!((decided.take(), tab.trouble()), (Some(Ok(())), None));
        assert_eq!((tab.status(&run), office.bank.effects()), (Status::Completed, 1));
    }
}

#[test]
fn decision_that_was_saved_in_silence_is_not_turned_around() {
    let office = held(says("done"));
    let (one, other) = (office.tab(), office.tab());
    let run = one.ask("transfer 500 to Alice");
    other.refresh(&run);
    office.store.fall_silent(Silence::Done);
    let decided = office.begin(one.deciding(&run, approve()));
    office.pass(PATIENCE_MS);
    // The person has second thoughts, in the same tab and in another.
    let late = office.begin(one.deciding(&run, Decision::Deny { reason: None }));
    let elsewhere = office.begin(other.deciding(&run, Decision::Deny { reason: None }));
    office.store.answer();
    office.settle_down();
    let too_late = Some(Err(DriveError::Rejected(Rejection::DecidedAlready)));
    assert_eq!((decided.take(), late.take()), (Some(Ok(())), too_late.clone()));
    assert_eq!((elsewhere.take(), office.bank.effects()), (too_late, 1));
}

#[test]
fn decision_that_lands_too_late_changes_nothing() {
    let office = held(says("as you like"));
    let (one, other) = (office.tab(), office.tab());
    let run = one.ask("transfer 500 to Alice");
    other.refresh(&run);
    office.store.fall_silent(Silence::NotDone);
    let decided = office.begin(one.deciding(&run, approve()));
    office.pass(PATIENCE_MS);
    office.store.heal();
    other.decide(&run, Decision::Deny { reason: None }).expect("a denial");

    office.store.answer();
    office.settle_down();
    let too_late = Err(DriveError::Rejected(Rejection::Stale));
    assert_eq!((decided.take(), one.trouble()), (Some(too_late), None));
    assert_eq!((one.status(&run), office.bank.effects()), (Status::Completed, 0));
}

#[test]
fn page_that_ends_in_silence_leaves_what_was_saved() {
    for (silence, effects) in [(Silence::Done, 1), (Silence::NotDone, 0)] {
        let office = held(says("done"));
        let tab = office.tab();
        let run = tab.ask("transfer 500 to Alice");
        office.store.fall_silent(silence);
        office.begin(tab.deciding(&run, approve()));
        office.pass(PATIENCE_MS);
        tab.close();
        office.store.heal();
        let tab = office.tab();
        assert_eq!(office.bank.effects(), effects);
        let saved = matches!(silence, Silence::Done);
        let status = if saved { Status::Completed } else { Status::AwaitingApproval };
        assert_eq!(tab.status(&run), status);
    }
}

#[test]
fn answer_that_is_being_saved_is_not_asked_for_again() {
    let office = Office::new([says("hello")]);
    let tab = office.tab();
    office.model_hangs(true);
    let run = tab.ask("who are you?");
    office.store.fall_silent(Silence::NotDone);
    office.model_answers();
    office.pass(PATIENCE_MS);
    assert_eq!(tab.trouble(), Some(TroubleKind::Storage));
    let (driver, id) = (tab.driver.clone(), run.clone());
    let retried = office.begin(async move { driver.retry(&id).await });
    assert_eq!((office.asked(), retried.take()), (1, None));
    office.store.answer();
    office.settle_down();
    assert_eq!((tab.status(&run), office.asked()), (Status::Completed, 1));
    assert_eq!((retried.take(), tab.trouble()), (Some(()), None));
}

#[test]
fn store_that_cannot_be_read_in_time_is_told_of_and_read_later() {
    let office = held(says("done"));
    let run = office.tab().ask("transfer 500 to Alice");
    let tab = office.tab_unread();
    office.store.fall_silent(Silence::Done);
    let driver = tab.driver.clone();
    let opened = office.begin(async move { driver.open().await });
    office.pass(PATIENCE_MS);
    assert_eq!(opened.take(), Some(Err(StoreError::Silent)));
    office.store.answer();
    tab.refresh(&run);
    assert_eq!(tab.status(&run), Status::AwaitingApproval);
}

#[test]
fn take_over_that_could_not_be_saved_is_made_up_for() {
    let office = Office::new([says("hello")]);
    office.model_hangs(true);
    let tab = office.tab();
    let run = tab.ask("who are you?");
    tab.close();
    office.model_hangs(false);
    office.store.fail_with(Some(StoreError::Full));
    let tab = office.tab();
    assert_eq!(
        (tab.status(&run), tab.trouble()),
        (Status::AwaitingModel, Some(TroubleKind::Storage))
    );
    office.store.fail_with(None);
    office.run(tab.driver.retry(&run));
    assert_eq!((tab.status(&run), tab.trouble()), (Status::Completed, None));
}
