//! `cargo xtask dist`: the widget as a package for npm, in `dist/`.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::browser;
use crate::page;
use crate::smoke;
use crate::tools::Workspace;
use crate::wasm::{self, Build};

/// Builds the package.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut files = wasm::build(workspace, Build::Release)?.files;
    files.append(&mut page::loader(workspace)?);
    let types = fs::read(workspace.root.join("src/element").join(TYPES))?;
    files.insert(TYPES.into(), types);

    let mut licences = 0;
    for entry in fs::read_dir(&workspace.root)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let licence = name.starts_with("LICENSE");
        if licence || name == "README.md" {
            licences += usize::from(licence);
            files.insert(name, fs::read(entry.path())?);
        }
    }
    ensure!(licences > 0, "a package needs its licence: there is no LICENSE file");

    let mut shipped: Vec<_> = files.keys().cloned().collect();
    shipped.retain(|name| [".js", ".json", ".ts", ".wasm"].iter().any(|end| name.ends_with(end)));
    let package = json!({
        "name": "holdpoint",
        "version": workspace.version,
        "description": "A human approval, a hold point, for AI agents inside a web page",
        "license": "MIT OR Apache-2.0",
        "repository": { "type": "git", "url": workspace.repository },
        "type": "module",
        "types": format!("./{TYPES}"),
        "exports": { ".": format!("./{}", page::LOADER), "./*": "./*" },
        // Importing the package defines the element: a bundler must not drop the import.
        "sideEffects": true,
        "files": shipped,
    });
    files.insert("package.json".into(), (serde_json::to_string_pretty(&package)? + "\n").into());

    let directory = workspace.root.join("dist");
    page::write(&files, &directory)?;
    match browser::find_chromium(workspace) {
        Some(chromium) => smoke::check(workspace, &chromium, &directory)?,
        None => eprintln!("note: no Chromium, so nobody has seen this build start"),
    }
    println!("{}: {}", directory.display(), files.keys().cloned().collect::<Vec<_>>().join(", "));
    Ok(())
}

/// The types of the loader.
const TYPES: &str = "holdpoint.d.ts";
