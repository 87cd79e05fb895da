//! The stand-in as its callers meet it: a request in, server-sent events out.

use holdpoint_demo::respond;
use serde_json::{Value, json};

// What is asked, and what is called.

#[test]
fn two_wishes_become_two_parallel_calls() {
    check_calls(
        "check my balance and transfer 50 to Alice",
        &[
            ("check_balance", json!({})),
            ("transfer", json!({ "amount": 50, "recipient": "Alice" })),
        ],
    );
}

#[test]
fn transfer_is_understood_in_many_words() {
    let alice = |amount: Value| ("transfer", json!({ "amount": amount, "recipient": "Alice" }));
    let bob = |amount: Value| ("transfer", json!({ "amount": amount, "recipient": "Bob" }));
    check_calls("transfer 500 to Alice", &[alice(json!(500))]);
    check_calls("Send $500 to alice.", &[alice(json!(500))]);
    check_calls("please send Alice 12.50 euros", &[alice(json!(12.5))]);
    check_calls("I want to pay Alice 12,50€!", &[alice(json!(12.5))]);
    check_calls("Transfer 5,000 to Bob", &[bob(json!(5000))]);
    check_calls("Transfer $1,234.05 to Bob to cover the rent", &[bob(json!(1234.05))]);
    check_calls("Can you make a transfer of €.5 to bob?", &[bob(json!(0.5))]);
    check_calls("transfer 50 from my balance to Alice", &[alice(json!(50))]);
    check_calls("transfer -5 to Bob", &[bob(json!(-5))]);
    check_calls(
        "wire 10 to my friend Alice Smith",
        &[("transfer", json!({ "amount": 10, "recipient": "Alice Smith" }))],
    );
    check_calls(
        "send 10 to bob@example.org",
        &[("transfer", json!({ "amount": 10, "recipient": "bob@example.org" }))],
    );
}

#[test]
fn clause_without_a_verb_goes_on_with_the_last_one() {
    check_calls(
        "transfer 500 to Alice and 30 to Bob",
        &[
            ("transfer", json!({ "amount": 500, "recipient": "Alice" })),
            ("transfer", json!({ "amount": 30, "recipient": "Bob" })),
        ],
    );
}

#[test]
fn clauses_may_be_joined_in_any_way() {
    check_calls(
        "Deposit 20, then send 30 to Bob; what's my balance?",
        &[
            ("deposit", json!({ "amount": 20 })),
            ("transfer", json!({ "amount": 30, "recipient": "Bob" })),
            ("check_balance", json!({})),
        ],
    );
}

#[test]
fn balance_is_asked_for_only_when_it_is_meant() {
    check_calls("what's my balance?", &[("check_balance", json!({}))]);
    check_calls("How much do I have", &[("check_balance", json!({}))]);
    check_calls("add 50 to my balance", &[("deposit", json!({ "amount": 50 }))]);
}

#[test]
fn missing_part_is_asked_for_and_nothing_is_called() {
    check_text("transfer to Alice", "How much do you want to transfer to Alice?");
    check_text("transfer 1500", "To whom do you want to transfer 1,500?");
    check_text("transfer 20 to him", "To whom do you want to transfer 20?");
    check_text("transfer some money", "How much do you want to transfer, and to whom?");
    check_text("deposit something", "How much do you want to deposit?");
    check_text("transfer 50 to Alice and Bob", "How much do you want to transfer to Bob?");
    check_text("check my balance and deposit", "How much do you want to deposit?");
}

#[test]
fn tool_that_is_not_offered_is_not_called() {
    let mut request = asked("deposit 20");
    request["tools"] = json!([{ "type": "function", "name": "check_balance" }]);
    assert_eq!(text(&respond_checked(&request)), "I have no tool here to deposit 20.");
}

#[test]
fn plain_questions_get_markdown() {
    for ask in ["hello", "who are you?", "what can you do?", "tell me a joke", "send me a joke", ""]
    {
        let text = text(&respond_checked(&asked(ask)));
        assert!(text.contains("**") && text.contains("\n- "), "{ask:?} is answered by {text:?}");
    }
    check_text("transfer nothing. Thanks", "How much do you want to transfer, and to whom?");
}

// What has happened, and what is said about it.

#[test]
fn results_are_told_with_their_figures() {
    check_summary(
        "check_balance",
        json!({}),
        json!({ "balance": 1000 }),
        "Your balance is **1,000**.",
    );
    check_summary(
        "transfer",
        json!({ "amount": 50, "recipient": "Alice" }),
        json!({ "balance": 950, "transferred": 50, "recipient": "Alice" }),
        "Done: 50 to Alice. The balance is 950.",
    );
    check_summary(
        "deposit",
        json!({ "amount": 0.5 }),
        json!({ "balance": 1000.5, "deposited": 0.5 }),
        "Done: 0.5 deposited. The balance is 1,000.5.",
    );
}

