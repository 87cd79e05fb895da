//! The stored form of each type: one list of its fields or variants, for reading and for writing.
//!
//! Not by `serde`, whose derived code is generic in the format as well and weighs several times as
//! much in the widget. Fields that are not known are passed over.

use serde_json::{Map, Value};

use super::{Entry, Record};
use crate::approval::{Approver, Decision, Settlement};
use crate::grant::Grant;
use crate::id::{CallId, RunId, ThreadId, Timestamp};
use crate::json::{self, Digest, digest_text};
use crate::message::{Finish, Item, ModelResponse, Part, ToolCall, Usage};
use crate::plan::{Action, Issue, Planned, Report};
use crate::policy::{OnExpiry, Ruling, Verdict};
use crate::run::{DENIED_REPEATS_MAX, HISTORY_BYTES_MAX, Limits, Mode, Spec, ToolOutcome};
use crate::tool::Annotations;

/// What stood in the way first: the name of a field, or of what was expected.
///
/// Reading goes on where something does not fit, with a blank in its place, and whoever began it
/// looks here at the end: a way out behind each of a hundred fields would be most of the code.
#[derive(Default)]
pub(crate) struct Misfit(pub(crate) Option<&'static str>);

impl Misfit {
    #[inline(never)]
    fn note(&mut self, expected: &'static str) {
        self.0.get_or_insert(expected);
    }

    /// The value, or a blank where there is none.
    fn or_blank<T: Default>(&mut self, value: Option<T>, expected: &'static str) -> T {
        if value.is_none() {
            self.note(expected);
        }
        value.unwrap_or_default()
    }
}

/// What can be stored as a value and taken out of it again.
pub(crate) trait Form: Sized {
    /// Takes it out of a value; what does not fit is noted, and what is given is then not to be
    /// used.
    fn read(value: Value, misfit: &mut Misfit) -> Self;

    fn write(&self) -> Value;

    /// Whether a field that may be left out is.
    fn is_empty(&self) -> bool {
        false
    }
}

/// The fields of an object; of one that was read, null is left.
struct Fields(Map<String, Value>);

impl Fields {
    #[inline(never)]
    fn of(value: Value, misfit: &mut Misfit) -> Self {
        match value {
            Value::Object(fields) => Self(fields),
            _ => {
                misfit.note("an object");
                Self(Map::new())
            }
        }
    }

    #[inline(never)]
    fn take(&mut self, name: &'static str, misfit: &mut Misfit) -> Value {
        misfit.or_blank(self.0.get_mut(name).map(Value::take), name)
    }

    /// A field that may be left out.
    fn take_or<T: Form>(&mut self, name: &str, absent: T, misfit: &mut Misfit) -> T {
        match self.0.get_mut(name) {
            Some(value) => T::read(value.take(), misfit),
            None => absent,
        }
    }

    fn put(&mut self, name: &str, value: Value) {
        json::put(&mut self.0, name, value);
    }
}

/// A variant that holds something.
#[inline(never)]
fn holding(name: &str, held: Value) -> Value {
    let mut fields = Fields(Map::new());
    fields.put(name, held);
    Value::Object(fields.0)
}

/// The name of an enum's variant, and what it holds; nothing where it is a word alone.
#[inline(never)]
fn variant(value: Value, misfit: &mut Misfit) -> (String, Value) {
    match value {
        Value::String(name) => return (name, Value::Null),
        Value::Object(fields) if fields.len() == 1 => {
            if let Some(variant) = fields.into_iter().next() {
                return variant;
            }
        }
        _ => {}
    }
    misfit.note("a variant");
    Default::default()
}

impl Form for Value {
    fn read(value: Value, _: &mut Misfit) -> Self {
        value
    }

    fn write(&self) -> Value {
        self.clone()
    }
}

impl<T: Form> Form for Option<T> {
    fn read(value: Value, misfit: &mut Misfit) -> Self {
        if value.is_null() { None } else { Some(T::read(value, misfit)) }
    }

    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::write)
    }

    fn is_empty(&self) -> bool {
        self.is_none()
    }
}

