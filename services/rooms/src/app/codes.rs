//! Secret codes: making them, and reading what someone typed.
//!
//! There are two kinds, told apart by their form alone. A code that the server makes has 28 letters and digits (140
//! random bits) and is kept as a keyed HMAC, by which its room can be found. A code that a person chose is weaker and
//! is kept as argon2id, which cannot be looked up. No chosen code may have the form of a made one; so which work a
//! code causes depends on the code as it was typed, and never on the room that it is tried upon.

use aws_lc_rs::{constant_time, hmac, rand};
use chatapp_types::limits::{CODE_MAX_USES, SECRET_CODE_CHARS};
use chatapp_types::names::visible_line;
use chatapp_types::{Secret, Timestamp, Visibility};
use uuid::Uuid;

use super::Refusal;
use super::blocking::require_future;

/// Crockford's base 32: no I, L, O, U, which are mistaken for others.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 28;
const GROUP: usize = 4;

/// The keyed HMAC-SHA-256 of a made code. Comparing two takes the same time whatever they hold.
#[derive(Clone)]
pub struct CodeDigest([u8; 32]);

impl CodeDigest {
    /// The 32 bytes, as the database stores them.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for CodeDigest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl PartialEq for CodeDigest {
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Eq for CodeDigest {}

impl std::fmt::Debug for CodeDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[digest]")
    }
}

/// Which code a room has: another value at each rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeVersion(pub Uuid);

impl CodeVersion {
    /// One that was never used.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

/// What is kept of a code.
#[derive(Clone, PartialEq, Eq)]
pub enum StoredCode {
    /// Of one that the server made.
    Digest(CodeDigest),
    /// Of one that a person chose: an argon2id hash as a PHC string.
    Hash(String),
}

impl std::fmt::Debug for StoredCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[code]")
    }
}

/// A code to be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCode {
    /// What is kept of it.
    pub stored: StoredCode,
    /// When it stops opening the room.
    pub expires_at: Option<Timestamp>,
    /// How many times it opens the room.
    pub max_uses: Option<u32>,
}

/// How far and how often a code is to open its room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodeBounds {
    /// When it stops opening the room.
    pub expires_at: Option<Timestamp>,
    /// How many times it opens the room.
    pub max_uses: Option<u32>,
}

impl CodeBounds {
    /// An end lies in the future, and a number of uses is 1 or more.
    pub fn check(self, now: Timestamp) -> Result<(), Refusal> {
        require_future("expires_at", self.expires_at, now)?;
        match self.max_uses {
            Some(0) => {
                Err(Refusal::invalid("max_uses", "out_of_range", "1 or more; remove the code to close the room"))
            }
            Some(uses) if uses > CODE_MAX_USES => {
                Err(Refusal::invalid("max_uses", "out_of_range", "2147483647 at most; leave it out for no end"))
            }
            _ => Ok(()),
        }
    }

    /// What the audit says of them.
    pub fn detail(self) -> Option<String> {
        let until = self.expires_at.map(|at| format!("until {at}"));
        let uses = self.max_uses.map(|n| format!("for {n} uses"));
        let said: Vec<String> = until.into_iter().chain(uses).collect();
        if said.is_empty() { None } else { Some(said.join(", ")) }
    }
}

/// A code as someone typed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// It has the form of those that the server makes.
    Made(CodeDigest),
    /// Anything else, normalised (NFC, trimmed).
    Other(Secret),
}

/// A public room is open to all and has no code.
pub fn require_private(visibility: Visibility) -> Result<(), Refusal> {
    match visibility {
        Visibility::Private => Ok(()),
        Visibility::Public => {
            Err(Refusal::invalid("secret_code", "not_allowed", "a public room is open to all and has no code"))
        }
    }
}

/// Makes and reads codes under one key.
pub struct CodeKey(hmac::Key);

impl CodeKey {
    /// The key of this deployment.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// A new code, 140 bits from the operating system's generator.
    pub fn make(&self) -> Result<(Secret, StoredCode), Refusal> {
        let mut bytes = [0u8; LENGTH];
        rand::fill(&mut bytes).map_err(|_| Refusal::Busy)?;
        let letters: Vec<u8> = bytes.iter().map(|b| ALPHABET[usize::from(b & 31)]).collect();
        let groups: Vec<String> = letters.chunks(GROUP).map(|g| String::from_utf8_lossy(g).into_owned()).collect();
        Ok((Secret::new(groups.join("-")), StoredCode::Digest(self.digest(&letters))))
    }

    /// Reads a code that is to open a room. 422 for what cannot be a code, whichever room it is for.
    pub fn read(&self, code: &Secret) -> Result<Typed, Refusal> {
        let text = visible_line("secret_code", code.expose(), *SECRET_CODE_CHARS.end())?;
        Ok(match made_letters(&text) {
            Some(letters) => Typed::Made(self.digest(&letters)),
            None => Typed::Other(Secret::new(text)),
        })
    }

