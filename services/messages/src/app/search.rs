//! What a search asks for.

use chatapp_types::FieldError;

/// Characters of a search.
const QUERY_MAX_CHARS: usize = 200;

/// The words to be found: all of them, in any order, the last one as a beginning, so that one may search while typing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchQuery(Vec<String>);

impl SearchQuery {
    /// Parses what a person typed. Nothing in it is syntax: quotes, operators and punctuation are text.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        // Four bytes a character at most: a longer text is refused before its characters are counted.
        if text.len() > QUERY_MAX_CHARS * 4 || text.chars().count() > QUERY_MAX_CHARS {
            return Err(FieldError::new("q", "too_long", format!("at most {QUERY_MAX_CHARS} characters")));
        }
        let words: Vec<String> =
            text.split(|c: char| c.is_whitespace() || c == '\0').filter(|w| !w.is_empty()).map(str::to_owned).collect();
        if words.is_empty() {
            return Err(FieldError::new("q", "too_short", "at least 1 character"));
        }
        Ok(Self(words))
    }

    /// The words, as they were typed.
    pub fn words(&self) -> &[String] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_a_list_of_words() {
        assert_eq!(SearchQuery::parse("  a \"b c\" OR\0d ").expect("valid").words(), ["a", "\"b", "c\"", "OR", "d"]);
    }

    #[test]
    fn an_empty_or_endless_search_is_refused() {
        assert_eq!(SearchQuery::parse(" \0 ").expect_err("empty").code, "too_short");
        assert_eq!(SearchQuery::parse(&"x".repeat(201)).expect_err("long").code, "too_long");
        assert_eq!(SearchQuery::parse(&"x ".repeat(1_000_000)).expect_err("endless").code, "too_long");
    }
}
