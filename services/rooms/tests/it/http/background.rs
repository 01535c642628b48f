use std::time::{Duration, Instant};

use chatapp_bus::{Bus as _, subject};
use chatapp_rooms::RoomsConfig;
use serde_json::Value;

use super::service::Service;
use crate::database::TestDatabase;

/// Waits until `done` says so, for as long as a turn of the background tasks takes and some.
async fn until<F: Future<Output = bool>>(done: impl Fn() -> F) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done().await {
        assert!(Instant::now() < deadline, "it did not happen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_rooms_of_a_deleted_account_are_left_without_being_asked() {
    let service = Service::start().await;
    let (ann, bob) = (service.user("ann").await, service.user("bob").await);
    let room = service.public_room(&ann, "den").await;
    service.post(&bob, &format!("{room}/join"), Value::Null).await.expect(200);
    service.database.delete_user(&ann.account).await;
    until(|| async { service.get(&bob, &room).await.expect(200)["role"] == "owner" }).await;
    let log = service.database.log(room["/v1/rooms/".len()..].parse().unwrap()).await;
    assert_eq!(log.last().unwrap().kind, "member.left");
}

#[tokio::test]
async fn it_gives_signs_of_life_and_keeps_how_far_it_has_published() {
    let service = Service::on(TestDatabase::open().await, RoomsConfig::default()).await;
    let mut beats = service.bus.subscribe(&subject::beat("rooms")).await.unwrap();
    assert!(beats.recv().await.is_some());
    let ann = service.user("ann").await;
    let room = service.public_room(&ann, "den").await["/v1/rooms/".len()..].parse().unwrap();
    // The end flushes what the turns have not.
    service.shutdown.cancel();
    service.tasks.close();
    tokio::time::timeout(Duration::from_secs(10), service.tasks.wait()).await.expect("the tasks end");
    let sql = "SELECT published_seq FROM timeline_heads WHERE room_id = ?1 AND ?2 IS NOT NULL";
    assert_eq!(service.database.number(sql, room, ann.account.id).await, Some(1));
}
