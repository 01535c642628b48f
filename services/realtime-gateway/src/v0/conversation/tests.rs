//! The original's socket in memory, before the real hub.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use chatapp_bus::{Bus as _, LocalBus, subject};
use chatapp_http::Audience;
use chatapp_timeline::RoomEvent;
use chatapp_types::auth::Scope;
use chatapp_types::messages::TimelinePage;
use chatapp_types::{Entry, EntryBody, ErrorCode, RoomId, SessionId, SystemClock, UserRef};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;
use crate::config::GatewayConfig;
use crate::hub::testing::{entry, message, user};
use crate::hub::{LogError, LogSource};
use crate::socket::FrameBudget;
use crate::socket::pump;
use crate::socket::testing::{Peer, socket};

/// One room, and what becomes of posts.
struct Platform {
    room: RoomId,
    log: Mutex<Vec<Entry>>,
    bus: Arc<LocalBus>,
    author: UserRef,
    calls: Mutex<Vec<&'static str>>,
    refuse_post: Mutex<Option<ErrorCode>>,
    refuse_entry: Mutex<Option<ErrorCode>>,
}

impl Platform {
    fn commit(&self, make: impl FnOnce(u64) -> Entry) {
        let mut log = self.log.lock().unwrap();
        let entry = make(log.len() as u64 + 1);
        log.push(entry.clone());
        self.bus.publish(&subject::room(self.room), RoomEvent::of(entry).encode());
    }
}

#[async_trait]
impl LogSource for Platform {
    async fn entries(&self, _: RoomId, after: u64, limit: u32) -> Result<TimelinePage, LogError> {
        let log = self.log.lock().unwrap();
        let items = log.iter().filter(|e| e.seq > after).take(limit as usize).cloned().collect();
        Ok(TimelinePage { items, head: log.len() as u64, floor: 0 })
    }

    async fn heads(&self, rooms: &[RoomId]) -> Result<HashMap<RoomId, u64>, LogError> {
        Ok(rooms.iter().map(|room| (*room, self.log.lock().unwrap().len() as u64)).collect())
    }
}

#[async_trait]
impl OriginalCalls for Platform {
    async fn enter(&self, _: &Secret, _: &str) -> Result<RoomId, Problem> {
        self.calls.lock().unwrap().push("enter");
        self.refuse_entry.lock().unwrap().map_or(Ok(self.room), |code| Err(code.into()))
    }

    async fn head(&self, _: RoomId) -> Result<u64, Problem> {
        self.calls.lock().unwrap().push("head");
        Ok(self.log.lock().unwrap().len() as u64)
    }

    async fn post(&self, _: &Secret, _: &str, content: &str) -> Result<(), Problem> {
        let refused = *self.refuse_post.lock().unwrap();
        if let Some(code) = refused {
            return Err(code.into());
        }
        self.commit(|seq| message(self.room, seq, &self.author, content, None));
        Ok(())
    }
}

fn platform() -> Arc<Platform> {
    Arc::new(Platform {
        room: RoomId::new(),
        log: Mutex::default(),
        bus: Arc::new(LocalBus::new()),
        author: user("ann"),
        calls: Mutex::default(),
        refuse_post: Mutex::default(),
        refuse_entry: Mutex::default(),
    })
}

fn speaker(platform: &Arc<Platform>) -> Speaker {
    let caller = Caller {
        user: platform.author.id,
        username: platform.author.username.clone(),
        session: SessionId::new(),
        scopes: Scope::ALL.to_vec(),
        audience: Audience::V0,
        expires_at: SystemClock.now().plus(time::Duration::minutes(30)),
    };
    Speaker { calls: platform.clone(), caller, token: "t".into(), room_name: "den".into() }
}

fn hub(platform: &Arc<Platform>) -> Hub {
    Hub::start(platform.bus.clone(), platform.clone(), CancellationToken::new(), TaskTracker::new())
}

async fn open(platform: &Arc<Platform>, budget: FrameBudget) -> Peer {
    open_with(platform, budget, &GatewayConfig::default()).await
}

async fn open_with(platform: &Arc<Platform>, budget: FrameBudget, config: &GatewayConfig) -> Peer {
    let limits = Arc::new(RequestLimits::new(config));
    let outbox = Arc::new(Outbox::new(100_000));
    let (socket, peer) = socket(&outbox);
    let speaker = speaker(platform);
    let subscription = listen(&hub(platform), &speaker, &outbox).await.unwrap();
    tokio::spawn(async move {
        let mut conversation = V0::new(speaker, subscription, limits, &SystemClock);
        pump::run(socket, &outbox, budget, &mut conversation).await
    });
    peer
}

