//! Completing what is being typed: commands, users, rooms, names of emoji.

/// What can be completed here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// Members of the room.
    pub(crate) users: Vec<String>,
    /// Names of rooms.
    pub(crate) rooms: Vec<String>,
}

/// A part of the text, and what may stand in its place, best first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    /// The bytes to be replaced.
    pub(crate) range: std::ops::Range<usize>,
    /// What may replace them, each whole.
    pub(crate) candidates: Vec<String>,
}

/// At most so many are offered.
const OFFERED: usize = 12;

/// What the word before the cursor may become; `None` when nothing fits.
pub(crate) fn complete(text: &str, cursor: usize, known: &Known) -> Option<Completion> {
    let before = text.get(..cursor)?;
    let start =
        before.rfind(char::is_whitespace).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let word = &before[start..];
    let is_command = before.starts_with(':') && !before.starts_with("::");
    let mut range = start..cursor;
    let mut candidates = match word.chars().next() {
        _ if is_command && start > 0 && !choices(before, word).is_empty() => choices(before, word),
        None => return None,
        Some(':') if start == 0 => {
            let mut found = commands(&word[1..]);
            found.extend(emoji(&word[1..]));
            found
        }
        Some(':') => emoji(&word[1..]),
        Some('@') => matching(&known.users, &word[1..]).map(|name| format!("@{name} ")).collect(),
        Some(_) if is_room_argument(before) => {
            let argument = before.find(char::is_whitespace).map_or(cursor, |at| at + 1);
            range = argument..cursor;
            matching(&known.rooms, before[argument..].trim_start_matches('#')).map(str::to_owned).collect()
        }
        Some('#') => matching(&known.rooms, &word[1..]).map(|name| format!("#{name} ")).collect(),
        Some(_) if is_command => matching(&known.users, word).map(|name| format!("{name} ")).collect(),
        Some(_) => matching(&known.users, word).map(|name| format!("@{name} ")).collect(),
    };
    candidates.truncate(OFFERED);
    (!candidates.is_empty()).then_some(Completion { range, candidates })
}

/// A room's name may hold blanks, so it is everything after the command.
fn is_room_argument(before: &str) -> bool {
    [":room ", ":join "].into_iter().any(|command| before.starts_with(command))
}

/// The words that a command takes at this place, where it takes one of a few; those that begin as `word` does.
fn choices(before: &str, word: &str) -> Vec<String> {
    let mut earlier = before[1..before.len() - word.len()].split_whitespace();
    let name = earlier.next().unwrap_or_default();
    let Some(command) = crate::command::COMMANDS.iter().find(|c| c.name == name) else { return Vec::new() };
    let taken = command.takes.split_whitespace().nth(earlier.count()).filter(|t| t.contains('|')).unwrap_or_default();
    let words = taken.trim_matches(['[', ']']).split('|').filter(|w| !w.is_empty() && w.starts_with(word));
    words.map(str::to_owned).collect()
}

fn commands(beginning: &str) -> Vec<String> {
    let fits = |c: &&crate::command::Described| c.name.starts_with(beginning) && !c.name.contains(' ');
    let whole = |c: &crate::command::Described| format!(":{}{}", c.name, if c.takes.is_empty() { "" } else { " " });
    crate::command::COMMANDS.iter().filter(fits).map(whole).collect()
}

/// Those that begin so, then those that hold it.
fn matching<'a>(names: &'a [String], beginning: &str) -> impl Iterator<Item = &'a str> {
    let wanted = beginning.to_lowercase();
    let (first, second) = (wanted.clone(), wanted);
    let begins = names.iter().filter(move |n| n.to_lowercase().starts_with(&first));
    let holds = names.iter().filter(move |n| {
        let name = n.to_lowercase();
        !second.is_empty() && name.contains(&second) && !name.starts_with(&second)
    });
    begins.chain(holds).map(String::as_str)
}

/// Emoji whose names begin so. At least two letters, for there are many.
fn emoji(beginning: &str) -> Vec<String> {
    if beginning.chars().count() < 2
        || !beginning.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-'))
    {
        return Vec::new();
    }
    let mut named: Vec<(&str, &str)> = emojis::iter()
        .flat_map(|e| e.shortcodes().map(move |code| (code, e.as_str())))
        .filter(|(code, _)| code.starts_with(beginning))
        .collect();
    named.sort_by_key(|(code, _)| (code.len(), *code));
    named.dedup_by_key(|(_, emoji)| *emoji);
    named.into_iter().map(|(_, emoji)| emoji.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn known() -> Known {
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        Known { users: names(&["ann", "anton", "bob", "joanna"]), rooms: names(&["general", "The Hall", "lab"]) }
    }

    fn offered(text: &str) -> Vec<String> {
        complete(text, text.len(), &known()).map(|c| c.candidates).unwrap_or_default()
    }

    #[test]
    fn a_command_that_takes_one_of_a_few_words_offers_them() {
        let found = |text: &str| complete(text, text.len(), &known()).map(|c| c.candidates).unwrap_or_default();
        assert_eq!(found(":notify "), ["all", "mentions", "none"]);
        assert_eq!(found(":theme l"), ["light"]);
        assert_eq!(found(":role ann "), ["admin", "member"]);
        assert_eq!(found(":role ann admin "), [""; 0]);
    }

    #[test]
    fn users_are_completed_with_those_that_begin_so_first() {
        assert_eq!(offered("hi @an"), ["@ann ", "@anton ", "@joanna "]);
        assert_eq!(offered("hi bo"), ["@bob "]);
        assert_eq!(offered(":block bo"), ["bob "]);
    }

    #[test]
    fn rooms_are_completed_with_the_blanks_in_their_names() {
        assert_eq!(offered("see #gen"), ["#general "]);
        assert_eq!(offered(":room the h"), ["The Hall"]);
        assert_eq!(complete(":room the h", 11, &known()).map(|c| c.range), Some(6..11));
    }

    #[test]
    fn commands_and_emoji_are_completed_by_their_names() {
        assert_eq!(offered(":cle"), [":clear"]);
        assert_eq!(offered(":blo")[..2], [":block ", ":blocks"]);
        assert_eq!(offered("well :tada"), ["🎉"]);
        assert!(offered("x :smil").contains(&"😄".to_owned()));
    }

    #[test]
    fn nothing_is_offered_for_nothing() {
        assert_eq!(complete("", 0, &known()), None);
        assert_eq!(complete("word ", 5, &known()), None);
        assert_eq!(offered("zzz"), [] as [&str; 0]);
    }

    proptest! {
        #[test]
        fn any_text_is_completed_within_itself(text in any::<String>(), at in any::<prop::sample::Index>()) {
            let places: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
            let cursor = places[at.index(places.len())];
            if let Some(completion) = complete(&text, cursor, &known()) {
                prop_assert!(text.get(completion.range.clone()).is_some() && completion.range.end == cursor);
            }
        }
    }
}
