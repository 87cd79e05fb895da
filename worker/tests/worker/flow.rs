//! A job from its arrival to its completion notice.

use holdpoint_core::json::digest;
use holdpoint_worker::Signer;
use serde_json::json;

use crate::support::{Bench, SECRET, SENDER_SECRET, answer, sent, token};

#[tokio::test]
async fn a_job_that_needs_no_one_runs_to_its_completion_notice() {
    let mut bench = Bench::start().await;
    let id = bench.server.job(json!({ "amount": 50, "supplier": "Alice" })).await;
    let notice = bench.world.notice("job.completed").await;
    assert_eq!(notice["data"]["id"], id.as_str());
    assert_eq!(notice["data"]["answer"], "Done: 50 to Alice.");
    let [call] = &bench.world.calls("transfer")[..] else { panic!() };
    assert_eq!(call.body()["arguments"], json!({ "amount": 50, "recipient": "Alice" }));
    assert_eq!(call.body()["approval"], json!(null));
    let job = bench.server.read(&format!("/v1/jobs/{id}"), "erp").await;
    assert_eq!(job["status"], "completed");
    assert_eq!(job["request"], "Please transfer 50 to Alice");
}

#[tokio::test]
async fn approved_job_goes_on_where_it_stopped_and_its_tool_can_verify_the_consent() {
    let mut bench = Bench::start().await;
    let (id, approval) = bench.halted(500).await;
    assert!(bench.world.calls("transfer").is_empty());
    assert_eq!(approval["rule"]["because"], "the amount is 100 or more");
    assert_eq!(approval["rule"]["matched"], json!({ "amount": 500 }));
    let listed = bench.server.read("/v1/approvals", "ann").await;
    assert_eq!(listed["approvals"], json!([approval]));

    let (status, decided) = bench.server.decide(&approval, "ann", "approve").await;
    assert_eq!((status, &decided["status"]), (200, &json!("approved")));
    let notice = bench.world.notice("job.completed").await;
    assert_eq!(notice["data"]["id"], id.as_str());

    let [call] = &bench.world.calls("transfer")[..] else { panic!() };
    let signer = Signer::new(SECRET).unwrap();
    assert_eq!(signer.verify(&call.headers, call.text.as_bytes()), Ok(()));
    let receipt = &call.body()["approval"];
    assert_eq!(receipt["by"], json!({ "id": "ann", "name": "Ann Archer", "channel": "api" }));
    assert_eq!(receipt["action"]["arguments"], call.body()["arguments"]);
    assert_eq!(receipt["digest"], digest(&receipt["action"]).to_string());
    assert_eq!(receipt["digest"], approval["digest"]);
}

#[tokio::test]
async fn halted_job_outlives_its_worker() {
    let mut bench = Bench::start().await;
    let (_, approval) = bench.halted(500).await;
    bench.restart().await;
    assert_eq!(bench.server.decide(&approval, "ben", "approve").await.0, 200);
    bench.world.notice("job.completed").await;
    assert_eq!(bench.world.calls("transfer").len(), 1);
}

#[tokio::test]
async fn denied_call_is_never_made_and_the_model_is_told_why() {
    let mut bench = Bench::start().await;
    let (_, approval) = bench.halted(500).await;
    let path = format!("/v1/approvals/{}/decision", approval["id"].as_str().unwrap());
    let body = json!({ "decision": "deny", "digest": approval["digest"], "reason": "too much" });
    let denied = answer(bench.server.post(&path).bearer_auth(token("ann")), &body).await;
    assert_eq!((denied.0, &denied.1["status"]), (200, &json!("denied")));
    let notice = bench.world.notice("job.completed").await;
    let expected = "I did not transfer 500 to Alice: you declined it (too much).";
    assert_eq!(notice["data"]["answer"], expected);
    assert!(bench.world.calls("transfer").is_empty());
}

