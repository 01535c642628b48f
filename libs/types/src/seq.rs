//! Numbers of entries as they come from outside: what a database cannot hold is refused at the edge.
//!
//! For `#[serde(deserialize_with = "…")]`. A number above [`MAX`] is refused with the mark of a value that is not valid.

use serde::{Deserialize, Deserializer, de};

use crate::names::INVALID_MARK;

/// The highest number that an entry can have, 2⁶³ − 1: that of the databases' and the description's `int64`.
pub const MAX: u64 = i64::MAX.unsigned_abs();

/// A number that must be there.
pub fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    u64::deserialize(deserializer).and_then(checked)
}

/// A number that may be missing.
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Option::<u64>::deserialize(deserializer)?.map(checked).transpose()
}

fn checked<E: de::Error>(seq: u64) -> Result<u64, E> {
    if seq <= MAX {
        return Ok(seq);
    }
    Err(E::custom(format_args!("{INVALID_MARK}seq|out_of_range|at most {MAX}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::messages::ReadRequest;

    #[test]
    fn a_number_that_no_entry_can_have_is_refused() {
        let read = |seq: u64| serde_json::from_value::<ReadRequest>(json!({"seq": seq}));
        assert_eq!(read(super::MAX).unwrap().seq, super::MAX);
        assert!(read(super::MAX + 1).unwrap_err().to_string().contains("invalid:seq|out_of_range"));
    }
}
