//! The routes to the model: what must hold for a request before it goes upstream.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::BoxError;
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::AppError;
use crate::caller::{self, Callers};
use crate::config::Config;
use crate::error::ProxyError;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::request::Rules;
use crate::server::Connection;
use crate::stream::{Account, Events, Seen, Whole};
use crate::upstream::{Upstream, is_events};
use crate::wire::Wire;

/// Who may come in, and with what: shared by all threads.
pub(crate) struct Gate {
    callers: Callers,
    limits: Limits,
    rules: Rules,
    body_bytes_max: usize,
    metrics: Arc<Metrics>,
}

impl Gate {
    pub(crate) fn new(config: &Config, metrics: Arc<Metrics>) -> Result<Self, AppError> {
        Ok(Gate {
            callers: Callers::new(config)?,
            limits: Limits::new(&config.limits),
            rules: Rules {
                models: config.models.clone(),
                extra_fields: config.extra_fields.clone(),
                usage_wanted: config.limits.tokens_per_day.is_some(),
            },
            body_bytes_max: config.body_bytes_max,
            metrics,
        })
    }

    async fn read<B>(&self, headers: &HeaderMap, body: B) -> Result<Bytes, ProxyError>
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>>,
    {
        if !is_json(headers) {
            return Err(ProxyError::ContentTypeUnsupported);
        }
        let max = self.body_bytes_max;
        if declared_bytes(headers).is_some_and(|declared| declared > max) {
            return Err(ProxyError::BodyTooLarge { max });
        }
        let whole = std::pin::pin!(Limited::new(body, max).collect());
        match tokio::time::timeout(BODY_TIMEOUT, whole).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                Err(ProxyError::BodyTooLarge { max })
            }
            _ => Err(ProxyError::BodyIncomplete),
        }
    }
}

/// The routes to the model.
pub(crate) struct Forward {
    gate: Arc<Gate>,
    upstream: Upstream,
}

impl Forward {
    pub(crate) fn new(config: &Config, gate: Arc<Gate>) -> Result<Self, AppError> {
        Ok(Forward { gate, upstream: Upstream::new(config)? })
    }

    /// Takes a request from its head to the head of its answer.
    ///
    /// The cheap questions come first, and nothing of a body is read before it is known whose it
    /// is and that the caller may ask now.
    pub(crate) async fn answer<B>(
        &self,
        wire: Wire,
        request: Request<B>,
    ) -> Result<Response<Body>, ProxyError>
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>>,
    {
        let Gate { callers, limits, rules, metrics, .. } = &*self.gate;
        let start = Instant::now();
        let (parts, body) = request.into_parts();
        let connection = parts.extensions.get::<Arc<Connection>>();
        let peer = connection.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |connection| connection.peer);
        let address = callers.address(peer, &parts.headers);
        let of_address = limits.addresses.enter(&address)?;
        let caller = callers.identify(&parts.headers, address).await?;
        tracing::Span::current().record("caller", &*caller::shown(&caller));
        let of_caller = limits.callers.enter(&caller)?;
        if let Some(budget) = &limits.budget {
            budget.check(&caller)?;
        }
        let body = self.gate.read(&parts.headers, body).await?;
        let checked = rules.check(wire, &body)?;
        let asked_bytes = checked.body.len() as u64;
        let answer = self.upstream.ask(wire, checked.stream, &parts.headers, checked.body).await?;

        metrics.began(wire, start.elapsed().as_secs_f64());
        let account = Account {
            wire,
            caller,
            budget: limits.budget.clone(),
            metrics: Arc::clone(metrics),
            _permits: (of_address, of_caller),
            asked_bytes,
            seen: Seen::default(),
        };
        let is_events = is_events(answer.headers());
        Ok(answer.map(|body| {
            if is_events {
                let stopping = connection.map(|known| known.stopping.clone().cancelled_owned());
                Body::new(Events::new(body, wire, account, stopping))
            } else {
                Body::new(Whole::new(body, account))
            }
        }))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

fn declared_bytes(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A request that was begun must come to its end.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
