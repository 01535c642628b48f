//! Calling for a person's attention: the bell, the terminal's notification, the desktop's, a program of one's own.

mod hook;
mod pace;
mod terminal;

use chatapp_client::sanitize;
use chatapp_types::{RoomId, Timestamp};
use serde::Serialize;

pub(crate) use pace::{Pace, Paced};

use crate::settings::NotifySettings;

/// What calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Call {
    /// The room.
    pub(crate) room_id: RoomId,
    /// The room's name.
    pub(crate) room: String,
    /// The message's place in the room.
    pub(crate) seq: u64,
    /// When it was posted.
    pub(crate) at: Timestamp,
    /// Who wrote it.
    pub(crate) author: String,
    /// What was written; of several messages the last.
    pub(crate) text: String,
    /// Whether it names one.
    pub(crate) mention: bool,
    /// How many messages this stands for.
    pub(crate) count: u64,
}

/// Calls in the ways that are chosen; the programs run by themselves. Gives what the terminal is to be sent.
pub(crate) fn raise(chosen: &NotifySettings, call: &Call) -> String {
    if !chosen.hook.is_empty() {
        let (program, call) = (chosen.hook.clone(), call.clone());
        tokio::spawn(async move { hook::run_hook(&program, &call).await });
    }
    if chosen.desktop {
        let call = call.clone();
        tokio::spawn(async move { hook::on_desktop(&call).await });
    }
    let bell = if chosen.bell { terminal::BELL } else { "" };
    format!("{bell}{}", terminal::notice(chosen.osc, call).unwrap_or_default())
}

/// Characters of a text that a notification shows.
const SHOWN: usize = 160;

impl Call {
    /// What stands over it: one line, safe to show.
    pub(crate) fn title(&self) -> String {
        let room = sanitize::line(&self.room);
        match self.count {
            0 | 1 => format!("{} in {room}", sanitize::line(&self.author)),
            n => format!("{n} new messages in {room}"),
        }
    }

    /// Its text: one line, safe to show.
    pub(crate) fn line(&self) -> String {
        let short: String = self.text.chars().take(SHOWN).collect();
        let text = sanitize::line(&short.replace(['\n', '\t'], " ")).into_owned();
        if self.count > 1 { format!("{}: {text}", sanitize::line(&self.author)) } else { text }
    }
}
