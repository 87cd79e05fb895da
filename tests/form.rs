//! The form in which a person changes the arguments of a call.
#![cfg(not(target_arch = "wasm32"))]

use std::fs;
use std::path::PathBuf;

use holdpoint::form::{Form, Id, Input, Kind, changes};
use holdpoint_core::json::{Limits, canonical, parse};
use holdpoint_core::schema::{NoPatterns, Schema};
use serde_json::{Value, json};

fn form(properties: Value, value: Value) -> (Form, Schema) {
    let schema = json!({"type": "object", "properties": properties});
    (Form::new(&schema, &value), Schema::compile(&schema, &NoPatterns).expect("a schema"))
}

/// What a form gives after a change, or its first issue as `path: message`.
#[track_caller]
fn check(
    properties: Value,
    value: Value,
    change: impl FnOnce(&mut Form),
    expected: Result<Value, &str>,
) {
    let (mut form, schema) = form(properties, value);
    change(&mut form);
    let given = form.check(&schema, &NoPatterns).map(|it| canonical(&it)).map_err(|issues| {
        let first = issues.first().expect("an issue");
        format!("{}: {}", first.path, first.message)
    });
    assert_eq!(given, expected.map(|it| canonical(&it)).map_err(str::to_owned));
}

fn write(form: &mut Form, path: &str, text: &str) {
    let id = form.find(path);
    form.write(id, text);
}

fn kind<'a>(form: &'a Form, path: &str) -> &'a Kind {
    &form.field(form.find(path)).expect("a field").kind
}

fn child(form: &Form, of: Id, name: &str) -> Id {
    let named = |id: &Id| form.field(*id).is_some_and(|field| field.name == name);
    form.children(of).iter().copied().find(named).expect("a field of that name")
}

#[test]
fn number_is_what_was_typed_and_nothing_near_it() {
    let amount = || json!({"amount": {"type": "number"}});
    for (typed, number) in [("0.1", json!(0.1)), (" 12 ", json!(12)), ("-3e2", json!(-300.0))] {
        check(
            amount(),
            json!({"amount": 1}),
            |form| write(form, "/amount", typed),
            Ok(json!({"amount": number})),
        );
    }
    for typed in ["12,5", "1 000", "", "0x10", "1e", "\"5\"", "NaN", "٣"] {
        let message = Err("/amount: expected a number such as 12.5");
        check(amount(), json!({"amount": 1}), |form| write(form, "/amount", typed), message);
    }
    let (mut form, schema) = form(amount(), json!({"amount": 1}));
    write(&mut form, "/amount", "9007199254740993");
    let issues = form.check(&schema, &NoPatterns).expect_err("no double has this value");
    assert!(issues[0].message.contains("2^53-1"), "{issues:?}");
}

#[test]
fn number_of_the_proposal_is_given_back_exactly() {
    for number in [json!(0.1), json!(1e21 / 1e10), json!(-0.5e-7), json!(9007199254740991_u64)] {
        let value = json!({"amount": number});
        check(json!({"amount": {"type": "number"}}), value.clone(), |_| {}, Ok(value));
    }
}

#[test]
fn whole_number_says_that_it_is_one() {
    let message = Err("/count: expected a whole number such as 12");
    let count = json!({"count": {"type": "integer"}});
    check(count, json!({"count": 1}), |form| write(form, "/count", "2,5"), message);
}

#[test]
fn limits_of_the_schema_are_told_beside_the_field() {
    let properties = || json!({"amount": {"type": "integer", "maximum": 100, "multipleOf": 5}});
    let set = |typed: &'static str| move |form: &mut Form| write(form, "/amount", typed);
    check(properties(), json!({}), set("5"), Ok(json!({})));
    let value = || json!({"amount": 50});
    check(
        properties(),
        value(),
        set("105"),
        Err("/amount: expected a number of at most 100, found 105"),
    );
    check(properties(), value(), set("52"), Err("/amount: expected a multiple of 5, found 52"));
    check(properties(), value(), set("2.5"), Err("/amount: expected a multiple of 5, found 2.5"));
    let (mut form, schema) = form(properties(), value());
    set("105")(&mut form);
    let issues = form.check(&schema, &NoPatterns).expect_err("over the limit");
    assert_eq!(issues[0].field, form.find("/amount"));
}

#[test]
fn text_stays_as_it_was_typed() {
    let to = || json!({"to": {"type": "string"}});
    for typed in ["", " ", "null", "12", " a\u{202e}b\n", "\u{feff}"] {
        check(
            to(),
            json!({"to": "Ann"}),
            |form| write(form, "/to", typed),
            Ok(json!({"to": typed})),
        );
    }
}

