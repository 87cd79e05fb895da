//! JSON to read: a line for each member, its name apart from its value.

use holdpoint_core::json;
use serde_json::Value;

use crate::form::pretty;
use crate::view::desk::safely;
use crate::view::tag::{Tag, tag};

/// A value.
pub(super) fn source(value: &Value) -> Tag {
    lines(&pretty(value))
}

/// A text that may be JSON.
pub(super) fn text(text: &str) -> Tag {
    match json::read(text) {
        Ok(value) => source(&value),
        Err(_) => lines(text),
    }
}

fn lines(text: &str) -> Tag {
    // It scrolls, so it can have the focus.
    let block = tag("pre").class("dev-source").set("tabindex", "0").set("role", "group");
    text.lines().fold(block.set("aria-label", "Source"), |block, line| {
        let words = line.trim_start_matches(' ');
        let block = block.text(&line[..line.len() - words.len()]);
        let block = match words.strip_prefix('"').and_then(|rest| rest.split_once("\": ")) {
            Some((name, value)) => {
                let name = safely(tag("span").class("dev-name"), name);
                block.child(name).text(": ").child(safely(tag("span"), value))
            }
            None => block.child(safely(tag("span"), words)),
        };
        block.text("\n")
    })
}
