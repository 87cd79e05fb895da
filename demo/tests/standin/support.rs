//! Requests as the widget makes them, and what must hold for every answer.

use holdpoint_demo::{Wire, respond};
use serde_json::{Value, json};

pub(crate) fn asked(ask: &str) -> Value {
    json!({
        "model": "stand-in",
        "stream": true,
        "input": [{ "role": "user", "content": ask }],
        "tools": [
            { "type": "function", "name": "check_balance", "parameters": {} },
            { "type": "function", "name": "deposit", "parameters": {} },
            { "type": "function", "name": "transfer", "parameters": {} },
        ],
    })
}

pub(crate) fn planned(ask: &str) -> Value {
    let schema = json!({ "properties": { "actions": { "items": { "anyOf": [
        { "properties": { "action": { "const": "check_balance" } } },
        { "properties": { "action": { "enum": ["deposit", "transfer"] } } },
    ] } } } });
    json!({
        "model": "stand-in",
        "input": [{ "role": "user", "content": ask }],
        "text": { "format": { "type": "json_schema", "name": "plan", "schema": schema } },
    })
}

/// A request with the calls that were made and what they gave.
pub(crate) fn called(calls: &[(&str, Value, Value)]) -> Value {
    let mut request = asked("do it");
    let input = request["input"].as_array_mut().unwrap();
    for (index, (name, arguments, _)) in calls.iter().enumerate() {
        input.push(json!({
            "type": "function_call",
            "call_id": format!("call_{index}"),
            "name": name,
            "arguments": arguments.to_string(),
        }));
    }
    for (index, (_, _, output)) in calls.iter().enumerate() {
        input.push(json!({
            "type": "function_call_output",
            "call_id": format!("call_{index}"),
            "output": output.to_string(),
        }));
    }
    request
}

pub(crate) fn plan(request: &Value) -> Value {
    serde_json::from_str(&text(&respond_checked(request))).unwrap()
}

/// The events of an answer, after a check of all that holds for every answer.
#[track_caller]
pub(crate) fn respond_checked(request: &Value) -> Vec<Value> {
    let events: Vec<Value> =
        respond(Wire::Responses, request).iter().map(|record| event(record)).collect();
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], index);
    }
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[..2], ["response.created", "response.in_progress"]);
    assert_eq!(kinds.iter().filter(|kind| **kind == "response.completed").count(), 1);
    let response = &events.last().unwrap()["response"];
    assert_eq!(*response, answer(request));

    let output = response["output"].as_array().unwrap();
    for (index, item) in output.iter().enumerate() {
        let of_item: Vec<&Value> =
            events.iter().filter(|event| event["output_index"] == index).collect();
        check_item(item, &of_item);
    }
    events
}

/// An item opens empty, grows by its deltas, and ends as it stands in the response.
#[track_caller]
fn check_item(item: &Value, events: &[&Value]) {
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let (delta, done, filled, order): (_, _, _, &[&str]) = if item["type"] == "message" {
        (
            "response.output_text.delta",
            &events[events.len() - 3]["text"],
            &item["content"][0]["text"],
            &[
                "response.output_item.added",
                "response.content_part.added",
                "response.output_text.done",
                "response.content_part.done",
                "response.output_item.done",
            ],
        )
    } else {
        (
            "response.function_call_arguments.delta",
            &events[events.len() - 2]["arguments"],
            &item["arguments"],
            &[
                "response.output_item.added",
                "response.function_call_arguments.done",
                "response.output_item.done",
            ],
        )
    };
    let others: Vec<&str> = kinds.iter().copied().filter(|kind| *kind != delta).collect();
    assert_eq!(others, order);
    assert_eq!(events[0]["item"]["id"], item["id"]);
    assert_eq!(events[0]["item"]["status"], "in_progress");
    assert_eq!(events[events.len() - 1]["item"], *item);
    let grown: String = events.iter().filter_map(|event| event["delta"].as_str()).collect();
    assert_eq!(grown, *filled);
    assert_eq!(done, filled);
}

/// One record: an event name, one line of data, a blank line.
#[track_caller]
fn event(record: &str) -> Value {
    let lines: Vec<&str> = record.split('\n').collect();
    let [name, data, "", ""] = lines[..] else { panic!("not one record: {record:?}") };
    let event: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(event["type"], name.strip_prefix("event: ").unwrap());
    event
}

fn output(events: &[Value]) -> &Vec<Value> {
    events.last().unwrap()["response"]["output"].as_array().unwrap()
}

pub(crate) fn calls(events: &[Value]) -> Vec<(String, Value)> {
    let arguments = |item: &Value| item["arguments"].as_str().unwrap_or("null").to_owned();
    output(events)
        .iter()
        .map(|item| {
            let name = item["name"].as_str().unwrap_or_default().to_owned();
            (name, serde_json::from_str(&arguments(item)).unwrap())
        })
        .collect()
}

#[track_caller]
pub(crate) fn text(events: &[Value]) -> String {
    let [item] = &output(events)[..] else { panic!("not one message: {events:?}") };
    item["content"][0]["text"].as_str().unwrap().to_owned()
}

pub(crate) fn answer(request: &Value) -> Value {
    serde_json::from_str(&holdpoint_demo::answer(Wire::Responses, request)).unwrap()
}
