//! The other end: a provider over HTTP, or the stand-in model in this process.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderName, RETRY_AFTER,
};
use axum::http::{HeaderMap, HeaderValue, Response};
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::{Client, Url};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::AppError;
use crate::config::{self, Config};
use crate::error::ProxyError;

/// Who answers, ready to be asked.
#[derive(Clone)]
pub(crate) enum Upstream {
    Demo { pace: Duration },
    Provider(Provider),
}

/// A provider and the way to it.
#[derive(Clone)]
pub(crate) struct Provider {
    client: Client,
    base: Url,
    key: Option<SecretString>,
    authorization: Option<HeaderValue>,
}

impl Upstream {
    pub(crate) fn new(config: &Config) -> Result<Self, AppError> {
        match &config.upstream {
            config::Upstream::Demo { pace } => Ok(Upstream::Demo { pace: *pace }),
            config::Upstream::Provider { base, key } => {
                Provider::new(base.clone(), key.clone()).map(Upstream::Provider)
            }
        }
    }

    /// Asks, and gives the answer as soon as its head is there; the body streams.
    ///
    /// Whoever drops the body ends the call.
    pub(crate) async fn ask(
        &self,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Response<Body>, ProxyError> {
        match self {
            Upstream::Demo { pace } => stand_in(*pace, path, &body),
            Upstream::Provider(provider) => provider.ask(path, headers, body).await,
        }
    }
}

fn stand_in(pace: Duration, path: &str, body: &[u8]) -> Result<Response<Body>, ProxyError> {
    let wire = holdpoint_demo::Wire::of_path(path).ok_or(ProxyError::RouteUnknown)?;
    let request: Value = serde_json::from_slice(body)
        .map_err(|error| ProxyError::JsonInvalid { reason: error.to_string() })?;
    if request["stream"] != true {
        let answer = holdpoint_demo::answer(wire, &request);
        return Ok(response(HeaderValue::from_static("application/json"), answer.into()));
    }
    let records = holdpoint_demo::respond(wire, &request);
    let records = stream::iter(records).then(move |record| async move {
        if !pace.is_zero() {
            tokio::time::sleep(pace).await;
        }
        Ok::<_, std::convert::Infallible>(record)
    });
    let body = Body::from_stream(records);
    Ok(response(HeaderValue::from_static("text/event-stream"), body))
}

impl Provider {
    fn new(base: Url, key: Option<SecretString>) -> Result<Self, AppError> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls(&base)?)
            .user_agent(concat!("holdpoint-proxy/", env!("CARGO_PKG_VERSION")))
            // The key goes to the configured host and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE_TIMEOUT);
        // A proxy of the environment is of no use on the way to this machine itself.
        let client = if is_loopback(&base) { client.no_proxy() } else { client };
        if key.is_some() && base.scheme() == "http" && !is_loopback(&base) {
            tracing::warn!(upstream = %base, "the key goes over the network unencrypted");
        }
        let authorization = key.as_ref().map(bearer).transpose()?;
        Ok(Provider { client: client.build().map_err(AppError::Client)?, base, key, authorization })
    }

    async fn ask(
        &self,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Response<Body>, ProxyError> {
        let url = self.base.join(path).map_err(|_| ProxyError::RouteUnknown)?;
        let mut request = self.client.post(url).body(body);
        for name in FORWARDED {
            if let Some(value) = headers.get(&name) {
                request = request.header(name, value);
            }
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let answer = request.send().await.map_err(|error| {
            tracing::warn!(error = chain(&error), "the upstream was not reached");
            if error.is_timeout() && !error.is_connect() {
                ProxyError::UpstreamTimeout
            } else {
                ProxyError::UpstreamUnreachable
            }
        })?;
        self.pass(answer).await
    }

    async fn pass(&self, answer: reqwest::Response) -> Result<Response<Body>, ProxyError> {
        let status = answer.status();
        if status.is_client_error() || status.is_server_error() {
            let retry_after = answer.headers().get(RETRY_AFTER).cloned();
            let reason = self.reason(answer).await;
            tracing::warn!(status = status.as_u16(), reason, "the upstream refused");
            return Err(ProxyError::UpstreamRefused { status, retry_after });
        }
        let kind = answer.headers().get(CONTENT_TYPE).filter(|kind| is_answer(kind)).cloned();
        let Some(kind) = kind.filter(|_| status.is_success()) else {
            tracing::warn!(status = status.as_u16(), "the upstream's answer is no model's");
            return Err(ProxyError::UpstreamUnexpected);
        };
        let bytes = answer.bytes_stream().inspect_err(|error| {
            tracing::warn!(error = chain(error), "the upstream's stream broke");
        });
        let mut response = response(kind, Body::from_stream(bytes));
        *response.status_mut() = status;
        Ok(response)
    }

    /// What the upstream says is wrong, for the log: its own words, without the key.
    async fn reason(&self, answer: reqwest::Response) -> String {
        let mut body = Vec::new();
        let mut chunks = answer.bytes_stream();
        while let Some(Ok(chunk)) = chunks.next().await {
            body.extend_from_slice(&chunk);
            if body.len() > REASON_BYTES_MAX {
                break;
            }
        }
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let mut reason = body["error"]["message"].as_str().unwrap_or("(no message)").to_owned();
        if let Some(key) = &self.key {
            reason = reason.replace(key.expose_secret(), "[key]");
        }
        reason.chars().take(REASON_CHARS_MAX).collect()
    }
}

/// A head of our own: nothing of the upstream's passes but the type of the body.
fn response(kind: HeaderValue, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A front such as nginx would hold events back until its buffer is full.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn is_answer(kind: &HeaderValue) -> bool {
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    ["text/event-stream", "application/json"].iter().any(|known| kind.eq_ignore_ascii_case(known))
}

/// The system's certificates; none for plain HTTP, so that a machine without any can use it.
fn tls(base: &Url) -> Result<ClientConfig, AppError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(AppError::Tls)?;
    let builder = if base.scheme() == "https" {
        builder.with_platform_verifier().map_err(AppError::Tls)?
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    Ok(builder.with_no_client_auth())
}

fn bearer(key: &SecretString) -> Result<HeaderValue, AppError> {
    let text = SecretString::from(format!("Bearer {}", key.expose_secret()));
    let mut value = HeaderValue::from_str(text.expose_secret()).map_err(|_| AppError::Key)?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

/// An error with its causes. It names the upstream's URL, which is not secret, and no header.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// All that passes of the caller's headers.
const FORWARDED: [HeaderName; 2] = [ACCEPT, CONTENT_TYPE];

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A model may think for minutes before its first byte.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(300);

const REASON_BYTES_MAX: usize = 16 * 1024;

const REASON_CHARS_MAX: usize = 300;
