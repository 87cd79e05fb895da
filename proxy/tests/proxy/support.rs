//! A caller and an upstream for the proxy.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, Response, StatusCode};
use futures_util::stream;
use holdpoint_proxy::{Config, Upstream, app, serve};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tower::ServiceExt;

/// The key that no answer and no log may show.
pub(crate) const KEY: &str = "sk-canary-4711";

/// A server on a free port of this machine. It lives as long as the test.
pub(crate) async fn listen(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, router, std::future::pending()));
    addr
}

/// What an upstream got to see.
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// An upstream that answers each request with the same response, and tells what it was asked.
pub(crate) async fn upstream(
    answer: impl Fn() -> Response<Body> + Clone + Send + Sync + 'static,
) -> (Config, mpsc::UnboundedReceiver<Seen>) {
    let (seen, receiver) = mpsc::unbounded_channel();
    let router = Router::new().fallback(async move |request: Request| {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let path = parts.uri.path().to_owned();
        seen.send(Seen { path, headers: parts.headers, body }).unwrap();
        answer()
    });
    (towards(listen(router).await), receiver)
}

/// A proxy's configuration for an upstream at this address.
pub(crate) fn towards(addr: SocketAddr) -> Config {
    let variables = [
        ("HOLDPOINT_UPSTREAM", format!("http://{addr}/v1")),
        ("HOLDPOINT_UPSTREAM_KEY", KEY.to_owned()),
    ];
    configured(&variables.each_ref().map(|(name, value)| (*name, value.as_str()))).unwrap()
}

pub(crate) fn configured(
    variables: &[(&str, &str)],
) -> Result<Config, holdpoint_proxy::ConfigError> {
    Config::read(|name| {
        let mut variables = variables.iter();
        variables.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

/// A proxy in front of the stand-in model, which does not pause.
pub(crate) fn demo() -> Config {
    Config { upstream: Upstream::Demo { pace: std::time::Duration::ZERO }, ..Config::default() }
}

/// A body whose pieces the test sends by hand, and a signal for when it is no longer wanted.
pub(crate) fn streamed() -> (Body, mpsc::UnboundedSender<&'static str>, oneshot::Receiver<()>) {
    let (pieces, receiver) = mpsc::unbounded_channel::<&'static str>();
    let (dropped, signal) = oneshot::channel();
    let state = (receiver, OnDrop(Some(dropped)));
    let body = Body::from_stream(stream::unfold(state, async |(mut receiver, guard)| {
        let piece = receiver.recv().await?;
        Some((Ok::<_, Infallible>(piece), (receiver, guard)))
    }));
    (body, pieces, signal)
}

/// Says so when it goes away.
pub(crate) struct OnDrop(pub(crate) Option<oneshot::Sender<()>>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(signal) = self.0.take() {
            let _ = signal.send(());
        }
    }
}

pub(crate) fn events(body: Body) -> Response<Body> {
    Response::builder().header(CONTENT_TYPE, "text/event-stream").body(body).unwrap()
}

/// A model request from a script on this machine.
pub(crate) fn ask(body: impl Into<Body>) -> Request {
    Request::post("/v1/responses")
        .header(HOST, "127.0.0.1:8787")
        .header(CONTENT_TYPE, "application/json")
        .body(body.into())
        .unwrap()
}

pub(crate) fn get(path: &str) -> Request {
    Request::get(path).header(HOST, "127.0.0.1:8787").body(Body::empty()).unwrap()
}

pub(crate) async fn send(config: &Config, request: Request) -> Response<Body> {
    app(config.clone()).unwrap().oneshot(request).await.unwrap()
}

pub(crate) async fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// Sends a request that must be refused with this status and code, and gives the response's head.
#[track_caller]
pub(crate) fn refused(
    config: &Config,
    request: Request,
    status: StatusCode,
    code: &str,
) -> impl Future<Output = HeaderMap> {
    let (config, code) = (config.clone(), code.to_owned());
    let caller = std::panic::Location::caller();
    async move {
        let response = send(&config, request).await;
        let (found, headers) = (response.status(), response.headers().clone());
        let body = text(response).await;
        let error: Value = serde_json::from_str(&body).unwrap_or_default();
        assert_eq!((found, error["error"]["code"].as_str()), (status, Some(&*code)), "{caller}");
        assert!(!error["error"]["message"].as_str().unwrap().is_empty(), "{caller}");
        assert!(!body.contains(KEY), "{caller}");
        headers
    }
}
