//! The page of one approval, for people with nothing but a link. Reading it changes nothing, so
//! mail scanners may; saying no takes the link, saying yes also the token of an approver.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use holdpoint_core::approval::Decision;
use holdpoint_core::json::Digest;
use serde_json::Value;

use super::approvals::{decided, find};
use super::body;
use super::caller::{approver, of_token};
use super::html::{APPROVE, DENY, Html, is_pending, text};
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

    /// Of what was shown when it was decided.
    pub(super) fn digest(&self) -> Result<Digest, ApiError> {
        self.digest.parse().map_err(|_| ApiError::RequestInvalid("expected a digest".into()))
    }

    /// Why not, where they said so.
    pub(super) fn reason(&self) -> Option<String> {
        let reason = self.reason.trim();
        (!reason.is_empty()).then(|| reason.to_owned())
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
    let digest = form.digest()?;
    let (kept, _) = find(&shared, &link.call).await?;
    let (decision, name) = match form.decision.as_str() {
        "approve" => {
            let name = of_token(&shared, form.access.trim())?;
            (Decision::Approve { arguments: None, note: None }, name)
        }
        "deny" => (Decision::Deny { reason: form.reason() }, link.approver.as_str()),
        _ => return Err(ApiError::RequestInvalid("expected approve or deny".into())),
    };
    let by = approver(&shared, &kept.workflow, &kept.job.requester, name, "link")?;
    match decided(&shared, kept, &link.call, decision, digest, by).await {
        Ok(approval) if is_pending(&approval) => {
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
    let mut page = Html::page("..", text(approval, "title"), None);
    if let Some(said) = said {
        page.said(said);
    }
    page.put("<article class=\"card\">").call("h1", approval);
    let digest = text(approval, "digest");
    if is_pending(approval) {
        for (asks, answer) in [(TOKEN, APPROVE), (REASON, DENY)] {
            page.put("<form class=\"asks\" method=\"post\"><input type=\"hidden\" ");
            page.put("name=\"digest\" value=\"").text(digest).put("\">");
            page.put(asks).button(&answer, approval);
            page.put("</form>");
        }
        if digest != link.digest {
            page.line("warn", "This changed since the message was sent.");
        }
    } else {
        outcome(&mut page, approval);
    }
    page.put("<p class=\"small\">").text(text(approval, "tool"));
    page.put(" · ").digest(approval);
    page.put("</p></article>");
    page.as_of("");
    page.respond()
}

/// What became of it, and who decided.
fn outcome(page: &mut Html, approval: &Value) {
    let words = match text(approval, "status") {
        "approved" => "Approved",
        "denied" => "Denied",
        "answered" => "Answered instead",
        "expired" => "Nobody decided in time",
        "lapsed" => "The time to decide is over, until it is asked about anew at the desk",
        "cancelled" => "The job was stopped",
        "in_doubt" => "It was started, and nobody knows whether it happened",
        _ => "It is over",
    };
    page.put("<p class=\"outcome\">").put(words);
    let decision = &approval["decision"];
    if let (Some(by), Some(at)) = (decision["by"]["name"].as_str(), decision["at"].as_u64()) {
        page.put(if text(approval, "status") == "in_doubt" { ", approved by " } else { " by " });
        page.text(by).put(", ").moment(at);
    }
    page.put(".</p>");
}

const TOKEN: &str = "<label>Your token<input type=\"password\" name=\"access\" required \
autocomplete=\"current-password\"></label>";

const REASON: &str = "<label>Why not, if you like<input name=\"reason\" maxlength=\"500\" \
autocomplete=\"off\"></label>";
