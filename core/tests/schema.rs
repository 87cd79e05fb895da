//! Schemas as a caller meets them: the official suite, what is refused, what is reported.

#![expect(clippy::expect_used, clippy::panic, reason = "a helper of a test fails it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use holdpoint_core::schema::{NoPatterns, Patterns, Schema, VIOLATIONS_MAX};
use serde_json::{Value, json};

/// The expressions a browser has, from a library.
struct Regress;

impl Patterns for Regress {
    fn is_match(&self, pattern: &str, text: &str) -> Option<bool> {
        let regex = regress::Regex::with_flags(pattern, "u").ok()?;
        Some(regex.find(text).is_some())
    }
}

#[track_caller]
fn compiled(schema: Value) -> Schema {
    Schema::compile(&schema, &Regress).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// Each fault as its place and its message.
#[track_caller]
fn refused(schema: Value) -> Vec<(String, String)> {
    let faults = Schema::compile(&schema, &Regress).expect_err("the schema is supported");
    faults.into_iter().map(|fault| (fault.path, fault.message)).collect()
}

/// Each violation as its place, its keyword and its message.
#[track_caller]
fn check(schema: Value, value: Value, expected: &[(&str, &str, &str)]) {
    let schema = compiled(schema);
    let violations = schema.check(&value, &Regress);
    let found: Vec<_> =
        violations.iter().map(|v| (v.path.as_str(), v.keyword, v.message.as_str())).collect();
    assert_eq!(found, expected);
    assert_eq!(schema.is_valid(&value, &Regress), expected.is_empty());
}

#[test]
fn every_required_case_of_the_suite_passes_or_its_schema_is_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/json-schema-test-suite/draft2020-12");
    let (mut passed, mut cases) = (0, 0);
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let groups: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for group in groups.as_array().unwrap() {
            let Ok(schema) = Schema::compile(&group["schema"], &Regress) else {
                *refused.entry(file.clone()).or_default() += 1;
                continue;
            };
            passed += 1;
            for case in group["tests"].as_array().unwrap() {
                cases += 1;
                let valid = case["valid"].as_bool();
                let violations = schema.check(&case["data"], &Regress);
                if schema.matches(&case["data"], &Regress) != valid
                    || Some(violations.is_empty()) != valid
                {
                    let (group, case) = (&group["description"], &case["description"]);
                    wrong.push(format!("{file}: {group} / {case}"));
                }
            }
        }
    }
    let refused: Vec<(&str, usize)> = refused.iter().map(|(f, n)| (f.as_str(), *n)).collect();
    let total: usize = refused.iter().map(|(_, count)| count).sum();
    println!("{passed} groups with {cases} cases pass, {total} groups are refused: {refused:?}");
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(refused, REFUSED);
    assert_eq!((passed, cases), (309, 1129));
}

/// How many groups of each file need what is not supported: another document, an `$id` below the
/// root, `$dynamicRef`, or a meta-schema of one's own.
const REFUSED: &[(&str, usize)] = &[
    ("anchor", 3),
    ("defs", 1),
    ("dynamicRef", 20),
    ("ref", 12),
    ("refRemote", 15),
    ("unevaluatedItems", 1),
    ("unevaluatedProperties", 1),
    ("vocabulary", 2),
];

#[test]
fn unsupported_keyword_is_refused_wherever_it_stands() {
    let message = "expected a supported keyword";
    for (schema, path) in [
        (json!({"maxLenght": 5}), "/maxLenght"),
        (json!({"properties": {"a/b": {"requird": ["x"]}}}), "/properties/a~1b/requird"),
        (json!({"allOf": [true, {"$dynamicRef": "#x"}]}), "/allOf/1/$dynamicRef"),
        (json!({"$defs": {"unused": {"additionalItems": false}}}), "/$defs/unused/additionalItems"),
        (json!({"not": {"$id": "https://example.com/other"}}), "/not/$id"),
    ] {
        assert_eq!(refused(schema), [(path.to_owned(), message.to_owned())]);
    }
}

#[test]
fn all_that_is_refused_is_reported_at_once() {
    let schema = json!({"required": "amount", "typo": 1, "properties": {"a": 5}, "minLength": -1});
    let paths: Vec<String> = refused(schema).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["/minLength", "/properties/a", "/required", "/typo"]);
}

#[test]
fn operand_of_the_wrong_kind_is_refused() {
    for (schema, message) in [
        (json!(1), "expected a schema: an object, true or false"),
        (json!({"type": "int"}), "expected the name of a type"),
        (json!({"type": ["string", 5]}), "expected the name of a type"),
        (json!({"enum": "a"}), "expected a list"),
        (json!({"minItems": 1.5}), "expected a whole number of at least 0"),
        (json!({"maximum": "9"}), "expected a number"),
        (json!({"multipleOf": 0}), "expected a number above 0"),
        (json!({"uniqueItems": 1}), "expected true or false"),
        (json!({"anyOf": []}), "expected a list of schemas"),
        (json!({"items": [true]}), "expected a schema: an object, true or false"),
        (json!({"required": [1]}), "expected a text"),
        (json!({"dependentRequired": {"a": "b"}}), "expected a list"),
        (json!({"properties": []}), "expected an object"),
        (json!({"$anchor": "/a"}), "expected a name"),
        (
            json!({"$schema": "http://json-schema.org/draft-04/schema#"}),
            "expected draft 2020-12 or draft-07",
        ),
    ] {
        assert_eq!(refused(schema)[0].1, message);
    }
}

