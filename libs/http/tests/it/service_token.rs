//! What admits one service to another's internal routes.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use chatapp_http::{Json, LayerConfig, MasterSecret, ServiceCaller, ServiceGate, ServiceKeys, standard};
use chatapp_types::clock::ManualClock;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use time::Duration;
use tower::ServiceExt as _;

use crate::signing::noon;

struct Rooms {
    keys: Arc<ServiceKeys>,
    master: MasterSecret,
    clock: Arc<ManualClock>,
    router: Router,
}

impl Rooms {
    fn new() -> Self {
        let master = MasterSecret::generate();
        let keys = Arc::new(ServiceKeys::new(&master));
        let clock = Arc::new(ManualClock::new(noon()));
        let gate = Arc::new(ServiceGate::new(keys.clone(), "rooms", clock.clone()));
        let handler = async |_: ServiceCaller, Json(_): Json<Value>| StatusCode::NO_CONTENT;
        let router = Router::new().route("/internal/members", post(handler)).with_state(gate);
        Self { keys, master, clock, router: standard(router, LayerConfig::new("rooms")) }
    }

    async fn post(&self, path: &str, tokens: &[&str]) -> (u16, Value) {
        let mut request = Request::post(path).header("content-type", "application/json").header("x-request-id", "r");
        for token in tokens {
            request = request.header("x-service-token", *token);
        }
        let response = self.router.clone().oneshot(request.body(Body::from("{}")).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    fn signed(&self, purpose: &str, algorithm: Algorithm, claims: &Value) -> String {
        let key = EncodingKey::from_secret(&self.master.derive(purpose));
        encode(&Header::new(algorithm), claims, &key).unwrap()
    }
}

const PATH: &str = "/internal/members";

#[tokio::test]
async fn a_token_for_this_service_admits() {
    let rooms = Rooms::new();
    assert_eq!(rooms.post(PATH, &[&rooms.keys.mint("rooms", &*rooms.clock)]).await.0, 204);
}

#[tokio::test]
async fn without_a_token_an_internal_route_is_a_path_that_does_not_exist() {
    let rooms = Rooms::new();
    let (status, mut hidden) = rooms.post(PATH, &[]).await;
    let (absent_status, mut absent) = rooms.post("/internal/nothing", &[]).await;
    assert_eq!((status, absent_status), (404, 404));
    hidden["instance"].take();
    absent["instance"].take();
    assert_eq!(hidden, absent);
    assert_eq!(hidden["code"], "not_found");
}

#[tokio::test]
async fn a_token_for_another_service_does_not_admit() {
    let rooms = Rooms::new();
    assert_eq!(rooms.post(PATH, &[&rooms.keys.mint("messages", &*rooms.clock)]).await.0, 404);
    // The right name under the other's key, and the other's name under the right key.
    let now = noon().seconds();
    let claims = |aud: &str| json!({ "aud": aud, "iat": now, "exp": now + 60 });
    for (purpose, aud) in [("service.messages", "rooms"), ("service.rooms", "messages")] {
        let token = rooms.signed(purpose, Algorithm::HS256, &claims(aud));
        assert_eq!(rooms.post(PATH, &[&token]).await.0, 404, "{purpose} {aud}");
    }
    let token = rooms.signed("service.rooms", Algorithm::HS256, &claims("rooms"));
    assert_eq!(rooms.post(PATH, &[&token]).await.0, 204, "the counter-check");
}

#[tokio::test]
async fn a_token_ends_after_a_minute() {
    let rooms = Rooms::new();
    let token = rooms.keys.mint("rooms", &*rooms.clock);
    rooms.clock.advance(Duration::seconds(64));
    assert_eq!(rooms.post(PATH, &[&token]).await.0, 204, "within the leeway");
    rooms.clock.advance(Duration::seconds(1));
    assert_eq!(rooms.post(PATH, &[&token]).await.0, 404);
}

#[tokio::test]
async fn a_token_that_claims_more_than_a_minute_does_not_admit() {
    let rooms = Rooms::new();
    let now = noon().seconds();
    for (iat, exp) in [(json!(now), json!(now + 61)), (json!(now + 6), json!(now + 66)), (json!(now), json!("9e9"))] {
        let claims = json!({ "aud": "rooms", "iat": iat, "exp": exp });
        let token = rooms.signed("service.rooms", Algorithm::HS256, &claims);
        assert_eq!(rooms.post(PATH, &[&token]).await.0, 404, "{claims}");
    }
}

#[tokio::test]
async fn forged_or_doubled_tokens_do_not_admit() {
    let rooms = Rooms::new();
    let now = noon().seconds();
    let claims = json!({ "aud": "rooms", "iat": now, "exp": now + 60 });
    let other_algorithm = rooms.signed("service.rooms", Algorithm::HS512, &claims);
    let foreign = ServiceKeys::new(&MasterSecret::generate()).mint("rooms", &*rooms.clock);
    let good = rooms.keys.mint("rooms", &*rooms.clock);
    for tokens in [vec![other_algorithm.as_str()], vec![&foreign], vec!["a.b.c"], vec![""], vec![&good, &good]] {
        assert_eq!(rooms.post(PATH, &tokens).await.0, 404, "{tokens:?}");
    }
}
