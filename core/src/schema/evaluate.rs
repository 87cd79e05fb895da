//! A value against the nodes of a schema.
//!
//! Whether something could not be evaluated is kept beside the answer and outlives it: no keyword
//! around it, `not` least of all, can turn it into one.

use serde_json::{Map, Value};

use super::compare::{equal, is_multiple};
use super::node::{Assertion, Id, Node, Types};
use super::words::{OPTIONS_MAX, in_words, joined, property, shown};
use super::{Patterns, VIOLATIONS_MAX, Violation};
use crate::json::{canonical, push_token};

pub(super) struct Evaluation<'a> {
    nodes: &'a [Node],
    patterns: &'a dyn Patterns,
    path: String,
    depth: usize,
    steps: usize,
    /// How many keywords around this one only ask whether something matches.
    quiet: usize,
    violations: Vec<Violation>,
    /// The first thing that could not be evaluated.
    open: Option<Violation>,
}

/// Which children of a value, counted in its order, have been evaluated so far.
#[derive(Default)]
struct Seen(Vec<bool>);

impl<'a> Evaluation<'a> {
    /// Whether a value is valid; `None` if that could not be evaluated in full.
    pub(super) fn matches(
        nodes: &'a [Node],
        patterns: &'a dyn Patterns,
        value: &Value,
    ) -> Option<bool> {
        let mut evaluation = Self::new(nodes, patterns);
        evaluation.quiet = 1;
        let valid = evaluation.node(0, value, ROOT, &mut Seen::default());
        evaluation.open.is_none().then_some(valid)
    }

    /// What is wrong with a value, what could not be evaluated last.
    pub(super) fn check(
        nodes: &'a [Node],
        patterns: &'a dyn Patterns,
        value: &Value,
    ) -> Vec<Violation> {
        let mut evaluation = Self::new(nodes, patterns);
        evaluation.node(0, value, ROOT, &mut Seen::default());
        if evaluation.open.is_some() {
            evaluation.violations.truncate(VIOLATIONS_MAX - 1);
        }
        evaluation.violations.extend(evaluation.open);
        evaluation.violations
    }

    fn new(nodes: &'a [Node], patterns: &'a dyn Patterns) -> Self {
        Self {
            nodes,
            patterns,
            path: String::new(),
            depth: 0,
            steps: 0,
            quiet: 0,
            violations: Vec::new(),
            open: None,
        }
    }

    /// Evaluates one schema; `via` is the keyword that led to it.
    fn node(&mut self, id: Id, value: &Value, via: &'static str, seen: &mut Seen) -> bool {
        let Some(node) = self.nodes.get(id) else {
            return self.leave_open(via, "the schema is incomplete");
        };
        if self.depth == DEPTH_MAX || !self.may_go_on() {
            return self.leave_open(via, "the schema and the value together are too large");
        }
        self.depth += 1;
        let mut valid = true;
        for assertion in &node.assertions {
            valid &= self.assertion(assertion, value, via);
        }
        valid &= self.combined(node, value, seen);
        match value {
            Value::Object(_) => valid &= self.members(node, value, seen),
            Value::Array(items) => valid &= self.items(node, items, seen),
            _ => {}
        }
        // A part that failed has not evaluated its children, and to call those unexpected would
        // only add noise.
        valid = valid && self.unevaluated(node, value, seen);
        self.depth -= 1;
        valid
    }

    fn assertion(&mut self, assertion: &Assertion, value: &Value, via: &'static str) -> bool {
        match (assertion, value) {
            (Assertion::Never, _) => self.fail(via, value, &|| "nothing here".to_owned()),
            (Assertion::Type(types), _) => {
                Types::of(value).meets(*types)
                    || self.fail("type", value, &|| {
                        joined(types.names().map(|(_, name)| name.to_owned()).collect())
                    })
            }
            (Assertion::Options(keyword, options), _) => {
                options.iter().any(|option| equal(option, value))
                    || self.fail(keyword, value, &|| {
                        joined(options.iter().take(OPTIONS_MAX).map(shown).collect())
                    })
            }
            (Assertion::Limit(limit, bound), _) => {
                let measured = limit.measure(value).zip(bound.as_f64());
                measured.is_none_or(|(measured, bound)| limit.allows(measured, bound))
                    || self.fail(limit.keyword, value, &|| in_words(limit, bound))
            }
            (Assertion::MultipleOf(divisor), Value::Number(number)) => {
                is_multiple(number, divisor)
                    || self.fail("multipleOf", value, &|| {
                        ["a multiple of ", &canonical(&Value::Number(divisor.clone()))].concat()
                    })
            }
            (Assertion::Pattern(pattern), Value::String(text)) => {
                self.pattern("pattern", pattern, text)
                    || self.fail("pattern", value, &|| ["a string that matches ", pattern].concat())
            }
            (Assertion::Required(names), Value::Object(map)) => {
                let mut valid = true;
                for name in names {
                    valid &= map.contains_key(name)
                        || self.fail("required", value, &|| property(name, ""));
                }
                valid
            }
            (Assertion::DependentRequired(dependent), Value::Object(map)) => {
                let mut valid = true;
                for (present, names) in dependent.iter().filter(|(name, _)| map.contains_key(name))
                {
                    for name in names {
                        valid &= map.contains_key(name)
                            || self.fail("dependentRequired", value, &|| property(name, present));
                    }
                }
                valid
            }
            (Assertion::UniqueItems, Value::Array(items)) => {
                let mut texts = Map::new();
                let is_twice = |item: &Value| texts.insert(canonical(item), Value::Null).is_some();
                let twice = items.iter().position(is_twice);
                let Some((index, item)) = twice.and_then(|index| Some((index, items.get(index)?)))
                else {
                    return true;
                };
                let length = push_token(&mut self.path, &index.to_string());
                self.fail("uniqueItems", item, &|| "an item unlike those before it".to_owned());
                self.path.truncate(length);
                false
            }
            _ => true,
        }
    }

