//! The routes, as one table: the router and the OpenAPI document are both made of it.

mod approvals;
mod body;
mod caller;
mod desk;
mod events;
mod html;
mod jobs;
mod page;
mod push;
mod runs;
mod slack;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{Method, Request};
use axum::middleware::from_fn;
use axum::routing::{MethodRouter, delete, get, post};
use holdpoint_proxy::AppError;
use serde_json::Value;
use tower::ServiceExt;

use crate::{ApiError, Shared, openapi};

pub(crate) use approvals::STATUSES;

/// One route with all that its description says.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    /// The schema of the body, by its name.
    pub(crate) body: Option<&'static str>,
    /// The status, the media type and the schema of the answer.
    pub(crate) answer: (u16, &'static str, Option<&'static str>),
    pub(crate) refusals: &'static [u16],
    handler: fn() -> MethodRouter<Arc<Shared>>,
}

const JSON: &str = "application/json";
const HTML: &str = "text/html";

pub(crate) const ROUTES: [Route; 18] = [
    Route {
        method: "post",
        path: "/v1/jobs",
        id: "create_job",
        summary: "Takes a job in; a repeat with the same key is the same job",
        body: Some("NewJob"),
        answer: (202, JSON, Some("Accepted")),
        refusals: &[400, 401, 404, 413, 422, 503],
        handler: || post(jobs::create),
    },
    Route {
        method: "get",
        path: "/v1/jobs",
        id: "list_jobs",
        summary: "The newest jobs of the caller, and of workflows that they approve",
        body: None,
        answer: (200, JSON, Some("Jobs")),
        refusals: &[401, 503],
        handler: || get(jobs::list),
    },
    Route {
        method: "get",
        path: "/v1/jobs/{id}",
        id: "read_job",
        summary: "A job: how far it is, what it came to, what it waits for",
        body: None,
        answer: (200, JSON, Some("Job")),
        refusals: &[401, 404, 503],
        handler: || get(jobs::read),
    },
    Route {
        method: "get",
        path: "/v1/jobs/{id}/journal",
        id: "read_journal",
        summary: "The journal of a job's run, entry by entry as it is stored",
        body: None,
        answer: (200, JSON, Some("Journal")),
        refusals: &[401, 404, 503],
        handler: || get(jobs::journal),
    },
    Route {
        method: "post",
        path: "/v1/jobs/{id}/cancel",
        id: "cancel_job",
        summary: "Stops a job; what has started is waited for",
        body: None,
        answer: (200, JSON, Some("Job")),
        refusals: &[401, 404, 409, 503],
        handler: || post(jobs::cancel),
    },
    Route {
        method: "post",
        path: "/v1/runs",
        id: "hand_over",
        summary: "Takes over a run that a page handed over; says whether it would, before that",
        body: Some("HandedOver"),
        answer: (200, JSON, Some("Taken")),
        refusals: &[400, 401, 404, 409, 413, 422, 503],
        handler: || post(runs::take),
    },
    Route {
        method: "get",
        path: "/v1/approvals",
        id: "list_approvals",
        summary: "What the caller may decide about, oldest first: `?status=`, pending by default",
        body: None,
        answer: (200, JSON, Some("Approvals")),
        refusals: &[400, 401, 503],
        handler: || get(approvals::list),
    },
    Route {
        method: "get",
        path: "/v1/approvals/{id}",
        id: "read_approval",
        summary: "One approval",
        body: None,
        answer: (200, JSON, Some("Approval")),
        refusals: &[401, 404, 503],
        handler: || get(approvals::read),
    },
    Route {
        method: "post",
        path: "/v1/approvals/{id}/decision",
        id: "decide",
        summary: "Decides; the first decision wins, and a repeat gets the first outcome",
        body: Some("Decision"),
        answer: (200, JSON, Some("Approval")),
        refusals: &[400, 401, 403, 404, 409, 410, 413, 422, 503],
        handler: || post(approvals::decide),
    },
    Route {
        method: "post",
        path: "/v1/approvals/{id}/settlement",
        id: "settle",
        summary: "Says what became of a call in doubt",
        body: Some("Settlement"),
        answer: (200, JSON, Some("Approval")),
        refusals: &[400, 401, 403, 404, 409, 413, 503],
        handler: || post(approvals::settle),
    },
    Route {
        method: "post",
        path: "/v1/approvals/{id}/extension",
        id: "extend",
        summary: "Gives as much time again; a call whose time is over is asked about anew",
        body: None,
        answer: (200, JSON, Some("Approval")),
        refusals: &[401, 403, 404, 409, 410, 503],
        handler: || post(approvals::extend),
    },
    Route {
        method: "get",
        path: "/v1/events",
        id: "events",
        summary: "Runs as they change, as server-sent events",
        body: None,
        answer: (200, "text/event-stream", None),
        refusals: &[401],
        handler: || get(events::stream),
    },
    Route {
        method: "get",
        path: "/v1/push/key",
        id: "push_key",
        summary: "The key that a browser subscribes to Web Push with; none where the caller is not told",
        body: None,
        answer: (200, JSON, Some("PushKey")),
        refusals: &[401],
        handler: || get(push::key),
    },
    Route {
        method: "post",
        path: "/v1/push/subscriptions",
        id: "subscribe",
        summary: "Keeps a browser's subscription for the caller; one of the same endpoint gives way",
        body: Some("PushSubscription"),
        answer: (200, JSON, Some("Subscribed")),
        refusals: &[400, 401, 403, 404, 413, 422, 503],
        handler: || post(push::subscribe),
    },
    Route {
        method: "delete",
        path: "/v1/push/subscriptions/{id}",
        id: "unsubscribe",
        summary: "Forgets a subscription of the caller's",
        body: None,
        answer: (200, JSON, Some("Subscribed")),
        refusals: &[401, 403, 404, 503],
        handler: || delete(push::unsubscribe),
    },
    Route {
        method: "post",
        path: "/v1/slack/interactions",
        id: "slack_interaction",
        summary: "Takes a press of a button in Slack, by Slack's own signature, once",
        body: Some("SlackInteraction"),
        answer: (200, JSON, None),
        refusals: &[400, 401, 404, 409, 413, 503],
        handler: || post(slack::interact),
    },
    Route {
        method: "get",
        path: "/approve/{token}",
        id: "approval_page",
        summary: "A page that shows one approval and changes nothing",
        body: None,
        answer: (200, HTML, None),
        refusals: &[404, 410],
        handler: || get(page::show).layer(from_fn(html::in_words)),
    },
    Route {
        method: "post",
        path: "/approve/{token}",
        id: "approval_page_decide",
        summary: "Decides from the page: no by the link alone, yes with an approver's token",
        body: Some("PageDecision"),
        answer: (200, HTML, None),
        refusals: &[400, 401, 403, 404, 409, 410, 413],
        handler: || post(page::decide).layer(from_fn(html::in_words)),
    },
];

