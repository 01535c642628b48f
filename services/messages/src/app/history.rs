//! Which part of a room's history.

use chatapp_types::limits::{PAGE_DEFAULT, PAGE_MAX};
use chatapp_types::{ErrorCode, FieldError, Problem};

/// Which messages, in relation to a seq. The seq need not be a message's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryPart {
    /// The latest.
    Latest,
    /// Those before a seq, that one excluded.
    Before(u64),
    /// Those after a seq, that one excluded.
    After(u64),
    /// Half of them before a seq, the others from that one on.
    Around(u64),
}

impl HistoryPart {
    /// From the three parameters of a query, of which one at most is given.
    pub fn parse(before: Option<u64>, after: Option<u64>, around: Option<u64>) -> Result<Self, Problem> {
        match (before, after, around) {
            (None, None, None) => Ok(Self::Latest),
            (Some(seq), None, None) => Ok(Self::Before(seq)),
            (None, Some(seq), None) => Ok(Self::After(seq)),
            (None, None, Some(seq)) => Ok(Self::Around(seq)),
            _ => Err(Problem::new(ErrorCode::Malformed).with_detail("give one of before, after and around")),
        }
    }
}

/// The items of a page: what was asked for, or the default. Out of `1..=max` is refused rather than clamped, so that
/// nobody takes a short page for the end.
pub fn page_limit(asked: Option<i64>) -> Result<u32, FieldError> {
    limit_up_to(PAGE_MAX, asked)
}

/// As [`page_limit`], for pages of up to `max` items.
pub fn limit_up_to(max: u32, asked: Option<i64>) -> Result<u32, FieldError> {
    let Some(asked) = asked else { return Ok(PAGE_DEFAULT) };
    u32::try_from(asked)
        .ok()
        .filter(|n| (1..=max).contains(n))
        .ok_or_else(|| FieldError::new("limit", "out_of_range", format!("from 1 to {max}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_relation_at_most_is_given() {
        assert_eq!(HistoryPart::parse(None, None, None), Ok(HistoryPart::Latest));
        assert_eq!(HistoryPart::parse(None, Some(0), None), Ok(HistoryPart::After(0)));
        assert_eq!(HistoryPart::parse(Some(1), Some(2), None).expect_err("two").status, 400);
    }

    #[test]
    fn a_limit_out_of_range_is_refused() {
        assert_eq!(page_limit(None), Ok(PAGE_DEFAULT));
        assert_eq!(page_limit(Some(200)), Ok(200));
        for bad in [0, -1, 201, i64::MAX, i64::MIN] {
            assert_eq!(page_limit(Some(bad)).expect_err("refused").code, "out_of_range");
        }
    }
}
