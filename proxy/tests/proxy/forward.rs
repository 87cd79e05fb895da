//! What goes up, what comes down, and what the upstream may do wrong.

use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, COOKIE, HeaderName, LOCATION, RETRY_AFTER,
    SERVER,
};
use axum::http::{Response, StatusCode};
use futures_util::{StreamExt, stream};
use holdpoint_proxy::app;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::support::{
    KEY, OnDrop, ask, demo, events, listen, refused, send, streamed, text, towards, upstream,
};

// The way up.

#[tokio::test]
async fn request_goes_up_with_the_key_and_without_other_headers() {
    let (config, mut seen) = upstream(|| events(Body::empty())).await;
    let mut request = ask(r#"{ "model":"gpt-5", "input":  [ 1.0, "\u00e9" ], "stream":true }"#);
    for (name, value) in [
        (ACCEPT, "text/html"),
        (AUTHORIZATION, "Bearer of-the-caller"),
        (COOKIE, "session=1"),
        (HeaderName::from_static("x-forwarded-for"), "10.0.0.1"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    send(&config, request).await;

    let seen = seen.recv().await.unwrap();
    assert_eq!(seen.path, "/v1/responses");
    let expected = r#"{"model":"gpt-5","input":[ 1.0, "\u00e9" ],"stream":true}"#;
    assert_eq!(seen.body, expected, "what is in a field is the caller's, byte for byte");
    assert_eq!(seen.headers[AUTHORIZATION], format!("Bearer {KEY}"));
    assert_eq!(seen.headers[ACCEPT], "text/event-stream");
    let mut names: Vec<&str> = seen.headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    let expected = ["accept", "authorization", "content-length", "content-type", "host"];
    assert_eq!(names, [expected.as_slice(), &["user-agent"]].concat());
}

// The way down.

#[tokio::test]
async fn events_pass_one_by_one_as_they_come() {
    let (body, pieces, _) = streamed();
    let body = Mutex::new(Some(body));
    let body = Arc::new(body);
    let (config, _seen) = upstream(move || events(body.lock().unwrap().take().unwrap())).await;
    let response = send(&config, ask("{}")).await;
    assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    let mut body = response.into_body();
    // The next piece is sent only when the last has arrived: nothing is held back.
    for piece in ["event: a\nda", "ta: {}\n\n", ": ping\r\n"] {
        pieces.send(piece).unwrap();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), piece);
    }
    drop(pieces);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn answer_head_is_the_proxys_own() {
    let (config, _seen) = upstream(|| {
        Response::builder()
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .header(SERVER, "secret-cluster")
            .header("set-cookie", "a=b")
            .body("{}".into())
            .unwrap()
    })
    .await;
    let response = send(&config, ask("{}")).await;
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json; charset=utf-8");
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    assert!(!response.headers().contains_key(SERVER));
    assert!(!response.headers().contains_key("set-cookie"));
    assert_eq!(text(response).await, "{}");
}

#[tokio::test]
async fn leaving_in_the_middle_ends_the_upstream_call() {
    let (body, pieces, ended) = streamed();
    let body = Arc::new(Mutex::new(Some(body)));
    let (config, _seen) = upstream(move || events(body.lock().unwrap().take().unwrap())).await;
    let mut caller = TcpStream::connect(listen(app(config).unwrap()).await).await.unwrap();
    caller.write_all(&raw("{}")).await.unwrap();
    pieces.send("event: first\n\n").unwrap();
    read_until(&mut caller, "event: first").await;
    drop(caller);
    ended.await.unwrap();
}

#[tokio::test]
async fn leaving_before_the_head_ends_the_upstream_call() {
    let (arrived, has_arrived) = oneshot::channel();
    let (dropped, ended) = oneshot::channel();
    let state = Arc::new(Mutex::new(Some((arrived, OnDrop(Some(dropped))))));
    let router = Router::new().fallback(async move || {
        let (arrived, guard) = state.lock().unwrap().take().unwrap();
        arrived.send(()).unwrap();
        std::future::pending::<()>().await;
        drop(guard);
    });
    let config = towards(listen(router).await);
    let mut caller = TcpStream::connect(listen(app(config).unwrap()).await).await.unwrap();
    caller.write_all(&raw("{}")).await.unwrap();
    has_arrived.await.unwrap();
    drop(caller);
    ended.await.unwrap();
}

#[tokio::test]
async fn broken_stream_is_not_passed_off_as_a_whole_one() {
    let (fault, faulted) = oneshot::channel();
    let faulted = Arc::new(Mutex::new(Some(faulted)));
    let (config, _seen) = upstream(move || {
        let faulted = faulted.lock().unwrap().take().unwrap();
        let cut = stream::once(async move { Err(faulted.await.unwrap()) });
        events(Body::from_stream(stream::iter([Ok("event: first\n\n")]).chain(cut)))
    })
    .await;
    let response = send(&config, ask("{}")).await;
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "event: first\n\n");
    fault.send(io::Error::other("cut")).unwrap();
    assert!(body.frame().await.unwrap().is_err());
}

// What the upstream refuses.

#[tokio::test]
async fn upstream_refusals_keep_their_status_and_lose_their_body() {
    for (status, code) in [
        (StatusCode::BAD_REQUEST, "upstream_rejected"),
        (StatusCode::UNAUTHORIZED, "upstream_unauthorized"),
        (StatusCode::FORBIDDEN, "upstream_forbidden"),
        (StatusCode::NOT_FOUND, "upstream_not_found"),
        (StatusCode::TOO_MANY_REQUESTS, "upstream_rate_limited"),
        (StatusCode::INTERNAL_SERVER_ERROR, "upstream_error"),
        (StatusCode::SERVICE_UNAVAILABLE, "upstream_error"),
    ] {
        let (config, _seen) = upstream(move || {
            let body = format!(r#"{{"error":{{"message":"bad key {KEY}"}}}}"#);
            let response = Response::builder().status(status).header(RETRY_AFTER, "7");
            response.body(body.into()).unwrap()
        })
        .await;
        let headers = refused(&config, ask("{}"), status, code).await;
        assert_eq!(headers[RETRY_AFTER], "7");
    }
}

#[tokio::test]
async fn page_or_redirect_instead_of_an_answer_is_refused() {
    let (config, _seen) = upstream(|| {
        Response::builder().header(CONTENT_TYPE, "text/html").body("<p>".into()).unwrap()
    })
    .await;
    refused(&config, ask("{}"), StatusCode::BAD_GATEWAY, "upstream_unexpected").await;

    let (config, mut seen) = upstream(|| {
        let response = Response::builder().status(StatusCode::TEMPORARY_REDIRECT);
        response.header(LOCATION, "/elsewhere").body(Body::empty()).unwrap()
    })
    .await;
    refused(&config, ask("{}"), StatusCode::BAD_GATEWAY, "upstream_unexpected").await;
    assert_eq!(seen.recv().await.unwrap().path, "/v1/responses");
    assert!(seen.try_recv().is_err(), "the key does not follow a redirect");
}

#[tokio::test]
async fn unreachable_upstream_is_said() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = towards(listener.local_addr().unwrap());
    drop(listener);
    refused(&config, ask("{}"), StatusCode::BAD_GATEWAY, "upstream_unreachable").await;
}

#[tokio::test(start_paused = true)]
async fn silent_upstream_is_given_up() {
    let router = Router::new().fallback(std::future::pending::<()>);
    let config = towards(listen(router).await);
    refused(&config, ask("{}"), StatusCode::GATEWAY_TIMEOUT, "upstream_timeout").await;
}

#[tokio::test]
async fn key_is_in_no_log_and_no_debug_output() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer({
            let log = log.clone();
            move || log.clone()
        })
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let (config, _seen) = upstream(|| {
        let body = format!(r#"{{"error":{{"message":"no such key: {KEY}"}}}}"#);
        Response::builder().status(401).body(body.into()).unwrap()
    })
    .await;
    send(&config, ask("{}")).await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("no such key: [key]"), "{log}");
    assert!(!log.contains(KEY) && !format!("{config:?}").contains(KEY), "{log}");
}

// The stand-in.

#[tokio::test]
async fn stand_in_streams_its_records() {
    let request = r#"{"input":"hello","stream":true}"#;
    let response = send(&demo(), ask(request)).await;
    assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream");
    let expected = holdpoint_demo::respond(&serde_json::from_str(request).unwrap());
    let mut body = response.into_body();
    for record in expected {
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), record);
    }
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn stand_in_answers_whole_when_no_stream_is_asked_for() {
    let response = send(&demo(), ask(r#"{"input":"hello"}"#)).await;
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    let answer: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(answer["status"], "completed");
}

/// A model request as it looks on a socket.
fn raw(body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST /v1/responses HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

async fn read_until(stream: &mut TcpStream, expected: &str) {
    let mut read = Vec::new();
    while !String::from_utf8_lossy(&read).contains(expected) {
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "the stream ended early");
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
