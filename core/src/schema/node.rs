//! What one schema object asks of a value, with every keyword in a place of its own.

use serde_json::{Number, Value};

/// The place of a node in its schema.
pub(super) type Id = usize;

/// One schema object: everything in it must hold.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) assertions: Vec<Assertion>,
    pub(super) reference: Option<Id>,

    pub(super) all: Vec<Id>,
    pub(super) any: Vec<Id>,
    pub(super) one: Vec<Id>,
    pub(super) not: Option<Id>,
    pub(super) condition: Option<Id>,
    pub(super) then: Option<Id>,
    pub(super) otherwise: Option<Id>,
    pub(super) dependent: Vec<(String, Id)>,

    pub(super) properties: Vec<(String, Id)>,
    pub(super) pattern_properties: Vec<(String, Id)>,
    pub(super) additional_properties: Option<Id>,
    pub(super) property_names: Option<Id>,
    pub(super) unevaluated_properties: Option<Id>,

    pub(super) prefix_items: Vec<Id>,
    pub(super) items: Option<Id>,
    pub(super) contains: Option<Id>,
    pub(super) contains_min: Option<usize>,
    pub(super) contains_max: Option<usize>,
    pub(super) unevaluated_items: Option<Id>,
}

impl Node {
    /// Where a keyword whose operand is a schema is kept.
    pub(super) fn one_schema(&mut self, keyword: &str) -> Option<&mut Option<Id>> {
        Some(match keyword {
            "not" => &mut self.not,
            "if" => &mut self.condition,
            "then" => &mut self.then,
            "else" => &mut self.otherwise,
            "additionalProperties" => &mut self.additional_properties,
            "propertyNames" => &mut self.property_names,
            "unevaluatedProperties" => &mut self.unevaluated_properties,
            "items" => &mut self.items,
            "contains" => &mut self.contains,
            "unevaluatedItems" => &mut self.unevaluated_items,
            _ => return None,
        })
    }

    /// Where a keyword whose operand is a list of schemas is kept.
    pub(super) fn schema_list(&mut self, keyword: &str) -> Option<&mut Vec<Id>> {
        Some(match keyword {
            "allOf" => &mut self.all,
            "anyOf" => &mut self.any,
            "oneOf" => &mut self.one,
            "prefixItems" => &mut self.prefix_items,
            _ => return None,
        })
    }

    /// Where a keyword whose operand gives a schema to each of some names is kept.
    pub(super) fn schema_map(&mut self, keyword: &str) -> Option<&mut Vec<(String, Id)>> {
        Some(match keyword {
            "properties" => &mut self.properties,
            "patternProperties" => &mut self.pattern_properties,
            "dependentSchemas" => &mut self.dependent,
            _ => return None,
        })
    }
}

/// A keyword that looks at the value itself and needs no other schema.
#[derive(Debug)]
pub(super) enum Assertion {
    /// The schema `false`.
    Never,
    Type(Types),
    /// `enum`, and `const` as an `enum` of one.
    Options(&'static str, Vec<Value>),
    Limit(&'static Limit, Number),
    MultipleOf(Number),
    Pattern(String),
    Required(Vec<String>),
    DependentRequired(Vec<(String, Vec<String>)>),
    UniqueItems,
}

/// A bound on a number or on a size.
#[derive(Debug)]
pub(super) struct Limit {
    pub(super) keyword: &'static str,
    pub(super) of: Measure,
    pub(super) bound: Bound,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Measure {
    Number,
    Characters,
    Items,
    Properties,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Bound {
    AtLeast,
    AtMost,
    Above,
    Below,
}

impl Limit {
    pub(super) fn of_keyword(keyword: &str) -> Option<&'static Self> {
        LIMITS.iter().find(|limit| limit.keyword == keyword)
    }

    /// What is measured in a value; nothing in a value of another kind, which the bound allows.
    pub(super) fn measure(&self, value: &Value) -> Option<f64> {
        let size = match (self.of, value) {
            (Measure::Number, Value::Number(number)) => return number.as_f64(),
            (Measure::Characters, Value::String(text)) => text.chars().count(),
            (Measure::Items, Value::Array(items)) => items.len(),
            (Measure::Properties, Value::Object(map)) => map.len(),
            _ => return None,
        };
        Some(size as f64)
    }

    pub(super) fn allows(&self, measured: f64, limit: f64) -> bool {
        match self.bound {
            Bound::AtLeast => measured >= limit,
            Bound::AtMost => measured <= limit,
            Bound::Above => measured > limit,
            Bound::Below => measured < limit,
        }
    }
}

#[rustfmt::skip]
static LIMITS: [Limit; 10] = [
    Limit { keyword: "minimum", of: Measure::Number, bound: Bound::AtLeast },
    Limit { keyword: "maximum", of: Measure::Number, bound: Bound::AtMost },
    Limit { keyword: "exclusiveMinimum", of: Measure::Number, bound: Bound::Above },
    Limit { keyword: "exclusiveMaximum", of: Measure::Number, bound: Bound::Below },
    Limit { keyword: "minLength", of: Measure::Characters, bound: Bound::AtLeast },
    Limit { keyword: "maxLength", of: Measure::Characters, bound: Bound::AtMost },
    Limit { keyword: "minItems", of: Measure::Items, bound: Bound::AtLeast },
    Limit { keyword: "maxItems", of: Measure::Items, bound: Bound::AtMost },
    Limit { keyword: "minProperties", of: Measure::Properties, bound: Bound::AtLeast },
    Limit { keyword: "maxProperties", of: Measure::Properties, bound: Bound::AtMost },
];

/// A set of JSON types, one bit each in the order of [`TYPES`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Types(u8);

impl Types {
    /// The set of the one type of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        TYPES.iter().position(|(known, _)| *known == name).map(|bit| Self(1 << bit))
    }

    /// All types that a value has: an integer is also a number, however it is written.
    pub(super) fn of(value: &Value) -> Self {
        Self(match value {
            Value::Null => 1,
            Value::Bool(_) => 2,
            Value::Number(number) if number.as_f64().is_some_and(|n| n.trunc() == n) => 4 | 8,
            Value::Number(_) => 8,
            Value::String(_) => 16,
            Value::Array(_) => 32,
            Value::Object(_) => 64,
        })
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn includes(self, name: &str) -> bool {
        Self::named(name).is_some_and(|named| self.meets(named))
    }

    /// The names, each as a schema writes it and as a sentence does.
    pub(super) fn names(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        TYPES.into_iter().enumerate().filter(move |(bit, _)| self.0 >> bit & 1 != 0).map(|(_, n)| n)
    }
}

const TYPES: [(&str, &str); 7] = [
    ("null", "null"),
    ("boolean", "a boolean"),
    ("integer", "an integer"),
    ("number", "a number"),
    ("string", "a string"),
    ("array", "an array"),
    ("object", "an object"),
];
