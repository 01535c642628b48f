//! Access tokens: what is believed and what is not.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chatapp_http::{Audience, AuthFailure, Caller, TokenVerifier, V0Caller};
use chatapp_types::auth::Scope;
use chatapp_types::{ErrorCode, SessionId, Timestamp};
use http::Request;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use time::Duration;
use tower::ServiceExt as _;

use crate::signing::{Bench, SigningKey, noon};
use crate::wire::DEADLINE;

async fn refused(bench: &Bench, token: &str) -> AuthFailure {
    bench.verifier.verify(token, Audience::App).await.expect_err("refused")
}

fn part(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

#[tokio::test]
async fn a_good_token_is_its_caller() {
    let bench = Bench::new();
    let caller = bench.verifier.verify(&bench.token(), Audience::App).await.unwrap();
    assert_eq!(caller.username, "alice");
    assert_eq!(caller.session, bench.session);
    assert_eq!(caller.expires_at, Timestamp::from_millis(noon().millis() + 600_000));
    assert_eq!(caller.scopes, [Scope::Read, Scope::Write]);
    assert_eq!(caller.user_ref().id, caller.user);
    assert!(caller.require(Scope::Write).is_ok());
    assert_eq!(caller.require(Scope::Account).unwrap_err().code, ErrorCode::InsufficientScope);
}

#[tokio::test]
async fn a_token_without_algorithm_is_refused() {
    let bench = Bench::new();
    for alg in ["none", "None", "NONE", ""] {
        let header = part(&json!({ "alg": alg, "typ": "JWT", "kid": "key-1" }));
        for signature in ["", "AAAA"] {
            let token = format!("{header}.{}.{signature}", part(&bench.claims()));
            assert_eq!(refused(&bench, &token).await, AuthFailure::Invalid, "{alg}");
        }
    }
}

#[tokio::test]
async fn a_token_signed_with_the_public_key_as_a_secret_is_refused() {
    let bench = Bench::new();
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let mut header = Header::new(algorithm);
        header.kid = Some("key-1".to_owned());
        let jwk = serde_json::to_vec(&bench.key.jwk()).unwrap();
        for secret in [bench.key.public(), jwk] {
            let token = encode(&header, &bench.claims(), &EncodingKey::from_secret(&secret)).unwrap();
            assert_eq!(refused(&bench, &token).await, AuthFailure::Invalid);
        }
    }
}

#[tokio::test]
async fn a_header_that_brings_or_points_to_a_key_is_refused() {
    type Change = fn(&mut Header, &SigningKey);
    let bench = Bench::new();
    let foreign = SigningKey::generate("key-1");
    let changes: [(&str, Change); 7] = [
        ("jku", |h, _| h.jku = Some("https://evil.example/keys".to_owned())),
        ("x5u", |h, _| h.x5u = Some("https://evil.example/cert".to_owned())),
        ("jwk", |h, key| h.jwk = Some(key.jwk())),
        ("x5c", |h, _| h.x5c = Some(vec!["AAAA".to_owned()])),
        ("x5t", |h, _| h.x5t = Some("AAAA".to_owned())),
        ("crit", |h, _| h.crit = Some(vec!["exp".to_owned()])),
        ("typ", |h, _| h.typ = Some("rt+jwt".to_owned())),
    ];
    for (name, change) in changes {
        // Signed by the right key, so that nothing but the header is wrong; and by the one that it brings.
        for signer in [&bench.key, &foreign] {
            let mut header = signer.header();
            change(&mut header, &foreign);
            let token = signer.sign_with(&header, &bench.claims());
            assert_eq!(refused(&bench, &token).await, AuthFailure::Invalid, "{name}");
        }
    }
}

#[tokio::test]
async fn times_that_are_text_or_fractions_are_refused() {
    let bench = Bench::new();
    let now = noon().seconds();
    for claim in ["exp", "nbf", "iat"] {
        for value in [json!(format!("{}", now + 60)), json!(1.5e10), json!([now]), json!("never"), json!(true)] {
            let token = bench.token_with(|claims| claims[claim] = value.clone());
            assert_eq!(refused(&bench, &token).await, AuthFailure::Invalid, "{claim} {value}");
        }
    }
}

#[tokio::test]
async fn every_claim_is_required() {
    let bench = Bench::new();
    for claim in ["iss", "aud", "sub", "name", "sid", "scope", "iat", "exp"] {
        for absent in [true, false] {
            let token = bench.token_with(|claims| {
                if absent {
                    claims.as_object_mut().unwrap().remove(claim);
                } else {
                    claims[claim] = Value::Null;
                }
            });
            assert_eq!(refused(&bench, &token).await, AuthFailure::Invalid, "{claim}");
        }
    }
}

