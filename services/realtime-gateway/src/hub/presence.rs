//! Who is online in a room, told to its listeners at most once a second, and not at all in a crowd.
//!
//! Pure bookkeeping. Gateways tell each other who listens where; a gateway that has never heard another one says
//! nothing, so that a single one pays for nothing.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chatapp_types::frame::ServerEvent;
use chatapp_types::{RoomId, UserId, UserRef};
use tokio::time::Instant;
use uuid::Uuid;

use super::live::LiveEvent;
use crate::socket::{Frame, text_of};

/// Changes are gathered for so long.
pub(super) const TELL_EVERY: Duration = Duration::from_secs(1);
/// Gateways repeat what they know this often, since any word of theirs may be lost.
pub(super) const REPEAT_EVERY: Duration = Duration::from_secs(30);
/// A gateway that has been silent for so long is gone.
const SILENT_FOR: Duration = Duration::from_secs(75);
/// With more listeners nobody is told who is there: the news would be more than the messages.
const CROWD: usize = 200;

type People = BTreeMap<UserId, UserRef>;

struct Elsewhere {
    sockets: usize,
    people: People,
    heard: Instant,
}

/// One room's presence, as one gateway sees it.
pub(super) struct Presence {
    room: RoomId,
    gateway: Uuid,
    elsewhere: HashMap<Uuid, Elsewhere>,
    /// What the listeners have been told; nothing yet, or nothing any more in a crowd.
    told: Option<People>,
    /// The full frame of `told`, made when a newcomer first needs it.
    full: Option<Frame>,
}

/// What is to be said.
#[derive(Default)]
pub(super) struct News {
    /// To all listeners here.
    pub(super) tell: Option<Frame>,
    /// To the other gateways.
    pub(super) publish: Option<LiveEvent>,
}

impl Presence {
    pub(super) fn new(room: RoomId, gateway: Uuid) -> Self {
        Self { room, gateway, elsewhere: HashMap::new(), told: None, full: None }
    }

    /// What makes the other gateways say who listens there.
    pub(super) fn question(&self) -> LiveEvent {
        LiveEvent::Ask { gateway: self.gateway }
    }

    /// What a newcomer is told: everyone the others know of. Nothing when all will be told in a moment, or never.
    pub(super) fn for_newcomer(&mut self) -> Option<Frame> {
        let told = self.told.as_ref()?;
        let full =
            self.full.get_or_insert_with(|| frame(self.room, told.values().cloned().collect(), Vec::new(), true));
        Some(full.clone())
    }

    /// Takes another gateway's word. Returns whether there is news to tell.
    pub(super) fn hear(&mut self, event: LiveEvent, now: Instant) -> bool {
        match event {
            LiveEvent::Presence { gateway, sockets, online } if gateway != self.gateway => {
                let people = online.into_iter().map(|user| (user.id, user)).collect();
                self.elsewhere.insert(gateway, Elsewhere { sockets, people, heard: now });
                true
            }
            LiveEvent::Ask { gateway } if gateway != self.gateway => {
                let nobody = || Elsewhere { sockets: 0, people: People::new(), heard: now };
                self.elsewhere.entry(gateway).or_insert_with(nobody).heard = now;
                true
            }
            _ => false,
        }
    }

    /// What there is to say now that these listen here, `sockets` of them in all.
    pub(super) fn news(&mut self, here: impl Iterator<Item = UserRef>, sockets: usize, now: Instant) -> News {
        self.elsewhere.retain(|_, other| now.duration_since(other.heard) < SILENT_FOR);
        let crowd_here = sockets > CROWD;
        let here: People = if crowd_here { People::new() } else { here.map(|user| (user.id, user)).collect() };
        let publish = (!self.elsewhere.is_empty()).then(|| LiveEvent::Presence {
            gateway: self.gateway,
            sockets,
            online: here.values().cloned().collect(),
        });
        if sockets + self.elsewhere.values().map(|other| other.sockets).sum::<usize>() > CROWD {
            self.told = None;
            self.full = None;
            return News { tell: None, publish };
        }
        let mut online = here;
        for other in self.elsewhere.values() {
            online.extend(other.people.iter().map(|(id, user)| (*id, user.clone())));
        }
        News { tell: self.tell(online), publish }
    }

