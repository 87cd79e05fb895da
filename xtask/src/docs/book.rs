//! Which pages there are, and in which order: `docs/SUMMARY.md`, in the form that mdBook reads too.

use std::fs;

use anyhow::{Context, Result, bail, ensure};

use crate::tools::Workspace;

const SUMMARY: &str = "docs/SUMMARY.md";
const CHAPTERS: &str = "docs";

/// The pages in their parts; the first part has no title.
pub(super) struct Book {
    pub(super) parts: Vec<(String, Vec<Page>)>,
}

/// A page.
pub(super) struct Page {
    /// Its file, below the root of the workspace.
    pub(super) source: String,
    /// Its name in the site, without an ending.
    pub(super) name: String,
    /// What the list of pages calls it.
    pub(super) label: String,
    /// Its first heading.
    pub(super) title: String,
    pub(super) text: String,
}

impl Book {
    /// Reads the pages. Each file of `docs/` has to be one.
    pub(super) fn read(workspace: &Workspace) -> Result<Self> {
        let summary = fs::read_to_string(workspace.root.join(SUMMARY))
            .with_context(|| format!("cannot read {SUMMARY}"))?;
        let mut parts = vec![(String::new(), Vec::new())];
        for line in summary.lines().skip(1).map(str::trim).filter(|line| !line.is_empty()) {
            if let Some(title) = line.strip_prefix("# ") {
                parts.push((title.to_owned(), Vec::new()));
                continue;
            }
            let link = line.strip_prefix("- ").unwrap_or(line);
            let (label, path) = link
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(')'))
                .and_then(|rest| rest.split_once("]("))
                .with_context(|| format!("{SUMMARY}: expected a link, found {line:?}"))?;
            let page = Page::read(workspace, label, &joined(CHAPTERS, path))?;
            parts.last_mut().context("there is a first part")?.1.push(page);
        }
        let book = Self { parts };
        for entry in fs::read_dir(workspace.root.join(CHAPTERS))? {
            let source = format!("{CHAPTERS}/{}", entry?.file_name().to_string_lossy());
            let is_known = source == SUMMARY || book.of_source(&source).is_some();
            ensure!(is_known || !source.ends_with(".md"), "{source} is not in {SUMMARY}");
        }
        Ok(book)
    }

    pub(super) fn pages(&self) -> impl Iterator<Item = &Page> {
        self.parts.iter().flat_map(|(_, pages)| pages)
    }

    pub(super) fn of_source(&self, source: &str) -> Option<&Page> {
        self.pages().find(|page| page.source == source)
    }
}

impl Page {
    pub(super) fn read(workspace: &Workspace, label: &str, source: &str) -> Result<Self> {
        let text = fs::read_to_string(workspace.root.join(source))
            .with_context(|| format!("{SUMMARY} names {source}"))?;
        let Some(title) = text.lines().next().and_then(|line| line.strip_prefix("# ")) else {
            bail!("{source} does not begin with its title");
        };
        let mut steps = source.rsplit('/');
        let stem = steps.next().and_then(|file| file.strip_suffix(".md")).unwrap_or(source);
        let name = if stem == "README" { steps.next().unwrap_or("readme") } else { stem };
        Ok(Self {
            source: source.into(),
            name: name.to_lowercase(),
            label: label.into(),
            title: title.replace('`', ""),
            text,
        })
    }

    /// The directory that its links are relative to.
    pub(super) fn directory(&self) -> &str {
        self.source.rsplit_once('/').map_or("", |(directory, _)| directory)
    }
}

/// A relative path, seen from a directory, without its `..`.
pub(super) fn joined(directory: &str, path: &str) -> String {
    let mut steps: Vec<_> = directory.split('/').filter(|step| !step.is_empty()).collect();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn paths_are_joined_without_dots() {
        for (directory, path, whole) in [
            ("docs", "a.md", "docs/a.md"),
            ("docs", "../CHANGELOG.md", "CHANGELOG.md"),
            ("docs/gallery", "./x/../y.webp", "docs/gallery/y.webp"),
            ("", "docs/a.md", "docs/a.md"),
        ] {
            assert_eq!(joined(directory, path), whole);
        }
    }
}
