//! What a notice says, in words and facts; each channel for people gives them its form.

use std::time::{Duration, UNIX_EPOCH};

use holdpoint_core::escape::visible_text;
use httpdate::fmt_http_date;
use serde_json::Value;

use crate::text::{on_one_line, visible};

/// One piece of news. Every text in it is visible, and none but `quote` has line breaks.
pub(super) struct News {
    pub(super) heading: String,
    /// Sentences of ours.
    pub(super) lines: Vec<String>,
    /// What the call would do, or what went wrong: a name and a value each.
    pub(super) facts: Vec<(String, String)>,
    /// What the model wrote.
    pub(super) quote: Option<String>,
    /// What tells this one from another.
    pub(super) small: String,
    /// Whether a decision is asked for.
    pub(super) asks: bool,
}

impl News {
    /// What a notice says.
    pub(super) fn of(notice: &Value) -> Self {
        Self::with(notice, None)
    }

    /// The same, of the approval as it is now where that is known.
    pub(super) fn with(notice: &Value, now: Option<&Value>) -> Self {
        let kind = notice["type"].as_str().unwrap_or_default();
        let data = &notice["data"];
        match now.or_else(|| data.get("approval")) {
            Some(approval) => Self::of_approval(kind, approval),
            None => Self::of_end(kind, data),
        }
    }

    /// What an approval says as it is; `kind` tells a reminder from a first request.
    pub(super) fn of_approval(kind: &str, approval: &Value) -> Self {
        let text = |path: &str| approval.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let status = text("/status");
        let by = text("/decision/by/name");
        let heading = match status {
            "pending" => match kind {
                "approval.reminder" => "Still waiting for approval".into(),
                "approval.escalated" => "Nobody has decided yet".into(),
                _ => "Approval needed".into(),
            },
            "approved" => ["Approved by ", by].concat(),
            "denied" => ["Denied by ", by].concat(),
            "answered" => ["Answered by ", by].concat(),
            "lapsed" | "expired" => "Nobody decided in time".into(),
            "in_doubt" => "Nobody knows whether it happened".into(),
            "cancelled" => "Cancelled before it was decided".into(),
            _ => String::from("Settled"),
        };
        let mut lines = Vec::new();
        if !text("/rule/because").is_empty() {
            lines.push(sentence(&["Asked because ", text("/rule/because")]));
        }
        match status {
            "pending" => lines.extend(approval["expires"].as_u64().map(until)),
            "lapsed" | "expired" | "cancelled" => lines.push("It did not run.".into()),
            "in_doubt" => {
                lines.push("It is not started again by itself; an approver settles it.".into());
            }
            _ => {}
        }
        let mut facts = match &approval["arguments"] {
            Value::Object(fields) => fields.iter().map(fact).collect(),
            other => vec![("arguments".into(), on_one_line(other))],
        };
        for (name, path) in
            [("proposed", "/proposed"), ("reason", "/decision/reason"), ("known", "/doubt")]
        {
            facts.extend(approval.pointer(path).map(|it| (name.to_owned(), on_one_line(it))));
        }
        let digest = text("/digest");
        let small = [text("/workflow"), text("/tool"), digest.get(..8).unwrap_or_default()];
        Self {
            heading: on_a_line(&[&heading, ": ", text("/title")].concat()),
            lines,
            facts,
            quote: approval.get("reason").and_then(Value::as_str).map(visible),
            small: on_a_line(&small.join(" · ")),
            asks: status == "pending",
        }
    }

    fn of_end(kind: &str, data: &Value) -> Self {
        let text = |path: &str| data.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let word = match kind {
            "job.completed" => "Done",
            "job.cancelled" => "Cancelled",
            _ => "Failed",
        };
        let failure = data.get("failure").and_then(Value::as_object);
        Self {
            heading: on_a_line(&[word, ": ", text("/workflow")].concat()),
            lines: Vec::new(),
            facts: failure.into_iter().flatten().map(fact).collect(),
            quote: data.get("answer").and_then(Value::as_str).map(visible),
            small: on_a_line(&["job ", text("/id")].concat()),
            asks: false,
        }
    }
}

fn until(at_ms: u64) -> String {
    let at = UNIX_EPOCH.checked_add(Duration::from_millis(at_ms));
    let at = at.filter(|_| at_ms < YEAR_9999_MS).map_or("the end of time".into(), fmt_http_date);
    ["It can be decided until ", &at, "."].concat()
}

fn fact((name, value): (&String, &Value)) -> (String, String) {
    (visible_text(&name.replace('\n', " ")), on_one_line(value))
}

fn sentence(parts: &[&str]) -> String {
    let text = on_a_line(&parts.concat());
    if text.ends_with(['.', '!', '?']) { text } else { text + "." }
}

/// Without line breaks, which would begin something new.
fn on_a_line(text: &str) -> String {
    visible(&text.replace('\n', " "))
}

/// Later times cannot be written in four digits of a year.
const YEAR_9999_MS: u64 = 253_370_764_800_000;
