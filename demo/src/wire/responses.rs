//! The events of the OpenAI Responses API, in the order of
//! <https://platform.openai.com/docs/api-reference/responses-streaming>: created, in progress, each
//! item from its opening over its deltas to its end, completed.

use super::{Answer, fill, pieces, quoted};
use crate::reply::{Call, Reply};

/// A response object.
pub(super) struct Response<'a>(pub(super) &'a Answer<'a>);

impl Response<'_> {
    pub(super) fn completed(&self) -> String {
        let items = match &self.0.reply {
            Reply::Text(text) => self.message("completed", &fill(PART, &[&quoted(text)])),
            Reply::Calls(calls) => {
                let items = calls.iter().enumerate();
                let item = |(index, call)| self.call(index, call, "completed", &call.arguments);
                items.map(item).collect::<Vec<_>>().join(",")
            }
        };
        let [input, output, total] = self.0.tokens(&items);
        let usage = fill(USAGE, &[&input, &output, &total]);
        self.response("completed", &items, &usage)
    }

    pub(super) fn records(&self) -> Vec<String> {
        let mut stream = Stream { records: Vec::new() };
        let opening = [r#""response":"#, &self.response("in_progress", "", "null")].concat();
        stream.push("response.created", &opening);
        stream.push("response.in_progress", &opening);
        match &self.0.reply {
            Reply::Text(text) => self.stream_message(&mut stream, text),
            Reply::Calls(calls) => {
                for (index, call) in calls.iter().enumerate() {
                    self.stream_call(&mut stream, index, call);
                }
            }
        }
        let closing = [r#""response":"#, &self.completed()].concat();
        stream.push("response.completed", &closing);
        stream.records
    }

    fn stream_message(&self, stream: &mut Stream, text: &str) {
        let turn = self.0.turn.to_string();
        let place = fill(r#""item_id":"msg_%_0","output_index":0,"content_index":0"#, &[&turn]);
        let full = quoted(text);
        let part = fill(PART, &[&full]);

        stream.item("added", "0", &self.message("in_progress", ""));
        let empty = fill(r#"%,"part":%"#, &[&place, &fill(PART, &[r#""""#])]);
        stream.push("response.content_part.added", &empty);
        for piece in pieces(text) {
            let delta = fill(r#"%,"delta":%,"logprobs":[]"#, &[&place, &quoted(piece)]);
            stream.push("response.output_text.delta", &delta);
        }
        let done = fill(r#"%,"text":%,"logprobs":[]"#, &[&place, &full]);
        stream.push("response.output_text.done", &done);
        stream.push("response.content_part.done", &fill(r#"%,"part":%"#, &[&place, &part]));
        stream.item("done", "0", &self.message("completed", &part));
    }

    fn stream_call(&self, stream: &mut Stream, index: usize, call: &Call) {
        let (turn, place) = (self.0.turn.to_string(), index.to_string());
        let id = fill(r#""item_id":"fc_%_%","output_index":%"#, &[&turn, &place, &place]);

        stream.item("added", &place, &self.call(index, call, "in_progress", ""));
        for piece in pieces(&call.arguments) {
            let delta = fill(r#"%,"delta":%"#, &[&id, &quoted(piece)]);
            stream.push("response.function_call_arguments.delta", &delta);
        }
        let done = fill(r#"%,"arguments":%"#, &[&id, &quoted(&call.arguments)]);
        stream.push("response.function_call_arguments.done", &done);
        stream.item("done", &place, &self.call(index, call, "completed", &call.arguments));
    }

    fn response(&self, status: &str, items: &str, usage: &str) -> String {
        fill(RESPONSE, &[&self.0.turn.to_string(), status, &self.0.model(), items, usage])
    }

    fn message(&self, status: &str, part: &str) -> String {
        fill(MESSAGE, &[&self.0.turn.to_string(), status, part])
    }

    fn call(&self, index: usize, call: &Call, status: &str, arguments: &str) -> String {
        let id = [&*self.0.turn.to_string(), "_", &*index.to_string()].concat();
        fill(CALL, &[&id, &id, call.tool, &quoted(arguments), status])
    }
}

const RESPONSE: &str = r#"{"id":"resp_%","object":"response","created_at":0,"status":"%","model":%,"error":null,"incomplete_details":null,"instructions":null,"metadata":{},"output":[%],"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"usage":%}"#;

const USAGE: &str = r#"{"input_tokens":%,"input_tokens_details":{"cached_tokens":0},"output_tokens":%,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":%}"#;

const MESSAGE: &str =
    r#"{"type":"message","id":"msg_%_0","role":"assistant","status":"%","content":[%]}"#;

const PART: &str = r#"{"type":"output_text","text":%,"annotations":[],"logprobs":[]}"#;

const CALL: &str = r#"{"type":"function_call","id":"fc_%","call_id":"call_%","name":"%","arguments":%,"status":"%"}"#;

struct Stream {
    records: Vec<String>,
}

impl Stream {
    fn item(&mut self, what: &str, index: &str, item: &str) {
        let kind = ["response.output_item.", what].concat();
        self.push(&kind, &fill(r#""output_index":%,"item":%"#, &[index, item]));
    }

    fn push(&mut self, kind: &str, fields: &str) {
        const RECORD: &str = "event: %\ndata: {\"type\":\"%\",\"sequence_number\":%,%}\n\n";
        let number = self.records.len().to_string();
        self.records.push(fill(RECORD, &[kind, kind, &number, fields]));
    }
}
