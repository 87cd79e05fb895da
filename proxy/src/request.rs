//! A caller's body, read field by field and put together anew.

use std::borrow::Cow;
use std::fmt;

use axum::body::Bytes;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::ProxyError;
use crate::wire::Wire;

/// What may be asked for.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Models that may be named; any, when the list is empty.
    pub(crate) models: Vec<String>,
    /// Fields that may pass beside those that are known.
    pub(crate) extra_fields: Vec<String>,
    /// Whether each stream is to say how many tokens it took.
    pub(crate) usage_wanted: bool,
}

/// A body of which every field is known and of the right type.
pub(crate) struct Checked {
    /// What goes up: the same values in the same order, each field once.
    pub(crate) body: Bytes,
    /// Whether events are asked for.
    pub(crate) stream: bool,
}

impl Rules {
    /// Reads a body whole.
    ///
    /// What stands inside a field is the provider's business and goes up as it is, byte for byte:
    /// only its type and its depth are looked at.
    pub(crate) fn check(&self, wire: Wire, body: &[u8]) -> Result<Checked, ProxyError> {
        let invalid =
            |error: serde_json::Error| ProxyError::JsonInvalid { reason: error.to_string() };
        let Fields(fields) = serde_json::from_slice(body).map_err(invalid)?;
        if depth(body) > DEPTH_MAX {
            return Err(ProxyError::JsonTooDeep { max: DEPTH_MAX });
        }
        for (name, value) in &fields {
            match wire.kind(name) {
                Some(kind) if !kind.fits(value.get()) => {
                    let expected = kind.types().join(" or ");
                    return Err(ProxyError::FieldInvalid { field: name.to_string(), expected });
                }
                None if !self.extra_fields.iter().any(|extra| extra == name) => {
                    return Err(ProxyError::FieldUnknown { field: shown(name) });
                }
                _ => {}
            }
        }
        let field = |name: &str| fields.iter().find(|(known, _)| known == name);
        let value = |name| field(name).map(|(_, value)| value.get());
        self.check_model(value("model"))?;
        let stream = value("stream") == Some("true");
        let adds_usage = self.usage_wanted && stream && wire == Wire::Chat;
        let mut options = value("stream_options").filter(|_| adds_usage).map(with_usage);
        if adds_usage && options.is_none() {
            options = Some(with_usage("{}"));
        }
        Ok(Checked { body: rebuilt(&fields, options.as_deref()), stream })
    }

    fn check_model(&self, model: Option<&str>) -> Result<(), ProxyError> {
        if self.models.is_empty() {
            return Ok(());
        }
        let model: Option<Name<'_>> = model.and_then(|model| serde_json::from_str(model).ok());
        match model {
            Some(Name(model)) if self.models.iter().any(|known| *known == model) => Ok(()),
            model => {
                let model = model.map_or_else(|| "(none)".into(), |Name(model)| shown(&model));
                Err(ProxyError::ModelNotAllowed { model })
            }
        }
    }
}

/// An object's fields in their order. A field that comes twice is an error here, where an upstream
/// might take the one that was not checked.
struct Fields<'a>(Vec<Field<'a>>);

type Field<'a> = (Cow<'a, str>, &'a RawValue);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields: Vec<Field<'de>> = Vec::with_capacity(8);
                while let Some((Name(name), value)) = map.next_entry()? {
                    if fields.len() == FIELDS_MAX {
                        let message = format_args!("more than {FIELDS_MAX} fields");
                        return Err(serde::de::Error::custom(message));
                    }
                    if fields.iter().any(|(known, _)| *known == name) {
                        let message = format_args!("the field {} comes twice", shown(&name));
                        return Err(serde::de::Error::custom(message));
                    }
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

/// The name of a field, where it stands unless it has escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The object again, with other `stream_options` where they are given.
fn rebuilt(fields: &[Field<'_>], options: Option<&str>) -> Bytes {
    let size = fields.iter().map(|(name, value)| name.len() + value.get().len() + 4).sum::<usize>();
    let mut body = Vec::with_capacity(size + options.map_or(0, str::len) + 32);
    let kept = fields.iter().map(|(name, value)| (&**name, value.get()));
    let kept = kept.filter(|(name, _)| options.is_none() || *name != "stream_options");
    for (name, value) in kept.chain(options.map(|options| ("stream_options", options))) {
        body.push(if body.is_empty() { b'{' } else { b',' });
        // Writing a text to memory does not fail.
        let _ = serde_json::to_writer(&mut body, name);
        body.push(b':');
        body.extend_from_slice(value.as_bytes());
    }
    if body.is_empty() {
        body.push(b'{');
    }
    body.push(b'}');
    body.into()
}

/// The options of a Chat Completions stream, which says what it took only when it is asked to.
fn with_usage(options: &str) -> String {
    let mut options: serde_json::Value = serde_json::from_str(options).unwrap_or_default();
    if !options.is_object() {
        options = serde_json::json!({});
    }
    options["include_usage"] = true.into();
    options.to_string()
}

/// How deep the braces and brackets of a JSON text go. It is looked at byte by byte, so that the
/// depth of a text costs no stack.
fn depth(json: &[u8]) -> usize {
    let (mut deepest, mut depth) = (0, 0_usize);
    let mut rest = json;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(end) = memchr::memchr2(b'"', b'\\', rest) {
                    let is_escape = rest[end] == b'\\';
                    rest = rest.get(end + 1 + usize::from(is_escape)..).unwrap_or_default();
                    if !is_escape {
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    deepest
}

/// A name of the caller's, in quotes and not too long for a message.
fn shown(name: &str) -> String {
    format!("{:?}", name.chars().take(100).collect::<String>())
}

/// Deeper than the schema of any sane tool, and shallower than any parser's stack.
const DEPTH_MAX: usize = 100;

const FIELDS_MAX: usize = 100;
