//! Names that people choose, parsed into forms that compare as people read them.

use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::PrecisFastInvocation;
use serde::{Deserialize, Deserializer, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_security::{MixedScript, confusable_detection};
use utoipa::ToSchema;

use crate::FieldError;
use crate::limits::{ROOM_NAME_CHARS, TOPIC_MAX_CHARS, USERNAME_CHARS};

/// A user's name: PRECIS `UsernameCaseMapped` (RFC 8265), one script, 2–32 characters.
///
/// Lower case by construction, so that two names that differ in case alone are one name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, min_length = 2, max_length = 32)]
pub struct Username(String);

/// Names that would be mistaken for the platform's own words.
const RESERVED: [&str; 4] = ["me", "deleted", "system", "everyone"];

impl Username {
    /// Parses a name that a person typed. Errors name the field `username`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let bad = |code, message| FieldError::new("username", code, message);
        if text.len() > USERNAME_CHARS.end() * 4 {
            return Err(bad("too_long", "at most 32 characters"));
        }
        let name = UsernameCaseMapped::enforce(text)
            .map_err(|_| bad("bad_characters", "letters and digits, and . _ - between them"))?
            .into_owned();
        let chars = name.chars().count();
        if chars < *USERNAME_CHARS.start() {
            return Err(bad("too_short", "at least 2 characters"));
        }
        if chars > *USERNAME_CHARS.end() {
            return Err(bad("too_long", "at most 32 characters"));
        }
        if !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-')) || name.starts_with('-') {
            return Err(bad("bad_characters", "letters and digits, and . _ - between them"));
        }
        if !name.is_single_script() {
            return Err(bad("bad_characters", "letters of one script only"));
        }
        if RESERVED.contains(&name.as_str()) {
            return Err(bad("reserved", "this name is reserved"));
        }
        Ok(Self(name))
    }

    /// A name read back from the database, which may predate today's rules.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What looks like this name (UTS #39 skeleton, then digits and letters that look alike in most fonts are one):
    /// accounts are unique by it.
    pub fn skeleton(&self) -> String {
        confusable_detection::skeleton(&self.0).collect()
    }
}

impl std::fmt::Display for Username {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A room's name: NFC, 1–64 characters, no control or invisible formatting characters, no blanks at the ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, min_length = 1, max_length = 64)]
pub struct RoomName(String);

impl RoomName {
    /// Parses a name that a person typed. Errors name the field `name`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let name = visible_line("name", text, *ROOM_NAME_CHARS.end())?;
        if name.is_empty() {
            return Err(FieldError::new("name", "too_short", "at least 1 character"));
        }
        Ok(Self(name))
    }

    /// A name read back from the database, which may predate today's rules.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What public rooms' names are unique by: case folded, NFKC.
    pub fn norm(&self) -> String {
        Self::norm_of(&self.0)
    }

    /// The unique form of any text, for look-ups by name.
    pub fn norm_of(text: &str) -> String {
        text.trim().nfkc().flat_map(char::to_lowercase).nfkc().collect()
    }
}

impl std::fmt::Display for RoomName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A room's topic: like a name, up to 250 characters, and it may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, max_length = 250)]
pub struct Topic(String);

impl Topic {
    /// Parses a topic that a person typed. Errors name the field `topic`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        visible_line("topic", text, TOPIC_MAX_CHARS).map(Self)
    }

    /// The topic.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One line of visible text: trimmed, NFC, at most `max` characters.
pub fn visible_line(field: &str, text: &str, max: usize) -> Result<String, FieldError> {
    if text.len() > max * 8 {
        return Err(FieldError::new(field, "too_long", format!("at most {max} characters")));
    }
    let line: String = text.trim().nfc().collect();
    if line.chars().count() > max {
        return Err(FieldError::new(field, "too_long", format!("at most {max} characters")));
    }
    if line.chars().any(|c| c.is_control() || is_invisible_format(c)) {
        return Err(FieldError::new(field, "bad_characters", "no control or invisible characters"));
    }
    Ok(line)
}

/// Bidi controls, zero-width characters and line separators: they change how a line looks without being seen.
pub const fn is_invisible_format(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

macro_rules! deserialize_by_parse {
    ($name:ident) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = String::deserialize(d)?;
                Self::parse(&text).map_err(|e| {
                    serde::de::Error::custom(format_args!("{INVALID_MARK}{}|{}|{}", e.field, e.code, e.message))
                })
            }
        }
    };
}

/// Marks a JSON error that is one of validity, not of form, so that the edge can answer 422 with the field's name:
/// what follows is `field|code|message`.
pub const INVALID_MARK: &str = "invalid:";

deserialize_by_parse!(Username);
deserialize_by_parse!(RoomName);
deserialize_by_parse!(Topic);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_differ_in_case_alone_are_one() {
        assert_eq!(Username::parse("Alice"), Username::parse("aLICE"));
    }

    #[test]
    fn a_name_that_looks_like_another_has_its_skeleton() {
        let latin = Username::parse("paypal").expect("valid");
        let cyrillic = Username::parse("раураӏ").expect("one script");
        assert_ne!(latin, cyrillic);
        assert_eq!(latin.skeleton(), cyrillic.skeleton());
    }

    #[test]
    fn scripts_are_not_mixed_in_a_name() {
        assert_eq!(Username::parse("аlice").expect_err("mixed").code, "bad_characters");
    }

    #[test]
    fn a_name_holds_no_blanks_controls_or_reserved_words() {
        for bad in ["a b", "a\u{200b}b", "a\nb", "-rf", "me", "x", "a/b", "a@b", &"a".repeat(33)] {
            assert!(Username::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_room_is_unique_by_how_it_reads() {
        let a = RoomName::parse("Café").expect("valid");
        let b = RoomName::parse(" cafe\u{301} ").expect("valid");
        assert_eq!(a.norm(), b.norm());
    }

    #[test]
    fn a_room_name_has_no_direction_tricks() {
        assert!(RoomName::parse("abc\u{202e}def").is_err());
        assert!(RoomName::parse("   ").is_err());
    }

    proptest! {
        #[test]
        fn parsing_a_user_name_is_stable(text in "\\PC{0,40}") {
            if let Ok(name) = Username::parse(&text) {
                prop_assert_eq!(Username::parse(name.as_str()), Ok(name));
            }
        }

        #[test]
        fn any_text_is_a_room_name_or_an_error(text in any::<String>()) {
            if let Ok(name) = RoomName::parse(&text) {
                prop_assert!(name.as_str().chars().count() <= 64);
                prop_assert_eq!(RoomName::parse(name.as_str()), Ok(name));
            }
        }
    }
}
