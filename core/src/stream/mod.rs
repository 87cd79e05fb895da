//! What is said to a model's provider, and how its streamed answer becomes a
//! [`ModelResponse`].
//!
//! This room turns bytes into messages and back. It opens no connection, and it does not know
//! which tools there are: the calls it reports are as untrusted as the bytes.
//!
//! Each provider's format is a module with a function that writes a request and a type that takes
//! events; [`Api`] and [`Assembler`] choose between them.

mod chat;
mod messages;
mod responses;
pub mod sse;
mod value;

use serde_json::Value;

use self::sse::{SseDecoder, SseEvent};
use crate::json::{self, canonical};
use crate::message::{Item, ModelRequest, ModelResponse};

/// A wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Api {
    /// [OpenAI Responses](https://platform.openai.com/docs/api-reference/responses).
    Responses,
    /// [OpenAI Chat Completions](https://platform.openai.com/docs/api-reference/chat), which most
    /// other servers speak too.
    Chat,
    /// [Anthropic Messages](https://platform.claude.com/docs/en/api/messages).
    Messages,
}

impl Api {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Responses, Self::Chat, Self::Messages];

    /// The one of that name: `responses`, `chat` or `messages`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|api| api.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Responses => "responses",
            Self::Chat => "chat",
            Self::Messages => "messages",
        }
    }

    /// Where requests go, below the endpoint.
    pub fn path(self) -> &'static str {
        match self {
            Self::Chat => "chat/completions",
            other => other.name(),
        }
    }

    /// The JSON body that asks for a streamed answer which the provider does not keep.
    ///
    /// What a provider of another format has said is told by its [`Part`](crate::message::Part)s.
    pub fn request(self, request: &ModelRequest) -> Value {
        match self {
            Self::Responses => responses::request(request),
            Self::Chat => chat::request(request),
            Self::Messages => messages::request(request),
        }
    }

    /// A provider's form of an item, marked as this format's. An item of Responses has a `type`,
    /// which marks it well enough.
    fn wrap(self, raw: Value) -> Value {
        value::object_of(vec![(self.name(), raw)])
    }

    /// The provider's form of an item, if the item is of this format.
    fn own(self, item: &Item) -> Option<&Value> {
        let raw = item.raw.as_ref()?;
        match (self, raw.get("type")) {
            (Self::Responses, typed) => typed.map(|_| raw),
            (_, Some(_)) => None,
            (_, None) => raw.get(self.name()),
        }
    }
}

/// Something to show while an answer is still arriving.
///
/// Never to be acted upon: what the model said is in the [`ModelResponse`], which takes the place
/// of everything shown before it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delta {
    /// More of the text.
    Text(String),
    /// More of the words in which the model declines.
    Refusal(String),
    /// A tool call has begun; its arguments are still being written.
    Call {
        /// Tells it from the other calls of the answer, and grows from one to the next.
        index: usize,
        /// The name of the tool, as the model wrote it.
        name: String,
    },
}

/// Why a stream gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The stream stopped before the event that ends an answer.
    #[error("the stream ended before the answer did")]
    Interrupted,
    /// There was something else than events, such as a web page.
    #[error("expected an event stream, found something else")]
    NotEventStream,
    /// An event does not follow the wire format.
    #[error("expected an event of the wire format, found one with {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// The provider reported an error in the middle of the stream.
    #[error("the model's provider reported {code}: {message}")]
    Upstream {
        /// The provider's code.
        code: String,
        /// The provider's words.
        message: String,
    },
    /// An event, or the answer as a whole, is longer than anything an answer needs.
    #[error("expected at most {bytes_max} bytes, found more")]
    TooLong {
        /// The bound that was passed.
        bytes_max: usize,
    },
}

impl StreamError {
    /// A name for the kind of error that stays the same between versions.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Interrupted => "stream_interrupted",
            Self::NotEventStream => "not_event_stream",
            Self::Malformed { .. } => "malformed_stream",
            Self::Upstream { .. } => "upstream_error",
            Self::TooLong { .. } => "stream_too_long",
        }
    }

    /// The error that a provider's JSON tells of, if it tells of one.
    ///
    /// Serves an event as well as the body of an answer with a bad status.
    pub fn upstream(body: &Value) -> Option<Self> {
        match body.get("error") {
            Some(error) if is_truthy(error) => Some(reported(error)),
            _ if body.get("type")?.as_str()? == "error" => Some(reported(body)),
            _ => None,
        }
    }
}

/// Puts an answer together from the bytes of its stream.
///
/// The same bytes give the same answer and, joined, the same deltas, wherever they are cut.
///
/// # Examples
///
/// ```
/// # use holdpoint_core::stream::{Api, Assembler, Delta, StreamError};
/// let mut assembler = Assembler::new(Api::Responses);
/// let deltas = assembler.push(
///     b"data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"Hi\"}\n\n",
/// )?;
/// assert_eq!(deltas, [Delta::Text("Hi".to_owned())]);
/// // The connection breaks: nothing was answered.
/// assert_eq!(assembler.finish(), Err(StreamError::Interrupted));
/// # Ok::<(), StreamError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Assembler {
    decoder: SseDecoder,
    answer: Answer,
    events: usize,
    bytes: usize,
    outcome: Option<Result<ModelResponse, StreamError>>,
}