pub(crate) async fn router(shared: Arc<Shared>) -> Result<Router, AppError> {
    let proxy = holdpoint_proxy::app(shared.config.proxy.clone())?;
    let document = openapi::document(&ROUTES, described(&proxy).await).to_string();
    let document = async move || ([(CONTENT_TYPE, JSON)], document);
    let mut router = Router::new();
    for route in &ROUTES {
        router = router.route(route.path, (route.handler)());
    }
    // A page of another origin asks with its token, so nothing is at stake but who may read.
    let cors = holdpoint_proxy::cors(&shared.config.proxy.allowed_origins);
    let router = router
        .route("/openapi.json", get(document))
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(cors.allow_methods([Method::GET, Method::POST, Method::DELETE]))
        .with_state(Arc::clone(&shared))
        .merge(desk::router(shared));
    Ok(router.fallback_service(proxy))
}

/// The proxy's description of itself.
async fn described(proxy: &Router) -> Value {
    let request = Request::get("/openapi.json").header(HOST, "localhost").body(Body::empty());
    let Ok(request) = request else { return Value::Null };
    let response = match proxy.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let body = axum::body::to_bytes(response.into_body(), 1024 * 1024).await.unwrap_or_default();
    serde_json::from_slice(&body).unwrap_or_default()
}
