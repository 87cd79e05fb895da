//! Where in a stream of events the last byte was.

/// Knows whether an event is under way, from the ends of lines alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// Before the first byte, or after an empty line.
    #[default]
    Between,
    /// At the start of a line within an event.
    LineStart,
    /// Within a line.
    Line,
    /// After a carriage return. A line feed may belong to it, so it is not yet known whether a line
    /// ended here or a next one, empty, with it.
    Return {
        /// Whether the line that it ended was empty.
        empty: bool,
    },
}

impl Place {
    pub(super) fn is_between_events(self) -> bool {
        self == Place::Between
    }

    pub(super) fn advance(&mut self, bytes: &[u8]) {
        // Only the last bytes tell: all that follows the last byte that ends no line is known.
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let start = bytes.iter().rposition(|byte| !is_end(byte)).map_or(0, |within| {
            *self = Place::Line;
            within + 1
        });
        for byte in &bytes[start..] {
            *self = self.after_end(*byte);
        }
    }

    fn after_end(self, byte: u8) -> Self {
        let is_empty = match self {
            // Whatever is between events, more empty lines are too.
            Place::Between | Place::LineStart => true,
            Place::Line => false,
            Place::Return { empty } if byte == b'\n' => {
                return if empty { Place::Between } else { Place::LineStart };
            }
            Place::Return { .. } => true,
        };
        match byte {
            b'\r' => Place::Return { empty: is_empty },
            _ if is_empty => Place::Between,
            _ => Place::LineStart,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_is_the_same_however_the_bytes_are_cut() {
        for (text, is_between) in [
            ("", true),
            ("data: a", false),
            ("data: a\n", false),
            ("data: a\n\n", true),
            ("data: a\r\n\r\n", true),
            ("data: a\r\n\r", false),
            ("data: a\r\n", false),
            ("data: a\n\r\n", true),
            ("data: a\n\n\n", true),
            (": comment\n", false),
            ("data: a\n\ndata: b", false),
            ("data: a\n\ndata: b\n\n", true),
        ] {
            for cut in 0..=text.len() {
                let mut place = Place::default();
                for piece in [&text[..cut], &text[cut..]] {
                    place.advance(piece.as_bytes());
                }
                assert_eq!(place.is_between_events(), is_between, "{text:?} cut at {cut}");
            }
            let mut place = Place::default();
            text.bytes().for_each(|byte| place.advance(&[byte]));
            assert_eq!(place.is_between_events(), is_between, "{text:?} byte by byte");
        }
    }
}
