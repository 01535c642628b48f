//! The particulars of a block.

use chatapp_types::Timestamp;
use chatapp_types::limits::REASON_MAX_CHARS;
use chatapp_types::names::visible_line;
use chatapp_types::rooms::{Block, BlockRequest};

use super::Refusal;

/// A block to be made, its values checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBlock {
    /// Why; `None` for nothing said.
    pub reason: Option<String>,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

impl NewBlock {
    /// Checks a request: an end has to be in the future, a reason is one line of at most 250 characters.
    pub fn parse(request: &BlockRequest, now: Timestamp) -> Result<Self, Refusal> {
        require_future("until", request.until, now)?;
        let reason =
            request.reason.as_deref().map(|text| visible_line("reason", text, REASON_MAX_CHARS)).transpose()?;
        Ok(Self { reason: reason.filter(|text| !text.is_empty()), until: request.until })
    }

    /// Whether this is the block that stands already: asked for again, since an answer was lost perhaps, it changes
    /// nothing and is told to nobody a second time.
    pub fn is(&self, standing: &Block) -> bool {
        self.reason == standing.reason && self.until == standing.until
    }

    /// What the audit says of it.
    pub fn detail(&self) -> Option<String> {
        match (&self.reason, self.until) {
            (None, None) => None,
            (Some(reason), None) => Some(reason.clone()),
            (None, Some(until)) => Some(format!("until {until}")),
            (Some(reason), Some(until)) => Some(format!("until {until}: {reason}")),
        }
    }
}

/// A point in time, where one is given, lies in the future.
pub fn require_future(field: &str, at: Option<Timestamp>, now: Timestamp) -> Result<(), Refusal> {
    match at {
        Some(at) if at <= now => Err(Refusal::invalid(field, "out_of_range", "a time in the future")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(10_000);

    fn block(reason: Option<&str>, until: Option<i64>) -> Result<NewBlock, Refusal> {
        let request = BlockRequest { reason: reason.map(str::to_owned), until: until.map(Timestamp::from_millis) };
        NewBlock::parse(&request, NOW)
    }

    #[test]
    fn a_block_cannot_end_in_the_past() {
        assert!(matches!(block(None, Some(10_000)), Err(Refusal::Invalid(e)) if e.field == "until"));
        assert!(block(None, Some(10_001)).is_ok());
    }

    #[test]
    fn a_reason_is_one_visible_line() {
        assert!(matches!(block(Some("a\u{1b}[2J"), None), Err(Refusal::Invalid(e)) if e.field == "reason"));
        assert!(block(Some(&"x".repeat(251)), None).is_err());
        assert_eq!(block(Some("  "), None).unwrap().reason, None);
        assert_eq!(block(Some(" spam "), None).unwrap().detail().as_deref(), Some("spam"));
    }
}
