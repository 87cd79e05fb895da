//! JSON that is safe to decide on: a strict reader for untrusted text, one canonical form, and a
//! digest of it.
//!
//! It knows nothing of tools or schemas. A number is an IEEE double here, as it is in the page that
//! will receive it.

mod canonical;
mod digest;

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

pub use canonical::canonical;
pub(crate) use canonical::{Decimal, write_text};
pub use digest::{Digest, DigestError, digest, digest_text};

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
/// * `unsafe_number`: a number is outside ±(2^53−1), where doubles skip integers (`1e20`), or its
///   canonical text would be read as another number, as a few of 16 and more digits are.
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
    let mut reader = Reader {
        path: String::new(),
        depth_left: limits.depth_max.min(DEPTH_CEILING),
        refusal: None,
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = ValueSeed(&mut reader).deserialize(&mut deserializer);
    let result = read.and_then(|value| deserializer.end().map(|()| value));
    result.map_err(|error| {
        let (code, message) = reader.refusal.unwrap_or_else(|| {
            let message = error.to_string();
            let overflow = message.starts_with("number out of range");
            (if overflow { UNSAFE_NUMBER } else { "json_syntax" }, message)
        });
        Fault { code, path: reader.path, message }
    })
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

/// How a JSON value is read: the visitor keeps its place and the refusal here, since an error of
/// the library carries neither.
struct Reader {
    path: String,
    depth_left: usize,
    refusal: Option<(&'static str, String)>,
}

impl Reader {
    fn refuse<E: de::Error>(&mut self, code: &'static str, message: &str) -> E {
        self.refusal = Some((code, message.to_owned()));
        E::custom(code)
    }

    fn enter<E: de::Error>(&mut self) -> Result<(), E> {
        match self.depth_left.checked_sub(1) {
            Some(left) => self.depth_left = left,
            None => return Err(self.refuse("too_deep", "expected less nesting")),
        }
        Ok(())
    }
}

struct ValueSeed<'a>(&'a mut Reader);

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        if value > SAFE_INTEGER_MAX {
            return Err(self.0.refuse(UNSAFE_NUMBER, SAFE_RANGE));
        }
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() > SAFE_INTEGER_MAX {
            return Err(self.0.refuse(UNSAFE_NUMBER, SAFE_RANGE));
        }
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        let Some(number) =
            Number::from_f64(value).filter(|_| value.abs() <= SAFE_INTEGER_MAX as f64)
        else {
            return Err(self.0.refuse(UNSAFE_NUMBER, SAFE_RANGE));
        };
        // The library reads some numbers of 16 and more digits as a neighbour. What is stored and
        // read again must be the number that was approved.
        let read_again = serde_json::from_str::<Value>(&number.to_string());
        if read_again.ok().and_then(|again| again.as_f64()) != Some(value) {
            return Err(self.0.refuse(UNSAFE_NUMBER, "expected a number of at most 15 digits"));
        }
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let reader = self.0;
        reader.enter()?;
        let mut array = Vec::new();
        loop {
            let length = push_token(&mut reader.path, &array.len().to_string());
            let item = items.next_element_seed(ValueSeed(reader))?;
            reader.path.truncate(length);
            match item {
                Some(item) => array.push(item),
                None => break,
            }
        }
        reader.depth_left += 1;
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let reader = self.0;
        reader.enter()?;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let length = push_token(&mut reader.path, &key);
            if object.contains_key(&key) {
                return Err(
                    reader.refuse("duplicate_key", "expected each key once, found it twice")
                );
            }
            object.insert(key, members.next_value_seed(ValueSeed(reader))?);
            reader.path.truncate(length);
        }
        reader.depth_left += 1;
        Ok(Value::Object(object))
    }
}

const UNSAFE_NUMBER: &str = "unsafe_number";
const SAFE_RANGE: &str = "expected a number between -(2^53-1) and 2^53-1";
const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// The library refuses the 128th level without asking the visitor; this stays below it.
const DEPTH_CEILING: usize = 126;
