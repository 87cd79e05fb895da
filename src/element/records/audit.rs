//! The audit of all runs as a file.

use holdpoint_core::json::canonical;
use holdpoint_core::object;
use serde_json::Value;
use wasm_bindgen::prelude::*;

use super::{blob, failure, of_store};
use crate::audit::{Filter, facts, to_csv};
use crate::driver::ports::JournalStore;

/// The entries of all runs: `{ format: "jsonl" | "csv", since?, filter? }`.
///
/// As JSON Lines, for `verify-audit`: a line that names a run and its end, its entries as they are
/// stored, and at last a line with the number of runs. Only whole runs are in it, those of which
/// something is meant: a chain with a hole shows nothing. CSV has only the facts that are meant.
pub(in crate::element) async fn export_audit(
    store: &dyn JournalStore,
    options: &Value,
) -> Result<web_sys::Blob, JsValue> {
    let text = |name: &str| options.get(name).and_then(Value::as_str);
    let is_csv = match text("format") {
        None | Some("jsonl") => false,
        Some("csv") => true,
        Some(other) => {
            let message = ["there is no format ", other].concat();
            return Err(failure("format_unknown", &message, "pass \"jsonl\" or \"csv\""));
        }
    };
    let since = since(&options["since"]).ok_or_else(|| {
        let message = "`since` is no point in time";
        failure("since_malformed", message, "pass a Date, or milliseconds since 1970")
    })?;
    let filter = Filter::of(&options["filter"], since);
    let mut lines = String::new();
    let (mut all, mut runs) = (Vec::new(), 0_u32);
    for row in store.list(usize::MAX).await.map_err(|error| of_store(&error))? {
        // It may have been cleared since.
        let Some(run) = store.read(&row.run, 0).await.map_err(|error| of_store(&error))? else {
            continue;
        };
        let mut meant = facts(run.entries.iter().map(String::as_str));
        meant.retain(|fact| filter.admits(fact));
        if meant.is_empty() {
            continue;
        }
        if is_csv {
            all.append(&mut meant);
            continue;
        }
        runs += 1;
        let head = run.row.head;
        push_line(
            &mut lines,
            &canonical(&object! {
                "audit": "run",
                "run": &row.run,
                "len": head.len,
                "hash": head.hash,
                "epoch": head.epoch,
            }),
        );
        for entry in &run.entries {
            push_line(&mut lines, entry);
        }
    }
    if is_csv {
        return blob(&to_csv(&all), "text/csv");
    }
    push_line(&mut lines, &canonical(&object! { "audit": "end", "runs": runs }));
    blob(&lines, "application/jsonl")
}

fn push_line(lines: &mut String, line: &str) {
    lines.push_str(line);
    lines.push('\n');
}

/// Milliseconds, of a number or of a `Date`, which comes as its text.
fn since(value: &Value) -> Option<u64> {
    let millis = match value {
        Value::Null => 0.0,
        Value::String(text) => js_sys::Date::parse(text),
        other => other.as_f64()?,
    };
    (millis >= 0.0).then_some(millis as u64)
}