#[tokio::test]
async fn changed_arguments_are_what_runs_and_what_is_proposed_is_kept() {
    let mut bench = Bench::start().await;
    let (_, approval) = bench.halted(500).await;
    let path = format!("/v1/approvals/{}/decision", approval["id"].as_str().unwrap());
    let args = json!({ "amount": 120, "recipient": "Alice" });
    let body = json!({ "decision": "approve", "digest": approval["digest"], "args": args });
    let (status, decided) = answer(bench.server.post(&path).bearer_auth(token("ann")), &body).await;
    assert_eq!(status, 200, "{decided}");
    assert_eq!((&decided["arguments"], &decided["proposed"]["amount"]), (&args, &json!(500)));
    bench.world.notice("job.completed").await;
    let [call] = &bench.world.calls("transfer")[..] else { panic!() };
    assert_eq!(call.body()["arguments"], args);
    let receipt = &call.body()["approval"];
    assert_eq!(receipt["digest"], digest(&receipt["action"]).to_string());
}

#[tokio::test]
async fn signed_job_is_taken_once_however_often_it_is_sent() {
    let mut bench = Bench::start().await;
    let input = json!({ "amount": 50, "supplier": "Alice" });
    let body = json!({ "workflow": "invoice", "input": input }).to_string();
    let signer = Signer::new(SENDER_SECRET).unwrap();
    let mut ids = Vec::new();
    for later_s in [0, 60] {
        let at = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64 + later_s * 1000;
        let headers = signer.sign("msg_1", at, &body).unwrap();
        let request = bench.server.post("/v1/jobs").headers(headers).body(body.clone());
        let (status, taken) = sent(request).await;
        assert_eq!((status, &taken["repeated"]), (202, &json!(later_s > 0)));
        ids.push(taken["id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    bench.world.notice("job.completed").await;
    assert_eq!(bench.world.calls("transfer").len(), 1);
}

#[tokio::test]
async fn notices_are_signed_and_repeated_with_the_same_id_until_they_are_taken() {
    let mut bench = Bench::start().await;
    bench.world.refuse_notices(&[503]);
    let _ = bench.server.job(json!({ "amount": 500, "supplier": "Alice" })).await;
    let (first, body) = bench.world.signed_notice("approval.requested").await;
    assert_eq!((&body["status"], &body["signed"]), (&json!(503), &json!(true)));
    let (second, body) = bench.world.signed_notice("approval.requested").await;
    assert_eq!((&body["status"], &body["signed"]), (&json!(200), &json!(true)));
    assert_eq!(first["webhook-id"], second["webhook-id"]);
}

#[tokio::test]
async fn link_shows_without_deciding_and_says_no_without_a_token() {
    let mut bench = Bench::start().await;
    let _ = bench.server.job(json!({ "amount": 500, "supplier": "Alice" })).await;
    let notice = bench.world.notice("approval.requested").await;
    let link = notice["data"]["links"][0]["url"].as_str().unwrap();
    let path = &link[link.find("/approve/").unwrap()..];
    for _ in 0..2 {
        let page = bench.server.get(path).send().await.unwrap();
        assert_eq!(page.headers()["cache-control"], "no-store");
        let page = page.text().await.unwrap();
        assert!(page.contains("the amount is 100 or more"), "{page}");
    }
    let digest = notice["data"]["approval"]["digest"].as_str().unwrap();
    let form = |fields: &str| bench.server.post(path).body(format!("digest={digest}&{fields}"));
    let (status, refused) = sent(form("decision=approve")).await;
    assert_eq!((status, &refused["error"]["code"]), (401, &json!("caller_unknown")));
    for odd in ["decision=deny&surprise=1", "decision=deny&decision=approve"] {
        let (status, refused) = sent(form(odd)).await;
        assert_eq!((status, &refused["error"]["code"]), (400, &json!("request_invalid")));
    }
    let (status, page) = sent(form("decision=deny&reason=no+<b>money</b>")).await;
    assert_eq!(status, 200);
    assert!(page.as_str().unwrap().contains("Denied by Ann Archer, "), "{page}");
    let (_, page) = sent(form(&format!("decision=approve&access={}", token("ben")))).await;
    assert!(page.as_str().unwrap().contains("Someone decided before you."), "{page}");
    bench.world.notice("job.completed").await;
    assert!(bench.world.calls("transfer").is_empty());
}

#[tokio::test]
async fn link_approves_with_the_token_of_an_approver() {
    let mut bench = Bench::start().await;
    let _ = bench.server.job(json!({ "amount": 500, "supplier": "Alice" })).await;
    let notice = bench.world.notice("approval.requested").await;
    let link = notice["data"]["links"][0]["url"].as_str().unwrap();
    let path = &link[link.find("/approve/").unwrap()..];
    let digest = notice["data"]["approval"]["digest"].as_str().unwrap();
    let body = format!("decision=approve&digest={digest}&access={}", token("ben"));
    let (status, page) = sent(bench.server.post(path).body(body)).await;
    assert_eq!(status, 200, "{page}");
    bench.world.notice("job.completed").await;
    assert_eq!(bench.world.calls("transfer")[0].body()["approval"]["by"]["id"], "ben");
}

#[tokio::test]
async fn events_tell_of_each_change_to_those_who_may_see_it() {
    let mut bench = Bench::start().await;
    let mut events = bench.server.get("/v1/events").bearer_auth(token("ann")).send().await.unwrap();
    let (id, _) = bench.halted(500).await;
    let mut told = String::new();
    while !told.contains("\"status\":\"awaiting-approval\"") {
        told.push_str(str::from_utf8(&events.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(told.contains(&id), "{told}");
}

#[tokio::test]
async fn cancelled_job_ends_without_its_call() {
    let mut bench = Bench::start().await;
    let (id, approval) = bench.halted(500).await;
    let path = format!("/v1/jobs/{id}/cancel");
    let (status, job) = sent(bench.server.post(&path).bearer_auth(token("erp"))).await;
    assert_eq!((status, &job["status"]), (200, &json!("cancelled")));
    bench.world.notice("job.cancelled").await;
    let (status, refused) = bench.server.decide(&approval, "ann", "approve").await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("decided_already")));
    assert!(bench.world.calls("transfer").is_empty());
}

#[tokio::test]
async fn plan_mode_halts_and_resumes_in_the_same_way() {
    let mut bench =
        Bench::changed(|file| file.replace("model =", "mode = \"plan\"\nmodel =")).await;
    let (_, approval) = bench.halted(500).await;
    assert_eq!(bench.server.decide(&approval, "ann", "approve").await.0, 200);
    bench.world.notice("job.completed").await;
    assert_eq!(bench.world.calls("transfer").len(), 1);
}

#[tokio::test]
async fn page_shows_text_as_text_and_its_policy_lets_in_its_own_style_alone() {
    let any = |file: String| file.replace(", pattern = \"^\\\\p{L}+$\"", "");
    let mut bench = Bench::changed(any).await;
    let input = json!({ "amount": 500, "supplier": "<b>A\u{202e}lice" });
    let _ = bench.server.job(input).await;
    let notice = bench.world.notice("approval.requested").await;
    let link = notice["data"]["links"][0]["url"].as_str().unwrap();
    let path = &link[link.find("/approve/").unwrap()..];
    let page = bench.server.get(path).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let page = page.text().await.unwrap();
    assert!(page.contains("&lt;b&gt;A[U+202E]lice"), "{page}");
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
    assert!(!page.contains("<script"), "{page}");
    let style = page.split("href=\"").nth(1).unwrap().split('"').next().unwrap();
    let style = bench.server.get(&style.replacen("..", "", 1)).send().await.unwrap();
    assert_eq!(style.headers()["content-type"], "text/css");
}
