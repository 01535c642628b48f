//! Limits of requests, and whose they are.

use chatapp_testkit::{Answer, PASSWORD, Platform, Setup, Socket, User, unique_name};
use reqwest::Method;
use serde_json::json;

/// Asserts a refusal that says when to come again, in the header and the body alike.
#[track_caller]
fn assert_come_again(answer: Answer, code: &str) {
    let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.expect_problem(429, code)["retry_after_s"], wait);
}

/// Calls until the answer is 429, at most `tries` times.
async fn until_limited(user: &User, path: &str, tries: usize) -> Option<Answer> {
    for _ in 0..tries {
        let answer = user.get(path).await;
        if answer.status == 429 {
            return Some(answer);
        }
    }
    None
}

fn limited(setup: Setup) -> Setup {
    setup
        .throttled()
        .env("CHATAPP_ADDRESS_REQUEST_BURST", "20")
        .env("CHATAPP_ADDRESS_REQUESTS_PER_MINUTE", "1")
        .env("CHATAPP_USER_REQUEST_BURST", "10")
        .env("CHATAPP_USER_REQUESTS_PER_MINUTE", "1")
}

#[tokio::test]
async fn an_address_and_a_user_have_limits_of_their_own() {
    let platform = limited(Setup::default()).start().await;
    let (ann, bob) = (User::register(&platform, "ann").await, User::register(&platform, "bob").await);
    let of_ann = until_limited(&ann, "/v1/users/me", 12).await.expect("a limit of the user");
    assert_come_again(of_ann, "rate_limited");
    bob.get("/v1/users/me").await.expect(200);
    let nobody = User::anonymous(&platform);
    let of_address = until_limited(&nobody, "/.well-known/jwks.json", 25).await.expect("a limit of the address");
    assert_come_again(of_address, "rate_limited");
    bob.get("/v1/users/me").await.expect(200);
}

#[tokio::test]
async fn a_handshake_and_version_0_are_requests_too() {
    let platform = limited(Setup::default()).start().await;
    let ann = User::register(&platform, "ann").await;
    let nobody = User::anonymous(&platform);
    let refused = until_limited(&nobody, "/users/exists/ann", 25).await.expect("a limit");
    assert!(refused.json["detail"].is_string(), "in the form of version 0: {}", refused.text);
    let mut open = Vec::new();
    let limited = loop {
        match Socket::open(&platform.ws_url("/v1/ws"), Some(&ann.token)).await {
            Ok(socket) => open.push(socket),
            Err(error) => break error.to_string(),
        }
        assert!(open.len() < 25, "no limit of handshakes");
    };
    assert!(limited.contains("429"), "{limited}");
}

/// Headers of one request.
type Headers = Vec<(&'static str, String)>;

fn three_strikes() -> Setup {
    Setup::default().throttled().env("CHATAPP_AUTH_ADDRESS_FAILURES", "3").env("CHATAPP_ADDRESS_REQUEST_BURST", "1000")
}

/// Fails to log in as many users, each time with other headers; true when that was throttled.
async fn guess(platform: &Platform, headers: impl Fn(usize) -> Headers) -> bool {
    let nobody = User::anonymous(platform);
    for n in 0..8 {
        let wrong = json!({"username": unique_name("who"), "password": "not-the-password-1"});
        let request = nobody.request(Method::POST, "/v1/auth/login").json(&wrong);
        let request = headers(n).into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let answer = nobody.send(request).await;
        if answer.status == 429 {
            assert_come_again(answer, "throttled");
            return true;
        }
        answer.expect_problem(401, "invalid_credentials");
    }
    false
}

#[tokio::test]
async fn a_forged_address_does_not_escape_the_throttle() {
    let forgeries: [fn(usize) -> Headers; 6] = [
        |n| vec![("X-Forwarded-For", format!("203.0.113.{n}"))],
        |n| vec![("X_Forwarded_For", format!("203.0.113.{n}")), ("X-Real-IP", format!("203.0.113.{n}"))],
        |n| vec![("Forwarded", format!("for=203.0.113.{n}")), ("X-Client-IP", format!("203.0.113.{n}"))],
        |n| {
            vec![
                ("Connection", "X-Forwarded-For, X-Service-Token".into()),
                ("X-Forwarded-For", format!("203.0.113.{n}")),
            ]
        },
        |n| vec![("X-Service-Token", "eyJhbGciOiJub25lIn0.e30.".into()), ("X-Forwarded-For", format!("203.0.113.{n}"))],
        |n| vec![("X-Forwarded-For", format!("203.0.113.{n}")), ("X-Forwarded-For", format!("203.0.113.1{n}"))],
    ];
    for (n, forged) in forgeries.into_iter().enumerate() {
        let platform = three_strikes().start().await;
        assert!(guess(&platform, forged).await, "forgery {n} was believed");
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_client_is_throttled_and_not_the_proxy() {
    let platform = three_strikes().env("CHATAPP_TRUSTED_PROXIES", "127.0.0.1/32").start().await;
    assert!(!guess(&platform, |n| vec![("X-Forwarded-For", format!("203.0.113.{n}"))]).await, "each is another client");
    let one = |n| vec![("X-Forwarded-For", format!("198.51.100.{n}, 192.0.2.7"))];
    assert!(guess(&platform, one).await, "what a client says before the proxy does not count");
}

#[tokio::test]
async fn a_good_log_in_is_not_held_up_by_the_failures_of_others() {
    let platform = Setup::default().throttled().start().await;
    let (ann, bob) = (User::register(&platform, "ann").await, User::register(&platform, "bob").await);
    let wrong = json!({"username": ann.name, "password": "wrong-password-1"});
    while User::anonymous(&platform).post("/v1/auth/login", &wrong).await.status != 429 {}
    let right = json!({"username": bob.name, "password": PASSWORD});
    User::anonymous(&platform).post("/v1/auth/login", &right).await.expect(200);
}
