//! Bad input to the original interface: its own form of errors, and nothing written either.

use chatapp_testkit::{PASSWORD, Socket, User, unique_name};
use reqwest::Method;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::Stage;

/// Bodies that no call of the original takes.
const BODIES: [&str; 12] = [
    "",
    "{",
    "nonsense",
    "null",
    "7",
    "[]",
    "[\"a\",\"b\"]",
    "{}",
    "{\"username\":7,\"password\":true,\"name\":[],\"content\":{}}",
    "{\"username\":\"\\ud800\",\"password\":\"\\ud800\",\"name\":\"\\ud800\",\"content\":\"\\ud800\"}",
    "{\"username\":null,\"password\":null,\"name\":null,\"content\":null}",
    "{\"username\":\"\",\"password\":\"\",\"name\":\"\",\"content\":\"\"}",
];

#[tokio::test]
async fn a_bad_body_is_refused_in_the_originals_form_and_writes_nothing() {
    let stage = Stage::new().await;
    let nobody = User::anonymous(&stage.platform);
    let credentials = json!({"username": unique_name("old"), "password": PASSWORD});
    let session = nobody.post("/users/register", &credentials).await.expect(200);
    let eve = nobody.with_token(session["access_token"].as_str().unwrap());
    let room = stage.owner().public_room("lab").await;
    let name = stage.owner().get(&format!("/v1/rooms/{room}")).await.expect(200)["name"].as_str().unwrap().to_owned();
    let before = stage.rows();
    for path in ["/users/register", "/users/login", "/chatrooms/", &format!("/messages/{name}")] {
        for (body, kind) in BODIES.iter().map(|b| (*b, "application/json")).chain([("{}", "text/plain")]) {
            let request = eve.request(Method::POST, path).header("content-type", kind).body(body);
            let answer = eve.send(request).await;
            let status = answer.status.as_u16();
            assert!(matches!(status, 400 | 415 | 422), "{path} {body:?}: {status} {}", answer.text);
            let detail = &answer.json["detail"];
            assert!(detail.is_string() || (status == 422 && detail.is_array()), "{path} {body:?}: {}", answer.text);
        }
    }
    assert_eq!(stage.rows(), before);
    for path in
        ["/chatrooms/%00", "/chatrooms/%ff", "/messages/..%2f..%2fetc", "/messages/a%0d%0ab", "/users/exists/%ff"]
    {
        let answer = eve.get(path).await;
        assert!(answer.status.as_u16() < 500, "{path}: {}", answer.text);
    }
    stage.is_well().await;
}

#[tokio::test]
async fn bad_frames_of_version_0_break_nothing() {
    let stage = Stage::new().await;
    let nobody = User::anonymous(&stage.platform);
    let credentials = json!({"username": unique_name("old"), "password": PASSWORD});
    let session = nobody.post("/users/register", &credentials).await.expect(200);
    let room = stage.owner().public_room("lab").await;
    let name = stage.owner().get(&format!("/v1/rooms/{room}")).await.expect(200)["name"].as_str().unwrap().to_owned();
    let url = stage.platform.ws_url(&format!("/ws/{name}?token={}", session["access_token"].as_str().unwrap()));
    for text in BODIES {
        let mut socket = Socket::open(&url, None).await.unwrap();
        socket.send_raw(Message::text(text)).await;
        socket.send_raw(Message::binary(text.as_bytes().to_vec())).await;
        socket.send(&json!({"content": "after it", "username": "x"})).await;
        // It goes on, or it is closed for a reason; it does not hang.
        match socket.next().await {
            Ok(_) => {}
            Err(closed) => assert!(matches!(closed.code, 1000..=1013), "{text:?}: {closed:?}"),
        }
    }
    let said = stage.owner().texts(&room).await;
    assert!(said.iter().all(|text| text == "after it"), "{said:?}");
    stage.is_well().await;
}
