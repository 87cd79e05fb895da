//! Which of CommonMark's examples the Markdown of a model follows: each of them gives the HTML of the
//! specification, or is on the list of those that do not.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeSet;
use std::fmt::Write;

use holdpoint::markdown::{Block, Inline, parse};

#[test]
fn subset_follows_the_examples_that_are_listed() {
    let examples: Vec<(u32, String, String)> = serde_json::from_str(EXAMPLES).expect("examples");
    assert_eq!(examples.len(), 652);
    let follows = |example: &&(u32, String, String)| html(&parse(&example.1)) == normal(&example.2);
    let found: BTreeSet<u32> =
        examples.iter().filter(follows).map(|(number, ..)| *number).collect();
    let listed = DECISIONS.split_whitespace().collect::<Vec<_>>().join(" ");
    let found = format!("{} of 652: {}.", found.len(), ranges(&found));
    assert!(listed.contains(&found), "docs/decisions.md does not list {found}");
}

const EXAMPLES: &str = include_str!("fixtures/commonmark/examples.json");
const DECISIONS: &str = include_str!("../docs/decisions.md");

/// The numbers as they are listed: `1-3, 7`.
fn ranges(numbers: &BTreeSet<u32>) -> String {
    let mut text = String::new();
    let mut rest = numbers.iter().copied().peekable();
    while let Some(first) = rest.next() {
        let mut last = first;
        while rest.next_if_eq(&(last + 1)).is_some() {
            last += 1;
        }
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = match last == first {
            true => write!(text, "{comma}{first}"),
            false => write!(text, "{comma}{first}-{last}"),
        };
    }
    text
}

/// The HTML of the specification, as far as ours can be compared with it.
fn normal(html: &str) -> String {
    html.replace(">\n", ">").replace("\n<", "<").trim().to_owned()
}

fn html(blocks: &[Block]) -> String {
    let mut html = String::new();
    for block in blocks {
        write_block(&mut html, block, false);
    }
    normal(&html)
}

fn write_block(html: &mut String, block: &Block, tight: bool) {
    match block {
        Block::Paragraph(content) if tight => write_inlines(html, content),
        Block::Paragraph(content) => wrapped(html, "p", content),
        Block::Heading { level, content } => wrapped(html, &format!("h{level}"), content),
        Block::Code { info, text } => {
            let language = info.split_whitespace().next().unwrap_or_default();
            let class = match language {
                "" => String::new(),
                language => format!(" class=\"language-{}\"", escaped(language)),
            };
            let _ = writeln!(html, "<pre><code{class}>{}</code></pre>", escaped(text));
        }
        Block::Quote(blocks) => {
            html.push_str("<blockquote>\n");
            blocks.iter().for_each(|block| write_block(html, block, false));
            html.push_str("</blockquote>\n");
        }
        Block::List { start, loose, items } => {
            let (name, attribute) = match start {
                None => ("ul", String::new()),
                Some(1) => ("ol", String::new()),
                Some(start) => ("ol", format!(" start=\"{start}\"")),
            };
            let _ = writeln!(html, "<{name}{attribute}>");
            for item in items {
                html.push_str("<li>");
                for block in item {
                    write_block(html, block, !loose);
                    html.push('\n');
                }
                html.push_str("</li>\n");
            }
            let _ = writeln!(html, "</{name}>");
        }
        Block::Rule => html.push_str("<hr />\n"),
        Block::Table { .. } => html.push_str("<table>\n"),
    }
}

fn wrapped(html: &mut String, name: &str, content: &[Inline]) {
    let _ = write!(html, "<{name}>");
    write_inlines(html, content);
    let _ = writeln!(html, "</{name}>");
}

fn write_inlines(html: &mut String, content: &[Inline]) {
    for inline in content {
        match inline {
            Inline::Text(text) => html.push_str(&escaped(text)),
            Inline::Emphasis(content) => within(html, "em", content),
            Inline::Strong(content) => within(html, "strong", content),
            Inline::Code(text) => {
                let _ = write!(html, "<code>{}</code>", escaped(text));
            }
            Inline::Link { href, content } => {
                let _ = write!(html, "<a href=\"{}\">", escaped(href));
                write_inlines(html, content);
                html.push_str("</a>");
            }
            Inline::HardBreak => html.push_str("<br />\n"),
            Inline::SoftBreak => html.push('\n'),
        }
    }
}

fn within(html: &mut String, name: &str, content: &[Inline]) {
    let _ = write!(html, "<{name}>");
    write_inlines(html, content);
    let _ = write!(html, "</{name}>");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
