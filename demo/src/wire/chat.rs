//! The chunks of OpenAI Chat Completions, as
//! <https://platform.openai.com/docs/api-reference/chat-streaming> has them: the role, the deltas,
//! the reason to finish, the usage if it was asked for, `[DONE]`.

use serde_json::Value;

use super::{Answer, called, fill, gave, list, pieces, quoted, request, said};
use crate::conversation::paragraphs;
use crate::reply::{Call, Reply};

pub(super) fn read(body: &Value) -> Value {
    let mut input = Vec::new();
    for message in list(&body["messages"]) {
        let (role, content) = (message["role"].as_str().unwrap_or_default(), &message["content"]);
        match role {
            "tool" => input.push(gave(&message["tool_call_id"], content)),
            "user" if content.is_string() => {
                let words = paragraphs(content.as_str().unwrap_or_default());
                input.extend(words.into_iter().map(|words| said(role, &words.into())));
            }
            _ if !content.is_null() => input.push(said(role, content)),
            _ => {}
        }
        for call in list(&message["tool_calls"]) {
            let function = &call["function"];
            input.push(called(&call["id"], &function["name"], function["arguments"].clone()));
        }
    }
    let tools = list(&body["tools"]).iter().map(|tool| tool["function"].clone()).collect();
    let format = &body["response_format"];
    let schema = (format["type"] == "json_schema").then(|| format["json_schema"]["schema"].clone());
    request(input, tools, schema)
}

pub(super) fn records(answer: &Answer<'_>) -> Vec<String> {
    let mut stream = Stream { answer, records: Vec::new() };
    stream.delta(r#""role":"assistant","content":%"#, &[content(&answer.reply, r#""""#)]);
    match &answer.reply {
        Reply::Text(text) => {
            for piece in pieces(text) {
                stream.delta(r#""content":%"#, &[&quoted(piece)]);
            }
        }
        Reply::Calls(calls) => {
            for (index, call) in calls.iter().enumerate() {
                let place = index.to_string();
                let opening = fill(CALL, &[&answer.id(index), call.tool, r#""""#]);
                stream.delta(r#""tool_calls":[{"index":%,%}]"#, &[&place, &opening]);
                for piece in pieces(&call.arguments) {
                    const MORE: &str = r#""tool_calls":[{"index":%,"function":{"arguments":%}}]"#;
                    stream.delta(MORE, &[&place, &quoted(piece)]);
                }
            }
        }
    }
    let finish = quoted(finish(&answer.reply));
    stream.chunk(
        &fill(r#"{"index":0,"delta":{},"logprobs":null,"finish_reason":%}"#, &[&finish]),
        "null",
    );
    if answer.request["stream_options"]["include_usage"] == true {
        stream.chunk("", &usage(answer));
    }
    stream.records.push("data: [DONE]\n\n".to_owned());
    stream.records
}

pub(super) fn whole(answer: &Answer<'_>) -> String {
    let finish = quoted(finish(&answer.reply));
    let choice = fill(CHOICE, &[&message(&answer.reply, answer), &finish]);
    let parts = [&*answer.turn.to_string(), &answer.model(), &choice, &usage(answer)];
    fill(COMPLETION, &parts)
}

fn message(reply: &Reply, answer: &Answer<'_>) -> String {
    match reply {
        Reply::Text(text) => fill(MESSAGE, &[&quoted(text), ""]),
        Reply::Calls(calls) => {
            let call = |(index, call): (usize, &Call)| {
                let filled = fill(CALL, &[&answer.id(index), call.tool, &quoted(&call.arguments)]);
                fill("{%}", &[&filled])
            };
            let calls = calls.iter().enumerate().map(call).collect::<Vec<_>>().join(",");
            fill(MESSAGE, &["null", &fill(r#","tool_calls":[%]"#, &[&calls])])
        }
    }
}

fn content<'a>(reply: &Reply, text: &'a str) -> &'a str {
    if matches!(reply, Reply::Text(_)) { text } else { "null" }
}

fn finish(reply: &Reply) -> &'static str {
    if matches!(reply, Reply::Text(_)) { "stop" } else { "tool_calls" }
}

fn usage(answer: &Answer<'_>) -> String {
    let [input, output, total] = answer.tokens(&message(&answer.reply, answer));
    fill(USAGE, &[&input, &output, &total])
}

struct Stream<'a> {
    answer: &'a Answer<'a>,
    records: Vec<String>,
}

impl Stream<'_> {
    fn delta(&mut self, template: &str, parts: &[&str]) {
        const CHOICE: &str = r#"{"index":0,"delta":{%},"logprobs":null,"finish_reason":null}"#;
        self.chunk(&fill(CHOICE, &[&fill(template, parts)]), "null");
    }

    fn chunk(&mut self, choices: &str, usage: &str) {
        let turn = self.answer.turn.to_string();
        self.records.push(fill(CHUNK, &[&turn, &self.answer.model(), choices, usage]));
    }
}

const CHUNK: &str = "data: {\"id\":\"chatcmpl-%\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":%,\"choices\":[%],\"usage\":%}\n\n";

const COMPLETION: &str = r#"{"id":"chatcmpl-%","object":"chat.completion","created":0,"model":%,"choices":[%],"usage":%}"#;

const CHOICE: &str = r#"{"index":0,"message":%,"logprobs":null,"finish_reason":%}"#;

const MESSAGE: &str = r#"{"role":"assistant","content":%,"refusal":null%}"#;

const CALL: &str = r#""id":"call_%","type":"function","function":{"name":"%","arguments":%}"#;

const USAGE: &str = r#"{"prompt_tokens":%,"completion_tokens":%,"total_tokens":%}"#;
