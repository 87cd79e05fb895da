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
mod nesting;

use block::Parser;
pub use inline::Inline;
#[cfg(target_arch = "wasm32")]
pub(crate) use inline::words as inline_words;
pub use nesting::Headings;

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
    let mut parser = Parser::new();
    parser.read(text);
    parser.finish()
}

/// A text that grows. Only its last block is read again.
#[derive(Debug, Default)]
pub struct Growing {
    /// What stands before the last block.
    settled: String,
    /// How many blocks that is.
    blocks: usize,
}

impl Growing {
    /// Reads the text as it is now: the blocks that are not settled yet, and how many are before them.
    ///
    /// # Examples
    ///
    /// ```
    /// use holdpoint::markdown::{Growing, parse};
    ///
    /// let mut growing = Growing::default();
    /// assert_eq!(growing.read("# One\n\nTw"), (0, parse("# One\n\nTw")));
    /// assert_eq!(growing.read("# One\n\nTwo\n"), (0, parse("# One\n\nTwo")));
    /// assert_eq!(growing.read("# One\n\nTwo\n\nThree"), (1, parse("Two\n\nThree")));
    /// ```
    pub fn read(&mut self, text: &str) -> (usize, Vec<Block>) {
        if !text.starts_with(&self.settled) {
            *self = Self::default();
        }
        let rest = &text[self.settled.len()..];
        // What the last line is, only its end can tell: `#` begins a heading, and `#tag` does not.
        let (lines, line) = rest.split_at(rest.rfind('\n').map_or(0, |end| end + 1));
        let mut parser = Parser::new();
        parser.read(lines);
        let last = parser.last();
        parser.read(line);
        let before = self.blocks;
        self.settled.push_str(&rest[..last.at]);
        self.blocks += last.blocks;
        (before, parser.finish())
    }
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
                inline::words(content, words);
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
                        inline::words(cell, words);
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
