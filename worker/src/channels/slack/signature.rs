//! Whether a request comes from Slack: `v0`, an HMAC over its time and its body.

use axum::http::HeaderMap;
use hmac_sha256::HMAC;
use secrecy::{ExposeSecret, SecretString};

use crate::Forged;

/// The app's signing secret.
#[derive(Clone, Debug)]
pub struct SlackSecret(SecretString);

impl SlackSecret {
    /// Takes the secret as Slack shows it.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self(secret.into())
    }

    /// The signature of a request that Slack sent lately; the same one twice is a replay.
    ///
    /// # Errors
    /// [`Forged`].
    pub fn verify(&self, headers: &HeaderMap, now_ms: u64, body: &[u8]) -> Result<String, Forged> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let at = text("x-slack-request-timestamp").ok_or(Forged::Invalid)?;
        let seconds: u64 = at.parse().map_err(|_| Forged::Invalid)?;
        let given = text("x-slack-signature").ok_or(Forged::Invalid)?;
        if seconds.abs_diff(now_ms / 1000) > STALE_S {
            return Err(Forged::Stale);
        }
        let mut mac = HMAC::new(self.0.expose_secret());
        for part in [b"v0:", at.as_bytes(), b":", body] {
            mac.update(part);
        }
        let hex: String = mac.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let expected = ["v0=", &hex].concat();
        // Macs of both are compared, so the time that it takes tells nothing about the expected one.
        let again = |text: &str| HMAC::mac(text, self.0.expose_secret());
        if again(given) == again(&expected) { Ok(expected) } else { Err(Forged::Invalid) }
    }
}

pub(crate) const STALE_S: u64 = 5 * 60;