#[tokio::test]
async fn a_token_of_another_audience_or_issuer_is_refused() {
    let bench = Bench::new();
    for aud in [json!("v0"), json!("other"), json!(["chatapp", "v0"]), json!("")] {
        let token = bench.token_with(|claims| claims["aud"] = aud.clone());
        assert_eq!(refused(&bench, &token).await, AuthFailure::Invalid, "{aud}");
    }
    let token = bench.token_with(|claims| claims["iss"] = json!("elsewhere"));
    assert_eq!(refused(&bench, &token).await, AuthFailure::Invalid);
    let good = bench.token();
    assert!(bench.verifier.verify(&good, Audience::App).await.is_ok());
    assert_eq!(bench.verifier.verify(&good, Audience::V0).await, Err(AuthFailure::Invalid));
}

#[tokio::test]
async fn a_token_that_would_live_too_long_is_refused() {
    let bench = Bench::new();
    let now = noon().seconds();
    let token = bench.token_with(|claims| claims["exp"] = json!(now + 601));
    assert_eq!(refused(&bench, &token).await, AuthFailure::Invalid);
    let token = bench.token_with(|claims| {
        claims["iat"] = json!(i64::MIN);
        claims["exp"] = json!(i64::MAX);
    });
    assert_eq!(refused(&bench, &token).await, AuthFailure::Invalid);
    let v0 = |life: i64| {
        bench.token_with(|claims| {
            claims["aud"] = json!("v0");
            claims["exp"] = json!(now + life);
        })
    };
    assert!(bench.verifier.verify(&v0(1_800), Audience::V0).await.is_ok());
    assert_eq!(bench.verifier.verify(&v0(1_801), Audience::V0).await, Err(AuthFailure::Invalid));
}

#[tokio::test]
async fn a_token_from_the_future_is_refused() {
    let bench = Bench::new();
    let now = noon().seconds();
    for claim in ["iat", "nbf"] {
        let token = bench.token_with(|claims| claims[claim] = json!(now + 6));
        assert_eq!(refused(&bench, &token).await, AuthFailure::Invalid, "{claim}");
        let token = bench.token_with(|claims| claims[claim] = json!(now + 5));
        assert!(bench.verifier.verify(&token, Audience::App).await.is_ok(), "{claim}");
    }
}

#[tokio::test]
async fn a_token_ends_at_its_time_though_it_was_seen_before() {
    let bench = Bench::new();
    let token = bench.token();
    assert!(bench.verifier.verify(&token, Audience::App).await.is_ok());
    bench.clock.advance(Duration::seconds(604));
    assert!(bench.verifier.verify(&token, Audience::App).await.is_ok(), "within the leeway");
    bench.clock.advance(Duration::seconds(1));
    assert_eq!(refused(&bench, &token).await, AuthFailure::Expired);
}

#[tokio::test]
async fn a_session_that_ended_ends_its_tokens_though_they_were_seen_before() {
    let bench = Bench::new();
    let token = bench.token();
    assert!(bench.verifier.verify(&token, Audience::App).await.is_ok());
    bench.revocations.note(bench.session, noon());
    assert_eq!(refused(&bench, &token).await, AuthFailure::Revoked);
}

#[tokio::test]
async fn a_changed_token_is_refused() {
    let bench = Bench::new();
    let token = bench.token();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let mut claims = bench.claims();
    claims["scope"] = json!("read write moderate account");
    let raised = format!("{header}.{}.{signature}", part(&claims));
    for changed in [raised, signed.to_owned(), format!("{signed}."), format!("{token}."), format!("{token}A")] {
        assert_eq!(refused(&bench, &changed).await, AuthFailure::Invalid, "{changed}");
    }
    for garbage in [".", "..", "a.b.c", "\u{0}", "x".repeat(100_000).as_str()] {
        assert_eq!(refused(&bench, garbage).await, AuthFailure::Invalid);
    }
    assert_eq!(refused(&bench, "").await, AuthFailure::Missing);
}

#[tokio::test]
async fn a_thousand_unknown_keys_cost_one_fetch_in_thirty_seconds() {
    let bench = Bench::new();
    assert!(bench.verifier.verify(&bench.token(), Audience::App).await.is_ok());
    assert_eq!(bench.published.asked(), 1, "the first token loads the keys");
    for round in 1..=2 {
        let strangers = (0..1_000).map(|n| {
            let stranger = SigningKey::generate("stranger");
            let mut header = stranger.header();
            header.kid = Some(format!("unknown-{n}"));
            let token = stranger.sign_with(&header, &bench.claims());
            let verifier = bench.verifier.clone();
            async move { verifier.verify(&token, Audience::App).await }
        });
        for result in futures::future::join_all(strangers).await {
            assert_eq!(result, Err(AuthFailure::Invalid));
        }
        assert_eq!(bench.published.asked(), 1 + round);
        bench.clock.advance(Duration::seconds(30));
    }
}

