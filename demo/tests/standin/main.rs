//! The stand-in as its callers meet it: a request in, server-sent events out.

mod formats;
mod support;

use holdpoint_demo::Wire;
use serde_json::{Value, json};
use support::{answer, asked, called, calls, plan, planned, respond_checked, text};

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
    request["input"][2]["output"] = json!("null");
    assert_eq!(text(&respond_checked(&request)), "Done: `weather` answered `null`.");
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
fn plan_is_mended_where_the_report_names_the_call() {
    let mut request = planned("check my balance and transfer -5 to Alice");
    let report = json!({ "status": "invalid", "issues": [
        { "code": "schema_violation", "tool": "transfer", "message": "expected more than 0" },
    ] });
    let report = format!("The plan is not valid. Make it again. {report}");
    let first = text(&respond_checked(&request));
    let input = request["input"].as_array_mut().unwrap();
    input.push(json!({ "role": "assistant", "content": first }));
    input.push(json!({ "role": "user", "content": report }));
    let mended = plan(&request);
    let left_out = "I cannot transfer -5 to Alice: expected more than 0.";
    assert_eq!(mended["reply"], format!("I will check your balance. {left_out}"));
    assert_eq!(mended["actions"].as_array().unwrap().len(), 1);
    assert_eq!(mended["actions"][0]["action"], "check_balance");

    let input = request["input"].as_array_mut().unwrap();
    input.push(json!({ "role": "assistant", "content": mended.to_string() }));
    input.push(json!({ "role": "user", "content": report }));
    assert_eq!(plan(&request)["actions"], json!([]), "it is not mended over and over");
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
    let respond = || holdpoint_demo::respond(Wire::Responses, &request);
    assert_eq!(respond(), respond());
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
