//! The pages for a person without the widget.

use reqwest::{RequestBuilder, Response};
use serde_json::json;

use crate::support::{Bench, client, token};

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
    assert_eq!(done.headers()["location"], format!("/desk/jobs/{id}"));
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
