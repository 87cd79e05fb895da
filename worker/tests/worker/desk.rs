//! The pages for a person without the widget.

use reqwest::{RequestBuilder, Response};
use serde_json::json;

use crate::quorum::two_of_three;
use crate::support::{Bench, answer, client, sent, token};

/// A browser of one person.
struct Visitor<'a> {
    bench: &'a Bench,
    cookie: String,
}

impl<'a> Visitor<'a> {
    async fn signed_in(bench: &'a Bench, name: &str) -> Self {
        let visitor = Visitor { bench, cookie: String::new() };
        let response = visitor.post("/desk/session", &format!("access={}", token(name))).await;
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        for attribute in ["HttpOnly", "SameSite=Strict", "Path=/desk"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains(&token(name)), "{cookie}");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Visitor { bench, cookie }
    }

    async fn get(&self, path: &str) -> String {
        let url = format!("{}{path}", self.bench.server.base);
        let request = client().get(url).header("cookie", &self.cookie);
        request.send().await.unwrap().text().await.unwrap()
    }

    async fn post(&self, path: &str, form: &str) -> Response {
        self.request(path, form).send().await.unwrap()
    }

    fn request(&self, path: &str, form: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.bench.server.base);
        client().post(url).header("cookie", &self.cookie).body(form.to_owned())
    }
}

#[tokio::test]
async fn person_signs_in_approves_and_reads_what_happened() {
    let mut bench = Bench::start().await;
    let (id, approval) = bench.halted(500).await;
    let visitor = Visitor::signed_in(&bench, "ann").await;
    let desk = visitor.get("/desk").await;
    for words in ["Ann Archer", "the amount is 100 or more", "<dd>500</dd>", "Awaiting approval"] {
        assert!(desk.contains(words), "{words}: {desk}");
    }
    let call = approval["id"].as_str().unwrap();
    let digest = approval["digest"].as_str().unwrap();
    let form = format!("decision=approve&digest={digest}");
    let done = visitor.post(&format!("/desk/approvals/{call}"), &form).await;
    assert_eq!(done.headers()["location"], format!("/desk/jobs/{id}?saved"));
    let path = format!("/desk/jobs/{id}");
    drop(visitor);
    bench.world.notice("job.completed").await;
    let visitor = Visitor::signed_in(&bench, "ann").await;
    let job = visitor.get(&path).await;
    for words in ["Approved by Ann Archer: Transfer", "Done: 500 to Alice.", "Completed"] {
        assert!(job.contains(words), "{words}: {job}");
    }
    assert_eq!(bench.world.calls("transfer")[0].body()["approval"]["by"]["channel"], "desk");
}

#[tokio::test]
async fn without_a_session_of_ones_own_there_is_nothing_but_the_door() {
    let mut bench = Bench::start().await;
    let (id, approval) = bench.halted(500).await;
    let call = format!("/desk/approvals/{}", approval["id"].as_str().unwrap());
    let form = format!("decision=deny&digest={}", approval["digest"].as_str().unwrap());
    let mut forged = Visitor::signed_in(&bench, "ann").await;
    forged.cookie.insert(forged.cookie.len() - 4, 'A');
    let nobody = Visitor { bench: &bench, cookie: String::new() };
    for visitor in [&nobody, &forged] {
        for path in ["/desk", &format!("/desk/jobs/{id}")] {
            let page = visitor.get(path).await;
            assert!(page.contains("Sign in with your token"), "{page}");
            assert!(!page.contains("500"), "{page}");
        }
        visitor.post(&call, &form).await;
    }
    let wrong = nobody.post("/desk/session", "access=wrong-token-0123456789").await;
    assert!(wrong.headers().get("set-cookie").is_none());
    // Neither a page of another site with a good cookie nor an approver of another workflow decides.
    let ann = Visitor::signed_in(&bench, "ann").await;
    let foreign = ann.request(&call, &form).header("sec-fetch-site", "cross-site");
    assert_eq!(foreign.send().await.unwrap().status().as_u16(), 403);
    let eve = Visitor::signed_in(&bench, "eve").await;
    assert_eq!(eve.post(&call, &form).await.status().as_u16(), 403);
    assert!(eve.get("/desk").await.contains("Nothing waits for you."));
    let now = bench.server.read("/v1/approvals", "ann").await;
    assert_eq!(now, json!({ "approvals": [approval] }));
}