#[test]
fn text_that_a_field_would_change_is_json() {
    let (form, _) = form(json!({"to": {"type": "string"}}), json!({"to": "a\r\nb"}));
    assert!(matches!(kind(&form, "/to"), Kind::Json(text) if text == r#""a\r\nb""#));
}

#[test]
fn input_is_chosen_by_format_only_where_it_loses_nothing() {
    let input = |schema: Value, text: &str| {
        let (form, _) = form(json!({"it": schema}), json!({"it": text}));
        match kind(&form, "/it") {
            Kind::Text { input, .. } => *input,
            other => panic!("no text: {other:?}"),
        }
    };
    let format = |format: &str| json!({"type": "string", "format": format});
    assert_eq!(input(format("date"), "2024-02-29"), Input::Date);
    assert_eq!(input(format("date"), "2023-02-29"), Input::Line);
    assert_eq!(input(format("date"), "+023-02-28"), Input::Line);
    assert_eq!(input(format("date"), "tomorrow"), Input::Line);
    assert_eq!(input(format("date-time"), "2026-01-31T10:00:00.123456Z"), Input::Line);
    assert_eq!(input(format("email"), "ann@example.org"), Input::Email);
    assert_eq!(input(format("uri"), "https://example.org/"), Input::Link);
    assert_eq!(input(format("uri"), &"long".repeat(50)), Input::Lines);
    assert_eq!(input(json!({"type": "string"}), "two\nlines"), Input::Lines);
}

#[test]
fn day_that_is_not_typed_to_its_end_is_no_empty_text() {
    let day = json!({"day": {"type": "string", "format": "date"}});
    check(
        day,
        json!({"day": "2026-01-31"}),
        |form| write(form, "/day", ""),
        Err("/day: expected a day such as 2026-01-31"),
    );
}

#[test]
fn absent_is_not_empty() {
    let note = || json!({"note": {"type": "string"}});
    let present = |is: bool| {
        move |form: &mut Form| {
            let note = child(form, form.root(), "note");
            form.set_present(note, is);
        }
    };
    check(note(), json!({}), |_| {}, Ok(json!({})));
    check(note(), json!({}), present(true), Ok(json!({"note": ""})));
    check(note(), json!({"note": ""}), |_| {}, Ok(json!({"note": ""})));
    check(note(), json!({"note": "x"}), present(false), Ok(json!({})));
}

#[test]
fn property_that_was_taken_out_comes_back_with_what_was_typed() {
    let (mut form, schema) = form(json!({"note": {"type": "string"}}), json!({"note": "x"}));
    let note = form.find("/note");
    form.write(note, "typed");
    form.set_present(note, false);
    assert!(form.is_changed(note));
    form.set_present(note, true);
    assert_eq!(form.check(&schema, &NoPatterns), Ok(json!({"note": "typed"})));
}

#[test]
fn required_property_cannot_be_taken_out() {
    let schema = json!({
        "type": "object",
        "properties": {"z": {"type": "string"}, "a": {"type": "string"}, "b": {"type": "string"}},
        "required": ["z", "b"]
    });
    let mut form = Form::new(&schema, &json!({"z": "", "b": ""}));
    let z = form.find("/z");
    form.set_present(z, false);
    assert!(form.field(z).is_some_and(|field| field.present));
    let names: Vec<&str> = form
        .children(form.root())
        .iter()
        .filter_map(|id| form.field(*id))
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!(names, ["z", "b", "a"], "required ones come first, as the author listed them");
}

#[test]
fn choice_gives_the_value_and_not_its_text() {
    let level = || json!({"level": {"enum": [1, "1", null]}});
    check(level(), json!({"level": 1}), |_| {}, Ok(json!({"level": 1})));
    let choose = |at| {
        move |form: &mut Form| {
            let id = form.find("/level");
            form.choose(id, at);
        }
    };
    check(level(), json!({"level": 1}), choose(1), Ok(json!({"level": "1"})));
    check(level(), json!({"level": 1}), choose(2), Ok(json!({"level": null})));
    check(level(), json!({"level": 1}), choose(3), Ok(json!({"level": 1})));
    check(
        json!({"sure": {"type": "boolean"}}),
        json!({}),
        |form| {
            let sure = child(form, form.root(), "sure");
            form.set_present(sure, true);
        },
        Err("/sure: expected one of these to be chosen"),
    );
}

#[test]
fn options_with_titles_are_one_choice() {
    let schema =
        json!({"oneOf": [{"const": "a", "title": "First"}, {"const": "b", "title": "Second"}]});
    let (form, _) = form(json!({"it": schema}), json!({"it": "b"}));
    let Kind::Choice { options, chosen: Some(1) } = kind(&form, "/it") else { panic!() };
    assert_eq!(options[1], ("Second".to_owned(), json!("b")));
}

#[test]
fn items_are_added_removed_and_moved() {
    let tags = || json!({"tags": {"type": "array", "items": {"type": "string"}}});
    let value = || json!({"tags": ["a", "b", "c"]});
    let on = |change: fn(&mut Form, Id)| {
        move |form: &mut Form| {
            let tags = form.find("/tags");
            change(form, tags);
        }
    };
    check(tags(), value(), on(|form, tags| form.remove(tags, 1)), Ok(json!({"tags": ["a", "c"]})));
    check(
        tags(),
        value(),
        on(|form, tags| form.shift(tags, 2, true)),
        Ok(json!({"tags": ["a", "c", "b"]})),
    );
    check(
        tags(),
        value(),
        on(|form, tags| form.shift(tags, 0, false)),
        Ok(json!({"tags": ["b", "a", "c"]})),
    );
    for (at, up) in [(0, true), (2, false), (9, true)] {
        check(
            tags(),
            value(),
            |form| {
                let tags = form.find("/tags");
                form.shift(tags, at, up)
            },
            Ok(value()),
        );
    }
    let add = |form: &mut Form, tags| {
        let item = form.add(tags).expect("room for one more");
        form.write(item, "d");
    };
    check(tags(), value(), on(add), Ok(json!({"tags": ["a", "b", "c", "d"]})));
}

#[test]
fn list_of_fixed_places_does_not_grow() {
    let pair = json!({"type": "array", "prefixItems": [{"type": "number"}, {"type": "string"}], "items": false});
    let (mut form, _) = form(json!({"pair": pair}), json!({"pair": [1, "a"]}));
    let pair = form.find("/pair");
    assert!(matches!(kind(&form, "/pair/1"), Kind::Text { .. }));
    assert_eq!(form.add(pair), None);
}

#[test]
fn variant_of_the_value_is_found_and_another_can_be_chosen() {
    let schema = || {
        json!({"oneOf": [
            {"type": "object", "title": "Account", "properties": {"iban": {"type": "string"}}, "required": ["iban"], "additionalProperties": false},
            {"type": "object", "title": "Person", "properties": {"name": {"type": "string"}}, "required": ["name"], "additionalProperties": false},
            {"type": "null"}
        ]})
    };
    let value = || json!({"to": {"name": "Ann"}});
    let (form, _) = form(json!({"to": schema()}), value());
    let to = child(&form, form.root(), "to");
    let Some(Kind::Variants { labels, chosen: 1, .. }) = form.field(to).map(|it| &it.kind) else {
        panic!()
    };
    assert_eq!(labels, &["Account", "Person", "null"]);
    let choose = |at| {
        move |form: &mut Form| {
            let to = child(form, form.root(), "to");
            form.choose(to, at)
        }
    };
    check(json!({"to": schema()}), value(), choose(0), Ok(json!({"to": {"iban": ""}})));
    check(json!({"to": schema()}), value(), choose(2), Ok(json!({"to": null})));
    let back = |form: &mut Form| {
        choose(0)(form);
        choose(1)(form)
    };
    check(json!({"to": schema()}), value(), back, Ok(value()));
}

#[test]
fn schema_that_only_limits_makes_no_variants() {
    let schema = json!({
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}]
    });
    let form = Form::new(&schema, &json!({"a": "x"}));
    assert!(matches!(form.field(form.root()).map(|it| &it.kind), Some(Kind::Object(_))));
}

