//! The way to the model, with answers that a script of the page gives in place of the network.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::poll;
use holdpoint::driver::ports::{ModelClient, ModelError, Retry, Task, Wire};
use holdpoint::model::Models;
use holdpoint::runtime::BrowserRuntime;
use holdpoint_core::message::{Function as Tool, Message, ModelRequest, ModelResponse};
use holdpoint_core::stream::Delta;
use js_sys::Function;
use serde_json::json;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
async fn answer_is_shown_while_it_arrives_and_given_whole() {
    let text = r#"{"type":"response.output_text.delta","output_index":0,"delta":"Hi"}"#;
    let item = r#"{"type":"message","content":[{"type":"output_text","text":"Hi"}]}"#;
    let done = format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{item}}}"#);
    let end = r#"{"type":"response.completed","response":{"status":"completed"}}"#;
    serve(&stream(&[text, &done, end]));

    let shown = Rc::new(RefCell::new(String::new()));
    let seen = Rc::clone(&shown);
    let on_delta = Box::new(move |delta| {
        if let Delta::Text(text) = delta {
            seen.borrow_mut().push_str(&text);
        }
    });
    let answer = at("/v1/", "responses").call(request(), on_delta).await.unwrap();
    assert_eq!((answer.text().as_str(), shown.borrow().as_str()), ("Hi", "Hi"));
    assert!(is_true("asked.url.endsWith('/v1/responses') && asked.method === 'POST'"));
    assert!(is_true("asked.headers.get('content-type') === 'application/json'"));
    assert!(is_true("asked.headers.get('accept') === 'text/event-stream'"));
    let body = evaluate("return asked.json()");
    let body = JsFuture::from(js_sys::Promise::resolve(&body)).await.unwrap();
    assert_eq!(js_sys::Reflect::get(&body, &"model".into()).unwrap(), "stand-in");
}

#[wasm_bindgen_test]
async fn stream_that_breaks_off_gives_no_answer() {
    let text = r#"{"type":"response.output_text.delta","output_index":0,"delta":"Hi"}"#;
    let error = check_error(&stream(&[text]), "stream_interrupted").await;
    assert!(error.message.ends_with("nothing of it was run"), "{error}");
    assert_eq!(error.retry, LATER);

    check_error(
        "return new Response(new ReadableStream({ pull(c) { c.error(new TypeError('reset')) } }),
             { headers: { 'content-type': 'text/event-stream' } })",
        "stream_interrupted",
    )
    .await;
}

#[wasm_bindgen_test]
async fn status_that_is_no_success_is_told_with_the_words_of_the_proxy() {
    for (status, code) in [
        (400, "request_refused"),
        (401, "unauthorized"),
        (403, "unauthorized"),
        (404, "endpoint_wrong"),
        (408, "request_refused"),
        (409, "request_refused"),
        (429, "rate_limited"),
        (500, "upstream"),
        (504, "upstream"),
        (529, "upstream"),
    ] {
        let body = r#"{"error":{"code":"some","message":"the words of the proxy"}}"#;
        let error =
            check_error(&format!("return new Response('{body}', {{ status: {status} }})"), code)
                .await;
        assert!(error.message.contains("the words of the proxy"), "{error}");
        assert!(error.message.contains(&status.to_string()), "{error}");
        let passes = matches!(status, 408 | 409 | 429 | 500..);
        assert_eq!(error.retry, if passes { LATER } else { Retry::Never }, "{status}");
        let page = format!("return new Response('<!doctype html>', {{ status: {status} }})");
        assert!(!check_error(&page, code).await.message.contains("doctype"));
    }
}

#[wasm_bindgen_test]
async fn provider_that_is_overloaded_in_the_middle_is_asked_again_later() {
    let event = r#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#;
    assert_eq!(check_error(&stream(&[event]), "upstream_error").await.retry, LATER);
    let event = r#"{"type":"error","error":{"type":"invalid_request_error","message":"no"}}"#;
    assert_eq!(check_error(&stream(&[event]), "upstream_error").await.retry, Retry::Never);
}

#[wasm_bindgen_test]
async fn time_that_a_server_asks_for_is_read() {
    let asked = async |header: &str, value: &str| {
        let headers = format!("headers: {{ '{header}': {value} }}");
        let page = format!("return new Response('', {{ status: 429, {headers} }})");
        let error = check_error(&page, "rate_limited").await;
        let Retry::Later { after_ms } = error.retry else { panic!("{error:?}") };
        after_ms
    };
    assert_eq!(asked("retry-after", "'7'").await, Some(7_000));
    assert_eq!(asked("retry-after", "'1.5'").await, Some(1_500));
    assert_eq!(asked("retry-after-ms", "'250'").await, Some(250));
    assert_eq!(asked("retry-after", "'soon'").await, None);
    assert_eq!(asked("retry-after", "'-3'").await, Some(0));
    assert_eq!(asked("retry-after", "'Wed, 21 Oct 2015 07:28:00 GMT'").await, Some(0));
    let in_an_hour = asked("retry-after", "new Date(Date.now() + 3.6e6).toUTCString()").await;
    assert!(in_an_hour.is_some_and(|wait| wait > 3_000_000 && wait <= 3_600_000), "{in_an_hour:?}");
}

