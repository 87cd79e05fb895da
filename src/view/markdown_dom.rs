//! A model's text as elements, made one by one from the typed nodes of [`crate::markdown`].

use wasm_bindgen::JsCast;
use web_sys::{HtmlAnchorElement, HtmlElement};

use super::tag::{Tag, effect, tag};
use crate::markdown::{Align, Block, Growing, Headings, Inline, inline_words, parse};

/// Fills an element with a text that is complete.
pub(super) fn fill(element: Tag, text: &str) -> Tag {
    let mut blocks = parse(text);
    Headings::default().nest(&mut blocks);
    element.all(blocks.iter().map(whole))
}

/// Fills an element with a text that grows. A block that did not change keeps its elements, so a
/// selection in it lasts and only the end is laid out anew.
pub(super) fn fill_live(element: Tag, text: impl Fn() -> String + 'static) -> Tag {
    let parent = element.element();
    let mut growing = Growing::default();
    let mut shown: Vec<(Block, HtmlElement)> = Vec::new();
    // The headings before what is read, and what was read last, as it was written.
    let (mut settled, mut above) = (0, Headings::default());
    let mut written: Vec<Block> = Vec::new();
    effect(move || {
        let (before, mut blocks) = growing.read(&text());
        if before < settled {
            (settled, above) = (0, Headings::default());
        }
        let done = (before - settled).min(written.len());
        above.nest(&mut written[..done]);
        (settled, written) = (before, blocks.clone());
        above.clone().nest(&mut blocks);
        let end = before + blocks.len();
        for (at, block) in (before..).zip(blocks) {
            if shown.get(at).is_some_and(|(old, _)| *old == block) {
                continue;
            }
            let element = whole(&block).element();
            match shown.get_mut(at) {
                Some(old) => {
                    old.1.replace_with_with_node_1(&element).ok();
                    *old = (block, element);
                }
                None => {
                    parent.append_child(&element).ok();
                    shown.push((block, element));
                }
            }
        }
        for (_, gone) in shown.drain(end.min(shown.len())..) {
            gone.remove();
        }
    });
    element
}

/// A block of the text itself, in the direction of its words.
fn whole(whole: &Block) -> Tag {
    block(whole).set("dir", "auto")
}

fn block(block: &Block) -> Tag {
    match block {
        Block::Paragraph(content) => line("p", content),
        // The widget's own title is of level 2.
        Block::Heading { level: 1, content } => line("h3", content),
        Block::Heading { level: 2, content } => line("h4", content),
        Block::Heading { level: 3, content } => line("h5", content),
        Block::Heading { content, .. } => line("h6", content),
        Block::Code { text, .. } => tag("pre").child(tag("code").text(text.as_str())),
        Block::Quote(blocks) => tag("blockquote").all(blocks.iter().map(self::block)),
        Block::List { start, items, .. } => {
            let list = match start {
                Some(1) => tag("ol"),
                Some(start) => tag("ol").set("start", start.to_string()),
                None => tag("ul"),
            };
            list.all(items.iter().map(|blocks| item(blocks)))
        }
        Block::Rule => tag("hr"),
        Block::Table { align, head, rows } => tag("table")
            .child(tag("thead").child(row("th", align, head)))
            .child(tag("tbody").all(rows.iter().map(|cells| row("td", align, cells)))),
    }
}

/// A paragraph that is alone in its item needs no element of its own.
fn item(blocks: &[Block]) -> Tag {
    match blocks {
        [Block::Paragraph(content), rest @ ..] => line("li", content).all(rest.iter().map(block)),
        _ => tag("li").all(blocks.iter().map(block)),
    }
}

fn row(name: &'static str, align: &[Align], cells: &[Vec<Inline>]) -> Tag {
    tag("tr").all(cells.iter().enumerate().map(|(column, content)| {
        let cell = line(name, content);
        match align.get(column) {
            Some(Align::Right) => cell.set("data-align", "right"),
            Some(Align::Center) => cell.set("data-align", "center"),
            _ => cell,
        }
    }))
}

fn line(name: &'static str, content: &[Inline]) -> Tag {
    content.iter().fold(tag(name), |element, piece| match piece {
        Inline::Text(text) => element.text(text.as_str()),
        Inline::Emphasis(content) => element.child(line("em", content)),
        Inline::Strong(content) => element.child(line("strong", content)),
        Inline::Code(text) => element.child(tag("code").text(text.as_str())),
        Inline::Link { href, content } => element.child(link(href, content)),
        Inline::HardBreak => element.child(tag("br")),
        Inline::SoftBreak => element.text("\n"),
    })
}

/// A link says where it leads: one whose words are not its address, or hide its host behind another
/// name, has the host beside them, as the browser understands it.
fn link(href: &str, content: &[Inline]) -> Tag {
    let anchor = line("a", content)
        .set("href", href)
        .set("title", href)
        .set("target", "_blank")
        .set("rel", "noopener noreferrer");
    let mut host = anchor.element().unchecked_ref::<HtmlAnchorElement>().host();
    let (_, rest) = href.split_once(':').unwrap_or_default();
    if host.is_empty() {
        // A mail goes to an address.
        host = rest.split('?').next().unwrap_or_default().to_owned();
    }
    let mut words = String::new();
    inline_words(content, &mut words);
    let address = rest.trim_start_matches('/');
    let is_address = words == href || words == address;
    if words == host || is_address && address.starts_with(&host) {
        anchor
    } else {
        anchor.text([" (", &host, ")"].concat())
    }
}
