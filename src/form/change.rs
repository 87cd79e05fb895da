//! What is different between two values.

use holdpoint_core::json::canonical;
use serde_json::{Map, Value};

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Where: the names of properties and the numbers of items, from 1, on the way to it.
    pub at: String,
    /// What was there.
    pub before: Option<Value>,
    /// What is there now.
    pub after: Option<Value>,
}

/// All differences, in the order of the names; none if the values are the same.
///
/// # Examples
///
/// ```
/// use holdpoint::form::changes;
/// use serde_json::json;
///
/// let [change] = &changes(&json!({"to": ["Ann"]}), &json!({"to": ["Ann", "Bob"]}))[..] else {
///     panic!()
/// };
/// assert_eq!(change.at, "to › 2");
/// assert_eq!((&change.before, &change.after), (&None, &Some(json!("Bob"))));
/// ```
#[must_use]
pub fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare("", Some(before), Some(after), &mut found);
    found
}

/// Whether two values are the same to whoever receives them: `5`, `5.0` and `5e0` are.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    one == other || canonical(one) == canonical(other)
}

fn compare(at: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Change>) {
    match (before, after) {
        (Some(before), Some(after)) if same(before, after) => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            members(at, before, after, found);
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => items(at, before, after, found),
        _ => {
            found.push(Change { at: at.to_owned(), before: before.cloned(), after: after.cloned() })
        }
    }
}

fn members(
    at: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    found: &mut Vec<Change>,
) {
    let new = after.keys().filter(|name| !before.contains_key(*name));
    for name in before.keys().chain(new) {
        compare(&inside(at, name), before.get(name), after.get(name), found);
    }
}

/// What two lists begin and end with alike is no change, so an item put in first is one and not a
/// change of all.
fn items(at: &str, before: &[Value], after: &[Value], found: &mut Vec<Change>) {
    let alike = |pairs: &mut dyn Iterator<Item = (&Value, &Value)>| {
        pairs.take_while(|(one, other)| same(one, other)).count()
    };
    let first = alike(&mut before.iter().zip(after));
    let shorter = before.len().min(after.len());
    let last = alike(&mut before.iter().rev().zip(after.iter().rev())).min(shorter - first);
    let (before, after) = (
        before.get(first..before.len() - last).unwrap_or_default(),
        after.get(first..after.len() - last).unwrap_or_default(),
    );
    for place in 0..before.len().max(after.len()) {
        let name = (first + place + 1).to_string();
        compare(&inside(at, &name), before.get(place), after.get(place), found);
    }
}

fn inside(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { [at, " › ", name].concat() }
}
