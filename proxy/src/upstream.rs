//! The other end: a provider over HTTP, or the stand-in model in this process.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, RETRY_AFTER,
    USER_AGENT,
};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Either, Full};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::AppError;
use crate::client::{self, Answer, Way, chain, is_loopback};
use crate::config::{self, Config, KeyHeader};
use crate::error::ProxyError;
use crate::secret::{Secret, Unspoken};
use crate::wire::Wire;

/// Who answers, ready to be asked.
#[derive(Clone)]
pub(crate) enum Upstream {
    Demo { pace: Duration },
    Provider(Box<Provider>),
}

/// A provider and the way to it.
#[derive(Clone)]
pub(crate) struct Provider {
    way: Way,
    uris: [Uri; Wire::ALL.len()],
    key: Option<Key>,
}

#[derive(Clone)]
struct Key {
    secret: Secret,
    header: KeyHeader,
    plain: HeaderValue,
    bearer: HeaderValue,
}

impl Upstream {
    pub(crate) fn new(config: &Config) -> Result<Self, AppError> {
        match &config.upstream {
            config::Upstream::Demo { pace } => Ok(Upstream::Demo { pace: *pace }),
            config::Upstream::Provider { base, key, key_header } => {
                let key = key.as_ref().map(|key| Key::new(key, *key_header)).transpose()?;
                Provider::new(base.clone(), key).map(Box::new).map(Upstream::Provider)
            }
        }
    }

    /// Asks, and gives the answer as soon as its head is there; the body streams.
    ///
    /// Whoever drops the body ends the call.
    pub(crate) async fn ask(
        &self,
        wire: Wire,
        stream: bool,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Response<Unspoken>, ProxyError> {
        match self {
            Upstream::Demo { pace } => stand_in(*pace, wire, &body),
            Upstream::Provider(provider) => provider.ask(wire, stream, headers, body).await,
        }
    }
}

fn stand_in(pace: Duration, wire: Wire, body: &[u8]) -> Result<Response<Unspoken>, ProxyError> {
    let wire = holdpoint_demo::Wire::of_path(wire.path()).ok_or(ProxyError::RouteUnknown)?;
    let request: Value = serde_json::from_slice(body)
        .map_err(|error| ProxyError::JsonInvalid { reason: error.to_string() })?;
    let own = |kind, body| {
        let body = Unspoken::new(Either::Right(body), None);
        Ok(response(HeaderValue::from_static(kind), HeaderMap::new(), body))
    };
    if request["stream"] != true {
        return own("application/json", holdpoint_demo::answer(wire, &request).into());
    }
    let records = holdpoint_demo::respond(wire, &request);
    let records = stream::iter(records).then(move |record| async move {
        if !pace.is_zero() {
            tokio::time::sleep(pace).await;
        }
        Ok::<_, std::convert::Infallible>(record)
    });
    own("text/event-stream", Body::from_stream(records))
}

impl Key {
    fn new(key: &SecretString, header: KeyHeader) -> Result<Self, AppError> {
        let value = |text: &SecretString| {
            let mut value =
                HeaderValue::from_str(text.expose_secret()).map_err(|_| AppError::Key)?;
            value.set_sensitive(true);
            Ok(value)
        };
        let bearer = SecretString::from(format!("Bearer {}", key.expose_secret()));
        Ok(Key { secret: Secret::new(key), header, plain: value(key)?, bearer: value(&bearer)? })
    }

    fn header(&self, wire: Wire) -> (HeaderName, &HeaderValue) {
        match (self.header, wire) {
            (KeyHeader::XApiKey, _) | (KeyHeader::ByRoute, Wire::Messages) => {
                (HeaderName::from_static("x-api-key"), &self.plain)
            }
            (KeyHeader::ApiKey, _) => (HeaderName::from_static("api-key"), &self.plain),
            (KeyHeader::Bearer | KeyHeader::ByRoute, _) => (AUTHORIZATION, &self.bearer),
        }
    }
}

impl Provider {
    fn new(mut base: Url, key: Option<Key>) -> Result<Self, AppError> {
        if key.is_some() && base.scheme() == "http" && !is_loopback(&base) {
            tracing::warn!(upstream = %base, "the key goes over the network unencrypted");
        }
        // A last slash makes relative joins go below the base.
        let path = format!("{}/", base.path().trim_end_matches('/'));
        base.set_path(&path);
        let uri = |wire: Wire| base.join(wire.path()).ok()?.as_str().parse::<Uri>().ok();
        let [Some(responses), Some(chat), Some(messages)] = Wire::ALL.map(uri) else {
            return Err(AppError::Url);
        };
        let uris = [responses, chat, messages];
        Ok(Provider { way: Way::new(&base)?, uris, key })
    }

