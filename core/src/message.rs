//! What is said between person, model and tools, in no provider's format.

use serde_json::Value;

/// One entry of the conversation as the model sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// The person's words.
    User(String),
    /// What Holdpoint itself tells the model: a report on a bad plan, the results of a plan.
    Notice(String),
    /// What the model answered, in its own order.
    Assistant(Vec<Item>),
    /// The answer to one tool call.
    Result {
        /// The provider's id of the call.
        call: String,
        /// What the model reads.
        output: String,
    },
}

/// One piece of a model's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What we understood of it.
    pub part: Part,
    /// The provider's own form, as [`crate::stream`] has marked it: sent back unchanged in the next
    /// turn, to a provider of the same wire format.
    pub raw: Option<Value>,
}

/// The kinds of [`Item`] that Holdpoint understands.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text for the person, or the JSON of a plan.
    Text(String),
    /// The model declined, in its words.
    Refusal(String),
    /// A tool call; untrusted.
    Call(ToolCall),
    /// Something of the provider's, such as reasoning; kept only to be sent back.
    Other,
}

/// What the model asked for; untrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// The provider's id; unique in a turn if the provider behaves.
    pub id: String,
    /// The name of a tool, if there is one of that name.
    pub name: String,
    /// The arguments as the model wrote them: JSON text, or not.
    pub arguments: String,
}

/// One question to the model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelRequest {
    /// The provider's name of the model.
    pub model: String,
    /// The system prompt.
    pub instructions: String,
    /// The conversation so far, oldest first.
    pub messages: Vec<Message>,
    /// Functions that the model may call; empty in plan mode.
    pub tools: Vec<Function>,
    /// The form the answer must have, in plan mode.
    pub format: Option<Format>,
}

/// A tool as the model is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// The JSON Schema of its arguments.
    pub parameters: Value,
    /// Whether `parameters` follows the rules of strict mode.
    pub strict: bool,
}

/// A JSON Schema that the whole answer must follow.
#[derive(Clone, Debug, PartialEq)]
pub struct Format {
    /// A name for the provider.
    pub name: String,
    /// The schema.
    pub schema: Value,
    /// Whether `schema` follows the rules of strict mode.
    pub strict: bool,
}

/// One whole answer of the model: its stream ended as it should.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelResponse {
    /// What it said and asked for, in its order.
    pub items: Vec<Item>,
    /// How it ended.
    pub finish: Finish,
    /// What it cost, if the provider says.
    pub usage: Option<Usage>,
}

impl ModelResponse {
    /// The text parts, joined.
    pub fn text(&self) -> String {
        self.items
            .iter()
            .filter_map(|item| match &item.part {
                Part::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The last text part: a plan's JSON, which a commentary may come before.
    pub fn last_text(&self) -> &str {
        self.items
            .iter()
            .rev()
            .find_map(|item| match &item.part {
                Part::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .unwrap_or_default()
    }

    /// The model's words if it declined.
    pub fn refusal(&self) -> Option<&str> {
        self.items.iter().find_map(|item| match &item.part {
            Part::Refusal(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The tool calls, in the model's order.
    pub fn calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.items.iter().filter_map(|item| match &item.part {
            Part::Call(call) => Some(call),
            _ => None,
        })
    }
}

/// How an answer ended. Only [`Finish::Complete`] is ever acted upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The model said all that it wanted to say.
    Complete,
    /// The provider took a break in a long turn; asked again with what it has said, it goes on.
    Paused,
    /// It was cut short, with the provider's reason, such as `max_output_tokens`.
    Incomplete(String),
    /// The provider gave up in the middle.
    Failed {
        /// The provider's code.
        code: String,
        /// The provider's words.
        message: String,
    },
}

/// Tokens of one turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens read by the model.
    pub input: u64,
    /// Tokens written by it.
    pub output: u64,
}
