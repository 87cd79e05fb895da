//! A model that does not answer at once, and a driver that asks again.

use holdpoint::driver::ports::{Retry, TroubleKind};
use holdpoint_core::run::Status;

use crate::support::{Office, by, fails, says};

const SOON: Retry = Retry::Later { after_ms: None };

#[test]
fn refused_question_is_asked_again_by_itself() {
    let office = Office::new([says("hello")]);
    office.model_fails("rate_limited", SOON);
    let tab = office.tab();
    let run = tab.ask("who are you?");
    assert_eq!(office.asked(), 1);
    let Some(TroubleKind::Retrying { attempt: 2, of: 5, at }) = tab.trouble() else {
        panic!("{:?}", tab.trouble())
    };
    office.pass(at.as_millis() - office.now() - 1);
    assert_eq!(office.asked(), 1, "not before it was said");
    office.pass(1);
    assert_eq!(tab.status(&run), Status::Completed);
    assert_eq!((office.asked(), tab.trouble()), (2, None));
}

#[test]
fn waits_grow_and_end() {
    let office = Office::new([]);
    let tab = office.tab();
    (0..5).for_each(|_| office.model_fails("upstream", SOON));
    let run = tab.ask("who are you?");
    // Three quarters of one, two, four and eight seconds.
    for (asked, wait) in [(1, 750), (2, 1_500), (3, 3_000), (4, 6_000)] {
        assert_eq!(office.asked(), asked);
        office.pass(wait - 100);
        assert_eq!(office.asked(), asked, "too soon");
        office.pass(100);
    }
    assert_eq!((office.asked(), tab.trouble()), (5, Some(TroubleKind::Model)));
    office.pass(60 * 60 * 1_000);
    assert_eq!(office.asked(), 5, "now a person has to say so");
    assert_eq!(tab.status(&run), Status::AwaitingModel, "nothing is lost");
}

#[test]
fn server_that_asks_for_time_is_given_it() {
    let office = Office::new([says("hello")]);
    office.model_fails("rate_limited", Retry::Later { after_ms: Some(20_000) });
    let tab = office.tab();
    let run = tab.ask("who are you?");
    office.pass(20_000);
    assert_eq!(office.asked(), 1, "all come back at once at the very end of it");
    office.pass(1_000);
    assert_eq!(tab.status(&run), Status::Completed);
}

#[test]
fn server_that_asks_for_an_hour_is_told_of() {
    let office = Office::new([says("hello")]);
    office.model_fails("rate_limited", Retry::Later { after_ms: Some(60 * 60 * 1_000) });
    let tab = office.tab();
    let run = tab.ask("who are you?");
    assert_eq!((office.asked(), tab.trouble()), (1, Some(TroubleKind::Model)));
    office.run(tab.driver.retry(&run));
    assert_eq!(tab.status(&run), Status::Completed);
}

#[test]
fn refusal_for_good_is_not_asked_again() {
    let office = Office::new([says("hello")]);
    office.model_fails("request_refused", Retry::Never);
    let tab = office.tab();
    tab.ask("who are you?");
    office.pass(60 * 60 * 1_000);
    assert_eq!((office.asked(), tab.trouble()), (1, Some(TroubleKind::Model)));
}

#[test]
fn stopped_run_is_not_asked_for_again() {
    let office = Office::new([says("hello")]);
    office.model_fails("upstream", SOON);
    let tab = office.tab();
    let run = tab.ask("who are you?");
    office.run(tab.driver.cancel(&run, by())).expect("stopped");
    assert_eq!((tab.status(&run), tab.trouble()), (Status::Cancelled, None));
    office.pass(60_000);
    assert_eq!(office.asked(), 1);
}

