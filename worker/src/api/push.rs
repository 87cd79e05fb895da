//! Browsers that want to be told: the key that they subscribe with, and their subscriptions.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::response::Json;
use holdpoint_core::object;
use reqwest::Url;
use serde_json::Value;

use super::body;
use super::caller::caller;
use crate::channels::Channel;
use crate::push::Subscription;
use crate::{ApiError, Shared, now};

pub(super) async fn key(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    // Whom nobody pushes to is no fault: a page asks first, and a refusal would stand in its console.
    let key = match approver(&shared, &headers) {
        Ok(_) => shared.vapid.public().into(),
        Err(ApiError::PushMissing | ApiError::ApproverUnknown) => Value::Null,
        Err(error) => return Err(error),
    };
    Ok(Json(object! { "key": key }))
}

pub(super) async fn subscribe(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (parts, body) = request.into_parts();
    let approver = approver(&shared, &parts.headers)?.to_owned();
    let body = body::read(body).await?;
    let fields = body::fields(&body, &["endpoint", "p256dh", "auth", "page"])?;
    let text = |name: &str, max: usize| {
        let text = body::text(&fields, name)?;
        let expected =
            || ApiError::SchemaViolation(vec![format!("{name}: expected at most {max} bytes")]);
        if text.as_ref().is_some_and(|it| it.len() > max) { Err(expected()) } else { Ok(text) }
    };
    let needed = |name: &str, max: usize| {
        let expected = || ApiError::RequestInvalid(format!("expected {name} to be a text"));
        text(name, max)?.ok_or_else(expected)
    };
    let subscription = Subscription {
        endpoint: needed("endpoint", ENDPOINT_MAX)?,
        approver,
        p256dh: needed("p256dh", KEY_MAX)?,
        auth: needed("auth", KEY_MAX)?,
        page: text("page", PAGE_MAX)?,
    };
    let is_page = |page: &String| {
        Url::parse(page)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.password().is_none())
    };
    if !subscription.page.as_ref().is_none_or(is_page) {
        return Err(ApiError::SchemaViolation(vec!["page: expected an http(s) URL".into()]));
    }
    // INVARIANT: the worker sends requests to push services alone, wherever someone wants them.
    let endpoint = Url::parse(&subscription.endpoint).ok();
    let endpoint = endpoint.filter(|url| url.username().is_empty() && url.password().is_none());
    if !endpoint.is_some_and(|url| services(&shared, &url)) {
        return Err(ApiError::PushServiceUnknown);
    }
    if subscription.sealed("").is_none() {
        let expected = "expected p256dh and auth to be the keys of a subscription, in base64url";
        return Err(ApiError::SchemaViolation(vec![expected.into()]));
    }
    shared.store.subscribe(&subscription, now()).await?;
    Ok(Json(object! { "id": subscription.id() }))
}

pub(super) async fn unsubscribe(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let approver = approver(&shared, &headers)?;
    match shared.store.unsubscribe(approver, &id).await? {
        true => Ok(Json(object! { "id": id })),
        false => Err(ApiError::SubscriptionUnknown),
    }
}

/// Whoever asks, if it is one of those who are told, by a worker that pushes.
fn approver<'a>(shared: &'a Shared, headers: &HeaderMap) -> Result<&'a str, ApiError> {
    let name = caller(shared, headers)?;
    let mut channels = shared.config.channels.values();
    if !channels.any(|channel| matches!(channel, Channel::Push(_))) {
        return Err(ApiError::PushMissing);
    }
    match shared.config.approvers.contains_key(name) {
        true => Ok(name),
        false => Err(ApiError::ApproverUnknown),
    }
}

fn services(shared: &Shared, endpoint: &Url) -> bool {
    let mut channels = shared.config.channels.values();
    channels.any(|channel| matches!(channel, Channel::Push(push) if push.serves(endpoint)))
}

/// Bytes of an endpoint, of a key and of a page's address. With the longest page a payload is still
/// one that every service takes.
const ENDPOINT_MAX: usize = 2_000;
const KEY_MAX: usize = 200;
const PAGE_MAX: usize = 1_000;
