//! The strict form of a schema, which a provider can hold its model to, and the way back.
//!
//! A strict form says less than the schema it comes from: providers take few keywords, demand that
//! every property is required, and so have an optional one said as `null`. The full schema
//! still decides, on the value that [`without_nulls`] gives.

use serde_json::{Map, Value};

use super::compile::is_annotation;
use super::node::{Limit, Types};
use crate::json::{put, without};

/// A schema in strict form: each object closed and all its properties required, an optional one
/// nullable instead, and what only narrows a value further left out.
///
/// `None` if that cannot be said: the root is not an object, an object has names that the schema
/// does not list, an array has no `items`, or schemas are combined by other means than `anyOf`,
/// `oneOf` and a `$ref` into `$defs`; a schema that names no type is such a means too.
///
/// # Examples
///
/// ```
/// use holdpoint_core::schema::strict::to_strict;
/// use serde_json::json;
///
/// let schema = json!({"type": "object", "properties": {"note": {"type": "string"}}});
/// assert_eq!(
///     to_strict(&schema).unwrap(),
///     json!({
///         "type": "object",
///         "properties": {"note": {"type": ["string", "null"]}},
///         "required": ["note"],
///         "additionalProperties": false
///     }),
/// );
/// ```
pub fn to_strict(schema: &Value) -> Option<Value> {
    if schema.get("type")? != "object" {
        return None;
    }
    let mut root = closed(schema, DEPTH_MAX)?;
    if let Some(definitions) = schema.get("$defs") {
        put(&mut root, "$defs", closed_members(definitions, DEPTH_MAX, |_| false)?);
    }
    Some(Value::Object(root))
}

/// A value without the nulls that stand for an absent property: those of optional properties whose
/// schema does not allow null.
///
/// Where the schema has alternatives, the first that the value fits is followed; where it fits none,
/// the value stays as it is.
///
/// # Examples
///
/// ```
/// use holdpoint_core::schema::strict::without_nulls;
/// use serde_json::json;
///
/// let schema = json!({"properties": {"to": {"type": "string"}, "note": {"type": "string"}}});
/// assert_eq!(without_nulls(&schema, json!({"to": "Ann", "note": null})), json!({"to": "Ann"}));
/// ```
pub fn without_nulls(schema: &Value, mut value: Value) -> Value {
    Pruning { root: schema, steps_left: STEPS_MAX }.prune(schema, &mut value, DEPTH_MAX);
    value
}

fn closed(schema: &Value, depth_left: usize) -> Option<Map<String, Value>> {
    let depth_left = depth_left.checked_sub(1)?;
    let source = schema.as_object()?;
    if !source.keys().all(|keyword| SAID.contains(&keyword.as_str()) || only_narrows(keyword)) {
        return None;
    }
    let mut strict = Map::new();
    let mut only = None;
    for shape in SHAPES {
        if let Some(operand) = source.get(shape)
            && only.replace((shape, operand)).is_some()
        {
            return None;
        }
    }
    let (shape, operand) = only?;
    if shape == "$ref" {
        // Providers want a reference to stand alone.
        definition(operand)?;
        put(&mut strict, shape, operand.clone());
        return Some(strict);
    }
    for keyword in ["title", "description", "enum", "const"] {
        if let Some(operand) = source.get(keyword) {
            put(&mut strict, keyword, operand.clone());
        }
    }
    if shape == "type" {
        put(&mut strict, shape, operand.clone());
        let types = types(source);
        if types.includes("array") {
            let items = closed(source.get("items")?, depth_left)?;
            put(&mut strict, "items", Value::Object(items));
        }
        if types.includes("object") {
            close(source, &mut strict, depth_left)?;
        }
    } else {
        let mut branches = Vec::new();
        for branch in operand.as_array()? {
            branches.push(Value::Object(closed(branch, depth_left)?));
        }
        put(&mut strict, "anyOf", Value::Array(branches));
    }
    Some(strict)
}

/// Puts the properties of an object together, all of them required.
fn close(
    source: &Map<String, Value>,
    strict: &mut Map<String, Value>,
    depth_left: usize,
) -> Option<()> {
    let none = Value::Object(Map::new());
    let named = match (source.get("properties"), source.get("additionalProperties")) {
        (Some(named), None | Some(Value::Bool(false))) => named,
        (None, Some(Value::Bool(false))) => &none,
        _ => return None,
    };
    let is_optional = |name: &str| !is_required(source, name);
    let properties = closed_members(named, depth_left, is_optional)?;
    // A required name that is not listed could never be given.
    let required = source.get("required").and_then(Value::as_array).into_iter().flatten();
    for name in required {
        named.get(name.as_str()?)?;
    }
    let required = named.as_object()?.keys().cloned().map(Value::String).collect();
    put(strict, "required", Value::Array(required));
    put(strict, "properties", properties);
    put(strict, "additionalProperties", Value::Bool(false));
    Some(())
}

fn closed_members(
    schemas: &Value,
    depth_left: usize,
    is_optional: impl Fn(&str) -> bool,
) -> Option<Value> {
    let mut members = Map::new();
    for (name, schema) in schemas.as_object()? {
        let schema = closed(schema, depth_left)?;
        let schema = if is_optional(name) { nullable(schema) } else { schema };
        put(&mut members, name, Value::Object(schema));
    }
    Some(Value::Object(members))
}