#[test]
fn references_are_followed_as_deep_as_the_value_goes() {
    let schema = json!({
        "type": "object",
        "properties": {"tree": {"$ref": "#/$defs/tree", "description": "the tree"}},
        "$defs": {"tree": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "below": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}
        }}
    });
    let value = json!({"tree": {"name": "a", "below": [{"name": "b", "below": []}]}});
    let mut form = Form::new(&schema, &value);
    assert_eq!(form.field(form.find("/tree")).expect("a field").help, "the tree");
    write(&mut form, "/tree/below/0/name", "c");
    let schema = Schema::compile(&schema, &NoPatterns).expect("a schema");
    let changed = json!({"tree": {"name": "a", "below": [{"name": "c", "below": []}]}});
    assert_eq!(form.check(&schema, &NoPatterns), Ok(changed));
}

#[test]
fn what_the_schema_does_not_name_is_kept_and_can_be_changed() {
    let value = || json!({"known": "a", "other": {"deep": [1, {"x": null}]}});
    let known = || json!({"known": {"type": "string"}});
    check(
        known(),
        value(),
        |form| write(form, "/known", "b"),
        Ok(json!({"known": "b", "other": {"deep": [1, {"x": null}]}})),
    );
    check(
        known(),
        value(),
        |form| write(form, "/other", "[2]"),
        Ok(json!({"known": "a", "other": [2]})),
    );
    for (typed, message) in
        [("{\"a\":1,\"a\":2}", "/other: "), ("[1,]", "/other: "), ("", "/other: ")]
    {
        let (mut form, schema) = form(known(), value());
        write(&mut form, "/other", typed);
        let issues = form.check(&schema, &NoPatterns).expect_err("no JSON that is strict");
        assert!(format!("{}: ", issues[0].path).starts_with(message), "{issues:?}");
    }
}

