//! Which way a search looks through the messages, so that its work is bounded whatever is asked for: from the rarest
//! word's messages down, each held against the other words. Where even that one is common, finds are near, and the walk
//! ends when enough were looked at.

use chatapp_db::DbError;
use chatapp_db::mssql::{Session, Sql};
use chatapp_types::RoomId;

use super::{CANDIDATES_MAX, words};
use crate::app::search::SearchQuery;

/// Words with a beginning that are gathered and sorted at most. A beginning that more words have is so common that a walk
/// through all messages meets it soon.
const GATHERED_MAX: u32 = 50_000;

/// What a text must have: each of these words, and one that begins so.
pub(super) struct Wanted {
    exact: Vec<String>,
    beginning: Option<String>,
    /// Words that a person typed as one (`x-ray`): to be found together.
    phrases: Vec<Phrase>,
}

struct Phrase {
    words: Vec<String>,
    /// Whether its last word may be a beginning.
    open: bool,
}

impl Phrase {
    fn is(&self, part: &[String]) -> bool {
        let (Some((last, before)), Some((end, start))) = (self.words.split_last(), part.split_last()) else {
            return true;
        };
        start == before && if self.open { end.starts_with(last) } else { end == last }
    }
}

impl Wanted {
    /// `None` when nothing typed has a letter or a digit: then nothing is asked for.
    pub(super) fn of(query: &SearchQuery) -> Option<Self> {
        let mut phrases: Vec<Phrase> =
            query.words().iter().map(|word| Phrase { words: words::of(word), open: false }).collect();
        let mut exact: Vec<String> = phrases.iter().flat_map(|phrase| phrase.words.clone()).collect();
        let mut beginning = None;
        if let Some(last) = phrases.last_mut().filter(|last| !last.words.is_empty()) {
            last.open = true;
            beginning = exact.pop();
        }
        exact.sort_unstable();
        exact.dedup();
        // What is a word is the beginning of one.
        beginning.take_if(|beginning| exact.contains(beginning));
        phrases.retain(|phrase| phrase.words.len() > 1);
        (!exact.is_empty() || beginning.is_some()).then_some(Self { exact, beginning, phrases })
    }

    pub(super) const fn has_phrases(&self) -> bool {
        !self.phrases.is_empty()
    }

    /// Whether every phrase stands in a text of these words.
    pub(super) fn phrases_are_in(&self, text: &[String]) -> bool {
        self.phrases.iter().all(|phrase| text.windows(phrase.words.len()).any(|part| phrase.is(part)))
    }
}

/// Whose messages are looked at, newest first.
pub(super) enum Driver {
    /// Those with this word.
    Word(String),
    /// Those with a word that begins so.
    Beginning(String),
    /// Those of one room.
    Room(RoomId),
    /// All.
    All,
}

impl Driver {
    /// The one with the fewest candidates; `None` when a word is nowhere. Nothing is counted beyond what matters.
    pub(super) async fn choose(
        session: &mut Session,
        wanted: &Wanted,
        room: Option<RoomId>,
        before: i64,
    ) -> Result<Option<Self>, DbError> {
        let mut sql = Sql::new("SELECT ");
        let before = sql.hold(before);
        for (n, word) in wanted.exact.iter().enumerate() {
            let (comma, word) = (if n > 0 { ", " } else { "" }, sql.hold(word.as_str()));
            sql.push(&format!("{comma}{}", counted(CANDIDATES_MAX, &format!("word = {word} AND id < {before}"))));
        }
        if let Some(beginning) = &wanted.beginning {
            let comma = if wanted.exact.is_empty() { "" } else { ", " };
            let begins = begins(&mut sql, "word", beginning);
            sql.push(&format!("{comma}{}", counted(GATHERED_MAX, &format!("{begins} AND id < {before}"))));
        }
        let row = session.query_one(sql).await?;
        let mut best = (i64::MAX, Self::All);
        for (n, word) in wanted.exact.iter().enumerate() {
            let count = row.int(n)?;
            if count < best.0 {
                best = (count, Self::Word(word.clone()));
            }
        }
        if let Some(beginning) = &wanted.beginning {
            let count = row.int(wanted.exact.len())?;
            if count < best.0 && count <= i64::from(GATHERED_MAX) {
                best = (count, Self::Beginning(beginning.clone()));
            }
        }
        Ok(match (best, room) {
            ((0, _), _) => None,
            // A common word is met sooner in the room itself than among all messages that have it.
            ((count, _), Some(room)) if count > i64::from(CANDIDATES_MAX) => Some(Self::Room(room)),
            ((_, driver), _) => Some(driver),
        })
    }

