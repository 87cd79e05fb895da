//! The page's tools, as a page defines them and as the driver calls them.

use std::future::{pending, ready};
use std::rc::Rc;

use holdpoint::driver::ports::{Runtime, Task, ToolHost, ToolRequest, Verified};
use holdpoint::tools::PageTools;
use holdpoint_core::id::{CallId, RunId, Timestamp};
use holdpoint_core::json::digest;
use holdpoint_core::plan::{Action, Note};
use holdpoint_core::policy::{Ruling, Verdict};
use holdpoint_core::run::ToolOutcome;
use holdpoint_core::tool::Annotations;
use js_sys::Function;
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn tool_is_offered_until_it_is_taken_away() {
    let tools = host(r#"{ name: "pay", description: "Pays", execute() {} }"#);
    assert!(tools.toolbox().get("pay").is_some());
    assert!(tools.unregister("pay"));
    assert!(tools.toolbox().get("pay").is_none());
    assert!(!tools.unregister("pay"));
}

#[wasm_bindgen_test]
fn definition_with_a_fault_is_refused() {
    for definition in [
        "null",
        "[]",
        r#"{ name: "pay", description: "Pays" }"#,
        r#"{ name: "pay", description: "Pays", execute: "later" }"#,
        r#"{ name: "pay", description: "Pays", execute() {}, summary: "Pays" }"#,
        r#"{ name: "pay", description: "Pays", execute() {}, needsApproval: true }"#,
        r#"{ name: "pay", description: "Pays", execute() {}, get verify() { throw 1; } }"#,
        r#"{ name: "pay", description: "Pays", execute() {}, toJSON() { throw 1; } }"#,
    ] {
        let error = tools().register(&page(definition)).expect_err(definition);
        assert_eq!(error.code, "tool_malformed", "{definition}");
    }
}

#[wasm_bindgen_test]
fn rule_that_is_a_function_is_refused_and_not_lost() {
    let definition = page(
        r#"{ name: "pay", description: "Pays", annotations: { readOnlyHint: true },
             approval: () => "always", execute() {} }"#,
    );
    let error = tools().register(&definition).unwrap_err();
    assert!(error.message.contains("needsApproval"), "{error}");
}

#[wasm_bindgen_test]
fn second_tool_of_a_name_is_refused() {
    let tools = host(r#"{ name: "pay", description: "Pays", execute() { return 1; } }"#);
    let second = page(r#"{ name: "pay", description: "Pays", execute() { return 2; } }"#);
    assert_eq!(tools.register(&second).unwrap_err().code, "tool_duplicate");
}

#[wasm_bindgen_test]
fn pattern_is_read_with_the_unicode_flag() {
    let with = |pattern: &str| {
        let tool = json!({
            "name": "pay",
            "description": "Pays",
            "inputSchema": { "type": "object", "properties": { "to": { "pattern": pattern } } },
        });
        let tool = page(&format!("{{ ...{tool}, execute() {{}} }}"));
        let tools = tools();
        tools.register(&tool).map(|_| tools)
    };
    let tools = with(r"^\p{Lu}.$").unwrap();
    let toolbox = tools.toolbox();
    let schema = &toolbox.get("pay").unwrap().schema;
    assert!(schema.is_valid(&json!({ "to": "Ä😀" }), toolbox.patterns()));
    assert!(!schema.is_valid(&json!({ "to": "ab" }), toolbox.patterns()));
    assert_eq!(with("(").err().unwrap().code, "tool_schema_unsupported");
}

#[wasm_bindgen_test]
async fn result_is_what_the_tool_gives_back() {
    for (body, expected) in [
        ("return { left: 950 }", json!({ "left": 950 })),
        ("return Promise.resolve([1])", json!([1])),
        ("return { then(done) { done('thenable') } }", json!("thenable")),
        ("return undefined", Value::Null),
    ] {
        check(body, ToolOutcome::Succeeded(expected)).await;
    }
}

#[wasm_bindgen_test]
async fn exception_is_an_outcome_with_its_words() {
    for (body, expected) in [
        ("throw new Error('no such account')", "no such account"),
        ("return Promise.reject('closed today')", "closed today"),
        ("throw null", "it failed without saying why"),
        ("throw { get message() { throw 1; } }", "it failed without saying why"),
    ] {
        check(body, ToolOutcome::Failed(expected.to_owned())).await;
    }
}

#[wasm_bindgen_test]
async fn result_that_is_not_json_is_told_from_a_tool_that_failed() {
    for body in ["return 10n", "const a = []; a.push(a); return a", r"return '\ud800'"] {
        let ToolOutcome::Failed(words) = call(&paying(body)).await else { panic!("{body}") };
        assert!(words.starts_with("the tool ran to its end"), "{words}");
    }
}

#[wasm_bindgen_test]
async fn tool_is_told_its_key_and_its_ids() {
    check(
        "const { idempotencyKey, runId, callId, signal } = context;
         return [idempotencyKey, runId, callId, signal.aborted, this.name]",
        ToolOutcome::Succeeded(json!(["key", "run", "run.1.0", false, "pay"])),
    )
    .await;
}

#[wasm_bindgen_test]
async fn page_cannot_change_the_arguments_of_another_function() {
    let tools = host(
        r#"{ name: "pay", description: "Pays",
             summary(args) { args.amount = 1; return "Pay " + args.amount; },
             execute(args) { return args.amount; } }"#,
    );
    assert_eq!(tools.note(&action()).summary.as_deref(), Some("Pay 1"));
    assert_eq!(call(&tools).await, ToolOutcome::Succeeded(json!(500)));
}

#[wasm_bindgen_test]
async fn call_with_no_answer_in_time_is_unknown_and_told_to_stop() {
    let tools = host_at(
        Clock::Over,
        r#"{ name: "pay", description: "Pays",
             execute(args, { signal }) { globalThis.signal = signal; return new Promise(() => {}); } }"#,
    );
    let outcome = tools.call(request()).await;
    assert_eq!(outcome, ToolOutcome::Unknown("the tool did not answer within 60 s".to_owned()));
    assert!(page("signal.aborted").is_truthy());
}

