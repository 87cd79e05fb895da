//! The stored form of each type: one list of its fields or variants, for reading and for writing.
//!
//! Not by `serde`, whose derived code is generic in the format as well and weighs several times as
//! much in the widget. Fields that are not known are passed over.

use serde_json::{Map, Value};

use super::{Record, Stored};
use crate::approval::{Approver, Decision, Settlement};
use crate::id::{CallId, RunId, ThreadId, Timestamp};
use crate::json::Digest;
use crate::message::{Finish, Item, ModelResponse, Part, ToolCall, Usage};
use crate::plan::{Action, Issue, Planned, Report};
use crate::policy::{Ruling, Verdict};
use crate::run::{HISTORY_BYTES_MAX, Limits, Mode, Spec, ToolOutcome};
use crate::tool::Annotations;

/// What stood in the way: the name of a field, or of what was expected.
#[derive(Debug)]
pub(crate) struct Unread(pub(crate) &'static str);

type Result<T> = std::result::Result<T, Unread>;

/// What can be stored as a value and taken out of it again.
pub(crate) trait Form: Sized {
    fn read(value: Value) -> Result<Self>;

    fn write(&self) -> Value;

    /// Whether a field that may be left out is.
    fn is_empty(&self) -> bool {
        false
    }
}

/// The fields of an object that have not been read.
struct Fields(Map<String, Value>);

impl Fields {
    fn of(value: Value) -> Result<Self> {
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(Unread("an object")),
        }
    }

    fn take<T: Form>(&mut self, name: &'static str) -> Result<T> {
        self.0.remove(name).ok_or(Unread(name)).and_then(T::read)
    }

    /// A field that may be left out.
    fn take_or<T: Form>(&mut self, name: &'static str, absent: T) -> Result<T> {
        self.0.remove(name).map_or(Ok(absent), T::read)
    }

    #[inline(never)]
    fn put(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }
}

/// A variant that holds something.
fn holding(name: &str, held: Value) -> Value {
    let mut fields = Fields(Map::new());
    fields.put(name, held);
    Value::Object(fields.0)
}

/// The name of an enum's variant, and what it holds; nothing where it is a word alone.
#[inline(never)]
fn variant(value: Value) -> Result<(String, Value)> {
    match value {
        Value::String(name) => Ok((name, Value::Null)),
        Value::Object(fields) if fields.len() == 1 => {
            fields.into_iter().next().ok_or(Unread("a variant"))
        }
        _ => Err(Unread("a variant")),
    }
}

impl Form for Value {
    fn read(value: Value) -> Result<Self> {
        Ok(value)
    }

    fn write(&self) -> Value {
        self.clone()
    }
}

impl<T: Form> Form for Option<T> {
    fn read(value: Value) -> Result<Self> {
        if value.is_null() { Ok(None) } else { T::read(value).map(Some) }
    }

    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::write)
    }

    fn is_empty(&self) -> bool {
        self.is_none()
    }
}

impl<T: Form> Form for Vec<T> {
    fn read(value: Value) -> Result<Self> {
        match value {
            Value::Array(items) => items.into_iter().map(T::read).collect(),
            _ => Err(Unread("a list")),
        }
    }

    fn write(&self) -> Value {
        Value::Array(self.iter().map(T::write).collect())
    }
}

impl Form for Map<String, Value> {
    fn read(value: Value) -> Result<Self> {
        Fields::of(value).map(|fields| fields.0)
    }

    fn write(&self) -> Value {
        Value::Object(self.clone())
    }

    fn is_empty(&self) -> bool {
        Map::is_empty(self)
    }
}

impl Form for String {
    #[inline(never)]
    fn read(value: Value) -> Result<Self> {
        match value {
            Value::String(text) => Ok(text),
            _ => Err(Unread("a text")),
        }
    }

    fn write(&self) -> Value {
        self.as_str().into()
    }

    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }
}

