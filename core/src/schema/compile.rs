//! From a schema as it is written to nodes whose every reference leads somewhere.

use serde_json::{Map, Value};

use super::node::{Assertion, Id, Limit, Measure, Node, Types};
use super::{Patterns, Unsupported};
use crate::json::push_token;

pub(super) struct Compiler<'a> {
    patterns: &'a dyn Patterns,
    nodes: Vec<Node>,
    /// Where a reference can lead: JSON Pointers, which are empty or start with a slash, and
    /// anchors, which do not.
    places: Vec<(String, Id)>,
    references: Vec<Reference>,
    root_id: &'a str,
    is_draft_7: bool,
    path: String,
    depth: usize,
    faults: Vec<Unsupported>,
}

/// A `$ref`, to be resolved when all places are known.
struct Reference {
    from: Id,
    target: String,
    path: String,
}

impl<'a> Compiler<'a> {
    pub(super) fn compile(
        schema: &'a Value,
        patterns: &'a dyn Patterns,
    ) -> Result<Vec<Node>, Vec<Unsupported>> {
        let root_text = |keyword| schema.get(keyword).and_then(Value::as_str).unwrap_or_default();
        let mut compiler = Self {
            patterns,
            nodes: Vec::new(),
            places: Vec::new(),
            references: Vec::new(),
            root_id: root_text("$id").trim_end_matches('#'),
            is_draft_7: is_draft_7(root_text("$schema")),
            path: String::new(),
            depth: 0,
            faults: Vec::new(),
        };
        compiler.schema(schema);
        compiler.resolve_references();
        if compiler.faults.is_empty() { Ok(compiler.nodes) } else { Err(compiler.faults) }
    }

    fn schema(&mut self, schema: &Value) -> Id {
        let id = self.nodes.len();
        self.nodes.push(Node::default());
        self.places.push((self.path.clone(), id));
        let mut node = Node::default();
        self.depth += 1;
        match schema {
            Value::Bool(true) => {}
            Value::Bool(false) => node.assertions.push(Assertion::Never),
            Value::Object(_) if self.depth > DEPTH_MAX => self.refuse("expected less nesting"),
            Value::Object(keywords) => self.keywords(id, &mut node, keywords),
            _ => self.refuse("expected a schema: an object, true or false"),
        }
        self.depth -= 1;
        if let Some(place) = self.nodes.get_mut(id) {
            *place = node;
        }
        id
    }

    fn keywords(&mut self, id: Id, node: &mut Node, keywords: &Map<String, Value>) {
        let is_root = self.path.is_empty();
        for (keyword, operand) in keywords {
            let length = push_token(&mut self.path, keyword);
            match keyword.as_str() {
                "$ref" => {
                    if self.is_draft_7 && !keywords.keys().all(|other| may_be_beside_ref(other)) {
                        self.refuse(
                            "expected $ref alone, since draft-07 ignores what is beside it",
                        );
                    }
                    let (target, path) = (self.text(operand), self.path.clone());
                    self.references.push(Reference { from: id, target, path });
                }
                "$anchor" => {
                    let anchor = self.text(operand);
                    if anchor.is_empty() || anchor.starts_with('/') {
                        self.refuse("expected a name");
                    } else if self.place(&anchor).is_some() {
                        self.refuse("expected each anchor once, found it twice");
                    }
                    self.places.push((anchor, id));
                }
                "$schema" if is_root => {
                    let draft = self.text(operand);
                    if !is_draft_7(&draft) && draft != DRAFT_2020_12 {
                        self.refuse("expected draft 2020-12 or draft-07");
                    }
                }
                "$id" if is_root => drop(self.text(operand)),
                "$defs" | "definitions" => drop(self.members(operand, Self::schema)),
                "minContains" => node.contains_min = self.count(operand),
                "maxContains" => node.contains_max = self.count(operand),
                annotation if is_annotation(annotation) => {}
                _ => self.rule(node, keyword, operand),
            }
            self.path.truncate(length);
        }
    }

    fn rule(&mut self, node: &mut Node, keyword: &str, operand: &Value) {
        if let Some(place) = node.one_schema(keyword) {
            *place = Some(self.schema(operand));
        } else if let Some(place) = node.schema_list(keyword) {
            for (index, schema) in self.list(operand).iter().enumerate() {
                let length = push_token(&mut self.path, &index.to_string());
                place.push(self.schema(schema));
                self.path.truncate(length);
            }
            if place.is_empty() {
                self.refuse("expected a list of schemas");
            }
        } else if let Some(place) = node.schema_map(keyword) {
            *place = self.members(operand, Self::schema);
            if keyword == "patternProperties" {
                place.iter().for_each(|(pattern, _)| self.pattern(pattern));
            }
        } else {
            node.assertions.extend(self.assertion(keyword, operand));
        }
    }

