//! What the feed tells of messages of one's own and of the connection.

use std::time::Duration;

use chatapp_client::live::{Event, Transport};

use super::Leave;
use super::session::Session;
use crate::exit::{Exit, Failure};

impl Session<'_> {
    /// Takes care of what concerns no room; gives back the rest.
    pub(super) fn settle(&mut self, event: Event) -> Result<Option<Event>, Leave> {
        match event {
            Event::Ack { key, room_id, seq, .. } => {
                self.answered.insert(room_id, seq);
                self.unanswered.remove(&key);
                self.on_their_way.remove(&key);
                self.sender.forget(key)?;
            }
            Event::Refused { key, message, is_final, .. } => {
                self.unanswered.remove(&key);
                let refused = self.on_their_way.remove(&key);
                if is_final {
                    self.sender.forget(key)?;
                    self.refused.extend(refused);
                    self.console.print(&format!("Not sent: {message} (:retry sends it once more)"))?;
                } else {
                    self.console.print(&format!("Not sent yet, but kept: {message}"))?;
                }
            }
            Event::Connected { transport, .. } => self.connected(transport)?,
            Event::Disconnected { retry_in, reason } => self.disconnected(retry_in, &reason)?,
            Event::CaughtUp { room_id, .. } => self.caught_up(room_id)?,
            Event::Entry(entry) => {
                self.heard(&entry)?;
                return Ok(Some(Event::Entry(entry)));
            }
            Event::Delivery { ok } => {
                self.delivers = ok;
                let text = if ok { "(delivery is restored)" } else { "(the server cannot deliver for the moment)" };
                self.console.print(text)?;
            }
            Event::LoggedOut { reason } => {
                let text = format!("you have been logged out: {reason}; run `chat login`");
                return Err(Failure::new(Exit::NotLoggedIn, text).into());
            }
            Event::Failed { reason } => return Err(Failure::new(Exit::Unavailable, reason).into()),
            other => return Ok(Some(other)),
        }
        Ok(None)
    }

    fn disconnected(&mut self, retry_in: Duration, reason: &str) -> Result<(), Leave> {
        self.followed.lost();
        if !std::mem::replace(&mut self.is_connected, false) {
            return Ok(());
        }
        let seconds = retry_in.as_secs_f32().ceil();
        let kept = match self.unsent() {
            0 => String::new(),
            count => format!("; {count} message(s) not sent yet"),
        };
        Ok(self.console.print(&format!("(connection lost: {reason}; next try in {seconds} s{kept})"))?)
    }

    /// Messages without an answer so far.
    pub(super) fn unsent(&self) -> usize {
        self.unanswered.len()
    }

    fn connected(&mut self, transport: Transport) -> Result<(), Leave> {
        self.transport = Some(transport);
        if !std::mem::replace(&mut self.is_connected, true) {
            self.console.print("(connected again)")?;
        } else if transport == Transport::Polling && self.console.is_interactive() {
            self.console.print("(new messages are asked for every 5 seconds)")?;
        }
        Ok(())
    }
}
