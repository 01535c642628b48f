//! A program that is told to end: first nobody is sent to it any more, then it lets go of those it has.

use chatapp_testkit::{Setup, Socket, User, eventually, signal};
use serde_json::json;

#[tokio::test]
async fn a_program_that_is_told_to_end_is_not_ready_at_once_and_answers_until_the_delay_is_over() {
    let setup = Setup::default().arg("--ops-listen").arg("127.0.0.1:0").env("CHATAPP_DRAIN_DELAY", "4");
    let platform = setup.start().await;
    let ready = format!("http://127.0.0.1:{}/readyz", platform.operations_port());
    assert_eq!(reqwest::get(&ready).await.unwrap().status(), 200);
    let ann = User::register(&platform, "ann").await;
    let room = ann.public_room("lab").await;
    let mut socket = Socket::open(&platform.ws_url("/v1/ws"), Some(&ann.token)).await.unwrap();
    socket.expect("ready").await;
    socket.subscribe(&room, None).await;

    signal(platform.pid(), "TERM");
    eventually("it is not ready any more", || async {
        (reqwest::get(&ready).await.ok()?.status() == 503).then_some(())
    })
    .await;
    // Those who have not noticed yet are served: old connections and new ones.
    assert_eq!(User::anonymous(&platform).get("/").await.status, 200);
    assert_eq!(ann.post("/v1/rooms", &json!({"name": "late", "visibility": "public"})).await.status, 201);
    socket.post(&room, uuid::Uuid::now_v7(), "still here").await;
    socket.expect("ack").await;

    assert_eq!(socket.closed().await.code, 4000, "it is told to reconnect");
    eventually("it ends", || async { reqwest::get(&ready).await.err() }).await;
    let output = platform.output();
    assert!(output.contains("not ready any more, still answering") && output.contains("\"ended\""), "{output}");
}
