//! Text of others among ours: it stays text, it is seen whole, and it cannot pass for something else.

use holdpoint_core::escape::visible_text;
use holdpoint_core::json::canonical;
use serde_json::Value;

/// Text that stays text in HTML, in an attribute as well.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

/// Prose: what has no form of its own, or turns the direction of what stands beside it, is shown as
/// its number. Line breaks stay, and so does what is not read letter by letter.
pub(crate) fn visible(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && (c.is_control() || is_hidden(c)) {
            safe.push_str(&format!("[U+{:04X}]", c as u32));
        } else {
            safe.push(c);
        }
    }
    safe
}

/// A value on one line, as it is on a card: a text is in quotes, so that none can look like the line
/// after it, and no two values read the same.
pub(crate) fn on_one_line(value: &Value) -> String {
    visible_text(&canonical(value))
}

/// The beginning of a text that has at most so many characters as UTF-16 counts them, and how many
/// of them are left out.
pub(crate) fn beginning(text: &str, max: usize) -> (&str, usize) {
    let mut taken = 0;
    for (at, c) in text.char_indices() {
        taken += c.len_utf16();
        if taken > max {
            return (&text[..at], text[at..].encode_utf16().count());
        }
    }
    (text, 0)
}

fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}
