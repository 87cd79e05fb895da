//! The bank from a request to the ledger: core asks, the stand-in answers, core reads the answer and
//! decides; in each format, in both modes, with the page reloaded at every card.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::rc::Rc;

use holdpoint_core::approval::{Approver, Decision};
use holdpoint_core::id::{RunId, ThreadId, Timestamp};
use holdpoint_core::journal::Entry;
use holdpoint_core::message::ModelResponse;
use holdpoint_core::run::{
    Effect, Input, Limits, Mode, Run, Spec, Status, Step, ToolOutcome, replay,
};
use holdpoint_core::schema::NoPatterns;
use holdpoint_core::stream::{Api, Assembler};
use holdpoint_core::tool::Toolbox;
use holdpoint_demo::{Wire, respond};
use serde_json::{Value, json};

/// Runs a scenario in every format and mode.
fn everywhere(scenario: impl Fn(&mut Session)) {
    for api in Api::ALL {
        for mode in [Mode::Tools, Mode::Plan] {
            eprintln!("{} {mode:?}", api.name());
            scenario(&mut Session::open(api, mode));
        }
    }
}

#[test]
fn small_transfer_runs_through_and_leaves_950() {
    everywhere(|session| {
        let run = session.ask("check my balance and transfer 50 to Alice", &[]);
        assert_eq!((session.balance, run.status()), (950, Status::Completed));
        let said = "- Your balance was **1,000**.\n- Done: 50 to Alice. The balance is 950.";
        assert_eq!(session.said(), said);
        assert!(run.usage().input > 0 && run.usage().output > 0);
    });
}

#[test]
fn large_transfer_is_held_and_runs_once_it_is_approved() {
    everywhere(|session| {
        session.ask("check my balance and transfer 50 to Alice", &[]);
        session.ask("transfer 500 to Alice", &[approval()]);
        assert_eq!((session.balance, session.held), (450, 1));
        assert_eq!(session.said(), "Done: 500 to Alice. The balance is 450.");
    });
}

#[test]
fn denied_transfer_leaves_the_ledger_untouched_and_the_model_says_so() {
    everywhere(|session| {
        session.ask("check my balance and transfer 50 to Alice", &[]);
        session.ask("transfer 500 to Alice", &[denial()]);
        assert_eq!((session.balance, session.held), (950, 1));
        let said = "I did not transfer 500 to Alice: you declined it (not today).";
        assert_eq!(session.said(), said);
        session.ask("check my balance", &[]);
        assert_eq!(session.said(), "Your balance is **950**.");
    });
}

#[test]
fn call_that_a_person_answered_instead_is_not_called_done() {
    everywhere(|session| {
        let answer = Decision::Answer { text: "Alice was paid in cash.".to_owned() };
        session.ask("transfer 500 to Alice", &[answer]);
        assert_eq!((session.balance, session.held), (1_000, 1));
        let said = "I did not transfer 500 to Alice: you answered (Alice was paid in cash).";
        assert_eq!(session.said(), said);
    });
}

#[test]
fn plan_that_is_sent_back_is_mended() {
    everywhere(|session| {
        let run = session.ask("check my balance and transfer -5 to Alice", &[]);
        assert_eq!((session.balance, run.status()), (1_000, Status::Completed));
        let turns: Vec<_> = run.turns().collect();
        assert!(turns[0].report.is_some() && turns[0].slots.is_empty());
        assert_eq!(turns[1].slots[0].action.tool, "check_balance");
        assert!(session.said().contains("Your balance is **1,000**."), "{}", session.said());
        let told = turns.iter().map(|turn| &*turn.text).collect::<Vec<_>>().join(" ");
        assert!(told.contains("transfer -5 to Alice"), "{told}");
    });
}

#[test]
fn plan_that_cannot_be_mended_is_given_up() {
    everywhere(|session| {
        let run = session.ask("transfer -5 to Alice", &[]);
        assert_eq!((session.balance, run.status()), (1_000, Status::Completed));
        assert!(session.said().starts_with("I c"), "{}", session.said());
        assert!(session.said().contains("not transfer -5 to Alice"), "{}", session.said());
    });
}

#[test]
fn conversation_goes_on_in_another_format() {
    let mut session = Session::open(Api::Responses, Mode::Tools);
    for (api, balance) in [(Api::Messages, 450), (Api::Chat, 400), (Api::Responses, 350)] {
        session.ask(
            if balance == 450 { "transfer 550 to Alice" } else { "transfer 50 to Alice" },
            &[approval()],
        );
        assert_eq!(session.balance, balance);
        session.api = api;
    }
    session.ask("check my balance", &[]);
    assert_eq!(session.said(), "Your balance is **350**.");
}

#[test]
fn person_who_stopped_a_run_is_not_taken_for_asking_again() {
    for api in Api::ALL {
        let mut session = Session::open(api, Mode::Tools);
        let run = Run::start(at(), session.spec("transfer 50 to Bob")).run;
        let stopped = run.step(at(), Input::Cancelled { by: person() }, &session.tools).run;
        assert_eq!(stopped.status(), Status::Cancelled);
        session.earlier.push(Rc::new(stopped));
        session.ask("check my balance", &[]);
        assert_eq!((session.balance, session.said()), (1_000, "Your balance is **1,000**."));
    }
}

