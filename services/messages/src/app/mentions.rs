//! `@name` in a text.

use std::collections::{HashMap, HashSet};

use chatapp_types::limits::USERNAME_CHARS;
use chatapp_types::{UserRef, Username};

/// Names looked at in one text; further ones are plain text. It bounds the work that a text can cause.
const MENTIONS_MAX: usize = 50;

/// One `@…` of a text: the names it may mean, the first that is a member's is meant. `@bob.` at the end of a sentence
/// may be `bob.` or `bob`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate(Vec<String>);

/// What may be mentions in `text`, in its order. Linear in the text. An `@` within a word (an e-mail address) or
/// after a slash (a path) is none.
pub fn candidates(text: &str) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for (at, _) in text.match_indices('@') {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '@' | '/')) {
            continue;
        }
        let rest = &text[at + 1..];
        let run = rest.find(|c| !is_name_char(c)).map_or(rest, |end| &rest[..end]);
        if run.is_empty() || run.chars().nth(*USERNAME_CHARS.end()).is_some() || !seen.insert(run) {
            continue;
        }
        found.push(Candidate(spellings(run)));
        if found.len() == MENTIONS_MAX {
            break;
        }
    }
    found
}

/// All names of all candidates, to be looked up at once.
pub fn names(candidates: &[Candidate]) -> impl Iterator<Item = &str> {
    candidates.iter().flat_map(|candidate| candidate.0.iter().map(String::as_str))
}

/// Who is meant, given the members among [`names`]; each user once, in the order of the text.
pub fn resolve(candidates: &[Candidate], members: &[UserRef]) -> Vec<UserRef> {
    let by_name: HashMap<&str, &UserRef> = members.iter().map(|user| (user.username.as_str(), user)).collect();
    let mut mentioned: Vec<UserRef> = Vec::new();
    for candidate in candidates {
        let meant = candidate.0.iter().find_map(|name| by_name.get(name.as_str()).copied());
        if let Some(user) = meant.filter(|user| mentioned.iter().all(|m| m.id != user.id)) {
            mentioned.push(user.clone());
        }
    }
    mentioned
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// The run itself and without punctuation at its end, each as typed (imported accounts may have names that could not
/// be registered today) and as names are stored.
fn spellings(run: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for text in [run, run.trim_end_matches(['.', '-']), run.trim_end_matches(['.', '-', '_'])] {
        let stored = Username::parse(text).ok().map(|name| name.as_str().to_owned());
        for name in [Some(text.to_owned()), stored].into_iter().flatten() {
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use chatapp_types::UserId;
    use proptest::prelude::*;

    use super::*;

    fn mentioned(text: &str, members: &[&str]) -> Vec<String> {
        let member = |name: &&str| UserRef { id: UserId::new(), username: (*name).to_owned() };
        let members: Vec<UserRef> = members.iter().map(member).collect();
        resolve(&candidates(text), &members).into_iter().map(|user| user.username).collect()
    }

    #[test]
    fn members_are_found_wherever_a_name_can_stand() {
        assert_eq!(mentioned("@bob, (@ann): see @Carl.", &["ann", "bob", "carl", "dan"]), ["bob", "ann", "carl"]);
        assert_eq!(mentioned("@bob @BOB @bob.", &["bob"]), ["bob"]);
        assert_eq!(mentioned("@bob_ and @x.y- --@ann", &["ann", "bob", "x.y"]), ["bob", "x.y", "ann"]);
    }

    #[test]
    fn the_longest_name_that_exists_is_meant() {
        assert_eq!(mentioned("@bob. wins", &["bob", "bob."]), ["bob."]);
    }

    #[test]
    fn who_is_no_member_and_what_is_no_mention_is_text() {
        assert_eq!(mentioned("@bob ann@bob.com /@bob @@bob @ bob", &["ann"]), Vec::<String>::new());
        assert_eq!(mentioned("me@bob x/@bob @@bob", &["bob"]), Vec::<String>::new());
    }

    #[test]
    fn a_text_of_mentions_alone_causes_bounded_work() {
        let text = (0..2_000).map(|n| format!("@u{n}")).collect::<Vec<_>>().join(" ");
        assert_eq!(candidates(&text).len(), MENTIONS_MAX);
        assert!(names(&candidates(&text)).count() <= MENTIONS_MAX * 6);
        assert_eq!(candidates(&format!("@{}", "a".repeat(33))), []);
    }

    proptest! {
        #[test]
        fn any_text_has_candidates_or_none_and_never_panics(text in ".{0,300}") {
            let _ = candidates(&text);
        }
    }
}
