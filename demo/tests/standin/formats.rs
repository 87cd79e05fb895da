//! What the other formats look like on the wire; what is said in them is the same.

use holdpoint_demo::{Wire, answer, respond};
use serde_json::{Value, json};

use crate::support::{self, asked};

const ASK: &str = "check my balance and transfer 50 to Alice";

fn chat(messages: Value) -> Value {
    let function = |name| json!({ "type": "function", "function": { "name": name } });
    let tools: Vec<_> = ["check_balance", "deposit", "transfer"].map(function).into();
    json!({
        "model": "stand-in",
        "messages": messages,
        "tools": tools,
        "stream": true,
        "stream_options": { "include_usage": true },
    })
}

fn messages(messages: Value) -> Value {
    let tools = ["check_balance", "deposit", "transfer"].map(|name| json!({ "name": name }));
    json!({ "model": "stand-in", "max_tokens": 100, "messages": messages, "tools": tools })
}

/// The data of each record; names must be those of the events.
#[track_caller]
fn data(records: &[String]) -> Vec<Value> {
    let event = |record: &String| {
        let (head, data) = record.strip_suffix("\n\n").unwrap().split_once("data: ").unwrap();
        assert!(!data.contains('\n'), "{record:?}");
        let event: Value = serde_json::from_str(data).unwrap_or_else(|_| data.into());
        if !head.is_empty() {
            assert_eq!(head, format!("event: {}\n", event["type"].as_str().unwrap()));
        }
        event
    };
    records.iter().map(event).collect()
}

/// The message that the chunks of a stream add up to, after a check of their order.
#[track_caller]
fn chat_message(request: &Value) -> Value {
    let mut chunks = data(&respond(Wire::Chat, request));
    assert_eq!(chunks.pop().unwrap(), "[DONE]");
    let usage = chunks.pop().unwrap();
    assert_eq!(usage["choices"], json!([]));
    let end = chunks.pop().unwrap()["choices"][0].take();
    let mut message = json!({ "role": "assistant", "refusal": null, "content": null });
    let mut calls: Vec<Value> = Vec::new();
    for (index, chunk) in chunks.iter().enumerate() {
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!(chunk["choices"][0]["finish_reason"], Value::Null);
        let delta = &chunk["choices"][0]["delta"];
        assert_eq!(delta["role"].is_string(), index == 0);
        if let Some(words) = delta["content"].as_str() {
            let text = message["content"].as_str().unwrap_or_default();
            message["content"] = format!("{text}{words}").into();
        }
        for part in delta["tool_calls"].as_array().into_iter().flatten() {
            let place = usize::try_from(part["index"].as_u64().unwrap()).unwrap();
            if place == calls.len() {
                calls.push(part.clone());
                calls[place].as_object_mut().unwrap().remove("index");
            } else {
                assert_eq!(part["id"], Value::Null);
                let arguments = &mut calls[place]["function"]["arguments"];
                let more = part["function"]["arguments"].as_str().unwrap();
                *arguments = format!("{}{more}", arguments.as_str().unwrap()).into();
            }
        }
    }
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    let whole: Value = serde_json::from_str(&answer(Wire::Chat, request)).unwrap();
    assert_eq!(whole["choices"][0]["message"], message);
    assert_eq!(whole["choices"][0]["finish_reason"], end["finish_reason"]);
    assert_eq!(whole["usage"], usage["usage"]);
    message
}

/// The blocks that the events of a stream add up to, after a check of their order.
#[track_caller]
fn content(request: &Value) -> Value {
    let events = data(&respond(Wire::Messages, request));
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[..2], ["message_start", "ping"]);
    assert_eq!(kinds[kinds.len() - 2..], ["message_delta", "message_stop"]);
    assert_eq!(events[0]["message"]["content"], json!([]));
    let mut blocks: Vec<Value> = Vec::new();
    let mut input = String::new();
    for event in &events[2..events.len() - 2] {
        let delta = &event["delta"];
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert_eq!(event["index"], blocks.len());
                blocks.push(event["content_block"].clone());
                input.clear();
            }
            "content_block_delta" if delta["type"] == "text_delta" => {
                let block = blocks.last_mut().unwrap();
                let text = block["text"].as_str().unwrap();
                block["text"] = format!("{text}{}", delta["text"].as_str().unwrap()).into();
            }
            "content_block_delta" => input.push_str(delta["partial_json"].as_str().unwrap()),
            _ => {
                assert_eq!(event["index"], blocks.len() - 1);
                let block = blocks.last_mut().unwrap();
                if block["type"] == "tool_use" {
                    block["input"] = serde_json::from_str(&input).unwrap();
                }
            }
        }
    }
    let whole: Value = serde_json::from_str(&answer(Wire::Messages, request)).unwrap();
    assert_eq!(whole["content"], json!(blocks));
    let end = &events[events.len() - 2];
    assert_eq!(whole["stop_reason"], end["delta"]["stop_reason"]);
    assert_eq!(whole["usage"]["output_tokens"], end["usage"]["output_tokens"]);
    assert_eq!(whole["usage"]["input_tokens"], events[0]["message"]["usage"]["input_tokens"]);
    whole["content"].clone()
}

