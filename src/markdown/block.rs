//! Blocks: each line continues the containers that are open, opens new ones, and ends in a leaf.

use super::inline::{Inline, inlines, unescape};
use super::line::{Line, Marker, alignments, cells, fence, heading, is_rule, run_length};
use super::{Align, Block};

/// How many containers may be open at once; a list and its item are one each.
const DEPTH_MAX: usize = 32;

/// The containers a line may still continue, outermost first, and the leaf block within the last.
pub(super) struct Parser {
    open: Vec<Open>,
    leaf: Leaf,
    last: Start,
    /// How far the text was read before this line, and before the one above it.
    at: usize,
    above: usize,
}

/// Where the last block of the document begins.
#[derive(Clone, Copy, Default)]
pub(super) struct Start {
    /// At which byte.
    pub(super) at: usize,
    /// Behind how many other blocks.
    pub(super) blocks: usize,
}

struct Open {
    kind: Kind,
    children: Vec<Block>,
    /// The line before was blank.
    blank: bool,
}

enum Kind {
    Document,
    Quote,
    List { marker: u8, start: Option<u32>, loose: bool, items: Vec<Vec<Block>> },
    Item { indent: usize },
}

enum Leaf {
    None,
    Paragraph(String),
    Fence { mark: u8, length: usize, indent: usize, info: String, text: String },
    Indented(String),
    Table { align: Vec<Align>, head: Vec<Vec<Inline>>, rows: Vec<Vec<Vec<Inline>>> },
}

impl Open {
    fn new(kind: Kind) -> Self {
        Self { kind, children: Vec::new(), blank: false }
    }
}

impl Parser {
    pub(super) fn new() -> Self {
        let open = vec![Open::new(Kind::Document)];
        Self { open, leaf: Leaf::None, last: Start::default(), at: 0, above: 0 }
    }

    /// Reads a text, or what follows it. All lines but the last end with their line feed.
    pub(super) fn read(&mut self, text: &str) {
        for line in text.split_inclusive('\n') {
            let end = self.at + line.len();
            let line = line
                .strip_suffix('\n')
                .map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
            self.line(line);
            self.above = std::mem::replace(&mut self.at, end);
        }
    }

    /// Where the last block begins. The lines that are read may still belong to it; those before are
    /// done with.
    pub(super) fn last(&self) -> Start {
        self.last
    }

    pub(super) fn finish(mut self) -> Vec<Block> {
        self.close(1);
        self.open.pop().map_or_else(Vec::new, |document| document.children)
    }

    fn line(&mut self, text: &str) {
        let blank = self.place(Line::new(text));
        // A blank line in a quotation does not set apart what stands around the quotation.
        let quote = self.open.iter().rposition(|open| matches!(open.kind, Kind::Quote));
        for (depth, open) in self.open.iter_mut().enumerate() {
            open.blank = blank && quote.is_none_or(|quote| depth >= quote);
        }
    }

    /// Puts one line where it belongs; whether it was blank.
    fn place(&mut self, mut line: Line<'_>) -> bool {
        let mut matched = self.matched(&mut line);
        let mut opened = false;
        if matched == self.open.len() && self.continue_fence(&mut line) {
            return false;
        }
        while line.indent() <= 3 && !line.is_blank() {
            let rest = line.trimmed();
            let in_paragraph =
                matched == self.open.len() && matches!(self.leaf, Leaf::Paragraph(_));
            let room = self.open.len() < DEPTH_MAX;
            if room && rest.starts_with('>') {
                line.take_indented(1);
                if line.indent() > 0 {
                    line.skip(1);
                }
                self.begin(matched);
                self.open.push(Open::new(Kind::Quote));
            } else if let Some((level, title)) = heading(rest) {
                self.begin(matched);
                self.add(Block::Heading { level, content: inlines(title) });
                return false;
            } else if let Some((mark, length, info)) = fence(rest) {
                let indent = line.indent();
                self.begin(matched);
                let info = unescape(info.trim());
                self.leaf = Leaf::Fence { mark, length, indent, info, text: String::new() };
                return false;
            } else if in_paragraph && self.begin_table(rest) {
                return false;
            } else if is_rule(rest) {
                self.begin(matched);
                self.add(Block::Rule);
                return false;
            } else if room
                && let Some(marker) = Marker::of(rest)
                && !(in_paragraph && marker.is_weak())
            {
                let mut indent = line.indent() + marker.width;
                line.take_indented(marker.width);
                let padding = if line.is_blank() { 0 } else { line.indent() };
                // Five columns or more are one column and indented code.
                let padding = if padding > 4 { 1 } else { padding };
                line.skip(padding);
                indent += padding.max(1);
                self.begin_item(matched, &marker);
                self.open.push(Open::new(Kind::Item { indent }));
            } else {
                break;
            }
            opened = true;
            matched = self.open.len();
        }
        self.place_text(&line, matched, opened)
    }

    /// How many of the open containers the line continues, with their marks taken off it.
    fn matched(&self, line: &mut Line<'_>) -> usize {
        let last = self.open.len() - 1;
        for (depth, open) in self.open.iter().enumerate() {
            match open.kind {
                Kind::Document | Kind::List { .. } => {}
                Kind::Quote if line.indent() <= 3 && line.trimmed().starts_with('>') => {
                    line.take_indented(1);
                    if line.indent() > 0 {
                        line.skip(1);
                    }
                }
                // An item that began with a blank line ends with a second one.
                Kind::Item { .. } if line.is_blank() => {
                    let empty = open.children.is_empty() && matches!(self.leaf, Leaf::None);
                    if depth == last && empty {
                        return depth;
                    }
                }
                Kind::Item { indent } if line.indent() >= indent => line.skip(indent),
                Kind::Quote | Kind::Item { .. } => return depth,
            }
        }
        self.open.len()
    }

