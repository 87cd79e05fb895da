//! From a schema and a value to fields.

use holdpoint_core::json::canonical;
use serde_json::{Map, Value};

use super::change::same;
use super::pretty::pretty;
use super::schema::{kind_word, label, names, options, overlaid, text_field, type_of, variants};
use super::{Field, Form, Id, Kind};

/// What a new field is, apart from what it holds.
struct Place<'a> {
    name: &'a str,
    schema: &'a Value,
    optional: bool,
    depth: usize,
}

impl Form {
    /// Makes all fields anew. A form that does not give the value back is one field of JSON.
    pub(super) fn fill(&mut self, value: &Value) {
        self.root = self.begin(value);
        if !self.value_of(self.root).is_ok_and(|given| same(&given, value)) {
            self.fill_json(value);
        }
    }

    /// One field with all of it as JSON.
    pub(super) fn fill_json(&mut self, value: &Value) {
        self.root = self.begin(value);
        self.set_kind(self.root, Kind::Json(pretty(value)));
    }

    fn begin(&mut self, value: &Value) -> Id {
        let (schema, origin) = (self.schema.clone(), self.origin.clone());
        let place = Place { name: "", schema: &schema, optional: false, depth: 0 };
        self.place(&place, Some(value), Some(&origin))
    }

    /// A new field, filled with `value` or, where it must have one, with a blank.
    fn place(&mut self, place: &Place<'_>, value: Option<&Value>, origin: Option<&Value>) -> Id {
        let schema = self.resolved(place.schema);
        let words = |key| schema.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (title, help) = (words("title"), words("description"));
        let id = self.fields.len();
        self.fields.push(Field {
            name: place.name.to_owned(),
            label: if title.is_empty() || place.depth == 0 { place.name.to_owned() } else { title },
            help: if place.depth == 0 { String::new() } else { help },
            optional: place.optional,
            present: value.is_some() || !place.optional,
            kind: Kind::Nothing,
            made: 0,
            schema,
            origin: origin.cloned(),
            depth: place.depth,
        });
        if value.is_some() || !place.optional {
            self.make(id, value);
        }
        id
    }

    /// Makes what a field holds anew, of a value or as a blank.
    pub(super) fn make(&mut self, id: Id, value: Option<&Value>) {
        let Some(field) = self.fields.get(id) else { return };
        let (schema, origin, depth) = (field.schema.clone(), field.origin.clone(), field.depth);
        let default = schema.get("default").filter(|_| value.is_none()).cloned();
        let value = value.or(default.as_ref());
        let kind = self.kind_of(id, &schema, value, origin.as_ref(), depth);
        self.set_kind(id, kind);
    }

    pub(super) fn choose_variant(&mut self, id: Id, at: usize) {
        let Some(field) = self.fields.get(id) else { return };
        let (schema, origin, depth) = (field.schema.clone(), field.origin.clone(), field.depth);
        let variants = variants(&schema);
        let Some(variant) = variants.get(at) else { return };
        // A way back to the variant of the proposal is a way back to the proposal.
        let value = origin.as_ref().filter(|value| self.fits(variant, value, depth));
        let place = Place { name: "", schema: variant, optional: false, depth: depth + 1 };
        let field = self.place(&place, value, origin.as_ref());
        let labels = self.labels(&variants);
        // What shows the choice stays, and only its field is another.
        if let Some(kind) = self.kind_mut(id) {
            *kind = Kind::Variants { labels, chosen: at, field };
        }
    }

    fn set_kind(&mut self, id: Id, kind: Kind) {
        if let Some(field) = self.fields.get_mut(id) {
            field.kind = kind;
            field.made += 1;
        }
    }

    fn kind_of(
        &mut self,
        id: Id,
        schema: &Value,
        value: Option<&Value>,
        origin: Option<&Value>,
        depth: usize,
    ) -> Kind {
        let json = |value: Option<&Value>| Kind::Json(value.map(pretty).unwrap_or_default());
        if depth > DEPTH_MAX {
            return json(value);
        }
        if let Some(options) = options(schema) {
            let chosen = value.and_then(|value| options.iter().position(|(_, it)| same(it, value)));
            return match value {
                Some(_) if chosen.is_none() => json(value),
                // There is nothing to choose from, so it is chosen.
                _ => Kind::Choice { chosen: chosen.or((options.len() == 1).then_some(0)), options },
            };
        }
        let variants = variants(schema);
        if !variants.is_empty() {
            let fitting = |value| variants.iter().position(|it| self.fits(it, value, depth));
            let chosen = value.map_or(Some(0), fitting);
            let Some((chosen, variant)) = chosen.and_then(|at| Some((at, variants.get(at)?)))
            else {
                return json(value);
            };
            let place = Place { name: "", schema: variant, optional: false, depth: depth + 1 };
            let field = self.place(&place, value, origin);
            return Kind::Variants { labels: self.labels(&variants), chosen, field };
        }
        match (kind_word(schema, value), value) {
            ("string", None) => text_field(schema, ""),
            // A field of the page turns this character into another.
            ("string", Some(Value::String(text))) if !text.contains('\r') => {
                text_field(schema, text)
            }
            (word @ ("number" | "integer"), None | Some(Value::Number(_))) => {
                let text = value.map(canonical).unwrap_or_default();
                Kind::Number { text, whole: word == "integer" }
            }
            ("object", None) => self.object(schema, &Map::new(), origin, depth),
            ("object", Some(Value::Object(map))) => self.object(schema, map, origin, depth),
            ("array", None) => self.list(id, schema, &[], origin),
            ("array", Some(Value::Array(items))) => self.list(id, schema, items, origin),
            _ => json(value),
        }
    }