#[wasm_bindgen_test]
async fn quota_that_is_used_up_is_not_asked_for_again() {
    let body = r#"{"error":{"code":"insufficient_quota","message":"no credit"}}"#;
    let page = format!("return new Response('{body}', {{ status: 429 }})");
    assert_eq!(check_error(&page, "rate_limited").await.retry, Retry::Never);
}

#[wasm_bindgen_test]
async fn page_in_place_of_a_stream_is_told_as_such() {
    let page =
        "return new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } })";
    let error = check_error(page, "not_event_stream").await;
    assert!(error.message.ends_with("found a web page"), "{error}");
    assert!(error.fix.contains("endpoint"), "{error:?}");
}

#[wasm_bindgen_test]
async fn address_that_cannot_be_reached_is_told_with_what_to_check() {
    let error = check_error("throw new TypeError('Failed to fetch')", "network").await;
    assert!(error.fix.contains("endpoint") && error.retry == LATER, "{error:?}");

    serve("return new Promise(() => {})");
    let error = ask("https://[", "responses").await.unwrap_err();
    assert_eq!(error.code, "endpoint_wrong");
}

#[wasm_bindgen_test]
async fn call_that_is_dropped_ends_its_request() {
    serve("return new Promise(() => {})");
    let mut call = ask("/v1", "responses");
    assert!(poll!(&mut call).is_pending());
    assert!(is_true("asked.signal.aborted === false"));
    drop(call);
    assert!(is_true("asked.signal.aborted"));
}

#[wasm_bindgen_test]
async fn each_format_is_asked_for_at_its_own_address() {
    let chat = r#"{"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}"#;
    let start =
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"Hi"}}"#;
    let stop = r#"{"type":"content_block_stop","index":0}"#;
    let reason = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#;
    let end = r#"{"type":"message_stop"}"#;
    for (api, path, events) in [
        ("chat", "/v1/chat/completions", &[chat][..]),
        ("messages", "/v1/messages", &[start, stop, reason, end]),
    ] {
        serve(&stream(events));
        assert_eq!(ask("/v1", api).await.unwrap().text(), "Hi", "{api}");
        assert!(is_true(&format!("asked.url.endsWith('{path}')")), "{api}");
    }
}

#[wasm_bindgen_test]
async fn format_that_is_not_spoken_is_refused() {
    for api in ["smoke", ""] {
        assert_eq!(ask("/v1", api).await.unwrap_err().code, "api_unavailable", "{api}");
    }
}

#[wasm_bindgen_test]
async fn stand_in_answers_with_no_network() {
    serve("throw new TypeError('Failed to fetch')");
    let pieces = Rc::new(Cell::new(0));
    let counted = Rc::clone(&pieces);
    let on_delta = Box::new(move |_| counted.set(counted.get() + 1));
    let answer = at("/v1", "demo").call(request(), on_delta).await.unwrap();
    let call = answer.calls().next().unwrap();
    assert_eq!((call.name.as_str(), pieces.get() > 0), ("transfer", true));
}

const LATER: Retry = Retry::Later { after_ms: None };

/// Serves what this body gives and expects the error of this code.
async fn check_error(body: &str, code: &str) -> ModelError {
    serve(body);
    let error = ask("/v1", "responses").await.unwrap_err();
    assert_eq!(error.code, code, "{body}");
    assert!(!error.fix.is_empty());
    error
}

fn ask(endpoint: &str, api: &str) -> Task<Result<ModelResponse, ModelError>> {
    at(endpoint, api).call(request(), Box::new(|_| {}))
}

fn at(endpoint: &str, api: &str) -> Models {
    let models = Models::new(Rc::new(BrowserRuntime), Wire::default());
    models.reroute(|route| {
        route.endpoint = endpoint.to_owned();
        route.api = api.to_owned();
    });
    models
}

fn request() -> ModelRequest {
    ModelRequest {
        model: "stand-in".to_owned(),
        instructions: String::new(),
        messages: vec![Message::User("transfer 500 to Alice".to_owned())],
        tools: vec![Tool {
            name: "transfer".to_owned(),
            description: "Sends money".to_owned(),
            parameters: json!({ "type": "object" }),
            strict: false,
        }],
        format: None,
    }
}

/// Has every later request of these tests answered by this body of a function.
fn serve(body: &str) {
    evaluate(&format!(
        "globalThis.network ??= globalThis.fetch;
         globalThis.fetch = async (request, options) => {{
             if (!request.url?.includes('/v1/')) return network(request, options);
             globalThis.asked = request;
             {body}
         }}"
    ));
}

/// The body of a function that answers with these events, one per chunk.
fn stream(events: &[&str]) -> String {
    let chunks: Vec<_> = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    format!(
        "const chunks = {}.map((chunk) => new TextEncoder().encode(chunk));
         const body = new ReadableStream({{
             pull(c) {{ chunks.length ? c.enqueue(chunks.shift()) : c.close() }}
         }});
         return new Response(body, {{ headers: {{ 'content-type': 'text/event-stream; charset=utf-8' }} }})",
        json!(chunks)
    )
}

fn is_true(expression: &str) -> bool {
    evaluate(&format!("return ({expression})")) == true
}

fn evaluate(body: &str) -> JsValue {
    Function::new_no_args(body).call0(&JsValue::UNDEFINED).unwrap()
}
