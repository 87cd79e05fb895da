//! Who may call, where callers must prove who they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::WWW_AUTHENTICATE;
use axum::routing::get;
use holdpoint_proxy::{Callers, Config, Jwt, app};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use serde_json::{Value, json};

use crate::support::{ask, call, demo, listen, says, with};

const TOKEN: &str = "of-alice-0123456789";

#[tokio::test]
async fn caller_with_a_known_token_is_let_in() {
    let tokens = vec![("alice".to_owned(), TOKEN.into())];
    let callers = Callers { tokens, jwt: None };
    // A token speaks for a caller from anywhere: no origin is asked for beside it.
    let addr = "0.0.0.0:8787".parse().unwrap();
    let app = app(Config { addr, callers, ..demo() }).unwrap();
    for (name, value) in [
        ("authorization", format!("Bearer {TOKEN}")),
        ("authorization", format!("bearer  {TOKEN}")),
        ("x-api-key", TOKEN.to_owned()),
        ("api-key", TOKEN.to_owned()),
    ] {
        let response = call(&app, with(ask("{}"), name, &value)).await;
        assert_eq!(response.status(), StatusCode::OK, "{name}: {value}");
    }
    let unknown = StatusCode::UNAUTHORIZED;
    let headers = says(&app, ask("{}"), unknown, "caller_unknown").await;
    assert_eq!(headers[WWW_AUTHENTICATE], "Bearer");
    for value in ["Bearer", "Bearer of-alice-012345678", "Basic b2YtYWxpY2U=", TOKEN] {
        let request = with(ask("{}"), "authorization", value);
        says(&app, request, unknown, "caller_unknown").await;
    }
    let page = with(with(ask("{}"), "x-api-key", TOKEN), "origin", "https://evil.example");
    says(&app, page, StatusCode::FORBIDDEN, "origin_not_allowed").await;
}

#[tokio::test]
async fn token_of_the_issuer_is_checked_whole() {
    let issuer = Issuer::start().await;
    let app = app(issuer.config()).unwrap();
    assert_eq!(call(&app, issuer.ask(json!({}))).await.status(), StatusCode::OK);
    let several = json!({ "aud": ["another", "holdpoint"] });
    assert_eq!(call(&app, issuer.ask(several)).await.status(), StatusCode::OK);
    let now = get_current_timestamp();
    for claims in [
        json!({ "exp": now - 3600 }),
        json!({ "exp": null }),
        json!({ "exp": "soon" }),
        json!({ "nbf": now + 3600 }),
        json!({ "iss": "https://other.example" }),
        json!({ "iss": null }),
        json!({ "aud": "another" }),
        json!({ "aud": null }),
        json!({ "sub": null }),
    ] {
        let refused = issuer.ask(claims.clone());
        let says = says(&app, refused, StatusCode::UNAUTHORIZED, "caller_unknown");
        says.await;
    }
}

#[tokio::test]
async fn signature_that_is_not_the_issuers_is_refused() {
    let issuer = Issuer::start().await;
    let app = app(issuer.config()).unwrap();
    let claims = issuer.claims(json!({}));
    let header = |algorithm, kid: Option<&str>| {
        let mut header = Header::new(algorithm);
        header.kid = kid.map(String::from);
        header
    };
    let (_, other) = key_pair();
    // The issuer's key is public: as a shared secret it would be worth nothing.
    let public = serde_json::to_string(&issuer.public).unwrap();
    let shared = EncodingKey::from_secret(public.as_bytes());
    let good = encode(&header(Algorithm::EdDSA, Some("one")), &claims, &issuer.secret).unwrap();
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    let none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.";
    for token in [
        encode(&header(Algorithm::EdDSA, Some("one")), &claims, &other).unwrap(),
        encode(&header(Algorithm::HS256, Some("one")), &claims, &shared).unwrap(),
        encode(&header(Algorithm::HS256, Some("shared")), &claims, &shared).unwrap(),
        format!("{unsigned}."),
        none.to_owned(),
        "nonsense".to_owned(),
        String::new(),
    ] {
        let request = with(ask("{}"), "authorization", &format!("Bearer {token}"));
        says(&app, request, StatusCode::UNAUTHORIZED, "caller_unknown").await;
    }
    let request = with(ask("{}"), "authorization", &format!("Bearer {good}"));
    assert_eq!(call(&app, request).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn issuer_is_not_asked_for_every_strange_key() {
    let issuer = Issuer::start().await;
    let app = app(issuer.config()).unwrap();
    for kid in 0..50 {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(format!("strange-{kid}"));
        let token = encode(&header, &issuer.claims(json!({})), &issuer.secret).unwrap();
        let request = with(ask("{}"), "authorization", &format!("Bearer {token}"));
        says(&app, request, StatusCode::UNAUTHORIZED, "caller_unknown").await;
    }
    assert_eq!(call(&app, issuer.ask(json!({}))).await.status(), StatusCode::OK);
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn issuer_that_cannot_be_reached_is_said() {
    let issuer = Issuer::start().await;
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = issuer.config();
    let url = format!("http://{}/", gone.local_addr().unwrap());
    config.callers.jwt.as_mut().unwrap().jwks = url.parse().unwrap();
    drop(gone);
    let app = app(config).unwrap();
    let request = issuer.ask(json!({}));
    says(&app, request, StatusCode::SERVICE_UNAVAILABLE, "keys_unavailable").await;
}

/// An identity provider with one key of its own, and one that nobody should take.
struct Issuer {
    jwks: String,
    secret: EncodingKey,
    public: Jwk,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    async fn start() -> Self {
        let (mut public, secret) = key_pair();
        public.common.key_id = Some("one".into());
        let mut shared: Jwk =
            serde_json::from_value(json!({ "kty": "oct", "k": "c2VjcmV0", "alg": "HS256" }))
                .unwrap();
        shared.common.key_id = Some("shared".into());
        let set = serde_json::to_string(&JwkSet { keys: vec![public.clone(), shared] }).unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let answer = get(async move || {
            count.fetch_add(1, Ordering::SeqCst);
            set
        });
        let addr = listen(Router::new().route("/keys", answer)).await;
        Issuer { jwks: format!("http://{addr}/keys"), secret, public, asked }
    }

    fn config(&self) -> Config {
        let jwt = Jwt {
            jwks: self.jwks.parse().unwrap(),
            issuer: "https://issuer.example".into(),
            audience: "holdpoint".into(),
        };
        Config { callers: Callers { tokens: Vec::new(), jwt: Some(jwt) }, ..demo() }
    }

    fn claims(&self, changed: Value) -> Value {
        let mut claims = json!({
            "iss": "https://issuer.example",
            "aud": "holdpoint",
            "sub": "alice",
            "exp": get_current_timestamp() + 3600,
        });
        for (name, value) in changed.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        claims
    }

    /// A request with a token that says what a good one does, but for these claims.
    fn ask(&self, changed: Value) -> Request<Body> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some("one".into());
        let token = encode(&header, &self.claims(changed), &self.secret).unwrap();
        with(ask("{}"), "authorization", &format!("Bearer {token}"))
    }
}

fn key_pair() -> (Jwk, EncodingKey) {
    let random = aws_lc_rs::rand::SystemRandom::new();
    let pair = aws_lc_rs::signature::Ed25519KeyPair::generate_pkcs8v1(&random).unwrap();
    let secret = EncodingKey::from_ed_der(pair.as_ref());
    (Jwk::from_encoding_key(&secret, Algorithm::EdDSA).unwrap(), secret)
}
