//! What is different, as lines that say what was and what is.

use serde_json::Value;

use crate::form::Change;
use crate::text::{self, Text};
use crate::view::desk::safely;
use crate::view::facts::literal;
use crate::view::tag::{Tag, tag};

/// A list of differences of arguments; said in words as well as by a line through what was.
pub(in crate::view) fn change_list(changes: &[Change]) -> Tag {
    listed(changes, literal)
}

/// A list of differences that a page tells of, in its own words: a text is a text.
pub(super) fn told_list(changes: &[Change]) -> Tag {
    listed(changes, |value| value.as_str().map_or_else(|| literal(value), str::to_owned))
}

fn listed(changes: &[Change], words: fn(&Value) -> String) -> Tag {
    let side = |name: &'static str, said: Text, value: &Option<Value>| {
        let words = value.as_ref().map(words);
        let element = tag(name).child(tag("span").class("visually-hidden").text(said).text(" "));
        match words {
            Some(words) => safely(element, &words),
            None => element.set("data-absent", "").text(text::NOT_PRESENT),
        }
    };
    tag("dl").part("changes").all(changes.iter().map(|change| {
        let values = tag("dd")
            .child(side("del", text::BEFORE, &change.before))
            .text(" ")
            .child(tag("span").class("arrow").set("aria-hidden", "true"))
            .text(" ")
            .child(side("ins", text::AFTER, &change.after));
        tag("div").child(safely(tag("dt"), &change.at)).child(values)
    }))
}
