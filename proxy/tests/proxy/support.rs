//! A caller and an upstream for the proxy.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, Response, StatusCode};
use futures_util::stream;
use holdpoint_proxy::{Config, Upstream, app, serve};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tower::ServiceExt;
use tracing::subscriber::DefaultGuard;

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
) -> impl Future<Output = HeaderMap> + use<> {
    says(&app(config.clone()).unwrap(), request, status, code)
}

/// As [`refused`], of a proxy that is there already.
#[track_caller]
pub(crate) fn says(
    app: &Router,
    request: Request,
    status: StatusCode,
    code: &str,
) -> impl Future<Output = HeaderMap> + use<> {
    let (app, code) = (app.clone(), code.to_owned());
    let caller = std::panic::Location::caller();
    async move {
        let response = app.oneshot(request).await.unwrap();
        let (found, headers) = (response.status(), response.headers().clone());
        let body = text(response).await;
        let error: Value = serde_json::from_str(&body).unwrap_or_default();
        assert_eq!((found, error["error"]["code"].as_str()), (status, Some(&*code)), "{caller}");
        assert!(!error["error"]["message"].as_str().unwrap().is_empty(), "{caller}");
        assert!(!body.contains(KEY), "{caller}");
        headers
    }
}

/// Asks a proxy that is there already.
pub(crate) async fn call(app: &Router, request: Request) -> Response<Body> {
    app.clone().oneshot(request).await.unwrap()
}

/// The same request with one more header.
pub(crate) fn with(mut request: Request, name: &'static str, value: &str) -> Request {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

/// A request of another wire format.
pub(crate) fn ask_at(path: &str, body: impl Into<Body>) -> Request {
    let mut request = ask(body);
    *request.uri_mut() = path.parse().unwrap();
    request
}

/// A model request as it looks on a socket.
pub(crate) fn raw(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

pub(crate) async fn read_until(stream: &mut TcpStream, expected: &str) -> String {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read);
        if text.contains(expected) {
            return text.into_owned();
        }
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "the stream ended early");
    }
}

/// Lines of a log, for as long as the guard lives and on this thread.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn capture() -> (Self, DefaultGuard) {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
