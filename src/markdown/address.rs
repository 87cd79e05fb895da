//! Addresses: where they end, and which may become links.

use super::inline::{OPEN_MAX, unescape};

/// The address in parentheses, and the bytes it takes. A title may follow it; it is not shown.
pub(super) fn target(text: &str) -> Option<(String, usize)> {
    let rest = text.strip_prefix('(')?.trim_start();
    let (href, rest) = if let Some(rest) = rest.strip_prefix('<') {
        let end = find_unescaped(rest, |next| matches!(next, '>' | '<' | '\n'))?;
        (&rest[..end], rest[end..].strip_prefix('>')?)
    } else {
        let mut depth = 0_usize;
        let end = find_unescaped(rest, |next| {
            depth += usize::from(next == '(');
            let ends = next.is_whitespace() || next == ')' && depth == 0 || depth > OPEN_MAX;
            depth -= usize::from(next == ')' && depth > 0);
            ends
        })?;
        rest.split_at(end)
    };
    let mut tail = rest.trim_start();
    if tail.len() < rest.len() {
        let close = match tail.chars().next() {
            Some('(') => ')',
            Some(quote @ ('"' | '\'')) => quote,
            _ => '\0',
        };
        if close != '\0' {
            let end =
                find_unescaped(&tail[1..], |next| next == close || next == '(' && close == ')')?;
            tail = tail[1 + end..].strip_prefix(close)?.trim_start();
        }
    }
    let after = tail.strip_prefix(')')?;
    Some((unescape(href), text.len() - after.len()))
}

fn find_unescaped(text: &str, mut ends: impl FnMut(char) -> bool) -> Option<usize> {
    let mut escaped = false;
    text.find(|next: char| {
        let ends = !escaped && ends(next);
        escaped = next == '\\' && !escaped;
        ends
    })
}

/// Whether an address may become a link: absolute, of a scheme that runs nothing and cannot be changed
/// on its way, in one word.
pub(super) fn is_followed(href: &str) -> bool {
    let starts = |scheme: &str| {
        href.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    (starts("https://") || starts("mailto:"))
        && !href.contains(|next: char| next.is_whitespace() || next.is_control())
}

pub(super) fn is_mail_address(text: &str) -> bool {
    let domain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let local = |byte: u8| domain(byte) || b"!#$%&'*+/=?^_`{|}~".contains(&byte);
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && name.bytes().all(local) && host.bytes().all(domain)
    })
}

/// The address without the punctuation of the sentence around it.
pub(super) fn trim_address(href: &str) -> &str {
    let closing = href.bytes().filter(|byte| *byte == b')').count();
    let mut spare = closing.saturating_sub(href.bytes().filter(|byte| *byte == b'(').count());
    let mut end = href.len();
    for byte in href.bytes().rev() {
        match byte {
            b')' if spare > 0 => spare -= 1,
            b'?' | b'!' | b'.' | b',' | b':' | b';' | b'*' | b'_' | b'~' | b'\'' | b'|' => {}
            _ => break,
        }
        end -= 1;
    }
    &href[..end]
}
