//! The canonical form of RFC 8785.

use serde_json::Value;

use super::double::Decimal;

/// The one text of a value by RFC 8785: keys in order of their UTF-16 code units, numbers as
/// ECMAScript writes them, no optional escapes, no white space.
///
/// # Examples
///
/// ```
/// use holdpoint_core::json::canonical;
///
/// let value = serde_json::json!({"b": 1.0, "a": [1e30, "\u{20ac}"]});
/// assert_eq!(canonical(&value), r#"{"a":[1e+30,"€"],"b":1}"#);
/// ```
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, &mut out);
    out
}

/// Appends a text as a JSON string with the fewest escapes.
pub(crate) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' => {
                out.push_str("\\u00");
                out.extend(hex(c as u8));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => {
            write_number(&Decimal::of(number.as_f64().unwrap_or_default()), out)
        }
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            // The map is in code point order, which differs only above U+FFFF: nearly every
            // insertion is a push, and no sorting code is needed.
            let mut members: Vec<(&String, &Value)> = Vec::with_capacity(map.len());
            for member in map {
                let after =
                    |(key, _): &(&String, &Value)| key.encode_utf16().le(member.0.encode_utf16());
                members.insert(members.partition_point(after), member);
            }
            out.push('{');
            for (index, (key, member)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_text(key, out);
                out.push(':');
                write_value(member, out);
            }
            out.push('}');
        }
    }
}

/// Lays a number out by `Number::toString` of ECMA-262.
fn write_number(Decimal { negative, digits, point }: &Decimal, out: &mut String) {
    let zeros = |count: i32| std::iter::repeat_n('0', count.max(0) as usize);
    if digits.is_empty() {
        return out.push('0');
    }
    if *negative {
        out.push('-');
    }
    match *point {
        1..=21 => {
            write_with_point(digits, *point as usize, out);
            out.extend(zeros(point - digits.len() as i32));
        }
        -5..=0 => {
            out.push_str("0.");
            out.extend(zeros(-point));
            out.push_str(digits);
        }
        _ => {
            write_with_point(digits, 1, out);
            out.push_str(if *point > 0 { "e+" } else { "e" });
            out.push_str(&(point - 1).to_string());
        }
    }
}

fn write_with_point(digits: &str, point: usize, out: &mut String) {
    for (index, digit) in digits.chars().enumerate() {
        if index == point {
            out.push('.');
        }
        out.push(digit);
    }
}

pub(super) fn hex(byte: u8) -> [char; 2] {
    [byte >> 4, byte & 15].map(|nibble| char::from_digit(nibble.into(), 16).unwrap_or('0'))
}
