//! The facts of an action, as cards show them. All of them come from a model or from a page, so all
//! are shown in full and made visible.

use holdpoint_core::json::{canonical, read};
use holdpoint_core::plan::Action;
use holdpoint_core::policy::Ruling;
use serde_json::{Map, Value};

use super::card::settled::Settled;
use super::desk::safely;
use super::signal::Signal;
use super::tag::{Tag, stroke, tag};
use crate::language::known;
use crate::text::{self, Text};
use holdpoint_core::escape::visible_text;

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

/// Every argument by its name; nothing is left out, and what is cut says so.
pub(super) fn arguments(action: &Action, settled: Settled) -> Tag {
    match action.arguments.as_object() {
        Some(fields) if !fields.is_empty() => {
            let facts = fields.iter().map(|(name, value)| {
                let (shown, long) = fact_of(value, settled);
                let shown = if long { shown.set("data-long", "") } else { shown };
                let fact = tag("div").child(safely(tag("dt"), &label(action, fields, name)));
                let fact = fact.child(shown);
                // Many short ones fill a screen as well as a long one does.
                if fields.len() > FEW { fact.child(settled.mark()) } else { fact }
            });
            tag("dl").part("card-arguments").all(facts)
        }
        _ => note(text::NO_ARGUMENTS),
    }
}

/// What to call an argument: as the page calls it, unless another one could pass for it then.
fn label(action: &Action, fields: &Map<String, Value>, name: &str) -> String {
    let known = action.schema.as_ref().and_then(|schema| schema.get("properties"));
    let titled = |name: &str| {
        let property = known?.get(name)?;
        let mut letters = name.chars();
        let first = letters.next()?.to_uppercase();
        let title = property.get("title").and_then(Value::as_str).filter(|it| !it.is_empty());
        Some(title.map_or_else(|| first.chain(letters).collect(), str::to_owned))
    };
    let Some(label) = titled(name) else { return name.to_owned() };
    let passes = |other: &String| {
        let shown = titled(other).unwrap_or_default();
        other != name && [other, &shown].iter().any(|it| it.to_lowercase() == label.to_lowercase())
    };
    if fields.keys().any(passes) { name.to_owned() } else { label }
}

/// What an argument is, and whether it is set smaller. A name ends in a colon and a place in a list
/// in a full stop, so that neither passes for the other.
fn fact_of(value: &Value, settled: Settled) -> (Tag, bool) {
    let line = |label: Tag, value: &Value| {
        let (shown, _) = fact_of(value, settled);
        tag("div").child(label).child(shown)
    };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let lines = fields.iter().map(|(name, value)| {
                line(safely(tag("dt"), name).child(tag("span").text(":")), value)
            });
            let lines = tag("dl").class("nested").all(lines);
            (tag("dd").child(lines).child(settled.mark()), true)
        }
        Value::Array(items) if !items.is_empty() => {
            let lines = items.iter().enumerate().map(|(at, value)| {
                line(tag("dt").text([&(at + 1).to_string(), "."].concat()), value)
            });
            let lines = tag("dl").class("nested").all(lines);
            (tag("dd").child(lines).child(settled.mark()), true)
        }
        _ => {
            let words = literal(value);
            let long = words.chars().nth(LONG).is_some();
            (in_full(tag("dd"), &words, settled), long)
        }
    }
}

/// A text of which the person has to have seen all. One that is very long is cut in its middle,
/// where padding would hide what matters, and says how much is not shown; nothing can be approved
/// before it was opened.
///
/// It would be less work to let it be approved unread. But a call in which something is hidden in a
/// long text is what this card is there for, and one press on a text that is long enough to be cut
/// costs less than one payment that nobody read.
pub(super) fn in_full(element: Tag, text: &str, settled: Settled) -> Tag {
    let count = text.chars().count();
    if count <= CUT && text.matches('\n').count() < CUT_LINES {
        let shown = safely(element, text);
        // What is short is read with what stands beside it.
        return if count > LONG { shown.child(settled.mark()) } else { shown };
    }
    let end = |at: usize| text.char_indices().nth(at).map_or(text.len(), |(at, _)| at);
    let lines = |text: &str| text.matches('\n').count();
    let mut first = text.get(..end(FIRST)).unwrap_or_default();
    let mut last = text.get(end(count.saturating_sub(LAST).max(FIRST))..).unwrap_or_default();
    // Many short lines are as long as few long ones.
    if lines(first) > FIRST_LINES {
        first = first.match_indices('\n').nth(FIRST_LINES).map_or(first, |(at, _)| &first[..at]);
    }
    if lines(last) > LAST_LINES {
        last = last.rmatch_indices('\n').nth(LAST_LINES).map_or(last, |(at, _)| &last[at..]);
    }
    let hidden = count - first.chars().count() - last.chars().count();
    let (first, last, all) = (first.to_owned(), last.to_owned(), text.to_owned());
    let is_open = Signal::new(false);
    settled.shut();
    element.live(move || {
        if is_open.get() {
            return Some(safely(tag("span"), &all).child(settled.mark()));
        }
        let show = super::desk::button("show-all").text(text::show_hidden(hidden)).on(
            "click",
            move |_| {
                settled.opened();
                is_open.set(true);
            },
        );
        Some(
            tag("span")
                .child(safely(tag("span"), &first))
                .child(tag("span").class("cut").text(" … ").child(show).text(" … "))
                .child(safely(tag("span"), &last)),
        )
    })
}

/// A value in its own words. A text that could be taken for something else stands in quotes, as
/// everything but plain text is JSON.
pub(super) fn literal(value: &Value) -> String {
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
    let line = safely(tag("span"), &known(&ruling.because));
    let line = tag("p").child(line).text(" ");
    let line = line.child(tag("code").class("rule-id").text(ruling.rule.as_str()));
    let line = if matched.is_empty() {
        line
    } else {
        line.text(" (").child(safely(tag("span"), &matched.join(", "))).text(")")
    };
    row("card-rule", text::WHY, line)
}

/// A quiet line: what it is about, and what there is to say.
pub(super) fn row(part: &str, label: Text, said: Tag) -> Tag {
    let names = ["row ", part].concat();
    let label = tag("p").class("label").text(label);
    tag("div").set("class", names).set("part", part).child(label).child(said)
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

/// From here on, a value is set smaller.
const LONG: usize = 40;

/// So many arguments are seen at a glance.
const FEW: usize = 8;

/// The longest text, in characters and in lines, that is shown at once; how much is shown of a
/// longer one.
const CUT: usize = 800;
const CUT_LINES: usize = 24;
const FIRST: usize = 320;
const LAST: usize = 160;
const FIRST_LINES: usize = 8;
const LAST_LINES: usize = 4;
