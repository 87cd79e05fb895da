//! What the proxy itself does not let through.

use std::io;

use axum::body::Body;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{Request, StatusCode};
use holdpoint_proxy::{Config, app};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{ask, ask_at, demo, events, get, listen, refused, send, text, upstream, with};

#[tokio::test]
async fn bodies_are_checked_before_they_go_up() {
    let (config, mut seen) = upstream(|| events(Body::empty())).await;
    let config = Config { body_bytes_max: 64, models: vec!["gpt-5".into()], ..config };

    let mut request = ask("{}");
    request.headers_mut().insert(CONTENT_TYPE, "text/plain".parse().unwrap());
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    refused(&config, request, status, "content_type_unsupported").await;

    let large = format!(r#"{{"model":"gpt-5","input":"{}"}}"#, "x".repeat(64));
    let undeclared =
        Body::from_stream(futures_util::stream::iter([Ok::<_, io::Error>(large.clone())]));
    for body in [Body::from(large), undeclared] {
        refused(&config, ask(body), StatusCode::PAYLOAD_TOO_LARGE, "body_too_large").await;
    }
    for body in ["", "{", "[]", r#"["gpt-5"]"#, r#"{"model":"gpt-5"} x"#] {
        refused(&config, ask(body), StatusCode::BAD_REQUEST, "json_invalid").await;
    }
    for body in [r#"{"model":7}"#, r#"{"model":"gpt-5","stream":"yes"}"#] {
        refused(&config, ask(body), StatusCode::BAD_REQUEST, "field_invalid").await;
    }
    let other = r#"{"model":"gpt-5","fallbacks":[]}"#;
    refused(&config, ask(other), StatusCode::BAD_REQUEST, "field_unknown").await;
    let twice = r#"{"model":"gpt-5","mod\u0065l":"gpt-6"}"#;
    refused(&config, ask(twice), StatusCode::BAD_REQUEST, "json_invalid").await;
    for body in ["{}", r#"{"model":"gpt-6"}"#, r#"{"model":null}"#] {
        refused(&config, ask(body), StatusCode::FORBIDDEN, "model_not_allowed").await;
    }
    assert!(seen.try_recv().is_err(), "nothing went up");
    assert_eq!(send(&config, ask(r#"{"model":"gpt-5"}"#)).await.status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn body_that_never_ends_is_given_up() {
    let body = Body::from_stream(futures_util::stream::pending::<io::Result<&str>>());
    refused(&demo(), ask(body), StatusCode::REQUEST_TIMEOUT, "body_incomplete").await;
}

#[tokio::test]
async fn only_pages_of_its_own_and_of_listed_origins_may_call() {
    let config = Config { allowed_origins: vec!["https://shop.example".into()], ..demo() };
    for (origin, host, allowed) in [
        (Some("http://127.0.0.1:8787"), "127.0.0.1:8787", true),
        (Some("http://localhost:8787"), "localhost:8787", true),
        (Some("http://[::1]:8787"), "[::1]:8787", true),
        (Some("https://shop.example"), "127.0.0.1:8787", true),
        (None, "127.0.0.1:8787", true),
        (Some("http://localhost:3000"), "localhost:8787", false),
        (Some("https://shop.example.evil.example"), "127.0.0.1:8787", false),
        (Some("http://shop.example"), "127.0.0.1:8787", false),
        (Some("null"), "127.0.0.1:8787", false),
        (Some(""), "", false),
        // A name that someone made to point here.
        (Some("http://rebound.example:8787"), "rebound.example:8787", false),
        (Some("http://localhost@evil.example"), "localhost@evil.example", false),
    ] {
        let mut request = ask("{}");
        request.headers_mut().insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            request.headers_mut().insert(ORIGIN, origin.parse().unwrap());
        }
        if allowed {
            assert_eq!(send(&config, request).await.status(), StatusCode::OK, "{origin:?}");
        } else {
            refused(&config, request, StatusCode::FORBIDDEN, "origin_not_allowed").await;
        }
    }
    let public = Config { addr: "0.0.0.0:8787".parse().unwrap(), ..config };
    refused(&public, ask("{}"), StatusCode::FORBIDDEN, "origin_missing").await;
}

#[tokio::test]
async fn browsers_are_told_which_origins_may_read() {
    let config = Config { allowed_origins: vec!["https://shop.example".into()], ..demo() };
    let preflight = |origin: &str| {
        Request::options("/v1/responses")
            .header(ORIGIN, origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type")
            .body(Body::empty())
            .unwrap()
    };
    let response = send(&config, preflight("https://shop.example")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "https://shop.example");
    assert!(
        response.headers()["access-control-allow-headers"]
            .to_str()
            .unwrap()
            .contains("content-type")
    );
    let (status, code) = (StatusCode::FORBIDDEN, "origin_not_allowed");
    let headers = refused(&config, preflight("https://evil.example"), status, code).await;
    assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));

    // An error must be readable too, or the page could not say what is wrong.
    let mut request = ask("nonsense");
    request.headers_mut().insert(ORIGIN, "https://shop.example".parse().unwrap());
    let headers = refused(&config, request, StatusCode::BAD_REQUEST, "json_invalid").await;
    assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "https://shop.example");
}

#[tokio::test]
async fn routes_answer_or_say_why_not() {
    let config = demo();
    assert_eq!(text(send(&config, get("/healthz")).await).await, r#"{"status":"ok"}"#);
    for path in ["/", "/v1", "/v1/", "/v1/models", "/v1/responses/", "/nothing"] {
        refused(&config, get(path), StatusCode::NOT_FOUND, "route_unknown").await;
    }
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let headers = refused(&config, get("/v1/responses"), status, "method_not_allowed").await;
    assert_eq!(headers[ALLOW], "POST");
    let request = Request::post("/healthz").body(Body::empty()).unwrap();
    refused(&config, request, status, "method_not_allowed").await;
}

#[tokio::test]
async fn request_is_bounded_in_depth_and_in_its_fields() {
    let (config, mut seen) = upstream(|| events(Body::empty())).await;
    let deep = |levels: usize| {
        let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
        ask(format!(r#"{{"user":"[[\"[[","input":{open}{close}}}"#))
    };
    assert_eq!(send(&config, deep(100)).await.status(), StatusCode::OK);
    seen.recv().await.unwrap();
    refused(&config, deep(101), StatusCode::BAD_REQUEST, "json_too_deep").await;
    refused(&config, deep(400_000), StatusCode::BAD_REQUEST, "json_too_deep").await;
    let many: Vec<String> = (0..101).map(|field| format!(r#""field{field}":0"#)).collect();
    let many = ask(format!("{{{}}}", many.join(",")));
    refused(&config, many, StatusCode::BAD_REQUEST, "json_invalid").await;
    assert!(seen.try_recv().is_err());
}

#[tokio::test]
async fn field_passes_on_its_own_route_or_where_the_operator_says_so() {
    let (config, mut seen) = upstream(|| events(Body::empty())).await;
    let body = r#"{"min_p":0.1}"#;
    let request = || ask_at("/v1/chat/completions", body);
    refused(&config, request(), StatusCode::BAD_REQUEST, "field_unknown").await;
    refused(&config, ask(r#"{"messages":[]}"#), StatusCode::BAD_REQUEST, "field_unknown").await;
    let config = Config { extra_fields: vec!["min_p".into()], ..config };
    assert_eq!(send(&config, request()).await.status(), StatusCode::OK);
    assert_eq!(seen.recv().await.unwrap().body, body);
}

#[tokio::test]
async fn browser_that_says_where_a_request_comes_from_is_believed() {
    let config = Config { allowed_origins: vec!["https://shop.example".into()], ..demo() };
    for (site, mode, origin, allowed) in [
        ("same-origin", "cors", None, true),
        ("same-origin", "same-origin", None, true),
        ("cross-site", "cors", Some("https://shop.example"), true),
        ("same-site", "cors", Some("https://shop.example"), true),
        ("cross-site", "cors", None, false),
        ("cross-site", "no-cors", Some("https://shop.example"), false),
        ("same-site", "cors", None, false),
        ("none", "navigate", None, false),
        ("cross-site", "navigate", Some("https://shop.example"), false),
    ] {
        let request = with(with(ask("{}"), "sec-fetch-site", site), "sec-fetch-mode", mode);
        let request = match origin {
            Some(origin) => with(request, "origin", origin),
            None => request,
        };
        if allowed {
            assert_eq!(send(&config, request).await.status(), StatusCode::OK, "{site} {mode}");
        } else {
            refused(&config, request, StatusCode::FORBIDDEN, "fetch_forbidden").await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_request_head_is_cut_off() {
    let mut caller = TcpStream::connect(listen(app(demo()).unwrap()).await).await.unwrap();
    caller.write_all(b"POST /v1/responses HTTP/1.1\r\nhost: lo").await.unwrap();
    let mut rest = Vec::new();
    caller.read_to_end(&mut rest).await.unwrap();
    assert!(!String::from_utf8_lossy(&rest).contains("200"));
}

#[tokio::test(start_paused = true)]
async fn silent_connection_is_closed() {
    let mut caller = TcpStream::connect(listen(app(demo()).unwrap()).await).await.unwrap();
    let mut rest = Vec::new();
    caller.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
}
