//! Which rooms the original's rooms become. All are public, and everybody may read everything in them, as it was.

use std::collections::{HashMap, HashSet};

use anyhow::Context as _;
use chatapp_rooms::import::{ImportedMember, ImportedRoom, KnownRoom};
use chatapp_types::limits::ROOM_NAME_CHARS;
use chatapp_types::{RoomId, RoomName, Timestamp, UserId};

use super::accounts::{Accounts, Author, Standing};
use super::ids;
use super::source::OriginalRoom;
use super::trouble::{Kind, Trouble};

/// Numbers above this are no room's: the original's were integers of 32 bits.
const NUMBER_MAX: i64 = i32::MAX as i64;

/// A room of the original, and who wrote in it.
#[derive(Clone, Debug)]
pub(super) struct Room {
    /// Here.
    pub(super) id: RoomId,
    /// Whether it was deleted here since.
    pub(super) deleted: bool,
    /// What it is to be called; `None` for one that is here.
    new: Option<NewRoom>,
    /// The time of its first message.
    first_at: Option<Timestamp>,
    /// The time of the last one so far.
    last_at: Option<Timestamp>,
    /// Who wrote, in the order of their first messages.
    authors: Vec<(Author, Timestamp)>,
    has: HashSet<UserId>,
}

#[derive(Clone, Debug)]
struct NewRoom {
    name: RoomName,
    number: Option<i64>,
}

impl Room {
    /// Notes a message. Says whether it is older than the one before it.
    pub(super) fn note(&mut self, author: Author, at: Timestamp) -> bool {
        let backwards = self.last_at.is_some_and(|last| at < last);
        self.first_at.get_or_insert(at);
        self.last_at = Some(at);
        if self.has.insert(author.id) {
            self.authors.push((author, at));
        }
        backwards
    }

    /// Those who become members: everybody who wrote and was not deleted.
    pub(super) fn members(&self) -> Vec<ImportedMember> {
        let present = self.authors.iter().filter(|(author, _)| author.standing != Standing::Deleted);
        present.map(|(author, at)| ImportedMember { user: author.id, joined_at: *at }).collect()
    }

    /// Whether it is to be made.
    pub(super) const fn is_new(&self) -> bool {
        self.new.is_some()
    }

    /// The room as it is to be made; `None` for one that is here. `owner` owns it if given; otherwise who wrote first
    /// of those who can log in, or the original's first user where nobody did.
    pub(super) fn to_make(
        &self,
        accounts: &Accounts,
        owner: Option<UserId>,
        now: Timestamp,
    ) -> anyhow::Result<Option<ImportedRoom>> {
        let Some(NewRoom { name, number }) = self.new.clone() else { return Ok(None) };
        let first = || self.authors.iter().find(|(author, _)| author.standing == Standing::Owned);
        let owner = owner
            .or_else(|| first().map(|(author, _)| author.id))
            .or_else(|| accounts.first())
            .with_context(|| format!("nobody can own the room {name}: name an account with --owner"))?;
        let created_at = self.first_at.unwrap_or(now);
        Ok(Some(ImportedRoom { id: self.id, number, name, owner, created_at, members: self.members() }))
    }
}

/// All rooms there will be, by the original's numbers.
pub(super) struct Rooms {
    known: HashMap<RoomId, KnownRoom>,
    numbers: HashSet<i64>,
    names: HashSet<String>,
    /// In the order of the original.
    pub(super) all: Vec<Room>,
    places: HashMap<i64, usize>,
}

