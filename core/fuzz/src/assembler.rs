//! The assemblers: the same bytes, in any pieces, give the same answer; without the event that ends
//! it there is none; and what is made of one by a run is safe and can be told to any provider.

use std::collections::BTreeSet;

use holdpoint_core::id::{RunId, ThreadId, Timestamp};
use holdpoint_core::journal::Entry;
use holdpoint_core::message::{Finish, ModelResponse};
use holdpoint_core::run::{Effect, Input, Limits, Mode, Run, Spec, Status};
use holdpoint_core::stream::{Api, Assembler, Delta, StreamError};
use serde_json::Value;

use crate::{cuts, plan, sse};

type Outcome = Result<ModelResponse, StreamError>;

pub(crate) fn check(api: Api, bytes: &[u8]) {
    let whole = assemble(api, &[bytes]);
    for pieces in cuts(bytes) {
        assert_eq!(assemble(api, &pieces), whole, "in pieces");
    }
    if let Ok(answer) = whole.1 {
        check_end(api, bytes);
        for mode in [Mode::Tools, Mode::Plan] {
            check_run(mode, &answer);
        }
    }
}

fn assemble(api: Api, pieces: &[&[u8]]) -> (Vec<Delta>, Outcome) {
    let mut assembler = Assembler::new(api);
    let mut deltas = Vec::new();
    for piece in pieces {
        deltas.extend(assembler.push(piece).unwrap_or_default());
    }
    (deltas, assembler.finish())
}

/// There was an event that ends an answer, and without it there is none.
fn check_end(api: Api, bytes: &[u8]) {
    // An event that no blank line ends counts too.
    let events = sse::decode(&[bytes, b"\n\n"]);
    let end = events.iter().position(|(_, data)| is_end(api, data)).expect("an end");
    let mut before = String::new();
    for (name, data) in &events[..end] {
        before.push_str(&format!("event: {name}\n"));
        for line in data.split('\n') {
            before.push_str(&format!("data: {line}\n"));
        }
        before.push('\n');
    }
    for rest in ["", "data: [DONE]\n\n"] {
        let outcome = assemble(api, &[before.as_bytes(), rest.as_bytes()]).1;
        assert!(outcome.is_err(), "{outcome:?} before the end");
    }
}

fn is_end(api: Api, data: &str) -> bool {
    let event: Value = serde_json::from_str(data).unwrap_or_default();
    let kind = event["type"].as_str().unwrap_or_default();
    match api {
        Api::Responses => {
            ["response.completed", "response.incomplete", "response.failed"].contains(&kind)
        }
        Api::Chat => event["choices"].as_array().is_some_and(|choices| {
            choices.iter().any(|choice| {
                choice["finish_reason"].as_str().is_some_and(|reason| !reason.is_empty())
            })
        }),
        _ => kind == "message_stop",
    }
}

fn check_run(mode: Mode, answer: &ModelResponse) {
    let tools = plan::bank();
    let spec = Spec {
        run: RunId::new("run"),
        thread: ThreadId::new("thread"),
        mode,
        model: "model".to_owned(),
        instructions: String::new(),
        text: "Send 500 to Alice.".to_owned(),
        limits: Limits::default(),
    };
    let at = Timestamp::from_millis(1);
    let run = Run::start(at, spec).run;
    let head = *run.head();
    let input = Input::ModelResponded {
        turn: 0,
        response: answer.clone(),
        notes: Vec::new(),
        left_out: 0,
        grants: Vec::new(),
    };
    let step = run.step(at, input, &tools);
    let is_acted_upon = step
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::StartTool { .. } | Effect::RequestApproval { .. }));
    assert!(!is_acted_upon || answer.finish == Finish::Complete, "{:?}", answer.finish);
    match &step.effects[0] {
        Effect::Append(entry) => {
            let read = Entry::parse(&entry.to_text(), &RunId::new("run"), &head);
            assert_eq!(read.as_ref(), Ok(entry));
        }
        // An answer that is nested too deeply to be read again is not taken.
        Effect::Reject(_) => return,
        other => panic!("{other:?} first"),
    }
    // A call that waits has no result yet; every other one has.
    if ![Status::AwaitingTools, Status::AwaitingApproval].contains(&step.run.status()) {
        let (request, _) = step.run.request(&[], &tools);
        for api in Api::ALL {
            check_pairs(api, &api.request(&request));
        }
    }
}

/// Each call has its result, and no result is without its call.
fn check_pairs(api: Api, request: &Value) {
    let mut calls = BTreeSet::new();
    let mut results = BTreeSet::new();
    let list = if api == Api::Responses { "input" } else { "messages" };
    let mut note = |set: bool, id: &Value| {
        let id = id.as_str().expect("an id").to_owned();
        if set {
            calls.insert(id)
        } else {
            results.insert(id)
        };
    };
    for message in request[list].as_array().expect("a list") {
        match api {
            Api::Responses => match message["type"].as_str() {
                Some("function_call") => note(true, &message["call_id"]),
                Some("function_call_output") => note(false, &message["call_id"]),
                _ => {}
            },
            Api::Chat => {
                for call in message["tool_calls"].as_array().into_iter().flatten() {
                    note(true, &call["id"]);
                }
                if message["role"] == "tool" {
                    note(false, &message["tool_call_id"]);
                }
            }
            _ => {
                for block in message["content"].as_array().expect("blocks") {
                    match block["type"].as_str() {
                        Some("tool_use") => note(true, &block["id"]),
                        Some("tool_result") => note(false, &block["tool_use_id"]),
                        _ => {}
                    }
                }
            }
        }
    }
    assert_eq!(calls, results, "{}", api.name());
}
