//! What the proxy itself says in a stream, and when it ends one.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Response;
use axum::http::header::CONTENT_TYPE;
use futures_util::stream;
use holdpoint_proxy::{Config, Upstream, app, serve};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::support::{
    OnDrop, ask, events, listen, raw, read_until, send, streamed, text, towards, upstream,
};

const COMMENT: &str = ": waiting\n\n";

#[tokio::test(start_paused = true)]
async fn silence_between_events_is_filled_with_comments() {
    let upstream = Upstream::Demo { pace: Duration::from_secs(40) };
    let config = Config { upstream, ..Config::default() };
    let request = r#"{"input":"hello","stream":true}"#;
    let found = text(send(&config, ask(request)).await).await;
    let request = serde_json::from_str(request).unwrap();
    let records = holdpoint_demo::respond(holdpoint_demo::Wire::Responses, &request);
    let quiet = COMMENT.repeat(2);
    let expected: String = records.iter().map(|record| format!("{quiet}{record}")).collect();
    assert_eq!(found, expected);
}

#[tokio::test(start_paused = true)]
async fn answer_that_falls_silent_for_too_long_breaks_off() {
    for kind in ["text/event-stream", "application/json"] {
        let (body, pieces, ended) = streamed();
        let body = Arc::new(Mutex::new(Some(body)));
        let (config, _seen) = upstream(move || {
            let body = body.lock().unwrap().take().unwrap();
            Response::builder().header(CONTENT_TYPE, kind).body(body).unwrap()
        })
        .await;
        let mut body = send(&config, ask("{}")).await.into_body();
        pieces.send("data: {}\n\n").unwrap();
        let mut found = String::new();
        let broken = loop {
            match body.frame().await.unwrap() {
                Ok(frame) => {
                    let bytes = frame.into_data().unwrap();
                    found.push_str(std::str::from_utf8(&bytes).unwrap());
                }
                Err(broken) => break broken,
            }
        };
        assert!(!broken.to_string().is_empty());
        assert_eq!(found.replace(COMMENT, ""), "data: {}\n\n");
        drop(body);
        ended.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_inside_an_event() {
    let (body, pieces, _) = streamed();
    let body = Arc::new(Mutex::new(Some(body)));
    let (config, _seen) = upstream(move || events(body.lock().unwrap().take().unwrap())).await;
    let mut body = send(&config, ask("{}")).await.into_body();
    let mut found = String::new();
    let mut next = async |found: &mut String, within: Duration| match tokio::time::timeout(
        within,
        body.frame(),
    )
    .await
    {
        Ok(frame) => {
            let bytes = frame.unwrap().unwrap().into_data().unwrap();
            found.push_str(std::str::from_utf8(&bytes).unwrap());
        }
        Err(_) => found.push('|'),
    };
    let minute = Duration::from_secs(60);
    for piece in ["event: a\n", "data: ", "{}\n", "\n"] {
        pieces.send(piece).unwrap();
        // A comment may come before the first piece does, and none after it until the event ends.
        while !found.ends_with(piece) {
            next(&mut found, minute).await;
        }
        if piece != "\n" {
            next(&mut found, minute).await;
        }
    }
    next(&mut found, minute).await;
    let found = found.trim_start_matches(COMMENT);
    assert_eq!(found, format!("event: a\n|data: |{{}}\n|\n{COMMENT}"));
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_each_stream_with_an_error_of_its_format() {
    for (path, expected) in [
        ("/v1/responses", "event: error\ndata: {\"code\":\"stopping\",\"error\":{"),
        ("/v1/chat/completions", "data: {\"error\":{\"code\":\"stopping\""),
        ("/v1/messages", "event: error\ndata: {\"error\":{\"code\":\"stopping\""),
    ] {
        let (body, pieces, ended) = streamed();
        let body = Arc::new(Mutex::new(Some(body)));
        let (config, _seen) = upstream(move || events(body.lock().unwrap().take().unwrap())).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(serve(listener, app(config).unwrap(), async {
            stopped.await.unwrap();
        }));
        let mut caller = TcpStream::connect(addr).await.unwrap();
        caller.write_all(&raw(path, "{}")).await.unwrap();
        pieces.send("event: first\n\n").unwrap();
        read_until(&mut caller, "event: first\n\n").await;
        stop.send(()).unwrap();
        let mut rest = String::new();
        caller.read_to_string(&mut rest).await.unwrap();
        let rest = rest.replace(COMMENT, "");
        assert!(rest.contains(expected), "{path}: {rest}");
        assert!(rest.ends_with("\r\n0\r\n\r\n"), "the stream is whole: {rest}");
        ended.await.unwrap();
        served.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn stopping_does_not_cut_an_event_and_call_it_whole() {
    let (body, pieces, ended) = streamed();
    let body = Arc::new(Mutex::new(Some(body)));
    let (config, _seen) = upstream(move || events(body.lock().unwrap().take().unwrap())).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(serve(listener, app(config).unwrap(), async {
        stopped.await.unwrap();
    }));
    let mut caller = TcpStream::connect(addr).await.unwrap();
    caller.write_all(&raw("/v1/responses", "{}")).await.unwrap();
    pieces.send("event: first\nda").unwrap();
    read_until(&mut caller, "event: first\nda").await;
    stop.send(()).unwrap();
    served.await.unwrap();
    let mut rest = String::new();
    // Whether the end is a reset or only an end, the last chunk is missing.
    let _ = caller.read_to_string(&mut rest).await;
    assert!(!rest.contains("stopping") && !rest.contains("0\r\n\r\n"), "{rest}");
    ended.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn caller_that_does_not_read_is_given_up() {
    let (dropped, ended) = oneshot::channel();
    let guard = Mutex::new(Some(OnDrop(Some(dropped))));
    let guard = Arc::new(guard);
    let router = Router::new().fallback(async move || {
        let state = (guard.lock().unwrap().take(), "data: word\n\n".repeat(1000));
        events(Body::from_stream(stream::unfold(state, async |(guard, piece)| {
            Some((Ok::<_, std::convert::Infallible>(piece.clone()), (guard, piece)))
        })))
    });
    let config = towards(listen(router).await);
    let mut caller = TcpStream::connect(listen(app(config).unwrap()).await).await.unwrap();
    caller.write_all(&raw("/v1/responses", "{}")).await.unwrap();
    ended.await.unwrap();
}
