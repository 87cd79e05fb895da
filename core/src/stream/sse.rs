//! Server-sent events: bytes in, events out.
//!
//! Follows the [WHATWG rules for event streams][rules] and knows nothing of what an event says.
//!
//! [rules]: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

use std::collections::VecDeque;
use std::mem;

use super::StreamError;

/// One event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SseEvent {
    /// Its type; `message` if the stream names none.
    pub event: String,
    /// Its data lines, joined by line feeds.
    pub data: String,
}

/// Cuts a byte stream into [`SseEvent`]s, however the bytes arrive.
///
/// The fields `id` and `retry` are ignored: an answer that broke off is asked for again, never
/// continued by the browser.
///
/// # Examples
///
/// ```
/// # use holdpoint_core::stream::sse::SseDecoder;
/// let mut decoder = SseDecoder::default();
/// decoder.push(b"data: caf\xC3");
/// assert_eq!(decoder.next()?, None);
/// decoder.push(b"\xA9\r\n\r\n");
/// assert_eq!(decoder.next()?.map(|event| event.data).as_deref(), Some("café"));
/// # Ok::<(), holdpoint_core::stream::StreamError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SseDecoder {
    /// The line that has not ended yet.
    line: Vec<u8>,
    /// The last line ended with a carriage return, whose line feed may still come.
    after_return: bool,
    /// A first line has been read, and with it the byte order mark.
    begun: bool,
    event: String,
    /// The data lines so far, each with a line feed behind it.
    data: String,
    ready: VecDeque<SseEvent>,
    too_long: bool,
    foreign: bool,
}

impl SseDecoder {
    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| matches!(byte, b'\r' | b'\n')) {
            if self.too_long {
                return;
            }
            let after_return = mem::take(&mut self.after_return);
            match piece.split_last() {
                Some((b'\n', [])) if after_return => {}
                Some((end @ (b'\r' | b'\n'), text)) => {
                    self.after_return = *end == b'\r';
                    self.extend_line(text);
                    self.end_line();
                }
                _ => self.extend_line(piece),
            }
        }
    }

    /// The next whole event, or `None` until more bytes are pushed.
    ///
    /// # Errors
    ///
    /// - [`StreamError::TooLong`]: the event after the last one given is longer than
    ///   [`EVENT_BYTES_MAX`]; nothing more will be decoded.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator that goes on after its end would surprise"
    )]
    pub fn next(&mut self) -> Result<Option<SseEvent>, StreamError> {
        match self.ready.pop_front() {
            None if self.too_long => Err(StreamError::TooLong { bytes_max: EVENT_BYTES_MAX }),
            event => Ok(event),
        }
    }

    /// Ends the stream, and with it an event that no blank line has ended.
    ///
    /// The standard drops such an event; providers' own clients take it. The caller has to judge
    /// whether it is whole.
    pub fn end(&mut self) {
        if !self.too_long {
            self.end_line();
            self.dispatch();
        }
    }

    /// Whether a line was seen that no event stream has, such as HTML or JSON.
    pub fn is_foreign(&self) -> bool {
        self.foreign
    }

    fn extend_line(&mut self, text: &[u8]) {
        let held = self.line.len() + self.data.len() + self.event.len();
        if held + text.len() > EVENT_BYTES_MAX {
            self.too_long = true;
        } else {
            self.line.extend_from_slice(text);
        }
    }

    fn end_line(&mut self) {
        if self.too_long {
            return;
        }
        let line = mem::take(&mut self.line);
        let mut text = line.as_slice();
        if !mem::replace(&mut self.begun, true) {
            text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        }
        match text {
            [] => self.dispatch(),
            [b':', ..] => {}
            // No UTF-8 sequence crosses the end of a line, so lines can be decoded one by one.
            _ => self.field(&String::from_utf8_lossy(text)),
        }
    }

    fn field(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.event),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            _ => self.foreign |= !name.starts_with(|first: char| first.is_ascii_alphabetic()),
        }
    }

    fn dispatch(&mut self) {
        let mut event = mem::take(&mut self.event);
        let mut data = mem::take(&mut self.data);
        if data.pop().is_none() {
            return;
        }
        if event.is_empty() {
            "message".clone_into(&mut event);
        }
        self.ready.push_back(SseEvent { event, data });
    }
}

/// The longest event that is decoded; the last one of an answer repeats the whole of it.
pub const EVENT_BYTES_MAX: usize = 4 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