async fn said(peer: &mut Peer) -> Value {
    serde_json::from_str(&peer.text().await).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_message_comes_back_with_the_tokens_user_as_its_author() {
    let platform = platform();
    let mut peer = open(&platform, FrameBudget::unlimited()).await;
    peer.say(&json!({"username": "somebody else", "content": "hi"}));
    assert_eq!(said(&mut peer).await, json!({"username": "ann", "content": "hi"}));
}

#[tokio::test(start_paused = true)]
async fn only_messages_are_shown_and_only_from_the_head_on() {
    let platform = platform();
    platform.commit(|seq| message(platform.room, seq, &platform.author, "before", None));
    let mut peer = open(&platform, FrameBudget::unlimited()).await;
    platform.commit(|seq| entry(platform.room, seq, &user("bob"), EntryBody::MemberJoined));
    platform.commit(|seq| message(platform.room, seq, &platform.author, "after", None));
    assert_eq!(said(&mut peer).await["content"], "after");
}

#[tokio::test(start_paused = true)]
async fn the_membership_is_checked_after_the_head_is_known() {
    let platform = platform();
    open(&platform, FrameBudget::unlimited()).await;
    assert_eq!(*platform.calls.lock().unwrap(), ["enter", "head", "enter"]);
}

#[tokio::test(start_paused = true)]
async fn who_is_blocked_is_closed() {
    let platform = platform();
    let mut peer = open(&platform, FrameBudget::unlimited()).await;
    let blocked = EntryBody::MemberBlocked { subject: platform.author.clone(), until: None };
    platform.commit(|seq| entry(platform.room, seq, &user("admin"), blocked));
    platform.commit(|seq| message(platform.room, seq, &user("admin"), "after", None));
    assert_eq!(
        peer.next().await.map(|m| matches!(m, Message::Close(Some(f)) if u16::from(f.code) == 1008)),
        Some(true)
    );
}

#[tokio::test(start_paused = true)]
async fn a_room_that_is_not_open_to_one_closes_as_refused_and_a_service_that_is_away_as_later() {
    let platform = platform();
    let outbox = Arc::new(Outbox::new(1_000));
    for (code, closing) in [
        (ErrorCode::RoomNotFound, Closing::Policy),
        (ErrorCode::Unauthenticated, Closing::Policy),
        (ErrorCode::Unavailable, Closing::TryAgain),
    ] {
        *platform.refuse_entry.lock().unwrap() = Some(code);
        assert_eq!(listen(&hub(&platform), &speaker(&platform), &outbox).await.err(), Some(closing));
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_refused_closes_the_socket_for_there_is_no_other_word() {
    let platform = platform();
    for (code, close) in [(ErrorCode::Invalid, 1008), (ErrorCode::Unavailable, 1013)] {
        let mut peer = open(&platform, FrameBudget::unlimited()).await;
        *platform.refuse_post.lock().unwrap() = Some(code);
        peer.say(&json!({"username": "ann", "content": "hi"}));
        assert_eq!(peer.close_code().await, close);
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_line_is_no_message_and_no_mistake() {
    let platform = platform();
    let mut peer = open(&platform, FrameBudget::unlimited()).await;
    peer.say(&json!({"username": "ann", "content": "  "}));
    peer.say(&json!({"username": "ann", "content": "hi"}));
    assert_eq!(said(&mut peer).await["content"], "hi");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_frame_closes_the_tenth_time() {
    let mut peer = open(&platform(), FrameBudget::unlimited()).await;
    for _ in 0..10 {
        peer.send(Message::Text("garbage".into()));
    }
    assert_eq!(peer.close_code().await, 1008);
}

#[tokio::test(start_paused = true)]
async fn who_sends_too_fast_is_slowed_and_loses_nothing() {
    let platform = platform();
    let mut peer = open(&platform, FrameBudget::new(300, 2)).await;
    let begun = Instant::now();
    for n in 0..20 {
        peer.say(&json!({"username": "ann", "content": n.to_string()}));
    }
    for n in 0..20 {
        assert_eq!(said(&mut peer).await["content"], n.to_string());
    }
    assert!(begun.elapsed() > Duration::from_secs(3), "{:?}", begun.elapsed());
}

/// In real time, which is what the allowance of users goes by.
#[tokio::test]
async fn who_posts_beyond_the_users_allowance_is_slowed_and_loses_nothing() {
    let platform = platform();
    let config = GatewayConfig { user_requests_per_minute: 600, user_request_burst: 1, ..GatewayConfig::default() };
    let mut peer = open_with(&platform, FrameBudget::unlimited(), &config).await;
    let begun = Instant::now();
    for n in 0..4 {
        peer.say(&json!({"username": "ann", "content": n.to_string()}));
    }
    for n in 0..4 {
        assert_eq!(said(&mut peer).await["content"], n.to_string());
    }
    assert!(begun.elapsed() >= Duration::from_millis(290), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_token_is_the_end_of_the_socket() {
    let mut peer = open(&platform(), FrameBudget::unlimited()).await;
    let begun = Instant::now();
    loop {
        match peer.next().await.unwrap() {
            Message::Ping(_) => peer.send(Message::Pong(bytes::Bytes::new())),
            Message::Close(frame) => break assert_eq!(u16::from(frame.unwrap().code), 1008),
            other => panic!("{other:?}"),
        }
    }
    assert!((29 * 60..=30 * 60).contains(&begun.elapsed().as_secs()));
}
