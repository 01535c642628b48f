//! Which key does what: the usual keys, vim's, and a person's own. The help shows what is in force.

mod action;
mod chord;
mod defaults;

use std::collections::BTreeMap;

use crossterm::event::KeyEvent;

pub(crate) use action::Action;
pub(crate) use chord::Chord;

/// Where a binding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// Everywhere, unless a nearer place says otherwise.
    Everywhere,
    /// While one writes.
    Writing,
    /// While one chooses messages (vim: the normal mode).
    Reading,
    /// In lists and questions over the conversation.
    Lists,
    /// In the line-by-line client.
    Plain,
}

impl Place {
    pub(crate) const ALL: [Self; 5] = [Self::Everywhere, Self::Writing, Self::Reading, Self::Lists, Self::Plain];
    /// Those of the full-screen interface.
    pub(crate) const OF_THE_SCREEN: [Self; 4] = [Self::Everywhere, Self::Writing, Self::Reading, Self::Lists];

    /// Its name in the settings.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::Writing => "writing",
            Self::Reading => "reading",
            Self::Lists => "lists",
            Self::Plain => "plain",
        }
    }

    /// What stands over its keys in the help.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "Everywhere",
            Self::Writing => "While you write",
            Self::Reading => "While you choose messages (Esc)",
            Self::Lists => "In lists",
            Self::Plain => "Line by line (--plain), beside those that hold everywhere",
        }
    }
}

/// One binding: keys one after the other, and what they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) place: Place,
    pub(crate) keys: Vec<Chord>,
    pub(crate) action: Action,
}

/// What a key means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// This.
    Action(Action),
    /// Perhaps something with the keys that follow.
    Begun,
    /// Nothing that is bound.
    Unbound,
}

/// The bindings in force.
#[derive(Clone, Debug)]
pub(crate) struct Keymap {
    bindings: Vec<Binding>,
}

impl Keymap {
    /// The usual keys or vim's, with a person's own in place of them. `none` as an action takes a key's meaning away.
    pub(crate) fn new(vim: bool, own: &BTreeMap<String, BTreeMap<String, String>>) -> Result<Self, String> {
        let mut keymap = Self { bindings: defaults::bindings(vim) };
        for (place, bindings) in own {
            let place = Place::ALL.into_iter().find(|p| p.name() == place).ok_or_else(|| {
                format!("keys hold in everywhere, writing, reading, lists or plain, and not in {place:?}")
            })?;
            for (keys, action) in bindings {
                let bound = keymap.bind(place, keys, action);
                bound.map_err(|why| format!("[keys.{}] {keys:?}: {why}", place.name()))?;
            }
        }
        Ok(keymap)
    }

    fn bind(&mut self, place: Place, keys: &str, action: &str) -> Result<(), String> {
        let keys = sequence(keys)?;
        self.bindings.retain(|b| b.place != place || b.keys != keys);
        if action != "none" {
            let action = Action::named(action).ok_or_else(|| format!("there is no action {action:?}"))?;
            self.bindings.push(Binding { place, keys, action });
        }
        Ok(())
    }

    /// What `key` means at `place` after the keys `before` that were begun with; `before` is brought up to date.
    pub(crate) fn meaning(&self, place: Place, before: &mut Vec<Chord>, key: KeyEvent) -> Meaning {
        before.push(Chord::of(key));
        loop {
            for place in [place, Place::Everywhere] {
                let here = || self.bindings.iter().filter(move |b| b.place == place);
                if let Some(binding) = here().rev().find(|b| b.keys == *before) {
                    before.clear();
                    return Meaning::Action(binding.action);
                }
                if here().any(|b| b.keys.starts_with(before)) {
                    return Meaning::Begun;
                }
            }
            if before.len() <= 1 {
                before.clear();
                return Meaning::Unbound;
            }
            // What was begun leads nowhere: the last key stands for itself.
            before.drain(..before.len() - 1);
        }
    }

    /// Every binding of a place, actions in the order of their list, the keys of each together.
    pub(crate) fn of(&self, place: Place) -> Vec<(Action, Vec<String>)> {
        let mut found: BTreeMap<Action, Vec<String>> = BTreeMap::new();
        for binding in self.bindings.iter().filter(|b| b.place == place) {
            found.entry(binding.action).or_default().push(shown(&binding.keys));
        }
        found.into_iter().collect()
    }