    /// Adds the line to an open fence, if there is one.
    fn continue_fence(&mut self, line: &mut Line<'_>) -> bool {
        let Leaf::Fence { mark, length, indent, text, .. } = &mut self.leaf else { return false };
        let run = run_length(line.trimmed(), *mark);
        let closes = run >= *length && line.indent() <= 3;
        if closes && line.trimmed().bytes().skip(run).all(|byte| matches!(byte, b' ' | b'\t')) {
            self.close_leaf();
        } else {
            line.skip(*indent);
            line.push_to(text);
        }
        true
    }

    fn place_text(&mut self, line: &Line<'_>, matched: usize, opened: bool) -> bool {
        let blank = line.is_blank();
        let lazy = matched < self.open.len();
        // A paragraph goes on where the marks of its containers are left out.
        if lazy && (blank || !matches!(self.leaf, Leaf::Paragraph(_))) {
            self.close(matched);
        }
        match &mut self.leaf {
            Leaf::Paragraph(text) if !blank => {
                text.push('\n');
                text.push_str(line.trimmed());
            }
            Leaf::Table { align, rows, .. } if !blank => {
                let mut row = cells(line.trimmed());
                row.truncate(align.len());
                rows.push(row.iter().map(|cell| inlines(cell)).collect());
            }
            Leaf::Indented(text) if blank || line.indent() > 3 => {
                let mut line = *line;
                line.skip(4);
                line.push_to(text);
            }
            _ if blank => self.close_leaf(),
            _ => {
                self.begin(matched);
                self.leaf = if line.indent() > 3 {
                    let (mut line, mut text) = (*line, String::new());
                    line.skip(4);
                    line.push_to(&mut text);
                    Leaf::Indented(text)
                } else {
                    Leaf::Paragraph(line.trimmed().to_owned())
                };
            }
        }
        blank && !opened
    }

    /// Makes room for a new block in the innermost container that continues.
    fn begin(&mut self, matched: usize) {
        self.close(matched);
        if matches!(self.open.last(), Some(Open { kind: Kind::List { .. }, .. })) {
            self.close(matched - 1);
        }
        if let [.., list, item] = self.open.as_mut_slice()
            && let Kind::List { loose, .. } = &mut list.kind
            && item.blank
            && !item.children.is_empty()
        {
            *loose = true;
        }
        self.mark(self.at);
    }

    /// Notes where a block of the document itself begins.
    fn mark(&mut self, at: usize) {
        if let [document] = self.open.as_slice() {
            self.last = Start { at, blocks: document.children.len() };
        }
    }

    /// Makes sure that the innermost open container is a list that the marker belongs to.
    fn begin_item(&mut self, matched: usize, new: &Marker) {
        self.close(matched);
        if let Some(Open { kind: Kind::List { marker, loose, .. }, blank, .. }) =
            self.open.last_mut()
            && *marker == new.mark
        {
            *loose |= *blank;
            return;
        }
        self.begin(matched);
        let kind =
            Kind::List { marker: new.mark, start: new.start, loose: false, items: Vec::new() };
        self.open.push(Open::new(kind));
    }

    /// Turns the last line of the open paragraph into the head of a table, if the line is its rule.
    fn begin_table(&mut self, rule: &str) -> bool {
        let Leaf::Paragraph(text) = &mut self.leaf else { return false };
        let Some(align) = alignments(rule) else { return false };
        let start = text.rfind('\n').map_or(0, |at| at + 1);
        let head = cells(&text[start..]);
        if head.len() != align.len() {
            return false;
        }
        text.truncate(start);
        let head = head.iter().map(|cell| inlines(cell)).collect();
        self.close_leaf();
        self.mark(self.above);
        self.leaf = Leaf::Table { align, head, rows: Vec::new() };
        true
    }

    fn add(&mut self, block: Block) {
        if let Some(open) = self.open.last_mut() {
            open.children.push(block);
        }
    }

    fn close_leaf(&mut self) {
        let block = match std::mem::replace(&mut self.leaf, Leaf::None) {
            Leaf::None => return,
            Leaf::Paragraph(text) if text.is_empty() => return,
            Leaf::Paragraph(text) => Block::Paragraph(inlines(text.trim_end())),
            Leaf::Fence { info, text, .. } => Block::Code { info, text },
            Leaf::Indented(mut text) => {
                text.truncate(text.trim_end_matches('\n').len() + 1);
                Block::Code { info: String::new(), text }
            }
            Leaf::Table { align, head, rows } => Block::Table { align, head, rows },
        };
        self.add(block);
    }

    /// Closes the leaf and every container beyond the first `keep`.
    fn close(&mut self, keep: usize) {
        self.close_leaf();
        while self.open.len() > keep.max(1) {
            let Some(Open { kind, children, .. }) = self.open.pop() else { return };
            match kind {
                Kind::Document => {}
                Kind::Quote => self.add(Block::Quote(children)),
                Kind::List { start, loose, items, .. } => {
                    self.add(Block::List { start, loose, items });
                }
                Kind::Item { .. } => {
                    if let Some(Open { kind: Kind::List { items, .. }, .. }) = self.open.last_mut()
                    {
                        items.push(children);
                    }
                }
            }
        }
    }
}
