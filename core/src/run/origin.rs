//! Where the values of a call come from, as far as the record tells.

use serde_json::Value;

use super::{Outcome, Run, Slot};
use crate::json::canonical;

/// Where a value stood before the model used it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The person wrote it.
    Person,
    /// It stands in the page's instructions.
    Page,
    /// A tool gave it: its title.
    Tool(String),
    /// Nowhere: the model made it up, or changed it.
    Model,
}

impl Run {
    /// Where each value of a call comes from: its JSON Pointer into the arguments, and the nearest
    /// source that has it word for word. `earlier` are the runs of the conversation before this
    /// one. That a source has a value does not mean that the source meant it so.
    pub fn origins<'a>(
        &'a self,
        slot: &Slot,
        earlier: impl Iterator<Item = &'a Self> + Clone,
    ) -> Vec<(String, Origin)> {
        let mut leaves = Vec::new();
        collect(&slot.action.arguments, &mut String::new(), &mut leaves);
        let runs = || std::iter::once(self).chain(earlier.clone());
        // What tools gave before this call, taken apart once for all of its values.
        let slots = |run: &'a Self| run.turns().flat_map(|turn| &turn.slots);
        let results: Vec<(&str, Vec<(String, String)>)> = slots(self)
            .take_while(|other| other.action.id != slot.action.id)
            .chain(earlier.clone().flat_map(slots))
            .filter_map(|other| {
                let Some(Outcome::Succeeded(result)) = other.outcome() else { return None };
                let mut found = Vec::new();
                collect(result, &mut String::new(), &mut found);
                Some((other.action.title.as_str(), found))
            })
            .collect();
        let origin = |value: &str| {
            if runs().any(|run| mentions(&run.spec.text, value)) {
                return Origin::Person;
            }
            if mentions(&self.spec.instructions, value) {
                return Origin::Page;
            }
            results
                .iter()
                .find(|(_, found)| found.iter().any(|(_, known)| mentions(known, value)))
                .map_or(Origin::Model, |(title, _)| Origin::Tool((*title).to_owned()))
        };
        leaves
            .into_iter()
            .map(|(path, value)| {
                let origin = origin(&value);
                (path, origin)
            })
            .collect()
    }
}

/// All texts, numbers and the like in a value, as text, each with its place.
fn collect(value: &Value, path: &mut String, leaves: &mut Vec<(String, String)>) {
    let mut step = |name: &str, value: &Value| {
        let end = path.len();
        path.push('/');
        path.push_str(&name.replace('~', "~0").replace('/', "~1"));
        collect(value, path, leaves);
        path.truncate(end);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| step(name, value)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| step(&at.to_string(), item));
        }
        Value::String(text) => leaves.push((path.clone(), text.clone())),
        other => leaves.push((path.clone(), canonical(other))),
    }
}

/// Whether a text has a value as a word or words of its own, in whatever case.
fn mentions(text: &str, value: &str) -> bool {
    let (text, value) = (text.to_lowercase(), value.trim().to_lowercase());
    if value.is_empty() {
        return false;
    }
    let is_word = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    text.match_indices(&value).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let rest = text.get(at + value.len()..).unwrap_or_default();
        let mut after = rest.chars();
        let next = after.next();
        // 500 is not in 1500, nor in 500.25 or 500,000.
        let goes_on = matches!(next, Some('.' | ',')) && is_word(after.next());
        let came = matches!(before, Some('.' | ','))
            && is_word(text.get(..at.saturating_sub(1)).and_then(|t| t.chars().next_back()));
        let is_number = value.ends_with(|c: char| c.is_ascii_digit());
        !(is_word(before) || is_word(next) || is_number && (goes_on || came))
    })
}
