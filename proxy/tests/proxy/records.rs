//! What is left of a request: log lines, counts, ids, and in none of them the key.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{Response, StatusCode};
use futures_util::stream;
use holdpoint_proxy::{Config, app};
use http_body_util::BodyExt;
use serde_json::Value;

use crate::support::{
    KEY, Log, ask, ask_at, call, configured, demo, events, get, refused, send, text, upstream, with,
};

#[tokio::test]
async fn key_is_in_no_log_answer_metric_or_debug_output() {
    let (log, _guard) = Log::capture();
    let answers: [fn() -> Response<Body>; 6] = [
        || {
            let body = format!(r#"{{"error":{{"message":"no such key: {KEY}"}}}}"#);
            Response::builder().status(401).body(body.into()).unwrap()
        },
        || Response::builder().status(429).header(RETRY_AFTER, KEY).body("".into()).unwrap(),
        || Response::builder().status(500).body(KEY.into()).unwrap(),
        || {
            let kind = format!("application/json; key={KEY}");
            let response = Response::builder().header(CONTENT_TYPE, kind).header("x-key", KEY);
            response.body("{}".into()).unwrap()
        },
        || {
            let json = Response::builder().header(CONTENT_TYPE, "application/json");
            json.body(format!(r#"{{"echo":"{KEY}"}}"#).into()).unwrap()
        },
        || events(format!("data: {{}}\n\ndata: Bearer {KEY}\n\n").into()),
    ];
    for answer in answers {
        let (config, _seen) = upstream(answer).await;
        let app = app(config.clone()).unwrap();
        for path in ["/v1/responses", "/v1/chat/completions", "/v1/messages"] {
            let response = call(&app, ask_at(path, "{}")).await;
            let headers = format!("{:?}", response.headers());
            let mut body = response.into_body();
            let mut shown = Vec::new();
            while let Some(Ok(frame)) = body.frame().await {
                shown.extend_from_slice(&frame.into_data().unwrap());
            }
            let shown = String::from_utf8(shown).unwrap();
            assert!(!shown.contains(KEY) && !headers.contains(KEY), "{path}: {headers} {shown}");
        }
        let metrics = text(call(&app, get("/metrics")).await).await;
        assert!(metrics.contains("holdpoint_requests_total") && !metrics.contains(KEY));
        assert!(!format!("{config:?}").contains(KEY));
    }
    // A piece at a time, the key is found where two pieces join.
    let (config, _seen) = upstream(|| {
        let pieces = [format!("data: {}", KEY.split_at(5).0), KEY.split_at(5).1.to_owned()];
        events(Body::from_stream(stream::iter(pieces.map(Ok::<_, Infallible>))))
    })
    .await;
    let cut = send(&config, ask("{}")).await.into_body().collect().await;
    assert!(cut.is_err(), "what would have been the key is cut off");
    let log = log.text();
    assert!(log.contains("no such key: [key]"), "{log}");
    assert!(log.contains("the upstream says the proxy's key"), "{log}");
    assert!(!log.contains(KEY), "{log}");
}

#[tokio::test]
async fn secrets_of_callers_are_in_no_log_and_no_debug_output() {
    let (log, _guard) = Log::capture();
    let secret = "of-alice-0123456789";
    let variables = [
        ("HOLDPOINT_TOKENS", "alice=of-alice-0123456789"),
        ("HOLDPOINT_METRICS_TOKEN", "of-metrics-0123456789"),
        ("HOLDPOINT_DEMO_PACE", "0"),
    ];
    let config = configured(&variables).unwrap();
    send(&config, with(ask("{}"), "authorization", &format!("Bearer {secret}"))).await;
    send(&config, with(get("/metrics"), "authorization", "Bearer of-metrics-0123456789")).await;
    let unknown = with(ask("{}"), "x-api-key", "of-mallory-0123456789");
    refused(&config, unknown, StatusCode::UNAUTHORIZED, "caller_unknown").await;
    for shown in [log.text(), format!("{config:?}")] {
        assert!(shown.contains("alice") && !shown.contains("0123456789"), "{shown}");
    }
}

#[tokio::test]
async fn request_has_an_id_in_the_answer_and_in_the_log() {
    let (log, _guard) = Log::capture();
    let app = app(demo()).unwrap();
    let id =
        |response: &Response<Body>| response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let own = call(&app, with(ask("{}"), "x-request-id", "widget-7.1_a")).await;
    assert_eq!(id(&own), "widget-7.1_a");
    let made = id(&call(&app, ask("nonsense")).await);
    let other = id(&call(&app, with(ask("{}"), "x-request-id", "a b\"c")).await);
    assert!(made != other && made.len() > 32 && other.len() > 32, "{made} {other}");
    let answered = |id: &str| {
        let log = log.text();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .filter(|line| line["span"]["request_id"] == id)
            .find(|line| line["fields"]["message"] == "answered")
            .unwrap()
    };
    let line = answered("widget-7.1_a");
    assert_eq!(
        (line["fields"]["status"].as_u64(), &line["fields"]["code"]),
        (Some(200), &"ok".into())
    );
    assert_eq!(line["span"]["caller"], "address:127.0.0.1");
    assert_eq!(answered(&made)["fields"]["code"], "json_invalid");
}

#[tokio::test]
async fn metrics_tell_what_became_of_requests() {
    let app = app(demo()).unwrap();
    let open = call(&app, ask("{}")).await;
    call(&app, ask("nonsense")).await;
    call(&app, get("/somewhere/else")).await;
    let response = call(&app, get("/metrics")).await;
    let kind = response.headers()[CONTENT_TYPE].to_str().unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    let metrics = text(response).await;
    for line in [
        r#"holdpoint_requests_total{route="responses",status="200",code="ok"} 1"#,
        r#"holdpoint_requests_total{route="responses",status="400",code="json_invalid"} 1"#,
        r#"holdpoint_requests_total{route="other",status="404",code="route_unknown"} 1"#,
        r#"holdpoint_answers_open{route="responses"} 1"#,
        r#"holdpoint_upstream_head_seconds_count{route="responses"} 1"#,
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    drop(open);
    let metrics = text(call(&app, get("/metrics")).await).await;
    assert!(metrics.contains(r#"holdpoint_answers_open{route="responses"} 0"#), "{metrics}");
}

#[tokio::test]
async fn metrics_of_a_public_proxy_need_their_token() {
    let public = Config { addr: "0.0.0.0:8787".parse().unwrap(), ..demo() };
    refused(&public, get("/metrics"), StatusCode::NOT_FOUND, "route_unknown").await;
    let config =
        Config { metrics_token: Some("of-metrics-0123456789".to_owned().into()), ..public };
    refused(&config, get("/metrics"), StatusCode::UNAUTHORIZED, "caller_unknown").await;
    let request = with(get("/metrics"), "authorization", "Bearer of-metrics-0123456789");
    assert_eq!(send(&config, request).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn document_describes_the_routes_that_there_are() {
    let config = Config { models: vec!["gpt-5".into()], ..demo() };
    let app = app(config).unwrap();
    let document: Value =
        serde_json::from_str(&text(call(&app, get("/openapi.json")).await).await).unwrap();
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 6);
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().unwrap() {
            let request = match method.as_str() {
                "get" => get(path),
                _ => ask_at(path, r#"{"model":"gpt-5"}"#),
            };
            let response = call(&app, request).await;
            let described = &operation["responses"][response.status().as_str()];
            assert!(described.is_object(), "{method} {path}: {}", response.status());
        }
    }
    let body = &paths["/v1/chat/completions"]["post"]["requestBody"];
    let schema = &body["content"]["application/json"]["schema"];
    assert_eq!(schema["properties"]["model"]["enum"][0], "gpt-5");
    // What the schema names may pass, and nothing else may.
    for (field, described) in schema["properties"].as_object().unwrap() {
        let body = format!(r#"{{"model":"gpt-5","{field}":null}}"#);
        let body = if field == "model" { r#"{"model":"gpt-5"}"# } else { &body };
        let code = StatusCode::NOT_IMPLEMENTED;
        let answered = call(&app, ask_at("/v1/chat/completions", body.to_owned())).await.status();
        assert!(answered == code || answered.is_success(), "{field}: {described} {answered}");
    }
    assert_eq!(schema["additionalProperties"], false);
}
