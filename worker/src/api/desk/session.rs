//! Who is signed in to the pages.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

use crate::{ApiError, Shared, now};

/// Who a request's cookie says that it is, if it was made here, is not too old, and they still
/// have a token.
pub(super) fn name<'a>(shared: &'a Shared, headers: &HeaderMap) -> Option<&'a str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE_NAME).then_some(value)
    });
    let (name, until) = shared.links.read_session(pairs.next()?)?;
    let tokens = &shared.config.tokens;
    let known = tokens.iter().find(|(known, _)| *known == name)?;
    (until > now()).then_some(known.0.as_str())
}

/// The cookie of someone who has just signed in.
pub(super) fn cookie(shared: &Shared, name: &str) -> String {
    let session = shared.links.session(name, now() + LASTS_S * 1000);
    let secure = if shared.config.public_url.scheme() == "https" { "; Secure" } else { "" };
    format!("{COOKIE_NAME}={session}; Max-Age={LASTS_S}{ATTRIBUTES}{secure}")
}

/// The cookie that takes the one before away.
pub(super) fn no_cookie() -> String {
    format!("{COOKIE_NAME}=; Max-Age=0{ATTRIBUTES}")
}

/// Turns away what a page of another site sends. The cookie would not come with it; this is for
/// signing someone in as somebody else, too.
pub(super) fn check_origin(headers: &HeaderMap) -> Result<(), ApiError> {
    match headers.get("sec-fetch-site").and_then(|it| it.to_str().ok()) {
        None | Some("same-origin") => Ok(()),
        Some(_) => Err(ApiError::OriginForeign),
    }
}

const COOKIE_NAME: &str = "holdpoint_desk";
const ATTRIBUTES: &str = "; Path=/desk; HttpOnly; SameSite=Strict";
/// A working day.
const LASTS_S: u64 = 12 * 60 * 60;