/// A strict schema that allows null as well.
fn nullable(mut schema: Map<String, Value>) -> Map<String, Value> {
    let mut null = Map::new();
    put(&mut null, "type", "null".into());
    let null = Value::Object(null);
    if let Some(Value::Array(branches)) = schema.get_mut("anyOf") {
        add(branches, null);
    } else if ["$ref", "properties", "items"].iter().any(|shape| schema.contains_key(*shape)) {
        let branches = vec![Value::Object(std::mem::take(&mut schema)), null];
        put(&mut schema, "anyOf", Value::Array(branches));
    } else {
        let (rest, only) = without(schema, "const");
        schema = rest;
        if let Some(only) = only {
            put(&mut schema, "enum", Value::Array(vec![only]));
        }
        if let Some(Value::Array(options)) = schema.get_mut("enum") {
            add(options, Value::Null);
        }
        if let Some(types) = schema.get_mut("type") {
            if types.is_string() {
                *types = Value::Array(vec![types.take()]);
            }
            if let Value::Array(types) = types {
                add(types, "null".into());
            }
        }
    }
    schema
}

fn add(list: &mut Vec<Value>, value: Value) {
    if !list.contains(&value) {
        list.push(value);
    }
}

/// Whether a keyword only narrows what a value may be, or says nothing about it.
fn only_narrows(keyword: &str) -> bool {
    matches!(keyword, "pattern" | "multipleOf" | "uniqueItems" | "dependentRequired")
        || matches!(keyword, "$schema" | "$id")
        || is_annotation(keyword)
        || Limit::of_keyword(keyword).is_some()
}

/// The name that a reference gives, if it leads into `$defs` and no further.
fn definition(reference: &Value) -> Option<&str> {
    let name = reference.as_str()?.strip_prefix("#/$defs/")?;
    (!name.contains(['/', '~', '%'])).then_some(name)
}

/// The types that a schema names.
fn types(schema: &Map<String, Value>) -> Types {
    let mut types = Types::default();
    let names = match schema.get("type") {
        Some(Value::Array(names)) => names,
        Some(name) => std::slice::from_ref(name),
        None => &[],
    };
    for named in names.iter().filter_map(Value::as_str).filter_map(Types::named) {
        types = types.with(named);
    }
    types
}

fn is_required(schema: &Map<String, Value>, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|names| names.iter().any(|required| required == name))
}

struct Pruning<'a> {
    root: &'a Value,
    steps_left: usize,
}

impl Pruning<'_> {
    /// Removes the nulls of one value; says whether the value then has the schema's shape.
    fn prune(&mut self, schema: &Value, value: &mut Value, depth_left: usize) -> bool {
        let (Some(depth_left), Some(steps_left)) =
            (depth_left.checked_sub(1), self.steps_left.checked_sub(1))
        else {
            return false;
        };
        self.steps_left = steps_left;
        let Some(schema) = schema.as_object() else { return schema != false };

        if let Some(name) = schema.get("$ref").and_then(definition) {
            let target = self.root.get("$defs").and_then(|definitions| definitions.get(name));
            return target.is_some_and(|target| self.prune(target, value, depth_left));
        }
        if let Some(Value::Array(branches)) = schema.get("anyOf").or_else(|| schema.get("oneOf")) {
            return branches.iter().any(|branch| {
                let mut trial = value.clone();
                let fits = self.prune(branch, &mut trial, depth_left);
                if fits {
                    *value = trial;
                }
                fits
            });
        }
        let mut fits = (!schema.contains_key("type") || types(schema).meets(Types::of(value)))
            && schema.get("const").is_none_or(|only| *only == *value)
            && schema.get("enum").and_then(Value::as_array).is_none_or(|all| all.contains(value));
        match (value, schema.get("items"), schema.get("properties").and_then(Value::as_object)) {
            (Value::Array(items), Some(schema), _) => {
                for item in items {
                    fits &= self.prune(schema, item, depth_left);
                }
            }
            (Value::Object(members), _, Some(properties)) => {
                fits &= members.keys().all(|name| properties.contains_key(name));
                for (name, property) in properties {
                    let is_required = is_required(schema, name);
                    let Some(member) = members.get_mut(name) else {
                        fits &= !is_required;
                        continue;
                    };
                    let member_fits = self.prune(property, member, depth_left);
                    if member.is_null() && !member_fits && !is_required {
                        *members = without(std::mem::take(members), name).0;
                    } else {
                        fits &= member_fits;
                    }
                }
            }
            _ => {}
        }
        fits
    }
}

const DEPTH_MAX: usize = 64;
const STEPS_MAX: usize = 100_000;

/// What says which values a schema is for; a strict schema has exactly one of these.
const SHAPES: [&str; 4] = ["$ref", "anyOf", "oneOf", "type"];

/// The keywords that take part in a strict form.
const SAID: [&str; 11] = [
    "$defs",
    "$ref",
    "anyOf",
    "oneOf",
    "type",
    "enum",
    "const",
    "items",
    "properties",
    "required",
    "additionalProperties",
];
