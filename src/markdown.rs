//! The safe part of Markdown: the text of a model as typed nodes.
//!
//! The parser makes no HTML and knows nothing of the DOM, so nothing in a text can become markup. It
//! follows CommonMark, with the tables and bare addresses of GitHub's dialect, and leaves out on purpose:
//!
//! - raw HTML, which stays plain text;
//! - images, which become their alternative text, so that nothing is fetched;
//! - reference definitions: the address of a link stands beside it or there is no link;
//! - underlined headings: while a list streams in, its first dash would turn the line above into one.
//!
//! Every prefix of every text parses, in time linear in its length: nesting, open delimiters and open
//! brackets are bounded, and the oldest is forgotten when a bound is reached.

mod address;
mod block;
mod inline;
mod line;

use block::Parser;
pub use inline::Inline;

/// Reads a text.
///
/// # Examples
///
/// ```
/// use holdpoint::markdown::{Block, Inline, parse};
///
/// let blocks = parse("**Done:** 50 sent");
/// let bold = Inline::Strong(vec![Inline::Text("Done:".into())]);
/// assert_eq!(blocks, [Block::Paragraph(vec![bold, Inline::Text(" 50 sent".into())])]);
/// ```
#[must_use]
pub fn parse(text: &str) -> Vec<Block> {
    let mut blocks = Parser::new();
    for line in text.lines() {
        blocks.line(line);
    }
    blocks.finish()
}

/// The words of a text, without what is only for the eye.
#[must_use]
pub fn plain(blocks: &[Block]) -> String {
    let mut words = String::new();
    plain_blocks(blocks, &mut words);
    words
}

fn plain_blocks(blocks: &[Block], words: &mut String) {
    for block in blocks {
        match block {
            Block::Paragraph(content) | Block::Heading { content, .. } => {
                inline::plain(content, words);
                words.push('\n');
            }
            Block::Code { text, .. } => words.push_str(text),
            Block::Quote(blocks) => plain_blocks(blocks, words),
            Block::List { items, .. } => {
                items.iter().for_each(|blocks| plain_blocks(blocks, words));
            }
            Block::Rule => {}
            Block::Table { head, rows, .. } => {
                for row in [head].into_iter().chain(rows) {
                    for cell in row {
                        inline::plain(cell, words);
                        words.push('\n');
                    }
                }
            }
        }
    }
}

/// One block of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Running text.
    Paragraph(Vec<Inline>),
    /// A heading of level 1 to 6.
    Heading {
        /// Its level.
        level: u8,
        /// Its text.
        content: Vec<Inline>,
    },
    /// Code, fenced or indented.
    Code {
        /// What stands behind the opening fence, usually the language.
        info: String,
        /// The lines, each with its line feed.
        text: String,
    },
    /// A quotation.
    Quote(Vec<Block>),
    /// A list.
    List {
        /// The first number of an ordered list; `None` for bullets.
        start: Option<u32>,
        /// Whether items or their blocks are set apart by blank lines.
        loose: bool,
        /// The blocks of each item.
        items: Vec<Vec<Block>>,
    },
    /// A thematic break.
    Rule,
    /// A table. A row may have fewer cells than the head, never more.
    Table {
        /// The alignment of each column.
        align: Vec<Align>,
        /// The cells of the head.
        head: Vec<Vec<Inline>>,
        /// The cells of each further row.
        rows: Vec<Vec<Vec<Inline>>>,
    },
}

/// How a table column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// As the page aligns text.
    Default,
    /// At the left.
    Left,
    /// In the middle.
    Center,
    /// At the right.
    Right,
}