#[test]
fn person_who_tries_again_need_not_wait() {
    let office = Office::new([says("hello")]);
    office.model_fails("upstream", SOON);
    let tab = office.tab();
    let run = tab.ask("who are you?");
    office.run(tab.driver.retry(&run));
    assert_eq!((tab.status(&run), tab.trouble()), (Status::Completed, None));
    office.pass(60_000);
    assert_eq!(office.asked(), 2, "the wait that was cut short asks nothing any more");
}

#[test]
fn question_that_was_given_up_is_dropped() {
    let office = Office::new([says("hello")]);
    office.model_fails("upstream", SOON);
    let tab = office.tab();
    let run = tab.ask("who are you?");
    office.model_hangs(true);
    office.pass(1_000);
    assert_eq!((office.asked(), office.waited_for()), (2, 1));
    office.run(tab.driver.cancel(&run, by())).expect("stopped");
    assert_eq!(office.waited_for(), 0, "a late answer has nobody to go to");
}

#[test]
fn offline_is_no_attempt() {
    let office = Office::new([says("hello")]);
    office.model_fails("network", SOON);
    office.model_fails("network", Retry::Online);
    let tab = office.tab();
    let run = tab.ask("who are you?");
    office.pass(1_000);
    assert_eq!((office.asked(), tab.trouble()), (2, Some(TroubleKind::Offline)));
    office.pass(60 * 60 * 1_000);
    assert_eq!(office.asked(), 2, "without a network nobody is asked");
    (0..4).for_each(|_| office.model_fails("upstream", SOON));
    office.run(tab.driver.online());
    (0..4).for_each(|_| office.pass(8_000));
    assert_eq!(tab.status(&run), Status::Completed, "all five attempts were left");
}

#[test]
fn cleared_run_is_not_asked_for_again() {
    let office = Office::new([says("hello")]);
    office.model_fails("upstream", SOON);
    let tab = office.tab();
    let run = tab.ask("who are you?");
    // A store that takes nothing does not let the run be stopped, and it is gone all the same.
    office.store.fail_with(Some(holdpoint::driver::ports::StoreError::Full));
    office.run(tab.driver.clear(None, by())).expect("cleared");
    office.pass(60_000);
    assert_eq!(office.asked(), 1);
    assert!(tab.driver.run(&run).is_none());
}

#[test]
fn whoever_takes_over_asks_and_the_dead_page_does_not() {
    let office = Office::new([says("hello")]);
    office.model_fails("upstream", SOON);
    let tab = office.tab();
    let run = tab.ask("who are you?");
    tab.close();
    let tab = office.tab();
    assert_eq!(tab.status(&run), Status::Completed);
    office.pass(60_000);
    assert_eq!(office.asked(), 2);
}

#[test]
fn answer_that_says_overloaded_is_no_answer() {
    let office = Office::new([fails("overloaded_error"), says("hello")]);
    let tab = office.tab();
    let run = tab.ask("who are you?");
    assert!(matches!(tab.trouble(), Some(TroubleKind::Retrying { .. })), "{:?}", tab.trouble());
    office.pass(1_000);
    assert_eq!(tab.status(&run), Status::Completed);
}

#[test]
fn answer_that_says_no_for_good_ends_the_run() {
    let office = Office::new([fails("invalid_prompt")]);
    let tab = office.tab();
    let run = tab.ask("who are you?");
    assert_eq!((tab.status(&run), tab.trouble()), (Status::Failed, None));
}

#[test]
fn words_and_statuses_of_servers_are_told_apart() {
    let passing = [
        "overloaded_error",
        "server_error",
        "rate_limit_exceeded",
        "rate_limit_error",
        "api_error",
        "upstream_timeout",
        "408",
        "409",
        "429",
        "500",
        "529",
    ];
    for code in passing {
        assert_eq!(Retry::of_code(code), SOON, "{code}");
    }
    for code in ["insufficient_quota", "invalid_request_error", "content_filter", "400", "404", ""]
    {
        assert_eq!(Retry::of_code(code), Retry::Never, "{code}");
    }
}
