//! One line of the inbox.

use holdpoint_core::id::Timestamp;

use crate::driver::ports::{CallRow, Group};
use crate::text;
use crate::view::desk::safely;
use crate::view::escape::visible_text;
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

/// What a screen reader says of it.
pub(super) fn name(row: &CallRow, at: Timestamp) -> String {
    [&visible_text(&row.what), ", ", &visible_text(&words(row)), ", ", &time(at)].concat()
}

/// How far it is and who decided, for a person.
pub(super) fn words(row: &CallRow) -> String {
    let by = row.by.as_deref().filter(|name| !name.is_empty());
    let named = |alone: &str, by_whom: fn(&str) -> String| by.map_or(alone.to_owned(), by_whom);
    match row.stage.as_str() {
        "held" => text::HELD.to_owned(),
        "in-doubt" => text::IN_DOUBT.to_owned(),
        "denied" => named(text::DENIED, text::row_denied_by),
        "running" => text::ROW_RUNNING.to_owned(),
        "succeeded" => named(text::APPROVED, text::row_approved_by),
        "confirmed" => named(text::CONFIRMED, text::row_confirmed_by),
        "forbidden" => text::NOT_ALLOWED.to_owned(),
        "expired" => text::ROW_EXPIRED.to_owned(),
        "cancelled" => text::ROW_CANCELLED.to_owned(),
        "skipped" => text::ROW_SKIPPED.to_owned(),
        _ => text::ROW_FAILED.to_owned(),
    }
}

fn path(row: &CallRow) -> &'static str {
    match (row.group, row.stage.as_str()) {
        (Group::Doubt, _) => stroke::WARNING,
        (Group::Held, _) | (_, "running" | "expired") => stroke::CLOCK,
        (_, "succeeded" | "confirmed") => stroke::CHECK,
        _ => stroke::CROSS,
    }
}
