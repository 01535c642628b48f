//! Which passwords may be chosen.

use chatapp_types::FieldError;
use chatapp_types::limits::PASSWORD_CHARS;

/// A password that is found within so many guesses is a common one, or a slight change of one. Tries on an account
/// are slowed down to some hundred a day, so this is far out of reach of guessing, and no further: what is
/// merely not strong is its owner's to judge.
const COMMON_WITHIN_GUESSES: u64 = 30_000;

/// Whether the password has 8–256 characters. It is counted as it was sent and never cut.
pub fn check_length(field: &str, password: &str) -> Result<(), FieldError> {
    let (least, most) = (*PASSWORD_CHARS.start(), *PASSWORD_CHARS.end());
    // A character has four bytes at most: a body full of text is not counted to its end.
    if password.len() > most * 4 || password.chars().count() > most {
        return Err(FieldError::new(field, "too_long", format!("at most {most} characters")));
    }
    if password.chars().count() < least {
        return Err(FieldError::new(field, "too_short", format!("at least {least} characters")));
    }
    Ok(())
}

/// Refuses common passwords and the account's own name. Takes some milliseconds: call it off the runtime's threads.
pub fn check_strength(field: &str, password: &str, username: &str) -> Result<(), FieldError> {
    let lower = password.to_lowercase();
    let name = username.to_lowercase();
    if lower.trim() == name || lower.chars().rev().eq(name.chars()) {
        return Err(FieldError::new(field, "too_common", "not the user name"));
    }
    if zxcvbn::zxcvbn(password, &[username, "chatapp"]).guesses() < COMMON_WITHIN_GUESSES {
        return Err(FieldError::new(field, "too_common", "this password is among the first that are guessed"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_8_to_256_characters_whatever_their_size() {
        let code = |password: &str| check_length("password", password).err().map(|e| e.code);
        assert_eq!(code("sevens7").as_deref(), Some("too_short"));
        assert_eq!(code("ééééééé").as_deref(), Some("too_short"));
        assert_eq!(code("éééééééé"), None);
        assert_eq!(code(&"🔑".repeat(256)), None);
        assert_eq!(code(&"🔑".repeat(257)).as_deref(), Some("too_long"));
        assert_eq!(code(&"a".repeat(60_000)).as_deref(), Some("too_long"));
    }

    #[test]
    fn common_passwords_are_refused() {
        let common = [
            "password",
            "12345678",
            "Password123",
            "qwertyuiop",
            "iloveyou",
            "aaaaaaaa",
            "P@ssw0rd",
            "chatapp1",
            "Passw0rd!",
            "letmein123",
            "hunter2hunter2",
        ];
        for common in common {
            assert!(check_strength("password", common, "alice").is_err(), "{common}");
        }
    }

    #[test]
    fn the_user_name_is_no_password() {
        for own in ["Alexandra.K", "alexandra.k", "k.ardnaxela", "alexandra.k1"] {
            assert!(check_strength("password", own, "alexandra.k").is_err(), "{own}");
        }
    }

    #[test]
    fn passwords_that_people_remember_are_taken() {
        for good in ["correct horse battery staple", "x7Kp2mQz", "tea-at-four-oclock", "früh am morgen", "k8s-on-arm!"]
        {
            assert!(check_strength("password", good, "alice").is_ok(), "{good}");
        }
    }
}