    /// The first key of an action, to be named in a hint.
    pub(crate) fn hint(&self, action: Action) -> Option<String> {
        self.bindings.iter().find(|b| b.action == action).map(|b| shown(&b.keys))
    }
}

fn sequence(text: &str) -> Result<Vec<Chord>, String> {
    let keys = text.split_whitespace().map(Chord::parse).collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() { Err("a key is missing".to_owned()) } else { Ok(keys) }
}

fn shown(keys: &[Chord]) -> String {
    let keys: Vec<String> = keys.iter().map(Chord::to_string).collect();
    keys.join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;

    fn own(place: &str, keys: &str, action: &str) -> BTreeMap<String, BTreeMap<String, String>> {
        BTreeMap::from([(place.to_owned(), BTreeMap::from([(keys.to_owned(), action.to_owned())]))])
    }

    fn press(keymap: &Keymap, place: Place, before: &mut Vec<Chord>, c: char, modifiers: KeyModifiers) -> Meaning {
        keymap.meaning(place, before, KeyEvent::new(KeyCode::Char(c), modifiers))
    }

    #[test]
    fn a_persons_own_key_goes_before_the_usual_one() {
        let keymap = Keymap::new(false, &own("writing", "ctrl+k", "editor")).unwrap();
        let mut before = Vec::new();
        let meaning = press(&keymap, Place::Writing, &mut before, 'k', KeyModifiers::CONTROL);
        assert_eq!(meaning, Meaning::Action(Action::Editor));
        let meaning = press(&keymap, Place::Reading, &mut before, 'k', KeyModifiers::CONTROL);
        assert_eq!(meaning, Meaning::Action(Action::SwitchRoom));
    }

    #[test]
    fn keys_one_after_the_other_are_one_binding() {
        let keymap = Keymap::new(true, &BTreeMap::new()).unwrap();
        let mut before = Vec::new();
        let plain = KeyModifiers::NONE;
        assert_eq!(press(&keymap, Place::Reading, &mut before, 'g', plain), Meaning::Begun);
        assert_eq!(press(&keymap, Place::Reading, &mut before, 'g', plain), Meaning::Action(Action::Oldest));
        assert_eq!(press(&keymap, Place::Reading, &mut before, 'g', plain), Meaning::Begun);
        assert_eq!(press(&keymap, Place::Reading, &mut before, 'r', plain), Meaning::Action(Action::Reply));
        assert!(before.is_empty());
    }

    #[test]
    fn a_key_can_be_left_without_a_meaning() {
        let keymap = Keymap::new(false, &own("everywhere", "ctrl+q", "none")).unwrap();
        assert_eq!(press(&keymap, Place::Writing, &mut Vec::new(), 'q', KeyModifiers::CONTROL), Meaning::Unbound);
    }

    #[test]
    fn mistyped_bindings_are_named() {
        for (place, keys, action, named) in [
            ("writin", "a", "quit", "writin"),
            ("writing", "strg+k", "quit", "strg"),
            ("writing", "f2", "quitt", "quitt"),
        ] {
            let why = Keymap::new(false, &own(place, keys, action)).unwrap_err();
            assert!(why.contains(named) && why.contains(place), "{why}");
        }
    }

    #[test]
    fn line_by_line_the_keys_of_a_shell_go_before_those_that_hold_everywhere() {
        let keymap = Keymap::new(false, &own("plain", "ctrl+g", "switch-room")).unwrap();
        let meaning = |c, held| press(&keymap, Place::Plain, &mut Vec::new(), c, held);
        assert_eq!(meaning('k', KeyModifiers::CONTROL), Meaning::Action(Action::DeleteToEnd));
        assert_eq!(meaning('a', KeyModifiers::ALT), Meaning::Action(Action::NextUnread));
        assert_eq!(meaning('g', KeyModifiers::CONTROL), Meaning::Action(Action::SwitchRoom));
    }

    #[test]
    fn no_key_is_bound_twice_in_a_place() {
        for vim in [false, true] {
            let bindings = defaults::bindings(vim);
            for (at, binding) in bindings.iter().enumerate() {
                let twin = bindings[at + 1..].iter().find(|b| b.place == binding.place && b.keys == binding.keys);
                assert_eq!(twin, None, "vim: {vim}");
            }
        }
    }
}