    /// The keywords that apply other schemas to the value itself.
    fn combined(&mut self, node: &Node, value: &Value, seen: &mut Seen) -> bool {
        let mut valid = true;
        if let Some(id) = node.reference {
            valid &= self.branch(id, value, "$ref", seen);
        }
        for id in &node.all {
            valid &= self.branch(*id, value, "allOf", seen);
        }
        if !node.any.is_empty() {
            valid &= self.alternatives("anyOf", &node.any, value, seen) > 0;
        }
        if !node.one.is_empty() {
            let count = self.alternatives("oneOf", &node.one, value, seen);
            valid &= count == 1;
            if count > 1 {
                self.fail("oneOf", value, &|| "a match with exactly one alternative".to_owned());
            }
        }
        if let Some(id) = node.not {
            valid &= !self.quietly(id, value, "not", &mut Seen::default())
                || self.fail("not", value, &|| "no match with what is excluded".to_owned());
        }
        if let Some(id) = node.condition {
            let (then, via) = match self.quietly(id, value, "if", seen) {
                true => (node.then, "then"),
                false => (node.otherwise, "else"),
            };
            valid &= then.is_none_or(|id| self.branch(id, value, via, seen));
        }
        for (name, id) in &node.dependent {
            if value.get(name).is_some() {
                valid &= self.branch(*id, value, "dependentSchemas", seen);
            }
        }
        valid
    }

    fn members(&mut self, node: &Node, value: &Value, seen: &mut Seen) -> bool {
        let mut valid = true;
        for (index, (name, member)) in value.as_object().into_iter().flatten().enumerate() {
            let length = push_token(&mut self.path, name);
            let mut known = false;
            for (_, id) in node.properties.iter().filter(|(known, _)| known == name) {
                known = true;
                valid &= self.child(*id, member, "properties");
            }
            for (pattern, id) in &node.pattern_properties {
                if self.pattern("patternProperties", pattern, name) {
                    known = true;
                    valid &= self.child(*id, member, "patternProperties");
                }
            }
            if let (false, Some(id)) = (known, node.additional_properties) {
                known = true;
                valid &= self.child(id, member, "additionalProperties");
            }
            if let Some(id) = node.property_names {
                valid &= self.child(id, &Value::String(name.clone()), "propertyNames");
            }
            if known {
                seen.mark(index);
            }
            self.path.truncate(length);
        }
        valid
    }

    fn items(&mut self, node: &Node, items: &[Value], seen: &mut Seen) -> bool {
        let mut valid = true;
        let mut contained = 0;
        for (index, item) in items.iter().enumerate() {
            let length = push_token(&mut self.path, &index.to_string());
            let (id, via) = match node.prefix_items.get(index) {
                Some(id) => (Some(*id), "prefixItems"),
                None => (node.items, "items"),
            };
            if let Some(id) = id {
                seen.mark(index);
                valid &= self.child(id, item, via);
            }
            if let Some(id) = node.contains
                && self.quietly(id, item, "contains", &mut Seen::default())
            {
                seen.mark(index);
                contained += 1;
            }
            self.path.truncate(length);
        }
        if node.contains.is_some() {
            let (min, max) = (node.contains_min.unwrap_or(1), node.contains_max);
            if contained < min {
                valid = self.fail_count("contains", "at least ", min, contained);
            }
            if let Some(max) = max.filter(|max| contained > *max) {
                valid = self.fail_count("maxContains", "at most ", max, contained);
            }
        }
        valid
    }

