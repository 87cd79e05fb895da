//! The words of a violation: what was expected and what was found.

use serde_json::{Number, Value};

use super::node::{Bound, Limit, Measure};
use crate::json::{canonical, write_text};

/// The most options of an `enum` that are worth naming.
pub(super) const OPTIONS_MAX: usize = 12;

/// A value as a message shows it: in full if it is short.
pub(super) fn shown(value: &Value) -> String {
    let count = |noun: &str, count: usize, of: &str| {
        let plural = if count == 1 { "" } else { "s" };
        [noun, " of ", &count.to_string(), of, plural].concat()
    };
    match value {
        Value::String(text) => {
            let mut quoted = String::new();
            match text.char_indices().nth(CHARACTERS_MAX) {
                Some((end, _)) => {
                    write_text(text.get(..end).unwrap_or_default(), &mut quoted);
                    quoted.push('…');
                }
                None => write_text(text, &mut quoted),
            }
            quoted
        }
        Value::Array(items) => count("an array", items.len(), " item"),
        Value::Object(map) if map.len() == 1 => "an object of 1 property".to_owned(),
        Value::Object(map) => count("an object", map.len(), " propertie"),
        _ => canonical(value),
    }
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn joined(mut names: Vec<String>) -> String {
    let last = names.pop().unwrap_or_default();
    if names.is_empty() { last } else { [&names.join(", "), " or ", &last].concat() }
}

/// A limit as a sentence names it: `a string of at most 5 characters`.
pub(super) fn in_words(limit: &Limit, bound: &Number) -> String {
    let (noun, unit) = match limit.of {
        Measure::Number => ("a number", ""),
        Measure::Characters => ("a string", " characters"),
        Measure::Items => ("an array", " items"),
        Measure::Properties => ("an object", " properties"),
    };
    let relation = match limit.bound {
        Bound::AtLeast => " of at least ",
        Bound::AtMost => " of at most ",
        Bound::Above => " above ",
        Bound::Below => " below ",
    };
    [noun, relation, &canonical(&Value::Number(bound.clone())), unit].concat()
}

pub(super) fn property(name: &str, beside: &str) -> String {
    let mut words = "the property ".to_owned();
    write_text(name, &mut words);
    if !beside.is_empty() {
        words.push_str(" beside ");
        write_text(beside, &mut words);
    }
    words
}

/// The most characters of a string that are worth showing.
const CHARACTERS_MAX: usize = 40;
