//! [Standard Webhooks](https://www.standardwebhooks.com): what comes in is verified, what goes out
//! is signed.

use std::fmt;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook, WebhookError,
};

/// A secret that two servers share.
pub struct Signer(Webhook);

impl Signer {
    /// Reads `whsec_…`.
    ///
    /// # Errors
    /// What was expected, without the secret.
    pub fn new(secret: &str) -> Result<Self, &'static str> {
        let expected = "expected whsec_ and the Base64 of 24 to 64 bytes";
        // 24 bytes are 32 letters of Base64, 64 are 88.
        let text = secret.strip_prefix("whsec_").ok_or(expected)?;
        let signer = Webhook::new(text).map_err(|_| expected)?;
        if (32..=88).contains(&text.len()) { Ok(Self(signer)) } else { Err(expected) }
    }

    /// The three headers that sign a body.
    ///
    /// # Errors
    /// A body that is no text, or an id that no header can carry.
    pub fn sign(&self, id: &str, at_ms: u64, body: &str) -> Result<HeaderMap, &'static str> {
        let seconds = i64::try_from(at_ms / 1000).unwrap_or(i64::MAX);
        let signature = self.0.sign(id, seconds, body.as_bytes()).map_err(|_| "no text")?;
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (HEADER_WEBHOOK_ID, id),
            (HEADER_WEBHOOK_TIMESTAMP, &seconds.to_string()),
            (HEADER_WEBHOOK_SIGNATURE, &signature),
        ] {
            let value = HeaderValue::from_str(value).map_err(|_| "expected an id of ASCII")?;
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(headers)
    }

    /// Whether a request was signed with this secret, lately.
    ///
    /// # Errors
    /// [`Forged`].
    pub fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Forged> {
        self.0.verify(body, headers).map_err(|error| match error {
            WebhookError::TimestampTooOldError | WebhookError::FutureTimestampError => {
                Forged::Stale
            }
            _ => Forged::Invalid,
        })
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

/// Why a signature is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forged {
    /// It is too old, or of the future.
    Stale,
    /// It is not there, or not of this secret and this body.
    Invalid,
}

/// Whether a request says that it is signed.
pub(crate) fn is_signed(headers: &HeaderMap) -> bool {
    headers.contains_key(HEADER_WEBHOOK_SIGNATURE)
}

/// The id that a signed request carries.
pub(crate) fn id_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(HEADER_WEBHOOK_ID)?.to_str().ok().filter(|id| !id.is_empty() && !id.contains('.'))
}
