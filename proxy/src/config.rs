//! What the operator decides: read once from the environment, checked whole.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

/// Everything that the proxy does not find in a request.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub addr: SocketAddr,
    /// Who answers.
    pub upstream: Upstream,
    /// Origins of pages, beside the proxy's own, that may call it: `https://shop.example`.
    pub allowed_origins: Vec<String>,
    /// Models that may be asked for; any, when the list is empty.
    pub models: Vec<String>,
    /// The largest request body that is read.
    pub body_bytes_max: usize,
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
        /// Sent as a bearer token; a local server may need none.
        key: Option<SecretString>,
    },
}

impl Default for Config {
    fn default() -> Self {
        Config {
            addr: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8787),
            upstream: Upstream::Demo { pace: DEMO_PACE },
            allowed_origins: Vec::new(),
            models: Vec::new(),
            body_bytes_max: 1024 * 1024,
            serve: None,
        }
    }
}

impl Config {
    /// Reads the variables of the process: `HOLDPOINT_ADDR`, `HOLDPOINT_INSECURE_PUBLIC`,
    /// `HOLDPOINT_UPSTREAM` (a base URL, or `demo`; by default the latter when there is no key),
    /// `HOLDPOINT_UPSTREAM_KEY` (or `OPENAI_API_KEY`), `HOLDPOINT_DEMO_PACE` (milliseconds),
    /// `HOLDPOINT_ALLOWED_ORIGINS` and `HOLDPOINT_MODELS` (lists with commas),
    /// `HOLDPOINT_MAX_BODY` (bytes) and `HOLDPOINT_SERVE` (a directory).
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
    /// `HOST:PORT` or not loopback, an upstream that is no URL, an origin with a path, a size that
    /// is no number, a directory without an `index.html`.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader { variable, faults: Vec::new() };
        let default = Config::default();
        let config = Config {
            addr: reader.addr().unwrap_or(default.addr),
            upstream: reader.upstream().unwrap_or(default.upstream),
            allowed_origins: reader.origins(),
            models: reader.list("HOLDPOINT_MODELS"),
            body_bytes_max: reader
                .parsed("HOLDPOINT_MAX_BODY", "a number of bytes, 1 or more", |text| {
                    text.parse().ok().filter(|bytes| *bytes > 0)
                })
                .unwrap_or(default.body_bytes_max),
            serve: reader.parsed("HOLDPOINT_SERVE", "a directory with an index.html", |text| {
                let directory = PathBuf::from(text);
                directory.join("index.html").is_file().then_some(directory)
            }),
        };
        if reader.faults.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError { faults: reader.faults })
        }
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

struct Reader<V> {
    variable: V,
    faults: Vec<Fault>,
}

impl<V: Fn(&str) -> Option<String>> Reader<V> {
    fn addr(&mut self) -> Option<SocketAddr> {
        let expected = "HOST:PORT with an IP address or localhost";
        let addr = self.parsed("HOLDPOINT_ADDR", expected, |text| {
            match text.strip_prefix("localhost:") {
                Some(port) => Some(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port.parse().ok()?)),
                None => text.parse().ok(),
            }
        })?;
        let public = self.parsed("HOLDPOINT_INSECURE_PUBLIC", "1, or nothing", |text| {
            (text == "1").then_some(())
        });
        if !addr.ip().is_loopback() && public.is_none() {
            let message = format!(
                "{addr} can be reached from other machines, and callers are not authenticated: \
                 use a loopback address, or accept it with HOLDPOINT_INSECURE_PUBLIC=1"
            );
            self.faults.push(Fault { variable: "HOLDPOINT_ADDR", message });
        }
        Some(addr)
    }

    fn upstream(&mut self) -> Option<Upstream> {
        let key = self.key();
        let pace = self
            .parsed("HOLDPOINT_DEMO_PACE", "milliseconds", |text| text.parse().ok())
            .map_or(DEMO_PACE, Duration::from_millis);
        let named = self.value("HOLDPOINT_UPSTREAM");
        if named.as_deref().map_or(key.is_none(), |named| named == "demo") {
            return Some(Upstream::Demo { pace });
        }
        let expected = "`demo` or an http(s) URL without user, query or fragment";
        let base = match named {
            None => base_url(OPENAI),
            Some(_) => self.parsed("HOLDPOINT_UPSTREAM", expected, base_url),
        };
        Some(Upstream::Provider { base: base?, key })
    }

    fn key(&mut self) -> Option<SecretString> {
        for variable in ["HOLDPOINT_UPSTREAM_KEY", "OPENAI_API_KEY"] {
            let Some(key) = self.value(variable).map(SecretString::from) else { continue };
            if key.expose_secret().bytes().all(|byte| byte.is_ascii_graphic()) {
                return Some(key);
            }
            // The value is not shown: it may be a key with a slip in it.
            let message = "expected printable ASCII without spaces".into();
            self.faults.push(Fault { variable, message });
            return None;
        }
        None
    }

    fn origins(&mut self) -> Vec<String> {
        let mut origins = Vec::new();
        for text in self.list("HOLDPOINT_ALLOWED_ORIGINS") {
            let url = Url::parse(&text).ok().filter(|url| {
                let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
                bare && url.username().is_empty() && url.origin().is_tuple()
            });
            match url {
                Some(url) => origins.push(url.origin().ascii_serialization()),
                None => self.faults.push(Fault {
                    variable: "HOLDPOINT_ALLOWED_ORIGINS",
                    message: expected_found("origins such as https://shop.example", &text),
                }),
            }
        }
        origins
    }

    fn list(&self, variable: &'static str) -> Vec<String> {
        let value = self.value(variable).unwrap_or_default();
        value.split(',').map(str::trim).filter(|item| !item.is_empty()).map(String::from).collect()
    }

    fn parsed<T>(
        &mut self,
        variable: &'static str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(variable)?;
        let parsed = parse(&value);
        if parsed.is_none() {
            self.faults.push(Fault { variable, message: expected_found(expected, &value) });
        }
        parsed
    }

    fn value(&self, variable: &str) -> Option<String> {
        let value = (self.variable)(variable)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }
}

fn expected_found(expected: &str, found: &str) -> String {
    format!("expected {expected}, found `{found}`")
}

fn base_url(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !web || !bare || url.password().is_some() {
        return None;
    }
    // A last slash makes relative joins go below the base.
    let path = format!("{}/", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Some(url)
}

const OPENAI: &str = "https://api.openai.com/v1";

const DEMO_PACE: Duration = Duration::from_millis(20);
