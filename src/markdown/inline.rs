//! What stands within a block: emphasis, code, links and breaks.

use super::address::{is_followed, is_mail_address, target, trim_address};

/// One piece of running text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    /// Plain text.
    Text(String),
    /// Emphasis.
    Emphasis(Vec<Inline>),
    /// Strong emphasis.
    Strong(Vec<Inline>),
    /// Code.
    Code(String),
    /// A link; it holds no other link.
    Link {
        /// Where it leads: an absolute `https:` or `mailto:` address.
        href: String,
        /// What it shows.
        content: Vec<Inline>,
    },
    /// The end of a line that the writer made.
    HardBreak,
    /// The end of a line that has no meaning.
    SoftBreak,
}

pub(super) fn inlines(text: &str) -> Vec<Inline> {
    let mut parser = Parser { text, pieces: Vec::new(), brackets: Vec::new(), unclosed: 0 };
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        at += parser.take(at, *byte);
    }
    emphasize(parser.pieces)
}

/// The text with its escapes and character references resolved.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let (character, used) = match character {
            '\\' => escaped(rest).map(|escaped| (escaped, 2)),
            '&' => reference(rest),
            _ => None,
        }
        .unwrap_or((character, character.len_utf8()));
        plain.push(character);
        rest = &rest[used..];
    }
    plain
}

/// How many delimiters, and how many brackets, may wait for their other half. With the length of a
/// run it bounds how deep emphasis nests, and so the recursion of whoever walks the result.
pub(super) const OPEN_MAX: usize = 16;
const RUN_MAX: usize = 4;

/// Backticks are remembered by the length of their run in the bits of a word.
const TICKS_MAX: usize = 31;

struct Parser<'a> {
    text: &'a str,
    pieces: Vec<Piece>,
    brackets: Vec<Bracket>,
    /// The bit of each length of backticks that is known not to come again.
    unclosed: u32,
}

enum Piece {
    Done(Inline),
    Run(Run),
    Bracket { image: bool },
}

/// Delimiters of emphasis that are still unmatched.
#[derive(Clone, Copy)]
struct Run {
    mark: char,
    count: usize,
    /// The count it began with.
    length: usize,
    opens: bool,
    closes: bool,
}

/// An open bracket and the piece that stands for it.
struct Bracket {
    piece: usize,
    image: bool,
    /// Not within a text that has become a link since.
    active: bool,
}

