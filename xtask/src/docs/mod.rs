//! `cargo xtask docs`: the pages of `docs/` as a site, in `target/docs`, and `cargo xtask test docs`:
//! whether what they say is so.
//!
//! The parser of Markdown is a library; what is around it is small, and ours, because each page is to
//! hold under the policy that the widget holds under: no script and no style of it is inline.

mod book;
pub(crate) mod check;
mod codes;
mod render;
mod snippets;
mod spelling;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use self::book::{Book, Page};
use self::render::{Heading, Rendered};
use crate::dist;
use crate::page;
use crate::tools::Workspace;
use crate::wasm::{self, Files};

/// The template, the style sheets and the scripts of the site.
const SITE: &str = "xtask/docs";
const TEMPLATE: &str = "page.html";
/// The package, beside the pages.
const PACKAGE: &str = "holdpoint";

/// Builds the site.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let directory = build(workspace, &dist::build(workspace)?)?;
    println!("{}: serve it, for example by", directory.display());
    println!(
        "  HOLDPOINT_UPSTREAM=demo HOLDPOINT_SERVE={} cargo run -p holdpoint-proxy",
        directory.display()
    );
    Ok(())
}

/// Writes the site, with the files of the package, and returns the directory that holds it.
fn build(workspace: &Workspace, package: &Files) -> Result<PathBuf> {
    let mut files = pages(workspace, &Book::read(workspace)?)?;
    for (name, bytes) in package {
        let is_run = [".js", ".wasm"].iter().any(|ending| name.ends_with(ending));
        if is_run || name.starts_with(page::LABELS) {
            files.insert(format!("{PACKAGE}/{name}"), bytes.clone());
        }
    }
    let directory = workspace.target.join("docs");
    page::write(&files, &directory)?;
    Ok(directory)
}

/// All of the site but the package. A link that leads nowhere is an error.
fn pages(workspace: &Workspace, book: &Book) -> Result<Files> {
    let mut files = wasm::read_tree(&workspace.root.join(SITE))?;
    let bank = workspace.root.join("demo/page/bank.js");
    files.insert("bank.js".into(), fs::read(&bank).context("the playground has no bank")?);
    let template = take(&mut files, TEMPLATE)?;

    let mut rendered = BTreeMap::new();
    for page in book.pages() {
        let mut made = render::render(workspace, book, page)?;
        for (mark, fragment) in fragments(&made.html) {
            let fragment = take(&mut files, &format!("{fragment}.html"))?;
            made.html = made.html.replace(&mark, &fragment);
        }
        rendered.insert(page.name.clone(), made);
    }
    links_lead_somewhere(book, &rendered)?;

    let pages: Vec<_> = book.pages().collect();
    for (index, page) in pages.iter().enumerate() {
        let made = &rendered[&page.name];
        let near = |at: Option<usize>| at.and_then(|at| pages.get(at)).copied();
        let html = filled(
            &template,
            &[
                ("version", &workspace.version),
                ("title", &escaped(&page.title)),
                ("navigation", &navigation(book, page)),
                ("contents", &contents(&made.headings)),
                ("content", &made.html),
                ("source", &format!("{}/blob/main/{}", workspace.repository, page.source)),
                ("name", &page.name),
                ("before", &neighbour("prev", near(index.checked_sub(1)))),
                ("after", &neighbour("next", near(Some(index + 1)))),
            ],
        );
        files.insert(format!("{}.html", page.name), html.into());
        files.insert(format!("{}.md", page.name), made.markdown.clone().into());
        for (name, path) in &made.media {
            let bytes = fs::read(path).with_context(|| format!("{}: no {name}", page.source))?;
            files.insert(name.clone(), bytes);
        }
    }
    files.insert("search.json".into(), serde_json::to_vec(&index(book, &rendered))?);
    let (list, whole) = for_models(workspace, book, &rendered);
    files.insert("llms.txt".into(), list.into());
    files.insert("llms-full.txt".into(), whole.into());
    Ok(files)
}

fn take(files: &mut Files, name: &str) -> Result<String> {
    let bytes = files.remove(name).with_context(|| format!("{SITE} has no {name}"))?;
    Ok(String::from_utf8(bytes)?)
}

/// The marks `<!-- include NAME -->` of a page, each with the name.
fn fragments(html: &str) -> Vec<(String, String)> {
    let name = |rest: &str| rest.split_once(" -->").map(|(name, _)| name.to_owned());
    let found = html.split("<!-- include ").skip(1).filter_map(name);
    found.map(|name| (format!("<!-- include {name} -->"), name)).collect()
}

fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let mut parts = template.split("{{");
    let mut page = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or(("", part));
        let value = values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        page.push_str(value);
        page.push_str(rest);
    }
    page
}

