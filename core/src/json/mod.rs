//! JSON that is safe to decide on: a strict reader for untrusted text, one canonical form, and a
//! digest of it.
//!
//! It knows nothing of tools or schemas. A number is an IEEE double here, as it is in the page that
//! will receive it.

mod canonical;
mod digest;
mod double;
mod read;

pub use serde_json::{Map, Value};

use self::read::Reader;
pub use canonical::canonical;
pub(crate) use canonical::write_text;
pub use digest::{Digest, DigestError, digest, digest_text};
pub(crate) use double::Decimal;

/// How much untrusted text [`parse`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest text, in bytes.
    pub bytes_max: usize,
    /// The deepest nesting of arrays and objects; above 126 it counts as 126.
    pub depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes_max: 256 * 1024, depth_max: 32 }
    }
}

/// Why a text was refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// One of `json_syntax`, `duplicate_key`, `unsafe_number`, `too_deep` and `too_long`.
    pub code: &'static str,
    /// A JSON Pointer to the value that was being read.
    pub path: String,
    /// What was expected and what was found.
    pub message: String,
}

/// Reads one JSON value from text that nobody vouches for.
///
/// Two readers that both accept a text must agree on what it says, because one of them shows it to
/// a person and the other acts on it. So what readers are known to take in different ways is
/// refused.
///
/// # Errors
///
/// * `json_syntax`: the text is no JSON (`{`), holds half of a surrogate pair (`"\ud800"`), or goes
///   on after the value (`1 2`).
/// * `duplicate_key`: an object has a key twice (`{"to":"Ann","to":"Bob"}`).
/// * `unsafe_number`: a number is outside ±(2^53−1), where doubles skip integers (`1e20`).
/// * `too_deep`, `too_long`: the text exceeds the limits.
///
/// # Examples
///
/// ```
/// use holdpoint_core::json::{Limits, parse};
///
/// let fault = parse(r#"{"to":{"id":1,"id":2}}"#, &Limits::default()).unwrap_err();
/// assert_eq!((fault.code, fault.path.as_str()), ("duplicate_key", "/to/id"));
/// ```
pub fn parse(text: &str, limits: &Limits) -> Result<Value, Fault> {
    if text.len() > limits.bytes_max {
        let (max, found) = (limits.bytes_max, text.len());
        return Err(Fault {
            code: "too_long",
            path: String::new(),
            message: format!("expected at most {max} bytes, found {found}"),
        });
    }
    Reader::new(text, limits.depth_max.min(DEPTH_CEILING), true).document()
}

/// Reads one JSON value from text that is vouched for, or that decides nothing.
///
/// As JavaScript reads it, except that half of a surrogate pair is refused, as is a number beyond
/// all doubles and the 128th level: of a key that is there twice the last is taken.
///
/// # Errors
///
/// `json_syntax` and `too_deep`, as [`parse`].
pub fn read(text: &str) -> Result<Value, Fault> {
    Reader::new(text, DEPTH_MAX, false).document()
}

/// An object of these fields, each of whatever becomes a value by itself.
///
/// What `json!` of serde_json is for, without its generic serializer.
///
/// # Examples
///
/// ```
/// use holdpoint_core::{json::canonical, object};
///
/// assert_eq!(canonical(&object! { "to": "Ann", "amount": 5 }), r#"{"amount":5,"to":"Ann"}"#);
/// ```
#[macro_export]
macro_rules! object {
    ($($name:literal: $value:expr),+ $(,)?) => {{
        let mut fields = $crate::json::Map::new();
        $($crate::json::put(&mut fields, $name, $value.into());)+
        $crate::json::Value::Object(fields)
    }};
}

/// Sets a field; what [`object!`] is made of.
#[inline(never)]
pub fn put(fields: &mut Map<String, Value>, name: &str, value: Value) {
    fields.insert(name.to_owned(), value);
}

/// Takes a field out; the fields that are left, and what it held.
///
/// Put together anew, since a tree that can lose a key is several kilobytes more of code.
#[inline(never)]
pub(crate) fn without(
    fields: Map<String, Value>,
    name: &str,
) -> (Map<String, Value>, Option<Value>) {
    let (mut rest, mut taken) = (Map::new(), None);
    for (key, value) in fields {
        if key == name {
            taken = Some(value);
        } else {
            rest.insert(key, value);
        }
    }
    (rest, taken)
}

/// Appends a reference token to a JSON Pointer (RFC 6901); gives the length to go back to.
pub(crate) fn push_token(path: &mut String, token: &str) -> usize {
    let length = path.len();
    path.push('/');
    for c in token.chars() {
        match c {
            '~' => path.push_str("~0"),
            '/' => path.push_str("~1"),
            _ => path.push(c),
        }
    }
    length
}

/// How deep [`read`] goes; what is stored of a run is never as deep.
const DEPTH_MAX: usize = 127;

/// Below that, so that what was once accepted fits into what is stored of it.
const DEPTH_CEILING: usize = 126;
