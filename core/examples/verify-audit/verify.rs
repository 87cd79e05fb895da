//! The check itself: every run's chain, its replay, and that nothing is missing.

use holdpoint_core::id::RunId;
use holdpoint_core::journal::Head;
use holdpoint_core::json::{Digest, Value, read};
use holdpoint_core::run::replay;

/// What was found.
pub(crate) struct Report {
    /// For a person.
    pub(crate) lines: Vec<String>,
    /// Whether all of it is as it was written.
    pub(crate) is_intact: bool,
}

/// Checks an audit.
///
/// Each run begins with a line that names it and its end, then come its entries; the last line of
/// the file says how many runs there are.
pub(crate) fn verify(text: &str) -> Report {
    let mut lines = Vec::new();
    let mut faults = Vec::new();
    let mut runs: Vec<Section<'_>> = Vec::new();
    let mut end = None;
    for (number, line) in (1..).zip(text.lines()) {
        if end.is_some() {
            faults.push(format!("line {number}: something follows the end of the audit"));
            break;
        }
        match Line::of(line) {
            Ok(Line::Run(run, head)) => {
                runs.push(Section { run, head, number, entries: Vec::new() })
            }
            Ok(Line::End(count)) => end = Some(count),
            Ok(Line::Entry) => match runs.last_mut() {
                Some(section) => section.entries.push(line),
                None => faults.push(format!("line {number}: an entry before the first run")),
            },
            Err(why) => faults.push(format!("line {number}: {why}")),
        }
    }
    for section in &runs {
        match section.check() {
            Ok(words) => lines.push(format!("ok      {words}")),
            Err(words) => {
                lines.push(format!("BROKEN  {words}"));
                faults.push(words);
            }
        }
    }
    match end {
        Some(count) if count == runs.len() as u64 => {}
        Some(count) => faults.push(format!("expected {count} runs, found {}", runs.len())),
        None => faults.push("the end of the audit is missing".to_owned()),
    }
    let entries: usize = runs.iter().map(|section| section.entries.len()).sum();
    lines.push(match faults.first() {
        None => format!("{} runs with {entries} entries, all as they were written", runs.len()),
        Some(first) => format!("NOT INTACT: {first}"),
    });
    Report { lines, is_intact: faults.is_empty() }
}

enum Line {
    Run(RunId, Head),
    Entry,
    End(u64),
}

impl Line {
    fn of(line: &str) -> Result<Self, &'static str> {
        let value = read(line).map_err(|_| "it is not JSON")?;
        let Some(kind) = value.get("audit") else { return Ok(Self::Entry) };
        match kind.as_str() {
            Some("run") => {
                let run = value.get("run").and_then(Value::as_str).ok_or("it names no run")?;
                Ok(Self::Run(RunId::new(run), head(&value).ok_or("it has no head")?))
            }
            Some("end") => {
                value.get("runs").and_then(Value::as_u64).map(Self::End).ok_or("it has no number")
            }
            _ => Err("it was written by a newer version of Holdpoint"),
        }
    }
}

fn head(value: &Value) -> Option<Head> {
    let number = |name: &str| value.get(name).and_then(Value::as_u64);
    let hash: Digest = value.get("hash").and_then(Value::as_str)?.parse().ok()?;
    Some(Head { len: number("len")?, hash, epoch: number("epoch")? })
}

struct Section<'a> {
    run: RunId,
    head: Head,
    number: usize,
    entries: Vec<&'a str>,
}

impl Section<'_> {
    /// The line of this run; an error names the first entry that is wrong.
    fn check(&self) -> Result<String, String> {
        let Self { run, head, number, entries } = self;
        match replay(run, Some(head), entries.iter().copied()) {
            Ok(state) => {
                let (status, hash) = (state.status().as_str(), head.hash.short());
                Ok(format!("{run}  {} entries  {status}  {hash}", entries.len()))
            }
            Err(error) => {
                Err(format!("run {run}, from line {number}: {} ({})", error, error.code()))
            }
        }
    }
}
