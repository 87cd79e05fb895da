//! The thin proxy: it holds the key, forwards a model request and streams the answer back.
//!
//! A page must not hold a provider's key, so the widget asks this server instead. It takes
//! `POST /v1/responses`, `/v1/chat/completions` and `/v1/messages`, checks who asks and what
//! ([`ProxyError`] lists the reasons to say no), puts the request together anew with the key added,
//! and passes the bytes of the answer as they come; a caller that leaves ends the upstream call. It
//! knows nothing of runs and approvals: those are the widget's.
//!
//! [`app`] is the whole program as a service, [`App`] as one for each thread; [`serve`] puts it on a
//! socket. With
//! [`Upstream::Demo`] the deterministic stand-in model answers, without a network or a key.
//!
//! # Examples
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use holdpoint_proxy::{Config, app};
//!
//! let config = Config::read(|name| (name == "HOLDPOINT_MODELS").then(|| "gpt-5".into()))?;
//! let router = app(config)?;
//! # Ok(())
//! # }
//! ```

mod caller;
mod client;
mod config;
mod connections;
mod error;
mod forward;
mod limits;
mod metrics;
mod observe;
mod openapi;
mod origin;
mod page;
mod program;
mod request;
mod secret;
mod server;
mod service;
mod stream;
mod upstream;
mod waiting;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use secrecy::ExposeSecret;

pub use client::{chain, http_client, is_loopback};
pub use config::{Callers, Config, ConfigError, Fault, Jwt, KeyHeader, Limits, Upstream};
pub use error::ProxyError;
pub use origin::cors;
pub use program::listen;
pub use server::{Worker, serve, serve_on};
pub use service::Service;

use forward::{Forward, Gate};
use metrics::Metrics;

/// The proxy as a service.
///
/// # Errors
///
/// No certificates of the system for an `https` upstream or issuer, or a URL or a key that cannot
/// stand in a request.
pub fn app(config: Config) -> Result<Router, AppError> {
    Ok(Router::new().fallback_service(App::new(config)?.service()?))
}

/// A proxy whose services, one for each thread, share all that is counted and limited.
pub struct App {
    config: Config,
    metrics: Arc<Metrics>,
    gate: Arc<Gate>,
}

impl App {
    /// Makes what the services share.
    ///
    /// # Errors
    ///
    /// As [`app`].
    pub fn new(config: Config) -> Result<Self, AppError> {
        let metrics = Arc::new(Metrics::new());
        let gate = Arc::new(Gate::new(&config, Arc::clone(&metrics))?);
        Ok(App { config, metrics, gate })
    }

    /// A service with connections to the upstream of its own: on a thread that does all of a
    /// request's work, no other has to be woken for it.
    ///
    /// # Errors
    ///
    /// As [`app`].
    pub fn service(&self) -> Result<Service, AppError> {
        let App { config, metrics, gate } = self;
        let forward = Forward::new(config, Arc::clone(gate))?;

        let document = openapi::document(config).to_string();
        let readers = Readers::new(config);
        let counted = Arc::clone(metrics);
        let show = async move |headers: HeaderMap| readers.show(&headers, &counted);
        let rest = Router::new()
            .route("/healthz", get(async || json(r#"{"status":"ok"}"#)))
            .route("/openapi.json", get(async move || json(document)))
            .route("/metrics", get(show))
            .method_not_allowed_fallback(|| async { ProxyError::MethodNotAllowed });
        let rest = match &config.serve {
            Some(directory) => rest.fallback_service(page::routes(directory)),
            None => rest.fallback(|| async { ProxyError::RouteUnknown }),
        };
        Ok(Service::new(Arc::clone(metrics), origin::Origins::new(config), forward, rest))
    }
}

/// Why the proxy cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// The client for the upstream or for the issuer cannot be made.
    #[error("cannot make the client for the upstream")]
    Client(#[source] reqwest::Error),
    /// The certificates that an `https` server is checked against cannot be used.
    #[error("cannot check the upstream's certificate: {0}")]
    Tls(#[source] rustls::Error),
    /// The upstream's URL has characters that no request may have.
    #[error("the upstream's URL cannot stand in a request")]
    Url,
    /// The key has characters that no header may have. It is not shown.
    #[error("the upstream key cannot stand in a header")]
    Key,
}

/// Who may read the metrics: whoever has their token, or without one whoever is on this machine.
#[derive(Clone)]
enum Readers {
    All,
    None,
    With([u8; 32]),
}

impl Readers {
    fn new(config: &Config) -> Self {
        match &config.metrics_token {
            Some(token) => Readers::With(caller::digest(token.expose_secret())),
            None if config.addr.ip().is_loopback() => Readers::All,
            None => Readers::None,
        }
    }

    fn show(&self, headers: &HeaderMap, metrics: &Metrics) -> Response {
        let known = match self {
            Readers::None => return ProxyError::RouteUnknown.into_response(),
            Readers::All => true,
            Readers::With(digest) => {
                caller::token(headers).map(caller::digest).is_some_and(|known| known == *digest)
            }
        };
        if !known {
            let reason = "the metrics have a token of their own";
            return ProxyError::CallerUnknown { reason }.into_response();
        }
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        ([(CONTENT_TYPE, kind)], metrics.text()).into_response()
    }
}

fn json(text: impl IntoResponse) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], text)
}
