//! What the service does without being asked.

use std::time::Duration;

use chatapp_bus::{Bus as _, subject};
use chatapp_types::Clock as _;

use super::service::Service;
use crate::world::sqlite::SqliteBackend;
use crate::world::{Backend as _, Events, World};

/// Waits until `condition` holds; fails after ten seconds.
async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(10), wait).await.is_ok(), "never: {what}");
}

#[tokio::test]
async fn a_start_sends_what_the_last_process_left_behind() {
    let world = World::<SqliteBackend>::new().await;
    let ann = world.user("ann").await;
    let room = world.room("den", &ann).await;
    world.post(&room, &ann, "left behind").await;
    world.clock.advance(time::Duration::seconds(1));
    let mut events = Events::of(&world.bus, &room).await;
    let _service = Service::on(world).await;
    let mut seqs = Vec::new();
    eventually("the events", async || {
        seqs.extend(events.drain().iter().map(|event| event.route.seq));
        seqs == [1, 2]
    })
    .await;
}

#[tokio::test]
async fn the_service_gives_a_sign_of_life() {
    let service = Service::start().await;
    let mut beats = service.world.bus.subscribe(&subject::beat("messages")).await.unwrap();
    let two = async { beats.recv().await.is_some() && beats.recv().await.is_some() };
    assert!(tokio::time::timeout(Duration::from_secs(10), two).await.unwrap());
}

#[tokio::test]
async fn a_start_erases_the_texts_of_rooms_deleted_meanwhile() {
    let world = World::<SqliteBackend>::new().await;
    let ann = world.user("ann").await;
    let room = world.room("den", &ann).await;
    world.post(&room, &ann, "xylophone").await;
    world.backend.delete_room(room.id, ann.id, world.clock.now(), false).await;
    let service = Service::on(world).await;
    eventually("the erasure", async || service.world.backend.traces_of("xylophone").await == 0).await;
}
