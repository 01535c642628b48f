//! What arrives, where, and in which order.

use bytes::Bytes;
use chatapp_bus::Bus;
use chatapp_testkit::{DEADLINE, NatsServer, eventually, within};

use crate::{connect, next};

#[tokio::test]
async fn events_reach_every_subscriber_of_every_process_in_their_order() {
    let server = NatsServer::start("").await;
    let (near, far) = (connect(&server).await, connect(&server).await);
    let mut all = [
        near.subscribe("room.1").await.unwrap(),
        far.subscribe("room.1").await.unwrap(),
        far.subscribe("room.1").await.unwrap(),
    ];
    let mut other = far.subscribe("room.2").await.unwrap();
    for n in 0..2000 {
        near.publish("room.1", Bytes::from(n.to_string()));
    }
    near.publish("room.2", Bytes::from_static(b"elsewhere"));
    for events in &mut all {
        for n in 0..2000 {
            assert_eq!(next(events).await, n.to_string());
        }
    }
    assert_eq!(next(&mut other).await, "elsewhere");
    assert_eq!(near.dropped(), 0);
}

#[tokio::test]
async fn a_subject_is_subscribed_to_once_and_given_up_with_its_last_follower() {
    let server = NatsServer::start("debug: true\ntrace: true").await;
    let bus = connect(&server).await;
    let first = bus.subscribe("room.1").await.unwrap();
    let mut second = bus.subscribe("room.1").await.unwrap();
    drop(first);
    bus.publish("room.1", Bytes::from_static(b"still here"));
    assert_eq!(next(&mut second).await, "still here");
    assert_eq!(server.output().matches("[SUB chatapp.room.1").count(), 1);
    assert!(!server.output().contains("[UNSUB"));
    drop(second);
    server.says("[UNSUB").await;
    let mut again = bus.subscribe("room.1").await.unwrap();
    bus.publish("room.1", Bytes::from_static(b"again"));
    assert_eq!(next(&mut again).await, "again");
}

#[tokio::test]
async fn who_has_subscribed_hears_what_another_process_says_from_then_on() {
    let server = NatsServer::start("").await;
    let (speaker, listener) = (connect(&server).await, connect(&server).await);
    for n in 0..200 {
        let mut events = listener.subscribe("room.1").await.unwrap();
        speaker.publish("room.1", Bytes::from(n.to_string()));
        assert_eq!(next(&mut events).await, n.to_string());
    }
}

#[tokio::test]
async fn the_trace_of_an_event_reaches_the_other_process() {
    let server = NatsServer::start("").await;
    let (speaker, listener) = (connect(&server).await, connect(&server).await);
    let mut events = listener.subscribe("room.1").await.unwrap();
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    speaker.publish_traced("room.1", Bytes::from_static(b"a"), Some(trace));
    speaker.publish_traced("room.1", Bytes::from_static(b"b"), Some("no\r\nheader"));
    speaker.publish("room.1", Bytes::from_static(b"c"));
    for (payload, expected) in [("a", Some(trace)), ("b", None), ("c", None)] {
        let event = within(DEADLINE, "an event", events.recv()).await.unwrap();
        assert_eq!((event.payload.as_ref(), event.traceparent.as_deref()), (payload.as_bytes(), expected));
    }
}

#[tokio::test]
async fn an_event_that_is_too_large_is_dropped_and_counted() {
    let server = NatsServer::start("").await;
    let bus = connect(&server).await;
    let mut events = bus.subscribe("room.1").await.unwrap();
    bus.publish("room.1", Bytes::from(vec![0; 1024 * 1024 + 1]));
    bus.publish("room.1", Bytes::from(vec![b'x'; 1024 * 1024]));
    assert_eq!(next(&mut events).await.len(), 1024 * 1024);
    assert_eq!(bus.dropped(), 1);
}

#[tokio::test]
async fn a_full_subscriber_loses_events_and_holds_no_other_up() {
    let server = NatsServer::start("").await;
    let bus = connect(&server).await;
    let (idle, mut busy) = (bus.subscribe("room.1").await.unwrap(), bus.subscribe("room.1").await.unwrap());
    for n in 0..chatapp_bus::SUBSCRIPTION_BUFFER + 100 {
        bus.publish("room.1", Bytes::from(n.to_string()));
        assert_eq!(next(&mut busy).await, n.to_string());
    }
    drop(idle);
}

#[tokio::test]
async fn what_has_been_published_leaves_before_the_end() {
    let server = NatsServer::start("").await;
    let (ending, listener) = (connect(&server).await, connect(&server).await);
    let mut events = listener.subscribe("room.1").await.unwrap();
    let mut own = ending.subscribe("room.2").await.unwrap();
    for n in 0..1000 {
        ending.publish("room.1", Bytes::from(n.to_string()));
    }
    ending.close().await;
    for n in 0..1000 {
        assert_eq!(next(&mut events).await, n.to_string());
    }
    assert!(within(DEADLINE, "the end of the subscription", own.recv()).await.is_none());
    ending.publish("room.1", Bytes::new());
    eventually("a closed bus takes no subscription", || async {
        ending.subscribe("room.1").await.is_err().then_some(())
    })
    .await;
}
