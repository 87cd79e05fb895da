//! What the declarations say is what the element does: each list is read off the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;

#[test]
fn attributes_and_their_defaults_are_those_of_the_loader() {
    let loader = read("src/element/holdpoint.js");
    let table = between(&loader, "const ATTRIBUTES = {\n", "\n};");
    let mut found = Vec::new();
    for line in table.lines() {
        let (name, value) = line.trim().trim_end_matches(',').split_once(": ").unwrap();
        found.push((name.trim_matches('"').to_owned(), value.to_owned()));
    }
    let contract = contract();
    let declared: Vec<_> = contract
        .attributes()
        .map(|(attribute, property)| {
            let words = property.words();
            let default = property.default.clone().unwrap();
            if words.is_empty() {
                return (attribute.to_owned(), default);
            }
            assert_eq!(default, format!("\"{}\"", words[0]), "{attribute}");
            let words: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
            (attribute.to_owned(), format!("[{}]", words.join(", ")))
        })
        .collect();
    same("attributes", declared, found);
}

#[test]
fn attribute_is_its_property_in_kebab_case() {
    for (attribute, property) in contract().attributes() {
        let mut kebab = String::new();
        for letter in property.name.chars() {
            if letter.is_uppercase() {
                kebab.push('-');
            }
            kebab.extend(letter.to_lowercase());
        }
        assert_eq!(attribute, kebab);
    }
}

#[test]
fn other_properties_and_methods_are_those_of_the_class() {
    let loader = read("src/element/holdpoint.js");
    let rich = between(&loader, "const RICH = [", "];");
    let mut properties: Vec<_> =
        rich.split(", ").map(|name| name.trim_matches('"').to_owned()).collect();
    let mut methods = Vec::new();
    let class = &loader[loader.find("\nexport class HoldpointAgentElement").unwrap()..];
    for line in class.lines() {
        let Some(member) = line.strip_prefix("  ").filter(|it| !it.starts_with([' ', '#'])) else {
            continue;
        };
        if let Some(name) = member.strip_prefix("get ") {
            properties.push(name.split('(').next().unwrap().to_owned());
        } else if member.ends_with(") {") && !member.starts_with("set ") {
            let name = member.trim_start_matches("async ").trim_start_matches("static ");
            methods.push(name.split('(').next().unwrap().to_owned());
        }
    }
    methods.retain(|name| {
        !name.starts_with(['#', '[']) && !name.ends_with("Callback") && name != "constructor"
    });
    let contract = contract();
    let declared = contract.properties.iter().filter(|it| it.attribute.is_none());
    same("properties", declared.map(|it| it.name.clone()).collect(), properties);
    same("methods", contract.methods.iter().map(|it| it.name.clone()).collect(), methods);
}

#[test]
fn events_are_those_that_are_sent() {
    let mut sent = BTreeSet::new();
    for (_, text) in sources(&["src/element"]) {
        for literal in literals(&text) {
            let is_event = literal.starts_with("holdpoint-")
                && !literal.ends_with('-')
                && literal.chars().all(|it| it.is_ascii_lowercase() || it == '-');
            // The tags, and the formats of files.
            if is_event
                && !["holdpoint-run", "holdpoint-sealed-run"].contains(&literal)
                && !ELEMENTS.iter().any(|[tag, ..]| *tag == literal)
            {
                sent.insert(literal.to_owned());
            }
        }
    }
    same("events", names(&contract().events), sent.into_iter().collect());
}

#[test]
fn states_are_those_that_the_element_enters() {
    let loader = read("src/element/holdpoint.js");
    let states = between(&loader, "const STATES = [", "];");
    let marks = between(&loader, "const MARKS = [", "];");
    let words = |list: &str| -> Vec<String> {
        list.split(", ").map(|name| name.trim_matches('"').to_owned()).collect()
    };
    let states = words(states);
    let contract = contract();
    same("states", names(&contract.states), [states.clone(), words(marks)].concat());
    let state = contract.properties.iter().find(|it| it.name == "state").unwrap();
    assert_eq!(state.ty, "AgentState");
    let words = states.iter().map(|it| format!("\"{it}\"")).collect::<Vec<_>>();
    let types = read("src/element/holdpoint.d.ts");
    assert!(types.contains(&format!("export type AgentState = {};", words.join(" | "))));
}

#[test]
fn custom_properties_and_their_defaults_are_those_of_the_sheet() {
    let sheet = read("style/tokens.css");
    let mut read = Vec::new();
    for line in sheet.lines() {
        if let Some((_, rest)) = line.split_once(": var(--holdpoint-") {
            let (name, default) = rest.strip_suffix(");").unwrap().split_once(", ").unwrap();
            read.push((format!("--holdpoint-{name}"), default.to_owned()));
        }
    }
    let declared = contract().custom_properties;
    let declared = declared.into_iter().map(|it| (it.name, it.detail)).collect();
    same("custom properties", declared, read);
}

