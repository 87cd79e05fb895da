//! Whether the pages are spelled as dictionaries have it; `docs/words.txt` has what these lack.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::json;

use super::book::Book;
use crate::tools::{self, Workspace};

const WORDS: &str = "docs/words.txt";

/// Has CSpell read the pages, without their code.
pub(super) fn check(workspace: &Workspace, modules: &Path, book: &Book) -> Result<()> {
    let settings = json!({
        "version": "0.2",
        "language": "en,en-GB",
        "dictionaryDefinitions": [{ "name": "ours", "path": workspace.root.join(WORDS) }],
        "dictionaries": ["ours", "softwareTerms", "typescript", "html", "css", "rust"],
        "ignoreRegExpList": ["```[\\s\\S]*?```", "`[^`]*`", "\\]\\([^)]*\\)", "https?://\\S*"],
    });
    let path = workspace.work().join("cspell.json");
    fs::create_dir_all(workspace.work())?;
    fs::write(&path, settings.to_string())?;
    let mut cspell = Command::new("node");
    cspell.arg(modules.join("cspell/bin.mjs"));
    cspell.args(["lint", "--no-progress", "--no-must-find-files", "--config"]).arg(&path);
    cspell.args(book.pages().map(|page| &page.source)).arg("README.md");
    tools::run(cspell.current_dir(&workspace.root))
        .with_context(|| format!("a word is misspelled, or {WORDS} lacks it"))
}