impl Assembler {
    /// An assembler that waits for the first byte.
    pub fn new(api: Api) -> Self {
        let answer = match api {
            Api::Responses => Answer::Responses(responses::Answer::default()),
            Api::Chat => Answer::Chat(chat::Answer::default()),
            Api::Messages => Answer::Messages(messages::Answer::default()),
        };
        Self { decoder: SseDecoder::default(), answer, events: 0, bytes: 0, outcome: None }
    }

    /// Takes the next bytes and gives what they add to the display.
    ///
    /// Bytes after the end of the answer are ignored.
    ///
    /// # Errors
    ///
    /// Any [`StreamError`] but [`StreamError::NotEventStream`]. It is final: every later call
    /// reports it again. Where something to show came before it, that is given first, and the
    /// error by the next call.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Delta>, StreamError> {
        let mut deltas = Vec::new();
        if self.outcome.is_none() {
            self.decoder.push(bytes);
            self.drain(&mut deltas);
        }
        match &self.outcome {
            Some(Err(error)) if deltas.is_empty() => Err(error.clone()),
            _ => Ok(deltas),
        }
    }

    /// Whether the answer has ended, well or badly, so that no more bytes need to be read.
    pub fn is_done(&self) -> bool {
        self.outcome.is_some()
    }

    /// Ends the stream and gives the answer.
    ///
    /// # Errors
    ///
    /// - [`StreamError::Interrupted`]: the event that ends an answer never arrived, as when the
    ///   connection broke.
    /// - [`StreamError::NotEventStream`]: nothing in the stream was an event, as when a web page
    ///   was sent in its place.
    /// - What [`Assembler::push`] has reported.
    pub fn finish(mut self) -> Result<ModelResponse, StreamError> {
        if self.outcome.is_none() {
            self.decoder.end();
            self.drain(&mut Vec::new());
            // An event that was cut in the middle looks malformed, but it is only cut.
            self.outcome.take_if(|outcome| matches!(outcome, Err(StreamError::Malformed { .. })));
        }
        let is_stream = self.events > 0 || !self.decoder.is_foreign();
        self.outcome.unwrap_or_else(|| match self.answer.done() {
            Err(StreamError::Interrupted) if !is_stream => Err(StreamError::NotEventStream),
            outcome => outcome,
        })
    }

    fn drain(&mut self, deltas: &mut Vec<Delta>) {
        while self.outcome.is_none() {
            self.outcome = match self.decoder.next() {
                Ok(None) => return,
                Ok(Some(event)) => self.take(&event, deltas).transpose(),
                Err(error) => Some(Err(error)),
            };
        }
    }

    fn take(
        &mut self,
        event: &SseEvent,
        deltas: &mut Vec<Delta>,
    ) -> Result<Option<ModelResponse>, StreamError> {
        self.events += 1;
        self.bytes += event.data.len();
        if self.bytes > ANSWER_BYTES_MAX {
            return Err(StreamError::TooLong { bytes_max: ANSWER_BYTES_MAX });
        }
        if event.data.is_empty() {
            return Ok(None);
        }
        if event.data == "[DONE]" {
            return self.answer.done().map(Some);
        }
        match (&mut self.answer, parse(event)) {
            (Answer::Responses(_), Err(StreamError::Malformed { .. }))
                if responses::is_delta(&event.data) =>
            {
                Ok(None)
            }
            (Answer::Responses(answer), body) => answer.take(body?, deltas),
            (Answer::Chat(answer), body) => answer.take(body?, deltas).map(|()| None),
            (Answer::Messages(answer), body) => {
                let is_last = answer.take(&event.data, body?, deltas)?;
                is_last.then(|| answer.end()).transpose()
            }
        }
    }
}

/// What is known of an answer, in one wire format.
#[derive(Clone, Debug)]
enum Answer {
    Responses(responses::Answer),
    Chat(chat::Answer),
    Messages(messages::Answer),
}

impl Answer {
    /// The answer at the end of the stream. But for Chat Completions an event of its own must have
    /// said that the answer is whole; some gateways write `[DONE]` in other formats too.
    fn done(&mut self) -> Result<ModelResponse, StreamError> {
        match self {
            Self::Chat(answer) => answer.end(),
            Self::Responses(_) | Self::Messages(_) => Err(StreamError::Interrupted),
        }
    }
}

/// The JSON of an event that does not report an error.
fn parse(event: &SseEvent) -> Result<Value, StreamError> {
    let body = json::read(&event.data).map_err(|fault| StreamError::Malformed {
        reason: ["bad JSON: ", &fault.message].concat(),
    })?;
    match StreamError::upstream(&body) {
        Some(error) => Err(error),
        None if event.event == "error" => Err(reported(&body)),
        None => Ok(body),
    }
}

fn reported(error: &Value) -> StreamError {
    let code = ["code", "type"].into_iter().find_map(|key| match error.get(key)? {
        Value::String(code) => Some(code.clone()),
        Value::Number(_) => Some(canonical(error.get(key)?)),
        _ => None,
    });
    let message = error.get("message").unwrap_or(error).as_str().unwrap_or_default();
    StreamError::Upstream {
        code: code.unwrap_or_else(|| "error".to_owned()),
        message: message.to_owned(),
    }
}

/// Whether JavaScript would take the value for true, as providers' own clients do.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(value) => value.as_f64() != Some(0.0),
        Value::String(value) => !value.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// The longest stream that is taken, counted by its data; several times the longest answer that
/// models give today.
pub const ANSWER_BYTES_MAX: usize = 64 << 20;
