//! `cargo xtask dist --verify`: the package is built once more from another directory, with nothing
//! of the first build at hand, and has to be the same, byte by byte.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::build;
use crate::cache::fingerprint;
use crate::tools::{self, Workspace};
use crate::wasm::{self, Files};

/// A path of another length than that of any build of ours.
const ELSEWHERE: &str = "elsewhere/a directory with another name";

/// Builds twice and compares.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let first = build(workspace)?;
    let root = workspace.work().join(ELSEWHERE);
    wasm::clear(&root)?;
    copy_sources(&workspace.root, &root)?;
    let there = Workspace {
        target: root.join("target"),
        root,
        version: workspace.version.clone(),
        repository: workspace.repository.clone(),
    };
    // What is installed from npm is pinned by hashes, and need not come twice.
    fs::create_dir_all(&there.target)?;
    link(&workspace.tools(), &there.tools())?;
    let second = build(&there)?;
    let differing = differences(&first, &second);
    ensure!(differing.is_empty(), "these differ from one build to the next: {differing:?}");
    let parts: Vec<&[u8]> =
        first.iter().flat_map(|(name, bytes)| [name.as_bytes(), bytes.as_slice()]).collect();
    println!("both builds are the same {} files, {}", first.len(), fingerprint(&parts));
    wasm::clear(&workspace.work().join("elsewhere"))
}

/// What git knows of, and what it does not ignore.
fn copy_sources(from: &Path, to: &Path) -> Result<()> {
    let mut list = Command::new("git");
    list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let list = tools::output(list.current_dir(from)).context("the sources are listed by git")?;
    for name in list.split('\0').filter(|name| !name.is_empty()) {
        let (source, copy) = (from.join(name), to.join(name));
        // A file that was deleted is listed until that is committed.
        if source.is_file() {
            fs::create_dir_all(copy.parent().unwrap_or(to))?;
            fs::copy(&source, &copy).with_context(|| format!("cannot copy {name}"))?;
        }
    }
    Ok(())
}

fn link(tools: &Path, there: &Path) -> Result<()> {
    #[cfg(unix)]
    std::os::unix::fs::symlink(tools, there)?;
    #[cfg(not(unix))]
    fs::create_dir_all(there).with_context(|| format!("{} is not linked", tools.display()))?;
    Ok(())
}

/// The names of files that are not the same in both.
fn differences(first: &Files, second: &Files) -> Vec<String> {
    let names: std::collections::BTreeSet<_> = first.keys().chain(second.keys()).collect();
    names.into_iter().filter(|name| first.get(*name) != second.get(*name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_that_differs_or_is_missing_is_named() {
        let files = |list: &[(&str, &str)]| -> Files {
            list.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect()
        };
        let first = files(&[("a", "1"), ("b", "2"), ("c", "3")]);
        assert!(differences(&first, &first).is_empty());
        assert_eq!(
            differences(&first, &files(&[("a", "1"), ("b", "x"), ("d", "4")])),
            ["b", "c", "d"]
        );
    }
}