    async fn ask(
        &self,
        wire: Wire,
        stream: bool,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Response<Unspoken>, ProxyError> {
        let accept = if stream { "text/event-stream" } else { "application/json" };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uris[wire as usize].clone();
        let sent = request.headers_mut();
        sent.reserve(HEADERS_SENT);
        sent.insert(USER_AGENT, HeaderValue::from_static(client::USER_AGENT));
        sent.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        sent.insert(ACCEPT, HeaderValue::from_static(accept));
        if wire == Wire::Messages {
            for (name, default) in FORWARDED_MESSAGES {
                let value = headers.get(name).cloned();
                if let Some(value) = value.or(default.map(HeaderValue::from_static)) {
                    sent.insert(name, value);
                }
            }
        }
        if let Some(key) = &self.key {
            let (name, value) = key.header(wire);
            sent.insert(name, value.clone());
        }
        let answer = tokio::time::timeout(SILENCE_TIMEOUT, self.way.send(request)).await;
        let answer = answer.map_err(|_| ProxyError::UpstreamTimeout)?.map_err(|error| {
            tracing::warn!(error = chain(&*error), "the upstream was not reached");
            ProxyError::UpstreamUnreachable
        })?;
        self.pass(answer).await
    }

    async fn pass(&self, mut answer: Response<Answer>) -> Result<Response<Unspoken>, ProxyError> {
        let status = answer.status();
        if status.is_client_error() || status.is_server_error() {
            let retry_after = answer.headers().get(RETRY_AFTER);
            let retry_after = retry_after.filter(|value| !self.says_key(value)).cloned();
            let reason = self.reason(answer).await;
            tracing::warn!(status = status.as_u16(), reason, "the upstream refused");
            return Err(ProxyError::UpstreamRefused { status, retry_after });
        }
        let kind = answer.headers().get(CONTENT_TYPE).cloned();
        let kind = kind.filter(|kind| is_answer(kind) && !self.says_key(kind));
        // No encoding was asked for, and the head that goes down could not say which it is.
        let is_plain = !answer.headers().contains_key(CONTENT_ENCODING);
        let Some(kind) = kind.filter(|_| status.is_success() && is_plain) else {
            tracing::warn!(status = status.as_u16(), "the upstream's answer is no model's");
            return Err(ProxyError::UpstreamUnexpected);
        };
        let headers = std::mem::take(answer.headers_mut());
        let secret = self.key.as_ref().map(|key| key.secret.clone());
        let body = Unspoken::new(answer.into_body(), secret);
        let mut response = response(kind, headers, body);
        *response.status_mut() = status;
        Ok(response)
    }

    fn says_key(&self, value: &HeaderValue) -> bool {
        self.key.as_ref().is_some_and(|key| key.secret.is_in(value.as_bytes()))
    }

    /// What the upstream says is wrong, for the log: its own words, without the key.
    async fn reason(&self, answer: Response<Answer>) -> String {
        let mut body = Vec::new();
        let mut chunks = answer.into_body().into_data_stream();
        while let Some(Ok(chunk)) = chunks.next().await {
            body.extend_from_slice(&chunk);
            if body.len() > REASON_BYTES_MAX {
                break;
            }
        }
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let reason = body["error"]["message"].as_str().unwrap_or("(no message)");
        let reason = match &self.key {
            Some(key) => key.secret.hidden(reason),
            None => reason.to_owned(),
        };
        reason.chars().take(REASON_CHARS_MAX).collect()
    }
}

/// A head of our own: nothing of the upstream's passes but the type of the body, and the memory of
/// its headers.
fn response(kind: HeaderValue, mut headers: HeaderMap, body: Unspoken) -> Response<Unspoken> {
    headers.clear();
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A front such as nginx would hold events back until its buffer is full.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    let mut response = Response::new(body);
    *response.headers_mut() = headers;
    response
}

/// Whether an answer is a stream of events.
pub(crate) fn is_events(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| is_of(kind, "text/event-stream"))
}

fn is_answer(kind: &HeaderValue) -> bool {
    is_of(kind, "text/event-stream") || is_of(kind, "application/json")
}

fn is_of(kind: &HeaderValue, known: &str) -> bool {
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(known)
}

/// All that passes of the caller's headers, and what stands in for one that is missing.
const FORWARDED_MESSAGES: [(&str, Option<&str>); 2] =
    [("anthropic-version", Some("2023-06-01")), ("anthropic-beta", None)];

/// Room for as many as most requests have, with two that the connection adds: for more, a map takes
/// twice the memory.
const HEADERS_SENT: usize = 6;

/// A model may think for minutes before its first byte.
pub(crate) const SILENCE_TIMEOUT: Duration = Duration::from_secs(300);

const REASON_BYTES_MAX: usize = 16 * 1024;

const REASON_CHARS_MAX: usize = 300;
