//! A subscription: what one has missed is replayed from the log, then one listens.

use chatapp_metrics::{GATEWAY, Resume};
use chatapp_types::frame::ServerEvent;
use chatapp_types::messages::TimelinePage;
use chatapp_types::{ErrorCode, Problem, RoomId};

use super::ops::Worker;
use crate::hub::{Dialect, Ear, JoinResult, Subscription};
use crate::socket::calls::BEYOND_EVERY_HEAD;
use crate::socket::identity::Identity;
use crate::socket::{Concern, reply, text_of};

/// Entries of one reading. A page waits in memory for as long as its reader is slow, so it is much smaller than what a
/// service would give (at most some 800 KiB of the longest messages); a replay of 1000 still takes only 20 readings.
const PAGE: u32 = 50;

/// Subscribes; everything the client is to be told is put into the outbox. `None` when nothing came of it.
///
/// The room is followed first and read after that, so that nothing falls between; see [`crate::hub`].
pub(super) async fn subscribe(
    worker: &Worker,
    identity: &Identity,
    room: RoomId,
    after: Option<u64>,
) -> Option<Subscription> {
    let replay = Replay { worker, identity, room };
    match replay.run(after).await {
        Ok(subscription) => subscription,
        Err(problem) => {
            let concern = Concern { id: worker.id.clone(), room_id: Some(room), key: None };
            worker.outbox.push(concern.error(problem));
            None
        }
    }
}

struct Replay<'a> {
    worker: &'a Worker,
    identity: &'a Identity,
    room: RoomId,
}

/// How far a replay has come.
struct Progress {
    /// The last seq the client has been given, or has no need of.
    cursor: u64,
    sent: u64,
    /// The head when the log was last read.
    head: u64,
    /// The lowest seq that the client may read, less one, as of that reading.
    floor: u64,
}

impl Replay<'_> {
    async fn run(&self, after: Option<u64>) -> Result<Option<Subscription>, Problem> {
        // Who listens from the head on replays nothing, and waits for nobody.
        let _turn = match after {
            Some(_) => Some(self.worker.services.replays.turn(self.identity.caller.user).await),
            None => None,
        };
        let followed = self.worker.services.hub.follow(self.room).await;
        let (mut page, mut at) = self.begin(after).await?;
        let mut too_far = false;
        loop {
            let before = at.cursor;
            (at.head, at.floor) = (page.head, page.floor);
            if !self.hand_out(page, &mut at).await {
                return Ok(None);
            }
            if at.cursor < at.head && at.sent >= self.most() {
                too_far = true;
                let gap = ServerEvent::Gap { room_id: self.room, from: at.cursor + 1, to: at.head };
                self.worker.outbox.push(text_of(gap));
                at.cursor = at.head;
            }
            if at.cursor >= at.head {
                match followed.join(&self.ear(at.floor), at.cursor).await {
                    JoinResult::Live(subscription) => {
                        if after.is_some() {
                            GATEWAY.resumes.count(if too_far { Resume::TooFar } else { Resume::Resumed });
                        }
                        return Ok(Some(subscription));
                    }
                    JoinResult::CutOff => return Ok(None),
                    JoinResult::Behind => {}
                    JoinResult::Lost => return Err(away()),
                }
            } else if at.cursor == before {
                // The log gave nothing although there is something: better to begin anew than to turn in a circle.
                return Err(away());
            }
            // Not before there is room for what it brings.
            if !self.worker.outbox.has_room().await {
                return Ok(None);
            }
            page = self.read(at.cursor, self.most().saturating_sub(at.sent)).await?;
        }
    }

    /// Reads for the first time, and tells the client where the room is.
    async fn begin(&self, after: Option<u64>) -> Result<(TimelinePage, Progress), Problem> {
        let page = match after {
            Some(after) => self.read(after, self.most()).await?,
            None => self.read(BEYOND_EVERY_HEAD, 1).await?,
        };
        let subscribed = ServerEvent::Subscribed { room_id: self.room, head: page.head };
        self.worker.outbox.push(reply(self.worker.id.clone(), subscribed));
        // A cursor below what one may see, or beyond the head (a restored backup), is moved to where the log is.
        let cursor = after.unwrap_or(page.head).max(page.floor).min(page.head);
        let (head, floor) = (page.head, page.floor);
        Ok((page, Progress { cursor, sent: 0, head, floor }))
    }

    /// Gives the client a page's entries, no faster than it takes them. False when it is gone.
    async fn hand_out(&self, page: TimelinePage, at: &mut Progress) -> bool {
        for entry in page.items {
            if entry.seq <= at.cursor {
                continue;
            }
            if !self.worker.outbox.has_room().await {
                return false;
            }
            at.cursor = entry.seq;
            at.sent += 1;
            self.worker.outbox.push(text_of(ServerEvent::Entry(Box::new(entry))));
        }
        true
    }

    fn ear(&self, floor: u64) -> Ear {
        let user = self.identity.caller.user_ref();
        Ear { user, dialect: Dialect::V1, outbox: self.worker.outbox.clone(), floor }
    }

    /// Entries of one replay.
    fn most(&self) -> u64 {
        u64::from(self.worker.services.config.replay_max)
    }

    /// One page, within the limit of replays at once. The place is not held while a slow client takes the entries.
    async fn read(&self, after: u64, limit: u64) -> Result<TimelinePage, Problem> {
        let services = &self.worker.services;
        let limit = u32::try_from(limit).unwrap_or(PAGE).clamp(1, PAGE);
        let _place = services.place().await?;
        services.messages.timeline(&self.identity.token, self.room, after, limit).await
    }
}

fn away() -> Problem {
    Problem::new(ErrorCode::Unavailable).with_retry_after(1)
}