#[tokio::test]
async fn a_new_key_is_found_by_its_first_token() {
    let bench = Bench::new();
    assert!(bench.verifier.verify(&bench.token(), Audience::App).await.is_ok());
    let next = SigningKey::generate("key-2");
    bench.published.set(&[&bench.key, &next]);
    assert!(bench.verifier.verify(&next.sign(&bench.claims()), Audience::App).await.is_ok());
    assert!(bench.verifier.verify(&bench.token(), Audience::App).await.is_ok());
}

#[tokio::test]
async fn a_key_taken_back_ends_its_tokens() {
    let bench = Bench::new();
    let token = bench.token();
    assert!(bench.verifier.verify(&token, Audience::App).await.is_ok());
    let next = SigningKey::generate("key-2");
    bench.published.set(&[&next]);
    assert!(bench.verifier.verify(&next.sign(&bench.claims()), Audience::App).await.is_ok());
    assert_eq!(refused(&bench, &token).await, AuthFailure::Invalid);
}

#[tokio::test]
async fn a_key_taken_back_is_forgotten_after_five_minutes_without_any_unknown_key() {
    let bench = Bench::new();
    let seen = bench.token();
    assert!(bench.verifier.verify(&seen, Audience::App).await.is_ok());
    bench.published.set(&[]);
    bench.clock.advance(Duration::minutes(5));
    // Served from the old set, while the new one is fetched.
    let unseen = bench.token_with(|claims| claims["name"] = json!("bob"));
    assert!(bench.verifier.verify(&unseen, Audience::App).await.is_ok());
    let begun = std::time::Instant::now();
    while bench.verifier.verify(&seen, Audience::App).await.is_ok() {
        assert!(begun.elapsed() < DEADLINE, "the key is still believed");
        tokio::task::yield_now().await;
    }
    assert_eq!(refused(&bench, &seen).await, AuthFailure::Invalid);
}

#[tokio::test]
async fn without_auth_a_new_verifier_says_so_and_a_seasoned_one_goes_on() {
    let bench = Bench::new();
    bench.published.be_away(true);
    assert_eq!(refused(&bench, &bench.token()).await, AuthFailure::Unavailable);
    bench.published.be_away(false);
    bench.clock.advance(Duration::seconds(1));
    assert!(bench.verifier.verify(&bench.token(), Audience::App).await.is_ok());
    bench.published.be_away(true);
    bench.clock.advance(Duration::seconds(60));
    let token = bench.token_with(|claims| claims["name"] = json!("bob"));
    assert!(bench.verifier.verify(&token, Audience::App).await.is_ok());
}

fn app(verifier: Arc<TokenVerifier>) -> Router {
    Router::new()
        .route("/v1", get(async |caller: Caller| caller.username))
        .route("/v0", get(async |V0Caller(caller): V0Caller| caller.username))
        .with_state(verifier)
}

async fn status(app: &Router, path: &str, authorization: &[&str]) -> u16 {
    let mut request = Request::get(path);
    for value in authorization {
        request = request.header("authorization", *value);
    }
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_handler_gets_its_caller_from_the_bearer_header_alone() {
    let bench = Bench::new();
    let app = app(bench.verifier.clone());
    let bearer = format!("Bearer {}", bench.token());
    assert_eq!(status(&app, "/v1", &[&bearer]).await, 200);
    assert_eq!(status(&app, "/v1", &[&bearer.replace("Bearer", "bearer")]).await, 200);
    assert_eq!(status(&app, "/v1", &[]).await, 401);
    assert_eq!(status(&app, "/v1", &[&bearer, &bearer]).await, 401, "two headers");
    assert_eq!(status(&app, "/v1", &[&bearer.replace("Bearer", "Basic")]).await, 401);
    assert_eq!(status(&app, &format!("/v1?access_token={}", bench.token()), &[]).await, 401);
    assert_eq!(status(&app, "/v0", &[&bearer]).await, 401, "a token of the other interface");
    let v0 = bench.token_with(|claims| claims["aud"] = json!("v0"));
    assert_eq!(status(&app, "/v0", &[&format!("Bearer {v0}")]).await, 200);
    assert_eq!(status(&app, "/v1", &[&format!("Bearer {v0}")]).await, 401);
}

#[tokio::test]
async fn unknown_scopes_grant_nothing() {
    let bench = Bench::new();
    let token = bench.token_with(|claims| claims["scope"] = json!("root read ADMIN"));
    let caller = bench.verifier.verify(&token, Audience::App).await.unwrap();
    assert_eq!(caller.scopes, [Scope::Read]);
    assert_ne!(caller.session, SessionId::new());
}
