//! The second net under secrets: fields that are not written, whatever they hold.

use std::borrow::Cow;

/// Last parts of field names whose values are never written.
const SECRET_NAMES: [&str; 12] = [
    "access_token",
    "api_key",
    "authorization",
    "cookie",
    "credentials",
    "new_password",
    "password",
    "refresh_token",
    "secret",
    "secret_code",
    "set_cookie",
    "token",
];

/// What stands in place of a secret.
pub(crate) const PLACEHOLDER: &str = "[secret]";

/// What a secret begins with, wherever it stands: JSON web tokens, tokens of scripts.
const SECRET_BEGINNINGS: [&str; 2] = ["eyJ", "cat_"];

/// The text without what looks like a secret in it: tokens, and the user and password of a URL. For texts that leave
/// the process or stay in its memory, besides what is left out by name.
pub(crate) fn scrub(text: &str) -> Cow<'_, str> {
    let suspicious = text.contains("://") || SECRET_BEGINNINGS.iter().any(|beginning| text.contains(beginning));
    if !suspicious {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(is_between_words) {
        let end = word.strip_suffix(is_between_words).map_or(word.len(), str::len);
        let (word, between) = word.split_at(end);
        out.push_str(&scrub_word(word));
        out.push_str(between);
    }
    Cow::Owned(out)
}

fn is_between_words(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | '(' | ')' | '<' | '>' | '=')
}

fn scrub_word(word: &str) -> Cow<'_, str> {
    if SECRET_BEGINNINGS.iter().any(|beginning| word.starts_with(beginning) && word.len() > beginning.len() + 8) {
        return Cow::Borrowed(PLACEHOLDER);
    }
    let Some((scheme, rest)) = word.split_once("://") else { return Cow::Borrowed(word) };
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..authority].rfind('@') {
        Some(at) => Cow::Owned(format!("{scheme}://{PLACEHOLDER}{}", &rest[at..])),
        None => Cow::Borrowed(word),
    }
}

/// Whether the field `name` (dotted, as in `user.password`) names a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    SECRET_NAMES.iter().any(|secret| last.eq_ignore_ascii_case(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_taken_out_of_a_text() {
        let text = scrub("no mssql://sa:p@ss@db:1433/chat for \"eyJhbGciOiJFZERTQSJ9.e30.x\", cat_0123456789ab");
        assert_eq!(text, "no mssql://[secret]@db:1433/chat for \"[secret]\", [secret]");
        for text in ["nats://127.0.0.1:4222 is away", "a cat_ and eyJ", "mail@example.com", ""] {
            assert_eq!(scrub(text), text);
        }
    }

    #[test]
    fn only_the_last_part_of_a_name_counts() {
        assert!(is_secret("password") && is_secret("user.password") && is_secret("http.request.Authorization"));
        assert!(!is_secret("token.id") && !is_secret("password_changed") && !is_secret("code"));
    }
}
