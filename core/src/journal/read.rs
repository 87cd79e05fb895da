//! Reading the stored form.
//!
//! By hand, because the readers that `serde` derives are generic in their source and weigh several
//! times as much in the widget. Writing is derived, and the fixtures hold the two together. Fields
//! that are not known are passed over; a field that may be left out is said so where it is read.

use serde_json::{Map, Value};

use super::{Record, Stored};
use crate::approval::{Approver, Decision, Settlement};
use crate::id::{CallId, RunId, ThreadId, Timestamp};
use crate::json::Digest;
use crate::message::{Finish, Item, ModelResponse, Part, ToolCall, Usage};
use crate::plan::{Action, Issue, Planned, Report};
use crate::policy::{Ruling, Verdict};
use crate::run::{Limits, Mode, Spec, ToolOutcome};
use crate::tool::Annotations;

/// What stood in the way: the name of a field, or of what was expected.
#[derive(Debug)]
pub(super) struct Unread(pub(super) &'static str);

type Result<T> = std::result::Result<T, Unread>;

/// What can be taken out of a stored value.
pub(super) trait Read: Sized {
    /// Whether a field of this type may be left out.
    const OPTIONAL: bool = false;

    fn read(value: Value) -> Result<Self>;
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

    fn take<T: Read>(&mut self, name: &'static str) -> Result<T> {
        match self.0.remove(name) {
            None if !T::OPTIONAL => Err(Unread(name)),
            value => T::read(value.unwrap_or_default()),
        }
    }

    /// A field that is left out where it is empty.
    fn take_or<T: Read>(&mut self, name: &'static str, absent: T) -> Result<T> {
        self.0.remove(name).map_or(Ok(absent), T::read)
    }
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

impl Read for Value {
    fn read(value: Value) -> Result<Self> {
        Ok(value)
    }
}

impl<T: Read> Read for Option<T> {
    const OPTIONAL: bool = true;

    fn read(value: Value) -> Result<Self> {
        if value.is_null() { Ok(None) } else { T::read(value).map(Some) }
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(value: Value) -> Result<Self> {
        match value {
            Value::Array(items) => items.into_iter().map(T::read).collect(),
            _ => Err(Unread("a list")),
        }
    }
}

impl Read for Map<String, Value> {
    fn read(value: Value) -> Result<Self> {
        Fields::of(value).map(|fields| fields.0)
    }
}

impl Read for String {
    #[inline(never)]
    fn read(value: Value) -> Result<Self> {
        match value {
            Value::String(text) => Ok(text),
            _ => Err(Unread("a text")),
        }
    }
}

impl Read for bool {
    fn read(value: Value) -> Result<Self> {
        value.as_bool().ok_or(Unread("true or false"))
    }
}

impl Read for u64 {
    fn read(value: Value) -> Result<Self> {
        value.as_u64().ok_or(Unread("a whole number"))
    }
}

impl Read for u32 {
    fn read(value: Value) -> Result<Self> {
        u64::read(value)?.try_into().map_err(|_| Unread("a smaller number"))
    }
}

impl Read for Timestamp {
    fn read(value: Value) -> Result<Self> {
        u64::read(value).map(Self::from_millis)
    }
}

impl Read for Digest {
    fn read(value: Value) -> Result<Self> {
        String::read(value)?.parse().map_err(|_| Unread("a digest"))
    }
}

macro_rules! read_ids {
    ($($id:ident)*) => {
        $(impl Read for $id {
            fn read(value: Value) -> Result<Self> {
                String::read(value).map(Self::new)
            }
        })*
    };
}

read_ids! { ThreadId RunId CallId }

/// Reads a struct: `field` is as its type demands, `field = value` may be left out.
macro_rules! read_fields {
    ($fields:ident, $($type:ident)::+ { $($name:ident $(= $absent:expr)?),* $(,)? }) => {
        $($type)::+ { $($name: read_fields!(@ $fields $name $($absent)?)),* }
    };
    (@ $fields:ident $name:ident) => { $fields.take(stringify!($name))? };
    (@ $fields:ident $name:ident $absent:expr) => {
        $fields.take_or(stringify!($name), $absent)?
    };
}

macro_rules! read_structs {
    ($($type:ident { $($body:tt)* })*) => {
        $(impl Read for $type {
            fn read(value: Value) -> Result<Self> {
                let mut fields = Fields::of(value)?;
                Ok(read_fields!(fields, $type { $($body)* }))
            }
        })*
    };
}

read_structs! {
    Stored { v, run, seq, at, epoch, record, prev }
    Spec { run, thread, mode, model, instructions, text, limits = Limits::default() }
    ModelResponse { items, finish, usage }
    Item { part, raw }
    ToolCall { id, name, arguments }
    Usage { input, output }
    Action {
        id, call, tool, title, tool_digest, annotations = Annotations::default(), arguments,
        ruling, flagged, summary, preview, reason, digest,
    }
    Ruling { verdict, rule, because, matched = Map::new(), expires_in_ms }
    Issue { code, tool = String::new(), path = String::new(), message }
    Approver { id = String::new(), name = String::new(), channel, trusted }
}

/// Bounds that a later version adds have their defaults in older journals, and so has each here.
impl Read for Limits {
    fn read(value: Value) -> Result<Self> {
        let (mut fields, or) = (Fields::of(value)?, Self::default());
        Ok(read_fields!(
            fields,
            Limits {
                turns_max = or.turns_max,
                calls_per_turn_max = or.calls_per_turn_max,
                repairs_max = or.repairs_max,
                arguments_bytes_max = or.arguments_bytes_max,
                depth_max = or.depth_max,
                result_bytes_max = or.result_bytes_max,
                tool_timeout_ms = or.tool_timeout_ms,
            }
        ))
    }
}

impl Read for Annotations {
    fn read(value: Value) -> Result<Self> {
        let mut fields = Fields::of(value)?;
        Ok(Self {
            read_only_hint: fields.take_or("readOnlyHint", false)?,
            destructive_hint: fields.take_or("destructiveHint", false)?,
            idempotent_hint: fields.take_or("idempotentHint", false)?,
        })
    }
}

impl Read for Report {
    fn read(value: Value) -> Result<Self> {
        Vec::read(value).map(Self)
    }
}

impl Read for Mode {
    fn read(value: Value) -> Result<Self> {
        match String::read(value)?.as_str() {
            "tools" => Ok(Self::Tools),
            "plan" => Ok(Self::Plan),
            _ => Err(Unread("a mode")),
        }
    }
}

impl Read for Verdict {
    fn read(value: Value) -> Result<Self> {
        match String::read(value)?.as_str() {
            "allow" => Ok(Self::Allow),
            "ask" => Ok(Self::Ask),
            "deny" => Ok(Self::Deny),
            _ => Err(Unread("a verdict")),
        }
    }
}

/// Reads an enum: its words alone; its variants of one value; those with fields.
macro_rules! read_enums {
    ($($type:ident {
        $($word:literal => $unit:ident),*;
        $($key:literal => $one:ident),*;
        $($name:literal => $many:ident { $($body:tt)* }),*;
    })*) => {
        $(impl Read for $type {
            fn read(value: Value) -> Result<Self> {
                let (name, held) = variant(value)?;
                match name.as_str() {
                    $($word if held.is_null() => Ok(Self::$unit),)*
                    $($key => Read::read(held).map(Self::$one),)*
                    $($name => {
                        let mut fields = Fields::of(held)?;
                        Ok(read_fields!(fields, Self::$many { $($body)* }))
                    })*
                    _ => Err(Unread(concat!("a known kind of ", stringify!($type)))),
                }
            }
        })*
    };
}

read_enums! {
    Record {
        "resumed" => Resumed;
        "started" => Started;
        "answered" => Answered { turn, response, planned },
        "decided" => Decided { call, decision, digest, by },
        "tool_started" => ToolStarted { call, attempt, key },
        "tool_finished" => ToolFinished { call, attempt, outcome },
        "settled" => Settled { call, settlement, by },
        "expired" => Expired { call },
        "cancelled" => Cancelled { by };
    }
    Planned {
        ;
        "answer" => Answer, "invalid" => Invalid;
        "actions" => Actions { text, actions },
        "unusable" => Unusable { code, message };
    }
    Part { "other" => Other; "text" => Text, "refusal" => Refusal, "call" => Call; ; }
    Finish { "complete" => Complete; "incomplete" => Incomplete; "failed" => Failed { code, message }; }
    Decision { ; ; "approve" => Approve { arguments, note }, "deny" => Deny { reason }; }
    Settlement { "did_not_happen" => DidNotHappen, "try_again" => TryAgain; ; "happened" => Happened { result }; }
    ToolOutcome { ; "succeeded" => Succeeded, "failed" => Failed, "unknown" => Unknown; ; }
}
