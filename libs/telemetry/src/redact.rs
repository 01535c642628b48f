//! The second net under secrets: fields that are not written, whatever they hold.

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

/// Whether the field `name` (dotted, as in `user.password`) names a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    SECRET_NAMES.iter().any(|secret| last.eq_ignore_ascii_case(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_part_of_a_name_counts() {
        assert!(is_secret("password") && is_secret("user.password") && is_secret("http.request.Authorization"));
        assert!(!is_secret("token.id") && !is_secret("password_changed") && !is_secret("code"));
    }
}
