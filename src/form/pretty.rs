//! JSON for people.

use holdpoint_core::json::canonical;
use serde_json::Value;

/// JSON with a line for each member.
#[must_use]
pub fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write_pretty(value, 0, &mut out);
    out
}

fn write_pretty(value: &Value, depth: usize, out: &mut String) {
    let line = |depth: usize, out: &mut String| {
        out.push('\n');
        (0..depth).for_each(|_| out.push_str("  "));
    };
    let (open, close, members): (_, _, Vec<(Option<&String>, &Value)>) = match value {
        Value::Array(items) if !items.is_empty() => {
            ('[', ']', items.iter().map(|item| (None, item)).collect())
        }
        Value::Object(map) if !map.is_empty() => {
            ('{', '}', map.iter().map(|(name, value)| (Some(name), value)).collect())
        }
        _ => return out.push_str(&canonical(value)),
    };
    let last = members.len() - 1;
    out.push(open);
    for (at, (name, value)) in members.into_iter().enumerate() {
        line(depth + 1, out);
        if let Some(name) = name {
            out.push_str(&canonical(&Value::String(name.clone())));
            out.push_str(": ");
        }
        write_pretty(value, depth + 1, out);
        if at < last {
            out.push(',');
        }
    }
    line(depth, out);
    out.push(close);
}
