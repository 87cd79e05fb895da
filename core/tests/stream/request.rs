//! From a conversation to the body of a request.

use holdpoint_core::message::{Format, Function, Item, Message, ModelRequest, Part};
use holdpoint_core::stream::Api;
use serde_json::{Value, json};

use crate::{TRANSFER, answer, call, read, said};

fn question(messages: Vec<Message>) -> ModelRequest {
    let model = "gpt-5".into();
    ModelRequest { model, instructions: String::new(), messages, tools: vec![], format: None }
}

/// A conversation whose model's words are of no provider's format.
fn conversation() -> ModelRequest {
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
        Message::User("Why?".into()),
    ]);
    question.instructions = "You are a bank.".into();
    question.tools = vec![Function {
        name: "transfer".into(),
        description: "Sends money.".into(),
        parameters: json!({ "type": "object" }),
        strict: true,
    }];
    question
}

/// What an answer of a fixture is sent back as.
fn sent_back(api: Api, fixture: &str) -> Value {
    let list = if api == Api::Responses { "input" } else { "messages" };
    let answer = Message::Assistant(answer(api, fixture).items);
    api.request(&question(vec![answer]))[list].take()
}

#[test]
fn formats_have_names_and_paths() {
    for (name, path) in
        [("responses", "responses"), ("chat", "chat/completions"), ("messages", "messages")]
    {
        let api = Api::named(name).unwrap();
        assert_eq!((api.name(), api.path()), (name, path));
    }
    assert_eq!(Api::named("demo"), None);
}

