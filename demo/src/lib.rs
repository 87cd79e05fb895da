//! A deterministic stand-in for a language model, at home in the demo bank.
//!
//! It reads an OpenAI **Responses** request as a model would (the person's last message, the tools
//! on offer, the results so far) and answers with the server-sent events of that API, so that the
//! demo, the tests and the page without a network run the same path as a real provider. It knows
//! no clock, no chance and no I/O; the caller paces the records. It shares no code with the
//! decoder that reads them: each checks the other.
//!
//! # What it understands
//!
//! - `check_balance`, `deposit(amount)` and `transfer(amount, recipient)`, alone or joined: "check
//!   my balance and transfer 50 to Alice", "send $500 to alice", "transfer 500 to Alice and 30 to
//!   Bob". A part that is missing is asked for. A tool that the request does not offer is not
//!   called.
//! - Results of calls (`function_call_output` items, or a message that begins with "Results of the
//!   plan"): it says what happened, and never calls a thing done that was denied or is unknown.
//! - With a `json_schema` format it answers with one plan,
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
//! let request = serde_json::json!({
//!     "model": "stand-in",
//!     "input": [{ "role": "user", "content": "transfer 500 to Alice" }],
//!     "tools": [{ "type": "function", "name": "transfer" }],
//! });
//! let records = holdpoint_demo::respond(&request);
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

use conversation::Conversation;
use serde_json::Value;
use wire::Answer;

/// The answer as server-sent events, one record (`event: …`, `data: …`, a blank line) per string.
///
/// The last record is always `response.completed`. A request that makes no sense is answered like
/// small talk, never with a panic.
pub fn respond(request: &Value) -> Vec<String> {
    answer_to(request).records()
}

/// The answer as one response object in JSON: what a request without `"stream": true` gets.
pub fn answer(request: &Value) -> String {
    answer_to(request).completed()
}

fn answer_to(request: &Value) -> Answer<'_> {
    let conversation = Conversation::read(request);
    Answer { request, turn: conversation.items, reply: reply::to(&conversation) }
}
