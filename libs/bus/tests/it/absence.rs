//! A server that is away, comes back, or stands still.

use std::time::{Duration, Instant};

use bytes::Bytes;
use chatapp_bus::{Bus, NatsBus, Subscription};
use chatapp_testkit::{NatsServer, eventually};

use crate::{config, connect, next};

/// Publishes until an event with this text comes through.
async fn until_it_flows(bus: &NatsBus, events: &mut Subscription, text: &'static str) {
    let mut bus_and_events = (bus, events);
    eventually("events flow", || {
        let (bus, events) = &mut bus_and_events;
        bus.publish("room.1", Bytes::from_static(text.as_bytes()));
        let arrived = std::iter::from_fn(|| events.try_recv()).any(|event| event.payload == text);
        async move { arrived.then_some(()) }
    })
    .await;
}

#[tokio::test]
async fn a_restarted_server_is_found_again_and_subscriptions_go_on() {
    let mut server = NatsServer::start("").await;
    let bus = connect(&server).await;
    let mut events = bus.subscribe("room.1").await.unwrap();
    bus.publish("room.1", Bytes::from_static(b"before"));
    assert_eq!(next(&mut events).await, "before");
    server.kill();
    eventually("the loss is noticed", || async { (!bus.is_connected()).then_some(()) }).await;
    let Err(error) = bus.subscribe("room.2").await else { panic!("nobody follows a lost server") };
    assert!(error.to_string().contains("not connected"), "{error}");
    server.run().await;
    until_it_flows(&bus, &mut events, "after").await;
    bus.subscribe("room.2").await.unwrap();
}

#[tokio::test]
async fn what_is_said_while_the_server_is_away_arrives_when_it_is_back() {
    let mut server = NatsServer::start("").await;
    let bus = connect(&server).await;
    let mut events = bus.subscribe("room.1").await.unwrap();
    server.kill();
    eventually("the loss is noticed", || async { (!bus.is_connected()).then_some(()) }).await;
    for n in 0..100 {
        bus.publish("room.1", Bytes::from(n.to_string()));
    }
    server.run().await;
    for n in 0..100 {
        assert_eq!(next(&mut events).await, n.to_string());
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_at_the_start_is_waited_for() {
    let mut server = NatsServer::start("").await;
    server.kill();
    let bus = connect(&server).await;
    assert!(!bus.is_connected() && bus.subscribe("room.1").await.is_err());
    server.run().await;
    let mut events = eventually("the bus takes a subscription", || async { bus.subscribe("room.1").await.ok() }).await;
    until_it_flows(&bus, &mut events, "hello").await;
}

#[tokio::test]
async fn one_of_several_servers_is_enough() {
    let (mut gone, there) = (NatsServer::start("").await, NatsServer::start("").await);
    gone.kill();
    let urls = format!("{},{}", gone.url(), there.url());
    let bus = NatsBus::connect(&config(&urls)).await.unwrap();
    let mut events = bus.subscribe("room.1").await.unwrap();
    until_it_flows(&bus, &mut events, "hello").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_holds_no_publisher_up() {
    let server = NatsServer::start("").await;
    let bus = connect(&server).await;
    let mut events = bus.subscribe("room.1").await.unwrap();
    server.freeze();
    let payload = Bytes::from(vec![b'x'; 4096]);
    let mut longest = Duration::ZERO;
    for _ in 0..20_000 {
        let begun = Instant::now();
        bus.publish("room.1", payload.clone());
        longest = longest.max(begun.elapsed());
    }
    assert!(longest < Duration::from_secs(1), "one publish took {longest:?}");
    assert!(bus.dropped() > 0, "more was published than can wait");
    server.thaw();
    until_it_flows(&bus, &mut events, "thawed").await;
}
