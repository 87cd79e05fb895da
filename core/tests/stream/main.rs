//! From the bytes of a provider to an answer.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod chat;
mod messages;
mod request;
mod responses;
mod sse;

use holdpoint_core::message::{Finish, ModelResponse, Part, ToolCall};
use holdpoint_core::stream::{Api, Assembler, Delta, StreamError};

const TRANSFER: &str = r#"{"amount":500,"recipient":"Alice"}"#;

type Outcome = (Vec<Delta>, Result<ModelResponse, StreamError>);

fn assemble<'a>(api: Api, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut assembler = Assembler::new(api);
    let mut deltas = Vec::new();
    for piece in pieces {
        deltas.extend(assembler.push(piece).unwrap_or_default());
    }
    (deltas, assembler.finish())
}

/// Asserts what a fixture shows and says; then that neither depends on where it is cut or how its
/// lines end, and that no beginning of it says anything.
#[track_caller]
fn check(api: Api, fixture: &str, shown: &str, expected: Result<(Finish, Vec<Part>), StreamError>) {
    check_stream(api, &read(api, fixture), shown, expected);
}

fn read(api: Api, fixture: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/stream");
    std::fs::read_to_string(format!("{path}/{}/{fixture}.sse", api.name())).unwrap()
}

/// The answer of a fixture.
#[track_caller]
fn answer(api: Api, fixture: &str) -> ModelResponse {
    assemble(api, [read(api, fixture).as_bytes()]).1.unwrap()
}

#[track_caller]
fn check_stream(
    api: Api,
    text: &str,
    shown: &str,
    expected: Result<(Finish, Vec<Part>), StreamError>,
) {
    let bytes = text.as_bytes();
    let whole = assemble(api, [bytes]);
    let (deltas, answer) = &whole;
    let seen: String = deltas
        .iter()
        .map(|delta| match delta {
            Delta::Text(text) => text.clone(),
            Delta::Refusal(text) => format!("[no: {text}]"),
            Delta::Call { index, name } => format!("[{index}: {name}]"),
            other => format!("[{other:?}]"),
        })
        .collect();
    assert_eq!(seen, shown);
    let said = answer.clone().map(|answer| {
        (answer.finish, answer.items.into_iter().map(|item| item.part).collect::<Vec<_>>())
    });
    assert_eq!(said, expected);

    assert_eq!(assemble(api, bytes.chunks(1)), whole, "byte by byte");
    for ending in ["\r\n", "\r"] {
        assert_eq!(assemble(api, [text.replace('\n', ending).as_bytes()]), whole, "{ending:?}");
    }
    let mut growing = Assembler::new(api);
    let mut deltas = Vec::new();
    for (cut, byte) in bytes.iter().enumerate() {
        let mut resumed = growing.clone();
        let rest = resumed.push(&bytes[cut..]).unwrap_or_default();
        assert_eq!(([deltas.clone(), rest].concat(), resumed.finish()), whole, "cut at byte {cut}");

        let mut early = growing.clone().finish();
        let is_known = answer.is_ok() && cut >= end_of_answer(api, text);
        if let (Api::Chat, Ok(early), Ok(answer)) = (api, &mut early, answer) {
            // What it cost is told behind the end of the answer.
            early.usage = early.usage.or(answer.usage);
        }
        assert!(is_known || early.is_err(), "{cut} bytes gave {early:?}");
        let is_cut = !is_known && early == Err(StreamError::Interrupted);
        assert!(is_cut || early == *answer, "{cut} bytes gave {early:?}");
        deltas.extend(growing.push(&[*byte]).unwrap_or_default());
    }
}

/// How many bytes a client must have read to know the answer.
fn end_of_answer(api: Api, text: &str) -> usize {
    let marks: &[&str] = match api {
        Api::Responses => &[
            r#"data: {"type":"response.completed"#,
            r#"data: {"type":"response.incomplete"#,
            r#"data: {"type":"response.failed"#,
        ],
        Api::Chat => &[r#","finish_reason":""#],
        _ => &[r#"data: {"type":"message_stop""#],
    };
    let start = marks.iter().filter_map(|mark| text.find(mark)).min();
    start.map_or(text.len(), |start| start + text[start..].find('\n').unwrap_or(text.len() - start))
}

fn call(id: &str, name: &str, arguments: &str) -> Part {
    Part::Call(ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() })
}

fn said(words: &str) -> Part {
    Part::Text(words.into())
}

fn malformed(reason: &str) -> StreamError {
    StreamError::Malformed { reason: reason.into() }
}

fn upstream(code: &str, message: &str) -> StreamError {
    StreamError::Upstream { code: code.into(), message: message.into() }
}
