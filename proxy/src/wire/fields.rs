//! The fields that may stand in a request, from the providers' own references.
//!
//! Left out on purpose, because one key serves every caller: what names another model and so goes
//! around the list of models (`fallbacks`), what goes on after the caller has left (`background`),
//! what belongs to the account and not to the request (`workspace_id`, `conversation`), and servers
//! that the provider is to call (`mcp_servers`). `HOLDPOINT_EXTRA_FIELDS` lets any of them pass.

/// What the value of a field must be; `null` is always one, and stands for absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Flag,
    Whole,
    Number,
    List,
    Object,
    TextOrList,
    TextOrObject,
}

impl Kind {
    /// The types of JSON that fit, in the words of JSON Schema.
    pub(crate) fn types(self) -> &'static [&'static str] {
        match self {
            Kind::Text => &["string"],
            Kind::Flag => &["boolean"],
            Kind::Whole => &["integer"],
            Kind::Number => &["number"],
            Kind::List => &["array"],
            Kind::Object => &["object"],
            Kind::TextOrList => &["string", "array"],
            Kind::TextOrObject => &["string", "object"],
        }
    }

    /// Whether a value fits, which is known to be JSON.
    pub(crate) fn fits(self, value: &str) -> bool {
        let found = match value.as_bytes().first() {
            Some(b'n') => return true,
            Some(b'"') => "string",
            Some(b't' | b'f') => "boolean",
            Some(b'[') => "array",
            Some(b'{') => "object",
            _ if value.contains(['.', 'e', 'E']) => "number",
            _ => "integer",
        };
        let types = self.types();
        types.contains(&found) || found == "integer" && types.contains(&"number")
    }
}

type Fields = &'static [(Kind, &'static [&'static str])];

pub(super) const COMMON: Fields = &[
    (Kind::Text, &["model", "service_tier"]),
    (Kind::Flag, &["stream"]),
    (Kind::Number, &["temperature", "top_p"]),
    (Kind::List, &["tools"]),
    (Kind::Object, &["metadata"]),
    (Kind::TextOrObject, &["tool_choice"]),
];

pub(super) const RESPONSES: Fields = &[
    (Kind::TextOrList, &["input"]),
    (
        Kind::Text,
        &[
            "instructions",
            "previous_response_id",
            "prompt_cache_key",
            "prompt_cache_retention",
            "safety_identifier",
            "truncation",
            "user",
        ],
    ),
    (Kind::Flag, &["parallel_tool_calls", "store"]),
    (Kind::Whole, &["max_output_tokens", "max_tool_calls", "top_logprobs"]),
    (Kind::List, &["context_management", "include"]),
    (
        Kind::Object,
        &["moderation", "prompt", "prompt_cache_options", "reasoning", "stream_options", "text"],
    ),
];

pub(super) const CHAT: Fields = &[
    (Kind::List, &["functions", "messages", "modalities"]),
    (
        Kind::Text,
        &[
            "prompt_cache_key",
            "prompt_cache_retention",
            "reasoning_effort",
            "safety_identifier",
            "user",
            "verbosity",
        ],
    ),
    (Kind::Flag, &["logprobs", "parallel_tool_calls", "store"]),
    (Kind::Whole, &["max_completion_tokens", "max_tokens", "n", "seed", "top_logprobs"]),
    (Kind::Number, &["frequency_penalty", "presence_penalty"]),
    (
        Kind::Object,
        &[
            "audio",
            "logit_bias",
            "moderation",
            "prediction",
            "prompt_cache_options",
            "response_format",
            "stream_options",
            "web_search_options",
        ],
    ),
    (Kind::TextOrList, &["stop"]),
    (Kind::TextOrObject, &["function_call"]),
];

pub(super) const MESSAGES: Fields = &[
    (Kind::List, &["messages", "stop_sequences"]),
    (Kind::Whole, &["max_tokens", "top_k"]),
    (Kind::TextOrList, &["system"]),
    (Kind::Text, &["inference_geo", "speed"]),
    (
        Kind::Object,
        &["cache_control", "context_management", "diagnostics", "output_config", "thinking"],
    ),
    (Kind::TextOrObject, &["container"]),
];