#[test]
fn a_conversation_becomes_a_request() {
    let question = conversation();
    let text = |text| json!([{ "type": "input_text", "text": text }]);
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
                { "type": "message", "role": "user", "content": text("Why?") },
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
fn a_conversation_becomes_a_request_of_chat() {
    let function = json!({
        "name": "transfer",
        "description": "Sends money.",
        "parameters": { "type": "object" },
        "strict": true,
    });
    assert_eq!(
        Api::Chat.request(&conversation()),
        json!({
            "model": "gpt-5",
            "messages": [
                { "role": "system", "content": "You are a bank." },
                { "role": "user", "content": "Pay Alice 500." },
                {
                    "role": "assistant",
                    "content": "Yes.",
                    "tool_calls": [{
                        "id": "call_a",
                        "type": "function",
                        "function": { "name": "transfer", "arguments": TRANSFER },
                    }],
                },
                { "role": "tool", "tool_call_id": "call_a", "content": "denied" },
                { "role": "user", "content": "The plan was not carried out.\n\nWhy?" },
            ],
            "tools": [{ "type": "function", "function": function }],
            "stream": true,
            "stream_options": { "include_usage": true },
        })
    );
}

#[test]
fn a_conversation_becomes_a_request_of_messages() {
    let text = |text| json!({ "type": "text", "text": text });
    let input = json!({ "amount": 500, "recipient": "Alice" });
    assert_eq!(
        Api::Messages.request(&conversation()),
        json!({
            "model": "gpt-5",
            "max_tokens": 16_000,
            "system": "You are a bank.",
            "messages": [
                { "role": "user", "content": [text("Pay Alice 500.")] },
                {
                    "role": "assistant",
                    "content": [
                        text("Yes."),
                        { "type": "tool_use", "id": "call_a", "name": "transfer", "input": input },
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        { "type": "tool_result", "tool_use_id": "call_a", "content": "denied" },
                        text("The plan was not carried out."),
                        text("Why?"),
                    ],
                },
            ],
            "tools": [{
                "name": "transfer",
                "description": "Sends money.",
                "input_schema": { "type": "object" },
            }],
            "stream": true,
        })
    );
}

#[test]
fn a_plan_is_asked_for_by_its_schema_in_chat() {
    let mut question = question(vec![]);
    let schema = json!({ "type": "object" });
    question.format = Some(Format { name: "plan".into(), schema: schema.clone(), strict: false });
    let schema = json!({ "name": "plan", "schema": schema, "strict": false });
    let body = Api::Chat.request(&question);
    assert_eq!(body["response_format"], json!({ "type": "json_schema", "json_schema": schema }));
    assert_eq!(body.get("tools"), None);
}

#[test]
fn a_plan_is_asked_for_in_words_where_messages_cannot_hold_the_model_to_it() {
    let mut question = question(vec![]);
    question.instructions = "You are a bank.".into();
    let mut format =
        Format { name: "plan".into(), schema: json!({ "type": "object" }), strict: true };
    question.format = Some(format.clone());
    let body = Api::Messages.request(&question);
    let schema = json!({ "type": "json_schema", "schema": { "type": "object" } });
    assert_eq!(body["output_config"], json!({ "format": schema }));
    assert_eq!(body["system"], "You are a bank.");
    format.strict = false;
    question.format = Some(format);
    let body = Api::Messages.request(&question);
    assert_eq!(body.get("output_config"), None);
    assert!(body["system"].as_str().unwrap().ends_with(r#"Schema: {"type":"object"}"#));
}

#[test]
fn an_answer_is_sent_back_as_it_came() {
    let text = read(Api::Responses, "parallel_calls");
    let last = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().unwrap();
    let last: Value = serde_json::from_str(last).unwrap();
    assert_eq!(sent_back(Api::Responses, "parallel_calls"), last["response"]["output"]);
}

#[test]
fn what_chat_servers_add_to_a_message_is_sent_back_as_it_came() {
    let details = json!([
        {
            "type": "reasoning.text",
            "text": "The person wants 500.",
            "format": "v1",
            "signature": "EqoBsealed",
            "index": 0,
        },
        { "type": "reasoning.encrypted", "data": "sealed", "index": 1 },
    ]);
    let call = json!({
        "id": "call_a",
        "type": "function",
        "function": { "name": "transfer", "arguments": TRANSFER },
        "extra_content": { "google": { "thought_signature": "sealed too" } },
    });
    assert_eq!(
        sent_back(Api::Chat, "reasoning"),
        json!([{
            "role": "assistant",
            "content": null,
            "reasoning": "The person wants 500.",
            "reasoning_details": details,
            "tool_calls": [call],
        }])
    );
    let refusal = json!([{ "role": "assistant", "content": "I can't help with that." }]);
    assert_eq!(sent_back(Api::Chat, "refusal"), refusal);
}

#[test]
fn arguments_that_are_none_are_sent_back_as_what_all_servers_can_read() {
    for (fixture, arguments) in [
        ("incomplete", json!([r#"{"INVALID_JSON":"{\"amount\":5"}"#])),
        ("empty_arguments", json!(["{}", "{}", "{}"])),
        ("null_arguments", json!([r#"{"INVALID_JSON":"null"}"#, "{}"])),
    ] {
        let calls = sent_back(Api::Chat, fixture)[0]["tool_calls"].take();
        let sent: Value = calls
            .as_array()
            .unwrap()
            .iter()
            .map(|call| &call["function"]["arguments"])
            .cloned()
            .collect();
        assert_eq!(sent, arguments, "{fixture}");
    }
    for (fixture, inputs) in [
        ("incomplete", json!([{ "INVALID_JSON": r#"{"amount":5"# }])),
        ("empty_arguments", json!([{}, {}, {}])),
        ("null_arguments", json!([{ "INVALID_JSON": "null" }, {}])),
    ] {
        let blocks = sent_back(Api::Messages, fixture)[0]["content"].take();
        let sent: Value = blocks
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|block| block.get("input"))
            .cloned()
            .collect();
        assert_eq!(sent, inputs, "{fixture}");
    }
}

#[test]
fn blocks_are_sent_back_as_they_came_and_in_their_order() {
    let caller = json!({ "type": "direct" });
    let input = json!({ "amount": 500, "recipient": "Alice" });
    let thinking = json!([
        { "type": "thinking", "thinking": "The person wants it.", "signature": "EqoBsealed" },
        { "type": "redacted_thinking", "data": "EmwKsealed" },
        { "type": "text", "text": "One moment." },
        { "type": "tool_use", "id": "toolu_a", "name": "transfer", "input": input, "caller": caller },
    ]);
    let search = json!({
        "type": "server_tool_use",
        "id": "srvtoolu_a",
        "name": "web_search",
        "input": { "query": "rates" },
        "caller": caller,
    });
    let paused = json!([{ "type": "text", "text": "I look it up." }, search]);
    let compaction = json!([
        { "type": "compaction", "content": "So far: nothing.", "encrypted_content": "sealed" },
        { "type": "text", "text": "Done." },
    ]);
    for (fixture, blocks) in
        [("thinking", thinking), ("paused", paused), ("unknown_events", compaction)]
    {
        let expected = json!([{ "role": "assistant", "content": blocks }]);
        assert_eq!(sent_back(Api::Messages, fixture), expected, "{fixture}");
    }
    let cited = sent_back(Api::Messages, "citations");
    let texts = cited[0]["content"][0]["citations"].as_array().unwrap();
    let texts: Vec<_> = texts.iter().map(|citation| &citation["cited_text"]).collect();
    assert_eq!(texts, ["one", "two"]);
}

#[test]
fn a_paused_turn_is_sent_as_it_is_and_goes_on_in_the_same_message() {
    let paused = Message::Assistant(answer(Api::Messages, "paused").items);
    let rest = Message::Assistant(answer(Api::Messages, "text").items);
    let user = Message::User("What are the rates?".into());
    let body = Api::Messages.request(&question(vec![user.clone(), paused.clone()]));
    assert_eq!(body["messages"].as_array().unwrap().last().unwrap()["role"], "assistant");
    let body = Api::Messages.request(&question(vec![user, paused, rest]));
    assert_eq!(body["messages"][1]["content"].as_array().unwrap().len(), 3);
    assert_eq!(body["messages"].as_array().unwrap().len(), 2);
}

#[test]
fn what_another_format_said_is_told_by_what_was_understood_of_it() {
    let fixtures =
        [(Api::Responses, "parallel_calls"), (Api::Chat, "reasoning"), (Api::Messages, "thinking")];
    for (from, fixture) in fixtures {
        let items = answer(from, fixture).items;
        let plain = items.iter().map(|item| Item { raw: None, ..item.clone() }).collect();
        let [items, plain] = [items, plain].map(|items| question(vec![Message::Assistant(items)]));
        for to in Api::ALL {
            let is_told = to.request(&items) == to.request(&plain);
            assert_eq!(is_told, from != to, "{} after {}", to.name(), from.name());
        }
    }
}

#[test]
fn ids_that_messages_refuses_are_written_in_its_letters() {
    let id = "functions.transfer:0";
    let items = vec![Item { part: call(id, "transfer", TRANSFER), raw: None }];
    let result = Message::Result { call: id.into(), output: "\"done\"".into() };
    let body = Api::Messages.request(&question(vec![Message::Assistant(items), result]));
    assert_eq!(body["messages"][0]["content"][0]["id"], "functions_transfer_0");
    assert_eq!(body["messages"][1]["content"][0]["tool_use_id"], "functions_transfer_0");
}

#[test]
fn an_answer_of_nothing_is_left_out() {
    let empty = Message::Assistant(vec![Item { part: said(" "), raw: None }]);
    let words = || Message::User("Hello?".into());
    let body = Api::Messages.request(&question(vec![words(), empty, words()]));
    assert_eq!(body["messages"].as_array().unwrap().len(), 1);
    let body = Api::Chat.request(&question(vec![words(), Message::Assistant(vec![]), words()]));
    assert_eq!(body["messages"], json!([{ "role": "user", "content": "Hello?\n\nHello?" }]));
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
