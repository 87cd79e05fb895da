//! Why the model gave no answer, with what to do about it.

use holdpoint_core::stream::StreamError;
use js_sys::Reflect;
use wasm_bindgen::JsValue;

use crate::driver::ports::{ModelError, Retry};
use crate::later::NotLoaded;

pub(super) fn network(url: &str) -> ModelError {
    if is_offline() {
        return ModelError {
            retry: Retry::Online,
            ..error(
                "network",
                "the browser is offline",
                "it goes on by itself once there is a network",
            )
        };
    }
    let error = error(
        "network",
        &format!("{url} cannot be reached"),
        "check that the proxy runs, that `endpoint` is its address, and that connect-src of the \
         page's Content-Security-Policy and HOLDPOINT_ALLOWED_ORIGINS of the proxy allow it",
    );
    ModelError { retry: Retry::Later { after_ms: None }, ..error }
}

pub(super) fn endpoint_malformed(url: &str) -> ModelError {
    error("endpoint_wrong", &format!("{url} is no address"), CHECK_ENDPOINT)
}

pub(super) fn api_unavailable(api: &str) -> ModelError {
    error(
        "api_unavailable",
        &format!("there is no wire format {api}"),
        "set `api` to responses, chat or messages, or to demo for answers without a network",
    )
}

/// What a script of ours says of itself; one that was not there to be asked says nothing.
pub(super) fn of_script(thrown: &JsValue) -> ModelError {
    let field = |name: &str| Reflect::get(thrown, &name.into()).ok()?.as_string();
    match (field("code"), field("message"), field("fix")) {
        (Some(code), Some(message), Some(fix)) => error(&code, &message, &fix),
        _ => not_loaded(NotLoaded),
    }
}

/// The error that a status tells of; its body says more where a proxy or a provider wrote it.
/// `after_ms` is how long whoever answered wants to be left alone.
pub(super) fn of_status(status: u16, after_ms: Option<u64>, url: &str, body: &str) -> ModelError {
    let (code, fix) = match status {
        401 | 403 => (
            "unauthorized",
            "check the proxy's key (HOLDPOINT_UPSTREAM_KEY) and what it allows \
             (HOLDPOINT_ALLOWED_ORIGINS, HOLDPOINT_MODELS)",
        ),
        404 | 405 => ("endpoint_wrong", CHECK_ENDPOINT),
        429 => ("rate_limited", "wait a little, then try again"),
        500.. => ("upstream", "try again; if it stays, read the proxy's log"),
        _ => ("request_refused", "check `model`, and read the proxy's log"),
    };
    let message = match reported(body) {
        Some(words) => format!("{url} answered with {status}: {words}"),
        None => format!("{url} answered with {status}"),
    };
    // Too many questions for now, and no money for any, have one status.
    let retry = if body.contains("insufficient_quota") {
        Retry::Never
    } else {
        Retry::of_status(status, after_ms)
    };
    ModelError { retry, ..error(code, &message, fix) }
}

/// The error of an answer that should have been a stream.
pub(super) fn not_event_stream(url: &str, body: &str) -> ModelError {
    let found = match reported(body) {
        Some(words) => words,
        None if body.trim_start().starts_with('<') => "a web page".to_owned(),
        None => "something else".to_owned(),
    };
    let message = format!("expected an event stream from {url}, found {found}");
    error(StreamError::NotEventStream.code(), &message, CHECK_ENDPOINT)
}

pub(super) fn interrupted() -> ModelError {
    of_stream(StreamError::Interrupted)
}

pub(super) fn of_stream(stream: StreamError) -> ModelError {
    let message = format!("{stream}; nothing of it was run");
    let fix = match stream {
        StreamError::Interrupted => {
            "try again; if it stays, look for a limit on the time of requests"
        }
        StreamError::NotEventStream => CHECK_ENDPOINT,
        StreamError::Upstream { .. } => "try again; if it stays, read the proxy's log",
        _ => "check that `api` names the wire format that the endpoint speaks",
    };
    let retry = match &stream {
        StreamError::Interrupted if is_offline() => Retry::Online,
        StreamError::Interrupted => Retry::Later { after_ms: None },
        StreamError::Upstream { code, .. } => Retry::of_code(code),
        _ => Retry::Never,
    };
    ModelError { retry, ..error(stream.code(), &message, fix) }
}

/// The words of an error body, as the proxy and the providers write it.
fn reported(body: &str) -> Option<String> {
    match StreamError::upstream(&holdpoint_core::json::read(body).ok()?)? {
        StreamError::Upstream { message, .. } if !message.is_empty() => Some(message),
        StreamError::Upstream { code, .. } => Some(code),
        _ => None,
    }
}

/// The stand-in could not be fetched; a page may be without it for good.
pub(super) fn not_loaded(NotLoaded: NotLoaded) -> ModelError {
    error(NotLoaded::CODE, NotLoaded::MESSAGE, NotLoaded::FIX)
}

fn error(code: &str, message: &str, fix: &str) -> ModelError {
    let [code, message, fix] = [code, message, fix].map(str::to_owned);
    ModelError { code, message, fix, retry: Retry::Never }
}

/// Whether the browser is sure that there is no network.
fn is_offline() -> bool {
    web_sys::window().is_some_and(|window| !window.navigator().on_line())
}

const CHECK_ENDPOINT: &str =
    "check that `endpoint` is the base address of a Holdpoint proxy, such as /v1, and that it runs";
