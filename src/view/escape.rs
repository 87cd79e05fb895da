//! Text of strangers, made visible: what a person reads is what there is.
//!
//! A model, or whoever wrote into what it read, chooses the arguments of a call. Characters that
//! show nothing, or that change how others show, could make two different calls look the same.

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Shows as it is.
    Plain(String),
    /// Stands for one character that would not show as itself.
    Escape(String),
}

/// Splits a text into what shows as itself and what does not.
///
/// No two texts give pieces that read the same: the brackets of an escape are themselves escaped
/// where a text has them. A line feed becomes a mark and a line feed.
///
/// # Examples
///
/// ```
/// use holdpoint::view::escape::{Piece, visible};
///
/// let pieces = visible("A\u{202e}B");
/// let escape = Piece::Escape("⟨U+202E⟩".into());
/// assert_eq!(pieces, [Piece::Plain("A".into()), escape, Piece::Plain("B".into())]);
/// ```
#[must_use]
pub fn visible(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut marks = MARKS_MAX;
    let mut after_space = true;
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let is_space = character == ' ';
        let is_mark = is_combining(character);
        marks = if is_mark { marks + 1 } else { 0 };
        if character == '\n' {
            pieces.push(Piece::Escape(LINE_FEED.to_owned()));
            plain(&mut pieces, '\n');
        } else if is_hidden(character)
            || is_mark && marks > MARKS_MAX
            || is_space && (after_space || matches!(rest.peek(), None | Some('\n')))
        {
            marks = MARKS_MAX;
            pieces.push(Piece::Escape(escape(character)));
        } else {
            plain(&mut pieces, character);
        }
        after_space = is_space || character == '\n';
    }
    pieces
}

/// The same in one text, for where there is no element to set an escape apart.
#[must_use]
pub fn visible_text(text: &str) -> String {
    visible(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Plain(text) | Piece::Escape(text) => text,
        })
        .collect()
}

fn plain(pieces: &mut Vec<Piece>, character: char) {
    if let Some(Piece::Plain(text)) = pieces.last_mut() {
        text.push(character);
    } else {
        pieces.push(Piece::Plain(character.into()));
    }
}

fn escape(character: char) -> String {
    let digits: String = character.escape_unicode().collect();
    let digits = digits.trim_matches(['\\', 'u', '{', '}']).to_ascii_uppercase();
    ["⟨U+", "0000".get(digits.len()..).unwrap_or_default(), &digits, "⟩"].concat()
}

/// Whether a character shows nothing of its own, changes how others show, has no agreed look, or
/// is one of those that an escape is made of.
fn is_hidden(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    let code = u32::from(character);
    let at = HIDDEN.partition_point(|(_, last)| *last < code);
    HIDDEN.get(at).is_some_and(|(first, _)| *first <= code) || code & 0xfffe == 0xfffe
}

/// Whether a character is drawn over the one before. A few are ordinary writing; a heap of them, or
/// one that has nothing to stand on, is not.
fn is_combining(character: char) -> bool {
    matches!(
        u32::from(character),
        0x300..=0x36f | 0x483..=0x489 | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff
            | 0xfe20..=0xfe2f
    )
}

const LINE_FEED: &str = "↵";
const MARKS_MAX: usize = 2;

/// In order and apart. Controls, formats, fillers, spaces other than the ordinary one, variation
/// selectors, tags, private use and what is not assigned in whole planes.
const HIDDEN: [(u32, u32); 35] = [
    (0x80, 0xa0),
    (0xad, 0xad),
    (0x34f, 0x34f),
    (0x600, 0x605),
    (0x61c, 0x61c),
    (0x6dd, 0x6dd),
    (0x70f, 0x70f),
    (0x890, 0x891),
    (0x8e2, 0x8e2),
    (0x115f, 0x1160),
    (0x1680, 0x1680),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x2000, 0x200f),
    (0x2028, 0x202f),
    (0x205f, 0x206f),
    (0x21b5, 0x21b5),
    (0x27e8, 0x27e9),
    (0x2800, 0x2800),
    (0x3000, 0x3000),
    (0x3164, 0x3164),
    (0xe000, 0xf8ff),
    (0xfdd0, 0xfdef),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffb),
    (0x110bd, 0x110bd),
    (0x110cd, 0x110cd),
    (0x13430, 0x1345f),
    (0x16fe4, 0x16fe4),
    (0x1bca0, 0x1bca3),
    (0x1d159, 0x1d159),
    (0x1d173, 0x1d17a),
    (0x32450, 0x10ffff),
];
