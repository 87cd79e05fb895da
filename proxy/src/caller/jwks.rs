//! Tokens of an identity provider, checked against the keys that it publishes.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation, decode, decode_header};
use reqwest::{Client, Url};
use serde::Deserialize;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use crate::AppError;
use crate::client::{self, chain};
use crate::config::Jwt;
use crate::error::ProxyError;

use super::CallerId;

/// An issuer and the keys that it had when it was last asked.
pub(super) struct Jwks {
    client: Client,
    url: Url,
    issuer: String,
    audience: String,
    cache: RwLock<Cache>,
    /// When the issuer was last asked; held while it is.
    asked: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Cache {
    keys: Vec<(Option<String>, Key)>,
    fetched: Option<Instant>,
}

#[derive(Clone)]
struct Key {
    key: DecodingKey,
    algorithms: Vec<Algorithm>,
}

/// The claims that are used; `jsonwebtoken` reads the others to check them.
#[derive(Deserialize)]
struct Claims {
    sub: String,
}

impl Jwks {
    pub(super) fn new(jwt: &Jwt) -> Result<Self, AppError> {
        let client = client::builder(&jwt.jwks)?.timeout(FETCH_TIMEOUT).build();
        Ok(Jwks {
            client: client.map_err(AppError::Client)?,
            url: jwt.jwks.clone(),
            issuer: jwt.issuer.clone(),
            audience: jwt.audience.clone(),
            cache: RwLock::default(),
            asked: Mutex::default(),
        })
    }

    /// The subject of a token, if its issuer signed it for this audience and it has not expired.
    pub(super) async fn verify(&self, token: &str) -> Result<CallerId, ProxyError> {
        let refused = |reason| ProxyError::CallerUnknown { reason };
        let header = decode_header(token).map_err(|_| refused("it is not known here"))?;
        let key = self.key(header.kid.as_deref()).await?;
        let mut validation = Validation::new(header.alg);
        validation.algorithms = key.algorithms;
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        match decode::<Claims>(token, &key.key, &validation) {
            Ok(token) => Ok(format!("jwt:{}", token.claims.sub).into()),
            Err(error) => {
                use jsonwebtoken::errors::ErrorKind;
                Err(refused(match error.kind() {
                    ErrorKind::ExpiredSignature => "it has expired",
                    ErrorKind::ImmatureSignature => "it is not valid yet",
                    ErrorKind::InvalidIssuer => "it is of another issuer",
                    ErrorKind::InvalidAudience => "it is for another audience",
                    ErrorKind::MissingRequiredClaim(_) => "it lacks exp, iss, aud or sub",
                    _ => "its signature does not fit",
                }))
            }
        }
    }

    /// The key of this id. One that is not known may be new, so the issuer is asked, though not
    /// for every stranger's token: at most once in a while.
    async fn key(&self, kid: Option<&str>) -> Result<Key, ProxyError> {
        let known = self.known(kid, REFRESH_AFTER);
        if let Ok(Some(key)) = known {
            return Ok(key);
        }
        let old = self.known(kid, TRUSTED_FOR).ok().flatten();
        match (self.asked.try_lock(), old) {
            // Someone is asking already, and there is a key to go on with.
            (Err(_), Some(key)) => return Ok(key),
            (Ok(asked), _) => self.ask(asked).await,
            (Err(_), None) => self.ask(self.asked.lock().await).await,
        }
        let unknown = ProxyError::CallerUnknown { reason: "its key is not the issuer's" };
        self.known(kid, TRUSTED_FOR)?.ok_or(unknown)
    }

    /// The key of this id, in a set that is not older than this.
    fn known(&self, kid: Option<&str>, age_max: Duration) -> Result<Option<Key>, ProxyError> {
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        match cache.fetched {
            Some(fetched) if fetched.elapsed() <= age_max => Ok(cache.find(kid)),
            _ => Err(ProxyError::KeysUnavailable),
        }
    }

    async fn ask(&self, mut asked: MutexGuard<'_, Option<Instant>>) {
        if asked.is_some_and(|asked| asked.elapsed() <= ASK_PAUSE) {
            return;
        }
        match self.fetch().await {
            Ok(keys) => {
                let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
                *cache = Cache { keys, fetched: Some(Instant::now()) };
            }
            Err(error) => tracing::warn!(error, url = %self.url, "the issuer's keys are not there"),
        }
        *asked = Some(Instant::now());
    }

    async fn fetch(&self) -> Result<Vec<(Option<String>, Key)>, String> {
        let answer = self.client.get(self.url.clone()).send().await;
        let mut answer = answer.and_then(|it| it.error_for_status()).map_err(|it| chain(&it))?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| chain(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > SET_BYTES_MAX {
                return Err(format!("expected at most {SET_BYTES_MAX} bytes of keys"));
            }
        }
        let set: JwkSet = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        let keys = set.keys.iter();
        Ok(keys.filter_map(|jwk| Some((jwk.common.key_id.clone(), Key::new(jwk)?))).collect())
    }
}

impl Cache {
    /// A token that names no key can only mean the one that there is.
    fn find(&self, kid: Option<&str>) -> Option<Key> {
        match kid {
            Some(kid) => self.keys.iter().find(|(known, _)| known.as_deref() == Some(kid)),
            None => self.keys.first().filter(|_| self.keys.len() == 1),
        }
        .map(|(_, key)| key.clone())
    }
}

impl Key {
    /// A key that signs, by algorithms of its own kind only. A shared secret is none: what is
    /// published could then sign too.
    fn new(jwk: &Jwk) -> Option<Self> {
        let signs = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
        let key = DecodingKey::from_jwk(jwk).ok().filter(|_| signs)?;
        let family = key.family();
        if family == AlgorithmFamily::Hmac {
            return None;
        }
        let mut algorithms = family.algorithms().to_vec();
        if let Some(named) = jwk.common.key_algorithm {
            algorithms.retain(|algorithm| format!("{algorithm:?}") == named.to_string());
        }
        (!algorithms.is_empty()).then_some(Key { key, algorithms })
    }
}

const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// Between two questions to the issuer.
const ASK_PAUSE: Duration = Duration::from_secs(10);

/// A key that the issuer has withdrawn is no longer taken after this time.
const REFRESH_AFTER: Duration = Duration::from_secs(600);

/// An issuer that cannot be reached does not stop its callers for this time.
const TRUSTED_FOR: Duration = Duration::from_secs(3600);

const SET_BYTES_MAX: usize = 256 * 1024;
