//! What the one URL lets through, and what it says of itself.

mod description;
mod docs;
mod framing;
mod limits;
mod origins;

use chatapp_testkit::{Certificate, Platform, Setup, Socket, User, within};
use reqwest::Method;
use serde_json::json;

use crate::surface::{Cast, ROLES, Role, Scene, Surface, Visibility, call};
use crate::wire;

#[tokio::test]
async fn what_is_not_for_the_public_is_not_there() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let paths = [
        "/internal",
        "/internal/openapi.json",
        "/internal/tokens/exchange",
        "/internal/revocations?since=0",
        "/internal/heads",
        "/internal/v0/chatrooms/",
        "/internal/rooms/00000000-0000-0000-0000-000000000000/timeline",
        "/metrics",
        "/livez",
        "/readyz",
        "/readyz?verbose",
        "/health",
        "/debug/pprof/",
    ];
    for path in paths {
        for method in [Method::GET, Method::POST] {
            let request = ann.request(method, path).header("X-Service-Token", "eyJhbGciOiJub25lIn0.e30.");
            ann.send(request.json(&json!({"token": "x", "rooms": []}))).await.expect_problem(404, "not_found");
        }
    }
}

#[tokio::test]
async fn no_way_of_writing_a_path_leads_inside() {
    let platform = Platform::start().await;
    let paths = [
        "//internal/openapi.json",
        "/./internal/openapi.json",
        "/v1/../internal/openapi.json",
        "/v1/rooms/../../internal/openapi.json",
        "/v1/%2e%2e/internal/openapi.json",
        "/v1/..%2finternal/openapi.json",
        "/v1/..%5cinternal/openapi.json",
        "/v1/..;/internal/openapi.json",
        "/%69nternal/openapi.json",
        "/INTERNAL/openapi.json",
        "/internal%2fopenapi.json",
        "/docs/../internal/openapi.json",
        "/users/../internal/openapi.json",
        "http://auth/internal/openapi.json",
        "http://127.0.0.1/internal/openapi.json",
        "/v1/rooms\\..\\internal",
        "/metrics/",
        "/v1/../metrics",
        "*",
    ];
    for path in paths {
        let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = wire::exchange(&platform, head.as_bytes()).await;
        assert!(matches!(answer.status, 400 | 401 | 404), "{path}: {}", answer.text);
        assert!(!answer.text.contains("\"paths\"") && !answer.text.contains("chatapp_build_info"), "{path}");
    }
}

#[tokio::test]
async fn a_client_cannot_say_who_it_is_by_a_header() {
    let platform = Platform::start().await;
    let (ann, eve) = (User::register(&platform, "ann").await, User::register(&platform, "eve").await);
    let forged = ["X-User-Id", "X_User_Id", "X-User-Name", "X-User", "X-Internal-User", "X-Forwarded-User", "X-Sub"];
    for caller in [&eve, &User::anonymous(&platform)] {
        let request = forged
            .into_iter()
            .fold(caller.request(Method::GET, "/v1/users/me"), |request, name| request.header(name, ann.id.as_str()));
        let answer = caller.send(request.header("X-Service-Token", "x").header("X_Service_Token", "x")).await;
        match caller.id.as_str() {
            "" => drop(answer.expect_problem(401, "unauthenticated")),
            id => assert_eq!(answer.expect(200)["id"], id),
        }
    }
    // Two tokens are no token, whichever of them is good.
    let two = eve.request(Method::GET, "/v1/users/me").header("authorization", format!("Bearer {}", ann.token));
    assert_eq!(eve.send(two).await.status, 401);
    let query = User::anonymous(&platform).get(&format!("/v1/users/me?access_token={0}&token={0}", ann.token)).await;
    query.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn nothing_that_needs_a_log_in_is_kept_by_anyone_on_the_way() {
    let platform = Platform::start().await;
    let cast = Cast::new(&platform).await;
    let scene = Scene::new(&cast, Visibility::Private, &ROLES).await;
    for operation in Surface::read(&platform).await.operations().values().filter(|o| !o.public) {
        for role in [Role::Stranger, Role::Anonymous, Role::Owner] {
            // What ends the session of the one who asks is asked by nobody.
            let ends = !matches!(operation.method, Method::GET) && !operation.path.contains("{room_id}");
            if ends && role != Role::Anonymous {
                continue;
            }
            let answer = call(operation, "", &cast, &scene, role).send(cast.user(role)).await;
            assert_eq!(answer.headers["cache-control"], "no-store", "{} as {role:?}", operation.id);
            assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{} as {role:?}", operation.id);
            assert!(!answer.headers.contains_key("server"), "{}", operation.id);
        }
    }
    let session = json!({"username": cast.subject.name, "password": chatapp_testkit::PASSWORD});
    let answer = User::anonymous(&platform).post("/v1/auth/login", &session).await;
    assert_eq!(answer.headers["cache-control"], "no-store", "an answer with tokens");
}

#[tokio::test]
async fn tls_ends_at_the_gateway_by_setting() {
    let certificate = Certificate::new();
    let platform = Setup::default().tls(&certificate).start().await;
    assert!(platform.url().starts_with("https://"));
    let (ann, bob) = (User::register(&platform, "ann").await, User::register(&platform, "bob").await);
    let room = ann.public_room("lab").await;
    bob.join(&room).await;
    let mut socket = Socket::connect(&platform, &bob).await;
    socket.subscribe(&room, None).await;
    ann.say(&room, "by TLS").await;
    assert_eq!(socket.entry().await["body"], "by TLS");
    // Plain text to the same port gets no answer of the platform's.
    let plain = wire::exchange(&platform, b"GET /v1/users/me HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_ne!(plain.status, 200);
    assert!(!plain.text.contains("problem+json"), "{}", plain.text);
}

#[tokio::test]
async fn a_connection_that_says_nothing_to_a_tls_port_holds_nobody_up() {
    let certificate = Certificate::new();
    let platform = Setup::default().tls(&certificate).start().await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(wire::connect(&platform).await);
    }
    User::anonymous(&platform).get("/.well-known/jwks.json").await.expect(200);
    let first = silent.first_mut().unwrap();
    let ended = within(chatapp_testkit::DEADLINE, "the silent connection ends", wire::read_answer(first)).await;
    assert_eq!(ended.status, 0);
}
