//! What a schema says, as far as a form asks.

use holdpoint_core::json::canonical;
use serde_json::Value;

use super::{Input, Kind};

/// The values of a schema that allows a few only.
pub(super) fn options(schema: &Value) -> Option<Vec<(String, Value)>> {
    let plain = |values: &[Value]| values.iter().map(|it| (String::new(), it.clone())).collect();
    if let Some(only) = schema.get("const") {
        return Some(plain(std::slice::from_ref(only)));
    }
    if let Some(Value::Array(values)) = schema.get("enum") {
        return Some(plain(values));
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("boolean") => return Some(plain(&[true.into(), false.into()])),
        Some("null") => return Some(plain(&[Value::Null])),
        _ => {}
    }
    // Each with a title of its own.
    let of = |variant: &Value| Some((label(variant), variant.get("const")?.clone()));
    variants(schema).iter().map(of).collect::<Option<Vec<_>>>().filter(|all| !all.is_empty())
}

/// The schemas of which a value follows one, each with all that the schema says beside them. Those
/// that say nothing of what a value looks like only limit it, and are none.
pub(super) fn variants(schema: &Value) -> Vec<Value> {
    let Value::Object(map) = schema else { return Vec::new() };
    let mut base = map.clone();
    let list = base.remove("anyOf").or_else(|| base.remove("oneOf"));
    if let Some(Value::Array(list)) = list {
        let shapes = |it: &Value| SHAPES.iter().any(|key| it.get(key).is_some());
        if !list.is_empty() && list.iter().all(shapes) {
            for word in ["title", "description", "default"] {
                base.remove(word);
            }
            let base = Value::Object(base);
            return list.into_iter().map(|variant| overlaid(base.clone(), &variant)).collect();
        }
    }
    let Some(Value::Array(types)) = map.get("type") else { return Vec::new() };
    let of = |name: &Value| {
        let mut variant = map.clone();
        variant.insert("type".to_owned(), name.clone());
        variant.remove("title");
        Value::Object(variant)
    };
    types.iter().map(of).collect()
}

/// One schema with another put over it.
pub(super) fn overlaid(base: Value, over: &Value) -> Value {
    let (Value::Object(mut base), Value::Object(over)) = (base, over) else { return over.clone() };
    for (key, value) in over {
        let merged = match (key.as_str(), base.remove(key), value) {
            ("properties", Some(Value::Object(mut first)), Value::Object(second)) => {
                first.extend(second.clone());
                Value::Object(first)
            }
            ("required", Some(Value::Array(mut first)), Value::Array(second)) => {
                first.extend(second.iter().cloned());
                Value::Array(first)
            }
            _ => value.clone(),
        };
        base.insert(key.clone(), merged);
    }
    Value::Object(base)
}

/// The type that a schema names or, where it names none, the one that its other words are about or
/// that the value has; empty if there is none.
pub(super) fn kind_word<'a>(schema: &'a Value, value: Option<&Value>) -> &'a str {
    if let Some(word) = schema.get("type").and_then(Value::as_str) {
        return word;
    }
    let about = |word| schema.get(word).is_some();
    match value {
        Some(Value::String(_)) => "string",
        Some(Value::Number(_)) => "number",
        Some(Value::Object(_)) if about("properties") => "object",
        Some(Value::Array(_)) if about("items") => "array",
        Some(_) => "",
        None if about("properties") => "object",
        None if about("items") => "array",
        None => "",
    }
}

pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

pub(super) fn text_field(schema: &Value, text: &str) -> Kind {
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    let longest = schema.get("maxLength").and_then(Value::as_f64);
    let input = if text.contains('\n') || text.chars().count() > LINE {
        Input::Lines
    } else {
        match format {
            // A field for days cannot show anything else.
            "date" if text.is_empty() || is_date(text) => Input::Date,
            "email" | "idn-email" => Input::Email,
            "uri" | "iri" | "url" => Input::Link,
            "" if longest.is_some_and(|longest| longest > 4.0 * LINE as f64) => Input::Lines,
            _ => Input::Line,
        }
    };
    Kind::Text { text: text.to_owned(), input }
}

/// Whether a text is a day as a field for days takes and gives it.
pub(super) fn is_date(text: &str) -> bool {
    let mut parts = text.split('-').map(|part| (part.len(), part.parse::<u32>()));
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let (Some((4, Ok(year @ 1..))), Some((2, Ok(month))), Some((2, Ok(day))), None) =
        (year, month, day, parts.next())
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    (1..=last).contains(&day) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit())
}

pub(super) fn names(schema: &Value) -> Vec<&str> {
    let required = schema.get("required").and_then(Value::as_array);
    required.map(|names| names.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

/// What to call a variant: its title, the one value that sets it apart, or its type.
pub(super) fn label(schema: &Value) -> String {
    let text = |key| schema.get(key).and_then(Value::as_str);
    if let Some(title) = text("title") {
        return title.to_owned();
    }
    let literal = |value: &Value| value.as_str().map_or_else(|| canonical(value), str::to_owned);
    if let Some(value) = schema.get("const") {
        return literal(value);
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    let mark = properties.and_then(|all| all.values().find_map(|property| property.get("const")));
    mark.map(literal).or_else(|| text("type").map(str::to_owned)).unwrap_or_default()
}

/// The words by which a schema says what a value looks like.
const SHAPES: [&str; 7] = ["type", "properties", "enum", "const", "$ref", "items", "allOf"];

/// The longest text for a field of one line, in characters.
const LINE: usize = 60;
