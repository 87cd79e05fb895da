//! Every bound of a run.

use crate::json;

/// Bounds that a run is begun with and keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Answers of the model.
    pub turns_max: u32,
    /// Calls in one of them.
    pub calls_per_turn_max: u32,
    /// Bad plans in a row that the model may mend.
    pub repairs_max: u32,
    /// One call's arguments, or a whole plan.
    pub arguments_bytes_max: u32,
    /// How deep they nest.
    pub depth_max: u32,
    /// One result; a longer one is cut, and says so.
    pub result_bytes_max: u32,
    /// What the model is told of the conversation, in bytes of text; the oldest turns are left out.
    pub history_bytes_max: u32,
    /// Calls that are proposed again although a person denied them; one more ends the run.
    pub denied_repeats_max: u32,
    /// How long a tool may take before nobody knows whether it happened.
    pub tool_timeout_ms: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            turns_max: 24,
            calls_per_turn_max: 16,
            repairs_max: 2,
            arguments_bytes_max: 64 * 1024,
            depth_max: 24,
            result_bytes_max: 64 * 1024,
            history_bytes_max: HISTORY_BYTES_MAX,
            denied_repeats_max: DENIED_REPEATS_MAX,
            tool_timeout_ms: 120_000,
        }
    }
}

/// About 64,000 tokens of English: half of what the smaller of today's hosted models take, so that
/// instructions, tools and the answer have room as well.
pub(crate) const HISTORY_BYTES_MAX: u32 = 256 * 1024;

/// A model that asks for the same a fourth time does not listen.
pub(crate) const DENIED_REPEATS_MAX: u32 = 2;

impl Limits {
    pub(crate) fn json(&self) -> json::Limits {
        json::Limits {
            bytes_max: self.arguments_bytes_max as usize,
            depth_max: self.depth_max as usize,
        }
    }
}
