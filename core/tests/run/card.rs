//! What can become of a call while a person is asked about it, and right after.

use holdpoint_core::approval::Decision;
use holdpoint_core::grant::Grant;
use holdpoint_core::id::Timestamp;
use holdpoint_core::plan::Note;
use holdpoint_core::policy::{Verdict, rule};
use holdpoint_core::run::{
    Effect, Input, Limits, Mode, Origin, Outcome, Progress, Rejection, Run, Spec, Status,
    ToolOutcome,
};
use serde_json::{Value, json};

use super::support::{
    Desk, EXPIRES_IN_MS, LARGE, approval, bank, bank_with, calls, denial, edit, large, person,
    plan, says, spec, toolbox,
};

fn on_expiry(word: &str) -> Desk {
    let word = word.to_owned();
    let tools =
        bank_with("transfer", |tool| tool["approval"][0]["onExpiry"] = word.as_str().into());
    let mut desk = Desk::open_with(spec(Mode::Tools), tools);
    desk.answer(calls(&[("transfer", LARGE)]));
    desk
}

fn undoable(tool: &str) -> Desk {
    let tools = bank_with(tool, |tool| tool["undoable"] = json!({ "windowMs": 5_000 }));
    Desk::open_with(spec(Mode::Tools), tools)
}

fn expired(desk: &Desk) -> Input {
    Input::Expired { call: desk.call(0) }
}

fn extended(desk: &Desk) -> Input {
    Input::Extended { call: desk.call(0), by: person() }
}

fn told_to(desk: &Desk) -> Value {
    desk.told().remove(0)
}

#[test]
fn lapsed_call_is_decided_only_after_it_is_asked_for_anew() {
    let mut desk = on_expiry("ask-again");
    desk.now += EXPIRES_IN_MS;
    assert_eq!(desk.refuse(desk.decision(0, approval())), Rejection::Expired);
    desk.accept(expired(&desk));
    desk.is(Status::AwaitingApproval);
    assert!(matches!(desk.slot(0).progress, Progress::Held { lapsed: true, .. }));
    assert_eq!(desk.refuse(expired(&desk)), Rejection::Stale, "it lapses once");
    assert_eq!(desk.refuse(desk.decision(0, approval())), Rejection::Expired);
    desk.accept(extended(&desk));
    assert_eq!(desk.decide(0, approval()), [Effect::StartTool { call: desk.call(0) }]);
}

#[test]
fn lapsed_call_can_be_denied_as_it_is() {
    let mut desk = on_expiry("ask-again");
    desk.now += EXPIRES_IN_MS;
    desk.accept(expired(&desk));
    desk.decide(0, denial("forget it"));
    assert_eq!(told_to(&desk)["status"], "denied");
}

#[test]
fn call_that_is_only_late_waits_on() {
    let mut desk = on_expiry("never");
    desk.now += EXPIRES_IN_MS;
    assert_eq!(desk.refuse(expired(&desk)), Rejection::NotExpired);
    desk.decide(0, approval());
}

#[test]
fn extension_moves_the_end_and_not_past_it() {
    let mut desk = on_expiry("deny");
    desk.now += EXPIRES_IN_MS / 2;
    desk.accept(extended(&desk));
    desk.now += EXPIRES_IN_MS / 2 + 1_000;
    assert_eq!(desk.refuse(expired(&desk)), Rejection::NotExpired);
    desk.now += EXPIRES_IN_MS;
    assert_eq!(desk.refuse(extended(&desk)), Rejection::Expired);
    desk.accept(expired(&desk));
    assert_eq!(told_to(&desk)["status"], "expired", "no one said no");
}

#[test]
fn answer_in_place_of_a_decision_reaches_the_model_and_nothing_runs() {
    let mut desk = Desk::answered(Mode::Tools, calls(&[("transfer", LARGE)]));
    let effects = desk.decide(0, Decision::Answer { text: "Bob has the money already".into() });
    assert_eq!(effects, [Effect::CallModel { turn: 1 }]);
    let told = told_to(&desk);
    assert_eq!(told["status"], "answered");
    assert_eq!(told["answer"], "Bob has the money already");
}

