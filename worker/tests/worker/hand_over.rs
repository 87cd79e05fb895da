//! Runs that were begun in a page and are handed over.

use std::rc::Rc;

use holdpoint_core::approval::{Approver, Decision};
use holdpoint_core::id::{RunId, ThreadId, Timestamp};
use holdpoint_core::message::{Finish, Item, ModelResponse, Part, ToolCall};
use holdpoint_core::run::{Effect, Input, Limits, Mode, Run, Spec, replay};
use holdpoint_core::tool::Toolbox;
use holdpoint_worker::Regress;
use serde_json::{Value, json};

use crate::support::{Bench, answer, token};

/// A page's run, as the page would keep it.
struct Page {
    run: Run,
    texts: Vec<String>,
    tools: Toolbox,
}

impl Page {
    /// A run whose model has proposed a transfer of this amount to Alice.
    fn with_transfer(amount: u32) -> Self {
        let mut tools = Toolbox::new(Rc::new(Regress));
        let definition = json!({
            "name": "transfer",
            "description": "Sends money",
            "inputSchema": { "type": "object" },
            "approval": [{
                "id": "page", "because": "the page asks", "when": { "required": ["amount"] },
            }],
        });
        tools.register(&definition).unwrap();
        let spec = Spec {
            run: RunId::new("0190-page-run"),
            thread: ThreadId::new("thread"),
            mode: Mode::Tools,
            model: "stand-in".to_owned(),
            instructions: String::new(),
            text: format!("Please transfer {amount} to Alice"),
            limits: Limits::default(),
        };
        let step = Run::start(Timestamp::from_millis(1), spec);
        let Some(Effect::Append(entry)) = step.effects.first() else { panic!() };
        let mut page = Self { texts: vec![entry.to_text()], run: step.run, tools };
        let arguments = json!({ "amount": amount, "recipient": "Alice" }).to_string();
        let call = ToolCall { id: "call_1".into(), name: "transfer".into(), arguments };
        page.feed(Input::ModelResponded {
            turn: 0,
            response: ModelResponse {
                items: vec![Item { part: Part::Call(call), raw: None }],
                finish: Finish::Complete,
                usage: None,
            },
            notes: Vec::new(),
            left_out: 0,
            grants: Vec::new(),
        });
        page
    }

    fn feed(&mut self, input: Input) {
        let step = self.run.clone().step(Timestamp::from_millis(2), input, &self.tools);
        let Some(Effect::Append(entry)) = step.effects.first() else {
            panic!("{:?}", step.effects)
        };
        self.texts.push(entry.to_text());
        self.run = step.run;
    }

    fn body(&self) -> Value {
        json!({ "run": self.run.id().as_str(), "workflow": "invoice", "entries": self.texts })
    }

    /// Asks whether the worker would take it, hands it over, and sends it.
    async fn hand_over(&mut self, bench: &Bench) -> (u16, Value) {
        let (status, asked) = send(bench, "erp", &self.body()).await;
        assert_eq!((status, &asked["taken"]), (200, &json!(false)), "{asked}");
        self.leave_to(asked["keeper"].as_str().unwrap());
        send(bench, "erp", &self.body()).await
    }

    fn leave_to(&mut self, keeper: &str) {
        self.feed(Input::HandedOver { to: keeper.to_owned(), by: person() });
    }

    fn decide(&mut self, decision: Decision) {
        let slot = self.run.turns().flat_map(|turn| &turn.slots).next().unwrap();
        let (call, digest) = (slot.action.id.clone(), slot.action.digest);
        self.feed(Input::Decided { call, decision, digest, by: person() });
    }
}

fn person() -> Approver {
    Approver { id: "ann".into(), name: "Ann".into(), channel: "card".into(), trusted: true }
}

async fn send(bench: &Bench, name: &str, body: &Value) -> (u16, Value) {
    answer(bench.server.post("/v1/runs").bearer_auth(token(name)), body).await
}

#[tokio::test]
async fn run_of_a_page_is_asked_about_anew_approved_and_comes_back_whole() {
    let mut bench = Bench::start().await;
    let mut page = Page::with_transfer(500);
    let (status, taken) = page.hand_over(&bench).await;
    assert_eq!((status, &taken["taken"], &taken["repeated"]), (200, &json!(true), &json!(false)));
    let (_, again) = send(&bench, "erp", &page.body()).await;
    assert_eq!(again["repeated"], json!(true));

    let approval = bench.world.notice("approval.requested").await["data"]["approval"].clone();
    assert_eq!(approval["rule"]["because"], "the amount is 100 or more");
    let shown = page.run.turns().flat_map(|turn| &turn.slots).next().unwrap();
    assert_ne!(approval["digest"], shown.action.digest.to_string());
    assert_eq!(bench.server.decide(&approval, "ann", "approve").await.0, 200);
    bench.world.notice("job.completed").await;
    assert_eq!(bench.world.calls("transfer").len(), 1);

    let path = format!("/v1/jobs/{}/journal", page.run.id());
    let told = bench.server.read(&path, "erp").await;
    let entries: Vec<&str> =
        told["entries"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert_eq!(entries[..page.texts.len()], page.texts);
    assert!(replay(page.run.id(), None, entries).unwrap().status().is_over());
}

#[tokio::test]
async fn consent_that_a_page_claims_is_worth_nothing_here() {
    let bench = Bench::start().await;
    let mut page = Page::with_transfer(500);
    page.decide(Decision::Approve { arguments: None, note: None });
    let (status, refused) = send(&bench, "erp", &page.body()).await;
    assert_eq!((status, &refused["error"]["code"]), (422, &json!("run_unsuitable")));
    assert!(bench.world.calls("transfer").is_empty());
}

#[tokio::test]
async fn run_is_refused_by_its_cause_and_nothing_is_kept() {
    let bench = Bench::start().await;
    let page = Page::with_transfer(500);
    let with = |field: &str, value: Value| {
        let mut body = page.body();
        body[field] = value;
        body
    };
    let altered = page.texts[1].replace("500", "501");
    let mut elsewhere = Page::with_transfer(500);
    elsewhere.leave_to("another");
    for (name, body, expected) in [
        ("nobody", page.body(), (401, "caller_unknown")),
        ("ben", page.body(), (404, "unknown_workflow")),
        ("erp", with("workflow", json!("other")), (404, "unknown_workflow")),
        ("erp", with("run", json!("../x")), (400, "request_invalid")),
        ("erp", with("run", json!("0190-other-run")), (422, "journal_altered")),
        ("erp", with("entries", json!([page.texts[0], altered])), (422, "journal_altered")),
        ("erp", with("entries", json!([])), (422, "journal_incomplete")),
        ("erp", with("entries", json!([7])), (400, "request_invalid")),
        ("erp", elsewhere.body(), (409, "handed_over_elsewhere")),
    ] {
        let (status, refused) = send(&bench, name, &body).await;
        let code = refused["error"]["code"].as_str().unwrap_or("none");
        assert_eq!((status, code), expected, "{refused}");
    }
    assert_eq!(bench.server.read("/v1/jobs", "erp").await, json!({ "jobs": [] }));
}

#[tokio::test]
async fn run_of_someone_else_is_not_taken_twice() {
    let bench = Bench::start().await;
    let mut page = Page::with_transfer(500);
    page.hand_over(&bench).await;
    let (status, refused) = send(&bench, "shop", &page.body()).await;
    assert_eq!((status, &refused["error"]["code"]), (401, &json!("caller_unknown")));
    let (status, refused) = send(&bench, "ann", &page.body()).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("run_exists")));
}