    fn tell(&mut self, online: People) -> Option<Frame> {
        let frame = match &self.told {
            None => frame(self.room, online.values().cloned().collect(), Vec::new(), true),
            Some(told) => {
                let came: Vec<_> =
                    online.iter().filter(|(id, _)| !told.contains_key(id)).map(|(_, u)| u.clone()).collect();
                let went: Vec<_> =
                    told.iter().filter(|(id, _)| !online.contains_key(id)).map(|(_, u)| u.clone()).collect();
                if came.is_empty() && went.is_empty() {
                    return None;
                }
                frame(self.room, came, went, false)
            }
        };
        self.told = Some(online);
        self.full = None;
        Some(frame)
    }
}

fn frame(room_id: RoomId, online: Vec<UserRef>, offline: Vec<UserRef>, full: bool) -> Frame {
    text_of(ServerEvent::Presence { room_id, online, offline, full })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use chatapp_types::frame::ServerFrame;

    use super::*;
    use crate::hub::testing::{room, user};

    fn parsed(text: &Frame) -> (Vec<String>, Vec<String>, bool) {
        let frame: ServerFrame = serde_json::from_str(text.as_str()).unwrap();
        let ServerEvent::Presence { online, offline, full, .. } = frame.event else { panic!("not presence") };
        let names = |users: Vec<UserRef>| users.into_iter().map(|u| u.username).collect();
        (names(online), names(offline), full)
    }

    fn told(presence: &mut Presence, here: &[UserRef]) -> Option<(Vec<String>, Vec<String>, bool)> {
        let news = presence.news(here.iter().cloned(), here.len(), Instant::now());
        news.tell.as_ref().map(parsed)
    }

    #[tokio::test]
    async fn the_first_word_names_everyone_and_the_next_ones_the_changes() {
        let mut presence = Presence::new(room(), Uuid::now_v7());
        let (ann, bob) = (user("ann"), user("bob"));
        assert!(presence.for_newcomer().is_none(), "all will be told in a moment");
        assert_eq!(told(&mut presence, std::slice::from_ref(&ann)), Some((vec!["ann".into()], vec![], true)));
        assert_eq!(told(&mut presence, &[ann.clone(), ann.clone()]), None, "a second window is no news");
        assert_eq!(
            told(&mut presence, std::slice::from_ref(&bob)),
            Some((vec!["bob".into()], vec!["ann".into()], false))
        );
        assert_eq!(parsed(&presence.for_newcomer().unwrap()), (vec!["bob".into()], vec![], true));
    }

    #[tokio::test]
    async fn a_crowd_is_told_nothing_and_everything_once_it_is_none_any_more() {
        let mut presence = Presence::new(room(), Uuid::now_v7());
        let crowd: Vec<UserRef> = (0..=CROWD).map(|n| user(&format!("u{n}"))).collect();
        assert_eq!(told(&mut presence, &crowd), None);
        assert!(presence.for_newcomer().is_none());
        assert!(told(&mut presence, &crowd[..2]).unwrap().2);
    }

    #[tokio::test]
    async fn a_single_gateway_publishes_nothing() {
        let (room, here) = (room(), Uuid::now_v7());
        let mut presence = Presence::new(room, here);
        assert!(!presence.hear(LiveEvent::Ask { gateway: here }, Instant::now()), "its own word");
        let news = presence.news([user("ann")].into_iter(), 1, Instant::now());
        assert!(news.publish.is_none());
    }

    #[tokio::test]
    async fn two_gateways_know_of_each_others_people_until_one_falls_silent() {
        let room = room();
        let (mut a, mut b) = (Presence::new(room, Uuid::now_v7()), Presence::new(room, Uuid::now_v7()));
        let (ann, bob) = (user("ann"), user("bob"));
        let start = Instant::now();
        assert!(a.hear(LiveEvent::Ask { gateway: b.gateway }, start));
        let news = a.news([ann.clone()].into_iter(), 1, start);
        assert!(b.hear(news.publish.unwrap(), start));
        let (online, _, full) = parsed(&b.news([bob.clone()].into_iter(), 1, start).tell.unwrap());
        assert_eq!((online.len(), full), (2, true));
        let later = start + SILENT_FOR;
        let (_, offline, _) = parsed(&b.news([bob].into_iter(), 1, later).tell.unwrap());
        assert_eq!(offline, ["ann"]);
    }
}