impl Parser<'_> {
    /// Takes what begins with the byte at the position; how many bytes that was.
    fn take(&mut self, at: usize, byte: u8) -> usize {
        let rest = &self.text[at..];
        let used = match byte {
            b'\\' => self.escape(rest),
            b'`' => self.code(rest),
            b'*' | b'_' => self.run(at, byte),
            b'!' if rest.starts_with("![") => self.bracket(true),
            b'[' => self.bracket(false),
            b']' => self.link(rest),
            b'<' => self.autolink(rest),
            b'h' => self.bare_link(at),
            b'&' => reference(rest).map(|(character, used)| {
                self.push_text(character.encode_utf8(&mut [0; 4]));
                used
            }),
            b'\n' => self.line_break(),
            _ => None,
        };
        used.unwrap_or_else(|| {
            let special = |byte: &u8| b"\\`*_![]<h&\n".contains(byte);
            let plain = rest.bytes().skip(1).position(|byte| special(&byte));
            let used = plain.map_or(rest.len(), |length| length + 1);
            self.push_text(&rest[..used]);
            used
        })
    }

    fn escape(&mut self, rest: &str) -> Option<usize> {
        if rest[1..].starts_with('\n') {
            self.push(Inline::HardBreak);
        } else {
            self.push_text(escaped(rest)?.encode_utf8(&mut [0; 4]));
        }
        Some(2)
    }

    fn code(&mut self, rest: &str) -> Option<usize> {
        let run = ticks(rest);
        let bit = 1 << run.min(TICKS_MAX);
        if run < TICKS_MAX && self.unclosed & bit == 0 {
            let mut end = run;
            while let Some(offset) = rest[end..].find('`') {
                let start = end + offset;
                end = start + ticks(&rest[start..]);
                if end - start == run {
                    self.push(Inline::Code(code_text(&rest[run..start])));
                    return Some(end);
                }
            }
            self.unclosed |= bit;
        }
        self.push_text(&rest[..run]);
        Some(run)
    }

    fn run(&mut self, at: usize, byte: u8) -> Option<usize> {
        let length = self.text[at..].bytes().take_while(|next| *next == byte).count();
        let before = self.text[..at].chars().next_back().unwrap_or(' ');
        let after = self.text[at + length..].chars().next().unwrap_or(' ');
        let (space_before, space_after) = (before.is_whitespace(), after.is_whitespace());
        let (mark_before, mark_after) = (is_punctuation(before), is_punctuation(after));
        let left = !space_after && (!mark_after || space_before || mark_before);
        let right = !space_before && (!mark_before || space_after || mark_after);
        let within_word = byte == b'_' && left && right;
        if length > RUN_MAX || !(left || right) {
            self.push_text(&self.text[at..at + length]);
        } else {
            self.pieces.push(Piece::Run(Run {
                mark: char::from(byte),
                count: length,
                length,
                opens: left && (!within_word || mark_before),
                closes: right && (!within_word || mark_after),
            }));
        }
        Some(length)
    }

    fn bracket(&mut self, image: bool) -> Option<usize> {
        if self.brackets.len() == OPEN_MAX {
            self.brackets.remove(0);
        }
        self.brackets.push(Bracket { piece: self.pieces.len(), image, active: true });
        self.pieces.push(Piece::Bracket { image });
        Some(if image { 2 } else { 1 })
    }

    /// Ends a link or an image at a closing bracket, if an address follows.
    fn link(&mut self, rest: &str) -> Option<usize> {
        let bracket = self.brackets.pop()?;
        let (href, used) = if bracket.active { target(&rest[1..])? } else { return None };
        let mut content = self.pieces.split_off(bracket.piece);
        content.remove(0);
        let content = without_links(emphasize(content));
        if bracket.image {
            let mut text = String::new();
            words(&content, &mut text);
            self.push_text(&text);
        } else {
            for outer in self.brackets.iter_mut().filter(|outer| !outer.image) {
                outer.active = false;
            }
            if is_followed(&href) {
                self.push(Inline::Link { href, content });
            } else {
                self.pieces.extend(content.into_iter().map(Piece::Done));
            }
        }
        Some(1 + used)
    }

    fn autolink(&mut self, rest: &str) -> Option<usize> {
        let ends = |next: char| next.is_whitespace() || matches!(next, '<' | '>');
        let end = 1 + rest[1..].find(ends)?;
        let text = &rest[1..end];
        let href = if is_mail_address(text) { ["mailto:", text].concat() } else { text.to_owned() };
        if !rest[end..].starts_with('>') || !is_followed(&href) {
            return None;
        }
        self.push(Inline::Link { href, content: vec![Inline::Text(text.to_owned())] });
        Some(end + 1)
    }

    fn bare_link(&mut self, at: usize) -> Option<usize> {
        let rest = &self.text[at..];
        let word = |next: char| next.is_ascii_alphanumeric() || !next.is_ascii();
        if self.text[..at].ends_with(word) || !rest.strip_prefix("https://")?.starts_with(word) {
            return None;
        }
        let ends = |next: char| {
            next.is_whitespace() || next.is_control() || matches!(next, '<' | '>' | ']' | '`' | '"')
        };
        let href = trim_address(&rest[..rest.find(ends).unwrap_or(rest.len())]);
        self.push(Inline::Link {
            href: href.to_owned(),
            content: vec![Inline::Text(href.to_owned())],
        });
        Some(href.len())
    }

    fn line_break(&mut self) -> Option<usize> {
        let mut spaces = 0;
        if let Some(Piece::Done(Inline::Text(text))) = self.pieces.last_mut() {
            let length = text.trim_end_matches(' ').len();
            spaces = text.len() - length;
            text.truncate(length);
        }
        self.push(if spaces >= 2 { Inline::HardBreak } else { Inline::SoftBreak });
        Some(1)
    }

    fn push(&mut self, inline: Inline) {
        self.pieces.push(Piece::Done(inline));
    }

    fn push_text(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Done(Inline::Text(last))) => last.push_str(text),
            _ => self.push(Inline::Text(text.to_owned())),
        }
    }
}