    fn unevaluated(&mut self, node: &Node, value: &Value, seen: &mut Seen) -> bool {
        let mut valid = true;
        match value {
            Value::Object(map) => {
                let Some(id) = node.unevaluated_properties else { return true };
                for (index, (name, member)) in map.iter().enumerate() {
                    if seen.mark(index) {
                        let length = push_token(&mut self.path, name);
                        valid &= self.child(id, member, "unevaluatedProperties");
                        self.path.truncate(length);
                    }
                }
            }
            Value::Array(items) => {
                let Some(id) = node.unevaluated_items else { return true };
                for (index, item) in items.iter().enumerate() {
                    if seen.mark(index) {
                        let length = push_token(&mut self.path, &index.to_string());
                        valid &= self.child(id, item, "unevaluatedItems");
                        self.path.truncate(length);
                    }
                }
            }
            _ => {}
        }
        valid
    }

    fn child(&mut self, id: Id, value: &Value, via: &'static str) -> bool {
        self.node(id, value, via, &mut Seen::default())
    }

    /// Evaluates a schema for the same value; what it has seen counts only if it holds.
    fn branch(&mut self, id: Id, value: &Value, via: &'static str, seen: &mut Seen) -> bool {
        let mut inner = Seen::default();
        let valid = self.node(id, value, via, &mut inner);
        if valid {
            seen.merge(&inner);
        }
        valid
    }

    fn quietly(&mut self, id: Id, value: &Value, via: &'static str, seen: &mut Seen) -> bool {
        self.quiet += 1;
        let valid = self.branch(id, value, via, seen);
        self.quiet -= 1;
        valid
    }

    /// How many of some schemas hold; says what is wrong if none does.
    fn alternatives(
        &mut self,
        keyword: &'static str,
        ids: &[Id],
        value: &Value,
        seen: &mut Seen,
    ) -> usize {
        let mut valid = 0;
        let mut likely = Vec::new();
        for id in ids {
            let before = self.violations.len();
            valid += usize::from(self.branch(*id, value, keyword, seen));
            let found = self.violations.split_off(before);
            // An alternative of another type or with another tag is not the one that was meant.
            let is_other = |violation: &Violation| {
                violation.keyword == "const"
                    || violation.keyword == "type" && violation.path == self.path
            };
            if !found.iter().any(is_other) {
                likely.push(found);
            }
        }
        if valid == 0 {
            match <[_; 1]>::try_from(likely) {
                Ok([meant]) => self.violations.extend(meant),
                Err(_) => {
                    self.fail(keyword, value, &|| "a match with an alternative".to_owned());
                }
            }
        }
        valid
    }

    fn pattern(&mut self, keyword: &'static str, pattern: &str, text: &str) -> bool {
        let found = if self.may_go_on() { self.patterns.is_match(pattern, text) } else { None };
        found.unwrap_or_else(|| self.leave_open(keyword, "a pattern cannot be evaluated here"))
    }

    fn may_go_on(&mut self) -> bool {
        self.steps += 1;
        self.steps <= STEPS_MAX && self.open.is_none()
    }

    fn fail(
        &mut self,
        keyword: &'static str,
        found: &Value,
        expected: &dyn Fn() -> String,
    ) -> bool {
        if self.quiet == 0 {
            self.report(keyword, ["expected ", &expected(), ", found ", &shown(found)].concat());
        }
        false
    }

    fn fail_count(
        &mut self,
        keyword: &'static str,
        relation: &str,
        bound: usize,
        found: usize,
    ) -> bool {
        let (bound, found) = (bound.to_string(), found.to_string());
        self.report(
            keyword,
            ["expected ", relation, &bound, " matching items, found ", &found].concat(),
        );
        false
    }

    fn report(&mut self, keyword: &'static str, message: String) {
        // After something was left open, what looks like a violation may be a mere consequence.
        if self.quiet == 0 && self.open.is_none() && self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(Violation { path: self.path.clone(), keyword, message });
        }
    }

    fn leave_open(&mut self, keyword: &'static str, why: &str) -> bool {
        let path = &self.path;
        self.open.get_or_insert_with(|| Violation {
            path: path.clone(),
            keyword,
            message: ["expected a value that can be checked, but ", why].concat(),
        });
        false
    }
}

impl Seen {
    /// Marks a child; says whether that is new.
    fn mark(&mut self, index: usize) -> bool {
        if self.0.len() <= index {
            self.0.resize(index + 1, false);
        }
        self.0.get_mut(index).is_some_and(|seen| !std::mem::replace(seen, true))
    }

    fn merge(&mut self, other: &Self) {
        for (index, _) in other.0.iter().enumerate().filter(|(_, seen)| **seen) {
            self.mark(index);
        }
    }
}

const ROOT: &str = "false";
const DEPTH_MAX: usize = 256;
const STEPS_MAX: usize = 1_000_000;
