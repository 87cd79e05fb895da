//! The program on one thread: which way a request goes, and what all of them have in common.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Bytes;
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, Method, Request};
use axum::response::{IntoResponse, Response};
use axum::{BoxError, Router};
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::CorsLayer;

use crate::error::ProxyError;
use crate::forward::Forward;
use crate::metrics::Metrics;
use crate::observe::{Asked, observe};
use crate::origin::Origins;
use crate::wire::Wire;

/// The proxy as a service, with connections to the upstream of its own.
///
/// What lies below `/v1/` does not go through a router, whose layers would put each request, its body
/// and its answer into several boxes.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    metrics: Arc<Metrics>,
    origins: Origins,
    cors: CorsLayer,
    forward: Forward,
    rest: Router,
}

impl Service {
    /// `rest` has what does not lie below `/v1/`.
    pub(crate) fn new(
        metrics: Arc<Metrics>,
        origins: Origins,
        forward: Forward,
        rest: Router,
    ) -> Self {
        let cors = origins.cors();
        Service(Arc::new(Inner { metrics, origins, cors, forward, rest }))
    }
}

impl<B> tower::Service<Request<B>> for Service
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let asked = Asked::new(&request);
            // A future that is handed on by value stands twice in the one that takes it.
            let answer = pin!(inner.answer(request));
            Ok(observe(&inner.metrics, asked, answer).await)
        })
    }
}

impl Inner {
    async fn answer<B>(&self, request: Request<B>) -> Response
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let below = request.uri().path().strip_prefix("/v1/").filter(|below| !below.is_empty());
        let Some(below) = below else {
            let Ok(response) = self.rest.clone().oneshot(request).await;
            return response;
        };
        let wire = Wire::ALL.into_iter().find(|wire| wire.path() == below);
        // Who asks is looked at before anything else.
        if let Err(error) = self.origins.check(request.headers()) {
            return error.into_response();
        }
        let ask = service_fn(async |request| Ok(self.ask(wire, request).await));
        let Ok::<_, Infallible>(response) = self.cors.layer(ask).oneshot(request).await;
        response
    }

    async fn ask<B>(&self, wire: Option<Wire>, request: Request<B>) -> Response
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>>,
    {
        let answer = match wire {
            None => Err(ProxyError::RouteUnknown),
            Some(wire) if request.method() == Method::POST => {
                self.forward.answer(wire, request).await
            }
            Some(_) => {
                let mut response = ProxyError::MethodNotAllowed.into_response();
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
                Ok(response)
            }
        };
        answer.unwrap_or_else(IntoResponse::into_response)
    }
}