#[tokio::test]
async fn pages_show_text_as_text_and_run_no_script() {
    let any = |file: String| file.replace(", pattern = \"^\\\\p{L}+$\"", "");
    let mut bench = Bench::changed(any).await;
    let input = json!({ "amount": 500, "supplier": "<script>A\u{202e}lice" });
    let id = bench.server.job(input).await;
    bench.world.notice("approval.requested").await;
    let visitor = Visitor::signed_in(&bench, "ann").await;
    for path in ["/desk", &format!("/desk/jobs/{id}")] {
        let page = visitor.get(path).await;
        assert!(page.contains("&lt;script&gt;A[U+202E]lice"), "{page}");
        assert!(!page.contains("<script"), "{page}");
    }
    let page = bench.server.get("/desk").send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
    let root = bench.server.get("/").send().await.unwrap();
    assert_eq!(root.headers()["location"], "/desk");
}

#[tokio::test]
async fn person_reads_who_approved_and_how_many_are_missing() {
    let mut bench = Bench::changed(two_of_three).await;
    let (id, approval) = bench.halted(500).await;
    let call = format!("/desk/approvals/{}", approval["id"].as_str().unwrap());
    let form = format!("decision=approve&digest={}", approval["digest"].as_str().unwrap());
    let ann = Visitor::signed_in(&bench, "ann").await;
    let desk = ann.get("/desk").await;
    assert!(desk.contains("0 of 2 approvals. 2 more are needed."), "{desk}");
    let done = ann.post(&call, &form).await;
    let after = done.headers()["location"].to_str().unwrap();
    assert_eq!(after, format!("/desk/jobs/{id}?endorsed"));
    for path in [after, "/desk"] {
        let page = ann.get(path).await;
        for words in ["1 of 2 approvals: Ann Archer. One more is needed.", "You approved; others"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert!(!page.contains("value=\"approve\""), "{page}");
    }
    let eve = Visitor::signed_in(&bench, "eve").await;
    let done = eve.post(&call, &form).await;
    assert_eq!(done.headers()["location"], format!("/desk/jobs/{id}?saved"));
}

#[tokio::test]
async fn person_says_what_became_of_a_call_in_doubt_and_whoever_is_late_is_told() {
    let mut bench = Bench::start().await;
    bench.world.answer("transfer", &[500]);
    let (id, approval) = bench.halted(500).await;
    assert_eq!(bench.server.decide(&approval, "ann", "approve").await.0, 200);
    bench.world.notice("approval.in_doubt").await;
    let call = format!("/desk/approvals/{}", approval["id"].as_str().unwrap());
    let ann = Visitor::signed_in(&bench, "ann").await;
    for path in ["/desk", &format!("/desk/jobs/{id}")] {
        let page = ann.get(path).await;
        for words in ["the tool failed with status 500.", "it may happen twice.", "Try again"] {
            assert!(page.contains(words), "{words}: {page}");
        }
    }
    let done = ann.post(&call, "decision=happened").await;
    assert_eq!(done.headers()["location"], format!("/desk/jobs/{id}?saved"));
    let late = ann.post(&call, "decision=did_not_happen").await;
    let page = ann.get(late.headers()["location"].to_str().unwrap()).await;
    for words in ["Someone answered before you", "It happened, says Ann Archer: Transfer"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    drop(ann);
    bench.world.notice("job.completed").await;
    assert_eq!(bench.world.calls("transfer").len(), 1);
}

#[tokio::test]
async fn person_has_a_call_asked_about_anew_whose_time_is_over() {
    let lapses = "expiresIn = 1\nonExpiry = \"ask-again\"\nwhen.required";
    let mut bench = Bench::changed(|file| file.replace("when.required", lapses)).await;
    let (id, approval) = bench.halted(500).await;
    bench.world.notice("approval.lapsed").await;
    let call = format!("/desk/approvals/{}", approval["id"].as_str().unwrap());
    let ann = Visitor::signed_in(&bench, "ann").await;
    for path in ["/desk", &format!("/desk/jobs/{id}")] {
        let page = ann.get(path).await;
        assert!(page.contains("Nobody decided in time"), "{page}");
        assert!(page.contains("value=\"ask_again\"") && !page.contains("value=\"approve\""));
    }
    let extension = format!("/v1/approvals/{}/extension", approval["id"].as_str().unwrap());
    let asked = bench.server.post(&extension).bearer_auth(token("erp"));
    assert_eq!(sent(asked).await.0, 403);
    let (status, body) = sent(bench.server.post(&extension).bearer_auth(token("ann"))).await;
    assert_eq!((status, &body["status"]), (200, &json!("pending")), "{body}");
    let done = ann.post(&call, "decision=ask_again").await;
    let after = done.headers()["location"].to_str().unwrap();
    assert_eq!(after, format!("/desk/jobs/{id}?saved"));
    assert!(ann.get(after).await.contains("More time for Ann Archer: Transfer"));
    // A no is never too late.
    let form = format!("decision=deny&digest={}", approval["digest"].as_str().unwrap());
    while ann.post(&call, &form).await.status().as_u16() != 303 {}
    drop(ann);
    bench.world.notice("job.completed").await;
    assert!(bench.world.calls("transfer").is_empty());
}

#[tokio::test]
async fn whoever_asked_is_told_that_someone_else_decides() {
    let mut bench = Bench::start().await;
    let input = json!({ "amount": 500, "supplier": "Alice" });
    let body = json!({ "workflow": "invoice", "input": input });
    let taken = answer(bench.server.post("/v1/jobs").bearer_auth(token("ann")), &body).await.1;
    bench.world.notice("approval.requested").await;
    let ann = Visitor::signed_in(&bench, "ann").await;
    for path in ["/desk", &format!("/desk/jobs/{}", taken["id"].as_str().unwrap())] {
        let page = ann.get(path).await;
        assert!(page.contains("You asked for this job, so someone else decides."), "{page}");
        assert!(!page.contains("name=\"decision\""), "{page}");
    }
}

#[tokio::test]
async fn visitor_of_a_page_is_refused_in_words_and_with_the_same_status_and_code() {
    let mut bench = Bench::start().await;
    let (_, approval) = bench.halted(500).await;
    let call = format!("/desk/approvals/{}", approval["id"].as_str().unwrap());
    let ann = Visitor::signed_in(&bench, "ann").await;
    let other = format!("decision=approve&digest={}", "0".repeat(64));
    let html = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
    let get = |path: &str| bench.server.get(path).header("cookie", &ann.cookie);
    for (request, status, code, words) in [
        (ann.request(&call, &other), 409, "digest_mismatch", "This changed since it was shown"),
        (get("/desk/jobs/unknown-job"), 404, "job_unknown", "There is no such job."),
        (get("/approve/none"), 404, "link_invalid", "This link is not valid."),
        (get(&call), 405, "method_not_allowed", "There is no such page."),
    ] {
        let plain = request.try_clone().unwrap();
        let response = request.header("accept", html).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{code}");
        assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
        let page = response.text().await.unwrap();
        assert!(page.contains(words) && page.contains(&format!("<code>{code}</code>")), "{page}");
        let (same, refused) = sent(plain).await;
        assert_eq!((same, &refused["error"]["code"]), (status, &json!(code)));
    }
}
