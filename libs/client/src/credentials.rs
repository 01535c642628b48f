//! Profiles: which gateway, and who one is there.
//!
//! One JSON file, readable by its owner alone, replaced in one step. Every change is read-change-replace under a lock
//! between processes, so that two windows of one profile do not lose each other's refresh token.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use chatapp_types::auth::TokenResponse;
use chatapp_types::{Secret, Timestamp, UserRef};
use serde::{Deserialize, Serialize};

use crate::durable::{self, FileLock};
use crate::{ClientError, GatewayUrl};

/// A profile's name: 1–32 letters, digits, `-` and `_`, for it becomes part of file names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProfileName(String);

impl ProfileName {
    /// Reads a name that a person typed.
    pub fn parse(text: &str) -> Result<Self, ClientError> {
        let fits = (1..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ClientError::Usage("a profile's name has 1 to 32 letters, digits, - or _".to_owned()))
        }
    }
}

impl Default for ProfileName {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ProfileName {
    type Err = ClientError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::parse(s)
    }
}

impl TryFrom<String> for ProfileName {
    type Error = ClientError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ProfileName> for String {
    fn from(name: ProfileName) -> Self {
        name.0
    }
}

/// What is kept of one profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Its gateway. The session below is good there and is sent nowhere else.
    pub url: GatewayUrl,
    /// The log-in, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<StoredSession>,
}

/// A log-in, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSession {
    /// Who one is.
    pub user: UserRef,
    /// The access token.
    pub access_token: Secret,
    /// When the access token expires, by this machine's clock.
    pub expires_at: Timestamp,
    /// For the next refresh.
    pub refresh_token: Secret,
}

impl StoredSession {
    /// From the answer to a log-in, registration or refresh that was got at `now`.
    pub fn from_answer(tokens: TokenResponse, now: Timestamp) -> Self {
        let life = time::Duration::seconds(i64::try_from(tokens.expires_in).unwrap_or(i64::MAX / 1000));
        Self {
            user: tokens.user,
            access_token: tokens.access_token,
            expires_at: now.plus(life),
            refresh_token: tokens.refresh_token,
        }
    }
}

/// The file of all profiles.
#[derive(Clone, Debug)]
pub struct CredentialStore {
    path: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
struct Content {
    version: u32,
    profiles: BTreeMap<ProfileName, Profile>,
}

impl Default for Content {
    fn default() -> Self {
        Self { version: 1, profiles: BTreeMap::new() }
    }
}

impl CredentialStore {
    /// The store in the file `path`, which need not exist.
    pub const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// A profile, if it is known. Takes no lock: a replacement is seen whole or not at all.
    pub fn profile(&self, name: &ProfileName) -> Result<Option<Profile>, ClientError> {
        Ok(self.read()?.profiles.remove(name))
    }

    /// Remembers a profile's gateway. A session at another gateway is forgotten.
    pub fn set_url(&self, name: &ProfileName, url: &GatewayUrl) -> Result<(), ClientError> {
        self.lock()?.update(name, |old| {
            let session = old.filter(|p| p.url == *url).and_then(|p| p.session);
            Some(Profile { url: url.clone(), session })
        })
    }

    /// Keeps a log-in at `url`.
    pub fn set_session(&self, name: &ProfileName, url: &GatewayUrl, session: StoredSession) -> Result<(), ClientError> {
        self.lock()?.update(name, |_| Some(Profile { url: url.clone(), session: Some(session) }))
    }

    /// Forgets a profile's log-in; its gateway stays known.
    pub fn forget_session(&self, name: &ProfileName) -> Result<(), ClientError> {
        self.lock()?.update(name, |old| old.map(|p| Profile { session: None, ..p }))
    }

    /// Waits until no other process changes the file, and keeps them waiting until the guard is dropped. Blocks its
    /// thread: call it where that is allowed.
    pub fn lock(&self) -> Result<LockedCredentials, ClientError> {
        let lock = FileLock::acquire(&self.path).map_err(ClientError::file(&self.path))?;
        Ok(LockedCredentials { store: self.clone(), _lock: lock })
    }

    fn read(&self) -> Result<Content, ClientError> {
        durable::make_private(&self.path).map_err(ClientError::file(&self.path))?;
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Content::default()),
            Err(e) => return Err(ClientError::file(&self.path)(e)),
        };
        serde_json::from_slice(&bytes).map_err(|e| ClientError::file(&self.path)(e.into()))
    }
}

/// The store while this process alone may change it.
#[derive(Debug)]
pub struct LockedCredentials {
    store: CredentialStore,
    _lock: FileLock,
}

