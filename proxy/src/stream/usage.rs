//! What an answer took, read from a copy of its bytes while they pass.

use std::net::IpAddr;
use std::sync::Arc;

use serde::Deserialize;

use crate::caller::CallerId;
use crate::limits::{Budget, Permit};
use crate::metrics::Metrics;
use crate::wire::Wire;

/// Tokens in and out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) input: u64,
    pub(crate) output: u64,
}

/// One answer's account. When it is dropped, for whatever reason the answer ended, what the answer
/// took is charged to the caller, and its place among the answers under way is free.
pub(crate) struct Account {
    pub(crate) wire: Wire,
    pub(crate) caller: CallerId,
    pub(crate) budget: Option<Arc<Budget>>,
    pub(crate) metrics: Arc<Metrics>,
    /// Held until the answer has ended.
    pub(crate) _permits: (Permit<IpAddr>, Permit<CallerId>),
    /// The size of the request.
    pub(crate) asked_bytes: u64,
    pub(crate) seen: Seen,
}

/// What an answer has shown of itself so far.
#[derive(Default)]
pub(crate) struct Seen {
    usage: Usage,
    /// Events of a stream, of which each has about one token.
    events: u64,
    bytes_whole: u64,
    ended: bool,
    /// The line of events, or the pieces of a whole answer, that may still say what it took.
    rest: Vec<u8>,
}

impl Seen {
    /// Reads a piece of a stream of events.
    pub(super) fn events(&mut self, bytes: &[u8]) {
        let mut lines = bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r'));
        if !self.rest.is_empty()
            && let Some(rest) = lines.next()
        {
            self.keep(rest);
            if !ends_line(rest) {
                return;
            }
            let line = std::mem::take(&mut self.rest);
            self.line(&line);
        }
        for line in lines {
            if ends_line(line) {
                self.line(line);
            } else {
                self.keep(line);
            }
        }
    }

    /// Reads a piece of an answer that comes whole.
    pub(super) fn whole(&mut self, bytes: &[u8]) {
        self.bytes_whole += bytes.len() as u64;
        self.keep(bytes);
    }

    /// Says that the answer came to its end.
    pub(super) fn end(&mut self) {
        self.ended = true;
        if self.bytes_whole > 0 {
            let whole = std::mem::take(&mut self.rest);
            self.json(&whole);
        }
    }

    /// Keeps a piece for later. A line that is too long is forgotten, and its answer estimated.
    fn keep(&mut self, bytes: &[u8]) {
        if self.rest.len() + bytes.len() <= KEPT_BYTES_MAX {
            self.rest.extend_from_slice(bytes);
        }
    }

    fn line(&mut self, line: &[u8]) {
        let Some(json) = line.strip_prefix(b"data:") else { return };
        self.events += 1;
        // Most lines are a word of the answer, and are not worth a parser.
        if memchr::memmem::find(json, b"\"usage\"").is_some() {
            self.json(json);
        }
    }

    fn json(&mut self, json: &[u8]) {
        let Ok(said) = serde_json::from_slice::<Said>(json) else { return };
        let inner = [said.response, said.message].into_iter().flatten().map(|inner| inner.usage);
        for tokens in inner.chain([said.usage]).flatten() {
            // A later event repeats what an earlier one said, or says more.
            self.usage.input = self.usage.input.max(tokens.input());
            self.usage.output = self.usage.output.max(tokens.output());
        }
    }
}

impl Account {
    /// What the answer took: as it said itself, else estimated. Who leaves before an answer says
    /// what it took has not got it for nothing.
    fn usage(&self) -> Usage {
        let Usage { mut input, mut output } = self.seen.usage;
        if input == 0 {
            input = self.asked_bytes / BYTES_PER_TOKEN;
        }
        if output == 0 || !self.seen.ended {
            output = output.max(self.seen.events + self.seen.bytes_whole / BYTES_PER_TOKEN);
        }
        let usage = Usage { input, output };
        if usage != self.seen.usage {
            self.metrics.estimated(self.wire);
        }
        usage
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let usage = self.usage();
        self.metrics.ended(self.wire, usage);
        if let Some(budget) = &self.budget {
            budget.charge(&self.caller, usage.input.saturating_add(usage.output));
        }
    }
}

/// Where the three wire formats say it.
#[derive(Deserialize)]
struct Said {
    usage: Option<Tokens>,
    response: Option<Inner>,
    message: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    usage: Option<Tokens>,
}

/// Each format has names of its own; some servers give both. Anthropic counts what was cached
/// apart from the input.
#[derive(Deserialize)]
struct Tokens {
    input_tokens: Option<u64>,
    prompt_tokens: Option<u64>,
    output_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
}

impl Tokens {
    fn input(&self) -> u64 {
        let input = self.input_tokens.max(self.prompt_tokens);
        let parts = [input, self.cache_creation_input_tokens, self.cache_read_input_tokens];
        parts.into_iter().flatten().fold(0, u64::saturating_add)
    }

    fn output(&self) -> u64 {
        self.output_tokens.max(self.completion_tokens).unwrap_or_default()
    }
}

fn ends_line(bytes: &[u8]) -> bool {
    matches!(bytes.last(), Some(b'\n' | b'\r'))
}

/// The last event of a long answer repeats all of it.
const KEPT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// English has about four.
const BYTES_PER_TOKEN: u64 = 4;
