//! Web pages that may call, and those that may not.

use chatapp_testkit::{Answer, Setup, User};
use reqwest::Method;

async fn handshake(user: &User, origin: &str) -> Answer {
    let request = user
        .request(Method::GET, "/v1/ws")
        .header("origin", origin)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    user.send(request).await
}

#[tokio::test]
async fn only_pages_on_the_list_open_sockets_and_read_answers() {
    let listed = "https://chat.example";
    let platform = Setup::default().env("CHATAPP_ALLOWED_ORIGINS", listed).start().await;
    let ann = User::register(&platform, "ann").await;
    assert_eq!(handshake(&ann, listed).await.status, 101);
    for foreign in [
        "https://evil.example",
        "http://chat.example",
        "https://chat.example:8443",
        "https://chat.example.evil.example",
        "https://evil.example/https://chat.example",
        "https://xchat.example",
        "null",
        "",
        "https://chat.example, https://evil.example",
    ] {
        handshake(&ann, foreign).await.expect_problem(403, "origin_not_allowed");
        let answer = ann.send(ann.request(Method::GET, "/v1/users/me").header("origin", foreign)).await;
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{foreign}");
    }
    let answer = ann.send(ann.request(Method::GET, "/v1/users/me").header("origin", listed)).await;
    assert_eq!(answer.headers["access-control-allow-origin"], listed);
    assert!(!answer.headers.contains_key("access-control-allow-credentials"));
}