    /// A statement that answers with the next candidates before an id, newest first: id, room, seq, and whether it is a
    /// match.
    pub(super) fn candidates(&self, wanted: &Wanted, before: i64, limit: u32) -> Sql {
        let mut sql = Sql::default();
        let (before, limit) = (sql.hold(before), sql.hold(limit));
        let source = match self {
            Self::Word(word) => {
                let word = sql.hold(word.as_str());
                format!(
                    "SELECT TOP ({limit}) id FROM messages.words WHERE word = {word} AND id < {before} ORDER BY id DESC"
                )
            }
            Self::Beginning(beginning) => {
                let begins = begins(&mut sql, "word", beginning);
                format!(
                    "SELECT TOP ({limit}) id FROM
                     (SELECT DISTINCT id FROM messages.words WHERE {begins} AND id < {before}) d ORDER BY id DESC"
                )
            }
            // Within a room, ids grow with the seq, by which its messages lie in order.
            Self::Room(room) => {
                let room = sql.hold(*room);
                format!(
                    "SELECT TOP ({limit}) id FROM messages.messages WHERE room_id = {room} AND id < {before}
                     AND seq < COALESCE((SELECT seq FROM messages.messages WHERE id = {before} AND room_id = {room}),
                                        9223372036854775807) ORDER BY seq DESC"
                )
            }
            Self::All => format!("SELECT TOP ({limit}) id FROM messages.messages WHERE id < {before} ORDER BY id DESC"),
        };
        let matches = self.matches(wanted, &mut sql);
        sql.push(&format!(
            "SELECT c.id, m.room_id, m.seq, CASE WHEN {matches} THEN 1 ELSE 0 END
             FROM ({source}) c JOIN messages.messages m ON m.id = c.id ORDER BY c.id DESC"
        ));
        sql
    }

    /// What of the wanted is not sure of a candidate yet.
    fn matches(&self, wanted: &Wanted, sql: &mut Sql) -> String {
        let mut conditions = vec!["1 = 1".to_owned()];
        let exists =
            |condition: String| format!("EXISTS (SELECT 1 FROM messages.words x WHERE x.id = c.id AND {condition})");
        for word in &wanted.exact {
            if !matches!(self, Self::Word(sure) if sure == word) {
                conditions.push(exists(format!("x.word = {}", sql.hold(word.as_str()))));
            }
        }
        if let Some(beginning) = &wanted.beginning
            && !matches!(self, Self::Beginning(_))
        {
            conditions.push(exists(begins(sql, "x.word", beginning)));
        }
        conditions.join(" AND ")
    }
}

fn begins(sql: &mut Sql, column: &str, beginning: &str) -> String {
    let bound = words::after_all_beginning_with(beginning);
    format!("{column} >= {} AND {column} < {}", sql.hold(beginning), sql.hold(bound))
}

/// Counts to one more than `limit` and no further.
fn counted(limit: u32, condition: &str) -> String {
    format!("(SELECT COUNT(*) FROM (SELECT TOP ({}) 1 AS one FROM messages.words WHERE {condition}) c)", limit + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(text: &str) -> Option<Wanted> {
        Wanted::of(&SearchQuery::parse(text).ok()?)
    }

    fn is_in(query: &str, text: &str) -> bool {
        wanted(query).is_some_and(|wanted| wanted.phrases_are_in(&words::of(text)))
    }

    #[test]
    fn the_last_word_is_a_beginning_and_no_other() {
        let of = |text| wanted(text).map(|w| (w.exact, w.beginning));
        assert_eq!(of("Cat the"), Some((vec!["cat".into()], Some("the".into()))));
        assert_eq!(of("the the"), Some((vec!["the".into()], None)));
        assert_eq!(of("plain \""), Some((vec!["plain".into()], None)));
        assert_eq!(of("!!! \""), None);
    }

    #[test]
    fn what_was_typed_as_one_is_found_together() {
        assert!(is_in("x-ray", "an X-raying") && !is_in("x-ray", "ray x"));
        assert!(is_in("x-ray of", "x-ray of") && !is_in("x-ray of", "x-rays of"));
        assert!(is_in("ray x-ray", "x-rays of a ray") && !is_in("a-b x-ray", "x ray b a"));
    }
}
