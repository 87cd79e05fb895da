//! Clients for other servers: the upstream, and the issuer of tokens.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, Url};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::AppError;

/// A client for the host of this URL and for no other: it follows no redirect.
pub(crate) fn builder(url: &Url) -> Result<ClientBuilder, AppError> {
    let client = Client::builder()
        .tls_backend_preconfigured(tls(url)?)
        .user_agent(concat!("holdpoint-proxy/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true);
    // A proxy of the environment is of no use on the way to this machine itself.
    Ok(if is_loopback(url) { client.no_proxy() } else { client })
}

/// Whether the host of a URL is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The system's certificates; none for plain HTTP, so that a machine without any can use it.
fn tls(url: &Url) -> Result<ClientConfig, AppError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(AppError::Tls)?;
    let builder = if url.scheme() == "https" {
        builder.with_platform_verifier().map_err(AppError::Tls)?
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    Ok(builder.with_no_client_auth())
}

/// An error with its causes. It names a URL, which is not secret, and no header.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
