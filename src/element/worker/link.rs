//! Requests to a worker.

use gloo_net::http::{Method, RequestBuilder, Response};
use holdpoint_core::json::{canonical, read};
use js_sys::{Function, Promise, Reflect, Uint8Array};
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, RequestCredentials, RequestRedirect};

use super::Address;

/// The way to one worker.
pub(super) struct Link {
    address: Address,
    stop: Option<AbortController>,
}

/// Why a worker did not do it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) fix: &'static str,
    /// What there is already, where someone was faster.
    pub(super) outcome: Value,
}

impl Link {
    pub(super) fn new(address: Address) -> Self {
        // Without one a request goes on for nobody, and that is all.
        Self { address, stop: AbortController::new().ok() }
    }

    /// Ends all requests, and lets no other begin.
    pub(super) fn stop(&self) {
        if let Some(stop) = &self.stop {
            stop.abort();
        }
    }

    /// Asks for something that is JSON.
    pub(super) async fn get(&self, path: &str) -> Result<Value, Fault> {
        self.answer(path, None).await
    }

    /// Sends something.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, Fault> {
        self.answer(path, Some(canonical(body))).await
    }

    /// Has something removed.
    pub(super) async fn delete(&self, path: &str) -> Result<(), Fault> {
        self.send(Method::DELETE, path, None).await.map(drop)
    }

    /// Bytes as they come for as long as there are any.
    pub(super) async fn events(&self) -> Result<Chunks, Fault> {
        let response = self.send(Method::GET, "/v1/events", None).await?;
        let reader = response.body().map(|body| ReadableStreamDefaultReader::new(&body));
        match reader {
            Some(Ok(reader)) => Ok(Chunks(reader)),
            _ => Err(unreachable(&self.address.base)),
        }
    }

    async fn answer(&self, path: &str, body: Option<String>) -> Result<Value, Fault> {
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let text = self.send(method, path, body).await?.text().await;
        let text = text.map_err(|_| unreachable(&self.address.base))?;
        read(&text).map_err(|_| malformed(&self.address.base))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Result<Response, Fault> {
        let base = &self.address.base;
        let token = self.token().await?;
        let url = [base.trim_end_matches('/'), path].concat();
        let request = RequestBuilder::new(&url)
            .method(method)
            .abort_signal(self.stop.as_ref().map(AbortController::signal).as_ref())
            // The token is all that it is to be known by, and it is for this address alone.
            .credentials(RequestCredentials::Omit)
            .redirect(RequestRedirect::Error)
            .header("authorization", &["Bearer ", &token].concat());
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body),
            None => request.build(),
        };
        let request = request.map_err(|_| malformed(base))?;
        let response = request.send().await.map_err(|_| unreachable(base))?;
        if response.ok() {
            return Ok(response);
        }
        Err(refused(base, &response.text().await.unwrap_or_default()))
    }

    async fn token(&self) -> Result<String, Fault> {
        let given = match self.address.token.dyn_ref::<Function>() {
            None => Ok(self.address.token.clone()),
            Some(function) => match function.call0(&JsValue::UNDEFINED) {
                Ok(given) => JsFuture::from(Promise::resolve(&given)).await,
                thrown => thrown,
            },
        };
        let token = given.ok().and_then(|given| given.as_string());
        token.filter(|token| !token.is_empty()).ok_or_else(|| Fault {
            code: "worker_token_missing".to_owned(),
            message: "there is no token for the worker".to_owned(),
            fix: "set workerToken to a text, or to a function that gives one",
            outcome: Value::Null,
        })
    }
}

/// The bytes of a body as they arrive.
pub(super) struct Chunks(ReadableStreamDefaultReader);

impl Chunks {
    /// The next ones; none at the end, or where it broke off.
    pub(super) async fn next(&self) -> Option<Vec<u8>> {
        let read = JsFuture::from(self.0.read()).await.ok()?;
        let value = Reflect::get(&read, &"value".into()).ok()?;
        value.dyn_into::<Uint8Array>().ok().map(|bytes| bytes.to_vec())
    }
}

pub(super) fn unreachable(base: &str) -> Fault {
    Fault {
        code: "worker_unreachable".to_owned(),
        message: ["the worker at ", base, " cannot be reached"].concat(),
        fix: "check that it runs, that `worker` is its address, and that connect-src of the page's \
              Content-Security-Policy and HOLDPOINT_ALLOWED_ORIGINS of the worker allow it",
        outcome: Value::Null,
    }
}

pub(super) fn malformed(base: &str) -> Fault {
    Fault {
        code: "worker_malformed".to_owned(),
        message: ["what answers at ", base, " is no Holdpoint worker"].concat(),
        fix: "set `worker` to the base address of a worker of this version",
        outcome: Value::Null,
    }
}

/// The worker's own words.
fn refused(base: &str, body: &str) -> Fault {
    let body = read(body).unwrap_or_default();
    let error = &body["error"];
    let text = |name: &str| error.get(name).and_then(Value::as_str).map(str::to_owned);
    let (Some(code), Some(message)) = (text("code"), text("message")) else {
        return malformed(base);
    };
    let (message, fix) = match code.as_str() {
        "caller_unknown" => (
            "the worker does not know this token".to_owned(),
            "set workerToken to the token of an approver of the worker",
        ),
        _ => (message, "look at it as it is now, then decide"),
    };
    Fault { code, message, fix, outcome: error["outcome"].clone() }
}
