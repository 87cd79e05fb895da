//! The strict form of a tool's schema and the way back from it.

#![expect(clippy::expect_used, reason = "a helper of a test fails it")]

use holdpoint_core::schema::strict::{to_strict, without_nulls};
use holdpoint_core::schema::{NoPatterns, Schema};
use serde_json::{Value, json};

#[track_caller]
fn check(schema: Value, expected: Value) {
    let strict = to_strict(&schema).expect("the schema has a strict form");
    assert_eq!(strict, expected);
    assert!(Schema::compile(&strict, &NoPatterns).is_ok());
}

#[test]
fn every_property_is_required_and_what_only_narrows_is_left_out() {
    check(
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "description": "Moves money.",
            "properties": {
                "amount": {"type": "number", "exclusiveMinimum": 0, "description": "in euros"},
                "recipient": {"type": "string", "minLength": 1, "pattern": "^[A-Z]", "x-order": 2},
            },
            "required": ["amount", "recipient"],
            "minProperties": 1
        }),
        json!({
            "type": "object",
            "description": "Moves money.",
            "properties": {
                "amount": {"type": "number", "description": "in euros"},
                "recipient": {"type": "string"},
            },
            "required": ["amount", "recipient"],
            "additionalProperties": false
        }),
    );
}

#[test]
fn optional_property_becomes_nullable_in_every_shape() {
    let none = json!({"type": "null"});
    let node = json!({"type": "object", "additionalProperties": false});
    let closed = json!({
        "type": "object", "properties": {}, "required": [], "additionalProperties": false
    });
    check(
        json!({
            "type": "object",
            "$defs": {"node": node},
            "properties": {
                "const": {"type": "string", "const": "a"},
                "enum": {"type": "string", "enum": ["a", "b"]},
                "list": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
                "nullable": {"type": ["string", "null"]},
                "object": node,
                "ref": {"$ref": "#/$defs/node", "description": "a node"},
                "union": {"oneOf": [{"type": "string"}, {"$ref": "#/$defs/node"}]},
            }
        }),
        json!({
            "type": "object",
            "$defs": {"node": closed},
            "properties": {
                "const": {"type": ["string", "null"], "enum": ["a", null]},
                "enum": {"type": ["string", "null"], "enum": ["a", "b", null]},
                "list": {"anyOf": [{"type": "array", "items": {"type": "string"}}, none]},
                "nullable": {"type": ["string", "null"]},
                "object": {"anyOf": [closed, none]},
                "ref": {"anyOf": [{"$ref": "#/$defs/node"}, none]},
                "union": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/node"}, none]},
            },
            "required": ["const", "enum", "list", "nullable", "object", "ref", "union"],
            "additionalProperties": false
        }),
    );
}

#[test]
fn what_cannot_be_said_has_no_strict_form() {
    let property = |schema: Value| json!({"type": "object", "properties": {"x": schema}});
    for schema in [
        json!({"type": "string"}),
        json!({"properties": {}}),
        json!({"type": "object"}),
        json!({"type": ["object", "null"], "properties": {}}),
        json!({"type": "object", "properties": {}, "additionalProperties": true}),
        json!({"type": "object", "properties": {}, "additionalProperties": {"type": "string"}}),
        json!({"type": "object", "properties": {}, "required": ["unlisted"]}),
        json!({"type": "object", "properties": {}, "patternProperties": {"^x": true}}),
        json!({"type": "object", "properties": {}, "anyOf": [{"type": "object"}]}),
        json!({"type": "object", "properties": {}, "$defs": {"any": true}}),
        property(json!(true)),
        property(json!({})),
        property(json!({"enum": ["a"]})),
        property(json!({"type": "object"})),
        property(json!({"type": "array"})),
        property(json!({"type": "array", "items": {"type": "object"}})),
        property(json!({"type": "array", "prefixItems": [{"type": "string"}]})),
        property(json!({"type": "string", "not": {"const": "a"}})),
        property(json!({"allOf": [{"type": "string"}]})),
        property(json!({"type": "string", "if": true, "then": true})),
        property(json!({"$ref": "#/properties/y"})),
        property(json!({"$ref": "#"})),
    ] {
        assert_eq!(to_strict(&schema), None, "{schema}");
    }
}