impl Form for bool {
    fn read(value: Value) -> Result<Self> {
        value.as_bool().ok_or(Unread("true or false"))
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

impl Form for u64 {
    fn read(value: Value) -> Result<Self> {
        value.as_u64().ok_or(Unread("a whole number"))
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

impl Form for u32 {
    fn read(value: Value) -> Result<Self> {
        u64::read(value)?.try_into().map_err(|_| Unread("a smaller number"))
    }

    fn write(&self) -> Value {
        (*self).into()
    }

    fn is_empty(&self) -> bool {
        *self == 0
    }
}

impl Form for Timestamp {
    fn read(value: Value) -> Result<Self> {
        u64::read(value).map(Self::from_millis)
    }

    fn write(&self) -> Value {
        self.as_millis().into()
    }
}

impl Form for Digest {
    fn read(value: Value) -> Result<Self> {
        String::read(value)?.parse().map_err(|_| Unread("a digest"))
    }

    fn write(&self) -> Value {
        self.to_string().into()
    }
}

macro_rules! ids {
    ($($id:ident)*) => {
        $(impl Form for $id {
            fn read(value: Value) -> Result<Self> {
                String::read(value).map(Self::new)
            }

            fn write(&self) -> Value {
                self.as_str().into()
            }
        })*
    };
}

ids! { ThreadId RunId CallId }

/// Reads fields: `name?` is left out where it is empty, `name = value` is always written and may
/// be missing in an older journal, and `name? = value` is left out where it is that value.
macro_rules! take {
    ($fields:ident $name:ident) => {
        $fields.take(stringify!($name))?
    };
    ($fields:ident $name:ident ?) => {
        $fields.take_or(stringify!($name), Default::default())?
    };
    ($fields:ident $name:ident $(?)? = $absent:expr) => {
        $fields.take_or(stringify!($name), $absent)?
    };
}

macro_rules! put {
    ($fields:ident $name:ident, ?) => {
        if !Form::is_empty($name) {
            $fields.put(stringify!($name), $name.write());
        }
    };
    ($fields:ident $name:ident, ? = $absent:expr) => {
        if *$name != $absent {
            $fields.put(stringify!($name), $name.write());
        }
    };
    ($fields:ident $name:ident, $(= $absent:expr)?) => {
        $fields.put(stringify!($name), $name.write());
    };
}

macro_rules! structs {
    ($($type:ident { $($name:ident $(: $mark:tt)? $(= $absent:expr)?),* $(,)? })*) => {
        $(impl Form for $type {
            fn read(value: Value) -> Result<Self> {
                let mut fields = Fields::of(value)?;
                Ok(Self { $($name: take!(fields $name $($mark)? $(= $absent)?)),* })
            }

            fn write(&self) -> Value {
                let Self { $($name),* } = self;
                let mut fields = Fields(Map::new());
                $(put! { fields $name, $($mark)? $(= $absent)? })*
                Value::Object(fields.0)
            }
        })*
    };
}

structs! {
    Stored { v, run, seq, at, epoch, record, prev }
    Spec { run, thread, mode, model, instructions, text, limits = Limits::default() }
    ModelResponse { items, finish, usage: ? }
    Item { part, raw: ? }
    ToolCall { id, name, arguments }
    Usage { input, output }
    Action {
        id, call: ?, tool, title, tool_digest, annotations = Annotations::default(), arguments,
        ruling, flagged: ?, summary: ?, preview: ?, reason: ?, digest,
    }
    Ruling { verdict, rule, because, matched: ?, expires_in_ms: ? }
    Issue { code, tool: ?, path: ?, message }
    Approver { id: ?, name: ?, channel, trusted }
    Limits {
        turns_max = Self::default().turns_max,
        calls_per_turn_max = Self::default().calls_per_turn_max,
        repairs_max = Self::default().repairs_max,
        arguments_bytes_max = Self::default().arguments_bytes_max,
        depth_max = Self::default().depth_max,
        result_bytes_max = Self::default().result_bytes_max,
        history_bytes_max: ? = HISTORY_BYTES_MAX,
        tool_timeout_ms = Self::default().tool_timeout_ms,
    }
}

impl Form for Annotations {
    fn read(value: Value) -> Result<Self> {
        let mut fields = Fields::of(value)?;
        Ok(Self {
            read_only_hint: fields.take_or("readOnlyHint", false)?,
            destructive_hint: fields.take_or("destructiveHint", false)?,
            idempotent_hint: fields.take_or("idempotentHint", false)?,
        })
    }

    fn write(&self) -> Value {
        let mut fields = Fields(Map::new());
        fields.put("readOnlyHint", self.read_only_hint.into());
        fields.put("destructiveHint", self.destructive_hint.into());
        fields.put("idempotentHint", self.idempotent_hint.into());
        Value::Object(fields.0)
    }
}

impl Form for Report {
    fn read(value: Value) -> Result<Self> {
        Vec::read(value).map(Self)
    }

    fn write(&self) -> Value {
        self.0.write()
    }
}

/// Enums: words alone; variants of one value; those with fields.
macro_rules! enums {
    ($($type:ident {
        $($word:literal => $unit:ident),*;
        $($key:literal => $one:ident),*;
        $($kind:literal => $many:ident { $($name:ident $(: $mark:tt)?),* }),*;
    })*) => {
        $(impl Form for $type {
            fn read(value: Value) -> Result<Self> {
                let (name, held) = variant(value)?;
                match name.as_str() {
                    $($word if held.is_null() => Ok(Self::$unit),)*
                    $($key => Form::read(held).map(Self::$one),)*
                    $($kind => {
                        let mut fields = Fields::of(held)?;
                        Ok(Self::$many { $($name: take!(fields $name $($mark)?)),* })
                    })*
                    _ => Err(Unread(concat!("a known kind of ", stringify!($type)))),
                }
            }

            fn write(&self) -> Value {
                match self {
                    $(Self::$unit => $word.into(),)*
                    $(Self::$one(held) => holding($key, held.write()),)*
                    $(Self::$many { $($name),* } => {
                        let mut fields = Fields(Map::new());
                        $(put! { fields $name, $($mark)? })*
                        holding($kind, Value::Object(fields.0))
                    })*
                }
            }
        })*
    };
}

enums! {
    Record {
        "resumed" => Resumed;
        "started" => Started;
        "answered" => Answered { turn, response, planned, left_out: ? },
        "decided" => Decided { call, decision, digest, by },
        "tool_started" => ToolStarted { call, attempt, key },
        "tool_finished" => ToolFinished { call, attempt, outcome },
        "settled" => Settled { call, settlement, by },
        "expired" => Expired { call },
        "cancelled" => Cancelled { by };
    }
    Planned {
        ;
        "answer" => Answer, "invalid" => Invalid, "paused" => Paused;
        "actions" => Actions { text, actions }, "unusable" => Unusable { code, message };
    }
    Part { "other" => Other; "text" => Text, "refusal" => Refusal, "call" => Call; ; }
    Finish { "complete" => Complete, "paused" => Paused; "incomplete" => Incomplete; "failed" => Failed { code, message }; }
    Decision { ; ; "approve" => Approve { arguments: ?, note: ? }, "deny" => Deny { reason: ? }; }
    Settlement {
        "did_not_happen" => DidNotHappen, "try_again" => TryAgain;
        ;
        "happened" => Happened { result: ? };
    }
    ToolOutcome { ; "succeeded" => Succeeded, "failed" => Failed, "unknown" => Unknown; ; }
    Mode { "tools" => Tools, "plan" => Plan; ; ; }
    Verdict { "allow" => Allow, "ask" => Ask, "deny" => Deny; ; ; }
}
