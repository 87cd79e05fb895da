//! The thin proxy: it holds the key, forwards a model request and streams the answer back.
//!
//! A page must not hold a provider's key, so the widget asks this server instead. It takes
//! `POST /v1/responses`, checks who asks ([`ProxyError`] lists the reasons to say no), sends the
//! body on with the key added, and passes the bytes of the answer as they come; a caller that
//! leaves ends the upstream call. It knows nothing of runs and approvals: those are the widget's.
//!
//! [`app`] is the whole program as a service; [`serve`] puts it on a socket. With
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

mod config;
mod error;
mod forward;
mod origin;
mod page;
mod server;
mod upstream;

use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};

pub use config::{Config, ConfigError, Fault, Upstream};
pub use error::ProxyError;
pub use server::serve;

/// The proxy as a service.
///
/// # Errors
///
/// No certificates of the system for an `https` upstream, or a key that cannot stand in a header.
pub fn app(config: Config) -> Result<Router, AppError> {
    let origins = origin::Origins::new(&config);
    let forward = forward::Forward::new(&config, upstream::Upstream::new(&config)?);
    let unavailable = || post(|| async { ProxyError::WireFormatUnavailable });

    // The layers run from the last to the first: who asks is looked at before anything else.
    let api = Router::new()
        .route("/v1/responses", post(forward::responses))
        .route("/v1/chat/completions", unavailable())
        .route("/v1/messages", unavailable())
        .route("/v1/{*unknown}", any(unknown))
        .method_not_allowed_fallback(|| async { ProxyError::MethodNotAllowed })
        .with_state(forward)
        .layer(origins.cors())
        .layer(middleware::from_fn_with_state(origins, origin::check));
    let health = Router::new()
        .route("/healthz", get(healthy))
        .method_not_allowed_fallback(|| async { ProxyError::MethodNotAllowed });
    let router = Router::new().merge(api).merge(health);
    let router = match &config.serve {
        Some(directory) => router.fallback_service(page::routes(directory)),
        None => router.fallback(unknown),
    };
    Ok(router.layer(middleware::from_fn(log)))
}

/// Why the proxy cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// The client for the upstream cannot be made.
    #[error("cannot make the client for the upstream")]
    Client(#[source] reqwest::Error),
    /// The certificates that an `https` upstream is checked against cannot be used.
    #[error("cannot check the upstream's certificate: {0}")]
    Tls(#[source] rustls::Error),
    /// The key has characters that no header may have. It is not shown.
    #[error("the upstream key cannot stand in a header")]
    Key,
}

async fn healthy() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], r#"{"status":"ok"}"#)
}

async fn unknown() -> ProxyError {
    ProxyError::RouteUnknown
}

/// One line for each request, without its query, headers or body.
async fn log(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let start = Instant::now();
    let response = next.run(request).await;
    let (status, head_ms) = (response.status().as_u16(), start.elapsed().as_millis());
    tracing::info!(%method, path, status, head_ms, "answered");
    response
}
