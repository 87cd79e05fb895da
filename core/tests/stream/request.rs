//! From a conversation to the body of a request.

use holdpoint_core::message::{Format, Function, Item, Message, ModelRequest, Part};
use holdpoint_core::stream::Api;
use serde_json::{Value, json};

use crate::{TRANSFER, assemble, call, said};

fn question(messages: Vec<Message>) -> ModelRequest {
    let model = "gpt-5".into();
    ModelRequest { model, instructions: String::new(), messages, tools: vec![], format: None }
}

#[test]
fn a_conversation_becomes_a_request() {
    let built = |part| Item { part, raw: None };
    let mut question = question(vec![
        Message::User("Pay Alice 500.".into()),
        Message::Assistant(vec![
            built(said("Yes.")),
            built(Part::Other),
            built(call("call_a", "transfer", TRANSFER)),
        ]),
        Message::Result { call: "call_a".into(), output: "denied".into() },
        Message::Notice("The plan was not carried out.".into()),
    ]);
    question.instructions = "You are a bank.".into();
    question.tools = vec![Function {
        name: "transfer".into(),
        description: "Sends money.".into(),
        parameters: json!({ "type": "object" }),
        strict: true,
    }];
    let text = |text| json!([{ "type": "input_text", "text": text }]);
    assert_eq!(Api::Responses.path(), "responses");
    assert_eq!(
        Api::Responses.request(&question),
        json!({
            "model": "gpt-5",
            "instructions": "You are a bank.",
            "input": [
                { "type": "message", "role": "user", "content": text("Pay Alice 500.") },
                { "type": "message", "role": "assistant", "content": "Yes." },
                {
                    "type": "function_call",
                    "call_id": "call_a",
                    "name": "transfer",
                    "arguments": TRANSFER,
                },
                { "type": "function_call_output", "call_id": "call_a", "output": "denied" },
                { "type": "message", "role": "user", "content": text("The plan was not carried out.") },
            ],
            "tools": [{
                "type": "function",
                "name": "transfer",
                "description": "Sends money.",
                "parameters": { "type": "object" },
                "strict": true,
            }],
            "parallel_tool_calls": true,
            "stream": true,
            "store": false,
            "include": ["reasoning.encrypted_content"],
        })
    );
}

#[test]
fn a_plan_is_asked_for_by_its_schema() {
    let mut question = question(vec![]);
    let schema = json!({ "type": "object" });
    question.format = Some(Format { name: "plan".into(), schema: schema.clone(), strict: true });
    let format = json!({ "type": "json_schema", "name": "plan", "schema": schema, "strict": true });
    let body = Api::Responses.request(&question);
    assert_eq!(body.get("text"), Some(&json!({ "format": format })));
    for absent in ["tools", "parallel_tool_calls", "instructions"] {
        assert_eq!(body.get(absent), None, "{absent}");
    }
}

#[test]
fn an_answer_is_sent_back_as_it_came() {
    let text = include_str!("../fixtures/stream/responses/parallel_calls.sse");
    let last = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().unwrap();
    let last: Value = serde_json::from_str(last).unwrap();
    let answer = assemble([text.as_bytes()]).1.unwrap();
    let body = Api::Responses.request(&question(vec![Message::Assistant(answer.items)]));
    assert_eq!(body["input"], last["response"]["output"]);
}

#[test]
fn reasoning_that_only_the_provider_could_read_is_left_out() {
    let reasoning = |raw: &Value| Item { part: Part::Other, raw: Some(raw.clone()) };
    let named =
        json!({ "type": "reasoning", "id": "rs_0", "summary": [], "encrypted_content": null });
    let open =
        json!({ "type": "reasoning", "content": [{ "type": "reasoning_text", "text": "Hm." }] });
    let items = [&named, &open].map(reasoning).to_vec();
    let body = Api::Responses.request(&question(vec![Message::Assistant(items)]));
    assert_eq!(body["input"], json!([open]));
}

#[test]
fn models_that_do_not_reason_are_not_asked_for_their_reasoning() {
    for (model, asked) in [
        ("gpt-5", true),
        ("o3", true),
        ("openai/gpt-oss-120b", true),
        ("gpt-4o-mini", false),
        ("openai/gpt-4.1", false),
        ("gpt-5-chat-latest", false),
    ] {
        let body =
            Api::Responses.request(&ModelRequest { model: model.into(), ..question(vec![]) });
        assert_eq!(body.get("include").is_some(), asked, "{model}");
    }
}