/// A page with the bank, and the conversation so far.
struct Session {
    api: Api,
    mode: Mode,
    tools: Toolbox,
    balance: i64,
    /// How many cards were shown.
    held: usize,
    earlier: Vec<Rc<Run>>,
}

impl Session {
    fn open(api: Api, mode: Mode) -> Self {
        let (tools, earlier) = (bank(), Vec::new());
        Self { api, mode, tools, balance: 1_000, held: 0, earlier }
    }

    fn spec(&self, text: &str) -> Spec {
        Spec {
            run: RunId::new(format!("run{}", self.earlier.len())),
            thread: ThreadId::new("thread"),
            mode: self.mode,
            model: "stand-in".to_owned(),
            instructions: "You are a bank.".to_owned(),
            text: text.to_owned(),
            limits: Limits::default(),
        }
    }

    /// Asks, and decides about the cards in their order.
    #[track_caller]
    fn ask(&mut self, text: &str, decisions: &[Decision]) -> Run {
        let mut decisions = decisions.iter();
        let mut journal = Vec::new();
        let mut step = Run::start(at(), self.spec(text));
        loop {
            let Step { mut run, effects } = step;
            journal.extend(effects.iter().filter_map(|effect| match effect {
                Effect::Append(entry) => Some(Entry::to_text(entry)),
                Effect::Reject(rejection) => panic!("{rejection:?}"),
                _ => None,
            }));
            let called = effects.iter().find(|effect| matches!(effect, Effect::CallTool { .. }));
            let input = match called.cloned().or_else(|| run.outstanding().into_iter().next()) {
                None => {
                    self.earlier.push(Rc::new(run.clone()));
                    return run;
                }
                Some(Effect::CallModel { turn }) => {
                    let response = self.call_model(&run);
                    Input::ModelResponded {
                        turn,
                        response,
                        notes: Vec::new(),
                        left_out: 0,
                        grants: Vec::new(),
                    }
                }
                Some(Effect::StartTool { call }) => Input::ToolStarted { call },
                Some(Effect::CallTool { call, attempt, tool, arguments, .. }) => {
                    let outcome = ToolOutcome::Succeeded(self.perform(&tool, &arguments));
                    Input::ToolFinished { call, attempt, outcome }
                }
                Some(Effect::RequestApproval { call }) => {
                    self.held += 1;
                    let texts = journal.iter().map(String::as_str);
                    let reloaded = replay(run.id(), Some(run.head()), texts).unwrap();
                    assert_eq!(reloaded, run);
                    run = reloaded;
                    let decision = decisions.next().expect("a card that is meant").clone();
                    let digest = run.find(&call).unwrap().1.action.digest;
                    Input::Decided { call, decision, digest, by: person() }
                }
                Some(other) => panic!("{other:?}"),
            };
            step = run.step(at(), input, &self.tools);
        }
    }

    fn call_model(&self, run: &Run) -> ModelResponse {
        let (question, _) = run.request(&self.earlier, &self.tools);
        let request = self.api.request(&question);
        let wire = Wire::of_path(self.api.path()).unwrap();
        let mut assembler = Assembler::new(self.api);
        for piece in respond(wire, &request).concat().as_bytes().chunks(7) {
            assembler.push(piece).unwrap();
        }
        assembler.finish().unwrap()
    }

    fn perform(&mut self, tool: &str, arguments: &Value) -> Value {
        let amount = arguments["amount"].as_i64().unwrap_or_default();
        match tool {
            "check_balance" => json!({ "balance": self.balance }),
            "transfer" => {
                self.balance -= amount;
                let recipient = &arguments["recipient"];
                json!({ "balance": self.balance, "transferred": amount, "recipient": recipient })
            }
            other => panic!("{other} was called"),
        }
    }

    /// The model's last words.
    fn said(&self) -> &str {
        self.earlier.last().and_then(|run| run.turns().last()).map(|turn| &*turn.text).unwrap()
    }
}

fn bank() -> Toolbox {
    let mut tools = Toolbox::new(Rc::new(NoPatterns));
    let check_balance = json!({
        "name": "check_balance",
        "description": "Tells the balance",
        "annotations": { "readOnlyHint": true },
    });
    let transfer = json!({
        "name": "transfer",
        "description": "Transfers money to someone",
        "inputSchema": {
            "type": "object",
            "properties": {
                "amount": { "type": "number", "exclusiveMinimum": 0 },
                "recipient": { "type": "string" },
            },
            "required": ["amount", "recipient"],
        },
        "approval": [{
            "id": "above-100",
            "when": {
                "properties": { "amount": { "exclusiveMinimum": 100 } },
                "required": ["amount"],
            },
            "because": "transfers above 100 need a person",
        }],
    });
    tools.register(&check_balance).unwrap();
    tools.register(&transfer).unwrap();
    tools
}

fn approval() -> Decision {
    Decision::Approve { arguments: None, note: None }
}

fn denial() -> Decision {
    Decision::Deny { reason: Some("not today".to_owned()) }
}

fn person() -> Approver {
    Approver { id: "u1".into(), name: "Ada".into(), channel: "card".into(), trusted: true }
}

fn at() -> Timestamp {
    Timestamp::from_millis(1)
}
