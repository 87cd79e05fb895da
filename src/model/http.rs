//! A model behind an address: one request, and the stream of its answer.

use gloo_net::http::{Request, Response};
use holdpoint_core::json::canonical;
use holdpoint_core::message::{ModelRequest, ModelResponse};
use holdpoint_core::stream::{Api, Delta};
use js_sys::{Date, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal, ReadableStreamDefaultReader};

use super::{Arriving, error};
use crate::driver::ports::{Exchange, ModelError, Wire, WireFact};

/// Asks the model at `endpoint`. Dropping the future ends the request.
pub(super) async fn call(
    wire: Wire,
    endpoint: String,
    api: Api,
    request: ModelRequest,
    on_delta: Box<dyn FnMut(Delta)>,
) -> Result<ModelResponse, ModelError> {
    let url = [endpoint.trim_end_matches('/'), api.path()].join("/");
    let body = canonical(&api.request(&request));
    let told = wire.begin(&url, &|| body.clone());
    let connection = Connection::new().map_err(|_| error::network(&url))?;
    let response = Request::post(&url)
        .header("content-type", "application/json")
        .header("accept", EVENT_STREAM)
        .abort_signal(Some(&connection.signal()))
        .body(body)
        .map_err(|_| error::endpoint_malformed(&url))?
        .send()
        .await
        .map_err(|_| failed(&told, error::network(&url)))?;

    if let Some(told) = &told {
        told.tell(WireFact::Answered {
            status: response.status(),
            headers: open_headers(&response),
        });
    }
    if !response.ok() {
        let status = response.status();
        let after_ms = wait_asked_for(&response);
        let error = error::of_status(status, after_ms, &url, &text(&response).await);
        return Err(failed(&told, error));
    }
    if !is_event_stream(&response) {
        let error = error::not_event_stream(&url, &text(&response).await);
        return Err(failed(&told, error));
    }
    let mut answer = Arriving::new(api, on_delta, told);
    let mut chunks = Chunks::of(&response)?;
    while let Some(chunk) = chunks.next().await? {
        if !answer.push(&chunk)? {
            break;
        }
    }
    answer.finish()
}

/// Tells the wire how it ended.
fn failed(told: &Option<Exchange>, error: ModelError) -> ModelError {
    if let Some(told) = told {
        told.tell(WireFact::Ended(Some(error.code.clone())));
    }
    error
}

/// The headers that may be shown: a list of what may, since nobody knows all that may not.
fn open_headers(response: &Response) -> Vec<(&'static str, String)> {
    let headers = response.headers();
    OPEN_HEADERS.into_iter().filter_map(|name| Some((name, headers.get(name)?))).collect()
}

/// A request that ends with whoever waits for it, so that the proxy, and behind it the provider,
/// stops working for nobody. Once all is read there is nothing left to end.
pub(super) struct Connection(AbortController);

impl Connection {
    pub(super) fn new() -> Result<Self, JsValue> {
        AbortController::new().map(Self)
    }

    pub(super) fn signal(&self) -> AbortSignal {
        self.0.signal()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The bytes of a body as they arrive.
struct Chunks(ReadableStreamDefaultReader);

impl Chunks {
    fn of(response: &Response) -> Result<Self, ModelError> {
        let reader = response.body().map(|body| ReadableStreamDefaultReader::new(&body));
        match reader {
            Some(Ok(reader)) => Ok(Self(reader)),
            _ => Err(error::interrupted()),
        }
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>, ModelError> {
        let read = JsFuture::from(self.0.read()).await.map_err(|_| error::interrupted())?;
        // At the end there is no value.
        let value = Reflect::get(&read, &"value".into()).unwrap_or(JsValue::UNDEFINED);
        Ok(value.dyn_into::<Uint8Array>().ok().map(|bytes| bytes.to_vec()))
    }
}

fn is_event_stream(response: &Response) -> bool {
    let content_type = response.headers().get("content-type").unwrap_or_default();
    content_type
        .split(';')
        .next()
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(EVENT_STREAM))
}

/// How long whoever answered wants to be left alone: `retry-after-ms`, as some providers say it, or
/// `retry-after` in seconds or with a date, which is read by this machine's clock.
fn wait_asked_for(response: &Response) -> Option<u64> {
    let headers = response.headers();
    if let Some(millis) = headers.get("retry-after-ms").and_then(|text| text.trim().parse().ok()) {
        return Some(millis);
    }
    let after = headers.get("retry-after")?;
    // Not every server keeps to whole seconds. No number, and a date long past, come to nothing.
    let millis = match after.trim().parse::<f64>() {
        Ok(seconds) => seconds * 1_000.0,
        Err(_) => Date::parse(&after) - Date::now(),
    };
    (!millis.is_nan()).then_some(millis as u64)
}

/// The body of an answer that is no stream; empty where it breaks off.
async fn text(response: &Response) -> String {
    response.text().await.unwrap_or_default()
}

const EVENT_STREAM: &str = "text/event-stream";

const OPEN_HEADERS: [&str; 6] =
    ["content-type", "date", "request-id", "retry-after", "retry-after-ms", "x-request-id"];
