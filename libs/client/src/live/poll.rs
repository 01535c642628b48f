//! One stretch of polling: every room's log is read every few seconds, sends go by REST.

use std::time::Duration;

use chatapp_types::UserRef;
use chatapp_types::limits::PAGE_MAX;
use tokio::time::{Instant, sleep_until};

use super::event::{Ending, Event, Transport};
use super::feed::Feed;
use super::outgoing::refused;
use super::remote::Remote;
use super::rooms::{Step, hides_room};
use super::socket::Connect;
use crate::ClientError;
use crate::sending::is_final;

impl<R: Remote, C: Connect> Feed<R, C> {
    /// Polls for `how_long` (without end when `None`), or until something goes wrong.
    pub(super) async fn poll_session(&mut self, how_long: Option<Duration>) -> Ending {
        let until = how_long.map(|d| Instant::now() + d);
        match self.poll_until(until).await {
            Ok(()) => Ending::PolledEnough,
            Err(ending) => ending,
        }
    }

    async fn poll_until(&mut self, until: Option<Instant>) -> Result<(), Ending> {
        let remote = self.remote.clone();
        let user = self.meanwhile(async move { remote.user().await }).await?.map_err(|e| Ending::of_error(&e))?;
        self.rooms.restart();
        self.queue.restart();
        let mut greeting = Some(user);
        loop {
            self.nudged = false;
            self.poll_rooms(&mut greeting).await?;
            self.send_waiting().await?;
            self.move_marks().await?;
            let next = Instant::now() + self.config.poll_every;
            let next = until.map_or(next, |end| end.min(next));
            self.wait_for_nudge(next).await?;
            if until.is_some_and(|end| Instant::now() >= end) {
                return Ok(());
            }
        }
    }

    /// Reads every room to its head.
    async fn poll_rooms(&mut self, greeting: &mut Option<UserRef>) -> Result<(), Ending> {
        self.rooms.void_readings();
        let rooms = self.rooms.cursors();
        if rooms.is_empty() && greeting.is_some() {
            let remote = self.remote.clone();
            let answer = self.meanwhile(async move { remote.check().await }).await?;
            answer.map_err(|e| Ending::of_error(&e))?;
            self.greet(greeting).await?;
        }
        for (room_id, _) in rooms {
            let mut next = self.rooms.poll(room_id);
            while let Some(Step::Read { room_id, after, again: 0 }) = next.take() {
                let remote = self.remote.clone();
                let page = self.meanwhile(async move { remote.page(room_id, after, PAGE_MAX).await }).await?;
                match &page {
                    Err(e) if !hides_room(e) => return Err(Ending::of_error(e)),
                    _ => self.greet(greeting).await?,
                }
                for step in self.rooms.on_page(room_id, page) {
                    match step {
                        Step::Emit(event) => self.emit(event).await?,
                        read @ Step::Read { .. } => next = Some(read),
                    }
                }
            }
        }
        Ok(())
    }

    /// The first answer shows that polling works.
    async fn greet(&mut self, greeting: &mut Option<UserRef>) -> Result<(), Ending> {
        match greeting.take() {
            Some(user) => self.succeeded(user, Transport::Polling).await,
            None => Ok(()),
        }
    }

    /// Sends what waits, in order, until one must wait.
    async fn send_waiting(&mut self) -> Result<(), Ending> {
        while let Some(message) = self.queue.next_due(Instant::now()).cloned() {
            let (remote, m) = (self.remote.clone(), message.clone());
            match self.meanwhile(async move { remote.post(&m).await }).await? {
                Ok(posted) => {
                    self.queue.settle(message.key);
                    let event = Event::Ack {
                        key: message.key,
                        room_id: message.room_id,
                        seq: posted.message.seq,
                        message_id: posted.message.id,
                        duplicate: posted.duplicate,
                    };
                    self.emit(event).await?;
                }
                Err(ClientError::Problem(p)) if is_final(&ClientError::Problem(p.clone())) => {
                    self.queue.settle(message.key);
                    self.emit(refused(&message, p.code, p.to_string(), true)).await?;
                }
                Err(e) if e.is_transient() => {
                    self.queue.try_again_after(message.key, e.retry_after(), Instant::now());
                    return Ok(());
                }
                Err(e) => return Err(Ending::of_error(&e)),
            }
        }
        Ok(())
    }

    /// Markers are a convenience: one that is not taken is dropped, for a later one will follow.
    async fn move_marks(&mut self) -> Result<(), Ending> {
        for (room_id, seq) in std::mem::take(&mut self.marks) {
            let remote = self.remote.clone();
            let _ = self.meanwhile(async move { remote.read(room_id, seq).await }).await?;
        }
        Ok(())
    }

    async fn wait_for_nudge(&mut self, next: Instant) -> Result<(), Ending> {
        while !self.nudged {
            let at = self.queue.wakes_at().map_or(next, |due| due.min(next));
            tokio::select! {
                () = sleep_until(at) => return Ok(()),
                command = self.commands.recv() => self.take(command).await?,
            }
        }
        Ok(())
    }
}
