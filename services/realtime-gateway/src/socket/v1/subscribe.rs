//! A subscription: what one has missed is replayed from the log, then one listens.

use chatapp_types::frame::ServerEvent;
use chatapp_types::limits::PAGE_MAX;
use chatapp_types::messages::TimelinePage;
use chatapp_types::{ErrorCode, Problem, RoomId};

use super::ops::Worker;
use crate::hub::{Dialect, Ear, JoinResult, Subscription};
use crate::socket::calls::BEYOND_EVERY_HEAD;
use crate::socket::identity::Identity;
use crate::socket::{Concern, reply, text_of};

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

impl Replay<'_> {
    async fn run(&self, after: Option<u64>) -> Result<Option<Subscription>, Problem> {
        let followed = self.worker.services.hub.follow(self.room).await;
        let ear =
            Ear { user: self.identity.caller.user_ref(), dialect: Dialect::V1, outbox: self.worker.outbox.clone() };
        let most = u64::from(self.worker.services.config.replay_max);
        let mut page = match after {
            Some(after) => self.read(after, PAGE_MAX.min(self.worker.services.config.replay_max).max(1)).await?,
            None => self.read(BEYOND_EVERY_HEAD, 1).await?,
        };
        let subscribed = ServerEvent::Subscribed { room_id: self.room, head: page.head };
        self.worker.outbox.push(reply(self.worker.id.clone(), subscribed));
        // A cursor below what one may see, or beyond the head (a restored backup), is moved to where the log is.
        let mut cursor = after.unwrap_or(page.head).max(page.floor).min(page.head);
        let mut sent = 0;
        loop {
            let (head, before) = (page.head, cursor);
            for entry in page.items.into_iter().filter(|entry| entry.seq > before) {
                if !self.worker.outbox.has_room().await {
                    return Ok(None);
                }
                cursor = entry.seq;
                sent += 1;
                self.worker.outbox.push(text_of(ServerEvent::Entry(Box::new(entry))));
            }
            if cursor < head && sent >= most {
                let gap = ServerEvent::Gap { room_id: self.room, from: cursor + 1, to: head };
                self.worker.outbox.push(text_of(gap));
                cursor = head;
            }
            if cursor >= head {
                match followed.join(&ear, cursor).await {
                    JoinResult::Live(subscription) => return Ok(Some(subscription)),
                    JoinResult::CutOff => return Ok(None),
                    JoinResult::Behind => {}
                    JoinResult::Lost => return Err(away()),
                }
            } else if cursor == before {
                // The log gave nothing although there is something: better to begin anew than to turn in a circle.
                return Err(away());
            }
            let limit = u32::try_from(most.saturating_sub(sent)).unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
            page = self.read(cursor, limit).await?;
        }
    }

    /// One page, within the limit of replays at once. The place is not held while a slow client takes the entries.
    async fn read(&self, after: u64, limit: u32) -> Result<TimelinePage, Problem> {
        let services = &self.worker.services;
        let _place = services.place().await?;
        services.messages.timeline(&self.identity.token, self.room, after, limit).await
    }
}

fn away() -> Problem {
    Problem::new(ErrorCode::Unavailable).with_retry_after(1)
}
