//! The variables, one by one. A value that cannot be used becomes a fault and the rest is read on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::client::is_loopback;

use super::{Callers, Config, ConfigError, Fault, Jwt, KeyHeader, Limits, Upstream};

pub(super) struct Reader<V> {
    variable: V,
    faults: Vec<Fault>,
}

impl<V: Fn(&str) -> Option<String>> Reader<V> {
    pub(super) fn new(variable: V) -> Self {
        Reader { variable, faults: Vec::new() }
    }

    pub(super) fn config(mut self) -> Result<Config, ConfigError> {
        let default = Config::default();
        let callers = self.callers();
        let config = Config {
            addr: self.addr(callers.are_known()).unwrap_or(default.addr),
            upstream: self.upstream().unwrap_or(default.upstream),
            allowed_origins: self.origins(),
            callers,
            models: self.list("HOLDPOINT_MODELS"),
            extra_fields: self.list("HOLDPOINT_EXTRA_FIELDS"),
            body_bytes_max: self
                .parsed("HOLDPOINT_MAX_BODY", "a number of bytes, 1 or more", |text| {
                    text.parse().ok().filter(|bytes| *bytes > 0)
                })
                .unwrap_or(default.body_bytes_max),
            limits: self.limits(&default.limits),
            trusted_fronts: self.fronts(),
            metrics_token: self.secret("HOLDPOINT_METRICS_TOKEN"),
            serve: self.parsed("HOLDPOINT_SERVE", "a directory with an index.html", |text| {
                let directory = PathBuf::from(text);
                directory.join("index.html").is_file().then_some(directory)
            }),
        };
        if self.faults.is_empty() { Ok(config) } else { Err(ConfigError { faults: self.faults }) }
    }

