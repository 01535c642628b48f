//! The services behind the gateways: the log of each room, who is in it, and which keys were used. One lock is one
//! transaction; answers take time on both sides of it, and some are lost.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use chatapp_bus::subject;
use chatapp_http::{Audience, Caller};
use chatapp_timeline::RoomEvent;
use chatapp_types::auth::Scope;
use chatapp_types::messages::{Message, PostMessageRequest, PostedMessage, TimelinePage};
use chatapp_types::{
    Entry, EntryBody, ErrorCode, MessageId, Problem, RoomId, Secret, SendKey, SessionId, Timestamp, UserId, UserRef,
};

use super::bus::StormyBus;
use super::chance::Chance;
use super::client::Seen;
use crate::edge::Client;
use crate::hub::{LogError, LogSource, testing};
use crate::socket::calls::MessageCalls;
use crate::socket::identity::{Identity, Tokens};

/// Who plays: the first owns the rooms and is never put out.
const NAMES: [&str; 5] = ["owner", "ann", "bob", "cyd", "dee"];
const ROOMS: usize = 2;

#[derive(Default)]
struct State {
    logs: BTreeMap<RoomId, Vec<Entry>>,
    members: BTreeMap<RoomId, BTreeSet<UserId>>,
    keys: HashMap<(UserId, SendKey), PostedMessage>,
    /// The log cannot be read, and nothing be written.
    away: bool,
    slow: bool,
    calm: bool,
    /// Nobody says anything new or leaves.
    quiet: bool,
}

/// The platform but for its gateways.
pub(super) struct World {
    state: Mutex<State>,
    chance: Mutex<Chance>,
    users: Vec<UserRef>,
    bus: Arc<StormyBus>,
}

impl World {
    pub(super) fn new(mut chance: Chance) -> Self {
        let users: Vec<UserRef> = NAMES.into_iter().map(testing::user).collect();
        let mut state = State::default();
        for _ in 0..ROOMS {
            let room = RoomId::new();
            state.logs.insert(room, Vec::new());
            state.members.insert(room, users.iter().map(|user| user.id).collect());
        }
        let bus = StormyBus::start(chance.fork());
        tokio::spawn(bus.clone().beat());
        Self { state: Mutex::new(state), chance: Mutex::new(chance), users, bus }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn chance(&self) -> Chance {
        self.chance.lock().unwrap().fork()
    }

    pub(super) fn users(&self) -> Vec<UserRef> {
        self.users.clone()
    }

    pub(super) fn rooms(&self) -> Vec<RoomId> {
        self.state().logs.keys().copied().collect()
    }

    pub(super) const fn bus(&self) -> &Arc<StormyBus> {
        &self.bus
    }

    pub(super) fn count(&self) -> u64 {
        self.state().logs.values().map(|log| log.len() as u64).sum()
    }

    pub(super) fn is_member(&self, user: UserId, room: RoomId) -> bool {
        self.state().members[&room].contains(&user)
    }

    /// Whether the user may have this entry now: who is out may have those up to the one that put them out.
    pub(super) fn may_have(&self, user: UserId, room: RoomId, seq: u64) -> bool {
        let state = self.state();
        let out = state.logs[&room].iter().rev().find(|entry| entry.ends_membership_of() == Some(user));
        state.members[&room].contains(&user) || out.is_some_and(|out| seq <= out.seq)
    }

    /// Everything works from now on.
    pub(super) fn heal(&self) {
        let mut state = self.state();
        (state.away, state.slow, state.calm) = (false, false, true);
        drop(state);
        self.bus.heal();
    }

    /// From now on everyone only listens.
    pub(super) fn hush(&self) {
        self.state().quiet = true;
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.state().quiet
    }

    pub(super) fn log_away_for(self: &Arc<Self>, time: Duration) {
        self.state().away = true;
        self.later(time, |state| state.away = false);
    }

    pub(super) fn slow_for(self: &Arc<Self>, time: Duration) {
        self.state().slow = true;
        self.later(time, |state| state.slow = false);
    }

    fn later(self: &Arc<Self>, time: Duration, change: impl FnOnce(&mut State) + Send + 'static) {
        let world = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            change(&mut world.state());
        });
    }

    /// Blocks somebody somewhere, and lets them in again after a time.
    pub(super) fn put_out_for(self: &Arc<Self>, time: Duration) {
        let mut chance = self.chance();
        let who = usize::try_from(chance.below(NAMES.len() as u64 - 1)).unwrap() + 1;
        let (owner, subject) = (self.users[0].clone(), self.users[who].clone());
        let rooms = self.rooms();
        let room = rooms[usize::from(chance.one_in(2)) % rooms.len()];
        if !self.is_member(subject.id, room) {
            return;
        }
        self.commit(room, &owner, EntryBody::MemberBlocked { subject: subject.clone(), until: None }, &mut chance);
        let world = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            world.commit(room, &owner, EntryBody::MemberUnblocked { subject: subject.clone() }, &mut chance);
            world.commit(room, &subject, EntryBody::MemberJoined, &mut chance);
        });
    }

    /// Commits an entry with what it changes, then publishes it, unless the publisher dies in between.
    fn commit(&self, room: RoomId, actor: &UserRef, body: EntryBody, chance: &mut Chance) -> Entry {
        let mut state = self.state();
        let entry = testing::entry(room, state.logs[&room].len() as u64 + 1, actor, body);
        let members = state.members.get_mut(&room).unwrap();
        match &entry.body {
            EntryBody::MemberJoined => drop(members.insert(actor.id)),
            EntryBody::MemberBlocked { subject, .. } => drop(members.remove(&subject.id)),
            _ => {}
        }
        state.logs.get_mut(&room).unwrap().push(entry.clone());
        if state.calm || !chance.one_in(15) {
            self.bus.say(&subject::room(room), &RoomEvent::of(entry.clone()).encode());
        }
        entry
    }

    /// The time that a message takes on the way.
    async fn way(&self) {
        let (mut chance, slow) = (self.chance(), self.state().slow);
        tokio::time::sleep(if slow { chance.millis(50..3_000) } else { chance.millis(0..15) }).await;
    }

    /// Whether something is lost on the way.
    fn is_lost(&self) -> bool {
        !self.state().calm && self.chance().one_in(20)
    }

    fn page(&self, room: RoomId, after: u64, limit: u32) -> TimelinePage {
        let state = self.state();
        let log = &state.logs[&room];
        let items = log.iter().filter(|entry| entry.seq > after).take(limit as usize).cloned().collect();
        TimelinePage { items, head: log.len() as u64, floor: 0 }
    }

    /// Holds what a client has seen against the log.
    pub(super) fn check(&self, client: &Seen, seed: u64) {
        let state = self.state();
        for (room, log) in &state.logs {
            let numbers: Vec<u64> = log.iter().map(|entry| entry.seq).collect();
            assert_eq!(numbers, (1..=log.len() as u64).collect::<Vec<_>>());
            let got = client.cursors[room];
            assert_eq!(got, log.len() as u64, "seed {seed}: {} has got so many of a room", client.name);
        }
        for ((room, key), seq) in &client.acks {
            let of_key =
                |entry: &&Entry| matches!(&entry.body, EntryBody::MessagePosted { key: k, .. } if *k == Some(*key));
            let there: Vec<u64> = state.logs[room].iter().filter(of_key).map(|entry| entry.seq).collect();
            assert_eq!(there, [*seq], "seed {seed}: {} was told where the message is", client.name);
        }
    }
}

