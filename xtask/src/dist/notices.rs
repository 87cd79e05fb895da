//! The notices of what the wasm is made of: each licence asks that its text goes along.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::tools::{self, Workspace};

/// The name of the file.
pub(super) const NAME: &str = "THIRD-PARTY.txt";
const TARGET: &str = "wasm32-unknown-unknown";
const WIDTH: usize = 100;
const OURS: &str = include_str!("../../../LICENSE-MIT");

/// The crates that are linked into the widget, and their licences, each text once.
pub(super) fn collect(workspace: &Workspace) -> Result<String> {
    let mut texts = BTreeMap::<String, Vec<String>>::new();
    for package in linked(workspace, &metadata(workspace)?)? {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let directory = Path::new(text("manifest_path")).parent().context("no directory")?;
        let license = text("license");
        let entry = format!("{} {} ({license})", text("name"), text("version"));
        texts.entry(licence(directory, license)?).or_default().push(entry);
    }
    let rule = "-".repeat(WIDTH);
    let mut notices = String::from(
        "Holdpoint's WebAssembly is made with the Rust standard library (MIT OR Apache-2.0) and with\n\
         these crates, under these licences. Where there is a choice, it is MIT.\n",
    );
    for (text, mut crates) in texts {
        crates.sort_unstable();
        notices.push_str(&format!("\n{rule}\n{}\n\n{}\n", crates.join("\n"), text.trim_end()));
    }
    Ok(notices)
}

/// What cargo knows of the workspace and all that it is made of.
pub(super) fn metadata(workspace: &Workspace) -> Result<Value> {
    let mut metadata = workspace.cargo();
    metadata.args(["metadata", "--locked", "--format-version", "1"]);
    Ok(serde_json::from_str(&tools::output(&mut metadata)?)?)
}

/// The packages that are linked into the widget, without our own.
pub(super) fn linked(workspace: &Workspace, metadata: &Value) -> Result<Vec<Value>> {
    let mut tree = workspace.cargo();
    tree.args(["tree", "--locked", "--package", "holdpoint", "--features", "split"]);
    tree.args(["--target", TARGET, "--edges", "normal,no-proc-macro"]);
    let tree = tools::output(tree.args(["--prefix", "none", "--format", "{p}"]))?;
    let packages = metadata["packages"].as_array().context("cargo names no packages")?;
    let is_linked = |package: &&Value| {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let line = format!("{} v{}", text("name"), text("version"));
        // What is ours comes from a path, which the tree tells too.
        tree.lines().any(|it| it == line || it.starts_with(&format!("{line} (*")))
    };
    let linked: Vec<_> = packages.iter().filter(is_linked).cloned().collect();
    ensure!(!linked.is_empty(), "the widget is said to be made of nothing");
    Ok(linked)
}

/// The text that a crate comes with; of several to choose from that of MIT.
fn licence(directory: &Path, license: &str) -> Result<String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        let is_notice = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"];
        if path.is_file() && is_notice.iter().any(|start| name.starts_with(start)) {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            found.insert(name, text.replace('\r', ""));
        }
    }
    let is_choice = license.contains(" OR ") || license.contains('/');
    if is_choice && found.keys().any(|name| name.contains("MIT")) {
        found.retain(|name, _| name.contains("MIT") || name.contains("UNICODE"));
    }
    if !found.is_empty() {
        return Ok(found.into_values().collect::<Vec<_>>().join("\n"));
    }
    // It names the licence and leaves the text out. Ours is the same but for whom it names.
    ensure!(license.contains("MIT"), "{} has no licence's text: {license}", directory.display());
    let ours = OURS.lines().map(|line| match line.starts_with("Copyright") {
        true => "Copyright (c) the authors of these crates",
        false => line,
    });
    Ok(ours.collect::<Vec<_>>().join("\n"))
}