impl Rooms {
    /// With what is here.
    pub(super) fn new(known: Vec<KnownRoom>) -> Self {
        Self {
            numbers: known.iter().map(|room| room.number).collect(),
            names: known.iter().filter(|room| room.holds_name).map(|room| RoomName::norm_of(&room.name)).collect(),
            known: known.into_iter().map(|room| (room.id, room)).collect(),
            all: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// Decides about the next of the original's rooms.
    pub(super) fn add(&mut self, room: &OriginalRoom) -> Vec<Trouble> {
        let original = room.name.as_deref().unwrap_or_default();
        let id = ids::room(room.id, original);
        let mut troubles = Vec::new();
        let mut made = Room {
            id,
            deleted: false,
            new: None,
            first_at: None,
            last_at: None,
            authors: Vec::new(),
            has: HashSet::new(),
        };
        if let Some(known) = self.known.get(&id) {
            made.deleted = known.deleted;
            if known.deleted {
                troubles.push(Trouble::new(Kind::RoomDeleted, room.id, original));
            }
        } else {
            let (name, kind) = self.name(original, room.id);
            let what =
                if kind == Some(Kind::RoomNameKept) { original.to_owned() } else { format!("{original} → {name}") };
            troubles.extend(kind.map(|kind| Trouble::new(kind, room.id, what)));
            let number = Some(room.id).filter(|id| (1..=NUMBER_MAX).contains(id) && self.numbers.insert(*id));
            if number.is_none() {
                troubles.push(Trouble::new(Kind::RoomNumberChanged, room.id, name.as_str()));
            }
            made.new = Some(NewRoom { name, number });
        }
        self.places.insert(room.id, self.all.len());
        self.all.push(made);
        troubles
    }

    /// The room of that number in the original.
    pub(super) fn get(&self, original: i64) -> Option<&Room> {
        self.places.get(&original).and_then(|place| self.all.get(*place))
    }

    /// As [`get`](Self::get), to note something of it.
    pub(super) fn get_mut(&mut self, original: i64) -> Option<&mut Room> {
        self.places.get(&original).and_then(|place| self.all.get_mut(*place))
    }

    /// A name that no other public room has, and what is odd about it.
    fn name(&mut self, original: &str, number: i64) -> (RoomName, Option<Kind>) {
        let (name, odd) = match RoomName::parse(original) {
            Ok(name) => (name.as_str().to_owned(), None),
            Err(_) if original.trim().is_empty() => (format!("room {number}"), Some(Kind::RoomNameChanged)),
            Err(error) if error.code == "too_long" => (cut(original.trim(), 0), Some(Kind::RoomNameChanged)),
            Err(_) => (original.trim().to_owned(), Some(Kind::RoomNameKept)),
        };
        if self.names.insert(RoomName::norm_of(&name)) {
            return (RoomName::from_stored(name), odd);
        }
        let numbered = |n: u64| {
            let suffix = format!(" ({n})");
            cut(&name, suffix.len()) + &suffix
        };
        let free = |name: &String| self.names.insert(RoomName::norm_of(name));
        let numbered = (2..u64::MAX).map(numbered).find(free).unwrap_or_default();
        (RoomName::from_stored(numbered), Some(Kind::RoomNameChanged))
    }
}

/// As much of a name as leaves `room` characters for something else.
fn cut(name: &str, room: usize) -> String {
    name.chars().take(ROOM_NAME_CHARS.end() - room).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn room(id: i64, name: &str) -> OriginalRoom {
        OriginalRoom { id, name: Some(name.to_owned()) }
    }

    fn added(rooms: &mut Rooms, id: i64, name: &str) -> (String, Option<i64>, Vec<Kind>) {
        let troubles = rooms.add(&room(id, name));
        let NewRoom { name, number } = rooms.get(id).unwrap().new.clone().unwrap();
        (name.as_str().to_owned(), number, troubles.into_iter().map(|trouble| trouble.kind).collect())
    }

    #[test]
    fn a_room_keeps_its_name_and_number_where_they_are_free() {
        let here = KnownRoom { id: RoomId::new(), number: 2, name: "Den".into(), holds_name: true, deleted: false };
        let mut rooms = Rooms::new(vec![here]);
        assert_eq!(added(&mut rooms, 1, "General"), ("General".into(), Some(1), vec![]));
        assert_eq!(added(&mut rooms, 2, "x"), ("x".into(), None, vec![Kind::RoomNumberChanged]));
        assert_eq!(added(&mut rooms, 3, "den"), ("den (2)".into(), Some(3), vec![Kind::RoomNameChanged]));
        assert_eq!(added(&mut rooms, 4, "GENERAL"), ("GENERAL (2)".into(), Some(4), vec![Kind::RoomNameChanged]));
        assert_eq!(added(&mut rooms, -1, "minus").1, None);
    }

    #[test]
    fn a_name_that_is_refused_today_is_kept_if_it_can_be() {
        let mut rooms = Rooms::new(vec![]);
        assert_eq!(added(&mut rooms, 1, "a\tb"), ("a\tb".into(), Some(1), vec![Kind::RoomNameKept]));
        assert_eq!(added(&mut rooms, 2, " "), ("room 2".into(), Some(2), vec![Kind::RoomNameChanged]));
        let long = "x".repeat(70);
        assert_eq!(added(&mut rooms, 3, &long).0, "x".repeat(64));
        assert_eq!(added(&mut rooms, 4, &long).0, format!("{} (2)", "x".repeat(60)));
    }

    #[test]
    fn the_first_who_wrote_and_can_log_in_owns_a_room_unless_somebody_is_named() {
        let (ghost, ann) = (UserId::new(), UserId::new());
        let at = Timestamp::from_millis;
        let mut rooms = Rooms::new(vec![]);
        rooms.add(&room(1, "den"));
        let den = rooms.get_mut(1).unwrap();
        assert!(!den.note(Author { id: ghost, standing: Standing::NameOnly }, at(5)));
        assert!(!den.note(Author { id: ann, standing: Standing::Owned }, at(7)));
        assert!(den.note(Author { id: ann, standing: Standing::Owned }, at(6)));
        assert!(!den.note(Author { id: UserId::new(), standing: Standing::Deleted }, at(6)));
        let accounts = Accounts::new(vec![], at(9));
        let made = den.to_make(&accounts, None, at(9)).unwrap().unwrap();
        assert_eq!((made.owner, made.created_at), (ann, at(5)));
        assert_eq!(
            made.members.iter().map(|m| (m.user, m.joined_at)).collect::<Vec<_>>(),
            [(ghost, at(5)), (ann, at(7))]
        );
        let operator = UserId::new();
        assert_eq!(den.to_make(&accounts, Some(operator), at(9)).unwrap().unwrap().owner, operator);
        rooms.add(&room(2, "empty"));
        let error = rooms.get(2).unwrap().to_make(&accounts, None, at(9)).unwrap_err();
        assert!(error.to_string().contains("--owner"), "{error}");
    }
}