#[wasm_bindgen_test]
async fn call_that_is_stopped_in_the_middle_is_unknown() {
    let tools = paying(
        "return new Promise((_, reject) => context.signal.addEventListener('abort',
             () => reject(context.signal.reason)))",
    );
    let outcome = tools.call(request());
    let (outcome, ()) = futures_util::join!(outcome, async { tools.abort(&call_id()) });
    assert_eq!(outcome, ToolOutcome::Unknown("the tool was stopped in the middle".to_owned()));
}

#[wasm_bindgen_test]
async fn tool_that_does_not_know_whether_it_was_done_leaves_it_open() {
    let in_doubt = "throw Object.assign(new Error('the line broke'), { inDoubt: true })";
    check(in_doubt, ToolOutcome::Unknown("the line broke".to_owned())).await;
    let denied = "throw Object.assign(new Error('no such account'), { inDoubt: 'yes' })";
    check(denied, ToolOutcome::Failed("no such account".to_owned())).await;
}

#[wasm_bindgen_test]
async fn call_of_a_tool_that_is_gone_has_failed() {
    let tools = paying("return 1");
    tools.unregister("pay");
    let ToolOutcome::Failed(_) = call(&tools).await else { panic!() };
}

#[wasm_bindgen_test]
fn note_has_the_words_of_the_page() {
    let note = noted("summary: () => 'Pay Ann'");
    assert_eq!(note.summary.as_deref(), Some("Pay Ann"));
    assert_eq!(note.raise, None);
}

#[wasm_bindgen_test]
async fn preview_is_a_text_or_what_changes_at_once_or_later() {
    let change = json!([{ "label": "Balance", "before": 500, "after": 0 }]);
    for (preview, expected) in [
        ("(args) => `500 becomes ${500 - args.amount}`", Some("500 becomes 0".into())),
        ("async () => [{ label: 'Balance', before: 500, after: 0 }]", Some(change)),
        ("async () => { throw 1 }", None),
        ("() => ' '", None),
        ("() => 5", None),
        ("() => ({ before: 'x'.repeat(5000), after: 1 })", None),
    ] {
        let tools = host(&with_functions(&format!("preview: {preview}")));
        assert_eq!(tools.preview(&action()).unwrap().await, expected, "{preview}");
    }
}

#[wasm_bindgen_test]
async fn precondition_is_json_or_why_it_is_not_known() {
    let asked = async |function: &str| {
        let tools = host(&with_functions(&format!("precondition: {function}")));
        tools.precondition(&action()).unwrap().await
    };
    assert_eq!(asked("() => ({ balance: 5 })").await, Ok(json!({ "balance": 5 })));
    assert_eq!(asked("async () => 5").await, Ok(json!(5)));
    assert_eq!(asked("async () => { throw Error('closed') }").await, Err("closed".to_owned()));
    asked("() => 1n").await.unwrap_err();
    assert!(host(&with_functions("verify() {}")).precondition(&action()).is_none());
}

#[wasm_bindgen_test]
fn words_that_are_missing_or_endless_do_no_harm() {
    for fault in ["() => { throw 1 }", "() => 5", "async () => 'later'", "() => ' '"] {
        assert_eq!(noted(&format!("summary: {fault}")), Note::default());
    }
    let long = noted("summary: () => '😀'.repeat(1e6)").summary.unwrap();
    assert_eq!(long.chars().count(), 501);
}

