//! What an operator watches, in Prometheus' text format. No label names a caller.

use std::fmt;

use axum::http::StatusCode;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::stream::Usage;
use crate::wire::Wire;

/// Counts since the proxy started.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    routes: [OfRoute; Wire::ALL.len()],
}

/// Counts of one route. They are looked up by their labels once, and are there before they are
/// counted up.
struct OfRoute {
    head: Histogram,
    open: Gauge,
    input: Counter,
    output: Counter,
    estimated: Counter,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    route: &'static str,
    status: u16,
    code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    route: Wire,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Spent {
    route: Wire,
    direction: &'static str,
}

impl EncodeLabelValue for Wire {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        self.path().encode(encoder)
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("holdpoint");
        let requests = Family::default();
        let head: Family<Route, Histogram> =
            Family::new_with_constructor(|| Histogram::new(HEAD_SECONDS));
        let open = Family::<Route, Gauge>::default();
        let tokens = Family::<Spent, Counter>::default();
        let estimated = Family::<Route, Counter>::default();
        registry.register("requests", "Requests by what became of them", requests.clone());
        let help = "From a request to the head of the upstream's answer";
        registry.register_with_unit("upstream_head", help, Unit::Seconds, head.clone());
        registry.register("answers_open", "Answers under way", open.clone());
        registry.register("tokens", "Tokens that answers took", tokens.clone());
        let help = "Answers that did not say what they took, so that it was estimated";
        registry.register("usage_estimated", help, estimated.clone());
        let routes = Wire::ALL.map(|route| OfRoute {
            head: head.get_or_create_owned(&Route { route }),
            open: open.get_or_create_owned(&Route { route }),
            input: tokens.get_or_create_owned(&Spent { route, direction: "input" }),
            output: tokens.get_or_create_owned(&Spent { route, direction: "output" }),
            estimated: estimated.get_or_create_owned(&Route { route }),
        });
        Metrics { registry, requests, routes }
    }

    /// The page that Prometheus reads.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    pub(crate) fn answered(&self, route: &'static str, status: StatusCode, code: &'static str) {
        let labels = Answered { route, status: status.as_u16(), code };
        self.requests.get_or_create(&labels).inc();
    }

    /// An answer is under way; [`Metrics::ended`] follows.
    pub(crate) fn began(&self, route: Wire, head_s: f64) {
        let OfRoute { head, open, .. } = &self.routes[route as usize];
        head.observe(head_s);
        open.inc();
    }

    pub(crate) fn ended(&self, route: Wire, usage: Usage) {
        let OfRoute { open, input, output, .. } = &self.routes[route as usize];
        open.dec();
        input.inc_by(usage.input);
        output.inc_by(usage.output);
    }

    pub(crate) fn estimated(&self, route: Wire) {
        self.routes[route as usize].estimated.inc();
    }
}

/// A model thinks for a tenth of a second, or for minutes.
const HEAD_SECONDS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0];