#[test]
fn endless_nesting_has_no_strict_form() {
    let leaf = json!({"type": "string"});
    let deep = (0..100).fold(leaf, |items, _| json!({"type": "array", "items": items}));
    assert_eq!(to_strict(&json!({"type": "object", "properties": {"x": deep}})), None);
}

#[test]
fn null_of_an_absent_property_is_removed_at_every_depth() {
    let schema = json!({
        "type": "object",
        "properties": {
            "to": {"type": "string"},
            "note": {"type": "string"},
            "tag": {"type": ["string", "null"]},
            "must": {"type": "string"},
            "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}},
        },
        "required": ["to", "must"],
        "$defs": {"part": {
            "type": "object",
            "properties": {"size": {"type": "integer"}, "part": {"$ref": "#/$defs/part"}}
        }}
    });
    let value = json!({
        "to": "Ann", "note": null, "tag": null, "must": null, "unknown": null,
        "parts": [{"size": null, "part": {"size": 1, "part": null}}, null]
    });
    assert_eq!(
        without_nulls(&schema, value),
        json!({
            "to": "Ann", "tag": null, "must": null, "unknown": null,
            "parts": [{"part": {"size": 1}}, null]
        }),
    );
}

#[test]
fn null_is_removed_in_the_alternative_that_the_value_fits() {
    let pay = json!({
        "type": "object",
        "properties": {"kind": {"type": "string", "const": "pay"}, "note": {"type": "string"}},
        "required": ["kind"]
    });
    let wait = json!({
        "type": "object",
        "properties": {"kind": {"type": "string", "const": "wait"}, "note": {"type": "null"}},
        "required": ["kind"]
    });
    let schema = json!({"type": "object", "properties": {"do": {"anyOf": [pay, wait]}}});
    let pruned = |kind: &str| without_nulls(&schema, json!({"do": {"kind": kind, "note": null}}));
    assert_eq!(pruned("pay"), json!({"do": {"kind": "pay"}}));
    assert_eq!(pruned("wait"), json!({"do": {"kind": "wait", "note": null}}));
    assert_eq!(pruned("other"), json!({"do": {"kind": "other", "note": null}}));
    assert_eq!(without_nulls(&schema, json!({"do": null})), json!({}));
}

#[test]
fn what_fits_the_strict_form_fits_the_schema_without_its_nulls() {
    let schema = json!({
        "type": "object",
        "properties": {
            "amount": {"type": "number"},
            "note": {"type": "string", "enum": ["gift", "rent"]},
            "to": {"anyOf": [
                {"type": "object", "properties": {"iban": {"type": "string"}, "name": {"type": "string"}}, "required": ["iban"]},
                {"type": "string"},
            ]},
        },
        "required": ["amount"]
    });
    let full = Schema::compile(&schema, &NoPatterns).unwrap();
    let strict = Schema::compile(&to_strict(&schema).unwrap(), &NoPatterns).unwrap();
    for value in [
        json!({"amount": 1, "note": null, "to": null}),
        json!({"amount": 1, "note": "gift", "to": {"iban": "x", "name": null}}),
        json!({"amount": 1, "note": "rent", "to": "Ann"}),
    ] {
        assert_eq!(strict.check(&value, &NoPatterns), []);
        let pruned = without_nulls(&schema, value);
        assert_eq!(full.check(&pruned, &NoPatterns), [], "{pruned}");
    }
}

#[test]
fn endless_schema_leaves_the_value_as_it_is() {
    let looped = json!({"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"});
    assert_eq!(without_nulls(&looped, json!({"x": null})), json!({"x": null}));

    let wide = json!({"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]});
    let wide = json!({"$defs": {"a": wide}, "$ref": "#/$defs/a"});
    assert_eq!(without_nulls(&wide, json!({"x": null})), json!({"x": null}));
}
