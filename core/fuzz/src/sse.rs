//! The decoder, beside a second one that follows the standard line by line on the whole text.

use holdpoint_core::stream::sse::SseDecoder;

use crate::cuts;

pub(crate) fn check(bytes: &[u8]) {
    let expected = by_the_standard(bytes);
    assert_eq!(decode(&[bytes]), expected, "whole");
    for pieces in cuts(bytes) {
        assert_eq!(decode(&pieces), expected, "in pieces");
    }
}

/// The events of a stream: name and data.
pub(crate) fn decode(pieces: &[&[u8]]) -> Vec<(String, String)> {
    let mut decoder = SseDecoder::default();
    let mut events = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        while let Some(event) = decoder.next().expect("an event within the bound") {
            events.push((event.event, event.data));
        }
    }
    events
}

fn by_the_standard(bytes: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    // What no line end ends is no line yet.
    let (lines, _) = text.rsplit_once('\n').unwrap_or_default();
    let mut events = Vec::new();
    let (mut name, mut data) = (String::new(), Vec::new());
    for line in if text.contains('\n') { lines.split('\n').collect() } else { Vec::new() } {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match field {
            "" if line.is_empty() => {
                let name = std::mem::take(&mut name);
                let lines = std::mem::take(&mut data);
                if !lines.is_empty() {
                    let name = if name.is_empty() { "message".to_owned() } else { name };
                    events.push((name, lines.join("\n")));
                }
            }
            "event" => name = value,
            "data" => data.push(value),
            _ => {}
        }
    }
    events
}
