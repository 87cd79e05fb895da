//! The check of an exported audit: `examples/verify-audit`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails it"
)]

#[path = "../examples/verify-audit/verify.rs"]
mod verify;

use holdpoint_core::json::read;
use verify::verify;

/// An audit as the widget exports it, of two stored journals.
fn audit() -> Vec<String> {
    let mut lines = Vec::new();
    for journal in [
        include_str!("fixtures/journal/v1/approved.jsonl"),
        include_str!("fixtures/journal/v1/doubt.jsonl"),
    ] {
        let last = read(journal.lines().last().unwrap()).unwrap();
        lines.push(format!(
            r#"{{"audit":"run","epoch":{},"hash":{},"len":{},"run":{}}}"#,
            last["epoch"],
            last["hash"],
            last["seq"].as_u64().unwrap() + 1,
            last["run"]
        ));
        lines.extend(journal.lines().map(str::to_owned));
    }
    lines.push(r#"{"audit":"end","runs":2}"#.to_owned());
    lines
}

#[track_caller]
fn check(lines: &[String], expected: Result<&str, &str>) {
    let report = verify(&lines.join("\n"));
    let last = report.lines.last().unwrap();
    let (is_intact, words) = match expected {
        Ok(words) => (true, words),
        Err(words) => (false, words),
    };
    assert!(last.contains(words), "expected “{words}”, found: {:#?}", report.lines);
    assert_eq!(report.is_intact, is_intact, "{:#?}", report.lines);
}

/// The place of the first line that holds this.
fn place(lines: &[String], part: &str) -> usize {
    lines.iter().position(|line| line.contains(part)).unwrap()
}

#[test]
fn audit_as_it_was_written_is_intact() {
    check(&audit(), Ok("2 runs with"));
    check(&[r#"{"audit":"end","runs":0}"#.to_owned()], Ok("0 runs with 0 entries"));
}

#[test]
fn altered_entry_is_named() {
    let mut lines = audit();
    let at = place(&lines, "\"decided\"");
    lines[at] = lines[at].replace("\"trusted\":true", "\"trusted\":false");
    check(&lines, Err("was changed since it was written: its hash does not match its content"));
}

#[test]
fn missing_entry_is_found_wherever_it_is() {
    for at in 1..audit().len() - 1 {
        let mut lines = audit();
        lines.remove(at);
        check(&lines, Err(""));
    }
    // The last entry of a run leaves a chain that holds, and yet it is missed.
    let mut lines = audit();
    let second = lines.iter().rposition(|line| line.contains("\"audit\":\"run\"")).unwrap();
    lines.remove(second - 1);
    check(&lines, Err("journal_incomplete"));
}

#[test]
fn entries_in_another_order_are_found() {
    for at in 1..audit().len() - 2 {
        let mut lines = audit();
        lines.swap(at, at + 1);
        check(&lines, Err(""));
    }
}

#[test]
fn run_that_is_gone_is_missed() {
    let mut lines = audit();
    let second = lines.iter().rposition(|line| line.contains("\"audit\":\"run\"")).unwrap();
    lines.drain(second..lines.len() - 1);
    check(&lines, Err("expected 2 runs, found 1"));
}

#[test]
fn end_that_is_cut_off_is_missed() {
    let mut lines = audit();
    lines.pop();
    check(&lines, Err("the end of the audit is missing"));
    lines.pop();
    check(&lines, Err("journal_incomplete"));
}

#[test]
fn what_is_no_audit_is_said() {
    check(&["hello".to_owned()], Err("line 1: it is not JSON"));
    check(&[r#"{"audit":"song"}"#.to_owned()], Err("newer version"));
}