impl LockedCredentials {
    /// The profile as it is now, under the lock.
    pub fn profile(&self, name: &ProfileName) -> Result<Option<Profile>, ClientError> {
        self.store.profile(name)
    }

    /// Replaces what is kept of one profile by what `change` makes of it; `None` forgets it. On disk when this returns.
    pub fn update(
        &self,
        name: &ProfileName,
        change: impl FnOnce(Option<Profile>) -> Option<Profile>,
    ) -> Result<(), ClientError> {
        let mut content = self.store.read()?;
        let old = content.profiles.remove(name);
        if let Some(new) = change(old) {
            content.profiles.insert(name.clone(), new);
        }
        let path = &self.store.path;
        let bytes = serde_json::to_vec_pretty(&content).map_err(|e| ClientError::file(path)(e.into()))?;
        durable::replace(path, &bytes).map_err(ClientError::file(path))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use chatapp_types::UserId;

    use super::*;

    fn session(token: &str) -> StoredSession {
        StoredSession {
            user: UserRef { id: UserId::new(), username: "ann".to_owned() },
            access_token: Secret::new(token),
            expires_at: Timestamp::from_millis(1_000),
            refresh_token: Secret::new(format!("refresh-{token}")),
        }
    }

    fn store() -> (tempfile::TempDir, CredentialStore) {
        let dir = tempfile::tempdir().unwrap();
        let store = CredentialStore::new(dir.path().join("chatapp/credentials.json"));
        (dir, store)
    }

    #[test]
    fn a_log_in_is_found_again_by_another_process() {
        let (_dir, store) = store();
        let url = GatewayUrl::parse("http://127.0.0.1:1").unwrap();
        let name = ProfileName::default();
        let kept = session("a");
        store.set_session(&name, &url, kept.clone()).unwrap();
        let again = CredentialStore::new(store.path.clone());
        assert_eq!(again.profile(&name).unwrap(), Some(Profile { url, session: Some(kept) }));
    }

    #[test]
    fn profiles_do_not_disturb_each_other() {
        let (_dir, store) = store();
        let url = GatewayUrl::parse("http://127.0.0.1:1").unwrap();
        let (work, home) = (ProfileName::parse("work").unwrap(), ProfileName::parse("home").unwrap());
        store.set_session(&work, &url, session("w")).unwrap();
        store.set_session(&home, &url, session("h")).unwrap();
        store.forget_session(&work).unwrap();
        assert_eq!(store.profile(&work).unwrap().unwrap().session, None);
        assert!(store.profile(&home).unwrap().unwrap().session.is_some());
    }

    #[test]
    fn a_session_is_forgotten_when_the_gateway_changes() {
        let (_dir, store) = store();
        let name = ProfileName::default();
        let old = GatewayUrl::parse("http://127.0.0.1:1").unwrap();
        store.set_session(&name, &old, session("a")).unwrap();
        store.set_url(&name, &old).unwrap();
        assert!(store.profile(&name).unwrap().unwrap().session.is_some());
        store.set_url(&name, &GatewayUrl::parse("http://127.0.0.1:2").unwrap()).unwrap();
        assert_eq!(store.profile(&name).unwrap().unwrap().session, None);
    }

    #[test]
    fn a_damaged_file_is_an_error_and_not_a_lost_log_in() {
        let (_dir, store) = store();
        durable::replace(&store.path, b"{\"version\":1,\"prof").unwrap();
        let name = ProfileName::default();
        assert!(matches!(store.profile(&name), Err(ClientError::File { .. })));
        assert!(store.forget_session(&name).is_err());
        assert_eq!(std::fs::read(&store.path).unwrap(), b"{\"version\":1,\"prof");
    }

    #[cfg(unix)]
    #[test]
    fn rights_of_others_on_the_file_are_taken_back() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_dir, store) = store();
        let url = GatewayUrl::parse("http://127.0.0.1:1").unwrap();
        store.set_url(&ProfileName::default(), &url).unwrap();
        std::fs::set_permissions(&store.path, std::fs::Permissions::from_mode(0o644)).unwrap();
        store.profile(&ProfileName::default()).unwrap();
        assert_eq!(std::fs::metadata(&store.path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_profile_name_cannot_name_another_folder() {
        for bad in ["", "../x", "a/b", ".", "a b", &"x".repeat(33)] {
            assert!(ProfileName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn nothing_secret_is_in_the_debug_form() {
        let shown = format!("{:?}", session("hunter2"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
