//! The lab: a page whose tool acts on this server, so that the server can count what was done and
//! stop the world at the one moment that a test is about.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore};

use crate::said;

/// What the lab's tool did, and what its model is to answer.
#[derive(Clone, Default)]
pub struct Lab {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<Books>,
    reached: Semaphore,
    released: Notify,
}

#[derive(Default)]
struct Books {
    effects: Vec<String>,
    held: Option<Point>,
    answers: VecDeque<Answer>,
    requests: Vec<Value>,
}

/// Where the lab can hold the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The tool has begun, and nothing is done yet.
    BeforeEffect,
    /// It is done, and the tool does not know yet.
    AfterEffect,
    /// The page itself stands still, in its handler of the event that its address names.
    Event,
    /// The model has said half of its words.
    MidAnswer,
}

/// What the lab's model answers, once.
#[derive(Clone, Debug)]
pub enum Answer {
    /// An error by HTTP.
    Status(u16),
    /// A page, where events were expected.
    Html,
    /// The stand-in's answer up to the first event of a kind; then the connection breaks.
    BrokenAfter(&'static str),
    /// The same, and then it ends as if it were whole.
    EndedAfter(&'static str),
    /// These words, an event for each.
    Words(Vec<String>),
    /// So many records of the stand-in's answer, and the rest never.
    HeldAfter(usize),
    /// Too much to do: to be asked again after so many seconds.
    Busy(u64),
    /// These very words.
    Says(String),
    /// These calls, each of a tool with its arguments in JSON, as they are.
    Calls(Vec<(String, String)>),
}

impl Default for Inner {
    fn default() -> Self {
        Inner { state: Mutex::default(), reached: Semaphore::new(0), released: Notify::new() }
    }
}

impl Lab {
    /// The pages, the tool's other end, and the model.
    pub fn routes(&self) -> Router {
        Router::new()
            .route("/lab.html", get(|| page("text/html", include_str!("../pages/lab.html"))))
            .route("/lab.css", get(|| page("text/css", include_str!("../pages/lab.css"))))
            .route("/lab.js", get(|| page("text/javascript", include_str!("../pages/lab.js"))))
            .route(
                "/testing/crash.js",
                get(|| page("text/javascript", include_str!("../../../src/kit/testing/crash.js"))),
            )
            .route(
                "/headless.html",
                get(|| page("text/html", include_str!("../pages/headless.html"))),
            )
            .route(
                "/headless.js",
                get(|| page("text/javascript", include_str!("../pages/headless.js"))),
            )
            .route("/heads.html", get(|| page("text/html", include_str!("../pages/heads.html"))))
            .route("/heads.css", get(|| page("text/css", include_str!("../pages/heads.css"))))
            .route("/heads.js", get(|| page("text/javascript", include_str!("../pages/heads.js"))))
            .route(
                "/transfer.js",
                get(|| page("text/javascript", include_str!("../pages/transfer.js"))),
            )
            .route(
                "/language-model.js",
                get(|| page("text/javascript", include_str!("../pages/language-model.js"))),
            )
            .route("/foreign.html", get(|| async { under(&OPEN_POLICY, FOREIGN) }))
            .route("/closed.html", get(|| page("text/html", FOREIGN)))
            .route(
                "/foreign.js",
                get(|| page("text/javascript", include_str!("../pages/foreign.js"))),
            )
            .route(
                "/model-context.js",
                get(|| page("text/javascript", include_str!("../pages/model-context.js"))),
            )
            .route("/bare.html", get(async || Html(include_str!("../pages/bare.html"))))
            .route("/lab-sw.js", get(|| async { script(include_str!("../pages/lab-sw.js")) }))
            .route("/lab/plain", get(|| async { Html(PLAIN) }))
            .route("/lab/effect", post(effect).get(look_up))
            .route("/lab/event", post(event))
            .route("/lab/v1/responses", post(respond))
            .with_state(self.clone())
    }

    /// Holds the next to come by this point.
    pub fn hold(&self, point: Point) {
        self.books().held = Some(point);
    }

    /// Waits until something is held. Each call is for one.
    pub async fn reached(&self) {
        // The semaphore lives as long as the lab, so it is never closed.
        if let Ok(permit) = self.inner.reached.acquire().await {
            permit.forget();
        }
    }

    /// Lets go what is held.
    pub fn release(&self) {
        self.inner.released.notify_waiters();
    }

    /// The idempotency keys of all that was done, in order.
    pub fn effects(&self) -> Vec<String> {
        self.books().effects.clone()
    }

    /// Makes the model give these answers first; after them it is the stand-in.
    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.books().answers.extend(answers);
    }

    /// Makes the model the stand-in again, whatever it was to answer.
    pub fn forget_answers(&self) {
        self.books().answers.clear();
    }

    /// What the model was asked, in order.
    pub fn requests(&self) -> Vec<Value> {
        self.books().requests.clone()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn pass(&self, point: Point) {
        let held = self.books().held.take_if(|held| *held == point).is_some();
        if held {
            // Listening begins before the test learns of it, so that no release is missed.
            let released = self.inner.released.notified();
            self.inner.reached.add_permits(1);
            released.await;
        }
    }
}

#[derive(Deserialize)]
struct Key {
    key: String,
}

async fn effect(State(lab): State<Lab>, Query(Key { key }): Query<Key>) -> Json<Value> {
    lab.pass(Point::BeforeEffect).await;
    let number = {
        let mut books = lab.books();
        books.effects.push(key);
        books.effects.len()
    };
    lab.pass(Point::AfterEffect).await;
    Json(json!({ "number": number }))
}

async fn look_up(State(lab): State<Lab>, Query(Key { key }): Query<Key>) -> Json<Value> {
    Json(json!({ "happened": lab.books().effects.contains(&key) }))
}

async fn event(State(lab): State<Lab>) -> StatusCode {
    lab.pass(Point::Event).await;
    StatusCode::NO_CONTENT
}

async fn respond(State(lab): State<Lab>, Json(request): Json<Value>) -> Response {
    let answer = {
        let mut books = lab.books();
        books.requests.push(request.clone());
        books.answers.pop_front()
    };
    let cut = |kind: &str| {
        let records = holdpoint_demo::respond(holdpoint_demo::Wire::Responses, &request);
        let last = records.iter().position(|record| record.contains(kind));
        records.into_iter().take(last.map_or(0, |last| last + 1)).collect::<Vec<_>>()
    };
    let stand_in = || holdpoint_demo::respond(holdpoint_demo::Wire::Responses, &request);
    let refused = |status: u16, seconds: u64| {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        let body = json!({ "error": { "code": "lab", "message": "the lab says no" } });
        (status, [(RETRY_AFTER, seconds.to_string())], Json(body)).into_response()
    };
    match answer {
        None => events(Body::from(stand_in().concat())),
        Some(Answer::Says(words)) => events(Body::from(said::words(&words))),
        Some(Answer::Calls(calls)) => events(Body::from(said::calls(&calls))),
        Some(Answer::HeldAfter(count)) => {
            let sent = stand_in().into_iter().take(count);
            let sent = sent.map(|record| Ok::<_, Infallible>(Bytes::from(record)));
            events(Body::from_stream(stream::iter(sent).chain(stream::pending())))
        }
        Some(Answer::Busy(seconds)) => refused(429, seconds),
        Some(Answer::EndedAfter(kind)) => events(Body::from(cut(kind).concat())),
        Some(Answer::BrokenAfter(kind)) => {
            let sent = cut(kind).into_iter().map(|record| Ok(Bytes::from(record)));
            let broken = async {
                // The pause lets the server send what it has: a connection that breaks before the
                // first byte would only make the browser ask again.
                tokio::task::yield_now().await;
                Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
            };
            events(Body::from_stream(stream::iter(sent).chain(stream::once(broken))))
        }
        Some(Answer::Words(words)) => events(Body::from_stream(spoken(lab, words))),
        Some(Answer::Html) => ([(CONTENT_TYPE, "text/html")], "<h1>Welcome</h1>").into_response(),
        Some(Answer::Status(status)) => refused(status, 1),
    }
}

/// A text as a stream of its words, which can be held in the middle.
fn spoken(lab: Lab, words: Vec<String>) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let record = |data: Value| Bytes::from(format!("data: {data}\n\n"));
    let said = |word: &String| {
        record(json!({ "type": "response.output_text.delta", "output_index": 0, "delta": word }))
    };
    let half = words.len() / 2;
    let (first, second): (Bytes, Vec<Bytes>) = (
        words[..half].iter().map(said).collect::<Vec<_>>().concat().into(),
        words[half..].iter().map(said).collect(),
    );
    let content = json!([{ "type": "output_text", "text": words.concat() }]);
    let item = json!({ "type": "message", "id": "m", "role": "assistant", "content": content });
    let ends = [
        json!({ "type": "response.output_item.done", "output_index": 0, "item": item }),
        json!({ "type": "response.completed", "response": { "status": "completed", "output": [item] } }),
    ];
    let held = async move {
        lab.pass(Point::MidAnswer).await;
        Bytes::new()
    };
    let rest = second.into_iter().chain(ends.map(record));
    stream::once(async { first }).chain(stream::once(held)).chain(stream::iter(rest)).map(Ok)
}

fn events(body: Body) -> Response {
    ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
}

async fn page(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers: [(HeaderName, &str); 3] =
        [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store"), (CONTENT_SECURITY_POLICY, POLICY)];
    (headers, text)
}

/// A page under a policy of its own.
fn under(policy: &str, text: &'static str) -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-store"), (CONTENT_SECURITY_POLICY, policy)], Html(text)).into_response()
}

/// A script under no policy.
fn script(text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript")], text)
}

/// A page of the same origin that has nothing of the widget, and no policy.
const PLAIN: &str = "<!doctype html><title>Plain</title><link rel=icon href=data:,>";

/// The page with tools that are not its own.
const FOREIGN: &str = include_str!("../pages/foreign.html");

/// The policy of a page that may ask other servers of this machine as well.
static OPEN_POLICY: LazyLock<String> =
    LazyLock::new(|| POLICY.replace("connect-src 'self'", "connect-src 'self' http://127.0.0.1:*"));

/// As strict as the demo's own.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
    trusted-types 'none'";
