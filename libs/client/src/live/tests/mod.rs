//! The whole feed over a socket of channels and a log in memory.
#![allow(clippy::unwrap_used)]

mod stand_in;

use std::time::Duration;

use chatapp_types::frame::{ClientOp, CloseReason, ServerEvent};
use chatapp_types::{ErrorCode, MessageId, RoomId, SendKey};

use super::{ConnectError, Event, Mode, Outgoing, Transport};
use stand_in::{Stage, given_up_to, next};

fn message(room_id: RoomId) -> Outgoing {
    Outgoing { key: SendKey::new(), room_id, body: "hi".to_owned(), reply_to: None }
}

#[tokio::test]
async fn after_a_break_the_feed_resumes_from_its_cursor_without_a_hole_or_a_double() {
    let (stage, handle, mut events) = Stage::start(Mode::Socket);
    let room = RoomId::new();
    stage.log(room, 9);
    handle.subscribe(room, Some(5)).await;
    let mut server = stage.accept().await;
    assert_eq!(server.subscription().await, (room, Some(5)));
    for seq in 6..=7 {
        server.push_entry(room, seq);
    }
    assert_eq!(given_up_to(&mut events, 7).await, [6, 7]);
    server.close(CloseReason::Slow.code());
    let mut server = stage.accept().await;
    assert_eq!(server.subscription().await, (room, Some(7)));
    for seq in [7, 8, 9] {
        server.push_entry(room, seq);
    }
    assert_eq!(given_up_to(&mut events, 9).await, [8, 9]);
}

