//! The page of one approval, for people with nothing but a link. Reading it changes nothing, so
//! mail scanners may; saying no takes the link, saying yes also the token of an approver.

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
    pub(super) fn read(body: &[u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            let field = match &*name {
                "decision" => &mut form.decision,
                "digest" => &mut form.digest,
                "reason" => &mut form.reason,
                "access" => &mut form.access,
                _ => continue,
            };
            *field = value.into_owned();
        }
        form
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
    let form = Form::read(&body);
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

/// Text that stays text in HTML, in an attribute as well. What has no form of its own on a page, or
/// turns the direction of what stands beside it, is shown as its number.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' => safe.push(c),
            _ if c.is_control() || is_hidden(c) => safe.push_str(&format!("[U+{:04X}]", c as u32)),
            _ => safe.push(c),
        }
    }
    safe
}

fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
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