#[test]
fn reference_that_leads_to_no_schema_of_the_document_is_refused() {
    for target in ["#/$defs/missing", "#/default", "#gone", "other.json", "#/$defs/%zz", "x#"] {
        let schema = json!({"$defs": {"a": true}, "default": {}, "$ref": target});
        let message = "expected a reference to a schema of this document";
        assert_eq!(refused(schema), [("/$ref".to_owned(), message.to_owned())], "{target}");
    }
    assert!(
        refused(json!({"$ref": "#a", "$defs": {"1": {"$anchor": "a"}, "2": {"$anchor": "a"}}}))
            .len()
            == 1
    );
}

#[test]
fn reference_may_name_the_document_by_its_id() {
    let schema = json!({
        "$id": "https://example.com/tree",
        "properties": {"next": {"$ref": "https://example.com/tree"}, "leaf": {"$ref": "#leaf"}},
        "$defs": {"a%b": {"$anchor": "leaf", "type": "string"}},
        "additionalProperties": {"$ref": "https://example.com/tree#/$defs/a%25b"}
    });
    check(schema.clone(), json!({"next": {"next": {"leaf": "x"}}, "more": "y"}), &[]);
    check(
        schema,
        json!({"next": {"leaf": 1}}),
        &[("/next/leaf", "type", "expected a string, found 1")],
    );
}

#[test]
fn draft_7_is_accepted_where_it_says_the_same() {
    let draft = "http://json-schema.org/draft-07/schema#";
    let schema = json!({
        "$schema": draft,
        "definitions": {"amount": {"type": "number"}},
        "properties": {"amount": {"$ref": "#/definitions/amount", "description": "in euros"}}
    });
    check(schema, json!({"amount": "1"}), &[("/amount", "type", "expected a number, found \"1\"")]);

    let siblings = json!({"$schema": draft, "definitions": {"a": true}, "items": {"$ref": "#/definitions/a", "maxItems": 1}});
    assert_eq!(refused(siblings)[0].0, "/items/$ref");
    assert_eq!(refused(json!({"$schema": draft, "dependencies": {}}))[0].0, "/dependencies");
}

#[test]
fn annotations_are_accepted_and_never_decide() {
    let schema =
        json!({"title": "x", "default": 5, "format": "email", "x-order": 1, "examples": [1]});
    check(schema, json!("no address"), &[]);
}

#[test]
fn endless_schema_is_refused() {
    let deep = (0..100).fold(json!(true), |inner, _| json!({"not": inner}));
    assert_eq!(refused(deep)[0].1, "expected less nesting");
}

#[test]
fn violations_name_the_place_what_was_expected_and_what_was_found() {
    let schema = json!({
        "type": "object",
        "properties": {
            "amount": {"type": "number", "exclusiveMinimum": 0, "maximum": 100, "multipleOf": 0.01},
            "recipient": {"type": "string", "minLength": 1, "pattern": "^[A-Z]"},
            "when": {"enum": ["now", "later", null]},
            "tags": {"type": "array", "maxItems": 2, "uniqueItems": true, "items": {"type": ["string", "null"]}}
        },
        "required": ["amount", "recipient"],
        "dependentRequired": {"tags": ["when"]},
        "additionalProperties": false
    });
    check(schema.clone(), json!({"amount": 12.34, "recipient": "Ann"}), &[]);
    check(
        schema.clone(),
        json!({"amount": 500, "tags": ["a", "a", 1], "more": {}}),
        &[
            (
                "",
                "dependentRequired",
                "expected the property \"when\" beside \"tags\", found an object of 3 properties",
            ),
            (
                "",
                "required",
                "expected the property \"recipient\", found an object of 3 properties",
            ),
            ("/amount", "maximum", "expected a number of at most 100, found 500"),
            (
                "/more",
                "additionalProperties",
                "expected nothing here, found an object of 0 properties",
            ),
            (
                "/tags",
                "maxItems",
                "expected an array of at most 2 items, found an array of 3 items",
            ),
            ("/tags/1", "uniqueItems", "expected an item unlike those before it, found \"a\""),
            ("/tags/2", "type", "expected null or a string, found 1"),
        ],
    );
    check(
        schema,
        json!({"amount": 0.005, "recipient": "ann", "when": "soon"}),
        &[
            ("/amount", "multipleOf", "expected a multiple of 0.01, found 0.005"),
            ("/recipient", "pattern", "expected a string that matches ^[A-Z], found \"ann\""),
            ("/when", "enum", "expected \"now\", \"later\" or null, found \"soon\""),
        ],
    );
}