#[tokio::test]
async fn a_gap_is_read_from_the_log_and_what_was_pushed_meanwhile_is_not_doubled() {
    let (stage, handle, mut events) = Stage::start(Mode::Socket);
    let room = RoomId::new();
    stage.log(room, 450);
    handle.subscribe(room, Some(0)).await;
    let mut server = stage.accept().await;
    server.subscription().await;
    server.say(ServerEvent::Gap { room_id: room, from: 1, to: 449 });
    server.push_entry(room, 450);
    server.push_entry(room, 451);
    stage.log(room, 451);
    assert_eq!(given_up_to(&mut events, 451).await, (1..=451).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_message_without_an_answer_is_sent_again_under_its_key_on_the_next_connection() {
    let (stage, handle, mut events) = Stage::start(Mode::Socket);
    let m = message(RoomId::new());
    handle.send(m.clone()).await;
    let mut server = stage.accept().await;
    let sent_key = |op: &ClientOp| matches!(op, ClientOp::Send { key, .. } if *key == m.key);
    server.expect(sent_key).await;
    drop(server);
    let mut server = stage.accept().await;
    server.expect(sent_key).await;
    let (key, room_id, message_id) = (m.key, m.room_id, MessageId::new());
    server.say(ServerEvent::Ack { key, room_id, seq: 3, message_id, duplicate: true });
    let acked = next(&mut events, |e| matches!(e, Event::Ack { .. })).await;
    assert_eq!(acked, Event::Ack { key, room_id, seq: 3, message_id, duplicate: true });
}

#[tokio::test]
async fn the_token_is_replaced_on_the_live_socket_before_it_expires() {
    let (stage, _handle, _events) = Stage::start(Mode::Socket);
    stage.tokens_last(Duration::from_millis(1));
    let mut server = stage.accept().await;
    server.expect(|op| matches!(op, ClientOp::Auth { .. })).await;
    assert!(stage.tokens_asked() >= 2);
}

#[tokio::test]
async fn a_revoked_session_ends_the_feed() {
    let (stage, _handle, mut events) = Stage::start(Mode::Auto);
    let server = stage.accept().await;
    server.close(CloseReason::SessionRevoked.code());
    next(&mut events, |e| matches!(e, Event::LoggedOut { .. })).await;
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_and_a_second_refusal_is_believed() {
    let (stage, _handle, mut events) = Stage::start(Mode::Auto);
    let refusal = || ConnectError::Refused { status: 401, retry_after: None, reason: "token expired".to_owned() };
    stage.refuse(refusal()).await;
    let server = stage.accept().await;
    assert_eq!(stage.refused_tokens(), 1, "the feed asked for another token");
    next(&mut events, |e| matches!(e, Event::Connected { .. })).await;
    drop(server);
    stage.refuse(refusal()).await;
    stage.refuse(refusal()).await;
    next(&mut events, |e| matches!(e, Event::LoggedOut { .. })).await;
}

#[tokio::test]
async fn where_sockets_do_not_pass_the_feed_polls_and_sends_by_rest() {
    let (stage, handle, mut events) = Stage::start(Mode::Auto);
    let room = RoomId::new();
    stage.log(room, 3);
    handle.subscribe(room, Some(1)).await;
    stage.refuse(ConnectError::Refused { status: 404, retry_after: None, reason: "not here".to_owned() }).await;
    next(&mut events, |e| matches!(e, Event::Connected { transport: Transport::Polling, .. })).await;
    assert_eq!(given_up_to(&mut events, 3).await, [2, 3]);
    let m = message(room);
    handle.send(m.clone()).await;
    next(&mut events, |e| matches!(e, Event::Ack { key, .. } if *key == m.key)).await;
    assert_eq!(stage.posted(), [m.key]);
    stage.log(room, 5);
    assert_eq!(given_up_to(&mut events, 5).await, [4, 5]);
}

#[tokio::test]
async fn a_feed_that_polls_no_room_is_connected_only_once_the_server_has_answered() {
    let (stage, _handle, mut events) = Stage::start(Mode::Polling);
    stage.is_silent_for(3);
    next(&mut events, |e| matches!(e, Event::Disconnected { .. })).await;
    next(&mut events, |e| matches!(e, Event::Connected { transport: Transport::Polling, .. })).await;
    assert_eq!(stage.checks(), 4);
}

#[tokio::test]
async fn a_feed_that_polls_goes_back_to_a_socket_when_one_passes_and_misses_nothing() {
    let (stage, handle, mut events) = Stage::start(Mode::Auto);
    let room = RoomId::new();
    stage.log(room, 2);
    handle.subscribe(room, Some(0)).await;
    stage.refuse(ConnectError::Refused { status: 404, retry_after: None, reason: "not here".to_owned() }).await;
    assert_eq!(given_up_to(&mut events, 2).await, [1, 2]);
    let mut server = stage.accept().await;
    assert_eq!(server.subscription().await, (room, Some(2)));
    server.push_entry(room, 3);
    assert_eq!(given_up_to(&mut events, 3).await, [3]);
}

#[tokio::test]
async fn a_room_that_one_cannot_see_ends_its_subscription_alone() {
    let (stage, handle, mut events) = Stage::start(Mode::Socket);
    let (hidden, open) = (RoomId::new(), RoomId::new());
    handle.subscribe(hidden, Some(0)).await;
    let mut server = stage.accept().await;
    server.subscription().await;
    server.refuse_subscription(hidden, ErrorCode::RoomNotFound);
    let ended = next(&mut events, |e| matches!(e, Event::RoomEnded { .. })).await;
    assert_eq!(ended, Event::RoomEnded { room_id: hidden, code: Some(ErrorCode::RoomNotFound) });
    handle.subscribe(open, Some(0)).await;
    assert_eq!(server.subscription().await, (open, Some(0)));
    server.push_entry(open, 1);
    assert_eq!(given_up_to(&mut events, 1).await, [1]);
}

#[tokio::test]
async fn a_typing_that_is_refused_does_not_end_the_room() {
    let (stage, handle, mut events) = Stage::start(Mode::Socket);
    let room = RoomId::new();
    handle.subscribe(room, Some(0)).await;
    handle.typing(room).await;
    let mut server = stage.accept().await;
    server.subscription().await;
    server.say(ServerEvent::Subscribed { room_id: room, head: 0 });
    server.say(ServerEvent::CaughtUp { room_id: room, seq: 0 });
    next(&mut events, |e| matches!(e, Event::CaughtUp { .. })).await;
    handle.typing(room).await;
    server.refuse_typing(ErrorCode::RoomNotFound).await;
    server.push_entry(room, 1);
    let told = next(&mut events, |e| matches!(e, Event::RoomEnded { .. } | Event::Entry(_))).await;
    assert!(matches!(told, Event::Entry(_)), "{told:?}");
}

#[tokio::test]
async fn an_owner_that_does_not_read_can_still_ask() {
    let (stage, handle, mut events) = Stage::start(Mode::Socket);
    let room = RoomId::new();
    handle.subscribe(room, Some(0)).await;
    let server = stage.accept().await;
    for seq in 1..=1_000 {
        server.push_entry(room, seq);
    }
    let asked = async {
        for _ in 0..500 {
            handle.unsubscribe(RoomId::new()).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), asked).await.expect("the feed takes commands while it waits");
    assert_eq!(given_up_to(&mut events, 1_000).await.len(), 1_000);
}

#[tokio::test]
async fn a_feed_ends_with_its_handle() {
    let (stage, handle, mut events) = Stage::start(Mode::Socket);
    let server = stage.accept().await;
    next(&mut events, |e| matches!(e, Event::Connected { .. })).await;
    drop(handle);
    assert_eq!(events.next().await, None);
    drop(server);
}
