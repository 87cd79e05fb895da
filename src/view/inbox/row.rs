//! One line of the inbox.

use crate::driver::ports::{CallRow, Group};
use crate::text;
use crate::view::desk::safely;
use crate::view::moment::time;
use crate::view::tag::{Tag, icon, stroke, tag};

/// What stands in the button of a call.
pub(super) fn content(row: &CallRow) -> Tag {
    let words = words(row);
    let meta = [words.as_str(), " · ", &row.title].concat();
    tag("span")
        .class("inbox-row")
        .set("data-stage", row.stage.as_str())
        .child(tag("span").class("inbox-icon").child(icon(path(row))))
        .child(safely(tag("span").class("inbox-what"), &row.what).set("title", &row.what))
        .child(safely(tag("span").class("inbox-meta"), &meta))
        .child(tag("span").class("inbox-time").text(time(row.at)))
}

/// How far it is and who decided, for a person.
pub(super) fn words(row: &CallRow) -> String {
    let (words, is_decision) = match row.stage.as_str() {
        "held" => (text::HELD, false),
        "in-doubt" => (text::IN_DOUBT, false),
        "denied" => (text::ROW_DENIED, true),
        "answered" => (text::ROW_ANSWERED, true),
        "confirmed" => (text::ROW_CONFIRMED, true),
        "succeeded" | "delayed" => (text::ROW_APPROVED, true),
        "running" => (text::ROW_RUNNING, false),
        "forbidden" => (text::ROW_FORBIDDEN, false),
        "expired" => (text::ROW_EXPIRED, false),
        "cancelled" => (text::ROW_CANCELLED, false),
        "skipped" => (text::ROW_SKIPPED, false),
        _ => (text::ROW_FAILED, false),
    };
    match row.by.as_deref() {
        Some(name) if is_decision && !name.is_empty() => text::row_by(words, name),
        _ => words.get(),
    }
}

fn path(row: &CallRow) -> &'static str {
    match (row.group, row.stage.as_str()) {
        (Group::Doubt, _) => stroke::WARNING,
        (Group::Held, _) | (_, "running" | "delayed" | "expired") => stroke::CLOCK,
        (_, "succeeded" | "confirmed") => stroke::CHECK,
        _ => stroke::CROSS,
    }
}
