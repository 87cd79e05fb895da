//! How much a caller, and an address, may use.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{Response, StatusCode};
use holdpoint_proxy::{Callers, Config, Limits, app};
use http_body_util::BodyExt;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::support::{
    Seen, ask, ask_at, call, demo, events, get, says, streamed, text, upstream, with,
};

const LIMITED: StatusCode = StatusCode::TOO_MANY_REQUESTS;

fn of(caller: &str) -> axum::extract::Request {
    with(ask("{}"), "authorization", &format!("Bearer of-{caller}-0123456789"))
}

fn callers() -> Callers {
    let named = |name: &str| (name.to_owned(), format!("of-{name}-0123456789").into());
    Callers { tokens: vec![named("alice"), named("bob")], jwt: None }
}

fn none() -> Limits {
    Limits {
        rate: None,
        address_rate: None,
        streams: None,
        address_streams: None,
        tokens_per_day: None,
    }
}

#[tokio::test]
async fn caller_that_asks_too_often_is_told_when_to_come_back() {
    let limits = Limits { rate: Some(2), ..none() };
    let app = app(Config { limits, callers: callers(), ..demo() }).unwrap();
    for _ in 0..2 {
        assert_eq!(call(&app, of("alice")).await.status(), StatusCode::OK);
    }
    let headers = says(&app, of("alice"), LIMITED, "rate_limited").await;
    let wait: u64 = headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=31).contains(&wait), "{wait}");
    assert_eq!(call(&app, of("bob")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn address_is_limited_before_its_token_is_looked_at() {
    let limits = Limits { address_rate: Some(2), ..none() };
    let app = app(Config { limits, callers: callers(), ..demo() }).unwrap();
    for _ in 0..2 {
        says(&app, of("mallory"), StatusCode::UNAUTHORIZED, "caller_unknown").await;
    }
    says(&app, of("alice"), LIMITED, "rate_limited").await;
}

#[tokio::test]
async fn address_is_the_fronts_word_only_where_the_front_is_trusted() {
    let limits = Limits { rate: Some(1), ..none() };
    let front = "127.0.0.0/8".parse().unwrap();
    let trusting =
        app(Config { limits: limits.clone(), trusted_fronts: vec![front], ..demo() }).unwrap();
    let trusts_none = app(Config { limits, ..demo() }).unwrap();
    let from = |address: &str| with(ask("{}"), "x-forwarded-for", address);
    for (address, known) in [
        ("192.0.2.1", false),
        ("192.0.2.2", false),
        ("192.0.2.1", true),
        // The caller wrote the first, the front the second.
        ("198.51.100.7, 192.0.2.1", true),
        // A front behind a front.
        ("192.0.2.1, 127.0.0.9", true),
        ("2001:db8:0:1::1", false),
        ("2001:db8:0:1:ffff::2", true),
        ("2001:db8:0:2::1", false),
        ("::ffff:192.0.2.2", true),
    ] {
        if known {
            says(&trusting, from(address), LIMITED, "rate_limited").await;
        } else {
            assert_eq!(call(&trusting, from(address)).await.status(), StatusCode::OK, "{address}");
        }
    }
    assert_eq!(call(&trusts_none, from("192.0.2.1")).await.status(), StatusCode::OK);
    says(&trusts_none, from("192.0.2.2"), LIMITED, "rate_limited").await;
}

#[tokio::test]
async fn answers_under_way_are_counted_until_they_end() {
    let limits = Limits { streams: Some(1), ..none() };
    let app = app(Config { limits, callers: callers(), ..demo() }).unwrap();
    let under_way = call(&app, of("alice")).await;
    assert_eq!(under_way.status(), StatusCode::OK);
    let headers = says(&app, of("alice"), LIMITED, "too_many_streams").await;
    assert_eq!(headers[RETRY_AFTER], "1");
    assert_eq!(call(&app, of("bob")).await.status(), StatusCode::OK);
    text(under_way).await;
    let left = call(&app, of("alice")).await;
    drop(left);
    assert_eq!(call(&app, of("alice")).await.status(), StatusCode::OK);

    let limits = Limits { address_streams: Some(1), ..none() };
    let app = holdpoint_proxy::app(Config { limits, callers: callers(), ..demo() }).unwrap();
    let _under_way = call(&app, of("alice")).await;
    says(&app, of("bob"), LIMITED, "too_many_streams").await;
}

/// A proxy with a budget of 100 tokens a day, before an upstream that says this.
async fn with_budget(
    kind: &'static str,
    answer: &'static str,
) -> (Router, UnboundedReceiver<Seen>) {
    let (config, seen) = upstream(move || {
        Response::builder().header(CONTENT_TYPE, kind).body(answer.into()).unwrap()
    })
    .await;
    let limits = Limits { tokens_per_day: Some(100), ..none() };
    (app(Config { limits, callers: callers(), ..config }).unwrap(), seen)
}

#[tokio::test]
async fn tokens_of_an_answer_are_charged_to_its_caller() {
    let (json, events) = ("application/json", "text/event-stream");
    for (path, kind, answer) in [
        ("/v1/responses", json, r#"{"usage":{"input_tokens":90,"output_tokens":9}}"#),
        (
            "/v1/responses",
            events,
            "event: response.created\ndata: {\"response\":{\"usage\":null}}\n\n\
             event: response.completed\ndata: {\"type\":\"response.completed\",\
             \"response\":{\"usage\":{\"input_tokens\":90,\"output_tokens\":9}}}\n\n",
        ),
        (
            "/v1/chat/completions",
            json,
            r#"{"usage":{"prompt_tokens":90,"completion_tokens":9,"input_tokens":90}}"#,
        ),
        (
            "/v1/chat/completions",
            events,
            "data: {\"choices\":[],\"usage\":null}\r\n\r\n\
             data: {\"choices\":[],\"usage\":{\"prompt_tokens\":90,\"completion_tokens\":9}}\r\n\r\n\
             data: [DONE]\r\n\r\n",
        ),
        (
            "/v1/messages",
            events,
            "event: message_start\ndata: {\"message\":{\"usage\":{\"input_tokens\":80,\
             \"cache_read_input_tokens\":10,\"output_tokens\":1}}}\n\n\
             event: message_delta\ndata: {\"usage\":{\"output_tokens\":9}}\n\n\
             event: message_stop\ndata: {}\n\n",
        ),
    ] {
        let (app, _seen) = with_budget(kind, answer).await;
        let ask = |caller: &str| {
            let token = format!("of-{caller}-0123456789");
            with(ask_at(path, "{}"), "x-api-key", &token)
        };
        for _ in 0..2 {
            let response = call(&app, ask("alice")).await;
            assert_eq!(response.status(), StatusCode::OK, "{path} {kind}");
            assert_eq!(text(response).await, answer);
        }
        // Ninety-nine are not a hundred, and a hundred and ninety-eight are more.
        let headers = says(&app, ask("alice"), LIMITED, "budget_spent").await;
        let wait: u64 = headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((1..=86_400).contains(&wait), "{wait}");
        assert_eq!(call(&app, ask("bob")).await.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn chat_stream_is_asked_for_its_usage_where_there_is_a_budget() {
    let (config, mut seen) = upstream(|| events(Body::empty())).await;
    let limits = Limits { tokens_per_day: Some(100), ..none() };
    let config = Config { limits, ..config };
    let app = app(config).unwrap();
    for (body, expected) in [
        (r#"{"stream":true}"#, r#"{"stream":true,"stream_options":{"include_usage":true}}"#),
        (
            r#"{"stream_options":{"include_usage":false,"other":1},"stream":true}"#,
            r#"{"stream":true,"stream_options":{"include_usage":true,"other":1}}"#,
        ),
        (r#"{"stream":false}"#, r#"{"stream":false}"#),
    ] {
        call(&app, ask_at("/v1/chat/completions", body)).await;
        assert_eq!(seen.recv().await.unwrap().body, expected);
    }
}

#[tokio::test]
async fn who_leaves_before_the_usage_is_said_pays_an_estimate() {
    let (body, pieces, _) = streamed();
    let body = Arc::new(Mutex::new(Some(body)));
    let (config, _seen) = upstream(move || events(body.lock().unwrap().take().unwrap())).await;
    let limits = Limits { tokens_per_day: Some(1000), ..none() };
    let app = app(Config { limits, ..config }).unwrap();
    let mut response = call(&app, ask(format!(r#"{{"input":"{}"}}"#, "x".repeat(400)))).await;
    for _ in 0..3 {
        pieces.send("data: {\"delta\":\"word\"}\n\n").unwrap();
        response.body_mut().frame().await.unwrap().unwrap();
    }
    drop(response);
    let metrics = text(call(&app, get("/metrics")).await).await;
    for line in [
        "holdpoint_tokens_total{route=\"responses\",direction=\"input\"} 103",
        "holdpoint_tokens_total{route=\"responses\",direction=\"output\"} 3",
        "holdpoint_usage_estimated_total{route=\"responses\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}
