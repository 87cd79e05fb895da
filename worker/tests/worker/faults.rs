//! What fails around a worker, and the worker itself: nothing is lost and nothing happens twice.

use holdpoint_worker::Config;
use serde_json::json;

use crate::support::{Bench, Server, answer, configured, file, sent, token, variables};

#[tokio::test]
async fn tool_that_refuses_did_not_act_and_the_model_says_so() {
    let mut bench = Bench::start().await;
    bench.world.answer("transfer", &[409]);
    let _ = bench.server.job(json!({ "amount": 50, "supplier": "Alice" })).await;
    let notice = bench.world.notice("job.completed").await;
    let said = notice["data"]["answer"].as_str().unwrap();
    assert!(said.starts_with("I could not transfer 50 to Alice"), "{said}");
    assert_eq!(bench.world.calls("transfer").len(), 1);
}

#[tokio::test]
async fn call_that_failed_half_way_is_in_doubt_until_a_person_says_what_became_of_it() {
    let mut bench = Bench::start().await;
    bench.world.answer("transfer", &[500]);
    let (_, approval) = bench.halted(500).await;
    assert_eq!(bench.server.decide(&approval, "ann", "approve").await.0, 200);
    let notice = bench.world.notice("approval.in_doubt").await;
    let doubtful = &notice["data"]["approval"];
    assert_eq!(doubtful["doubt"], "the tool failed with status 500");
    let listed = bench.server.read("/v1/approvals?status=in_doubt", "ben").await;
    assert_eq!(&listed["approvals"][0], doubtful);
    let path = format!("/v1/approvals/{}/settlement", doubtful["id"].as_str().unwrap());
    let settle = |name: &str| bench.server.post(&path).bearer_auth(token(name));
    let happened = json!({ "outcome": "happened" });
    assert_eq!(answer(settle("eve"), &happened).await.0, 403);
    assert_eq!(answer(settle("ben"), &happened).await.0, 200);
    let (status, refused) = answer(settle("ann"), &happened).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("decided_already")));
    bench.world.notice("job.completed").await;
    assert_eq!(bench.world.calls("transfer").len(), 1);
}

#[tokio::test]
async fn idempotent_tool_is_called_again_with_the_same_key() {
    let idempotent = |file: String| {
        let hint = "\nannotations = { idempotentHint = true }";
        file.replace("/tools/transfer\"", &["/tools/transfer\"", hint].concat())
    };
    let mut bench = Bench::changed(idempotent).await;
    bench.world.answer("transfer", &[503]);
    let _ = bench.server.job(json!({ "amount": 50, "supplier": "Alice" })).await;
    bench.world.notice("job.completed").await;
    let calls = bench.world.calls("transfer");
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].key(), calls[1].key());
    assert_eq!(calls[0].text, calls[1].text);
}

#[tokio::test]
async fn two_workers_on_one_store_make_each_call_once() {
    let mut bench = Bench::start().await;
    let mut other = Server::start(bench.config.clone()).await;
    let mut halted = Vec::new();
    for amount in 0..10 {
        let input = json!({ "amount": 100 + amount, "supplier": "Alice" });
        let server = if amount % 2 == 0 { &bench.server } else { &other };
        server.job(input).await;
        halted.push(bench.world.notice("approval.requested").await["data"]["approval"].clone());
    }
    for approval in &halted {
        let (one, two) = tokio::join!(
            bench.server.decide(approval, "ann", "approve"),
            other.decide(approval, "ann", "approve"),
        );
        assert_eq!((one.0, two.0), (200, 200), "{one:?} {two:?}");
    }
    for _ in &halted {
        bench.world.notice("job.completed").await;
    }
    assert_eq!(bench.world.calls("transfer").len(), halted.len());
    other.stop().await;
}

#[tokio::test]
async fn model_that_fails_is_asked_again_and_the_job_says_why_it_waits() {
    let mut bench = Bench::start().await;
    let mut config = bench.config.clone();
    config.database_url = bench.database.replace("/db?", "/other?");
    // Nobody listens there.
    config.proxy.upstream = holdpoint_proxy::Upstream::Provider {
        base: "http://127.0.0.1:9/v1".parse().unwrap(),
        key: None,
        key_header: holdpoint_proxy::KeyHeader::default(),
    };
    let mut server = Server::start(config.clone()).await;
    let id = server.job(json!({ "amount": 50, "supplier": "Alice" })).await;
    let path = format!("/v1/jobs/{id}");
    let trouble = loop {
        let job = server.read(&path, "erp").await;
        if let Some(trouble) = job["trouble"].as_str() {
            break trouble.to_owned();
        }
    };
    assert!(trouble.starts_with("upstream_unreachable"), "{trouble}");
    // The operator corrects it, and starts again.
    server.stop().await;
    config.proxy = bench.config.proxy.clone();
    bench.server = Server::start(config).await;
    let notice = bench.world.notice("job.completed").await;
    assert_eq!(notice["data"]["id"], id.as_str());
    let (status, job) = sent(bench.server.get(&path).bearer_auth(token("erp"))).await;
    assert_eq!((status, job.get("trouble")), (200, None));
}

#[tokio::test]
async fn tool_that_changed_meanwhile_is_asked_about_anew() {
    let mut bench = Bench::start().await;
    let (_, approval) = bench.halted(500).await;
    let changed = file(bench.world.addr).replace("minimum = 100", "minimum = 50");
    bench.config = Config {
        pauses: bench.config.pauses.clone(),
        ..configured(&changed, &variables(&bench.database))
    };
    bench.restart().await;
    let (status, refused) = bench.server.decide(&approval, "ann", "approve").await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("tool_changed")));
    let notice = bench.world.notice("approval.requested").await;
    let asked = &notice["data"]["approval"];
    assert_eq!((&asked["id"], &asked["status"]), (&approval["id"], &json!("pending")));
    assert_ne!(asked["digest"], approval["digest"]);
    let (_, refused) = bench.server.decide(&approval, "ann", "approve").await;
    assert_eq!(refused["error"]["code"], "digest_mismatch");
    assert_eq!(bench.server.decide(asked, "ann", "approve").await.0, 200);
    bench.world.notice("job.completed").await;
    assert_eq!(bench.world.calls("transfer").len(), 1);
}
