//! Answers of given words and calls, in the events of the OpenAI Responses API.

use serde_json::{Value, json};

/// An answer that says this.
pub(crate) fn words(text: &str) -> String {
    let part = json!({ "type": "output_text", "text": text, "annotations": [] });
    let message = |status: &str, content: Value| {
        json!({
            "type": "message", "id": "msg_0", "role": "assistant",
            "status": status, "content": content,
        })
    };
    let place = json!({ "item_id": "msg_0", "output_index": 0, "content_index": 0 });
    let with = |fields: Value| merged(&place, fields);
    let done = message("completed", json!([part]));
    let mut stream = Stream::open();
    stream.item("added", 0, message("in_progress", json!([])));
    let empty = json!({ "type": "output_text", "text": "", "annotations": [] });
    stream.push("content_part.added", with(json!({ "part": empty })));
    stream.push("output_text.delta", with(json!({ "delta": text })));
    stream.push("output_text.done", with(json!({ "text": text })));
    stream.push("content_part.done", with(json!({ "part": part })));
    stream.item("done", 0, done.clone());
    stream.close(vec![done])
}

/// An answer that makes these calls: tools, and arguments as they are.
pub(crate) fn calls(calls: &[(String, String)]) -> String {
    let mut stream = Stream::open();
    let mut output = Vec::new();
    for (index, (tool, arguments)) in calls.iter().enumerate() {
        let call = |status: &str, arguments: &str| {
            json!({
                "type": "function_call", "id": format!("fc_{index}"),
                "call_id": format!("call_{index}"), "name": tool,
                "arguments": arguments, "status": status,
            })
        };
        let place = json!({ "item_id": format!("fc_{index}"), "output_index": index });
        stream.item("added", index, call("in_progress", ""));
        let delta = merged(&place, json!({ "delta": arguments }));
        stream.push("function_call_arguments.delta", delta);
        let whole = merged(&place, json!({ "arguments": arguments }));
        stream.push("function_call_arguments.done", whole);
        let done = call("completed", arguments);
        stream.item("done", index, done.clone());
        output.push(done);
    }
    stream.close(output)
}

struct Stream(String, usize);

impl Stream {
    fn open() -> Self {
        let mut stream = Stream(String::new(), 0);
        let response = response("in_progress", vec![]);
        stream.push("created", json!({ "response": response }));
        stream.push("in_progress", json!({ "response": response }));
        stream
    }

    fn close(mut self, output: Vec<Value>) -> String {
        self.push("completed", json!({ "response": response("completed", output) }));
        self.0
    }

    fn item(&mut self, what: &str, index: usize, item: Value) {
        let fields = json!({ "output_index": index, "item": item });
        self.push(&format!("output_item.{what}"), fields);
    }

    fn push(&mut self, kind: &str, fields: Value) {
        let kind = format!("response.{kind}");
        let head = json!({ "type": kind, "sequence_number": self.1 });
        self.0 += &format!("event: {kind}\ndata: {}\n\n", merged(&head, fields));
        self.1 += 1;
    }
}

fn response(status: &str, output: Vec<Value>) -> Value {
    json!({
        "id": "resp_0", "object": "response", "created_at": 0, "status": status, "model": "lab",
        "output": output, "usage": null,
    })
}

fn merged(some: &Value, others: Value) -> Value {
    let mut all = some.clone();
    if let (Value::Object(all), Value::Object(others)) = (&mut all, others) {
        all.extend(others);
    }
    all
}
