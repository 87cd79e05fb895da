//! Which pages may call: their own origin is what browsers do not let them forge.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{HOST, ORIGIN, RETRY_AFTER};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method};
use tower_http::cors::{AllowHeaders, CorsLayer};

use crate::config::Config;
use crate::error::ProxyError;
use crate::observe::REQUEST_ID;

/// The rule of who may call.
#[derive(Clone)]
pub(crate) struct Origins {
    allowed: Arc<[String]>,
    /// Whether a request may come from no page at all: from this machine, or with a token.
    pages_only: bool,
}

impl Origins {
    pub(crate) fn new(config: &Config) -> Self {
        Origins {
            allowed: config.allowed_origins.clone().into(),
            pages_only: !config.addr.ip().is_loopback() && !config.callers.are_known(),
        }
    }

    /// Lets the pages of other, allowed origins read the answers.
    pub(crate) fn cors(&self) -> CorsLayer {
        cors(&self.allowed).allow_methods([Method::POST])
    }

    /// Turns away what an unknown page sends, before anything of it is read.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), ProxyError> {
        check_fetch(headers)?;
        let Some(origin) = headers.get(ORIGIN) else {
            return if self.pages_only { Err(ProxyError::OriginMissing) } else { Ok(()) };
        };
        let text = origin.to_str().unwrap_or_default();
        if self.allowed.iter().any(|allowed| allowed == text) || is_own(text, headers) {
            return Ok(());
        }
        let origin = String::from_utf8_lossy(origin.as_bytes()).chars().take(100).collect();
        Err(ProxyError::OriginNotAllowed { origin })
    }
}

/// Lets the pages of these origins, beside the server's own, read the answers.
pub fn cors(allowed: &[String]) -> CorsLayer {
    let allowed = allowed.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(allowed.collect::<Vec<_>>())
        // The providers' own clients send a dozen headers of theirs. None of them matters, as
        // none goes up, and a page that may not call is not let in by a header.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([RETRY_AFTER, REQUEST_ID])
        .max_age(Duration::from_secs(600))
}

/// What a browser says of a request by itself, and no script can change: a call of this API is made
/// by a script that may read the answer, and one from another site says which.
fn check_fetch(headers: &HeaderMap) -> Result<(), ProxyError> {
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_script = matches!(said("sec-fetch-mode"), None | Some("cors" | "same-origin"));
    let is_near = matches!(said("sec-fetch-site"), None | Some("same-origin"));
    if is_script && (is_near || headers.contains_key(ORIGIN)) {
        Ok(())
    } else {
        Err(ProxyError::FetchForbidden)
    }
}

/// Whether the request comes from a page that this proxy served.
///
/// The origin must be the host asked for, and that host an address or `localhost`. Any other name
/// may be made to point at this machine by whoever owns it (DNS rebinding), so it must be listed.
fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let (Some(authority), Some(host)) = (authority, host) else { return false };
    let Ok(parsed) = authority.parse::<Authority>() else { return false };
    let name = parsed.host().trim_start_matches('[').trim_end_matches(']');
    authority.eq_ignore_ascii_case(host)
        && (name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok())
}
