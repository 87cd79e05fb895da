//! Who calls: by a token that the operator gave out, by a token of an identity provider, or, where
//! callers need not prove anything, by the address alone.

mod jwks;

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use ipnet::IpNet;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use crate::AppError;
use crate::config::Config;
use crate::error::ProxyError;

use jwks::Jwks;

/// What limits and budgets are kept by.
pub(crate) type CallerId = Arc<str>;

/// The rule of who is who.
#[derive(Clone)]
pub(crate) struct Callers {
    tokens: Arc<[([u8; 32], CallerId)]>,
    jwks: Option<Arc<Jwks>>,
    trusted_fronts: Arc<[IpNet]>,
}

impl Callers {
    pub(crate) fn new(config: &Config) -> Result<Self, AppError> {
        let tokens = config.callers.tokens.iter();
        let tokens = tokens.map(|(name, token)| {
            (digest(token.expose_secret()), CallerId::from(format!("token:{name}")))
        });
        let jwks = config.callers.jwt.as_ref().map(Jwks::new).transpose()?;
        Ok(Callers {
            tokens: tokens.collect(),
            jwks: jwks.map(Arc::new),
            trusted_fronts: config.trusted_fronts.clone().into(),
        })
    }

    /// The caller, or why it is none.
    pub(crate) async fn identify(
        &self,
        headers: &HeaderMap,
        address: IpAddr,
    ) -> Result<CallerId, ProxyError> {
        if self.tokens.is_empty() && self.jwks.is_none() {
            return Ok(format!("address:{address}").into());
        }
        let unknown = |reason| ProxyError::CallerUnknown { reason };
        let token = token(headers).ok_or_else(|| unknown("there is none"))?;
        // Digests are compared, so the time that it takes tells nothing about a token.
        let known = digest(token);
        if let Some((_, caller)) = self.tokens.iter().find(|(digest, _)| *digest == known) {
            return Ok(caller.clone());
        }
        match &self.jwks {
            // It may ask the issuer, which takes much room in whatever waits for it.
            Some(jwks) => Box::pin(jwks.verify(token)).await,
            None => Err(unknown("it is not known here")),
        }
    }

    /// The address that limits are kept by.
    ///
    /// A front that is trusted says in `X-Forwarded-For` whom it forwards for; what stands before
    /// that was written by the caller, who could write anything.
    pub(crate) fn address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let is_front = |address: &IpAddr| {
            let address = address.to_canonical();
            self.trusted_fronts.iter().any(|front| front.contains(&address))
        };
        let mut address = peer;
        let named = headers.get_all("x-forwarded-for").iter().rev();
        let named = named.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
        for named in named.take(FRONTS_MAX) {
            if !is_front(&address) {
                break;
            }
            let Ok(named) = named.trim().trim_matches(['[', ']']).parse() else { break };
            address = named;
        }
        block(address)
    }
}

/// What one customer of a network has: one address of the old kind, 2^64 of the new.
fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

/// The token, where the clients of each provider put their key.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let key = || ["x-api-key", "api-key"].iter().find_map(|name| headers.get(*name)?.to_str().ok());
    bearer.or_else(key)
}

pub(crate) fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// A caller's name as a log may show it: it comes from outside and may be long.
pub(crate) fn shown(caller: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\');
    if caller.len() <= SHOWN_CHARS_MAX && caller.bytes().all(is_plain) {
        return caller.into();
    }
    let shown: String = caller.chars().take(SHOWN_CHARS_MAX).collect();
    shown.escape_debug().to_string().into()
}

const SHOWN_CHARS_MAX: usize = 100;

/// More fronts in a row than anyone has.
const FRONTS_MAX: usize = 8;
