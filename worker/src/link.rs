//! Links to the page of one approval, for one person: who has one may see it and say no.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac_sha256::HMAC;
use reqwest::Url;
use serde_json::Value;

/// Makes and reads links.
#[derive(Clone)]
pub struct Links {
    base: Url,
    key: Vec<u8>,
}

/// What a link is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The call.
    pub call: String,
    /// The digest of what was shown when the link was made.
    pub digest: String,
    /// For whom it was made.
    pub approver: String,
    /// Until when it is good.
    pub until: u64,
}

impl Links {
    /// Links under this address, known by this key again.
    #[must_use]
    pub fn new(base: Url, key: &str) -> Self {
        Self { base, key: key.as_bytes().to_vec() }
    }

    /// The address of the page of an approval as it is now, for one approver.
    pub(crate) fn of(&self, approval: &Value, approver: &str, now: u64) -> String {
        let text = |name: &str| approval[name].as_str().unwrap_or_default().to_owned();
        let until = approval["expires"].as_u64().unwrap_or(now.saturating_add(LINK_MS));
        let approver = approver.to_owned();
        self.url(&Link { call: text("id"), digest: text("digest"), approver, until })
    }

    /// The address of a page.
    #[must_use]
    pub fn url(&self, link: &Link) -> String {
        let base = self.base.as_str().trim_end_matches('/');
        format!("{base}/approve/{}", self.token(link))
    }

    /// What says of someone, until a time, that they have signed in.
    #[must_use]
    pub fn session(&self, name: &str, until: u64) -> String {
        self.sealed(&format!("session|{until}|{name}"))
    }

    /// Of whom it says that, and until when; none where it was not made here.
    #[must_use]
    pub fn read_session(&self, session: &str) -> Option<(String, u64)> {
        let content = self.opened(session)?;
        let (until, name) = content.strip_prefix("session|")?.split_once('|')?;
        Some((name.to_owned(), until.parse().ok()?))
    }

    fn token(&self, Link { call, digest, approver, until }: &Link) -> String {
        self.sealed(&format!("1|{call}|{digest}|{until}|{approver}"))
    }

    fn sealed(&self, content: &str) -> String {
        let mac = HMAC::mac(content.as_bytes(), &self.key);
        [URL_SAFE_NO_PAD.encode(content), URL_SAFE_NO_PAD.encode(mac)].join(".")
    }

    /// What a token of a link says; none where it was not made here.
    #[must_use]
    pub fn read(&self, token: &str) -> Option<Link> {
        let content = self.opened(token)?;
        let mut fields = content.splitn(5, '|');
        if fields.next()? != "1" {
            return None;
        }
        Some(Link {
            call: fields.next()?.to_owned(),
            digest: fields.next()?.to_owned(),
            until: fields.next()?.parse().ok()?,
            approver: fields.next()?.to_owned(),
        })
    }

    fn opened(&self, token: &str) -> Option<String> {
        let (content, mac) = token.split_once('.')?;
        let content = URL_SAFE_NO_PAD.decode(content).ok()?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        let expected = HMAC::mac(&content, &self.key);
        // Macs of macs are compared, so the time that it takes tells nothing about the first ones.
        if HMAC::mac(mac, &self.key) != HMAC::mac(expected, &self.key) {
            return None;
        }
        String::from_utf8(content).ok()
    }
}

/// How long a link is good for a call that never runs out: four weeks.
const LINK_MS: u64 = 28 * 24 * 60 * 60 * 1000;
