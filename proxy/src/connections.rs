//! Connections to the upstream. One that has nothing to do is asked again; where there is none, one
//! more is made.

use std::error::Error;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::header::HOST;
use axum::http::{HeaderValue, Request, Response, Uri};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use tower::ServiceExt;

use crate::AppError;

/// The connections to one server.
#[derive(Clone)]
pub(crate) struct Connections(Arc<Inner>);

struct Inner {
    connector: HttpsConnector<HttpConnector>,
    server: Uri,
    host: HeaderValue,
    /// The one that was used last is at the end.
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    sender: Sender,
    since: Instant,
}

type Sender = SendRequest<Full<Bytes>>;

impl Connections {
    pub(crate) fn new(
        connector: HttpsConnector<HttpConnector>,
        server: Uri,
    ) -> Result<Self, AppError> {
        let host = server.authority().and_then(|host| host.as_str().rsplit('@').next());
        let host = HeaderValue::from_str(host.unwrap_or_default()).map_err(|_| AppError::Url)?;
        Ok(Self(Arc::new(Inner { connector, server, host, idle: Mutex::default() })))
    }

    /// The answer as soon as its head is there.
    ///
    /// A server may close a connection in the moment in which it is used again. Where nothing of the
    /// request was sent by then, another connection is asked.
    pub(crate) async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Received>, Box<dyn Error + Send + Sync>> {
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.map(Uri::from).unwrap_or_default();
        request.headers_mut().insert(HOST, self.0.host.clone());
        loop {
            let idle = self.0.idle();
            let is_new = idle.is_none();
            let mut sender = match idle {
                Some(sender) => sender,
                None => self.0.connect().await?,
            };
            let mut error = match sender.try_send_request(request).await {
                Ok(response) => {
                    let home = Arc::clone(&self.0);
                    let open = Some((sender, home));
                    return Ok(response.map(|body| Received { body, is_read: false, open }));
                }
                Err(error) => error,
            };
            match error.take_message() {
                Some(unsent) if !is_new => request = unsent,
                _ => return Err(error.into_error().into()),
            }
        }
    }
}

impl Inner {
    /// A connection that can be used now. Those that were closed are let go of.
    fn idle(&self) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let at = idle.iter().rposition(|idle| idle.sender.is_ready())?;
        let found = idle.remove(at);
        if found.since.elapsed() < IDLE {
            return Some(found.sender);
        }
        // Whatever lies before it has been idle for longer.
        idle.clear();
        None
    }

    async fn connect(&self) -> Result<Sender, Box<dyn Error + Send + Sync>> {
        let stream = self.connector.clone().oneshot(self.server.clone()).await?;
        let (mut sender, connection) = http1::handshake(stream).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the upstream ended early");
            }
        });
        sender.ready().await?;
        Ok(sender)
    }

    fn put(&self, sender: Sender) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |idle: &Idle| idle.since.elapsed() >= IDLE || idle.sender.is_closed();
        while idle.first().is_some_and(is_old) {
            idle.remove(0);
        }
        idle.push(Idle { sender, since: Instant::now() });
    }
}

/// The bytes of an answer. Whoever drops them before their end closes the connection.
pub(crate) struct Received {
    body: Incoming,
    is_read: bool,
    open: Option<(Sender, Arc<Inner>)>,
}

impl Body for Received {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.is_read = frame.is_none();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if let Some((sender, home)) = self.open.take()
            && (self.is_read || self.body.is_end_stream())
        {
            home.put(sender);
        }
    }
}

/// As long as most servers and what stands between keep a silent connection.
const IDLE: Duration = Duration::from_secs(90);
