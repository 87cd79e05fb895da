//! The list of calls that stands beside the journals.

use holdpoint::driver::ports::{CallRow, Group, JournalStore, Page};
use holdpoint_core::approval::{Decision, Settlement};

use super::support::{Bank, Office, approve, by, call, says};

/// The list as any tab reads it.
fn listed(office: &Office) -> Vec<CallRow> {
    let page = Page { limit: 99, ..Page::default() };
    office.run(office.store.memory.calls(page)).expect("the store lists")
}

#[track_caller]
fn check(office: &Office, group: Group, stage: &str, by: Option<&str>) {
    let [row] = &listed(office)[..] else { panic!("{:?}", listed(office)) };
    assert_eq!((row.group, row.stage.as_str(), row.by.as_deref()), (group, stage, by));
}

#[test]
fn held_call_is_listed_from_its_card_to_its_end() {
    let office = super::held(says("done"));
    let tab = office.tab();
    let run = tab.ask("transfer 500 to Alice");
    check(&office, Group::Held, "held", None);
    tab.decide(&run, approve()).expect("an approval");
    check(&office, Group::Done, "succeeded", Some("Ann"));
}

#[test]
fn denied_call_is_listed_with_who_denied_it() {
    let office = super::held(says("as you like"));
    let tab = office.tab();
    let run = tab.ask("transfer 500 to Alice");
    tab.decide(&run, Decision::Deny { reason: None }).expect("a denial");
    check(&office, Group::Done, "denied", Some("Ann"));
}

#[test]
fn call_in_doubt_is_listed_until_someone_says_what_became_of_it() {
    let office = super::held(says("done"));
    office.bank.set(Bank::HANGS);
    let tab = office.tab();
    let run = tab.ask("transfer 500 to Alice");
    tab.decide(&run, approve()).expect("an approval");
    check(&office, Group::Done, "running", Some("Ann"));
    tab.close();

    let tab = office.tab();
    check(&office, Group::Doubt, "in-doubt", Some("Ann"));
    let id = tab.call(&run);
    office.run(tab.driver.settle(&id, Settlement::DidNotHappen, by())).expect("settled");
    check(&office, Group::Done, "failed", Some("Ann"));
}

#[test]
fn call_that_needed_nobody_is_not_listed() {
    let office =
        Office::new([call("transfer", r#"{"amount":50,"recipient":"Alice"}"#), says("done")]);
    office.tab().ask("transfer 50 to Alice");
    assert_eq!(listed(&office), []);
}
