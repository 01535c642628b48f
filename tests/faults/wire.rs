//! The bus's wire, as far as it takes to lose an event on it: lines, and after `PUB` and `HPUB` a payload of given size.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Chance;

/// Passes what a publisher says, without some of its events of rooms while `losing` is set.
pub(crate) struct LosesEvents {
    losing: Arc<AtomicBool>,
    chance: Chance,
    one_in: u64,
    waiting: Vec<u8>,
}

impl LosesEvents {
    pub(crate) const fn new(losing: Arc<AtomicBool>, chance: Chance, one_in: u64) -> Self {
        Self { losing, chance, one_in, waiting: Vec::new() }
    }

    /// Takes a piece and gives what of it, and of what waited for it, is passed on: whole commands.
    pub(crate) fn pass(&mut self, piece: &[u8]) -> Vec<u8> {
        self.waiting.extend_from_slice(piece);
        let mut passed = Vec::new();
        while let Some(command) = self.command() {
            let event = is_event_of_room(&command);
            if !(event && self.losing.load(Ordering::SeqCst) && self.chance.one_in(self.one_in)) {
                passed.extend(command);
            }
        }
        passed
    }

    /// The first command that has come whole.
    fn command(&mut self) -> Option<Vec<u8>> {
        let line = self.waiting.windows(2).position(|pair| pair == b"\r\n")? + 2;
        let head = String::from_utf8_lossy(&self.waiting[..line]).into_owned();
        let publishes = head.starts_with("PUB ") || head.starts_with("HPUB ");
        let payload = if publishes { head.split_whitespace().last()?.parse::<usize>().ok()? + 2 } else { 0 };
        (self.waiting.len() >= line + payload).then(|| self.waiting.drain(..line + payload).collect())
    }
}

fn is_event_of_room(command: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&command[..command.len().min(200)]).into_owned();
    let mut words = head.split_whitespace();
    matches!(words.next(), Some("PUB" | "HPUB")) && words.next().is_some_and(|subject| subject.contains("room."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_rooms_alone_are_lost_however_they_are_cut_into_pieces() {
        let said = b"CONNECT {}\r\nPUB chatapp.room.1 4\r\nab\r\n\r\nHPUB chatapp.room.2 3 5\r\nhhhab\r\nPUB beat 2\r\nxy\r\nPING\r\n";
        for size in [1, 7, said.len()] {
            let pass = |losing| {
                let mut events = LosesEvents::new(Arc::new(AtomicBool::new(losing)), Chance::new(1), 1);
                said.chunks(size).flat_map(|piece| events.pass(piece)).collect::<Vec<u8>>()
            };
            assert_eq!(pass(false), said);
            assert_eq!(pass(true), b"CONNECT {}\r\nPUB beat 2\r\nxy\r\nPING\r\n");
        }
    }
}
