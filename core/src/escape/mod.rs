//! Text of strangers, made visible: what a person reads is what there is.
//!
//! A model, or whoever wrote into what it read, chooses the arguments of a call. Characters that
//! show nothing, or that change how others show, could make two different calls look the same.

mod hidden;
mod lookalike;

use hidden::is_hidden;
use lookalike::lookalikes;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Shows as it is.
    Plain(String),
    /// Stands for one character that would not show as itself.
    Escape(String),
}

/// Splits a text into what shows as itself and what does not, or passes for something else.
///
/// No two texts give pieces that read the same: the brackets of an escape are themselves escaped
/// where a text has them. A line feed becomes a mark and a line feed.
///
/// # Examples
///
/// ```
/// use holdpoint_core::escape::{Piece, visible};
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
    let mut lookalikes = lookalikes(text).into_iter().peekable();
    let mut rest = text.char_indices().peekable();
    while let Some((at, character)) = rest.next() {
        let is_lookalike = lookalikes.next_if_eq(&at).is_some();
        let is_space = character == ' ';
        let is_mark = is_combining(character);
        marks = if is_mark { marks + 1 } else { 0 };
        if character == '\n' {
            pieces.push(Piece::Escape(LINE_FEED.to_owned()));
            plain(&mut pieces, '\n');
        } else if is_hidden(character)
            || is_lookalike
            || is_mark && marks > MARKS_MAX
            || is_space && (after_space || matches!(rest.peek(), None | Some((_, '\n'))))
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
    let code = u32::from(character);
    let mut text = "⟨U+".to_owned();
    let digits = (8 - code.leading_zeros() / 4).max(4);
    text.extend((0..digits).rev().map(|at| {
        char::from_digit(code >> (4 * at) & 0xf, 16).unwrap_or_default().to_ascii_uppercase()
    }));
    text.push('⟩');
    text
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