#[test]
fn slots_are_those_of_the_views() {
    let mut found = vec![DEFAULT_SLOT.to_owned()];
    for (_, text) in sources(&["src/view"]) {
        for (at, _) in text.match_indices("slot(\"") {
            found.extend(text[at..].split('"').nth(1).map(str::to_owned));
        }
    }
    same("slots", names(&contract().slots), found);
}

#[test]
fn every_part_is_in_a_view_and_every_part_of_a_view_is_declared() {
    let declared: BTreeSet<_> = names(&contract().parts).into_iter().collect();
    let mut all = BTreeSet::new();
    let mut surely = BTreeSet::new();
    for (path, text) in sources(&["src/view", "src/element/holdpoint.js"]) {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        all.extend(literals(&text).flat_map(words));
        if path.ends_with("markdown_dom.rs") {
            // Its rows are those of tables.
            continue;
        }
        for opening in
            [".part(", "button(", "(\"part\", ", "row(", "extend(", "act(", "way(", "message("]
        {
            for (at, _) in text.match_indices(opening) {
                let is_word = |it: char| it.is_alphanumeric() || it == '_';
                if opening.starts_with(is_word) && text[..at].ends_with(is_word) {
                    continue;
                }
                let rest = text[at + opening.len()..].trim_start();
                let Some(name) = rest.strip_prefix('"').and_then(|it| it.split('"').next()) else {
                    continue;
                };
                surely.extend(words(name).into_iter().map(|name| (name, path.clone())));
            }
        }
    }
    let missing: Vec<_> = surely.iter().filter(|(name, _)| !declared.contains(name)).collect();
    assert!(missing.is_empty(), "{TYPES} lacks the parts {missing:#?}");
    let gone: Vec<_> = declared.difference(&all).collect();
    assert!(gone.is_empty(), "no view has the parts {gone:?}");
}

#[test]
fn attributes_of_the_elements_beside_an_agent_are_those_of_their_classes() {
    let script = read("src/element/holdpoint_heads.js");
    for contract in Contract::all(&read("src/element/holdpoint.d.ts")).unwrap().split_off(1) {
        let start = format!("export class {} extends headOf(\"", contract.class);
        let (kind, attributes) = between(&script, &start, "]) {}").split_once("\", [").unwrap();
        assert_eq!(format!("holdpoint-{kind}"), contract.tag);
        let found = attributes.split(", ").map(|name| name.trim_matches('"')).collect();
        same(contract.tag, contract.attributes().map(|(name, _)| name).collect(), found);
        let states = between(&script, "const HEAD_STATES = [", "];");
        for state in &contract.states {
            assert!(states.contains(&format!("\"{}\"", state.name)), "{}", state.name);
        }
    }
}

#[test]
fn parameters_and_results_are_read() {
    let contract = contract();
    let method = contract.methods.iter().find(|it| it.name == "registerTool").unwrap();
    let [tool, options] = method.parameters.as_slice() else { panic!("two parameters") };
    assert_eq!((&*tool.name, &*tool.ty, tool.optional), ("tool", "Tool<Args>", false));
    assert_eq!((&*options.name, options.optional), ("options", true));
    assert_eq!(options.ty, "{ signal?: AbortSignal }");
    assert_eq!(method.returns, "Promise<() => void>");
}

#[test]
fn what_is_not_understood_is_an_error() {
    let types = read("src/element/holdpoint.d.ts");
    for (from, to) in [
        ("   * @attr endpoint\n", ""),
        ("   * @attr endpoint\n", "   * @attribute endpoint\n"),
        ("  /** The popover has opened. */\n", ""),
        (" * @csspart base - ", " * @csspart base: "),
        ("export interface HoldpointAgentProperties {", "interface Other {"),
    ] {
        assert!(types.contains(from), "{from}");
        assert!(Contract::all(&types.replace(from, to)).is_err(), "{from} → {to}");
    }
}

fn contract() -> Contract {
    Contract::all(&read("src/element/holdpoint.d.ts")).unwrap().remove(0)
}

#[track_caller]
fn same<T: Ord + std::fmt::Debug>(what: &str, declared: Vec<T>, found: Vec<T>) {
    let [declared, found] = [declared, found].map(|list| list.into_iter().collect::<BTreeSet<_>>());
    let differing: Vec<_> = declared.symmetric_difference(&found).collect();
    assert!(differing.is_empty(), "{what} in only one of {TYPES} and the code: {differing:#?}");
}

fn names(of: &[Named]) -> Vec<String> {
    of.iter().map(|it| it.name.clone()).collect()
}

/// The texts in double quotes.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('"').skip(1).step_by(2))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no {end} after {start}")).0
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The Rust and the scripts of folders and files.
fn sources(paths: &[&str]) -> Vec<(PathBuf, String)> {
    let mut open: Vec<_> = paths.iter().map(|path| root().join(path)).collect();
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|it| it == "rs" || it == "js") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}
