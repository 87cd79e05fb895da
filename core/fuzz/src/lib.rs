//! What must hold for any bytes at all that [`holdpoint_core`] reads from outside: more than that
//! nothing panics.
//!
//! `cargo xtask fuzz` looks for bytes for which it does not; `tests/corpus.rs` checks those that
//! were found before.

mod assembler;
mod journal;
mod json;
mod plan;
mod sse;

use holdpoint_core::stream::Api;

/// All that can be checked.
pub const TARGETS: [&str; 7] = ["sse", "responses", "chat", "messages", "plan", "journal", "json"];

/// Checks one target with these bytes.
///
/// # Panics
///
/// If what must hold does not.
pub fn check(target: &str, bytes: &[u8]) {
    match target {
        "sse" => sse::check(bytes),
        "plan" => plan::check(bytes),
        "journal" => journal::check(bytes),
        "json" => json::check(bytes),
        _ => assembler::check(Api::named(target).expect("a target"), bytes),
    }
}

/// The same bytes in pieces: of one byte, and of lengths that follow from the bytes themselves, so
/// that a finding can be found again.
fn cuts(bytes: &[u8]) -> [Vec<&[u8]>; 2] {
    let mut state = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut pieces = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        let (piece, more) = rest.split_at(((state >> 60) as usize + 1).min(rest.len()));
        pieces.push(piece);
        rest = more;
    }
    [bytes.chunks(1).collect(), pieces]
}