#[wasm_bindgen_test]
fn check_of_the_page_makes_a_call_stricter_unless_it_plainly_says_no() {
    let raised = |answer: &str| noted(&format!("needsApproval: () => {{ {answer} }}")).raise;
    for no in ["return false", "return null", "return undefined", ""] {
        assert_eq!(raised(no), None, "{no}");
    }
    for yes in ["return true", "return ''", "return 0", "return {}", "throw 1"] {
        assert_eq!(raised(yes).unwrap().0, Verdict::Ask, "{yes}");
    }
    let promise = noted("needsApproval: async () => false").raise;
    assert_eq!(promise.unwrap().0, Verdict::Ask);
    assert_eq!(raised("return 'it is late'"), Some((Verdict::Ask, "it is late".to_owned())));
    assert_eq!(raised("return 'deny'").unwrap().0, Verdict::Deny);
}

#[wasm_bindgen_test]
async fn only_a_plain_answer_settles_a_call_in_doubt() {
    for (answer, expected) in [
        ("true", Ok(Verified::Happened(None))),
        (
            "Promise.resolve({ happened: true, result: key })",
            Ok(Verified::Happened(Some(json!("key")))),
        ),
        ("{ happened: true }", Ok(Verified::Happened(None))),
        ("false", Ok(Verified::DidNotHappen)),
        ("{ happened: false }", Ok(Verified::DidNotHappen)),
        ("undefined", Ok(Verified::Unknown)),
        ("null", Ok(Verified::Unknown)),
        ("'no'", Ok(Verified::Unknown)),
        ("{ happened: 'yes' }", Ok(Verified::Unknown)),
        ("Promise.reject(new Error('the bank is closed'))", Err("the bank is closed".to_owned())),
    ] {
        let tools = host(&format!(
            r#"{{ name: "pay", description: "Pays", execute() {{}}, verify(key) {{ return ({answer}) }} }}"#
        ));
        assert!(tools.can_verify("pay"));
        assert_eq!(tools.verify("pay", "key").unwrap().await, expected, "{answer}");
    }
}

#[wasm_bindgen_test]
fn tool_without_verify_cannot_be_asked() {
    let tools = paying("return 1");
    assert!(!tools.can_verify("pay"));
    assert!(tools.verify("pay", "key").is_none());
}

async fn check(body: &str, expected: ToolOutcome) {
    assert_eq!(call(&paying(body)).await, expected, "{body}");
}

async fn call(tools: &PageTools) -> ToolOutcome {
    tools.call(request()).await
}

fn noted(functions: &str) -> Note {
    host(&with_functions(functions)).note(&action())
}

fn with_functions(functions: &str) -> String {
    format!(r#"{{ name: "pay", description: "Pays", execute() {{}}, {functions} }}"#)
}

/// A tool that runs this body.
fn paying(body: &str) -> PageTools {
    host(&format!(r#"{{ name: "pay", description: "Pays", execute(args, context) {{ {body} }} }}"#))
}

fn host(definition: &str) -> PageTools {
    host_at(Clock::Stopped, definition)
}

fn host_at(clock: Clock, definition: &str) -> PageTools {
    let tools = PageTools::new(Rc::new(clock));
    tools.register(&page(definition)).unwrap();
    tools
}

fn tools() -> PageTools {
    PageTools::new(Rc::new(Clock::Stopped))
}

/// A value as a script of the page writes it.
fn page(expression: &str) -> JsValue {
    let body = format!("return ({expression})");
    Function::new_no_args(&body).call0(&JsValue::UNDEFINED).unwrap()
}

fn request() -> ToolRequest {
    ToolRequest {
        run: RunId::new("run"),
        call: call_id(),
        tool: "pay".to_owned(),
        arguments: json!({ "amount": 500 }),
        key: "key".to_owned(),
        timeout_ms: 60_000,
    }
}

fn action() -> Action {
    Action {
        id: call_id(),
        call: None,
        tool: "pay".to_owned(),
        title: "Pay".to_owned(),
        tool_digest: digest(&Value::Null),
        annotations: Annotations::default(),
        arguments: request().arguments,
        ruling: Ruling::plain(Verdict::Ask, "always-asks", "this tool always asks"),
        flagged: None,
        summary: None,
        preview: None,
        reason: None,
        precondition: None,
        schema: None,
        undo_window_ms: None,
        depends_on: None,
        digest: digest(&Value::Null),
    }
}

fn call_id() -> CallId {
    CallId::of(&RunId::new("run"), 1, 0)
}

/// A runtime whose sleep never ends, or has ended when it begins.
#[derive(Clone, Copy)]
enum Clock {
    Stopped,
    Over,
}

impl Runtime for Clock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }

    fn sleep(&self, _millis: u64) -> Task<()> {
        match self {
            Self::Stopped => Box::pin(pending()),
            Self::Over => Box::pin(ready(())),
        }
    }

    fn unique(&self) -> String {
        "unique".to_owned()
    }

    fn chance(&self) -> f64 {
        0.0
    }

    fn spawn(&self, task: Task<()>) {
        wasm_bindgen_futures::spawn_local(task);
    }
}
