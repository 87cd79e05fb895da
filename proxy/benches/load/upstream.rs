//! A model provider that costs as little as can be: one event in a tenth of a second with the time
//! at which it was made, or at once a small answer.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, Response};
use futures_util::stream;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket};

use crate::servers::Server;

/// The provider, for as long as the process runs.
pub(crate) struct Upstream(SocketAddr);

impl Server for Upstream {
    fn addr(&self) -> SocketAddr {
        self.0
    }

    fn rss_kib(&self) -> Result<u64> {
        Ok(0)
    }
}

impl Upstream {
    pub(crate) async fn start() -> Result<Self> {
        let listener = listener()?;
        let addr = listener.local_addr()?;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let connection = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(answer));
                // Who leaves in the middle is a caller that has measured enough.
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Ok(Upstream(addr))
    }
}

fn listener() -> Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    Ok(socket.listen(16_384)?)
}

async fn answer(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let is_stream = memchr::memmem::find(&body, b"\"stream\":true").is_some();
    let (kind, body) = if is_stream {
        ("text/event-stream", events())
    } else {
        ("application/json", Body::from(Bytes::from_static(ANSWER)))
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, kind.parse().unwrap());
    Ok(response)
}

/// Streams begin one after the other within the pause, so that events are spread over it.
fn events() -> Body {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let offset = COUNT.fetch_add(1, Ordering::Relaxed) * 37 % PAUSE.as_millis() as u64;
    let mut ticks =
        tokio::time::interval_at((Instant::now() + Duration::from_millis(offset)).into(), PAUSE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    Body::from_stream(stream::unfold(ticks, async |mut ticks| {
        ticks.tick().await;
        let event = format!(
            "event: response.output_text.delta\ndata: {{\"type\":\"response.output_text.delta\",\
             \"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\" word\",\
             \"at\":{}}}\n\n",
            now_ns()
        );
        Some((Ok::<_, Infallible>(event), ticks))
    }))
}

/// Since the process began to measure.
pub(crate) fn now_ns() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_nanos() as u64
}

const PAUSE: Duration = Duration::from_millis(100);

const ANSWER: &[u8] = br#"{"id":"resp_1","object":"response","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]}],"usage":{"input_tokens":11,"output_tokens":5}}"#;
