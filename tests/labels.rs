//! Whether every text is there in every language, and says the same with the same values.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use holdpoint::text::ALL;
use serde_json::Value;

#[path = "support/sources.rs"]
mod sources;
use sources::{read, root, sources};

/// The plural categories that a language has for whole numbers, by the Unicode CLDR.
const LANGUAGES: [(&str, &[&str]); 4] = [
    ("en", &["one", "other"]),
    ("ar", &["few", "many", "one", "other", "two", "zero"]),
    ("de", &["one", "other"]),
    ("zh", &["other"]),
];

#[test]
fn every_language_has_the_keys_of_english_and_no_other() {
    let english: BTreeSet<_> = labels("en").into_keys().collect();
    for (name, _) in LANGUAGES {
        let keys: BTreeSet<_> = labels(name).into_keys().collect();
        let differing: Vec<_> = english.symmetric_difference(&keys).collect();
        assert!(differing.is_empty(), "{name}.json lacks, or has beyond English: {differing:#?}");
    }
    let files = fs::read_dir(root().join("src/labels")).expect("the folder of labels").count();
    assert_eq!(files, LANGUAGES.len(), "each file is a language that is known here");
}

#[test]
fn every_text_has_the_values_of_english() {
    let english = labels("en");
    for (name, categories) in LANGUAGES {
        for (key, label) in labels(name) {
            let values = values_of(&english[&key], "other");
            match &label {
                Value::Object(forms) => {
                    let found: Vec<_> = forms.keys().map(String::as_str).collect();
                    assert_eq!(found, categories, "{name}.json: the categories of {key}");
                    for category in found {
                        let mut here = values_of(&label, category);
                        // Where it means one number, words may say it.
                        if matches!(category, "zero" | "one" | "two") {
                            here.insert("count".to_owned());
                        }
                        assert_eq!(here, values, "{name}.json: the values of {key}, {category}");
                    }
                }
                label => {
                    assert!(english[&key].is_string(), "{name}.json: {key} has plural forms");
                    assert_eq!(values_of(label, ""), values, "{name}.json: the values of {key}");
                }
            }
        }
    }
}

#[test]
fn no_text_is_empty_or_left_in_english() {
    let english = labels("en");
    // They are the same words in German, or no words at all.
    let same = ["actOn", "details", "fullStop", "offline", "withReason"];
    for (name, _) in LANGUAGES {
        for (key, label) in labels(name) {
            let words = label.to_string();
            assert!(!words.trim_matches(['"', ' ']).is_empty(), "{name}.json: {key} is empty");
            let is_same = name != "en" && label == english[&key];
            assert!(!is_same || same.contains(&&*key), "{name}.json: {key} is English");
        }
    }
}

#[test]
fn english_file_says_what_the_widget_says() {
    let mut english = labels("en");
    for text in ALL {
        let said = match text.english.split_once('|') {
            Some((one, other)) => serde_json::json!({ "one": one, "other": other }),
            None => text.english.into(),
        };
        assert_eq!(english.remove(text.key), Some(said), "en.json: {}", text.key);
    }
    // What is left are messages by their code, and sentences as they stand in the sources.
    let sources: String = ["core/src", "src"].map(all_of).concat();
    for (key, label) in english {
        let words = key.strip_prefix("error.");
        let stands = match words {
            Some(code) => sources.contains(&format!("\"{code}\"")),
            None => {
                assert_eq!(label, Value::String(key.clone()), "en.json: a sentence is its own key");
                key.split("{count}").all(|part| sources.contains(part))
            }
        };
        assert!(stands, "en.json: nobody says {key:?}");
    }
}

#[test]
fn every_fixed_message_of_an_error_has_a_label() {
    let english = labels("en");
    for path in ["core/src/run/effect.rs", "src/driver/error.rs", "src/driver/ports/failure.rs"] {
        let source = joined(&read(path));
        for message in source.split("#[error(\"").skip(1).filter_map(|rest| rest.split('"').next())
        {
            let is_fixed = !message.contains('{');
            assert!(!is_fixed || english.contains_key(message), "{path}: {message}");
        }
    }
}

#[test]
fn every_text_is_used() {
    let used: String = ["src/view", "src/element"].map(all_of).concat();
    let texts = read("src/text.rs");
    let (constants, functions) = texts.split_once("mod with_values").expect("both halves");
    for line in constants.lines().filter(|line| line.starts_with("    ") && line.contains(" \"")) {
        let name = line.split_whitespace().next().unwrap_or_default();
        if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') {
            let by_function = functions.contains(&format!("{name}."));
            assert!(by_function || used.contains(name), "nobody shows {name}");
        }
    }
}

#[test]
fn declarations_list_the_labels() {
    let declared = read("src/element/holdpoint.d.ts");
    let declared = declared.split("export interface Labels {").nth(1).expect("the interface");
    let declared = declared.split("\n}").next().expect("its end");
    let listed: Vec<_> = declared
        .lines()
        .filter_map(|line| line.trim().strip_suffix("?: Label;"))
        .map(str::to_owned)
        .collect();
    let keys: Vec<_> = ALL.iter().map(|text| text.key.to_owned()).collect();
    assert_eq!(listed, keys, "holdpoint.d.ts lists the labels in the order of text.rs");
}

#[test]
fn views_have_no_words_of_their_own() {
    // The developer's panel speaks a developer's English.
    let is_translated = |path: &Path| !path.components().any(|part| part.as_os_str() == "panel");
    for (path, source) in sources("src/view").into_iter().filter(|(path, _)| is_translated(path)) {
        for line in source.replace("\\n", "").lines() {
            for call in [".text(\"", "\"aria-label\", \"", "\"placeholder\", \"", "\"title\", \""] {
                let word = line.split(call).nth(1).and_then(|rest| rest.split('"').next());
                let is_word = word.is_some_and(|word| word.contains(char::is_alphabetic));
                assert!(!is_word, "{} has words in it: {line}", path.display());
            }
        }
    }
    let constants = read("src/text.rs");
    assert!(!constants.contains("&str ="), "text.rs: a text without a key cannot be translated");
}

/// A language's texts.
fn labels(name: &str) -> BTreeMap<String, Value> {
    let file = read(format!("src/labels/{name}.json"));
    let Ok(Value::Object(labels)) = serde_json::from_str(&file) else {
        panic!("{name}.json is no object")
    };
    labels.into_iter().collect()
}

/// What stands in braces.
fn values_of(label: &Value, category: &str) -> BTreeSet<String> {
    let words = label.get(category).unwrap_or(label).as_str().expect("a text");
    let names = words.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    names.map(str::to_owned).collect()
}

/// A source whose texts of several lines are in one.
fn joined(source: &str) -> String {
    let mut lines = source.split("\\\n");
    let mut joined = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        joined.push_str(line.trim_start());
    }
    joined
}

/// All that stands in the sources of a room.
fn all_of(room: &str) -> String {
    sources(room).iter().map(|(_, source)| joined(source)).collect()
}
