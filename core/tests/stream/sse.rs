//! From bytes to events.

use holdpoint_core::stream::StreamError;
use holdpoint_core::stream::sse::{EVENT_BYTES_MAX, SseDecoder};

/// Asserts the events of a stream, whole, in two pieces cut anywhere, and byte by byte.
#[track_caller]
fn check_events(bytes: &[u8], expected: &[(&str, &str)]) {
    let decode = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut decoder = SseDecoder::default();
        let mut events = Vec::new();
        for piece in pieces {
            decoder.push(piece);
            while let Some(event) = decoder.next().unwrap() {
                events.push((event.event, event.data));
            }
        }
        events
    };
    let whole = decode(&mut [bytes].into_iter());
    let seen: Vec<_> = whole.iter().map(|(event, data)| (event.as_str(), data.as_str())).collect();
    assert_eq!(seen, expected);
    assert_eq!(decode(&mut bytes.chunks(1)), whole, "byte by byte");
    for cut in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        assert_eq!(decode(&mut [head, &[], tail].into_iter()), whole, "cut at byte {cut}");
    }
}

#[test]
fn every_line_ending_ends_a_line() {
    check_events(
        b"data: a\n\ndata: b\r\n\r\ndata: c\r\r",
        &[("message", "a"), ("message", "b"), ("message", "c")],
    );
    check_events(
        b"data: a\r\n\ndata: b\n\r\ndata: c\r\n\r",
        &[("message", "a"), ("message", "b"), ("message", "c")],
    );
}

#[test]
fn data_lines_are_joined() {
    check_events(b"data: a\ndata\ndata:b\n\n", &[("message", "a\n\nb")]);
    check_events(b"data\n\ndata\ndata\n\ndata:", &[("message", ""), ("message", "\n")]);
}

#[test]
fn one_space_after_the_colon_is_dropped() {
    check_events(
        b"data:a\n\ndata:  b \n\ndata:\tc\n\n",
        &[("message", "a"), ("message", " b "), ("message", "\tc")],
    );
}

#[test]
fn an_event_has_the_last_name_given_to_it() {
    check_events(
        b"event: x\nevent: y\ndata: a:b\n\ndata: c\n\n",
        &[("y", "a:b"), ("message", "c")],
    );
    check_events(b"event: x\nevent\ndata: a\n\n", &[("message", "a")]);
}

#[test]
fn an_event_without_data_is_dropped_with_its_name() {
    check_events(b"event: x\n\n\n\ndata: a\n\n", &[("message", "a")]);
}

#[test]
fn comments_and_unknown_fields_are_skipped() {
    check_events(
        b":\n: data: z\nid: 1\0\nid\nretry: 5\nDATA: z\n data: z\nelse\ndata: a\n\n",
        &[("message", "a")],
    );
}

#[test]
fn only_the_first_byte_order_mark_is_dropped() {
    check_events(b"\xEF\xBB\xBFdata: a\n\n", &[("message", "a")]);
    check_events(
        b"\xEF\xBB\xBF\xEF\xBB\xBFdata: a\n\ndata: \xEF\xBB\xBFb\n\n",
        &[("message", "\u{FEFF}b")],
    );
    check_events(b"data: a\n\n\xEF\xBB\xBFdata: b\n\n", &[("message", "a")]);
}

#[test]
fn what_is_not_utf_8_is_replaced() {
    check_events("data: é 漢 😀\n\n".as_bytes(), &[("message", "é 漢 😀")]);
    check_events(
        b"data: \xE2\x82\ndata: \xFF\xC0\x80 \xF0\x9F\x98z\n\n",
        &[("message", "\u{FFFD}\n\u{FFFD}\u{FFFD}\u{FFFD} \u{FFFD}z")],
    );
}

#[test]
fn an_event_that_has_not_ended_is_held_back() {
    check_events(b"data: a\n\ndata: b\n", &[("message", "a")]);
}

#[test]
fn an_event_without_end_is_refused() {
    let too_long = Err(StreamError::TooLong { bytes_max: EVENT_BYTES_MAX });
    for piece in ["data: ", "data: x\n", ": "].map(|start| start.repeat(1 << 12)) {
        let mut decoder = SseDecoder::default();
        decoder.push(b"data: a\n\n");
        for _ in 0..=EVENT_BYTES_MAX / piece.len() * 8 {
            decoder.push(piece.as_bytes());
        }
        assert_eq!(decoder.next().unwrap().unwrap().data, "a");
        assert_eq!(decoder.next(), too_long, "{}", &piece[..8]);
        decoder.push(b"\n\ndata: b\n\n");
        assert_eq!(decoder.next(), too_long);
    }
}
