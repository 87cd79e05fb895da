//! Clients for other servers: the upstream, and the issuer of tokens.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, Response, Uri};
use http_body_util::{Either, Full};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{Client, ClientBuilder, Url};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::AppError;
use crate::connections::{Connections, Received};

/// The way of a model request.
#[derive(Clone)]
pub(crate) enum Way {
    /// hyper's connections themselves: without what its client, and reqwest on top of it, do for
    /// each request.
    Straight(Connections),
    /// By the proxy that the environment names for this host, which reqwest knows how to ask.
    ByProxy(Client),
}

impl Way {
    pub(crate) fn new(url: &Url) -> Result<Self, AppError> {
        let uri = url.as_str().parse::<Uri>().map_err(|_| AppError::Url)?;
        if !is_loopback(url) && Matcher::from_system().intercept(&uri).is_some() {
            return builder(url)?.build().map(Way::ByProxy).map_err(AppError::Client);
        }
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE));
        let mut tls = tls(url)?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Connections::new(HttpsConnector::from((tcp, tls)), uri).map(Way::Straight)
    }

    /// The answer as soon as its head is there. Nothing is followed and nothing is decoded.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Answer>, Box<dyn Error + Send + Sync>> {
        match self {
            Way::Straight(connections) => Ok(connections.send(request).await?.map(Either::Left)),
            Way::ByProxy(client) => {
                let request = request.map(reqwest::Body::wrap).try_into()?;
                let answer = Box::pin(client.execute(request)).await?;
                Ok(Response::<reqwest::Body>::from(answer)
                    .map(|body| Either::Right(Body::new(body))))
            }
        }
    }
}

/// The bytes of an answer, from hyper itself in no box.
pub(crate) type Answer = Either<Received, Body>;

/// A client for the host of this URL and for no other: it follows no redirect.
pub(crate) fn builder(url: &Url) -> Result<ClientBuilder, AppError> {
    let client = Client::builder()
        .tls_backend_preconfigured(tls(url)?)
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true);
    // A proxy of the environment is of no use on the way to this machine itself.
    Ok(if is_loopback(url) { client.no_proxy() } else { client })
}

/// A client for the host of this URL and for no other, as the proxy's own are made: with the
/// certificates of the system, and no redirect is followed.
///
/// # Errors
///
/// No certificates of the system for an `https` URL.
pub fn http_client(url: &Url) -> Result<Client, AppError> {
    builder(url)?.build().map_err(AppError::Client)
}

/// Whether the host of a URL is this machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
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
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

pub(crate) const USER_AGENT: &str = concat!("holdpoint-proxy/", env!("CARGO_PKG_VERSION"));

/// A connection to a server that has gone is noticed, however long its answer takes.
const KEEPALIVE: Duration = Duration::from_secs(15);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