    /// The digest by which the room of a typed code would be found. What a person chose finds nothing.
    pub fn digest_of(&self, typed: &Typed) -> CodeDigest {
        match typed {
            Typed::Made(digest) => digest.clone(),
            // A made code has no colon and no small letters: no made code has this digest.
            Typed::Other(code) => self.digest(&[b"chosen:", code.expose().as_bytes()].concat()),
        }
    }

    fn digest(&self, letters: &[u8]) -> CodeDigest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hmac::sign(&self.0, letters).as_ref());
        CodeDigest(bytes)
    }
}

/// Checks a code that a person chose, and gives its normalised form.
pub fn parse_chosen(code: &Secret) -> Result<Secret, Refusal> {
    let bad = |code, message| Refusal::invalid("secret_code", code, message);
    let text = visible_line("secret_code", code.expose(), *SECRET_CODE_CHARS.end())?;
    if text.chars().count() < *SECRET_CODE_CHARS.start() {
        return Err(bad("too_short", "at least 8 characters; or leave it out, and one is made"));
    }
    if made_letters(&text).is_some() {
        return Err(bad("not_allowed", "this looks like a code that the server made; choose another"));
    }
    Ok(Secret::new(text))
}

/// The letters of a made code, if the text has its form: hyphens and blanks are free, so is the case, and what is
/// mistaken for a digit is that digit.
fn made_letters(text: &str) -> Option<Vec<u8>> {
    let letters: Option<Vec<u8>> = text.bytes().filter(|b| !matches!(b, b'-' | b' ')).map(letter).collect();
    letters.filter(|letters| letters.len() == LENGTH)
}

fn letter(byte: u8) -> Option<u8> {
    let upper = match byte.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    ALPHABET.contains(&upper).then_some(upper)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn key() -> CodeKey {
        CodeKey::new(&[3; 32])
    }

    #[test]
    fn a_made_code_is_read_back_however_it_is_typed() {
        let key = key();
        let (code, StoredCode::Digest(kept)) = key.make().unwrap() else { panic!("not a digest") };
        let plain = code.expose();
        assert_eq!(plain.len(), LENGTH + 6);
        let sloppy = plain.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        for typed in [plain.to_owned(), plain.replace('-', ""), format!("  {sloppy} ")] {
            assert_eq!(key.read(&Secret::new(typed)).unwrap(), Typed::Made(kept.clone()));
        }
    }

    #[test]
    fn no_two_codes_and_no_two_keys_agree() {
        let key = key();
        let (a, kept_a) = key.make().unwrap();
        let (_, kept_b) = key.make().unwrap();
        assert_ne!(kept_a, kept_b);
        let Typed::Made(elsewhere) = CodeKey::new(&[4; 32]).read(&a).unwrap() else { panic!("not made") };
        assert_ne!(StoredCode::Digest(elsewhere), kept_a);
    }

    #[test]
    fn a_chosen_code_has_8_to_128_visible_characters() {
        let chosen = |text: &str| parse_chosen(&Secret::new(text));
        assert!(chosen("1234567").is_err());
        assert!(chosen("  1234567  ").is_err());
        assert!(chosen(&"é".repeat(128)).is_ok());
        assert!(chosen(&"x".repeat(129)).is_err());
        assert!(chosen("12345678\u{200b}").is_err());
        assert_eq!(chosen("cafe\u{301} at 9").unwrap(), Secret::new("café at 9"));
    }

    #[test]
    fn a_chosen_code_never_has_the_form_of_a_made_one() {
        let (made, _) = key().make().unwrap();
        assert!(parse_chosen(&made).is_err());
        assert!(parse_chosen(&Secret::new("0000 0000 0000 0000 0000 0000 000")).is_ok());
    }

    #[test]
    fn what_a_person_chose_finds_no_room() {
        let key = key();
        let typed = key.read(&Secret::new("open sesame")).unwrap();
        assert!(matches!(&typed, Typed::Other(code) if code.expose() == "open sesame"));
        let (_, made) = key.make().unwrap();
        assert_ne!(StoredCode::Digest(key.digest_of(&typed)), made);
    }

    #[test]
    fn the_bounds_of_a_code_lie_ahead() {
        let now = Timestamp::from_millis(5);
        assert!(CodeBounds { expires_at: Some(now), max_uses: None }.check(now).is_err());
        assert!(CodeBounds { expires_at: None, max_uses: Some(0) }.check(now).is_err());
        assert!(CodeBounds { expires_at: None, max_uses: Some(CODE_MAX_USES + 1) }.check(now).is_err());
        assert!(CodeBounds { expires_at: Some(Timestamp::from_millis(6)), max_uses: Some(1) }.check(now).is_ok());
    }

    #[test]
    fn nothing_of_a_code_is_printed() {
        let (code, kept) = key().make().unwrap();
        let typed = key().read(&code).unwrap();
        let printed = format!("{code:?} {kept:?} {typed:?} {:?}", StoredCode::Hash("$argon2id$x".into()));
        assert!(!printed.contains(code.expose()) && !printed.contains("argon2"), "{printed}");
    }
}