#[test]
fn name_with_a_slash_or_a_tilde_is_found() {
    let properties = json!({"a/b~c": {"type": "number", "maximum": 5}});
    check(
        properties,
        json!({"a/b~c": 1}),
        |form| write(form, "/a~1b~0c", "7"),
        Err("/a~1b~0c: expected a number of at most 5, found 7"),
    );
}

#[test]
fn change_is_marked_and_taken_back_field_by_field() {
    let properties = json!({"amount": {"type": "number"}, "tags": {"type": "array", "items": {"type": "string"}}});
    let value = json!({"amount": 500, "tags": ["a"]});
    let (mut form, schema) = form(properties, value.clone());
    let (amount, tags) = (form.find("/amount"), form.find("/tags"));
    form.write(amount, "5e2");
    assert!(!form.is_changed(amount), "it is the same number");
    form.write(amount, "50");
    form.add(tags);
    assert!(form.is_changed(amount) && form.is_changed(tags) && form.is_changed(form.root()));
    form.reset(amount);
    form.reset(tags);
    assert!(!form.is_changed(form.root()));
    assert_eq!(form.check(&schema, &NoPatterns), Ok(value));
}

#[test]
fn form_becomes_json_and_json_a_form() {
    let (mut form, schema) = form(json!({"amount": {"type": "number"}}), json!({"amount": 500}));
    form.to_json().expect("a value");
    assert!(form.is_json());
    form.write(form.root(), "{\"amount\": 5");
    assert!(form.to_fields().is_err());
    form.write(form.root(), "{\"amount\": 5, \"more\": true}");
    form.to_fields().expect("JSON");
    assert!(!form.is_json() && form.is_changed(form.find("/amount")));
    assert_eq!(form.check(&schema, &NoPatterns), Ok(json!({"amount": 5, "more": true})));
}

/// The official suite has the schemas that nobody thinks of.
#[test]
fn form_of_any_schema_gives_its_value_back() {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("core/tests/fixtures/json-schema-test-suite/draft2020-12");
    let mut values = 0;
    for file in fs::read_dir(dir).expect("the suite").flatten().filter(|it| it.path().is_file()) {
        let groups = fs::read_to_string(file.path()).expect("a file");
        let groups: Value = serde_json::from_str(&groups).expect("JSON");
        for group in groups.as_array().into_iter().flatten() {
            for test in group["tests"].as_array().into_iter().flatten() {
                let value = &test["data"];
                // No proposal has such a value.
                if parse(&canonical(value), &Limits::default()).is_err() {
                    continue;
                }
                let mut form = Form::new(&group["schema"], value);
                let anything = Schema::compile(&json!(true), &NoPatterns).expect("a schema");
                let given = form.check(&anything, &NoPatterns).map(|given| canonical(&given));
                assert_eq!(
                    given,
                    Ok(canonical(value)),
                    "{}: {}",
                    group["description"],
                    group["schema"]
                );
                assert!(!form.is_changed(form.root()));
                form.to_json().expect("a value");
                let given = form.check(&anything, &NoPatterns).map(|given| canonical(&given));
                assert_eq!(given, Ok(canonical(value)));
                values += 1;
            }
        }
    }
    assert!(values > 1000, "{values} values");
}

#[test]
fn changes_name_what_was_and_what_is() {
    let found = |before: Value, after: Value| -> Vec<String> {
        let side = |side: &Option<Value>| side.as_ref().map_or("-".to_owned(), Value::to_string);
        changes(&before, &after)
            .iter()
            .map(|it| format!("{}: {} → {}", it.at, side(&it.before), side(&it.after)))
            .collect()
    };
    assert!(found(json!({"a": [1, {"b": 2}]}), json!({"a": [1, {"b": 2}]})).is_empty());
    assert_eq!(
        found(json!({"a": 1, "b": 2}), json!({"b": "2", "c": 3})),
        ["a: 1 → -", "b: 2 → \"2\"", "c: - → 3"]
    );
    assert_eq!(found(json!({"a": [1, 2, 3]}), json!({"a": [0, 1, 2, 3]})), ["a › 1: - → 0"]);
    assert_eq!(found(json!({"a": [1, 2, 3]}), json!({"a": [1, 3]})), ["a › 2: 2 → -"]);
    assert_eq!(found(json!({"a": [1, 1]}), json!({"a": [1]})), ["a › 2: 1 → -"]);
    assert_eq!(found(json!({"a": [{"b": 1}]}), json!({"a": [{"b": 2}]})), ["a › 1 › b: 1 → 2"]);
    assert_eq!(found(json!(1), json!(2)), [": 1 → 2"]);
}
