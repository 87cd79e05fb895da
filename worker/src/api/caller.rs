//! Who asks: by a bearer token or by the signature of a job.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use holdpoint_core::approval::Approver;
use holdpoint_core::json::digest_text;
use secrecy::ExposeSecret;

use crate::config::Workflow;
use crate::signature::{self, Forged};
use crate::{ApiError, Shared};

/// The name that the token of a request stands for.
pub(super) fn caller<'a>(shared: &'a Shared, headers: &HeaderMap) -> Result<&'a str, ApiError> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    of_token(shared, token.unwrap_or_default())
}

/// The name that a token stands for.
pub(super) fn of_token<'a>(shared: &'a Shared, token: &str) -> Result<&'a str, ApiError> {
    // Digests are compared, so the time that it takes tells nothing about a token.
    let given = digest_text(token);
    let mut tokens = shared.config.tokens.iter();
    let known = tokens.find(|(_, known)| digest_text(known.expose_secret()) == given);
    known.map(|(name, _)| name.as_str()).ok_or(ApiError::CallerUnknown)
}

/// Who sent a job, and the key by which a repeat is known.
pub(super) fn sender<'a>(
    shared: &'a Shared,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(&'a str, Option<String>), ApiError> {
    if signature::is_signed(headers) {
        let id = signature::id_of(headers).ok_or(ApiError::SignatureInvalid)?;
        let mut refusal = ApiError::SignatureInvalid;
        for (name, signer) in &shared.config.senders {
            match signer.verify(headers, body) {
                Ok(()) => return Ok((name, Some(id.to_owned()))),
                Err(Forged::Stale) => refusal = ApiError::TimestampStale,
                Err(Forged::Invalid) => {}
            }
        }
        return Err(refusal);
    }
    let name = caller(shared, headers)?;
    let mut keys = headers.get_all("idempotency-key").iter();
    let key = match (keys.next(), keys.next()) {
        (None, _) => None,
        (Some(key), None) => {
            let key = key.to_str().ok().map(|key| key.trim().trim_matches('"'));
            let key = key.filter(|key| (1..=255).contains(&key.len()));
            let expected = "expected an idempotency key of 1 to 255 characters of ASCII";
            Some(key.ok_or_else(|| ApiError::RequestInvalid(expected.into()))?.to_owned())
        }
        _ => return Err(ApiError::RequestInvalid("expected one idempotency key".into())),
    };
    Ok((name, key))
}

/// A person who may decide in this workflow.
pub(super) fn approver(
    shared: &Shared,
    workflow: &Workflow,
    requester: &str,
    name: &str,
    channel: &str,
) -> Result<Approver, ApiError> {
    let known = shared.config.approvers.get(name);
    match known.filter(|_| workflow.is_decided_by(name)) {
        None => Err(ApiError::ApproverUnknown),
        Some(_) if workflow.not_requester && requester == name => {
            Err(ApiError::RequesterMayNotDecide)
        }
        Some(shown) => Ok(Approver {
            id: name.to_owned(),
            name: shown.name.clone(),
            channel: channel.to_owned(),
            trusted: true,
        }),
    }
}

/// Whether someone may see what is of this workflow and was asked for by `requester`.
pub(super) fn may_see(shared: &Shared, workflow: &str, requester: &str, name: &str) -> bool {
    let of = shared.config.workflows.get(workflow);
    requester == name || of.is_some_and(|workflow| workflow.is_decided_by(name))
}