#[test]
fn edited_arguments_are_told_as_they_took_effect() {
    check_summary(
        "transfer",
        json!({ "amount": 500, "recipient": "Alice" }),
        json!({ "balance": 800, "transferred": 200, "recipient": "Alicia" }),
        "Done: 200 to Alicia. The balance is 800.",
    );
}

#[test]
fn what_did_not_happen_is_never_called_done() {
    let outcomes = [
        (json!({ "status": "denied", "reason": "too much" }), "you declined it (too much)"),
        (json!({ "status": "denied" }), "I did not transfer 500 to Alice: you declined it."),
        (json!({ "status": "denied", "rule": "cap", "reason": "cap" }), "a rule forbids it (cap)"),
        (json!({ "status": "expired" }), "nobody decided in time"),
        (json!({ "status": "cancelled" }), "it was cancelled"),
        (json!({ "status": "skipped" }), "it was skipped"),
        (json!({ "status": "in_doubt" }), "I do not know whether it happened"),
        (
            json!({ "status": "failed", "error": "no cover" }),
            "I could not transfer 500 to Alice (no cover)",
        ),
        (json!({ "error": "no cover." }), "I could not transfer 500 to Alice (no cover)."),
        (
            json!({ "status": "invalid", "issues": [{ "message": "amount is not a number" }] }),
            "the call was not valid (amount is not a number)",
        ),
    ];
    for (output, expected) in outcomes {
        let arguments = json!({ "amount": 500, "recipient": "Alice" });
        let text = text(&respond_checked(&called(&[("transfer", arguments, output)])));
        assert!(text.contains(expected), "{text:?} does not say {expected:?}");
        assert!(!text.contains("Done"), "{text:?}");
    }
}

#[test]
fn several_results_are_a_list_in_order() {
    let request = called(&[
        ("check_balance", json!({}), json!({ "balance": 1000 })),
        ("transfer", json!({ "amount": 500, "recipient": "Alice" }), json!({ "status": "denied" })),
    ]);
    assert_eq!(
        text(&respond_checked(&request)),
        "- Your balance was **1,000**.\n- I did not transfer 500 to Alice: you declined it."
    );
}

#[test]
fn output_in_words_and_unknown_tools_are_told() {
    let mut request = called(&[("weather", json!({}), json!({ "sky": "blue" }))]);
    assert_eq!(text(&respond_checked(&request)), "Done: `weather` answered `{\"sky\":\"blue\"}`.");
    request["input"][2]["output"] = json!([{ "type": "input_text", "text": "it is fine" }]);
    assert_eq!(text(&respond_checked(&request)), "Done: `weather` answered `\"it is fine\"`.");
}

#[test]
fn results_before_the_last_question_are_history() {
    let mut request = called(&[("check_balance", json!({}), json!({ "balance": 1000 }))]);
    let input = request["input"].as_array_mut().unwrap();
    input.push(
        json!({ "role": "user", "content": [{ "type": "input_text", "text": "deposit 20" }] }),
    );
    assert_eq!(calls(&respond_checked(&request)), [("deposit".into(), json!({ "amount": 20 }))]);
}

// Plans.

#[test]
fn plan_fits_its_schema_and_never_asks_for_confirmation() {
    let plan = plan(&planned("check my balance and transfer 500 to Alice"));
    assert_eq!(plan["reply"], "I will check your balance, then transfer 500 to Alice.");
    assert_eq!(
        plan["actions"],
        json!([
            {
                "action": "check_balance",
                "arguments": {},
                "requires_confirmation": false,
                "reason": "You asked me to check your balance.",
            },
            {
                "action": "transfer",
                "arguments": { "amount": 500, "recipient": "Alice" },
                "requires_confirmation": false,
                "reason": "You asked me to transfer 500 to Alice.",
            },
        ])
    );
}

#[test]
fn plan_without_actions_carries_the_text() {
    let small_talk = plan(&planned("hello"));
    assert_eq!(small_talk["actions"], json!([]));
    assert!(small_talk["reply"].as_str().unwrap().starts_with("Hello!"));
    let question = plan(&planned("transfer to Alice"));
    assert_eq!(question["reply"], "How much do you want to transfer to Alice?");
}

#[test]
fn action_outside_the_schema_is_not_planned() {
    let mut request = planned("deposit 20");
    request["text"]["format"]["schema"] = json!({ "enum": ["check_balance", "transfer"] });
    assert_eq!(plan(&request)["actions"], json!([]));
}

#[test]
fn plan_that_was_sent_back_is_not_repeated() {
    let mut request = planned("transfer -5 to Alice");
    let first = text(&respond_checked(&request));
    let input = request["input"].as_array_mut().unwrap();
    input.push(
        json!({ "role": "assistant", "content": [{ "type": "output_text", "text": first }] }),
    );
    input.push(json!({ "role": "developer", "content": "The plan has faults: [...]" }));
    let second = plan(&request);
    assert_eq!(second["actions"], json!([]));
    assert!(second["reply"].as_str().unwrap().contains("could not"));
}

