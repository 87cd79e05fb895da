//! Connections: accepted until told to stop, then finished.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::Service;

use crate::waiting::{Busy, Place, Waiting};

/// What a route knows of the connection that a request came by.
pub(crate) struct Connection {
    pub(crate) peer: IpAddr,
    /// Cancelled when no stream may go on.
    pub(crate) stopping: CancellationToken,
}

/// A runtime that answers requests, and the program as it runs there.
///
/// Several of one thread each do less work for a request than one of several threads: whoever reads
/// a piece of an answer also writes it, and wakes no other thread.
pub struct Worker<S> {
    runtime: Handle,
    app: S,
    /// One for each connection, and one more: the fewest say who takes the next.
    open: Arc<()>,
}

impl<S> Worker<S> {
    /// Answers on this runtime.
    pub fn new(runtime: Handle, app: S) -> Self {
        Worker { runtime, app, open: Arc::new(()) }
    }
}

/// Serves until `stop` is done, then lets open requests end for a while.
///
/// HTTP/1.1: a front that speaks more than that is assumed on a public host. A connection that does
/// not send a whole request head in time is closed, and so is one whose caller does not read. Where
/// too many connections wait for a request, the one that has waited longest is closed.
///
/// After `stop` no connection is accepted and none is kept for a next request. Streams that have not
/// ended by themselves in some seconds are ended by an error in their own format.
pub async fn serve(listener: TcpListener, app: Router, stop: impl Future<Output = ()>) {
    serve_on(listener, &[Worker::new(Handle::current(), app)], stop).await;
}

/// As [`serve`], with each connection given to the worker that has the fewest.
///
/// Without a worker no connection is accepted.
pub async fn serve_on<S>(
    listener: TcpListener,
    workers: &[Worker<S>],
    stop: impl Future<Output = ()>,
) where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
{
    let mut http = http1::Builder::new();
    // Without a timer hyper would not keep the time limit.
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(BUFFER_BYTES_MAX);
    let open = GracefulShutdown::new();
    let waiting = Waiting::new(WAITING_MAX);
    let (stopping, aborted) = (CancellationToken::new(), CancellationToken::new());
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = accept(&listener, &waiting) => accepted,
            () = &mut stop => break,
        };
        // A socket belongs to the runtime that it is read on.
        let (Some(worker), Ok(stream)) = (
            workers.iter().min_by_key(|worker| Arc::strong_count(&worker.open)),
            stream.into_std(),
        ) else {
            continue;
        };
        let (http, watcher, place) = (http.clone(), open.watcher(), waiting.enter(&aborted));
        let (app, open) = (worker.app.clone(), Arc::clone(&worker.open));
        let connection = Arc::new(Connection { peer, stopping: stopping.clone() });
        worker.runtime.spawn(async move {
            let Ok(stream) = TcpStream::from_std(stream) else { return };
            let closed = place.closed();
            let mut stream = TimeoutStream::new(stream);
            stream.set_write_timeout(Some(WRITE_TIMEOUT));
            let stream = TokioIo::new(Box::pin(stream));
            let served = http.serve_connection(stream, service(app, connection, place));
            tokio::select! {
                biased;
                // A caller that leaves in the middle is ordinary.
                ended = watcher.watch(served) => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                },
                () = closed.cancelled() => tracing::debug!("a connection was closed"),
            }
            drop(open);
        });
    }
    drop(listener);
    let mut ended = std::pin::pin!(open.shutdown());
    if tokio::time::timeout(DRAIN, &mut ended).await.is_err() {
        stopping.cancel();
        if tokio::time::timeout(END_TIMEOUT, ended).await.is_err() {
            tracing::warn!("connections are cut off that did not end in time");
            aborted.cancel();
        }
    }
}

/// The program as one connection sees it. While a request is answered the connection does not wait.
fn service<S>(
    app: S,
    connection: Arc<Connection>,
    place: Place,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<Busy>,
    Error = Infallible,
    Future: Send,
>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone,
{
    service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&connection));
        let busy = place.busy();
        let answer = app.clone().call(request);
        async move { Ok(answer.await?.map(|body| busy.with(body))) }
    })
}

/// The next connection. What one caller does wrong does not end the server.
async fn accept(listener: &TcpListener, waiting: &Waiting) -> (TcpStream, IpAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Events are small and must not wait for each other.
                let _ = stream.set_nodelay(true);
                return (stream, peer.ip().to_canonical());
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            // Out of descriptors, most likely: who has waited longest gives some back.
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                waiting.close_oldest(CLOSED_AT_ONCE);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

const HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// A caller that takes nothing for so long is not there, or means harm.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Of one connection and one direction. No request head is longer.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// Connections without a request. Each costs a descriptor and some kilobytes.
const WAITING_MAX: usize = 2048;

const CLOSED_AT_ONCE: usize = 64;

/// How long streams may end by themselves.
const DRAIN: Duration = Duration::from_secs(5);

/// How long the last event of a stream, and answers that come whole, may take after that.
const END_TIMEOUT: Duration = Duration::from_secs(5);

const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