#[test]
fn formats_are_known_by_their_paths() {
    assert_eq!(Wire::of_path("responses"), Some(Wire::Responses));
    assert_eq!(Wire::of_path("chat/completions"), Some(Wire::Chat));
    assert_eq!(Wire::of_path("messages"), Some(Wire::Messages));
    assert_eq!(Wire::of_path("embeddings"), None);
}

#[test]
fn same_wishes_become_the_same_calls() {
    let expected = support::calls(&support::respond_checked(&asked(ASK)));
    let message = chat_message(&chat(json!([{ "role": "user", "content": ASK }])));
    let call = |call: &Value| {
        let arguments = call["function"]["arguments"].as_str().unwrap();
        let name = call["function"]["name"].as_str().unwrap().to_owned();
        (name, serde_json::from_str(arguments).unwrap())
    };
    let calls: Vec<_> = message["tool_calls"].as_array().unwrap().iter().map(call).collect();
    assert_eq!(calls, expected);

    let words = json!([{ "type": "text", "text": ASK }]);
    for said in [json!(ASK), words] {
        let blocks = content(&messages(json!([{ "role": "user", "content": said }])));
        let call =
            |block: &Value| (block["name"].as_str().unwrap().to_owned(), block["input"].clone());
        let calls: Vec<_> = blocks.as_array().unwrap().iter().map(call).collect();
        assert_eq!(calls, expected);
    }
}

#[test]
fn results_are_told() {
    let user = json!({ "role": "user", "content": "check my balance" });
    let function = json!({ "name": "check_balance", "arguments": "{}" });
    let call = json!({ "id": "call_1_0", "type": "function", "function": function });
    let request = chat(json!([
        { "role": "system", "content": "You are a bank." },
        user,
        { "role": "assistant", "content": null, "tool_calls": [call] },
        { "role": "tool", "tool_call_id": "call_1_0", "content": r#"{"balance":1000}"# },
    ]));
    assert_eq!(chat_message(&request)["content"], "Your balance is **1,000**.");

    let call =
        json!({ "type": "tool_use", "id": "toolu_1_0", "name": "check_balance", "input": {} });
    let text = json!([{ "type": "text", "text": r#"{"balance":1000}"# }]);
    let result = json!({ "type": "tool_result", "tool_use_id": "toolu_1_0", "content": text });
    let thinking = json!({ "type": "thinking", "thinking": "Hm.", "signature": "sealed" });
    let request = messages(json!([
        user,
        { "role": "assistant", "content": [thinking, call] },
        { "role": "user", "content": [result] },
    ]));
    assert_eq!(content(&request)[0]["text"], "Your balance is **1,000**.");
}

#[test]
fn plan_is_made_where_a_schema_asks_for_one() {
    let schema = json!({ "enum": ["transfer"] });
    let said = json!([{ "role": "user", "content": "transfer 500 to Alice" }]);
    let format =
        json!({ "type": "json_schema", "json_schema": { "name": "plan", "schema": schema } });
    let request = json!({
        "messages": said,
        "response_format": format,
        "stream_options": { "include_usage": true },
    });
    let in_chat = chat_message(&request)["content"].as_str().unwrap().to_owned();

    let format = json!({ "format": { "type": "json_schema", "schema": schema } });
    let in_words = format!("You are a bank.\n\nAnswer by this JSON Schema: {schema}");
    for request in [
        json!({ "messages": said, "output_config": format }),
        json!({ "messages": said, "system": in_words }),
    ] {
        assert_eq!(content(&request)[0]["text"], in_chat);
    }
    let plan: Value = serde_json::from_str(&in_chat).unwrap();
    assert_eq!(plan["actions"][0]["arguments"], json!({ "amount": 500, "recipient": "Alice" }));
}

#[test]
fn notice_and_wish_in_one_message_are_told_apart() {
    let said = "transfer 50 to Bob\n\nThe person stopped this.\n\ncheck my balance\n\nThanks";
    let message = chat_message(&chat(json!([{ "role": "user", "content": said }])));
    assert_eq!(message["tool_calls"].as_array().unwrap().len(), 1);
    assert_eq!(message["tool_calls"][0]["function"]["name"], "check_balance");
}

#[test]
fn usage_is_sent_where_it_is_asked_for() {
    let mut request = chat(json!([{ "role": "user", "content": "hello" }]));
    let with = respond(Wire::Chat, &request).len();
    request["stream_options"] = Value::Null;
    assert_eq!(respond(Wire::Chat, &request).len(), with - 1);
}

#[test]
fn senseless_requests_are_answered_all_the_same() {
    for messages in
        [json!(null), json!("x"), json!([1, null, { "role": 7, "content": { "a": 1 } }])]
    {
        let request = json!({
            "messages": messages,
            "tools": [1],
            "stream_options": { "include_usage": true },
        });
        chat_message(&request);
        content(&request);
    }
    let blocks = json!([{ "type": "tool_result" }, { "type": "tool_use" }, 7]);
    content(&json!({ "messages": [{ "role": "user", "content": blocks }] }));
    let calls = json!([{ "id": 1 }, null]);
    let message = json!({ "role": "assistant", "tool_calls": calls });
    let request = json!({ "messages": [message, { "role": "tool" }] });
    assert!(respond(Wire::Chat, &request).len() > 2);
}
