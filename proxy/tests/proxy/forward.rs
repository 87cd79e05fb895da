//! What goes up, what comes down, and what the upstream may do wrong.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, COOKIE, HeaderName, LOCATION, RETRY_AFTER,
    SERVER,
};
use axum::http::{Response, StatusCode};
use futures_util::{StreamExt, stream};
use holdpoint_proxy::{KeyHeader, Upstream, app};
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::support::{
    KEY, OnDrop, ask, ask_at, call, demo, events, listen, raw, read_until, refused, send, streamed,
    text, towards, upstream, with,
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

#[tokio::test]
async fn each_wire_format_goes_to_its_path_with_the_key_where_it_is_expected() {
    let (config, mut seen) = upstream(|| events(Body::empty())).await;
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", bearer.as_str()), ("x-api-key", KEY), ("api-key", KEY)];
    for (header, expected) in [
        (KeyHeader::ByRoute, ["authorization", "authorization", "x-api-key"]),
        (KeyHeader::Bearer, ["authorization"; 3]),
        (KeyHeader::XApiKey, ["x-api-key"; 3]),
        (KeyHeader::ApiKey, ["api-key"; 3]),
    ] {
        let mut config = config.clone();
        if let Upstream::Provider { key_header, .. } = &mut config.upstream {
            *key_header = header;
        }
        let paths = ["/v1/responses", "/v1/chat/completions", "/v1/messages"];
        for (path, expected) in paths.into_iter().zip(expected) {
            assert_eq!(send(&config, ask_at(path, "{}")).await.status(), StatusCode::OK);
            let seen = seen.recv().await.unwrap();
            assert_eq!(seen.path, path);
            for (name, value) in headers {
                let found = seen.headers.get(name).map(|value| value.to_str().unwrap());
                assert_eq!(found, (name == expected).then_some(value), "{header:?} {path}");
            }
        }
    }
}

#[tokio::test]
async fn last_slash_of_the_base_makes_no_difference() {
    let (mut config, mut seen) = upstream(|| events(Body::empty())).await;
    for path in ["/v1", "/v1/"] {
        if let Upstream::Provider { base, .. } = &mut config.upstream {
            base.set_path(path);
        }
        send(&config, ask("{}")).await;
        assert_eq!(seen.recv().await.unwrap().path, "/v1/responses");
    }
}

#[tokio::test]
async fn version_of_the_messages_api_is_the_callers_or_a_default() {
    let (config, mut seen) = upstream(|| events(Body::empty())).await;
    let request = ask_at("/v1/messages", "{}");
    send(&config, request).await;
    assert_eq!(seen.recv().await.unwrap().headers["anthropic-version"], "2023-06-01");
    let request = with(ask_at("/v1/messages", "{}"), "anthropic-version", "2024-01-01");
    send(&config, with(request, "anthropic-beta", "some-beta")).await;
    let headers = seen.recv().await.unwrap().headers;
    assert_eq!((&headers["anthropic-version"]), "2024-01-01");
    assert_eq!(headers["anthropic-beta"], "some-beta");
    send(&config, with(ask("{}"), "anthropic-beta", "some-beta")).await;
    assert!(!seen.recv().await.unwrap().headers.contains_key("anthropic-beta"));
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
    assert_eq!(response.body().size_hint().exact(), Some(2), "its length is known");
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
    caller.write_all(&raw("/v1/responses", "{}")).await.unwrap();
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
    caller.write_all(&raw("/v1/responses", "{}")).await.unwrap();
    has_arrived.await.unwrap();
    drop(caller);
    ended.await.unwrap();
}

/// Asks an upstream that answers so many requests on a connection, and then reads one more or not
/// before it closes it without a word. Gives the statuses, and the connections and requests that came.
async fn asked_of_one_that_closes(
    answers: usize,
    reads_on: bool,
    asks: usize,
) -> (Vec<StatusCode>, usize, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let counts = Arc::new([const { AtomicUsize::new(0) }; 2]);
    let counted = Arc::clone(&counts);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted[0].fetch_add(1, Relaxed);
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                for place in 0..=answers {
                    if place == answers && !reads_on {
                        return;
                    }
                    read_until(&mut stream, "\r\n\r\n{}").await;
                    counted[1].fetch_add(1, Relaxed);
                    if place < answers {
                        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json";
                        let answer = format!("{head}\r\ncontent-length: 2\r\n\r\n{{}}");
                        stream.write_all(answer.as_bytes()).await.unwrap();
                    }
                }
            });
        }
    });
    let app = app(towards(addr)).unwrap();
    let mut statuses = Vec::new();
    for _ in 0..asks {
        let response = call(&app, ask("{}")).await;
        statuses.push(response.status());
        text(response).await;
    }
    let [connections, requests] = [&counts[0], &counts[1]].map(|count| count.load(Relaxed));
    (statuses, connections, requests)
}

#[tokio::test]
async fn connection_to_the_upstream_is_used_again() {
    let (statuses, connections, _) = asked_of_one_that_closes(20, false, 20).await;
    assert_eq!((statuses, connections), (vec![StatusCode::OK; 20], 1));
}

#[tokio::test]
async fn connection_that_the_upstream_has_closed_is_replaced() {
    let (statuses, connections, requests) = asked_of_one_that_closes(1, false, 50).await;
    assert_eq!((statuses, connections, requests), (vec![StatusCode::OK; 50], 50, 50));
}

#[tokio::test]
async fn request_that_may_have_been_taken_is_not_sent_again() {
    let (statuses, _, requests) = asked_of_one_that_closes(1, true, 3).await;
    let expected = [StatusCode::OK, StatusCode::BAD_GATEWAY, StatusCode::OK];
    assert_eq!((statuses, requests), (expected.to_vec(), 3));
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

// The stand-in.

#[tokio::test]
async fn stand_in_streams_its_records() {
    let request = r#"{"input":"hello","stream":true}"#;
    let response = send(&demo(), ask(request)).await;
    assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream");
    let expected = holdpoint_demo::respond(
        holdpoint_demo::Wire::Responses,
        &serde_json::from_str(request).unwrap(),
    );
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