fn links_lead_somewhere(book: &Book, rendered: &BTreeMap<String, Rendered>) -> Result<()> {
    let mut faults = Vec::new();
    for page in book.pages() {
        for (name, anchor) in &rendered[&page.name].links {
            let target = rendered.get(name);
            let is_there = target.is_some_and(|it| it.headings.iter().any(|it| it.id == *anchor));
            if !anchor.is_empty() && !is_there {
                faults.push(format!("{}: {name}.html has no #{anchor}", page.source));
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { bail!("{}", faults.join("\n")) }
}

fn navigation(book: &Book, current: &Page) -> String {
    let mut html = String::new();
    for (title, pages) in &book.parts {
        if !title.is_empty() {
            html += &format!("<h2>{}</h2>", escaped(title));
        }
        html += "<ul>";
        for page in pages {
            let here = if page.name == current.name { " aria-current=\"page\"" } else { "" };
            let label = escaped(&page.label);
            html += &format!("<li><a href=\"{}.html\"{here}>{label}</a></li>", page.name);
        }
        html += "</ul>";
    }
    html
}

/// What is on the page; nothing where there is little of it.
fn contents(headings: &[Heading]) -> String {
    let rows: Vec<_> = headings.iter().filter(|it| it.level == 2).collect();
    if rows.len() < 2 {
        return String::new();
    }
    let row = |it: &&Heading| format!("<li><a href=\"#{}\">{}</a></li>", it.id, escaped(&it.text));
    let rows: String = rows.iter().map(row).collect();
    format!(
        "<nav class=\"contents\" aria-label=\"On this page\"><h2>On this page</h2><ul>{rows}</ul></nav>"
    )
}

fn neighbour(rel: &str, page: Option<&Page>) -> String {
    page.map_or_else(String::new, |page| {
        let label = escaped(&page.label);
        format!("<a rel=\"{rel}\" href=\"{}.html\">{label}</a>", page.name)
    })
}

/// What the search reads: a row for each section.
fn index(book: &Book, rendered: &BTreeMap<String, Rendered>) -> Value {
    let sections = book.pages().flat_map(|page| {
        rendered[&page.name].headings.iter().map(|it| {
            json!({
                "page": page.label, "title": it.text, "text": it.body,
                "url": format!("{}.html#{}", page.name, it.id),
            })
        })
    });
    sections.collect()
}

/// `llms.txt` (<https://llmstxt.org/>), and all pages in one.
fn for_models(
    workspace: &Workspace,
    book: &Book,
    rendered: &BTreeMap<String, Rendered>,
) -> (String, String) {
    let mut list = format!(
        "# Holdpoint\n\n> A widget that runs an AI agent in a web page, stops before risky tool calls \
         until a person has approved them, and goes on after a reload. Version {}.\n",
        workspace.version
    );
    let mut whole = list.clone();
    for (title, pages) in &book.parts {
        list += &format!("\n## {}\n\n", if title.is_empty() { "Start" } else { title });
        for page in pages {
            let made = &rendered[&page.name];
            list += &format!("- [{}]({}.md): {}\n", page.title, page.name, made.first_sentence());
            whole += &format!("\n{}", made.markdown);
        }
    }
    (list, whole)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_is_filled_and_unknown_names_are_empty() {
        assert_eq!(filled("a {{b}} c {{d}}.", &[("b", "{{d}}")]), "a {{d}} c .");
    }

    #[test]
    fn every_page_is_made_and_no_link_leads_nowhere() {
        let workspace = Workspace::locate().unwrap();
        let book = Book::read(&workspace).unwrap();
        let files = pages(&workspace, &book).unwrap();
        for page in book.pages() {
            for ending in ["html", "md"] {
                assert!(files.contains_key(&format!("{}.{ending}", page.name)), "{}", page.name);
            }
        }
        let index = String::from_utf8_lossy(&files["index.html"]).into_owned();
        assert!(index.contains("<holdpoint-agent id=\"playground\"") && !index.contains("{{"));
    }

    #[test]
    fn links_of_the_readme_lead_somewhere() {
        let workspace = Workspace::locate().unwrap();
        let book = Book::read(&workspace).unwrap();
        let readme = Page::read(&workspace, "Holdpoint", "README.md").unwrap();
        let made = render::render(&workspace, &book, &readme).unwrap();
        assert!(made.links.len() > 5, "{:?}", made.links);
    }

    #[test]
    fn fragments_are_found_by_their_marks() {
        let found = fragments("<p>x</p><!-- include one --><!-- include two -->");
        let names: Vec<_> = found.into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["one", "two"]);
    }
}
