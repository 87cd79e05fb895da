//! A model's text as elements, made one by one from the typed nodes of [`crate::markdown`].

use std::cell::RefCell;
use std::rc::Rc;

use super::tag::{Keyed, Tag, keyed, tag};
use crate::markdown::{self, Align, Block, Inline, nest_headings};

fn parse(text: &str) -> Vec<Block> {
    let mut blocks = markdown::parse(text);
    nest_headings(&mut blocks);
    blocks
}

/// Fills an element with a text that is complete.
pub(super) fn fill(element: Tag, text: &str) -> Tag {
    element.all(parse(text).iter().map(block))
}

/// Fills an element with a text that grows. A block that did not change keeps its elements, so a
/// selection in it lasts and only the end is laid out anew.
pub(super) fn fill_live(element: Tag, text: impl Fn() -> String + 'static) -> Tag {
    let blocks = RefCell::default();
    element.each(move || take_over(&mut blocks.borrow_mut(), parse(&text())))
}

/// Puts new blocks in the place of old ones, with the same edition where they are equal.
fn take_over(blocks: &mut Vec<(u32, Rc<Block>)>, new: Vec<Block>) -> Vec<Keyed> {
    blocks.truncate(new.len());
    for (at, block) in new.into_iter().enumerate() {
        match blocks.get_mut(at) {
            Some((_, old)) if **old == block => {}
            Some((edition, old)) => {
                *edition += 1;
                *old = Rc::new(block);
            }
            None => blocks.push((0, Rc::new(block))),
        }
    }
    let keyed = |(at, (edition, next)): (usize, &(u32, Rc<Block>))| {
        let next = Rc::clone(next);
        keyed(format!("{at} {edition}"), move || block(&next))
    };
    blocks.iter().enumerate().map(keyed).collect()
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

/// A link says where it leads: one whose words do not name the host has it beside them.
fn link(href: &str, content: &[Inline]) -> Tag {
    let host = host(href);
    let anchor = line("a", content)
        .set("href", href)
        .set("title", href)
        .set("target", "_blank")
        .set("rel", "noopener noreferrer");
    let mut words = String::new();
    gather(content, &mut words);
    if words.contains(host) { anchor } else { anchor.text([" (", host, ")"].concat()) }
}

fn host(href: &str) -> &str {
    let address = href.split_once(':').map_or(href, |(_, rest)| rest).trim_start_matches('/');
    let end = address.find(['/', '?', '#']).unwrap_or(address.len());
    address.get(..end).unwrap_or(address)
}

fn gather(content: &[Inline], words: &mut String) {
    for piece in content {
        match piece {
            Inline::Text(text) | Inline::Code(text) => words.push_str(text),
            Inline::Emphasis(content) | Inline::Strong(content) | Inline::Link { content, .. } => {
                gather(content, words);
            }
            Inline::HardBreak | Inline::SoftBreak => words.push(' '),
        }
    }
}
