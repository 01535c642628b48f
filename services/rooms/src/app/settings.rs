//! A room's settings and how they change.

use chatapp_types::rooms::UpdateRoomRequest;
use chatapp_types::{EntryBody, History, RoomName, Topic, Visibility};

/// The beginning of a compared name that lists are ordered by, in characters: short enough for a cursor, since some
/// characters become eighteen when names are made comparable.
const SORT_KEY_CHARS: usize = 64;

/// A room's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The name.
    pub name: String,
    /// What it is about; empty for none.
    pub topic: String,
    /// Who can see it.
    pub visibility: Visibility,
    /// What a newcomer may read.
    pub history: History,
}

/// What is to be changed; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomChange {
    /// The new name.
    pub name: Option<RoomName>,
    /// The new topic.
    pub topic: Option<Topic>,
    /// The new visibility.
    pub visibility: Option<Visibility>,
    /// What a newcomer may read from now on.
    pub history: Option<History>,
}

impl From<UpdateRoomRequest> for RoomChange {
    fn from(request: UpdateRoomRequest) -> Self {
        let UpdateRoomRequest { name, topic, visibility, history } = request;
        Self { name, topic, visibility, history }
    }
}

/// A change applied: the settings that follow, and an entry for each that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The settings from now on.
    pub settings: Settings,
    /// What happened, with what the audit says of it; empty when all is as it was.
    pub entries: Vec<(EntryBody, String)>,
    /// Whether the room becomes public, or is public and gets another name: then its name has to be free.
    pub claims_name: bool,
    /// Whether the room becomes public: then its code goes, so that none comes back with a later change to private.
    pub drops_code: bool,
}

impl Settings {
    /// Applies a change.
    pub fn changed(&self, change: RoomChange) -> Changed {
        let mut to = self.clone();
        let mut entries = Vec::new();
        if let Some(name) = change.name.map(|n| n.as_str().to_owned()).filter(|name| *name != self.name) {
            to.name.clone_from(&name);
            entries.push((EntryBody::RoomRenamed { name: name.clone() }, name));
        }
        if let Some(topic) = change.topic.map(|t| t.as_str().to_owned()).filter(|topic| *topic != self.topic) {
            to.topic.clone_from(&topic);
            entries.push((EntryBody::RoomTopicChanged { topic: topic.clone() }, topic));
        }
        if let Some(visibility) = change.visibility.filter(|v| *v != self.visibility) {
            to.visibility = visibility;
            entries.push((EntryBody::RoomVisibilityChanged { visibility }, visibility.to_string()));
        }
        if let Some(history) = change.history.filter(|h| *h != self.history) {
            to.history = history;
            entries.push((EntryBody::RoomHistoryChanged { history }, history.to_string()));
        }
        let becomes_public = to.visibility == Visibility::Public && self.visibility == Visibility::Private;
        let claims_name = becomes_public || (to.visibility == Visibility::Public && to.name != self.name);
        Changed { settings: to, entries, claims_name, drops_code: becomes_public }
    }
}

/// What a list of rooms is ordered by, given the compared form of a name.
pub fn sort_key(name_norm: &str) -> String {
    name_norm.chars().take(SORT_KEY_CHARS).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use chatapp_types::Cursor;

    use super::*;

    fn den(visibility: Visibility) -> Settings {
        Settings { name: "Den".into(), topic: String::new(), visibility, history: History::Full }
    }

    #[test]
    fn what_stays_makes_no_entry() {
        let change = RoomChange {
            name: Some(RoomName::parse("Den").unwrap()),
            topic: Some(Topic::default()),
            visibility: Some(Visibility::Public),
            history: None,
        };
        let changed = den(Visibility::Public).changed(change);
        assert_eq!(changed.entries, []);
        assert!(!changed.claims_name && !changed.drops_code);
    }

    #[test]
    fn each_setting_that_changes_is_one_entry() {
        let change = RoomChange {
            name: Some(RoomName::parse("Lair").unwrap()),
            topic: Some(Topic::parse("bears").unwrap()),
            visibility: Some(Visibility::Private),
            history: Some(History::SinceJoin),
        };
        let changed = den(Visibility::Public).changed(change);
        let kinds: Vec<_> = changed.entries.iter().map(|(body, _)| body.kind()).collect();
        let expected = ["room.renamed", "room.topic_changed", "room.visibility_changed", "room.history_changed"];
        assert_eq!(kinds, expected);
        assert!(!changed.claims_name, "a private room's name is unique to nobody");
        assert_eq!(changed.settings.name, "Lair");
    }

    #[test]
    fn a_room_made_public_claims_its_name_and_loses_its_code() {
        let change = RoomChange { visibility: Some(Visibility::Public), ..RoomChange::default() };
        let changed = den(Visibility::Private).changed(change);
        assert!(changed.claims_name && changed.drops_code);
    }

    #[test]
    fn any_name_fits_into_a_cursor() {
        let longest = RoomName::parse(&"\u{FDFA}".repeat(64)).unwrap();
        let wide = RoomName::parse(&"\u{20000}".repeat(64)).unwrap();
        for name in [longest, wide] {
            let cursor = Cursor::encode(&(sort_key(&name.norm()), i64::MAX));
            assert!(cursor.as_str().len() <= Cursor::MAX_LEN, "{}", cursor.as_str().len());
        }
    }
}
