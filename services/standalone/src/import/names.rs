//! The names that imported accounts get.
//!
//! A name that could be registered today is kept in its normal form, by which its owner is found however it is typed. One
//! that could not is kept as it is, and is found as it is typed. A name that is taken, reserved, empty or very long is
//! given another: its own with a number, or the account's number.

use std::collections::HashSet;

use chatapp_types::Username;
use chatapp_types::limits::USERNAME_CHARS;

use super::trouble::{Kind, Trouble};

/// Characters of a name that is kept though it could not be registered today.
const KEPT_CHARS: usize = 128;

/// Characters of a likeness that is compared; a letter may look like several.
const SKELETON_CHARS: usize = 400;

/// Names in use, and what they look like.
#[derive(Default)]
pub(super) struct NameBook {
    names: HashSet<String>,
    skeletons: HashSet<String>,
}

/// A name that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given {
    /// The name.
    pub(super) username: String,
    /// What it looks like, unless another account looks so too.
    pub(super) skeleton: Option<String>,
    /// How it came about.
    fit: Fit,
}

/// How a name fits today's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// It could be registered today.
    Regular,
    /// It could not, and is kept.
    Odd,
    /// It is not the one that was asked for.
    Changed,
}

impl NameBook {
    /// Notes a name that is in use.
    pub(super) fn note(&mut self, name: Option<&str>, skeleton: Option<&str>) {
        self.names.extend(name.map(str::to_owned));
        self.skeletons.extend(skeleton.map(str::to_owned));
    }

    /// Gives a name to the account that had `name` and that number.
    pub(super) fn give(&mut self, name: &str, number: Option<i64>) -> Given {
        let name = name.trim();
        let (wanted, fit) = match Username::parse(name) {
            Ok(name) => (name.as_str().to_owned(), Fit::Regular),
            Err(error) if error.code == "reserved" => (self.with_a_number(&name.to_lowercase()), Fit::Changed),
            Err(_) if can_be_kept(name) => (name.to_owned(), Fit::Odd),
            Err(_) => (number.map_or_else(|| "user".to_owned(), |n| format!("user-{n}")), Fit::Changed),
        };
        let taken = self.names.contains(&wanted);
        let (username, fit) = if taken { (self.with_a_number(&wanted), Fit::Changed) } else { (wanted, fit) };
        let skeleton = Username::from_stored(username.clone()).skeleton();
        let comparable = (1..=SKELETON_CHARS).contains(&skeleton.chars().count());
        let unlike = comparable && self.skeletons.insert(skeleton.clone());
        self.names.insert(username.clone());
        Given { username, skeleton: unlike.then_some(skeleton), fit }
    }

    /// The name with the first number from 2 on that makes it free; shortened where it would be too long.
    fn with_a_number(&self, name: &str) -> String {
        let most = if name.chars().count() > *USERNAME_CHARS.end() { KEPT_CHARS } else { *USERNAME_CHARS.end() };
        let numbered = |n: u64| {
            let number = format!("-{n}");
            let kept: String = name.chars().take(most - number.len()).collect();
            kept + &number
        };
        (2..u64::MAX).map(numbered).find(|name| !self.names.contains(name)).unwrap_or_default()
    }
}

impl Given {
    /// What there is to say of it.
    pub(super) fn troubles(&self, name: &str, id: Option<i64>) -> Vec<Trouble> {
        let mut troubles = match self.fit {
            Fit::Regular => Vec::new(),
            Fit::Odd => vec![Trouble::new(Kind::UsernameKept, id, name)],
            Fit::Changed => vec![Trouble::new(Kind::UsernameChanged, id, format!("{name} → {}", self.username))],
        };
        if self.skeleton.is_none() {
            troubles.push(Trouble::new(Kind::UsernameAlike, id, &self.username));
        }
        troubles
    }
}

fn can_be_kept(name: &str) -> bool {
    !name.is_empty() && name.chars().take(KEPT_CHARS + 1).count() <= KEPT_CHARS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(book: &mut NameBook, name: &str, id: i64) -> (String, Vec<Kind>) {
        let given = book.give(name, Some(id));
        let kinds = given.troubles(name, Some(id)).into_iter().map(|trouble| trouble.kind).collect();
        (given.username, kinds)
    }

    #[test]
    fn a_name_is_kept_in_its_normal_form() {
        let mut book = NameBook::default();
        assert_eq!(given(&mut book, "Ann", 1), ("ann".into(), vec![]));
        assert_eq!(given(&mut book, " bob ", 2), ("bob".into(), vec![]));
    }

    #[test]
    fn a_name_that_is_refused_today_is_kept_as_it_is() {
        let mut book = NameBook::default();
        for name in ["x", "Ann Lee", "-rf", "a@b.example", "a\u{200b}b"] {
            assert_eq!(given(&mut book, name, 1), (name.to_owned(), vec![Kind::UsernameKept]), "{name:?}");
        }
    }

    #[test]
    fn of_names_that_differ_in_case_alone_the_first_keeps_it() {
        let mut book = NameBook::default();
        assert_eq!(given(&mut book, "ann", 1).0, "ann");
        assert_eq!(given(&mut book, "Ann", 2), ("ann-2".into(), vec![Kind::UsernameChanged]));
        assert_eq!(given(&mut book, "ANN", 3), ("ann-3".into(), vec![Kind::UsernameChanged]));
        let long = "a".repeat(32);
        assert_eq!(given(&mut book, &long, 4).0, long);
        assert_eq!(given(&mut book, &long.to_uppercase(), 5).0, format!("{}-2", "a".repeat(30)));
    }

    #[test]
    fn a_name_that_cannot_be_kept_is_given_another() {
        let mut book = NameBook::default();
        assert_eq!(given(&mut book, "", 7), ("user-7".into(), vec![Kind::UsernameChanged]));
        assert_eq!(given(&mut book, "  ", 8), ("user-8".into(), vec![Kind::UsernameChanged]));
        assert_eq!(given(&mut book, &"x".repeat(129), 9), ("user-9".into(), vec![Kind::UsernameChanged]));
        assert_eq!(given(&mut book, "Me", 10), ("me-2".into(), vec![Kind::UsernameChanged]));
    }

    #[test]
    fn a_name_that_looks_like_another_is_kept_and_said_to() {
        let mut book = NameBook::default();
        assert_eq!(given(&mut book, "paypal", 1).1, []);
        assert_eq!(given(&mut book, "раураӏ", 2), ("раураӏ".into(), vec![Kind::UsernameAlike]));
        assert!(book.give("раураӏ", Some(3)).skeleton.is_some(), "the number makes the difference");
    }
}
