//! The facts of an action, as cards show them. All of them come from a model or from a page, so all
//! are shown in full and made visible.

use holdpoint_core::json::{canonical, read};
use holdpoint_core::plan::Action;
use holdpoint_core::policy::Ruling;
use serde_json::Value;

use super::desk::safely;
use super::escape::visible_text;
use super::tag::{Tag, stroke, tag};
use crate::language::known;
use crate::text::{self, Text};

/// The word for the sheet, the words for the person and the icon.
pub(super) fn risk(action: &Action) -> (&'static str, Text, &'static str) {
    let hints = action.annotations;
    if hints.destructive_hint {
        ("critical", text::CRITICAL, stroke::WARNING)
    } else if hints.read_only_hint {
        ("read", text::READS, stroke::EYE)
    } else {
        ("write", text::CHANGES, stroke::WARNING)
    }
}

/// The page's sentence for it, else the tool's name for people.
pub(super) fn what(action: &Action) -> &str {
    action.summary.as_deref().unwrap_or(&action.title)
}

/// The same in one text, for where no element can set an escape apart.
pub(super) fn sentence(action: &Action) -> String {
    visible_text(what(action))
}

/// Every argument by its name; nothing is left out or cut.
pub(super) fn arguments(arguments: &Value) -> Tag {
    match arguments.as_object() {
        Some(fields) if !fields.is_empty() => {
            tag("dl").part("card-arguments").all(fields.iter().map(|(name, value)| {
                let value = literal(value);
                let shown = safely(tag("dd"), &value);
                let long = value.chars().count() > LONG;
                let shown =
                    if long { shown.set("data-long", "").set("tabindex", "0") } else { shown };
                tag("div").child(safely(tag("dt"), name)).child(shown)
            }))
        }
        _ => note(text::NO_ARGUMENTS),
    }
}

/// A value in its own words. A text that could be taken for something else stands in quotes, as
/// everything but plain text is JSON.
fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let looks_like_json = text.is_empty()
                || text.starts_with(['"', '[', '{'])
                || matches!(text.as_str(), "null" | "true" | "false")
                || read(text).is_ok();
            if looks_like_json { canonical(value) } else { text.clone() }
        }
        _ => canonical(value),
    }
}

/// The rule that asks, and the values that it looked at.
pub(super) fn why(ruling: &Ruling) -> Tag {
    let matched: Vec<String> = ruling
        .matched
        .iter()
        .map(|(name, value)| [name.as_str(), " = ", &literal(value)].concat())
        .collect();
    let line = tag("p").part("card-rule").child(tag("strong").text(text::WHY)).text(" ");
    let line = line
        .child(safely(tag("span"), &known(&ruling.because)))
        .text(" ")
        .child(tag("code").class("rule-id").text(ruling.rule.as_str()));
    if matched.is_empty() {
        line
    } else {
        line.text(" (").child(safely(tag("span"), &matched.join(", "))).text(")")
    }
}

/// All that a decision is bound to, for whoever wants to compare.
pub(super) fn details(action: &Action) -> Tag {
    let json = canonical(&action.arguments);
    let digest = action.digest.to_string();
    tag("details")
        .class("raw")
        .child(tag("summary").text(text::DETAILS))
        .child(tag("pre").child(safely(tag("code"), &json)))
        .child(fact(text::TOOL, &action.tool))
        .child(fact(text::DIGEST, &action.digest.short()).set("title", digest.as_str()))
        .child(tag("p").class("digest").text(digest))
}

/// A line of the details.
pub(super) fn fact(name: Text, value: &str) -> Tag {
    tag("p").class("digest").text(name).text(" ").child(safely(tag("span"), value))
}

/// A line of the widget's own.
pub(super) fn note(words: Text) -> Tag {
    tag("p").class("card-note").text(words)
}

/// A line of someone else's, with a word on whose it is.
pub(super) fn said(class: &'static str, label: Text, words: &str) -> Tag {
    let label = tag("strong").text(label);
    tag("p").class(class).child(label).text(" ").child(safely(tag("span"), words))
}

/// From here on, a value is set smaller and may scroll.
const LONG: usize = 40;