#[test]
fn approved_call_waits_until_it_cannot_be_taken_back() {
    let mut desk = undoable("transfer");
    desk.answer(calls(&[("transfer", LARGE)]));
    desk.decide(0, approval());
    let start = Input::ToolStarted { call: desk.call(0) };
    assert_eq!(desk.refuse(start.clone()), Rejection::NotYet);
    desk.resume();
    assert_eq!(desk.refuse(start), Rejection::NotYet, "a reload does not shorten it");
    desk.now += 5_000;
    desk.start(0);
    let back = Input::TakenBack { call: desk.call(0), by: person() };
    assert_eq!(desk.refuse(back), Rejection::Stale);
}

#[test]
fn approval_taken_back_is_asked_for_again_with_what_was_proposed() {
    let mut desk = undoable("transfer");
    desk.answer(calls(&[("transfer", LARGE)]));
    desk.decide(0, edit(json!({ "amount": 400, "recipient": "Alice" })));
    desk.accept(Input::TakenBack { call: desk.call(0), by: person() });
    desk.is(Status::AwaitingApproval);
    assert_eq!(desk.slot(0).arguments(), &large());
    desk.decide(0, denial("changed my mind"));
    assert_eq!(told_to(&desk)["status"], "denied");
}

#[test]
fn call_that_rules_allow_can_be_taken_back_too() {
    let mut desk = undoable("deposit");
    desk.answer(calls(&[("deposit", r#"{"amount":5}"#)]));
    desk.accept(Input::TakenBack { call: desk.call(0), by: person() });
    desk.decide(0, approval());
    desk.now += 5_000;
    desk.start(0);
}

#[test]
fn cancelled_run_does_not_start_what_waits_to_be_taken_back() {
    let mut desk = undoable("transfer");
    desk.answer(calls(&[("transfer", LARGE)]));
    desk.decide(0, approval());
    desk.cancel();
    assert_eq!(desk.outcome(0), &Outcome::Cancelled);
}

#[test]
fn call_denied_before_gets_no_second_card_and_the_run_ends_at_the_limit() {
    let mut desk = Desk::answered(Mode::Tools, calls(&[("transfer", LARGE)]));
    desk.decide(0, denial("no"));
    for repeat in 1..=Limits::default().denied_repeats_max {
        // The same call in other words.
        let effects = desk.answer(calls(&[("transfer", r#"{"recipient":"Alice","amount":5e2}"#)]));
        assert_eq!(effects, [Effect::CallModel { turn: repeat + 1 }]);
        assert_eq!(desk.slot(0).action.ruling.rule, rule::DENIED_BEFORE);
        assert_eq!(told_to(&desk)["status"], "denied");
    }
    desk.answer(calls(&[("transfer", LARGE)]));
    assert_eq!(desk.failure(), "denied_repeatedly");
}

#[test]
fn other_call_after_a_denial_is_asked_about() {
    let mut desk = Desk::answered(Mode::Tools, calls(&[("transfer", LARGE)]));
    desk.decide(0, denial("too much"));
    desk.answer(calls(&[("transfer", r#"{"amount":200,"recipient":"Alice"}"#)]));
    desk.is(Status::AwaitingApproval);
}

#[test]
fn precondition_that_changed_voids_what_was_shown() {
    let note = |balance: u32| Note {
        precondition: Some(json!({ "balance": balance })),
        ..Note::default()
    };
    let mut desk = Desk::open(Mode::Tools);
    desk.answer_noted(calls(&[("transfer", LARGE)]), vec![note(1_000)]);
    let refreshed = |desk: &Desk, note| Input::Refreshed { call: desk.call(0), note };
    assert_eq!(desk.refuse(refreshed(&desk, note(1_000))), Rejection::Unchanged);
    let old = desk.decision(0, approval());
    desk.accept(refreshed(&desk, note(600)));
    assert_eq!(desk.refuse(old), Rejection::DigestMismatch);
    let was = desk.slot(0).was.as_ref().unwrap();
    assert_eq!(was.precondition, Some(json!({ "balance": 1_000 })));
    desk.decide(0, approval());
    desk.start(0);
}

#[test]
fn changed_tool_is_asked_about_anew_with_its_schema() {
    let mut desk = Desk::open(Mode::Tools);
    let schema = Some(json!({ "type": "object" }));
    let note = Note { schema: schema.clone(), ..Note::default() };
    desk.answer_noted(calls(&[("transfer", LARGE)]), vec![note]);
    desk.tools = bank_with("transfer", |tool| {
        tool["inputSchema"]["properties"]["purpose"] = json!({ "type": "string" });
    });
    let changed = Rejection::ToolChanged("transfer".to_owned());
    assert_eq!(desk.refuse(desk.decision(0, approval())), changed);
    desk.accept(Input::Refreshed { call: desk.call(0), note: Note::default() });
    assert_eq!(desk.slot(0).was.as_ref().unwrap().schema, schema);
    desk.decide(0, approval());
    desk.start(0);
}

#[test]
fn changed_tool_that_does_not_take_the_arguments_keeps_the_card() {
    let mut desk = Desk::answered(Mode::Tools, calls(&[("transfer", LARGE)]));
    desk.tools = bank_with("transfer", |tool| {
        tool["inputSchema"]["properties"]["amount"] = json!({ "type": "string" });
    });
    let refreshed = Input::Refreshed { call: desk.call(0), note: Note::default() };
    assert!(matches!(desk.refuse(refreshed), Rejection::InvalidArguments(_)));
    desk.decide(0, denial("the tool changed"));
}

#[test]
fn tool_that_asks_less_now_still_asks_about_what_is_held() {
    let mut desk = Desk::answered(Mode::Tools, calls(&[("transfer", LARGE)]));
    desk.tools = bank_with("transfer", |tool| tool["approval"] = "never".into());
    desk.accept(Input::Refreshed { call: desk.call(0), note: Note::default() });
    desk.is(Status::AwaitingApproval);
}

#[test]
fn view_of_a_card_is_recorded_once_and_only_of_what_is_shown() {
    let mut desk = Desk::answered(Mode::Tools, calls(&[("transfer", LARGE)]));
    let (call, digest) = (desk.call(0), desk.slot(0).action.digest);
    let by = person();
    let viewed = |digest| Input::Viewed { call: call.clone(), digest, by: by.clone() };
    let other = holdpoint_core::json::digest_text("another");
    assert_eq!(desk.refuse(viewed(other)), Rejection::DigestMismatch);
    desk.accept(viewed(digest));
    assert_eq!(desk.refuse(viewed(digest)), Rejection::Stale);
}

/// A bank whose transfers may be remembered: they can be undone.
fn lenient() -> Desk {
    let tools = bank_with("transfer", |tool| tool["annotations"] = json!({}));
    Desk::open_with(spec(Mode::Tools), tools)
}

fn grant(desk: &Desk, until: Option<u64>) -> Grant {
    let mut held = desk.clone();
    held.answer(calls(&[("transfer", LARGE)]));
    let action = &held.slot(0).action;
    Grant {
        id: "g1".to_owned(),
        tool: action.tool.clone(),
        tool_digest: action.tool_digest,
        bounds: Grant::propose(action).unwrap(),
        because: "transfers up to 500 to Alice".to_owned(),
        until: until.map(Timestamp::from_millis),
        by: person(),
        at: Timestamp::from_millis(0),
    }
}

fn with_grant(mut desk: Desk, grant: Grant, arguments: &str, notes: Vec<Note>) -> Desk {
    let grant = Grant::parse(&grant.to_text()).unwrap();
    desk.accept(Input::ModelResponded {
        turn: 0,
        response: calls(&[("transfer", arguments)]),
        notes,
        left_out: 0,
        grants: vec![grant],
    });
    desk
}

#[test]
fn remembered_rule_lets_go_what_it_covers_and_says_so() {
    let desk = with_grant(lenient(), grant(&lenient(), None), LARGE, vec![]);
    let ruling = &desk.slot(0).action.ruling;
    assert_eq!((ruling.verdict, ruling.rule.as_str()), (Verdict::Allow, "remembered:g1"));
    assert_eq!(ruling.because, "transfers up to 500 to Alice");
    assert_eq!(desk.slot(0).progress, Progress::Ready);
}

#[test]
fn remembered_rule_covers_no_more_than_it_says() {
    let held = |desk: Desk, grant: Grant, arguments: &str, notes| {
        with_grant(desk, grant, arguments, notes).run.status() == Status::AwaitingApproval
    };
    let lasting = || grant(&lenient(), None);
    assert!(held(lenient(), lasting(), r#"{"amount":501,"recipient":"Alice"}"#, vec![]));
    assert!(held(lenient(), lasting(), r#"{"amount":500,"recipient":"Bob"}"#, vec![]));
    assert!(held(lenient(), grant(&lenient(), Some(900)), LARGE, vec![]), "it ran out");
    let stricter = Note { raise: Some((Verdict::Ask, "odd".into())), ..Note::default() };
    assert!(held(lenient(), lasting(), LARGE, vec![stricter]), "the page asks");
    let mut changed = lasting();
    changed.tool_digest = holdpoint_core::json::digest_text("another tool");
    assert!(held(lenient(), changed, LARGE, vec![]));
    // Even one that got into the store by other ways.
    let mut forced = lasting();
    let destructive = Desk::open(Mode::Tools);
    forced.tool_digest = destructive.tools.get("transfer").unwrap().digest;
    assert!(held(destructive, forced, LARGE, vec![]), "what cannot be undone is asked each time");
}

#[test]
fn remembered_rule_does_not_open_what_is_denied() {
    let mut wide = grant(&lenient(), None);
    wide.bounds["recipient"] = json!({});
    let mallory = r#"{"amount":500,"recipient":"Mallory"}"#;
    let desk = with_grant(lenient(), wide, mallory, vec![]);
    assert!(matches!(desk.outcome(0), Outcome::Forbidden(_)));
}

#[test]
fn rule_is_not_offered_for_what_is_asked_each_time() {
    let destructive = Desk::answered(Mode::Tools, calls(&[("transfer", LARGE)]));
    assert_eq!(Grant::propose(&destructive.slot(0).action), None);
    let always = Desk::answered(Mode::Tools, calls(&[("pay_bill", r#"{"bill":"b1"}"#)]));
    assert_eq!(Grant::propose(&always.slot(0).action), None);
}

#[test]
fn denied_action_skips_those_that_need_it_and_no_others() {
    let response = says(
        &json!({
            "reply": "On it.",
            "actions": [
                { "action": "transfer", "arguments": large(), "requires_confirmation": true },
                { "action": "check_balance", "arguments": {}, "requires_confirmation": false,
                  "depends_on": [] },
                { "action": "deposit", "arguments": { "amount": 1 },
                  "requires_confirmation": false, "depends_on": [0] },
                { "action": "deposit", "arguments": { "amount": 2 },
                  "requires_confirmation": false, "depends_on": [1] },
                { "action": "deposit", "arguments": { "amount": 3 },
                  "requires_confirmation": false, "depends_on": null }
            ]
        })
        .to_string(),
    );
    let mut desk = Desk::answered(Mode::Plan, response);
    desk.decide(0, denial("no"));
    desk.start(1);
    desk.succeed(1);
    assert_eq!(desk.outcome(2), &Outcome::Skipped);
    desk.start(3);
    desk.succeed(3);
    assert_eq!(desk.outcome(4), &Outcome::Skipped);
}

#[test]
fn action_that_depends_on_a_later_one_is_a_fault_of_the_plan() {
    let action = |depends_on: Value| {
        json!({ "action": "check_balance", "arguments": {}, "requires_confirmation": false,
                "depends_on": depends_on })
    };
    for wrong in [json!([0]), json!([1]), json!([-1]), json!(["0"]), json!(0)] {
        let actions = [action(wrong.clone())];
        let plan = json!({ "reply": "", "actions": actions }).to_string();
        let desk = Desk::answered(Mode::Plan, says(&plan));
        assert_eq!(desk.issues(), ["plan_malformed"], "{wrong}");
    }
}

#[test]
fn values_are_traced_to_whoever_said_them_first() {
    let text = "Pay what I owe Bob, 120 at most, from 1,500.25 saved.".to_owned();
    let instructions = "The house account is ACC-7.".to_owned();
    let tools = toolbox(&[
        json!({ "name": "look", "description": "Looks.", "annotations": { "readOnlyHint": true } }),
        json!({ "name": "pay", "description": "Pays.",
                "inputSchema": { "type": "object", "properties": { "to": {}, "from": {},
                    "amount": {}, "note": {}, "rest": { "type": "array" }, "five": {} } } }),
    ]);
    let spec = Spec { text, instructions, ..spec(Mode::Tools) };
    let mut desk = Desk::open_with(spec, tools);
    desk.answer(calls(&[("look", "")]));
    desk.start(0);
    desk.finish(0, ToolOutcome::Succeeded(json!({ "owed": [{ "Bob": 99.5 }] })));
    desk.answer(calls(&[(
        "pay",
        r#"{"to":"bob","from":"ACC-7","amount":99.5,"note":"lunch","rest":[120],"five":500}"#,
    )]));
    let run: &Run = &desk.run;
    let origins = run.origins(desk.slot(0), std::iter::empty());
    let of = |path: &str| &origins.iter().find(|(at, _)| at == path).unwrap().1;
    assert_eq!(of("/to"), &Origin::Person);
    assert_eq!(of("/from"), &Origin::Page);
    assert_eq!(of("/amount"), &Origin::Tool("Look".to_owned()));
    assert_eq!(of("/note"), &Origin::Model);
    assert_eq!(of("/rest/0"), &Origin::Person);
    assert_eq!(of("/five"), &Origin::Model, "500 is not in 1,500.25");
}

#[test]
fn value_of_a_tool_in_an_earlier_run_is_traced_to_it() {
    let tools = toolbox(&[
        json!({ "name": "look", "description": "Looks.", "annotations": { "readOnlyHint": true } }),
        json!({ "name": "pay", "description": "Pays.",
                "inputSchema": { "type": "object", "properties": { "amount": {} } } }),
    ]);
    let spec = Spec { text: "Pay it.".to_owned(), ..spec(Mode::Tools) };
    let mut before = Desk::open_with(spec.clone(), tools.clone());
    before.answer(calls(&[("look", "")]));
    before.start(0);
    before.finish(0, ToolOutcome::Succeeded(json!({ "owed": 99.5 })));
    let mut desk = Desk::open_with(spec, tools);
    desk.answer(calls(&[("pay", r#"{"amount":99.5}"#)]));
    let origins = desk.run.origins(desk.slot(0), std::iter::once(&before.run));
    assert_eq!(origins, [("/amount".to_owned(), Origin::Tool("Look".to_owned()))]);
}

#[test]
fn undo_window_and_expiry_of_a_definition_are_checked() {
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut definition = super::support::definitions().remove(2);
        change(&mut definition);
        bank_error(&definition)
    };
    for window in [json!(true), json!({}), json!({ "windowMs": 0 }), json!({ "windowMs": 1e9 })] {
        assert!(refused(&|tool| tool["undoable"] = window.clone()).contains("undoable"));
    }
    let wrong = refused(&|tool| tool["approval"][0]["onExpiry"] = "allow".into());
    assert!(wrong.contains("onExpiry"), "{wrong}");
}

fn bank_error(definition: &Value) -> String {
    let mut tools = toolbox(&[]);
    tools.register(definition).unwrap_err().to_string()
}

#[test]
fn plan_of_calls_keeps_the_reply_of_each_in_its_place() {
    let mut desk = Desk::open_with(spec(Mode::Plan), bank());
    desk.answer(plan(&[("transfer", large(), false), ("deposit", json!({ "amount": 5 }), false)]));
    desk.decide(0, Decision::Answer { text: "not needed".into() });
    assert_eq!(desk.outcome(1), &Outcome::Skipped, "an answer is no success");
}
