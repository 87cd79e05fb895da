//! The proxy as its operator meets it: variables in, a line or an exit out, and the served page.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use axum::http::StatusCode;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
};
use holdpoint_proxy::{Config, KeyHeader, Upstream};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::{configured, demo, get, refused, send, text};

#[test]
fn nothing_set_means_the_stand_in_on_loopback() {
    let config = configured(&[("HOLDPOINT_UPSTREAM", " ")]).unwrap();
    assert!(config.addr.ip().is_loopback() && config.addr.port() == 8787);
    assert!(matches!(config.upstream, Upstream::Demo { .. }));
}

#[test]
fn key_alone_means_openai() {
    for name in ["HOLDPOINT_UPSTREAM_KEY", "OPENAI_API_KEY"] {
        let (base, key) = provider(&[(name, "sk-1")]);
        assert_eq!((base.as_str(), key.as_deref()), ("https://api.openai.com/v1", Some("sk-1")));
    }
}

#[test]
fn upstream_may_be_any_base_url() {
    let (base, key) = provider(&[("HOLDPOINT_UPSTREAM", "http://localhost:11434/v1")]);
    assert_eq!((base.as_str(), key), ("http://localhost:11434/v1", None));
    let named = [("HOLDPOINT_UPSTREAM", "demo"), ("OPENAI_API_KEY", "sk-1")];
    assert!(matches!(configured(&named).unwrap().upstream, Upstream::Demo { .. }));
}

#[test]
fn lists_and_sizes_are_read() {
    let config = configured(&[
        ("HOLDPOINT_ADDR", "localhost:0"),
        ("HOLDPOINT_ALLOWED_ORIGINS", "https://Shop.example/, http://localhost:3000"),
        ("HOLDPOINT_MODELS", "gpt-5, gpt-5-mini,"),
        ("HOLDPOINT_MAX_BODY", "4096"),
    ])
    .unwrap();
    assert_eq!(config.addr.to_string(), "127.0.0.1:0");
    assert_eq!(config.allowed_origins, ["https://shop.example", "http://localhost:3000"]);
    assert_eq!(config.models, ["gpt-5", "gpt-5-mini"]);
    assert_eq!(config.body_bytes_max, 4096);
}

#[test]
fn every_fault_is_told_at_once_and_no_key_shown() {
    let error = configured(&[
        ("HOLDPOINT_ADDR", "0.0.0.0:80"),
        ("HOLDPOINT_UPSTREAM", "ftp://example"),
        ("HOLDPOINT_UPSTREAM_KEY", "sk-1 sk-2"),
        ("HOLDPOINT_DEMO_PACE", "fast"),
        ("HOLDPOINT_ALLOWED_ORIGINS", "*,https://a.example/path"),
        ("HOLDPOINT_MAX_BODY", "0"),
        ("HOLDPOINT_SERVE", "no-such-directory"),
    ])
    .unwrap_err();
    let names: Vec<&str> = error.faults.iter().map(|fault| fault.variable).collect();
    assert_eq!(
        names,
        [
            "HOLDPOINT_ADDR",
            "HOLDPOINT_DEMO_PACE",
            "HOLDPOINT_UPSTREAM",
            "HOLDPOINT_UPSTREAM_KEY",
            "HOLDPOINT_ALLOWED_ORIGINS",
            "HOLDPOINT_ALLOWED_ORIGINS",
            "HOLDPOINT_MAX_BODY",
            "HOLDPOINT_SERVE",
        ]
    );
    let text = error.to_string();
    assert_eq!(text.lines().count(), names.len());
    assert!(!text.contains("sk-"), "{text}");
}

#[test]
fn public_address_needs_a_word() {
    let public = ("HOLDPOINT_ADDR", "0.0.0.0:80");
    assert!(configured(&[public]).is_err());
    assert!(configured(&[public, ("HOLDPOINT_INSECURE_PUBLIC", "yes")]).is_err());
    assert!(configured(&[public, ("HOLDPOINT_INSECURE_PUBLIC", "1")]).is_ok());
    assert!(configured(&[public, ("HOLDPOINT_TOKENS", "alice=0123456789abcdef")]).is_ok());
}

#[test]
fn key_of_a_provider_goes_to_that_provider() {
    let keys = [("OPENAI_API_KEY", "sk-o"), ("ANTHROPIC_API_KEY", "sk-a")];
    let found = |variables: &[(&str, &str)]| {
        let (base, key) = provider(variables);
        (base, key.unwrap())
    };
    let of = |base: &str, key: &str| (base.to_owned(), key.to_owned());
    assert_eq!(found(&keys), of("https://api.openai.com/v1", "sk-o"));
    assert_eq!(found(&keys[1..]), of("https://api.anthropic.com/v1", "sk-a"));
    let anthropic = ("HOLDPOINT_UPSTREAM", "https://api.anthropic.com/v1");
    assert_eq!(found(&[keys[0], keys[1], anthropic]), of("https://api.anthropic.com/v1", "sk-a"));
    let own = ("HOLDPOINT_UPSTREAM_KEY", "sk-h");
    assert_eq!(found(&[keys[0], keys[1], own]), of("https://api.openai.com/v1", "sk-h"));
}

