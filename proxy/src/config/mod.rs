//! What the operator decides: read once from the environment, checked whole.

mod read;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use reqwest::Url;
use secrecy::SecretString;

/// Everything that the proxy does not find in a request.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub addr: SocketAddr,
    /// Who answers.
    pub upstream: Upstream,
    /// Origins of pages, beside the proxy's own, that may call it: `https://shop.example`.
    pub allowed_origins: Vec<String>,
    /// How callers prove who they are; without any, everyone whose origin is allowed may call.
    pub callers: Callers,
    /// Models that may be asked for; any, when the list is empty.
    pub models: Vec<String>,
    /// Fields of a request that may pass beside those of the providers' documentation.
    pub extra_fields: Vec<String>,
    /// The largest request body that is read.
    pub body_bytes_max: usize,
    /// How much one caller and one address may use.
    pub limits: Limits,
    /// Fronts on whose word, `X-Forwarded-For`, the address of a caller is taken.
    pub trusted_fronts: Vec<IpNet>,
    /// Who may read `/metrics`, where it is not for this machine alone.
    pub metrics_token: Option<SecretString>,
    /// A built page to serve beside the API.
    pub serve: Option<PathBuf>,
}

/// Who answers the model requests.
#[derive(Clone, Debug)]
pub enum Upstream {
    /// The stand-in model of the demo, with a pause before each record.
    Demo {
        /// How long that pause is.
        pace: Duration,
    },
    /// A provider, by the URL under which `/responses` lies.
    Provider {
        /// For example `https://api.openai.com/v1`.
        base: Url,
        /// A local server may need none.
        key: Option<SecretString>,
        /// The header that carries the key.
        key_header: KeyHeader,
    },
}

/// The header in which an upstream expects its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyHeader {
    /// `x-api-key` on `/v1/messages`, else a bearer token: what each wire format's inventor expects.
    #[default]
    ByRoute,
    /// `Authorization: Bearer …` everywhere.
    Bearer,
    /// `x-api-key` everywhere: Anthropic.
    XApiKey,
    /// `api-key` everywhere: Azure.
    ApiKey,
}

/// How callers prove who they are. Both ways may be open at once.
#[derive(Clone, Debug, Default)]
pub struct Callers {
    /// Bearer tokens, each with the name of the caller it stands for.
    pub tokens: Vec<(String, SecretString)>,
    /// Tokens of an identity provider.
    pub jwt: Option<Jwt>,
}

impl Callers {
    /// Whether a caller must prove anything.
    pub fn are_known(&self) -> bool {
        !self.tokens.is_empty() || self.jwt.is_some()
    }
}

/// What a JSON Web Token must say.
#[derive(Clone, Debug)]
pub struct Jwt {
    /// Where the issuer publishes its keys.
    pub jwks: Url,
    /// The `iss` of every token.
    pub issuer: String,
    /// What must be among the `aud` of every token.
    pub audience: String,
}

/// Bounds on use; `None` is no bound.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Requests of one caller in a minute.
    pub rate: Option<u32>,
    /// Requests of one address in a minute.
    pub address_rate: Option<u32>,
    /// Answers of one caller under way at once.
    pub streams: Option<u32>,
    /// Answers of one address under way at once.
    pub address_streams: Option<u32>,
    /// Tokens, in and out, of one caller in a day of UTC.
    pub tokens_per_day: Option<u64>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            addr: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8787),
            upstream: Upstream::Demo { pace: read::DEMO_PACE },
            allowed_origins: Vec::new(),
            callers: Callers::default(),
            models: Vec::new(),
            extra_fields: Vec::new(),
            body_bytes_max: 1024 * 1024,
            limits: Limits::default(),
            trusted_fronts: Vec::new(),
            metrics_token: None,
            serve: None,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            rate: Some(600),
            address_rate: Some(2400),
            streams: Some(64),
            address_streams: Some(256),
            tokens_per_day: None,
        }
    }
}

impl Config {
    /// Reads the variables of the process; `docs/deploy.md` has the table of them.
    ///
    /// # Errors
    ///
    /// All faults at once; see [`Config::read`].
    pub fn from_env() -> Result<Self, ConfigError> {
        // A value that is not Unicode keeps a replacement character, which no check lets through.
        Self::read(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// Reads the variables through a function; an empty value counts as none.
    ///
    /// # Errors
    ///
    /// Every variable that cannot be used, each with what was expected: an address that is not
    /// `HOST:PORT`, or not loopback while callers prove nothing; an upstream that is no URL; an
    /// origin with a path; a size that is no number; a directory without an `index.html`; two of
    /// the three variables that check a JSON Web Token.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        read::Reader::new(variable).config()
    }
}

/// Every variable that cannot be used; one line each when displayed.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError {
    /// The faults, in the order the variables are read.
    pub faults: Vec<Fault>,
}

/// One variable that cannot be used.
#[derive(Debug)]
pub struct Fault {
    /// The name of the variable.
    pub variable: &'static str,
    /// What was expected, and what was found unless that is secret.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let line_break = if index == 0 { "" } else { "\n" };
            write!(f, "{line_break}{}: {}", fault.variable, fault.message)?;
        }
        Ok(())
    }
}
