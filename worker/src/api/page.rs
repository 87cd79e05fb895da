//! The page of one approval, for people with nothing but a link. Reading it changes nothing, so
//! mail scanners may; saying no takes the link, saying yes also the token of an approver.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::response::{IntoResponse, Response};
use holdpoint_core::approval::Decision;
use holdpoint_core::json::canonical;
use serde_json::Value;

use super::approvals::{decided, find};
use super::body;
use super::caller::{approver, of_token};
use crate::link::Link;
use crate::text::escaped;
use crate::{ApiError, Shared, now};

/// What was sent; a field that is not there is empty.
#[derive(Default)]
pub(super) struct Form {
    pub(super) decision: String,
    pub(super) digest: String,
    pub(super) reason: String,
    pub(super) access: String,
}

impl Form {
    pub(super) fn read(body: &[u8]) -> Result<Self, ApiError> {
        let mut form = Self::default();
        let mut known = BTreeSet::new();
        for (name, value) in form_urlencoded::parse(body) {
            let field = match &*name {
                "decision" => &mut form.decision,
                "digest" => &mut form.digest,
                "reason" => &mut form.reason,
                "access" => &mut form.access,
                _ => return Err(ApiError::RequestInvalid(format!("there is no field {name:?}"))),
            };
            if !known.insert(name.clone()) {
                return Err(ApiError::RequestInvalid(format!("expected {name} once")));
            }
            *field = value.into_owned();
        }
        Ok(form)
    }
}

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    let link = link(&shared, &token)?;
    let (_, approval) = find(&shared, &link.call).await?;
    Ok(page(&link, &approval, None))
}

pub(super) async fn decide(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let link = link(&shared, &token)?;
    let body = body::read(request.into_body()).await?;
    let form = Form::read(&body)?;
    let digest = form.digest.parse();
    let digest = digest.map_err(|_| ApiError::RequestInvalid("expected a digest".into()))?;
    let (kept, _) = find(&shared, &link.call).await?;
    let (decision, name) = match form.decision.as_str() {
        "approve" => {
            let name = of_token(&shared, form.access.trim())?;
            (Decision::Approve { arguments: None, note: None }, name)
        }
        "deny" => {
            let reason = form.reason.trim();
            let reason = (!reason.is_empty()).then(|| reason.to_owned());
            (Decision::Deny { reason }, link.approver.as_str())
        }
        _ => return Err(ApiError::RequestInvalid("expected approve or deny".into())),
    };
    let by = approver(&shared, &kept.workflow, &kept.job.requester, name, "link")?;
    match decided(&shared, kept, &link.call, decision, digest, by).await {
        Ok(approval) if approval.get("status").is_some_and(|it| it == "pending") => {
            Ok(page(&link, &approval, Some("Your approval is saved; it takes more people.")))
        }
        Ok(approval) => Ok(page(&link, &approval, Some("Your decision is saved."))),
        Err(ApiError::DecidedAlready { outcome }) => {
            Ok(page(&link, &outcome, Some("Someone decided before you.")))
        }
        Err(error) => Err(error),
    }
}

fn link(shared: &Shared, token: &str) -> Result<Link, ApiError> {
    let link = shared.links.read(token).ok_or(ApiError::LinkInvalid)?;
    if link.until <= now() { Err(ApiError::LinkExpired) } else { Ok(link) }
}

fn page(link: &Link, approval: &Value, said: Option<&str>) -> Response {
    let text = |name: &str| approval.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut main = String::new();
    let mut add = |parts: &[&str]| parts.iter().for_each(|part| main.push_str(part));
    if let Some(said) = said {
        add(&["<p role=\"status\">", said, "</p>"]);
    }
    add(&["<h1>", &escaped(text("title")), "</h1>"]);
    let because = approval.get("rule").and_then(|rule| rule.get("because"));
    let because = because.and_then(Value::as_str).unwrap_or_default();
    add(&["<p>You are asked because ", &escaped(because), ".</p><dl>"]);
    let arguments = approval.get("arguments").and_then(Value::as_object);
    for (name, value) in arguments.into_iter().flatten() {
        let shown = value.as_str().map_or_else(|| canonical(value), str::to_owned);
        add(&["<dt>", &escaped(name), "</dt><dd>", &escaped(&shown), "</dd>"]);
    }
    let digest = text("digest");
    add(&["</dl><p class=\"small\">", &escaped(text("workflow")), " · ", &escaped(text("tool"))]);
    add(&[" · ", digest.get(..8).unwrap_or_default(), "</p>"]);
    if let Some(given) = approval.get("approvals").and_then(Value::as_array) {
        let name = |given: &Value| given.pointer("/by/name").and_then(Value::as_str).map(escaped);
        let names: Vec<String> = given.iter().filter_map(name).collect();
        let count = |name: &str| approval.get(name).map(Value::to_string).unwrap_or_default();
        let given = given.len().to_string();
        add(&["<p>", &given, " of ", &count("quorum"), " approvals"]);
        if !names.is_empty() {
            add(&[": ", &names.join(", ")]);
        }
        add(&[if count("missing") == "0" { ".</p>" } else { "; more are needed.</p>" }]);
    }
    match approval.get("decision") {
        Some(decision) => {
            let by = decision.get("by").and_then(|by| by.get("name"));
            let by = by.and_then(Value::as_str).unwrap_or_default();
            add(&["<p class=\"outcome\">", text("status"), " by ", &escaped(by), "</p>"]);
        }
        None if text("status") == "pending" => {
            let hidden = format!("<input type=\"hidden\" name=\"digest\" value=\"{digest}\">");
            add(&["<form method=\"post\">", &hidden, YES, "</form>"]);
            add(&["<form method=\"post\">", &hidden, NO, "</form>"]);
            if digest != link.digest {
                add(&["<p class=\"small\">This changed since the message was sent.</p>"]);
            }
        }
        None => add(&["<p class=\"outcome\">", text("status"), "</p>"]),
    }
    let html = [HEAD, &main, FOOT].concat();
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, [("x-robots-tag", "noindex")], html).into_response()
}

const POLICY: &str = "default-src 'none'; style-src 'sha256-LzD03skPwLkQWbTnsh9zLSU3TXTl/zkQl21/QDuTrm8='; form-action 'self'; \
base-uri 'none'; frame-ancestors 'none'";

const HEAD: &str = concat!(
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">",
    "<meta name=\"viewport\" content=\"width=device-width\"><title>Approval</title><style>",
    include_str!("page.css"),
    "</style><main>"
);

const FOOT: &str = "</main></html>";

const YES: &str = "<label>Your token<input type=\"password\" name=\"access\" required \
autocomplete=\"current-password\"></label>\
<button name=\"decision\" value=\"approve\" class=\"yes\">Approve</button>";

const NO: &str = "<label>Reason, if you like<input name=\"reason\" maxlength=\"500\"></label>\
<button name=\"decision\" value=\"deny\">Deny</button>";
