//! Web Push, as far as it is cryptography: a payload sealed for one browser (RFC 8291), and who it is
//! that pushes (RFC 8292). A push service sees neither what is said nor to whom.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use holdpoint_core::json::{canonical, digest_text};
use holdpoint_core::object;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::rand_core::OsRng;
use reqwest::Url;
use web_push_native::p256::PublicKey;
use web_push_native::{Auth, encrypt};

/// The key that a browser is told to accept pushes of.
pub(crate) struct Vapid {
    key: SigningKey,
    public: String,
}

/// A browser that wants to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Where its push service takes messages for it. Whoever knows this may try to push.
    pub endpoint: String,
    /// Whose browser it is.
    pub approver: String,
    /// Its public key.
    pub p256dh: String,
    /// What only it and we know.
    pub auth: String,
    /// The page that a notification leads to; without one it leads to the desk.
    pub page: Option<String>,
}

impl Vapid {
    /// A key as text, as [`Vapid::of`] reads it.
    pub(crate) fn made() -> String {
        URL_SAFE_NO_PAD.encode(SigningKey::random(&mut OsRng).to_bytes())
    }

    /// The key of a text: 32 bytes in base64url, as the usual tools print it; none where it is none.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim().trim_end_matches('=')).ok()?;
        let key = SigningKey::from_slice(&bytes).ok()?;
        let point = key.verifying_key().to_encoded_point(false);
        Some(Self { public: URL_SAFE_NO_PAD.encode(point.as_bytes()), key })
    }

    /// What a browser subscribes with.
    pub(crate) fn public(&self) -> &str {
        &self.public
    }

    /// The header that says who pushes, good for one service and half a day.
    pub(crate) fn authorization(&self, endpoint: &Url, contact: &str, now_ms: u64) -> String {
        let claims = object! {
            "aud": endpoint.origin().ascii_serialization(),
            "exp": now_ms / 1000 + TOKEN_S,
            "sub": contact,
        };
        let parts = [r#"{"alg":"ES256","typ":"JWT"}"#.to_owned(), canonical(&claims)];
        let content = parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
        let signature: Signature = self.key.sign(content.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.to_bytes());
        ["vapid t=", &content, ".", &signature, ", k=", &self.public].concat()
    }
}

impl Subscription {
    /// By what it is named, which tells nobody where to push.
    #[must_use]
    pub fn id(&self) -> String {
        digest_text(&self.endpoint).to_string()
    }

    /// The payload as only this browser reads it; none where its keys are none.
    pub(crate) fn sealed(&self, payload: &str) -> Option<Vec<u8>> {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
        let key = PublicKey::from_sec1_bytes(&decode(&self.p256dh)?).ok()?;
        let auth: [u8; 16] = decode(&self.auth)?.try_into().ok()?;
        encrypt(payload.as_bytes().to_vec(), &key, &Auth::from(auth)).ok()
    }
}

/// The longest that the standard allows is a day.
const TOKEN_S: u64 = 12 * 60 * 60;
