//! The bill of materials of the package, in the form of CycloneDX: what the wasm is made of, with
//! licences and hashes.
//!
//! It is written here because it has to name what is linked and nothing else, and to be the same
//! bytes at each build: no time and no chance is in it.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::notices;
use crate::tools::{self, Workspace};

/// The name of the file, as tools look for it.
pub(crate) const NAME: &str = "sbom.cdx.json";

/// The bill of materials.
pub(super) fn collect(workspace: &Workspace) -> Result<Value> {
    let metadata = notices::metadata(workspace)?;
    let linked = notices::linked(workspace, &metadata)?;
    let lock = fs::read_to_string(workspace.root.join("Cargo.lock"))?;
    let checksums = checksums(&lock);
    let refs: BTreeMap<_, _> =
        linked.iter().map(|package| (text(package, "id"), purl(package))).collect();

    let mut components = vec![library(workspace)?];
    for package in &linked {
        let key = (text(package, "name"), text(package, "version"));
        let checksum = checksums
            .get(&key)
            .with_context(|| format!("Cargo.lock has no checksum of {} {}", key.0, key.1))?;
        components.push(json!({
            "type": "library",
            "bom-ref": purl(package),
            "name": key.0,
            "version": key.1,
            "purl": purl(package),
            "licenses": [{ "expression": text(package, "license").replace('/', " OR ") }],
            "hashes": [{ "alg": "SHA-256", "content": checksum }],
        }));
    }
    let nodes = metadata["resolve"]["nodes"].as_array().context("cargo resolves nothing")?;
    let mut dependencies = Vec::new();
    for node in nodes {
        let Some(of) = refs.get(text(node, "id")) else { continue };
        let named = node["dependencies"].as_array().into_iter().flatten();
        let mut on: Vec<_> = named.filter_map(|id| refs.get(id.as_str()?)).collect();
        on.sort_unstable();
        dependencies.push(json!({ "ref": of, "dependsOn": on }));
    }
    let package = format!("pkg:npm/holdpoint@{}", workspace.version);
    let all: Vec<_> = components.iter().map(|it| it["bom-ref"].clone()).collect();
    dependencies.push(json!({ "ref": package, "dependsOn": all }));
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": {
            "type": "library",
            "bom-ref": package,
            "name": "holdpoint",
            "version": workspace.version,
            "purl": package,
            "licenses": [{ "expression": "MIT OR Apache-2.0" }],
        }},
        "components": components,
        "dependencies": dependencies,
    }))
}

/// The standard library, which is built into the wasm as well.
fn library(workspace: &Workspace) -> Result<Value> {
    let mut rustc = std::process::Command::new("rustc");
    let told = tools::output(rustc.arg("--version").current_dir(&workspace.root))?;
    let version = told.split_whitespace().nth(1).context("rustc has no version")?;
    let name = format!("pkg:generic/rust-std@{version}");
    Ok(json!({
        "type": "library",
        "bom-ref": name,
        "name": "rust-std",
        "version": version,
        "purl": name,
        "licenses": [{ "expression": "MIT OR Apache-2.0" }],
    }))
}

/// The checksums of a lock file, by name and version.
fn checksums(lock: &str) -> BTreeMap<(&str, &str), &str> {
    let of = |package: &str, key: &str| -> Option<(usize, usize)> {
        let start = package.find(&format!("\n{key} = \""))? + key.len() + 5;
        Some((start, start + package[start..].find('"')?))
    };
    let mut found = BTreeMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let read = |key| of(package, key).map(|(start, end)| &package[start..end]);
        if let (Some(name), Some(version), Some(sum)) =
            (read("name"), read("version"), read("checksum"))
        {
            found.insert((name, version), sum);
        }
    }
    found
}

fn purl(package: &Value) -> String {
    format!("pkg:cargo/{}@{}", text(package, "name"), text(package, "version"))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_lock_file() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"ff\"\n\n\
                    [[package]]\nname = \"ours\"\nversion = \"0.1.0\"\n";
        assert_eq!(checksums(lock), BTreeMap::from([(("a", "1.0.0"), "ff")]));
    }

    #[test]
    fn everything_that_is_linked_is_named_once() {
        let bill = collect(&Workspace::locate().unwrap()).unwrap();
        let names: Vec<_> =
            bill["components"].as_array().unwrap().iter().map(|it| &it["bom-ref"]).collect();
        for known in ["pkg:cargo/leptos@", "pkg:cargo/serde_json@", "pkg:generic/rust-std@"] {
            let same = names.iter().filter(|it| it.as_str().unwrap().starts_with(known));
            assert_eq!(same.count(), 1, "{known}");
        }
        assert!(!names.iter().any(|it| it.as_str().unwrap().contains("holdpoint")), "{names:?}");
    }
}