#[async_trait]
impl LogSource for World {
    async fn entries(&self, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, LogError> {
        self.way().await;
        if self.state().away || self.is_lost() {
            return Err(LogError::Unavailable("away".to_owned()));
        }
        let page = self.page(room, after, limit);
        self.way().await;
        Ok(page)
    }

    async fn heads(&self, rooms: &[RoomId]) -> Result<HashMap<RoomId, u64>, LogError> {
        self.way().await;
        if self.state().away || self.is_lost() {
            return Err(LogError::Unavailable("away".to_owned()));
        }
        let heads = rooms.iter().map(|room| (*room, self.page(*room, 0, 0).head)).collect();
        self.way().await;
        Ok(heads)
    }
}

#[async_trait]
impl MessageCalls for World {
    async fn timeline(&self, token: &Secret, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, Problem> {
        self.way().await;
        if self.state().away || self.is_lost() {
            return Err(Problem::new(ErrorCode::Unavailable).with_retry_after(1));
        }
        let user = self.users.iter().find(|user| user.username == token.expose()).unwrap().id;
        if !self.is_member(user, room) {
            return Err(ErrorCode::RoomNotFound.into());
        }
        let page = self.page(room, after, limit);
        self.way().await;
        Ok(page)
    }

    async fn post(
        &self,
        token: &Secret,
        room: RoomId,
        key: SendKey,
        message: &PostMessageRequest,
    ) -> Result<PostedMessage, Problem> {
        self.way().await;
        let unavailable = || Problem::new(ErrorCode::Unavailable).with_retry_after(1);
        if self.state().away || self.is_lost() {
            return Err(unavailable());
        }
        let author = self.users.iter().find(|user| user.username == token.expose()).unwrap().clone();
        let used = self.state().keys.get(&(author.id, key)).cloned();
        let posted = match used {
            Some(first) => PostedMessage { duplicate: true, ..first },
            None if !self.is_member(author.id, room) => return Err(ErrorCode::RoomNotFound.into()),
            None => self.append(room, author, key, message),
        };
        self.way().await;
        if self.is_lost() {
            return Err(unavailable().with_unknown_outcome());
        }
        Ok(posted)
    }

    async fn mark_read(&self, _: &Secret, _: RoomId, _: u64) -> Result<(), Problem> {
        Ok(())
    }
}

impl World {
    fn append(&self, room: RoomId, author: UserRef, key: SendKey, message: &PostMessageRequest) -> PostedMessage {
        let id = MessageId::new();
        let body = EntryBody::MessagePosted {
            message_id: id,
            ordinal: 1,
            body: message.body.clone(),
            reply_to: None,
            key: Some(key),
            mentions: Vec::new(),
            deleted: false,
        };
        let entry = self.commit(room, &author, body, &mut self.chance());
        let (user, body) = (author.id, message.body.clone());
        let message = Message {
            id,
            room_id: room,
            seq: entry.seq,
            author,
            body,
            at: entry.at,
            reply_to: None,
            edited_at: None,
            deleted: false,
            mentions: Vec::new(),
            key: Some(key),
        };
        let posted = PostedMessage { message, duplicate: false };
        self.state().keys.insert((user, key), posted.clone());
        posted
    }

    /// A user's identity at a gateway; the token is the name.
    pub(super) fn identity(user: &UserRef) -> Identity {
        let caller = Caller {
            user: user.id,
            username: user.username.clone(),
            session: SessionId::new(),
            scopes: Scope::ALL.to_vec(),
            audience: Audience::App,
            expires_at: Timestamp::from_millis(i64::MAX / 4),
        };
        Identity { caller, token: user.username.clone().into(), script: None }
    }
}

#[async_trait]
impl Tokens for World {
    async fn identify(&self, _: &Client, token: Secret) -> Result<Identity, Problem> {
        let user = self.users.iter().find(|user| user.username == token.expose());
        user.map(Self::identity).ok_or_else(|| ErrorCode::Unauthenticated.into())
    }
}
