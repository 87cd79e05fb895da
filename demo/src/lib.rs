//! A deterministic stand-in for a language model, at home in the demo bank.
//!
//! It reads a request as a model would (the person's last message, the tools on offer, the results
//! so far) and answers in the same [`Wire`] format: OpenAI Responses, OpenAI Chat Completions or
//! Anthropic Messages, as server-sent events or whole. So the demo, the tests and the page without a
//! network run the same path as a real provider. It knows no clock, no chance and no I/O; the caller
//! paces the records. It shares no code with the decoder that reads them: each checks the other.
//!
//! # What it understands
//!
//! - `check_balance`, `deposit(amount)` and `transfer(amount, recipient)`, alone or joined: "check
//!   my balance and transfer 50 to Alice", "send $500 to alice", "transfer 500 to Alice and 30 to
//!   Bob". A part that is missing is asked for. A tool that the request does not offer is not
//!   called.
//! - Results of calls, or a message that begins with "Results of the plan": it says what happened,
//!   and never calls a thing done that was denied or is unknown.
//! - A report on its calls or its plan: it leaves out what is at fault, once, and says so.
//! - With a schema for its answer it answers with one plan,
//!   `{"reply", "actions": [{"action", "arguments", "requires_confirmation", "reason"}]}`.
//! - Anything else gets a short answer in Markdown.
//!
//! # Oddities, on purpose
//!
//! - Each action of a plan says `requires_confirmation: false`: the mistake that a model makes and
//!   that the reader must not trust.
//! - "lorem 4000" gives a Markdown text of 4,000 words, about as many deltas (100,000 at most).
//! - Ids follow from the number of input items, so equal requests get equal answers.
//!
//! # Examples
//!
//! ```
//! use holdpoint_demo::Wire;
//!
//! let request = serde_json::json!({
//!     "model": "stand-in",
//!     "input": [{ "role": "user", "content": "transfer 500 to Alice" }],
//!     "tools": [{ "type": "function", "name": "transfer" }],
//! });
//! let records = holdpoint_demo::respond(Wire::Responses, &request);
//! assert!(records[0].starts_with("event: response.created\ndata: {"));
//! assert!(records.concat().contains(r#""name":"transfer""#));
//! ```
//!
//! The widget carries this crate for its answers without a network, so every kilobyte counts: JSON
//! is written from templates, and only ASCII letters have a case.

mod conversation;
mod english;
mod reply;
mod wire;

use serde_json::Value;

pub use wire::Wire;

/// The answer as server-sent events, one record with its blank line per string.
///
/// The last record ends the answer, or in Chat Completions the stream. A request that makes no sense
/// is answered like small talk, never with a panic.
#[inline(always)]
pub fn respond(wire: Wire, request: &Value) -> Vec<String> {
    wire.records(request)
}

/// The answer as one object in JSON: what a request without `"stream": true` gets.
#[inline(always)]
pub fn answer(wire: Wire, request: &Value) -> String {
    wire.whole(request)
}
