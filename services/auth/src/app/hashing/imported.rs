//! Password hashes that came with accounts of the original: bcrypt.
//!
//! They are checked as the original checked them (Python's passlib over bcrypt): a password counts up to its 72nd byte
//! of UTF-8, which may lie within a character, and one with a NUL in it is nobody's.

use std::ops::RangeInclusive;

use bcrypt::HashParts;
use chatapp_types::Secret;

use super::HashError;

/// The words in which such hashes name their kind. `$2x$` was made by a faulty implementation and is not among them.
const KINDS: [&str; 3] = ["$2a$", "$2b$", "$2y$"];
/// Costs that are worked off at a log-in. The original used 12; each further one doubles the work, and at 16 it takes
/// seconds.
const COSTS: RangeInclusive<u32> = 4..=16;

/// A bcrypt hash that can be checked.
pub(super) struct Bcrypt<'a> {
    text: &'a str,
    cost: u32,
}

impl<'a> Bcrypt<'a> {
    /// Reads a hash: `None` when it is of another kind.
    pub(super) fn read(text: &'a str) -> Option<Result<Self, HashError>> {
        KINDS.iter().any(|kind| text.starts_with(kind)).then(|| Self::parse(text))
    }

    fn parse(text: &'a str) -> Result<Self, HashError> {
        let parts: HashParts = text.parse().map_err(|e: bcrypt::BcryptError| HashError::Failed(e.to_string()))?;
        let cost = parts.get_cost();
        if COSTS.contains(&cost) {
            return Ok(Self { text, cost });
        }
        Err(HashError::Failed(format!("a bcrypt hash of cost {cost} is not worked off")))
    }

    /// The logarithm of its work.
    pub(super) const fn cost(&self) -> u32 {
        self.cost
    }

    /// Whether it is the password's. Takes the same work whatever the password.
    pub(super) fn matches(&self, password: &Secret) -> Result<bool, HashError> {
        let same = bcrypt::verify(password.expose(), self.text).map_err(|e| HashError::Failed(e.to_string()))?;
        Ok(same && !password.expose().contains('\0'))
    }
}

/// Whether an account may be imported with this hash: its owner can then log in with the password behind it.
pub fn is_importable(hash: &str) -> bool {
    matches!(Bcrypt::read(hash), Some(Ok(_)))
}

/// Does the work of a hash of that cost, for nothing.
pub(super) fn work(password: &Secret, cost: u32) {
    // The salt does not matter, since nothing is kept.
    let _ = std::hint::black_box(bcrypt::hash_with_salt(password.expose(), cost, [0; 16]));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn matches(hash: &str, password: &str) -> bool {
        Bcrypt::read(hash).unwrap().unwrap().matches(&Secret::new(password)).unwrap()
    }

    /// Of bcrypt's own test vectors, and one that the C library made of a text in UTF-8.
    #[test]
    fn hashes_of_other_programs_are_checked_as_they_check_them() {
        for kind in KINDS {
            for (password, rest) in [
                ("", "06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."),
                ("a", "06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"),
                ("abc", "06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
                ("abcdefghijklmnopqrstuvwxyz", "06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC"),
                ("~!@#$%^&*()      ~!@#$%^&*()PNBFRD", "06$fPIsBO8qRqkjj273rfaOI.HtSV9jLDpTbZn782DC6/t7qT67P6FfO"),
                ("pässwörd, früh am morgen", "04$abcdefghijklmnopqrstuu9pgOCauQRkaigAgqDmLVB44SjNvPsdK"),
            ] {
                let hash = format!("{kind}{rest}");
                assert!(matches(&hash, password), "{hash} {password:?}");
                assert!(!matches(&hash, &format!("{password}x")), "{hash} {password:?}");
            }
        }
    }

    #[test]
    fn a_password_counts_up_to_its_72nd_byte_even_within_a_character() {
        // 71 bytes, and the first of the two of the last character.
        let long = format!("{}é", "k9-".repeat(24).split_at(71).0);
        assert_eq!(long.len(), 73);
        let hash = bcrypt::hash(&long, 4).unwrap();
        assert!(matches(&hash, &long));
        assert!(matches(&hash, &format!("{long} and more")));
        assert!(matches(&hash, &long.replace('é', "è")), "both begin with the same byte");
        assert!(!matches(&hash, &long.replace('é', "x")));
    }

    #[test]
    fn a_password_with_a_nul_is_nobodys() {
        let hash = bcrypt::hash("tea\0at", 4).unwrap();
        assert!(!matches(&hash, "tea\0at"));
        assert!(!matches(&bcrypt::hash("tea", 4).unwrap(), "tea\0"));
    }

    #[test]
    fn what_is_not_of_these_kinds_is_left_to_others_and_what_is_damaged_is_said_to_be() {
        for other in ["", "$2x$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.", "$argon2id$v=19$m=64", "$1$x"]
        {
            assert!(Bcrypt::read(other).is_none(), "{other}");
            assert!(!is_importable(other));
        }
        for damaged in [
            "$2b$",
            "$2b$06$short",
            "$2b$31$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.",
            "$2b$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkY8jIucDrjc8deXé.",
        ] {
            assert!(matches!(Bcrypt::read(damaged), Some(Err(HashError::Failed(_)))), "{damaged}");
            assert!(!is_importable(damaged));
        }
    }
}