    fn assertion(&mut self, keyword: &str, operand: &Value) -> Option<Assertion> {
        Some(match keyword {
            "type" => Assertion::Type(self.types(operand)),
            "enum" => Assertion::Options("enum", self.list(operand).to_vec()),
            "const" => Assertion::Options("const", vec![operand.clone()]),
            "required" => Assertion::Required(self.texts(operand)),
            "dependentRequired" => Assertion::DependentRequired(self.members(operand, Self::texts)),
            "pattern" => {
                let pattern = self.text(operand);
                self.pattern(&pattern);
                Assertion::Pattern(pattern)
            }
            "uniqueItems" => match operand {
                Value::Bool(unique) => return unique.then_some(Assertion::UniqueItems),
                _ => return self.refused("expected true or false"),
            },
            "multipleOf" => match operand {
                Value::Number(divisor) if divisor.as_f64() > Some(0.0) => {
                    Assertion::MultipleOf(divisor.clone())
                }
                _ => return self.refused("expected a number above 0"),
            },
            _ => match (Limit::of_keyword(keyword), operand) {
                (None, _) => return self.refused("expected a supported keyword"),
                (Some(limit), Value::Number(number)) => {
                    if limit.of != Measure::Number {
                        self.count(operand)?;
                    }
                    Assertion::Limit(limit, number.clone())
                }
                _ => return self.refused("expected a number"),
            },
        })
    }

    fn resolve_references(&mut self) {
        for Reference { from, target, path } in std::mem::take(&mut self.references) {
            // A reference may name this very document by its `$id`.
            let fragment = target.strip_prefix(self.root_id).unwrap_or(&target);
            let place = match fragment.strip_prefix('#') {
                Some(fragment) => percent_decoded(fragment),
                None => fragment.is_empty().then(String::new),
            };
            let to = place.and_then(|place| self.place(&place));
            if let Some(node) = self.nodes.get_mut(from) {
                node.reference = to;
            }
            if to.is_none() {
                self.path = path;
                self.refuse("expected a reference to a schema of this document");
            }
        }
    }

    fn place(&self, name: &str) -> Option<Id> {
        self.places.iter().find(|(known, _)| known == name).map(|(_, id)| *id)
    }

    fn types(&mut self, operand: &Value) -> Types {
        let names = match operand {
            Value::String(_) => std::slice::from_ref(operand),
            _ => self.list(operand),
        };
        let mut types = Types::default();
        for name in names {
            match name.as_str().and_then(Types::named) {
                Some(named) => types = types.with(named),
                None => self.refuse("expected the name of a type"),
            }
        }
        types
    }

    fn list<'v>(&mut self, operand: &'v Value) -> &'v [Value] {
        match operand {
            Value::Array(items) => items,
            _ => {
                self.refuse("expected a list");
                &[]
            }
        }
    }

    fn members<T>(
        &mut self,
        operand: &Value,
        read: impl Fn(&mut Self, &Value) -> T,
    ) -> Vec<(String, T)> {
        let Value::Object(map) = operand else {
            self.refuse("expected an object");
            return Vec::new();
        };
        let mut members = Vec::with_capacity(map.len());
        for (name, member) in map {
            let length = push_token(&mut self.path, name);
            members.push((name.clone(), read(self, member)));
            self.path.truncate(length);
        }
        members
    }

    fn texts(&mut self, operand: &Value) -> Vec<String> {
        self.list(operand).iter().map(|text| self.text(text)).collect()
    }

    fn text(&mut self, operand: &Value) -> String {
        match operand {
            Value::String(text) => text.clone(),
            _ => {
                self.refuse("expected a text");
                String::new()
            }
        }
    }

    fn count(&mut self, operand: &Value) -> Option<usize> {
        let count = operand.as_f64().filter(|n| *n >= 0.0 && n.trunc() == *n);
        if count.is_none() {
            self.refuse("expected a whole number of at least 0");
        }
        count.map(|count| count as usize)
    }

    fn pattern(&mut self, pattern: &str) {
        if !self.patterns.compiles(pattern) {
            self.refuse("expected a regular expression that can be evaluated here");
        }
    }

    fn refused<T>(&mut self, message: &str) -> Option<T> {
        self.refuse(message);
        None
    }

    /// Records what stands in the way here.
    fn refuse(&mut self, message: &str) {
        self.faults.push(Unsupported { path: self.path.clone(), message: message.to_owned() });
    }
}

pub(super) fn is_annotation(keyword: &str) -> bool {
    ANNOTATIONS.contains(&keyword) || keyword.starts_with("x-")
}

fn may_be_beside_ref(keyword: &str) -> bool {
    matches!(keyword, "$ref" | "$schema" | "$id" | "$defs" | "definitions")
        || is_annotation(keyword)
}

fn is_draft_7(uri: &str) -> bool {
    uri.trim_end_matches('#') == "http://json-schema.org/draft-07/schema"
}

/// The text of a URI fragment; nothing if it is not one.
fn percent_decoded(fragment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut nibble = || char::from(rest.next()?).to_digit(16);
                (nibble()? << 4 | nibble()?) as u8
            }
            _ => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

const DRAFT_2020_12: &str = "https://json-schema.org/draft/2020-12/schema";
const DEPTH_MAX: usize = 64;

const ANNOTATIONS: [&str; 12] = [
    "$comment",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "format",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
];
