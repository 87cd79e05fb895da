//! The wire formats as far as a proxy must know them: where each lies, which fields its requests
//! have, and how its streams end with an error.

mod fields;

use serde_json::json;

use crate::error::ProxyError;

pub(crate) use fields::Kind;

/// One of the three ways to ask a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wire {
    /// OpenAI Responses.
    Responses,
    /// OpenAI Chat Completions, which most other servers speak too.
    Chat,
    /// Anthropic Messages.
    Messages,
}

impl Wire {
    pub(crate) const ALL: [Wire; 3] = [Wire::Responses, Wire::Chat, Wire::Messages];

    /// The path below an upstream's base URL, and below `/v1/` here.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Wire::Responses => "responses",
            Wire::Chat => "chat/completions",
            Wire::Messages => "messages",
        }
    }

    /// What a field of a request must be, if it is one that may pass.
    pub(crate) fn kind(self, field: &str) -> Option<Kind> {
        let own = self.fields().iter().chain(fields::COMMON);
        own.flat_map(|(kind, names)| names.iter().map(|name| (*name, *kind)))
            .find(|(name, _)| *name == field)
            .map(|(_, kind)| kind)
    }

    /// Every field that may pass, by what it must be.
    pub(crate) fn fields(self) -> &'static [(Kind, &'static [&'static str])] {
        match self {
            Wire::Responses => fields::RESPONSES,
            Wire::Chat => fields::CHAT,
            Wire::Messages => fields::MESSAGES,
        }
    }

    /// The fields that every wire format has.
    pub(crate) fn common_fields() -> &'static [(Kind, &'static [&'static str])] {
        fields::COMMON
    }

    /// The event with which a stream ends before its time: each format's clients raise it as an
    /// error, and none takes it for an answer.
    pub(crate) fn terminal_event(self, error: &ProxyError) -> String {
        let (code, kind, message) = (error.code(), error.kind(), error.to_string());
        let detail = json!({ "type": kind, "code": code, "message": message });
        match self {
            // OpenAI's own event has its fields at the top; its clients raise what has an `error`.
            Wire::Responses => {
                let event = json!({
                    "type": "error", "code": code, "message": message, "param": null,
                    "sequence_number": 0, "error": detail,
                });
                format!("event: error\ndata: {event}\n\n")
            }
            Wire::Chat => format!("data: {}\n\n", json!({ "error": detail })),
            Wire::Messages => {
                format!("event: error\ndata: {}\n\n", json!({ "type": "error", "error": detail }))
            }
        }
    }
}
