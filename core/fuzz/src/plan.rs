//! The plan parser: what it passes is what a person may be shown and a tool may be given.

use std::rc::Rc;

use holdpoint_core::id::RunId;
use holdpoint_core::json;
use holdpoint_core::message::{Finish, Item, ModelResponse, Part, ToolCall};
use holdpoint_core::plan::{Proposed, draft};
use holdpoint_core::policy::Verdict;
use holdpoint_core::run::{Limits, Mode};
use holdpoint_core::schema::NoPatterns;
use holdpoint_core::tool::Toolbox;
use serde_json::{Value, json};

pub(crate) fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let call =
        ToolCall { id: "call".to_owned(), name: "transfer".to_owned(), arguments: text.clone() };
    for (mode, part) in [(Mode::Plan, Part::Text(text.clone())), (Mode::Tools, Part::Call(call))] {
        check_draft(mode, part, &text);
    }
}

fn check_draft(mode: Mode, part: Part, text: &str) {
    let tools = bank();
    let limits = Limits::default();
    let response = ModelResponse {
        items: vec![Item { part, raw: None }],
        finish: Finish::Complete,
        usage: None,
    };
    let proposed = Proposed {
        run: &RunId::new("run"),
        turn: 0,
        mode,
        limits: &limits,
        notes: &[],
        grants: &[],
        denied: &[],
        tools: &tools,
    };
    let parse = || draft(proposed, &response);
    let parsed = parse();
    assert_eq!(parsed, parse(), "the same text, another plan");
    let Ok(draft) = parsed else {
        assert!(!parsed.unwrap_err().0.is_empty(), "a report without an issue");
        return;
    };
    assert!(draft.actions.len() <= limits.calls_per_turn_max as usize);
    for action in &draft.actions {
        let tool = tools.get(&action.tool).expect("a tool that exists");
        assert!(tool.schema.check(&action.arguments, tools.patterns()).is_empty());
        assert_eq!(action.digest, action.digest_with(&RunId::new("run"), &action.arguments));
        // What is shown and digested is read back as itself.
        let written = json::canonical(&action.arguments);
        let read = json::parse(&written, &json::Limits::default()).expect("what was read before");
        assert_eq!(json::canonical(&read), written);
        let amount = action.arguments["amount"].as_f64();
        if action.tool == "transfer" && amount.is_none_or(|amount| amount > 100.0) {
            assert_ne!(action.ruling.verdict, Verdict::Allow, "{text}");
        }
    }
}

pub(crate) fn bank() -> Toolbox {
    let mut tools = Toolbox::new(Rc::new(NoPatterns));
    let amount = json!({ "type": "number", "exclusiveMinimum": 0 });
    let object = |properties: Value, required: Value| {
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    };
    for tool in [
        json!({
            "name": "check_balance",
            "description": "Tells the balance.",
            "annotations": { "readOnlyHint": true },
        }),
        json!({
            "name": "transfer",
            "description": "Sends money to someone.",
            "inputSchema": object(
                json!({
                    "amount": amount,
                    "recipient": { "type": "string", "minLength": 1 },
                    "note": { "type": "string" },
                }),
                json!(["amount", "recipient"]),
            ),
            "approval": [{
                "id": "large-transfer",
                "when": {
                    "properties": { "amount": { "exclusiveMinimum": 100 } },
                    "required": ["amount"],
                },
                "because": "it sends more than 100",
            }],
        }),
    ] {
        tools.register(&tool).expect("a sound tool");
    }
    tools
}
