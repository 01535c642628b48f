//! Where errors are reported to.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

/// The address of a project at an error tracker that understands Sentry's protocol: `https://KEY@host/path/PROJECT`.
///
/// The key lets its holder send errors and read nothing; it is not shown all the same.
#[derive(Clone, PartialEq, Eq)]
pub struct Dsn {
    key: String,
    envelopes: Url,
}

/// A text is no DSN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a DSN; expected https://KEY@host/PROJECT")]
pub struct BadDsn;

impl Dsn {
    /// What lets one in.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Where envelopes are posted to.
    pub(super) fn envelopes(&self) -> &Url {
        &self.envelopes
    }
}

impl FromStr for Dsn {
    type Err = BadDsn;

    fn from_str(text: &str) -> Result<Self, BadDsn> {
        let mut url = Url::parse(text.trim()).map_err(|_| BadDsn)?;
        let key = url.username().to_owned();
        let path = url.path().trim_matches('/').to_owned();
        let (folder, project) =
            path.rsplit_once('/').map_or(("", path.as_str()), |(folder, project)| (folder, project));
        let good = matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
        let is_token = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !(good && is_token(&key) && is_token(project)) {
            return Err(BadDsn);
        }
        let folder = if folder.is_empty() { String::new() } else { format!("/{folder}") };
        url.set_path(&format!("{folder}/api/{project}/envelope/"));
        url.set_query(None);
        url.set_fragment(None);
        url.set_username("").map_err(|()| BadDsn)?;
        url.set_password(None).map_err(|()| BadDsn)?;
        Ok(Self { key, envelopes: url })
    }
}

impl fmt::Debug for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dsn({})", self.envelopes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dsn_says_where_envelopes_go_and_does_not_show_its_key() {
        let dsn: Dsn = "https://0123abcd@errors.example:9000/sub/42".parse().unwrap();
        assert_eq!(dsn.envelopes().as_str(), "https://errors.example:9000/sub/api/42/envelope/");
        assert_eq!(dsn.key(), "0123abcd");
        assert!(!format!("{dsn:?}").contains("0123abcd"));
        let old: Dsn = "http://public:secret@127.0.0.1:1/7".parse().unwrap();
        assert_eq!(old.envelopes().as_str(), "http://127.0.0.1:1/api/7/envelope/");
    }

    #[test]
    fn what_has_no_key_or_project_is_refused() {
        for text in ["", "errors.example", "https://errors.example/1", "https://k@errors.example/", "ftp://k@h/1"] {
            assert_eq!(text.parse::<Dsn>(), Err(BadDsn), "{text}");
        }
    }
}
