//! From fields to the value that they stand for, or to what is wrong with them.

use holdpoint_core::json::{Limits, parse};
use holdpoint_core::schema::{Patterns, Schema};
use serde_json::{Map, Value};

use super::schema::is_date;
use super::{Form, Id, Input, Kind};

/// A place in a value, as people read it: names of properties and numbers of items, from 1.
#[must_use]
pub fn place(path: &str) -> String {
    path.split('/')
        .skip(1)
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
        .map(|token| token.parse::<usize>().map_or(token, |at| (at + 1).to_string()))
        .collect::<Vec<_>>()
        .join(" › ")
}

/// Something that is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The field.
    pub field: Id,
    /// Where in the value, as a JSON Pointer.
    pub path: String,
    /// What was expected and what was found.
    pub message: String,
}

impl Form {
    /// The value, if it is one of the tool's schema.
    ///
    /// # Errors
    ///
    /// All that is wrong, each with its field: what was typed is no value (`12,5` for a number), or
    /// the value is not what the schema asks for.
    pub fn check(&self, schema: &Schema, patterns: &dyn Patterns) -> Result<Value, Vec<Issue>> {
        let value = self.value_of(self.root)?;
        let violations = schema.check(&value, patterns);
        if violations.is_empty() {
            return Ok(value);
        }
        Err(violations
            .into_iter()
            .map(|it| Issue { field: self.find(&it.path), path: it.path, message: it.message })
            .collect())
    }

    /// The field at a JSON Pointer, or the nearest one around it.
    #[must_use]
    pub fn find(&self, path: &str) -> Id {
        let mut at = self.root;
        for token in path.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            let inner = self.seen_through(at);
            let next = match self.kind(inner) {
                Some(Kind::Object(fields)) => fields.iter().copied().find(|id| {
                    self.field(*id).is_some_and(|field| field.present && field.name == token)
                }),
                Some(Kind::List { items, .. }) => {
                    token.parse::<usize>().ok().and_then(|place| items.get(place).copied())
                }
                _ => None,
            };
            match next {
                Some(next) => at = next,
                None => return inner,
            }
        }
        at
    }

    /// The field that a choice of variants has come down to.
    fn seen_through(&self, mut id: Id) -> Id {
        while let Some(Kind::Variants { field, .. }) = self.kind(id) {
            id = *field;
        }
        id
    }

    pub(super) fn value_of(&self, id: Id) -> Result<Value, Vec<Issue>> {
        let mut issues = Vec::new();
        let value = self.read(id, &mut String::new(), &mut issues);
        if issues.is_empty() { Ok(value) } else { Err(issues) }
    }

    fn read(&self, id: Id, path: &mut String, issues: &mut Vec<Issue>) -> Value {
        let mut refuse = |message: &str| {
            issues.push(Issue { field: id, path: path.clone(), message: message.to_owned() });
            Value::Null
        };
        match self.kind(id) {
            Some(Kind::Text { text, input: Input::Date }) if !is_date(text) => {
                refuse("expected a day such as 2026-01-31")
            }
            Some(Kind::Text { text, .. }) => Value::String(text.clone()),
            Some(Kind::Number { text, whole }) => match parse(text.trim(), &Limits::default()) {
                Ok(number @ Value::Number(_)) => number,
                Err(fault) if fault.code == "unsafe_number" => refuse(&fault.message),
                _ if *whole => refuse("expected a whole number such as 12"),
                _ => refuse("expected a number such as 12.5"),
            },
            Some(Kind::Json(text)) => match parse(text, &Limits::default()) {
                Ok(value) => value,
                Err(fault) => refuse(&fault.message),
            },
            Some(Kind::Choice { options, chosen }) => {
                match chosen.and_then(|chosen| options.get(chosen)) {
                    Some((_, value)) => value.clone(),
                    None => refuse("expected one of these to be chosen"),
                }
            }
            Some(Kind::Variants { field, .. }) => self.read(*field, path, issues),
            Some(Kind::List { items, .. }) => {
                let item = |(at, item): (usize, &Id)| {
                    let length = path.len();
                    path.push('/');
                    path.push_str(&at.to_string());
                    let value = self.read(*item, path, issues);
                    path.truncate(length);
                    value
                };
                Value::Array(items.iter().enumerate().map(item).collect())
            }
            Some(Kind::Object(fields)) => {
                let mut map = Map::new();
                for id in fields {
                    let Some(field) = self.field(*id).filter(|field| field.present) else {
                        continue;
                    };
                    let length = path.len();
                    path.push('/');
                    path.push_str(&field.name.replace('~', "~0").replace('/', "~1"));
                    let value = self.read(*id, path, issues);
                    map.insert(field.name.clone(), value);
                    path.truncate(length);
                }
                Value::Object(map)
            }
            Some(Kind::Nothing) | None => Value::Null,
        }
    }
}