#[test]
fn header_of_the_key_follows_from_the_upstream_unless_it_is_named() {
    for (upstream, named, expected) in [
        ("https://api.openai.com/v1", "", KeyHeader::ByRoute),
        ("http://127.0.0.1:4000/v1", "", KeyHeader::ByRoute),
        ("https://api.anthropic.com/v1", "", KeyHeader::XApiKey),
        ("https://ours.openai.azure.com/openai/v1", "", KeyHeader::ApiKey),
        ("https://notazure.com/v1", "", KeyHeader::ByRoute),
        ("https://ours.openai.azure.com/openai/v1", "bearer", KeyHeader::Bearer),
    ] {
        let variables =
            [("HOLDPOINT_UPSTREAM", upstream), ("HOLDPOINT_UPSTREAM_KEY_HEADER", named)];
        match configured(&variables).unwrap().upstream {
            Upstream::Provider { key_header, .. } => assert_eq!(key_header, expected, "{upstream}"),
            upstream => panic!("{upstream:?}"),
        }
    }
}

#[test]
fn callers_and_limits_are_read() {
    let config = configured(&[
        ("HOLDPOINT_ADDR", "0.0.0.0:8787"),
        ("HOLDPOINT_TOKENS", "alice=0123456789abcdef, bob=fedcba9876543210"),
        ("HOLDPOINT_JWKS_URL", "https://issuer.example/keys"),
        ("HOLDPOINT_JWT_ISSUER", "https://issuer.example"),
        ("HOLDPOINT_JWT_AUDIENCE", "holdpoint"),
        ("HOLDPOINT_RATE", "30"),
        ("HOLDPOINT_STREAMS", "0"),
        ("HOLDPOINT_TOKENS_PER_DAY", "200000"),
        ("HOLDPOINT_TRUSTED_FRONTS", "10.0.0.0/8, ::1"),
    ])
    .unwrap();
    let names: Vec<&str> = config.callers.tokens.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["alice", "bob"]);
    assert_eq!(config.callers.jwt.unwrap().audience, "holdpoint");
    assert_eq!((config.limits.rate, config.limits.streams), (Some(30), None));
    assert_eq!(config.limits.address_rate, Some(2400));
    assert_eq!(config.limits.tokens_per_day, Some(200_000));
    assert_eq!(config.trusted_fronts.len(), 2);
}