    /// The properties that the schema names, those it requires first and in its order, and then
    /// whatever else the value has.
    fn object(
        &mut self,
        schema: &Value,
        map: &Map<String, Value>,
        origin: Option<&Value>,
        depth: usize,
    ) -> Kind {
        let none = Map::new();
        let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        let required = names(schema);
        let mut order: Vec<&str> = Vec::new();
        let all =
            required.iter().copied().chain(known.keys().chain(map.keys()).map(String::as_str));
        for name in all {
            if !order.contains(&name) {
                order.push(name);
            }
        }
        let open = schema.get("additionalProperties").unwrap_or(&Value::Bool(true));
        let fields = order.into_iter().map(|name| {
            let schema = known.get(name).unwrap_or(open);
            let optional = !required.contains(&name);
            let place = Place { name, schema, optional, depth: depth + 1 };
            self.place(&place, map.get(name), origin.and_then(|origin| origin.get(name)))
        });
        Kind::Object(fields.collect())
    }

    fn list(&mut self, id: Id, schema: &Value, items: &[Value], origin: Option<&Value>) -> Kind {
        let origin = |at| origin.and_then(|origin| origin.get(at));
        let made = items
            .iter()
            .enumerate()
            .map(|(at, value)| self.item(id, at, Some(value), origin(at)))
            .collect();
        Kind::List { items: made, grows: schema.get("items") != Some(&Value::Bool(false)) }
    }

    /// A field for the item of a list at this place.
    pub(super) fn item(
        &mut self,
        list: Id,
        at: usize,
        value: Option<&Value>,
        origin: Option<&Value>,
    ) -> Id {
        let (schema, depth) = self.fields.get(list).map_or((Value::Null, 0), |list| {
            let first = list.schema.get("prefixItems").and_then(|items| items.get(at));
            let item = first.or_else(|| list.schema.get("items"));
            (item.cloned().unwrap_or(Value::Bool(true)), list.depth)
        });
        let place = Place { name: "", schema: &schema, optional: false, depth: depth + 1 };
        self.place(&place, value, origin)
    }

    fn labels(&self, variants: &[Value]) -> Vec<String> {
        variants.iter().map(|variant| label(&self.resolved(variant))).collect()
    }

    /// A schema with what it refers to put in its place. What stands beside a reference goes before
    /// what it leads to.
    fn resolved(&self, schema: &Value) -> Value {
        let mut schema = schema.clone();
        for _ in 0..REFERENCES_MAX {
            let Value::Object(map) = &mut schema else { return schema };
            let target = if let Some(Value::String(reference)) = map.remove("$ref") {
                let pointer = reference.strip_prefix('#').map(|it| self.schema.pointer(it));
                let Some(target) = pointer.flatten() else { return Value::Bool(true) };
                target.clone()
            } else if let Some([only]) =
                map.get("allOf").and_then(Value::as_array).map(|all| &**all)
            {
                let only = only.clone();
                map.remove("allOf");
                only
            } else {
                return schema;
            };
            schema = overlaid(target, &schema);
        }
        Value::Bool(true)
    }

    /// Whether a value looks like one of this schema: enough to choose among variants, and no more.
    fn fits(&self, schema: &Value, value: &Value, depth: usize) -> bool {
        if depth > DEPTH_MAX {
            return true;
        }
        let schema = self.resolved(schema);
        if let Some(options) = options(&schema) {
            return options.iter().any(|(_, option)| same(option, value));
        }
        let variants = variants(&schema);
        if !variants.is_empty() {
            return variants.iter().any(|variant| self.fits(variant, value, depth + 1));
        }
        let fits = |schema: Option<&Value>, value| {
            schema.is_none_or(|schema| self.fits(schema, value, depth + 1))
        };
        let is_of_type = match (kind_word(&schema, Some(value)), value) {
            ("integer", Value::Number(number)) => {
                number.as_f64().is_some_and(|number| number.fract() == 0.0)
            }
            (word, _) => word.is_empty() || word == type_of(value),
        };
        is_of_type
            && match value {
                Value::Object(map) => {
                    let known = schema.get("properties").and_then(Value::as_object);
                    let open = schema.get("additionalProperties");
                    names(&schema).iter().all(|name| map.contains_key(*name))
                        && map.iter().all(|(name, value)| {
                            fits(known.and_then(|known| known.get(name)).or(open), value)
                        })
                }
                Value::Array(items) => items.iter().all(|item| fits(schema.get("items"), item)),
                _ => schema != false,
            }
    }
}

/// Deeper than this, a value is JSON.
const DEPTH_MAX: usize = 8;

/// The longest way from reference to reference that is followed.
const REFERENCES_MAX: usize = 16;