impl<T: Form> Form for Vec<T> {
    fn read(value: Value, misfit: &mut Misfit) -> Self {
        match value {
            Value::Array(items) => items.into_iter().map(|item| T::read(item, misfit)).collect(),
            _ => {
                misfit.note("a list");
                Self::new()
            }
        }
    }

    fn write(&self) -> Value {
        Value::Array(self.iter().map(T::write).collect())
    }
}

impl<T: Form> Form for Box<T> {
    fn read(value: Value, misfit: &mut Misfit) -> Self {
        Self::new(T::read(value, misfit))
    }

    fn write(&self) -> Value {
        T::write(self)
    }
}

impl Form for Map<String, Value> {
    fn read(value: Value, misfit: &mut Misfit) -> Self {
        Fields::of(value, misfit).0
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
    fn read(value: Value, misfit: &mut Misfit) -> Self {
        match value {
            Value::String(text) => text,
            _ => {
                misfit.note("a text");
                Self::new()
            }
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
    #[inline(never)]
    fn read(value: Value, misfit: &mut Misfit) -> Self {
        misfit.or_blank(value.as_bool(), "true or false")
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

impl Form for u64 {
    #[inline(never)]
    fn read(value: Value, misfit: &mut Misfit) -> Self {
        misfit.or_blank(value.as_u64(), "a whole number")
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

impl Form for u32 {
    fn read(value: Value, misfit: &mut Misfit) -> Self {
        let number = u64::read(value, misfit);
        misfit.or_blank(number.try_into().ok(), "a smaller number")
    }

    fn write(&self) -> Value {
        (*self).into()
    }

    fn is_empty(&self) -> bool {
        *self == 0
    }
}

impl Form for Timestamp {
    fn read(value: Value, misfit: &mut Misfit) -> Self {
        Self::from_millis(u64::read(value, misfit))
    }

    fn write(&self) -> Value {
        self.as_millis().into()
    }
}

impl Form for Digest {
    #[inline(never)]
    fn read(value: Value, misfit: &mut Misfit) -> Self {
        String::read(value, misfit).parse().unwrap_or_else(|_| {
            misfit.note("a digest");
            digest_text("")
        })
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

macro_rules! ids {
    ($($id:ident)*) => {
        $(impl Form for $id {
            fn read(value: Value, misfit: &mut Misfit) -> Self {
                Self::new(String::read(value, misfit))
            }

            fn write(&self) -> Value {
                self.into()
            }
        })*
    };
}

ids! { ThreadId RunId CallId }

/// Reads fields: `name?` is left out where it is empty, `name = value` is always written and may
/// be missing in an older journal, and `name? = value` is left out where it is that value.
macro_rules! take {
    ($fields:ident $misfit:ident $name:ident) => {
        Form::read($fields.take(stringify!($name), $misfit), $misfit)
    };
    ($fields:ident $misfit:ident $name:ident ?) => {
        $fields.take_or(stringify!($name), Default::default(), $misfit)
    };
    ($fields:ident $misfit:ident $name:ident $(?)? = $absent:expr) => {
        $fields.take_or(stringify!($name), $absent, $misfit)
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
            #[inline(never)]
            fn read(value: Value, misfit: &mut Misfit) -> Self {
                let mut fields = Fields::of(value, misfit);
                Self { $($name: take!(fields misfit $name $($mark)? $(= $absent)?)),* }
            }

            #[inline(never)]
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
    Entry { run, seq, at, epoch, record, prev, hash }
    Spec { run, thread, mode, model, instructions, text, limits = Limits::default() }
    ModelResponse { items, finish, usage: ? }
    Item { part, raw: ? }
    ToolCall { id, name, arguments }
    Usage { input, output }
    Action {
        id, call: ?, tool, title, tool_digest, annotations = Annotations::default(), arguments,
        ruling, flagged: ?, summary: ?, preview: ?, reason: ?, precondition: ?, schema: ?,
        undo_window_ms: ?, depends_on: ?, digest,
    }
    Ruling {
        verdict, rule, because, matched: ?, expires_in_ms: ?, on_expiry: ? = OnExpiry::Deny,
    }
    Grant { id, tool, tool_digest, bounds, because, until: ?, by, at }
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
        denied_repeats_max: ? = DENIED_REPEATS_MAX,
        tool_timeout_ms = Self::default().tool_timeout_ms,
    }
}

impl Form for Annotations {
    fn read(value: Value, misfit: &mut Misfit) -> Self {
        let mut fields = Fields::of(value, misfit);
        Self {
            read_only_hint: fields.take_or("readOnlyHint", false, misfit),
            destructive_hint: fields.take_or("destructiveHint", false, misfit),
            idempotent_hint: fields.take_or("idempotentHint", false, misfit),
        }
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
    fn read(value: Value, misfit: &mut Misfit) -> Self {
        Self(Vec::read(value, misfit))
    }

    fn write(&self) -> Value {
        self.0.write()
    }
}

/// Enums, with a blank: words alone; variants of one value; those with fields.
macro_rules! enums {
    ($($type:ident or $blank:expr => {
        $($word:literal => $unit:ident),*;
        $($key:literal => $one:ident),*;
        $($kind:literal => $many:ident { $($name:ident $(: $mark:tt)?),* }),*;
    })*) => {
        $(impl Form for $type {
            #[inline(never)]
            fn read(value: Value, misfit: &mut Misfit) -> Self {
                let (name, held) = variant(value, misfit);
                match name.as_str() {
                    $($word if held.is_null() => Self::$unit,)*
                    $($key => Self::$one(Form::read(held, misfit)),)*
                    $($kind => {
                        let mut fields = Fields::of(held, misfit);
                        Self::$many { $($name: take!(fields misfit $name $($mark)?)),* }
                    })*
                    _ => {
                        misfit.note(concat!("a known kind of ", stringify!($type)));
                        $blank
                    }
                }
            }

            #[inline(never)]
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
    Record or Self::Resumed => {
        "resumed" => Resumed;
        "started" => Started;
        "answered" => Answered { turn, response, planned, left_out: ? },
        "decided" => Decided { call, decision, digest, by },
        "tool_started" => ToolStarted { call, attempt, key },
        "tool_finished" => ToolFinished { call, attempt, outcome },
        "settled" => Settled { call, settlement, by },
        "expired" => Expired { call },
        "cancelled" => Cancelled { by },
        "viewed" => Viewed { call, digest, by },
        "extended" => Extended { call, until, by },
        "taken_back" => TakenBack { call, by },
        "reasked" => Reasked { call, action },
        "handed_over" => HandedOver { to, by };
    }
    Planned or Self::Answer(String::new()) => {
        ;
        "answer" => Answer, "invalid" => Invalid, "paused" => Paused;
        "actions" => Actions { text, actions }, "unusable" => Unusable { code, message };
    }
    Part or Self::Other => { "other" => Other; "text" => Text, "refusal" => Refusal, "call" => Call; ; }
    Finish or Self::Complete => { "complete" => Complete, "paused" => Paused; "incomplete" => Incomplete; "failed" => Failed { code, message }; }
    Decision or Self::Deny { reason: None } => { ; ; "approve" => Approve { arguments: ?, note: ? }, "deny" => Deny { reason: ? }, "answer" => Answer { text }; }
    Settlement or Self::DidNotHappen => {
        "did_not_happen" => DidNotHappen, "try_again" => TryAgain;
        ;
        "happened" => Happened { result: ? };
    }
    ToolOutcome or Self::Unknown(String::new()) => { ; "succeeded" => Succeeded, "failed" => Failed, "unknown" => Unknown; ; }
    Mode or Self::Plan => { "tools" => Tools, "plan" => Plan; ; ; }
    OnExpiry or Self::Deny => { "deny" => Deny, "ask-again" => AskAgain, "never" => Never; ; ; }
    Verdict or Self::Deny => { "allow" => Allow, "ask" => Ask, "deny" => Deny; ; ; }
}