#[test]
fn alternative_that_was_meant_is_the_one_reported() {
    let pay = json!({"properties": {"kind": {"const": "pay"}, "amount": {"maximum": 5}}});
    let wait = json!({"properties": {"kind": {"const": "wait"}}, "required": ["days"]});
    let schema = json!({"anyOf": [{"type": "null"}, pay, wait]});
    check(
        schema,
        json!({"kind": "pay", "amount": 9}),
        &[("/amount", "maximum", "expected a number of at most 5, found 9")],
    );
    check(
        json!({"oneOf": [{"minimum": 5}, {"maximum": 1}]}),
        json!(3),
        &[("", "oneOf", "expected a match with an alternative, found 3")],
    );
    check(
        json!({"oneOf": [{"minimum": 1}, {"maximum": 5}]}),
        json!(3),
        &[("", "oneOf", "expected a match with exactly one alternative, found 3")],
    );
}

#[test]
fn report_is_bounded_and_long_values_are_cut() {
    let value: Value = (0..1000).map(|_| Value::String("x".repeat(1000))).collect();
    let violations = compiled(json!({"items": {"type": "null"}})).check(&value, &Regress);
    assert_eq!(violations.len(), VIOLATIONS_MAX);
    assert!(violations.iter().all(|violation| violation.message.len() < 100));
}

#[test]
fn multiples_are_exact_decimals() {
    for (number, divisor, valid) in [
        (0.3, 0.1, true),
        (1.1, 0.1, true),
        (19.99, 0.01, true),
        (0.35, 0.1, false),
        (1e300, 1e-300, true),
        (1e300, 7e-5, false),
        (0.0, 3.0, true),
        (-9.0, 3.0, true),
        (1e-7, 10.0, false),
    ] {
        let schema = compiled(json!({"multipleOf": divisor}));
        assert_eq!(schema.is_valid(&json!(number), &NoPatterns), valid, "{number} {divisor}");
    }
}

/// A host whose expressions stop working after the schema was accepted.
struct Broken;

impl Patterns for Broken {
    fn is_match(&self, _pattern: &str, _text: &str) -> Option<bool> {
        None
    }

    fn compiles(&self, _pattern: &str) -> bool {
        true
    }
}

#[test]
fn what_cannot_be_evaluated_is_neither_valid_nor_invalid_whatever_is_around_it() {
    let pattern = json!({"pattern": "^a"});
    for schema in [
        pattern.clone(),
        json!({"not": pattern}),
        json!({"not": {"not": pattern}}),
        json!({"anyOf": [true, pattern]}),
        json!({"oneOf": [pattern, true]}),
        json!({"allOf": [false, pattern]}),
        json!({"if": pattern, "then": true, "else": false}),
        json!({"if": pattern, "else": true}),
    ] {
        let schema = compiled(schema);
        assert_eq!(schema.matches(&json!("a"), &Broken), None);
        assert!(!schema.is_valid(&json!("a"), &Broken));
        let violations = schema.check(&json!("a"), &Broken);
        let last = violations.last().unwrap();
        assert_eq!(last.keyword, "pattern");
        assert_eq!(
            last.message,
            "expected a value that can be checked, but a pattern cannot be evaluated here"
        );
    }
    let names = compiled(json!({"patternProperties": {"^x": false}}));
    assert_eq!(names.matches(&json!({"y": 1}), &Broken), None);
    let items = compiled(json!({"contains": pattern, "minContains": 0}));
    assert_eq!(items.matches(&json!(["b"]), &Broken), None);
}

#[test]
fn pattern_is_refused_where_no_pattern_can_be_evaluated() {
    for schema in [json!({"pattern": "a"}), json!({"patternProperties": {"a": true}})] {
        assert!(Schema::compile(&schema, &NoPatterns).is_err());
        assert!(Schema::compile(&schema, &Regress).is_ok());
    }
    assert_eq!(refused(json!({"items": {"pattern": "("}}))[0].0, "/items/pattern");
}

#[test]
fn schema_that_never_ends_is_left_open() {
    for schema in [
        json!({"$ref": "#"}),
        json!({"not": {"$ref": "#"}}),
        json!({"anyOf": [true, {"$ref": "#"}]}),
        json!({"allOf": [{"$ref": "#"}, {"$ref": "#"}]}),
    ] {
        let schema = compiled(schema);
        assert_eq!(schema.matches(&json!(1), &Regress), None);
        assert_eq!(schema.check(&json!(1), &Regress).len(), 1);
    }
}

#[test]
fn tree_within_the_limits_of_the_reader_is_evaluated_in_full() {
    let schema = compiled(json!({
        "$defs": {"node": {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"$ref": "#/$defs/node"}}]}},
        "$ref": "#/$defs/node"
    }));
    let tree = |leaf| (0..31).fold(leaf, |inner, _| json!([inner]));
    assert_eq!(schema.matches(&tree(json!(1)), &Regress), Some(true));
    assert_eq!(schema.matches(&tree(json!("x")), &Regress), Some(false));
}