#[test]
fn results_of_a_plan_are_told() {
    for role in ["developer", "user"] {
        let mut request = planned("check my balance and transfer 500 to Alice");
        request["text"] = Value::Null;
        let results = json!([
            { "action": "check_balance", "arguments": {}, "status": "succeeded", "result": { "balance": 950 } },
            {
                "action": "transfer",
                "arguments": { "amount": 500, "recipient": "Alice" },
                "status": "denied",
                "reason": "not today",
            },
        ]);
        let content = format!("Results of the plan: {results}\nTell the person what happened.");
        let input = request["input"].as_array_mut().unwrap();
        input.push(json!({ "role": "assistant", "content": "{}" }));
        input.push(json!({ "role": role, "content": content }));
        assert_eq!(
            text(&respond_checked(&request)),
            "- Your balance was **950**.\n\
             - I did not transfer 500 to Alice: you declined it (not today)."
        );
    }
}

// The wire.

#[test]
fn equal_requests_get_equal_answers_and_longer_ones_new_ids() {
    let request = asked("transfer 500 to Alice and 30 to Bob");
    assert_eq!(respond(&request), respond(&request));
    let first = answer(&request);
    let mut longer = request.clone();
    longer["input"]
        .as_array_mut()
        .unwrap()
        .insert(0, json!({ "role": "user", "content": "hello" }));
    let second = answer(&longer);
    let ids: Vec<&Value> = [&first, &second]
        .iter()
        .flat_map(|response| response["output"].as_array().unwrap())
        .map(|item| &item["call_id"])
        .collect();
    assert_eq!(ids.len(), 4);
    assert!(ids.iter().enumerate().all(|(index, id)| !ids[..index].contains(id)), "{ids:?}");
}

#[test]
fn long_text_comes_word_by_word() {
    let records = respond_checked(&asked("lorem 4,000"));
    let deltas =
        records.iter().filter(|event| event["type"] == "response.output_text.delta").count();
    assert!((4_000..5_000).contains(&deltas), "{deltas} deltas");
    let text = text(&records);
    assert!(text.split_whitespace().filter(|word| !["-", "##"].contains(word)).count() == 4_000);
}

#[test]
fn usage_and_model_are_filled_in() {
    let response = answer(&asked("hello"));
    let usage = &response["usage"];
    let count = |field: &str| usage[field].as_u64().unwrap();
    assert!(count("input_tokens") > 0 && count("output_tokens") > 0);
    assert_eq!(count("total_tokens"), count("input_tokens") + count("output_tokens"));
    assert_eq!(response["model"], "stand-in");
}

#[test]
fn senseless_requests_are_answered_all_the_same() {
    let requests = [
        json!(null),
        json!([]),
        json!({}),
        json!({ "input": "hello" }),
        json!({ "input": [1, null, { "role": 7, "content": { "a": 1 } }, { "type": "function_call_output" }] }),
        json!({ "input": [{ "role": "developer", "content": "Results of the plan: [1, {}]" }] }),
        json!({ "input": "transfer $ to , . and & €- -€ 1,2 1,,2 1e400 ٣", "tools": "none" }),
        json!({ "input": "transfer 99999999999999999999999999999999 to İstanbul" }),
    ];
    for request in requests {
        respond_checked(&request);
    }
}

#[track_caller]
fn check_calls(ask: &str, expected: &[(&str, Value)]) {
    let calls = calls(&respond_checked(&asked(ask)));
    let expected: Vec<_> =
        expected.iter().map(|(name, arguments)| ((*name).to_owned(), arguments.clone())).collect();
    assert_eq!(calls, expected, "{ask}");
}

#[track_caller]
fn check_text(ask: &str, expected: &str) {
    assert_eq!(text(&respond_checked(&asked(ask))), expected, "{ask}");
}

#[track_caller]
fn check_summary(tool: &str, arguments: Value, output: Value, expected: &str) {
    assert_eq!(text(&respond_checked(&called(&[(tool, arguments, output)]))), expected);
}

fn asked(ask: &str) -> Value {
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

fn planned(ask: &str) -> Value {
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
fn called(calls: &[(&str, Value, Value)]) -> Value {
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

fn plan(request: &Value) -> Value {
    serde_json::from_str(&text(&respond_checked(request))).unwrap()
}

/// The events of an answer, after a check of all that holds for every answer.
#[track_caller]
fn respond_checked(request: &Value) -> Vec<Value> {
    let events: Vec<Value> = respond(request).iter().map(|record| event(record)).collect();
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

fn calls(events: &[Value]) -> Vec<(String, Value)> {
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
fn text(events: &[Value]) -> String {
    let [item] = &output(events)[..] else { panic!("not one message: {events:?}") };
    item["content"][0]["text"].as_str().unwrap().to_owned()
}

fn answer(request: &Value) -> Value {
    serde_json::from_str(&holdpoint_demo::answer(request)).unwrap()
}