#[test]
fn faults_of_callers_and_limits_are_told_at_once_and_show_no_secret() {
    let error = configured(&[
        ("HOLDPOINT_TOKENS", "alice=secret,secretsecretsecret"),
        ("HOLDPOINT_JWKS_URL", "http://issuer.example/keys"),
        ("HOLDPOINT_JWT_ISSUER", "https://issuer.example"),
        ("HOLDPOINT_UPSTREAM", "https://me:secret@example.com/v1"),
        ("HOLDPOINT_UPSTREAM_KEY_HEADER", "x-key"),
        ("HOLDPOINT_RATE", "many"),
        ("HOLDPOINT_TRUSTED_FRONTS", "nginx"),
    ])
    .unwrap_err();
    let names: Vec<&str> = error.faults.iter().map(|fault| fault.variable).collect();
    assert_eq!(
        names,
        [
            "HOLDPOINT_TOKENS",
            "HOLDPOINT_TOKENS",
            "HOLDPOINT_JWKS_URL",
            "HOLDPOINT_JWT_AUDIENCE",
            "HOLDPOINT_UPSTREAM",
            "HOLDPOINT_RATE",
            "HOLDPOINT_TRUSTED_FRONTS",
        ]
    );
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn page_is_served_with_its_types_and_its_policy() {
    let page = Page::new("types");
    let config = Config { serve: Some(page.0.clone()), ..demo() };
    for (path, kind) in [
        ("/", "text/html"),
        ("/index.html", "text/html"),
        ("/holdpoint.js", "text/javascript"),
        ("/holdpoint_bg.wasm", "application/wasm"),
        ("/manifest.webmanifest", "application/manifest+json"),
    ] {
        let response = send(&config, get(path)).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let headers = response.headers();
        assert!(headers[CONTENT_TYPE].to_str().unwrap().starts_with(kind), "{path}: {headers:?}");
        assert_eq!(headers[CACHE_CONTROL], "no-cache");
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval';"));
        assert!(policy.contains("require-trusted-types-for 'script'"));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
    }
}

#[tokio::test]
async fn compressed_file_is_served_to_who_takes_it() {
    let page = Page::new("compressed");
    let config = Config { serve: Some(page.0.clone()), ..demo() };
    let mut request = get("/holdpoint_bg.wasm");
    request.headers_mut().insert(ACCEPT_ENCODING, "gzip, br".parse().unwrap());
    let response = send(&config, request).await;
    assert_eq!(response.headers()[CONTENT_ENCODING], "br");
    assert_eq!(response.headers()[CONTENT_TYPE], "application/wasm");
    assert_eq!(text(response).await, "compressed");
    assert_eq!(text(send(&config, get("/holdpoint_bg.wasm")).await).await, "plain");
}

#[tokio::test]
async fn page_does_not_hide_the_api_nor_leave_its_directory() {
    let page = Page::new("beside");
    let config = Config { serve: Some(page.0.clone()), ..demo() };
    for path in ["/nothing", "/v1/nothing", "/../Cargo.toml", "/%2e%2e/Cargo.toml"] {
        refused(&config, get(path), StatusCode::NOT_FOUND, "route_unknown").await;
    }
    assert_eq!(send(&config, get("/healthz")).await.status(), StatusCode::OK);
}

#[test]
fn program_names_its_port_answers_and_stops_when_told() {
    let mut program = start(&[("HOLDPOINT_ADDR", "127.0.0.1:0")]);
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let addr = line.strip_prefix("holdpoint-proxy listening on http://").unwrap();
    let addr = addr.strip_suffix("/\n").unwrap();

    let mut caller = TcpStream::connect(addr).unwrap();
    caller.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    caller.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with(r#"{"status":"ok"}"#), "{answer}");

    if cfg!(unix) {
        let id = program.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(program.0.wait().unwrap().success());
    }
}

#[cfg(unix)]
#[test]
fn program_logs_a_line_of_json_for_each_request() {
    let mut program = start(&[("HOLDPOINT_ADDR", "127.0.0.1:0"), ("HOLDPOINT_DEMO_PACE", "0")]);
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let addr = line.trim().trim_end_matches('/').rsplit('/').next().unwrap();
    let mut caller = TcpStream::connect(addr).unwrap();
    let head = "POST /v1/\"x\" HTTP/1.1\r\nhost: a\r\nx-request-id: a-0\r\n\r\n\
                POST /v1/responses HTTP/1.1\r\nhost: a\r\nx-request-id: a-1\r\nconnection: close\r\n\
                content-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    caller.write_all(head.as_bytes()).unwrap();
    caller.read_to_string(&mut String::new()).unwrap();

    let id = program.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let lines = BufReader::new(program.0.stderr.take().unwrap()).lines();
    let lines: Vec<Value> =
        lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    let [unknown, answered] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(
        (&unknown["path"], &unknown["code"]),
        (&"/v1/\"x\"".into(), &"route_unknown".into())
    );
    assert_eq!(unknown["span"], json!({ "request_id": "a-0" }));
    assert_eq!((&answered["level"], &answered["message"]), (&"INFO".into(), &"answered".into()));
    assert_eq!((&answered["status"], &answered["method"]), (&200.into(), &"POST".into()));
    assert!(answered["head_ms"].is_f64() && answered["timestamp"].is_string(), "{answered}");
    assert_eq!(answered["target"], "holdpoint_proxy::observe");
    let span = json!({ "request_id": "a-1", "caller": "address:127.0.0.1" });
    assert_eq!(answered["span"], span);
}

#[test]
fn program_does_not_start_with_a_fault() {
    let mut program = start(&[("HOLDPOINT_ADDR", "here"), ("HOLDPOINT_MAX_BODY", "much")]);
    assert_eq!(program.0.wait().unwrap().code(), Some(2));
    let mut lines = String::new();
    program.0.stderr.take().unwrap().read_to_string(&mut lines).unwrap();
    assert_eq!(
        lines,
        "holdpoint-proxy: HOLDPOINT_ADDR: expected HOST:PORT with an IP address or localhost, \
         found `here`\n\
         holdpoint-proxy: HOLDPOINT_MAX_BODY: expected a number of bytes, 1 or more, found `much`\n"
    );
}

#[track_caller]
fn provider(variables: &[(&str, &str)]) -> (String, Option<String>) {
    match configured(variables).unwrap().upstream {
        Upstream::Provider { base, key, .. } => {
            (base.to_string(), key.map(|key| key.expose_secret().to_owned()))
        }
        upstream => panic!("{upstream:?}"),
    }
}

/// The program, with no variables but these; it does not outlive the test.
pub(crate) struct Program(pub(crate) Child);

/// The program with no more than so many descriptors.
#[cfg(unix)]
pub(crate) fn start_with_descriptors(descriptors: u32, variables: &[(&str, &str)]) -> Program {
    let mut command = Command::new("/bin/sh");
    let script = format!("ulimit -n {descriptors} && exec \"$0\"");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_holdpoint-proxy")]);
    command.env_clear().envs(variables.iter().copied());
    Program(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap())
}

pub(crate) fn start(variables: &[(&str, &str)]) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdpoint-proxy"));
    command.env_clear().envs(variables.iter().copied());
    Program(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A built page in a directory of its own.
struct Page(PathBuf);

impl Page {
    fn new(name: &str) -> Self {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&directory).unwrap();
        for (file, content) in [
            ("index.html", "<!doctype html>"),
            ("holdpoint.js", "export {}"),
            ("manifest.webmanifest", "{}"),
            ("holdpoint_bg.wasm", "plain"),
            ("holdpoint_bg.wasm.br", "compressed"),
        ] {
            fs::write(directory.join(file), content).unwrap();
        }
        Page(directory)
    }
}
