//! Digests of canonical text.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::canonical::{canonical, hex};

/// The SHA-256 digest of a value's [`canonical`] text.
pub fn digest(value: &Value) -> Digest {
    digest_text(&canonical(value))
}

/// The SHA-256 digest of a text as it stands.
pub fn digest_text(text: &str) -> Digest {
    Digest(Sha256::digest(text.as_bytes()).into())
}

/// A SHA-256 digest; written, stored and compared as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The first 8 digits, for a person to compare by eye.
    pub fn short(&self) -> String {
        let mut digits = self.to_string();
        digits.truncate(8);
        digits
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = String::with_capacity(64);
        for byte in self.0 {
            digits.extend(hex(byte));
        }
        f.write_str(&digits)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Digest> for Value {
    fn from(digest: Digest) -> Self {
        digest.to_string().into()
    }
}

/// A text that is not a [`Digest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a digest of 64 lower-case hexadecimal digits")]
pub struct DigestError;

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let mut bytes = [0; 32];
        let pairs = text.as_bytes().chunks(2);
        if text.len() != 64 {
            return Err(DigestError);
        }
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            for digit in pair {
                // `to_digit` also reads upper case, which would give one digest two texts.
                let nibble =
                    char::from(*digit).to_digit(16).filter(|_| !digit.is_ascii_uppercase());
                *byte = *byte << 4 | nibble.ok_or(DigestError)? as u8;
            }
        }
        Ok(Self(bytes))
    }
}
