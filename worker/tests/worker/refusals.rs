//! What is refused: each cause with its status and code, and nothing is changed by it.

use holdpoint_worker::{Link, Links, Signer};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::support::{Bench, SENDER_SECRET, answer, sent, token};

#[track_caller]
fn check((status, body): (u16, Value), expected: (u16, &str)) {
    assert_eq!((status, body["error"]["code"].as_str().unwrap_or("none")), expected, "{body}");
    assert!(body["error"]["message"].is_string());
}

fn job(bench: &Bench) -> RequestBuilder {
    bench.server.post("/v1/jobs").bearer_auth(token("erp"))
}

#[tokio::test]
async fn job_is_refused_by_its_cause_and_none_is_made() {
    let bench = Bench::start().await;
    let good = json!({ "amount": 50, "supplier": "Alice" });
    let of = |workflow: &str, input: Value| json!({ "workflow": workflow, "input": input });
    let body = of("invoice", good.clone());
    check(answer(bench.server.post("/v1/jobs"), &body).await, (401, "caller_unknown"));
    let stranger = bench.server.post("/v1/jobs").bearer_auth("someone-0123456789");
    check(answer(stranger, &body).await, (401, "caller_unknown"));
    check(answer(job(&bench), &of("other", good.clone())).await, (404, "unknown_workflow"));
    let ben = bench.server.post("/v1/jobs").bearer_auth(token("ben"));
    check(answer(ben, &body).await, (404, "unknown_workflow"));
    for input in [
        json!({ "amount": -1, "supplier": "Alice" }),
        json!({ "amount": 5 }),
        json!(7),
        json!({ "amount": 5, "supplier": "<b>" }),
    ] {
        check(answer(job(&bench), &of("invoice", input)).await, (422, "schema_violation"));
    }
    for (text, code) in [
        ("{", "json_invalid"),
        (r#"{"workflow":"invoice","workflow":"other"}"#, "json_invalid"),
        ("[]", "request_invalid"),
        (r#"{"workflow":"invoice","surprise":1}"#, "request_invalid"),
        (r#"{"input":{}}"#, "request_invalid"),
    ] {
        check(sent(job(&bench).body(text)).await, (400, code));
    }
    let large = "x".repeat(300 * 1024);
    check(sent(job(&bench).body(large)).await, (413, "body_too_large"));
    let jobs = bench.server.read("/v1/jobs", "erp").await;
    assert_eq!(jobs, json!({ "jobs": [] }));
}

#[tokio::test]
async fn signature_must_be_of_a_known_secret_this_body_and_lately() {
    let bench = Bench::start().await;
    let input = json!({ "amount": 50, "supplier": "Alice" });
    let body = json!({ "workflow": "invoice", "input": input }).to_string();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
    let signer = Signer::new(SENDER_SECRET).unwrap();
    let other = Signer::new("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    let send = |headers, body: &str| {
        sent(bench.server.post("/v1/jobs").headers(headers).body(body.to_owned()))
    };
    let signed = |at| signer.sign("msg_1", at, &body).unwrap();
    check(send(signed(now - 400_000), &body).await, (401, "timestamp_stale"));
    check(send(signed(now + 400_000), &body).await, (401, "timestamp_stale"));
    check(send(signed(now), &body.replace("50", "51")).await, (401, "signature_invalid"));
    check(send(other.sign("msg_1", now, &body).unwrap(), &body).await, (401, "signature_invalid"));
    // An id with a full stop would make two messages of one signature.
    check(send(signer.sign("msg.1", now, &body).unwrap(), &body).await, (401, "signature_invalid"));
    let mut renamed = signed(now);
    renamed.insert("webhook-id", "msg_2".parse().unwrap());
    check(send(renamed, &body).await, (401, "signature_invalid"));
    assert_eq!(bench.server.read("/v1/jobs", "ann").await, json!({ "jobs": [] }));
}

#[tokio::test]
async fn key_stands_for_one_body() {
    let bench = Bench::start().await;
    let send = |key: &'static str, amount: u32| {
        let input = json!({ "amount": amount, "supplier": "Alice" });
        let request = job(&bench).header("idempotency-key", key);
        async move { answer(request, &json!({ "workflow": "invoice", "input": input })).await }
    };
    let first = send("\"k1\"", 50).await;
    let again = send("\"k1\"", 50).await;
    assert_eq!((first.0, &first.1["id"]), (again.0, &again.1["id"]));
    check(send("\"k1\"", 51).await, (422, "idempotency_mismatch"));
    check(send("", 50).await, (400, "request_invalid"));
}

#[tokio::test]
async fn decision_is_refused_by_its_cause_and_the_call_still_waits() {
    let mut bench = Bench::start().await;
    let (_, approval) = bench.halted(500).await;
    let id = approval["id"].as_str().unwrap();
    let path = format!("/v1/approvals/{id}/decision");
    let send = |name: &str, body: Value| {
        let request = bench.server.post(&path).bearer_auth(token(name));
        async move { answer(request, &body).await }
    };
    let digest = &approval["digest"];
    let yes = json!({ "decision": "approve", "digest": digest });
    check(answer(bench.server.post(&path), &yes).await, (401, "caller_unknown"));
    check(send("eve", yes.clone()).await, (403, "approver_unknown"));
    check(send("erp", yes).await, (403, "approver_unknown"));
    let wrong = json!({ "decision": "approve", "digest": "0".repeat(64) });
    check(send("ann", wrong).await, (409, "digest_mismatch"));
    let none = json!({ "decision": "approve" });
    check(send("ann", none).await, (400, "request_invalid"));
    let other = json!({ "decision": "perhaps", "digest": digest });
    check(send("ann", other).await, (400, "request_invalid"));
    for (field, value) in [("note", json!({})), ("reason", json!(1)), ("args", json!([]))] {
        for decision in ["approve", "deny"] {
            let odd = json!({ "decision": decision, "digest": digest, field: value });
            check(send("ann", odd).await, (400, "request_invalid"));
        }
    }
    let args = json!({ "amount": "all", "recipient": "Alice" });
    let invalid = json!({ "decision": "approve", "digest": digest, "args": args });
    check(send("ann", invalid).await, (422, "arguments_invalid"));
    let missing = bench.server.post("/v1/approvals/none/decision").bearer_auth(token("ann"));
    let yes = json!({ "decision": "approve", "digest": digest });
    check(answer(missing, &yes).await, (404, "approval_unknown"));
    let after = bench.server.read(&format!("/v1/approvals/{id}"), "ann").await;
    assert_eq!(after, approval);
    assert!(bench.world.calls("transfer").is_empty());
}

#[tokio::test]
async fn first_decision_wins_and_later_ones_are_told_of_it() {
    let mut bench = Bench::start().await;
    let (_, approval) = bench.halted(500).await;
    let (status, first) = bench.server.decide(&approval, "ann", "deny").await;
    assert_eq!(status, 200);
    let (status, repeated) = bench.server.decide(&approval, "ann", "deny").await;
    assert_eq!((status, &repeated["decision"]), (200, &first["decision"]));
    for (name, decision) in [("ben", "approve"), ("ann", "approve"), ("ben", "deny")] {
        let (status, refused) = bench.server.decide(&approval, name, decision).await;
        assert_eq!(refused["error"]["outcome"]["decision"], first["decision"]);
        check((status, refused), (409, "decided_already"));
    }
    bench.world.notice("job.completed").await;
    assert!(bench.world.calls("transfer").is_empty());
}

#[tokio::test]
async fn whoever_asked_may_not_decide_where_the_workflow_says_so() {
    let mut bench = Bench::start().await;
    let input = json!({ "amount": 500, "supplier": "Alice" });
    let body = json!({ "workflow": "invoice", "input": input });
    let request = bench.server.post("/v1/jobs").bearer_auth(token("ann"));
    assert_eq!(answer(request, &body).await.0, 202);
    let notice = bench.world.notice("approval.requested").await;
    let approval = &notice["data"]["approval"];
    let refused = bench.server.decide(approval, "ann", "approve").await;
    check(refused, (403, "requester_may_not_decide"));
    assert_eq!(bench.server.decide(approval, "ben", "approve").await.0, 200);
}

#[tokio::test]
async fn call_that_ran_out_is_not_decided_any_more() {
    let expiring = |file: String| file.replace("when.required", "expiresIn = 1\nwhen.required");
    let mut bench = Bench::changed(expiring).await;
    let (_, approval) = bench.halted(500).await;
    let notice = bench.world.notice("job.completed").await;
    let expected = "I did not transfer 500 to Alice: nobody decided in time.";
    assert_eq!(notice["data"]["answer"], expected);
    let (status, refused) = bench.server.decide(&approval, "ann", "approve").await;
    assert_eq!(refused["error"]["outcome"]["status"], "expired");
    check((status, refused), (409, "decided_already"));
    assert!(bench.world.calls("transfer").is_empty());
}

#[tokio::test]
async fn what_is_not_of_the_caller_is_not_there() {
    let mut bench = Bench::start().await;
    let (id, approval) = bench.halted(500).await;
    let path = format!("/v1/jobs/{id}");
    let get = |path: &str| bench.server.get(path).bearer_auth(token("eve"));
    check(sent(get(&path)).await, (404, "job_unknown"));
    let path = format!("/v1/approvals/{}", approval["id"].as_str().unwrap());
    check(sent(get(&path)).await, (404, "approval_unknown"));
    let listed = bench.server.read("/v1/approvals", "eve").await;
    assert_eq!(listed, json!({ "approvals": [] }));
    assert_eq!(bench.server.read("/v1/jobs", "eve").await, json!({ "jobs": [] }));
    check(sent(bench.server.get("/v1/approvals")).await, (401, "caller_unknown"));
    for query in ["status=odd", "status=pending&status=denied", "state=pending"] {
        let path = format!("/v1/approvals?{query}");
        check(sent(get(&path)).await, (400, "request_invalid"));
    }
}

#[tokio::test]
async fn link_that_was_not_made_here_or_ran_out_opens_nothing() {
    let mut bench = Bench::start().await;
    let (_, approval) = bench.halted(500).await;
    check(sent(bench.server.get("/approve/e30.e30")).await, (404, "link_invalid"));
    let links = Links::new(bench.server.base.parse().unwrap(), "another key");
    let link = Link {
        call: approval["id"].as_str().unwrap().to_owned(),
        digest: approval["digest"].as_str().unwrap().to_owned(),
        approver: "ann".to_owned(),
        until: u64::MAX,
    };
    let forged = links.url(&link).replace(&bench.server.base, "");
    check(sent(bench.server.get(&forged)).await, (404, "link_invalid"));
}

#[tokio::test]
async fn proxy_is_beside_the_worker_and_one_document_describes_both() {
    let bench = Bench::start().await;
    let (status, document) = sent(bench.server.get("/openapi.json")).await;
    assert_eq!(status, 200);
    for path in [
        "/v1/jobs",
        "/v1/approvals/{id}/decision",
        "/v1/slack/interactions",
        "/v1/responses",
        "/healthz",
    ] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    let (status, health) = sent(bench.server.get("/healthz")).await;
    assert_eq!((status, health), (200, json!({ "status": "ok" })));
    let ask = json!({ "model": "stand-in", "input": "hello" });
    let (status, said) = answer(bench.server.post("/v1/responses"), &ask).await;
    assert_eq!(status, 200, "{said}");
    check(sent(bench.server.get("/v1/nothing")).await, (404, "route_unknown"));
    check(sent(bench.server.post("/v1/events")).await, (405, "method_not_allowed"));
}

/// The example of the specification.
#[test]
fn signature_is_the_one_that_standard_webhooks_publish() {
    let signer = Signer::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let (id, at_ms) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330_000);
    let headers = signer.sign(id, at_ms, r#"{"test": 2432232314}"#).unwrap();
    let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    assert_eq!(headers["webhook-signature"], expected);
    assert_eq!(headers["webhook-timestamp"], "1614265330");
}
