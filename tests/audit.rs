//! The audit as rows and as CSV.
#![cfg(not(target_arch = "wasm32"))]

use holdpoint::audit::{Fact, Filter, facts, to_csv};
use holdpoint_core::object;

const APPROVED: &str = include_str!("../core/tests/fixtures/journal/v1/approved.jsonl");
const DENIED: &str = include_str!("../core/tests/fixtures/journal/v1/denied_plan.jsonl");
const DOUBT: &str = include_str!("../core/tests/fixtures/journal/v1/doubt.jsonl");

fn kinds(facts: &[Fact]) -> Vec<&str> {
    facts.iter().map(|fact| fact.kind.as_str()).collect()
}

#[test]
fn each_fact_of_a_run_has_its_row() {
    let facts = facts(APPROVED.lines());
    let kinds = kinds(&facts);
    for kind in ["started", "proposed", "decided", "tool_started", "tool_finished", "answered"] {
        assert!(kinds.contains(&kind), "{kind} is not among {kinds:?}");
    }
    let decided = facts.iter().find(|fact| fact.kind == "decided").unwrap();
    let proposed = facts.iter().find(|fact| fact.call == decided.call).unwrap();
    assert_eq!((decided.says.as_str(), decided.tool.as_str()), ("approve", &*proposed.tool));
    assert_eq!((&decided.digest, &decided.what), (&proposed.digest, &proposed.what));
    assert!(!decided.hash.is_empty() && decided.hash != proposed.hash);
}

#[test]
fn facts_are_picked_by_kind_tool_decision_text_and_time() {
    let all: Vec<Fact> = [APPROVED, DENIED, DOUBT].map(|it| facts(it.lines())).concat();
    let pick = |filter, since| {
        let filter = Filter::of(&filter, since);
        all.iter().filter(move |fact| filter.admits(fact)).cloned().collect::<Vec<_>>()
    };
    assert_eq!(pick(object! { "kind": "" }, 0).len(), all.len());
    let denied = pick(object! { "decision": "deny" }, 0);
    assert!(!denied.is_empty() && denied.iter().all(|fact| fact.kind == "decided"));
    let text = pick(object! { "text": "ALICE", "kind": "started" }, 0);
    assert!(!text.is_empty() && text.iter().all(|fact| fact.what.contains("Alice")), "{text:?}");
    let tool = pick(object! { "tool": "no_such_tool" }, 0);
    assert!(tool.is_empty());
    let last = all.iter().map(|fact| fact.at).max().unwrap();
    let newest = pick(object! { "kind": "" }, last.as_millis());
    assert!(!newest.is_empty() && newest.iter().all(|fact| fact.at == last));
}

#[test]
fn entry_that_cannot_be_read_still_has_a_row() {
    let newer = r#"{"v":9,"run":"r","seq":0,"at":1,"record":{"sealed":{"call":"c"}},"hash":"h"}"#;
    let facts = facts(["{", newer]);
    assert_eq!(kinds(&facts), ["unreadable", "sealed"]);
    assert_eq!((facts[1].call.as_str(), facts[1].hash.as_str()), ("c", "h"));
}

#[test]
fn fields_are_quoted_and_no_field_is_a_formula() {
    let fact = |what: &str| Fact { what: what.to_owned(), ..Fact::default() };
    for (what, expected) in [
        ("plain", "plain"),
        ("a,b", "\"a,b\""),
        ("say \"hi\"", "\"say \"\"hi\"\"\""),
        ("two\nlines", "\"two\nlines\""),
        ("=1+1", "\"'=1+1\""),
        ("+1", "\"'+1\""),
        ("-1", "\"'-1\""),
        ("@SUM(A1)", "\"'@SUM(A1)\""),
        (" =1", "\"' =1\""),
        ("\t=1", "\"'\t=1\""),
        ("\u{ff1d}1", "\"'\u{ff1d}1\""),
    ] {
        let csv = to_csv([&fact(what)]);
        let line = csv.split_once("\r\n").unwrap().1;
        assert_eq!(line, format!("1970-01-01T00:00:00.000Z,,0,,,,{expected},,,,,,,\r\n"));
    }
}

#[test]
fn times_are_in_utc() {
    for (millis, expected) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_709_164_799_999, "2024-02-28T23:59:59.999Z"),
        (1_709_251_200_001, "2024-03-01T00:00:00.001Z"),
        (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    ] {
        let at = holdpoint_core::id::Timestamp::from_millis(millis);
        let csv = to_csv([&Fact { at, ..Fact::default() }]);
        assert!(csv.contains(expected), "{csv}");
    }
}
