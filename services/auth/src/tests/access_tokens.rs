//! S4: access tokens.

use std::sync::Arc;

use axum::http::StatusCode;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::scene::{LoggedIn, Scene, claims, part};
use crate::store::KeyStore as _;

/// A token with this header and these claims, signed by the service's own key.
fn forge(scene: &Scene, header: &Value, claims: &Value) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let keys = scene.accounts.keys().current();
    let key = &keys.current(scene.now()).unwrap().private;
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, Algorithm::EdDSA).unwrap();
    format!("{message}.{signature}")
}

async fn refuses(scene: &Scene, token: &str) -> bool {
    let answer = scene.get("/v1/users/me").bearer(token).send().await;
    answer.status == StatusCode::UNAUTHORIZED && answer.json["code"] == "unauthenticated"
}

fn header(token: &LoggedIn) -> Value {
    part(&token.access, 0)
}

#[tokio::test]
async fn a_token_says_what_it_must_and_lives_ten_minutes() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    let header = header(&user);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("EdDSA"), &json!("JWT")));
    let claims = claims(&user.access);
    assert_eq!(
        (&claims["iss"], &claims["aud"], &claims["name"]),
        (&json!("chatapp"), &json!("chatapp"), &json!("alice"))
    );
    assert_eq!(claims["scope"], "read write moderate account");
    assert_eq!(claims["iat"], scene.now().seconds());
    assert_eq!(claims["exp"], scene.now().seconds() + 600);
    assert!(scene.admits(&user.access).await);
    scene.wait(606);
    scene.get("/v1/users/me").bearer(&user.access).send().await.refused(401, "token_expired");
}

#[tokio::test]
async fn the_published_key_is_the_one_that_signs_and_is_cached_briefly() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    let answer = scene.get("/.well-known/jwks.json").send().await.expect(StatusCode::OK);
    assert_eq!(answer.headers["cache-control"], "public, max-age=15");
    let keys = answer.json["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0]["kid"], header(&user)["kid"]);
    let x = keys[0]["x"].as_str().unwrap();
    let key = jsonwebtoken::DecodingKey::from_ed_components(x).unwrap();
    let (message, signature) = user.access.rsplit_once('.').unwrap();
    assert!(jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, Algorithm::EdDSA).unwrap());
}

#[tokio::test]
async fn a_forged_header_is_refused_though_the_signature_is_ours() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    let (good, claims) = (header(&user), claims(&user.access));
    assert!(scene.admits(&forge(&scene, &good, &claims)).await, "an unchanged one is good");
    let jwk = scene.get("/.well-known/jwks.json").send().await.json["keys"][0].clone();
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("jwk", jwk),
        ("kid", json!("unknown")),
        ("crit", json!(["exp"])),
    ] {
        let mut header = good.clone();
        header[name] = value;
        assert!(refuses(&scene, &forge(&scene, &header, &claims)).await, "{header}");
    }
}

#[tokio::test]
async fn a_token_signed_with_the_public_key_as_a_secret_is_refused() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    let x = scene.get("/.well-known/jwks.json").send().await.json["keys"][0]["x"].clone();
    let public = URL_SAFE_NO_PAD.decode(x.as_str().unwrap()).unwrap();
    let kid = header(&user)["kid"].as_str().map(str::to_owned);
    let header = Header { kid, ..Header::new(Algorithm::HS256) };
    let token = jsonwebtoken::encode(&header, &claims(&user.access), &EncodingKey::from_secret(&public)).unwrap();
    assert!(refuses(&scene, &token).await);
}

#[tokio::test]
async fn claims_that_are_missing_or_of_another_type_are_refused() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    let (header, good) = (header(&user), claims(&user.access));
    for name in ["iss", "aud", "sub", "sid", "exp", "iat"] {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        assert!(refuses(&scene, &forge(&scene, &header, &claims)).await, "without {name}");
    }
    let now = scene.now().seconds();
    for (name, value) in [
        ("exp", json!((now + 600).to_string())),
        ("nbf", json!(now.to_string())),
        ("nbf", json!(now + 60)),
        ("exp", json!(now + 601)),
        ("iat", json!(now + 60)),
        ("iss", json!("another")),
        ("aud", json!("v0")),
    ] {
        let mut claims = good.clone();
        claims[name] = value;
        assert!(refuses(&scene, &forge(&scene, &header, &claims)).await, "{claims}");
    }
}

#[tokio::test]
async fn a_new_key_is_published_before_it_signs_and_old_tokens_stay_good() {
    let scene = Scene::new().await;
    let before = scene.register("alice").await;
    let lead = scene.config.tokens.key_lead();
    let rotated = crate::rotate_keys(&scene.db, &scene.secret, &*scene.clock, lead).await.unwrap();
    assert!(scene.accounts.keys().reload().await.unwrap());
    assert!(!scene.accounts.keys().reload().await.unwrap());
    let published = scene.get("/.well-known/jwks.json").send().await.json;
    assert_eq!(published["keys"].as_array().unwrap().len(), 2);
    scene.wait(59);
    assert_eq!(header(&scene.enter("alice").await)["kid"], header(&before)["kid"]);
    scene.wait(1);
    let after = scene.enter("alice").await;
    assert_eq!(header(&after)["kid"], json!(rotated.kid));
    assert!(scene.admits(&after.access).await);
    assert!(scene.admits(&before.access).await);
    scene.wait(36 * 60);
    let published = scene.get("/.well-known/jwks.json").send().await.json;
    assert_eq!(published["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn keys_are_sealed_and_another_secret_neither_opens_nor_rotates_them() {
    let scene = Scene::new().await;
    let stranger = chatapp_http::MasterSecret::generate();
    let lead = scene.config.tokens.key_lead();
    assert!(crate::rotate_keys(&scene.db, &stranger, &*scene.clock, lead).await.is_err());
    assert_eq!(scene.store.signing_keys().await.unwrap().len(), 1);
    let store: Arc<dyn crate::store::AuthStore> = scene.store.clone();
    let opened = crate::app::Accounts::open(store, scene.clock.clone(), &stranger, scene.config.clone()).await;
    let error = opened.err().unwrap().to_string();
    assert!(error.contains("sealed under another secret key"), "{error}");
}
