//! A widget that leaves its page, and the one that takes its place.

use holdpoint_core::run::Status;

use crate::support::{Bank, Office, approve, call, says};

fn held() -> Office {
    Office::new([call("transfer", r#"{"amount":500,"recipient":"Alice"}"#), says("done")])
}

#[test]
fn run_of_a_widget_that_left_is_carried_on_by_another() {
    let office = held();
    let one = office.tab();
    let run = one.ask("transfer 500 to Alice");
    let other = office.tab();
    one.be_here(false);
    other.decide(&run, approve()).expect("an approval");
    one.refresh(&run);
    assert_eq!(office.bank.effects(), 1);
    assert_eq!(other.status(&run), Status::Completed);
}

#[test]
fn widget_that_is_back_goes_on_with_what_was_decided_meanwhile() {
    let office = held();
    let tab = office.tab();
    let run = tab.ask("transfer 500 to Alice");
    tab.be_here(false);
    tab.decide(&run, approve()).expect("an approval");
    assert_eq!(office.bank.effects(), 0, "nothing begins while it is away");
    tab.be_here(true);
    assert_eq!(office.bank.effects(), 1);
    assert_eq!(tab.status(&run), Status::Completed);
}

#[test]
fn call_under_way_is_finished_by_the_widget_that_left() {
    let office = held();
    office.bank.set(Bank::HANGS);
    let one = office.tab();
    let run = one.ask("transfer 500 to Alice");
    one.decide(&run, approve()).expect("an approval");
    one.be_here(false);
    let other = office.tab();
    assert_eq!(other.status(&run), Status::AwaitingTools, "it is not in doubt");
    office.bank.comes_back();
    office.settle_down();
    assert_eq!(other.status(&run), Status::Completed, "the other one asks the model");
    assert_eq!(office.bank.effects(), 1);
}

#[test]
fn answer_under_way_is_taken_in_by_the_widget_that_left() {
    let office = held();
    office.model_hangs(true);
    let one = office.tab();
    let run = one.ask("transfer 500 to Alice");
    one.be_here(false);
    let other = office.tab();
    office.model_answers();
    office.model_hangs(false);
    assert_eq!(office.asked(), 1, "it is not asked again");
    other.decide(&run, approve()).expect("an approval");
    assert_eq!(other.status(&run), Status::Completed);
    assert_eq!(office.bank.effects(), 1);
}

#[test]
fn run_that_is_begun_while_away_waits_for_the_widget() {
    let office = Office::new([says("hello")]);
    let tab = office.tab();
    tab.be_here(false);
    let run = tab.ask("hello");
    assert_eq!(office.asked(), 0);
    tab.be_here(true);
    assert_eq!(tab.status(&run), Status::Completed);
}

#[test]
fn widget_that_comes_and_goes_claims_a_run_once() {
    let office = held();
    let one = office.tab();
    let run = one.ask("transfer 500 to Alice");
    let other = office.tab();
    for _ in 0..3 {
        other.be_here(false);
        other.be_here(true);
    }
    one.close();
    office.settle_down();
    let entries = other.driver.run(&run).expect("a readable run").head().len;
    assert_eq!(entries, 3, "started, answered, resumed");
    other.decide(&run, approve()).expect("an approval");
    assert_eq!(office.bank.effects(), 1);
}
