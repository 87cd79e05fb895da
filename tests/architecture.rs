//! The arrows of ARCHITECTURE.md, read off the sources.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/sources.rs"]
mod sources;
use sources::{read, sources};

#[test]
fn core_depends_on_nothing_that_acts() {
    let manifest = read("core/Cargo.toml");
    let dependencies = section(&manifest, "[dependencies]");
    let mut names: Vec<_> = dependencies
        .iter()
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["serde_json", "sha2", "thiserror"]);
}

#[test]
fn core_asks_no_clock_and_no_chance() {
    for (path, text) in sources("core/src") {
        for word in ["SystemTime", "Instant::", "getrandom", "HashMap", "HashSet", "async fn"] {
            assert!(!text.contains(word), "{} uses {word}", path.display());
        }
    }
}

/// A single call of serde_json's generic reader or writer brings kilobytes of it into the widget.
#[test]
fn json_text_is_read_and_written_by_core_alone() {
    for (path, text) in sources("core/src").into_iter().chain(sources("src")) {
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for word in ["json!(", "serde_json::from_", "serde_json::to_"] {
                assert!(!line.contains(word), "{} uses {word}", path.display());
            }
        }
    }
}

#[test]
fn proxy_knows_nothing_of_runs() {
    let manifest = read("proxy/Cargo.toml");
    assert!(!section(&manifest, "[dependencies]").iter().any(|line| line.contains("core")));
}

#[test]
fn worker_is_core_and_proxy_and_nothing_of_the_page() {
    let manifest = read("worker/Cargo.toml");
    let dependencies = section(&manifest, "[dependencies]");
    let ours = dependencies.iter().filter(|line| line.starts_with("holdpoint"));
    let ours: Vec<_> = ours.filter_map(|line| line.split('.').next()).collect();
    assert_eq!(ours, ["holdpoint-core", "holdpoint-proxy"]);
}

/// Cargo reads the manifests of all members, whichever it builds.
#[test]
fn container_of_the_proxy_has_every_member_of_the_workspace() {
    let (manifest, container) = (read("Cargo.toml"), read("proxy/Containerfile"));
    let members = manifest.lines().find(|line| line.starts_with("members"));
    for member in members.into_iter().flat_map(|line| line.split('"').skip(1).step_by(2)) {
        let room = member.split('/').next().unwrap_or_default();
        assert!(container.contains(&format!("COPY {room} {room}\n")), "{room} is not copied");
    }
}

#[test]
fn views_send_intents_and_know_no_driver() {
    for (path, text) in sources("src/view") {
        for line in text.lines().filter(|line| line.contains("crate::driver")) {
            assert!(
                line.contains("driver::ports"),
                "{} reaches into the driver: {line}",
                path.display()
            );
        }
    }
}

#[test]
fn driver_knows_no_browser() {
    for (path, text) in sources("src/driver") {
        for word in ["web_sys", "js_sys", "wasm_bindgen", "leptos"] {
            assert!(!text.contains(word), "{} uses {word}", path.display());
        }
    }
}

#[test]
fn nothing_turns_a_string_into_html() {
    for (path, text) in sources("src") {
        for word in ["inner_html", "innerHTML", "insert_adjacent_html", "outerHTML"] {
            assert!(!text.contains(word), "{} uses {word}", path.display());
        }
    }
}

#[test]
fn no_style_attribute_is_set_where_a_strict_policy_would_drop_it() {
    for (path, text) in sources("src/view") {
        for word in [" style=", ".style(", "attr(\"style\""] {
            assert!(!text.contains(word), "{} uses {word}", path.display());
        }
    }
}

fn section<'a>(manifest: &'a str, heading: &str) -> Vec<&'a str> {
    manifest
        .lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .collect()
}
