//! Web Push: to each browser of an approver, sealed and signed, until it is gone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::elliptic_curve::rand_core::OsRng;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Row;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use web_push_native::{Auth, decrypt};

use crate::support::{Bench, answer, client, configured, file, sent, token, variables};

/// One message as the service got it.
struct Pushed {
    browser: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// A push service, which reads nothing.
struct Service {
    base: String,
    pushed: UnboundedReceiver<Pushed>,
    answers: Answers,
}

type Answers = Arc<Mutex<VecDeque<(u16, &'static str)>>>;

impl Service {
    async fn start() -> Self {
        let (sender, pushed) = unbounded_channel();
        let answers = Answers::default();
        let router = Router::new()
            .route("/push/{browser}", post(take))
            .with_state((sender, Arc::clone(&answers)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(holdpoint_proxy::serve(listener, router, std::future::pending()));
        Self { base, pushed, answers }
    }

    /// The next messages are answered with these statuses, and when to try again.
    fn answer(&self, answers: &[(u16, &'static str)]) {
        self.answers.lock().unwrap().extend(answers);
    }

    async fn next(&mut self) -> Pushed {
        self.pushed.recv().await.unwrap()
    }
}

async fn take(
    State((pushed, answers)): State<(UnboundedSender<Pushed>, Answers)>,
    Path(browser): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(HeaderName, &'static str); 1]) {
    let (status, after) = answers.lock().unwrap().pop_front().unwrap_or((201, "0"));
    let _ = pushed.send(Pushed { browser, headers, body: body.to_vec() });
    (StatusCode::from_u16(status).unwrap(), [(axum::http::header::RETRY_AFTER, after)])
}

/// A browser with the keys of its subscription.
struct Browser {
    name: &'static str,
    secret: p256::SecretKey,
}

impl Browser {
    fn new(name: &'static str) -> Self {
        Self { name, secret: p256::SecretKey::random(&mut OsRng) }
    }

    fn subscription(&self, base: &str) -> Value {
        let point = self.secret.public_key().to_encoded_point(false);
        json!({
            "endpoint": format!("{base}/push/{}", self.name),
            "p256dh": URL_SAFE_NO_PAD.encode(point.as_bytes()),
            "auth": URL_SAFE_NO_PAD.encode(AUTH),
            "page": "https://shop.example/orders?of=today",
        })
    }

    #[track_caller]
    fn read(&self, pushed: &Pushed) -> Value {
        assert_eq!(pushed.browser, self.name);
        let auth = Auth::from(AUTH);
        let text = decrypt(pushed.body.clone(), &self.secret, &auth).unwrap();
        serde_json::from_slice::<Value>(&text).unwrap()["holdpoint"].clone()
    }
}

const AUTH: [u8; 16] = *b"0123456789abcdef";

/// A worker that tells Ann alone, by pushing to a service.
async fn with_push() -> (Bench, Service) {
    let service = Service::start().await;
    let base = service.base.clone();
    let bench = Bench::changed(|file| {
        let file = file
            .replace("[[workflow]]", &[&channel(&base), "\n[[workflow]]"].concat())
            .replace("\"ops\"]", "\"ops\", \"push\"]")
            .replace("\"ann\", \"ben\"]\nreq", "\"ann\"]\nreq");
        file.replace("when.required", "expiresIn = 3600000\nwhen.required")
    });
    (bench.await, service)
}

fn channel(service: &str) -> String {
    let contact = "contact = \"mailto:ops@shop.example\"";
    format!(
        "[[channel]]\nname = \"push\"\nkind = \"push\"\n{contact}\nservices = [\"{service}\"]\n"
    )
}

async fn subscribe(bench: &Bench, who: &str, subscription: &Value) -> (u16, Value) {
    let request = bench.server.post("/v1/push/subscriptions").bearer_auth(token(who));
    answer(request, subscription).await
}

async fn subscribed(bench: &Bench, browser: &Browser, service: &Service) -> String {
    let (status, body) = subscribe(bench, "ann", &browser.subscription(&service.base)).await;
    assert_eq!(status, 200, "{body}");
    body["id"].as_str().unwrap().to_owned()
}

/// Why a notice was not taken, as soon as that is known, and when it is tried again.
async fn trouble(bench: &Bench) -> (String, Option<i64>) {
    let pool = bench.pool().await;
    let select =
        "SELECT trouble, due FROM notices WHERE trouble IS NOT NULL AND channel = 'push|ann'";
    loop {
        if let Some(row) = sqlx::query(select).fetch_optional(&pool).await.unwrap() {
            return (row.get(0), row.get(1));
        }
        tokio::task::yield_now().await;
    }
}

async fn kept(bench: &Bench) -> Vec<(String, String)> {
    let select = "SELECT approver, endpoint FROM subscriptions ORDER BY endpoint";
    let rows = sqlx::query(select).fetch_all(&bench.pool().await).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn header<'a>(pushed: &'a Pushed, name: &str) -> &'a str {
    pushed.headers[name].to_str().unwrap()
}

#[tokio::test]
async fn each_browser_is_told_what_waits_and_the_outcome_takes_its_place() {
    let (mut bench, mut service) = with_push().await;
    let mut browsers = [Browser::new("desk"), Browser::new("phone")];
    for browser in &browsers {
        subscribed(&bench, browser, &service).await;
    }
    let (id, approval) = bench.halted(500).await;
    let mut topics = Vec::new();
    for _ in 0..2 {
        let pushed = service.next().await;
        let browser = browsers.iter().find(|it| it.name == pushed.browser).unwrap();
        let told = browser.read(&pushed);
        assert_eq!(told["title"], "Approval needed: Transfer");
        let words = told["body"].as_str().unwrap();
        assert!(words.starts_with("Asked because the amount is 100 or more. It can be"), "{words}");
        assert!(words.contains(&approval["digest"].as_str().unwrap()[..8]), "{words}");
        assert_eq!((&told["tag"], &told["call"]), (&approval["id"], &approval["id"]));
        assert_eq!((&told["url"], &told["asks"]), (&json!(PAGE), &json!(true)));
        // What the call would do, and any way to decide, is seen in the page alone.
        for secret in ["Alice", "500", "/approve/"] {
            assert!(!told.to_string().contains(secret), "{told}");
        }
        assert_eq!(header(&pushed, "urgency"), "high");
        assert_eq!(header(&pushed, "content-encoding"), "aes128gcm");
        let ttl: u64 = header(&pushed, "ttl").parse().unwrap();
        assert!((3000..=3600).contains(&ttl), "{ttl}");
        topics.push(header(&pushed, "topic").to_owned());
    }
    assert_eq!(topics[0], topics[1]);
    assert!(topics[0].len() <= 32 && !approval["id"].as_str().unwrap().contains(&topics[0]));
    assert_eq!(bench.server.decide(&approval, "ann", "deny").await.0, 200);
    browsers.reverse();
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        let pushed = service.next().await;
        let told = browsers.iter().find(|it| it.name == pushed.browser).unwrap().read(&pushed);
        let replaces = header(&pushed, "topic") == topics[0];
        assert_eq!(replaces, told["tag"] == approval["id"]);
        assert_eq!(told["asks"], false);
        outcomes.push((told["title"].clone(), replaces, told["tag"] == json!(id)));
    }
    let expected = |title: &str| outcomes.iter().filter(|it| it.0 == title).count();
    assert_eq!((expected("Denied by Ann Archer: Transfer"), expected("Done: invoice")), (2, 2));
    assert!(outcomes.iter().all(|(_, replaces, is_of_job)| replaces != is_of_job));
}

const PAGE: &str = "https://shop.example/orders?of=today";

#[tokio::test]
async fn question_that_comes_after_its_answer_does_not_ask() {
    let (mut bench, mut service) = with_push().await;
    let browser = Browser::new("desk");
    subscribed(&bench, &browser, &service).await;
    service.answer(&[(503, "3600")]);
    let (_, approval) = bench.halted(500).await;
    assert_eq!(browser.read(&service.next().await)["asks"], true);
    trouble(&bench).await;
    assert_eq!(bench.server.decide(&approval, "ann", "approve").await.0, 200);
    for _ in 0..2 {
        service.next().await;
    }
    let late = "UPDATE notices SET due = 1 WHERE trouble IS NOT NULL";
    sqlx::query(late).execute(&bench.pool().await).await.unwrap();
    let told = browser.read(&service.next().await);
    assert_eq!(
        (&told["title"], &told["asks"]),
        (&json!("Approved by Ann Archer: Transfer"), &json!(false))
    );
}

#[tokio::test]
async fn browser_that_is_gone_is_forgotten() {
    for status in [404, 410] {
        let (mut bench, mut service) = with_push().await;
        let browsers = [Browser::new("desk"), Browser::new("phone")];
        subscribed(&bench, &browsers[0], &service).await;
        service.answer(&[(status, "0")]);
        let (_, approval) = bench.halted(500).await;
        service.next().await;
        // Told in vain, it is said, and the same is not tried again for ever.
        assert_eq!(trouble(&bench).await, ("every browser of ann has unsubscribed".into(), None));
        assert_eq!(kept(&bench).await, []);
        // Another one that comes now is told the outcome.
        subscribed(&bench, &browsers[1], &service).await;
        assert_eq!(bench.server.decide(&approval, "ann", "approve").await.0, 200);
        browsers[1].read(&service.next().await);
    }
}

#[tokio::test]
async fn notice_for_whoever_has_no_browser_says_so_and_ends() {
    let (mut bench, _service) = with_push().await;
    bench.halted(500).await;
    assert_eq!(trouble(&bench).await, ("no browser of ann is subscribed".into(), None));
}

#[tokio::test]
async fn service_that_is_busy_is_asked_again_when_it_says() {
    let (mut bench, mut service) = with_push().await;
    subscribed(&bench, &Browser::new("desk"), &service).await;
    service.answer(&[(429, "3600")]);
    bench.halted(500).await;
    service.next().await;
    let (what, due) = trouble(&bench).await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(what, "status 429");
    assert!(due.unwrap() as u64 > now.as_millis() as u64 + 3_500_000, "{due:?}");
    let soon = "UPDATE notices SET due = 1 WHERE trouble IS NOT NULL";
    sqlx::query(soon).execute(&bench.pool().await).await.unwrap();
    service.next().await;
}

#[tokio::test]
async fn message_that_a_service_refuses_is_not_sent_again_and_the_browser_is_kept() {
    let (mut bench, mut service) = with_push().await;
    subscribed(&bench, &Browser::new("desk"), &service).await;
    service.answer(&[(403, "0")]);
    bench.halted(500).await;
    service.next().await;
    assert_eq!(trouble(&bench).await, ("status 403".into(), None));
    assert_eq!(kept(&bench).await.len(), 1);
}

#[tokio::test]
async fn one_browser_that_is_reached_is_enough() {
    let (mut bench, mut service) = with_push().await;
    for name in ["desk", "phone"] {
        subscribed(&bench, &Browser::new(name), &service).await;
    }
    service.answer(&[(503, "0")]);
    let (_, approval) = bench.halted(500).await;
    let topic = header(&service.next().await, "topic").to_owned();
    service.next().await;
    assert_eq!(bench.server.decide(&approval, "ann", "approve").await.0, 200);
    // Only the outcome and the end come now, and each once for each browser.
    for _ in 0..4 {
        let pushed = service.next().await;
        assert!(header(&pushed, "topic") != topic || header(&pushed, "urgency") == "normal");
    }
    let select = "SELECT attempts FROM notices WHERE channel = 'push|ann' AND attempts <> 1";
    assert!(sqlx::query(select).fetch_all(&bench.pool().await).await.unwrap().is_empty());
}

#[tokio::test]
async fn endpoint_is_sent_to_only_where_a_push_service_is() {
    let (bench, service) = with_push().await;
    let good = Browser::new("desk").subscription(&service.base);
    let other = service.base.replace("127.0.0.1", "127.0.0.2");
    for (field, value, expected) in [
        ("endpoint", json!("https://169.254.169.254/push"), (422, "push_service_unknown")),
        ("endpoint", json!("http://localhost/push"), (422, "push_service_unknown")),
        ("endpoint", json!([&other, "/push"].concat()), (422, "push_service_unknown")),
        ("endpoint", json!(service.base.replace("http:", "https:")), (422, "push_service_unknown")),
        ("endpoint", json!(service.base.replace("//", "//ann@")), (422, "push_service_unknown")),
        ("endpoint", json!("nowhere"), (422, "push_service_unknown")),
        ("endpoint", json!("x".repeat(3000)), (422, "schema_violation")),
        ("endpoint", Value::Null, (400, "request_invalid")),
        ("p256dh", json!("AAAA"), (422, "schema_violation")),
        ("auth", json!("AAAA"), (422, "schema_violation")),
        ("auth", json!(7), (400, "request_invalid")),
        ("page", json!("javascript:alert(1)"), (422, "schema_violation")),
        ("surprise", json!(1), (400, "request_invalid")),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let (status, body) = subscribe(&bench, "ann", &body).await;
        let code = body["error"]["code"].as_str();
        assert_eq!((status, code), (expected.0, Some(expected.1)), "{field}: {value}: {body}");
    }
    assert_eq!(subscribe(&bench, "erp", &good).await.0, 403);
    assert_eq!(bench.server.read("/v1/push/key", "erp").await, json!({ "key": null }));
    assert_eq!(subscribe(&bench, "nobody", &good).await.0, 401);
    assert_eq!(kept(&bench).await, []);
}

#[tokio::test]
async fn known_services_are_meant_where_none_is_said_and_their_likes_are_not() {
    let bench = Bench::changed(|file| {
        let channel = channel("https://none.example");
        let channel = channel.split("services").next().unwrap().to_owned();
        file.replace("[[workflow]]", &[&channel, "\n[[workflow]]"].concat())
    });
    let bench = bench.await;
    let browser = Browser::new("desk");
    for (host, expected) in [
        ("https://fcm.googleapis.com", 200),
        ("https://updates.push.services.mozilla.com", 200),
        ("https://web.push.apple.com", 200),
        ("https://am3p.notify.windows.com", 200),
        ("http://fcm.googleapis.com", 422),
        ("https://fcm.googleapis.com:8443", 422),
        ("https://storage.googleapis.com", 422),
        ("https://evilfcm.googleapis.com", 422),
        ("https://fcm.googleapis.com.evil.example", 422),
    ] {
        let (status, body) = subscribe(&bench, "ann", &browser.subscription(host)).await;
        assert_eq!(status, expected, "{host}: {body}");
    }
}

#[tokio::test]
async fn subscription_is_replaced_by_its_next_one_and_removed_by_its_owner_alone() {
    let (bench, service) = with_push().await;
    let browser = Browser::new("desk");
    let id = subscribed(&bench, &browser, &service).await;
    assert_eq!(subscribed(&bench, &browser, &service).await, id);
    assert_eq!(kept(&bench).await.len(), 1);
    let path = format!("/v1/push/subscriptions/{id}");
    let url = [&bench.server.base, path.as_str()].concat();
    let remove = |who: &str| sent(client().request(Method::DELETE, &url).bearer_auth(token(who)));
    let (status, body) = remove("ben").await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("subscription_unknown")));
    assert_eq!(remove("ann").await.0, 200);
    assert_eq!((remove("ann").await.0, kept(&bench).await), (404, vec![]));
    // Who signs in with the same browser is told there, and nobody else is.
    subscribed(&bench, &browser, &service).await;
    let (status, _) = subscribe(&bench, "ben", &browser.subscription(&service.base)).await;
    let owners: Vec<String> = kept(&bench).await.into_iter().map(|(who, _)| who).collect();
    assert_eq!((status, owners), (200, vec!["ben".to_owned()]));
}

#[tokio::test]
async fn nobody_keeps_more_browsers_than_twenty() {
    let (bench, service) = with_push().await;
    let browser = Browser::new("desk");
    for number in 0..22 {
        let mut body = browser.subscription(&service.base);
        body["endpoint"] = format!("{}/push/{number}", service.base).into();
        assert_eq!(subscribe(&bench, "ann", &body).await.0, 200);
    }
    assert_eq!(kept(&bench).await.len(), 20);
}

#[tokio::test]
async fn key_is_the_stores_own_or_the_operators_and_outlives_a_restart() {
    let (mut bench, service) = with_push().await;
    let first = bench.server.read("/v1/push/key", "ann").await["key"].clone();
    assert_eq!(URL_SAFE_NO_PAD.decode(first.as_str().unwrap()).unwrap().len(), 65);
    bench.restart().await;
    assert_eq!(bench.server.read("/v1/push/key", "ann").await["key"], first);
    let mut variables = variables(&bench.database);
    variables.push(("HOLDPOINT_PUSH_KEY", "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U".into()));
    let text = [file(bench.world.addr), channel(&service.base)].concat();
    bench.config = configured(&text, &variables);
    bench.restart().await;
    let other = bench.server.read("/v1/push/key", "ann").await["key"].clone();
    assert!(other.is_string() && other != first, "{other}");
    assert!(!format!("{:?}", bench.config).contains("c2VjcmV0"));
}

#[tokio::test]
async fn worker_without_the_channel_says_so() {
    let bench = Bench::start().await;
    assert_eq!(bench.server.read("/v1/push/key", "ann").await, json!({ "key": null }));
    let subscription = Browser::new("desk").subscription("https://push.apple.com");
    let (status, body) = subscribe(&bench, "ann", &subscription).await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("push_missing")));
}