/// Matches the runs of delimiters; those that stay unmatched are text.
fn emphasize(pieces: Vec<Piece>) -> Vec<Inline> {
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut openers: Vec<usize> = Vec::new();
    for piece in pieces {
        let Piece::Run(mut closer) = piece else {
            out.push(piece);
            continue;
        };
        while closer.closes && closer.count > 0 {
            let matching = |at: &usize| matches!(out.get(*at), Some(Piece::Run(opener)) if fits(opener, &closer));
            let Some(nth) = openers.iter().rposition(matching) else { break };
            let at = openers[nth];
            openers.truncate(nth + 1);
            let content = finish(out.split_off(at + 1));
            let Some(Piece::Run(opener)) = out.last_mut() else { break };
            let used = if opener.count >= 2 && closer.count >= 2 { 2 } else { 1 };
            opener.count -= used;
            closer.count -= used;
            if opener.count == 0 {
                out.pop();
                openers.pop();
            }
            let wrap = if used == 2 { Inline::Strong } else { Inline::Emphasis };
            out.push(Piece::Done(wrap(content)));
        }
        if closer.count > 0 {
            if closer.opens {
                if openers.len() == OPEN_MAX {
                    openers.remove(0);
                }
                openers.push(out.len());
            }
            out.push(Piece::Run(closer));
        }
    }
    finish(out)
}

fn fits(opener: &Run, closer: &Run) -> bool {
    // The rule of three: it keeps `**` within `*…*` from closing it.
    let ambiguous = opener.closes || closer.opens;
    let thirds = (opener.length + closer.length).is_multiple_of(3);
    opener.mark == closer.mark && !(ambiguous && thirds && !opener.length.is_multiple_of(3))
}

fn finish(pieces: Vec<Piece>) -> Vec<Inline> {
    let mut out: Vec<Inline> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let inline = match piece {
            Piece::Done(inline) => inline,
            Piece::Run(run) => Inline::Text(std::iter::repeat_n(run.mark, run.count).collect()),
            Piece::Bracket { image } => Inline::Text(if image { "![" } else { "[" }.to_owned()),
        };
        match (out.last_mut(), inline) {
            (_, Inline::Text(text)) if text.is_empty() => {}
            (Some(Inline::Text(last)), Inline::Text(text)) => last.push_str(&text),
            (_, inline) => out.push(inline),
        }
    }
    out
}

fn without_links(content: Vec<Inline>) -> Vec<Inline> {
    let unlinked = content.into_iter().flat_map(|inline| match inline {
        Inline::Link { content, .. } => content,
        Inline::Emphasis(content) => vec![Inline::Emphasis(without_links(content))],
        Inline::Strong(content) => vec![Inline::Strong(without_links(content))],
        inline => vec![inline],
    });
    finish(unlinked.map(Piece::Done).collect())
}

/// Appends the words, without what is only for the eye.
pub(crate) fn words(content: &[Inline], text: &mut String) {
    for inline in content {
        match inline {
            Inline::Text(plain) | Inline::Code(plain) => text.push_str(plain),
            Inline::Emphasis(content) | Inline::Strong(content) | Inline::Link { content, .. } => {
                words(content, text);
            }
            Inline::HardBreak | Inline::SoftBreak => text.push(' '),
        }
    }
}

fn ticks(text: &str) -> usize {
    text.bytes().take_while(|byte| *byte == b'`').count()
}

fn code_text(text: &str) -> String {
    let text = text.replace('\n', " ");
    let padded = text.strip_prefix(' ').and_then(|text| text.strip_suffix(' '));
    match padded {
        Some(inner) if !inner.trim_matches(' ').is_empty() => inner.to_owned(),
        _ => text,
    }
}

fn escaped(text: &str) -> Option<char> {
    text[1..].chars().next().filter(char::is_ascii_punctuation)
}

/// The character that a reference stands for, and the bytes it takes. Of the named ones only those
/// that HTML needs are known.
fn reference(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(10).position(|byte| byte == b';')?;
    let character = match &text[1..end] {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        name => {
            let number = name.strip_prefix('#')?;
            let (digits, radix) =
                number.strip_prefix(['x', 'X']).map_or((number, 10), |digits| (digits, 16));
            if !digits.starts_with(|next: char| next.is_digit(radix)) {
                return None;
            }
            let code = u32::from_str_radix(digits, radix).ok()?;
            char::from_u32(code).filter(|next| *next != '\0').unwrap_or('\u{fffd}')
        }
    };
    Some((character, end + 1))
}

/// Punctuation and symbols: exact for ASCII, by range beyond, so that no tables are needed.
fn is_punctuation(character: char) -> bool {
    character.is_ascii_punctuation()
        || matches!(character, '\u{a1}'..='\u{bf}' | '×' | '÷' | '\u{2010}'..='\u{2bff}'
            | '\u{3001}'..='\u{3030}' | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}'
            | '\u{1f300}'..='\u{1faff}')
}
