//! The events of Anthropic Messages, in the order of
//! <https://platform.claude.com/docs/en/build-with-claude/streaming>: the message, each block from
//! its start over its deltas to its stop, the reason to stop, the end.

use serde_json::Value;

use super::{Answer, called, fill, gave, json, list, pieces, quoted, request, said};
use crate::reply::{Call, Reply};

pub(super) fn read(body: &Value) -> Value {
    let mut input = Vec::new();
    for message in list(&body["messages"]) {
        let role = message["role"].as_str().unwrap_or_default();
        if message["content"].is_string() {
            input.push(said(role, &message["content"]));
        }
        for block in list(&message["content"]) {
            match block["type"].as_str() {
                Some("text") => input.push(said(role, &block["text"])),
                Some("tool_use") => {
                    let arguments = json(&block["input"]).into();
                    input.push(called(&block["id"], &block["name"], arguments));
                }
                Some("tool_result") => {
                    input.push(gave(&block["tool_use_id"], &block["content"]));
                }
                _ => {}
            }
        }
    }
    let format = &body["output_config"]["format"];
    let schema = if format["type"] == "json_schema" {
        Some(format["schema"].clone())
    } else {
        // Where the provider takes no schema, it is in the instructions.
        let system = body["system"].as_str().unwrap_or_default();
        let words = system.rsplit_once("JSON Schema: ");
        words.and_then(|(_, schema)| serde_json::from_str(schema).ok())
    };
    request(input, list(&body["tools"]).to_vec(), schema)
}

pub(super) fn records(answer: &Answer<'_>) -> Vec<String> {
    let mut stream = Stream(Vec::new());
    let [input, output, _] = answer.tokens(&content(answer));
    let opening = message(answer, "", "null", &usage(&input, "1"));
    stream.push("message_start", &fill(r#""message":%"#, &[&opening]));
    stream.0.push("event: ping\ndata: {\"type\":\"ping\"}\n\n".to_owned());
    match &answer.reply {
        Reply::Text(text) => {
            let deltas = pieces(text).into_iter();
            let deltas = deltas.map(|piece| fill(r#""text_delta","text":%"#, &[&quoted(piece)]));
            stream.block(0, &fill(TEXT, &[r#""""#]), deltas);
        }
        Reply::Calls(calls) => {
            for (index, call) in calls.iter().enumerate() {
                // Providers begin with a piece of nothing.
                let deltas = [""].into_iter().chain(pieces(&call.arguments));
                let deltas = deltas
                    .map(|piece| fill(r#""input_json_delta","partial_json":%"#, &[&quoted(piece)]));
                stream.block(index, &block(answer, index, call, "{}"), deltas);
            }
        }
    }
    let delta = fill(
        r#""delta":{"stop_reason":%,"stop_sequence":null},"usage":{"output_tokens":%}"#,
        &[&quoted(stop(&answer.reply)), &output],
    );
    stream.push("message_delta", &delta);
    stream.0.push("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n".to_owned());
    stream.0
}

pub(super) fn whole(answer: &Answer<'_>) -> String {
    let content = content(answer);
    let [input, output, _] = answer.tokens(&content);
    message(answer, &content, &quoted(stop(&answer.reply)), &usage(&input, &output))
}

fn message(answer: &Answer<'_>, content: &str, stop: &str, usage: &str) -> String {
    fill(MESSAGE, &[&answer.turn.to_string(), &answer.model(), content, stop, usage])
}

fn content(answer: &Answer<'_>) -> String {
    match &answer.reply {
        Reply::Text(text) => fill(TEXT, &[&quoted(text)]),
        Reply::Calls(calls) => {
            let calls = calls.iter().enumerate();
            let block = |(index, call): (usize, &Call)| block(answer, index, call, &call.arguments);
            calls.map(block).collect::<Vec<_>>().join(",")
        }
    }
}

fn block(answer: &Answer<'_>, index: usize, call: &Call, input: &str) -> String {
    fill(CALL, &[&answer.id(index), call.tool, input])
}

fn stop(reply: &Reply) -> &'static str {
    if matches!(reply, Reply::Text(_)) { "end_turn" } else { "tool_use" }
}

fn usage(input: &str, output: &str) -> String {
    fill(USAGE, &[input, output])
}

struct Stream(Vec<String>);

impl Stream {
    fn block(&mut self, index: usize, block: &str, deltas: impl Iterator<Item = String>) {
        let index = index.to_string();
        self.push("content_block_start", &fill(r#""index":%,"content_block":%"#, &[&index, block]));
        for delta in deltas {
            let fields = fill(r#""index":%,"delta":{"type":%}"#, &[&index, &delta]);
            self.push("content_block_delta", &fields);
        }
        self.push("content_block_stop", &fill(r#""index":%"#, &[&index]));
    }

    fn push(&mut self, kind: &str, fields: &str) {
        self.0.push(fill("event: %\ndata: {\"type\":\"%\",%}\n\n", &[kind, kind, fields]));
    }
}

const MESSAGE: &str = r#"{"id":"msg_%","type":"message","role":"assistant","model":%,"content":[%],"stop_reason":%,"stop_sequence":null,"usage":%}"#;

const TEXT: &str = r#"{"type":"text","text":%}"#;

const CALL: &str = r#"{"type":"tool_use","id":"toolu_%","name":"%","input":%}"#;

const USAGE: &str = r#"{"input_tokens":%,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":%}"#;