    fn addr(&mut self, callers_are_known: bool) -> Option<SocketAddr> {
        let public = self.parsed("HOLDPOINT_INSECURE_PUBLIC", "1, or nothing", |text| {
            (text == "1").then_some(())
        });
        let expected = "HOST:PORT with an IP address or localhost";
        let addr = self.parsed("HOLDPOINT_ADDR", expected, |text| {
            match text.strip_prefix("localhost:") {
                Some(port) => Some(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port.parse().ok()?)),
                None => text.parse().ok(),
            }
        })?;
        if !addr.ip().is_loopback() && public.is_none() && !callers_are_known {
            let message = format!(
                "{addr} can be reached from other machines, and callers are not authenticated: \
                 set HOLDPOINT_TOKENS or HOLDPOINT_JWKS_URL, use a loopback address, or accept it \
                 with HOLDPOINT_INSECURE_PUBLIC=1"
            );
            self.faults.push(Fault { variable: "HOLDPOINT_ADDR", message });
        }
        Some(addr)
    }

    fn upstream(&mut self) -> Option<Upstream> {
        let pace = self
            .parsed("HOLDPOINT_DEMO_PACE", "milliseconds", |text| text.parse().ok())
            .map_or(DEMO_PACE, Duration::from_millis);
        let named = self.value("HOLDPOINT_UPSTREAM");
        if named.as_deref() == Some("demo") {
            return Some(Upstream::Demo { pace });
        }
        let expected = "`demo` or an http(s) URL without user, query or fragment";
        let base = self.parsed("HOLDPOINT_UPSTREAM", expected, base_url);
        let is_anthropic = base.as_ref().is_some_and(|base| is_of(base, "anthropic.com"));
        let of_providers = if is_anthropic {
            ["ANTHROPIC_API_KEY", "OPENAI_API_KEY"]
        } else {
            ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"]
        };
        let mut variables = ["HOLDPOINT_UPSTREAM_KEY"].into_iter().chain(of_providers);
        let variable = variables.find(|variable| self.value(variable).is_some());
        let key = variable.and_then(|variable| self.secret(variable));
        let base = match (&named, variable) {
            (Some(_), _) => base?,
            (None, None) => return Some(Upstream::Demo { pace }),
            (None, Some("ANTHROPIC_API_KEY")) => base_url(ANTHROPIC)?,
            (None, Some(_)) => base_url(OPENAI)?,
        };
        let expected = "`bearer`, `x-api-key` or `api-key`";
        let key_header = self.parsed("HOLDPOINT_UPSTREAM_KEY_HEADER", expected, |text| {
            let known = ["bearer", "x-api-key", "api-key"];
            let headers = [KeyHeader::Bearer, KeyHeader::XApiKey, KeyHeader::ApiKey];
            Some(headers[known.iter().position(|name| *name == text)?])
        });
        let key_header = key_header.unwrap_or_else(|| key_header_of(&base));
        Some(Upstream::Provider { base, key, key_header })
    }

    fn callers(&mut self) -> Callers {
        let mut tokens: Vec<(String, SecretString)> = Vec::new();
        for item in self.list("HOLDPOINT_TOKENS") {
            let named = item.split_once('=').filter(|(name, token)| {
                !name.is_empty() && token.len() >= TOKEN_CHARS_MIN && is_printable(token)
            });
            match named {
                Some((name, token)) => tokens.push((name.into(), token.into())),
                // The value is not shown: it is a secret, or nearly one.
                None => self.faults.push(Fault {
                    variable: "HOLDPOINT_TOKENS",
                    message: format!(
                        "expected NAME=TOKEN, with commas between, each token at least \
                         {TOKEN_CHARS_MIN} printable characters of ASCII"
                    ),
                }),
            }
        }
        Callers { tokens, jwt: self.jwt() }
    }

    fn jwt(&mut self) -> Option<Jwt> {
        let expected = "an https URL, or an http URL of this machine";
        let jwks = self.parsed("HOLDPOINT_JWKS_URL", expected, |text| {
            let url = Url::parse(text).ok().filter(Url::has_host)?;
            let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url);
            is_safe.then_some(url)
        });
        let issuer = self.value("HOLDPOINT_JWT_ISSUER");
        let audience = self.value("HOLDPOINT_JWT_AUDIENCE");
        let named = [
            ("HOLDPOINT_JWKS_URL", self.value("HOLDPOINT_JWKS_URL").is_some()),
            ("HOLDPOINT_JWT_ISSUER", issuer.is_some()),
            ("HOLDPOINT_JWT_AUDIENCE", audience.is_some()),
        ];
        if named.iter().any(|(_, is_set)| *is_set) {
            for (variable, _) in named.iter().filter(|(_, is_set)| !is_set) {
                let message = "is needed to check tokens, as its two neighbours are set".to_owned();
                self.faults.push(Fault { variable, message });
            }
        }
        Some(Jwt { jwks: jwks?, issuer: issuer?, audience: audience? })
    }

    fn limits(&mut self, default: &Limits) -> Limits {
        Limits {
            rate: self.limit("HOLDPOINT_RATE", default.rate),
            address_rate: self.limit("HOLDPOINT_ADDRESS_RATE", default.address_rate),
            streams: self.limit("HOLDPOINT_STREAMS", default.streams),
            address_streams: self.limit("HOLDPOINT_ADDRESS_STREAMS", default.address_streams),
            tokens_per_day: self.limit("HOLDPOINT_TOKENS_PER_DAY", default.tokens_per_day),
        }
    }

    fn limit<N: FromStr + Default + PartialEq>(
        &mut self,
        variable: &'static str,
        default: Option<N>,
    ) -> Option<N> {
        let expected = "a whole number, or 0 for no limit";
        match self.parsed(variable, expected, |text| text.parse::<N>().ok()) {
            Some(number) => (number != N::default()).then_some(number),
            None => default,
        }
    }

    fn fronts(&mut self) -> Vec<IpNet> {
        let mut fronts = Vec::new();
        for text in self.list("HOLDPOINT_TRUSTED_FRONTS") {
            let one = || text.parse::<IpAddr>().ok().map(IpNet::from);
            match text.parse().ok().or_else(one) {
                Some(front) => fronts.push(front),
                None => self.faults.push(Fault {
                    variable: "HOLDPOINT_TRUSTED_FRONTS",
                    message: expected_found("addresses or networks such as 10.0.0.0/8", &text),
                }),
            }
        }
        fronts
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

    fn secret(&mut self, variable: &'static str) -> Option<SecretString> {
        let secret = self.value(variable).map(SecretString::from)?;
        if is_printable(secret.expose_secret()) {
            return Some(secret);
        }
        // The value is not shown: it may be a key with a slip in it.
        let message = "expected printable ASCII without spaces".into();
        self.faults.push(Fault { variable, message });
        None
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
    // What stands before an @ in a URL may be a password.
    if found.contains('@') {
        return format!("expected {expected}, found a value with an @");
    }
    format!("expected {expected}, found `{found}`")
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn base_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    (web && bare && url.password().is_none()).then_some(url)
}

fn key_header_of(base: &Url) -> KeyHeader {
    if is_of(base, "anthropic.com") {
        KeyHeader::XApiKey
    } else if is_of(base, "azure.com") {
        KeyHeader::ApiKey
    } else {
        KeyHeader::ByRoute
    }
}

fn is_of(url: &Url, domain: &str) -> bool {
    let host = url.host_str().unwrap_or_default();
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

const OPENAI: &str = "https://api.openai.com/v1";

const ANTHROPIC: &str = "https://api.anthropic.com/v1";

pub(super) const DEMO_PACE: Duration = Duration::from_millis(20);

/// A shorter token could be guessed.
const TOKEN_CHARS_MIN: usize = 16;
