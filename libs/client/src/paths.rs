//! Where the client keeps its files.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

use crate::ClientError;
use crate::credentials::ProfileName;

/// Names one folder for everything the client keeps, in place of the XDG ones.
pub const DIRECTORY_VARIABLE: &str = "CHAT_CONFIG_DIR";

/// The client's two folders; they may be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directories {
    config: PathBuf,
    state: PathBuf,
}

impl Directories {
    /// `$CHAT_CONFIG_DIR`, else `chatapp` under the XDG config and state folders.
    pub fn from_environment() -> Result<Self, ClientError> {
        if let Some(one) = std::env::var_os(DIRECTORY_VARIABLE).filter(|v| !v.is_empty()) {
            return Ok(Self::all_in(Path::new(&one)));
        }
        let base = etcetera::choose_base_strategy()
            .map_err(|_| ClientError::Usage(format!("no home directory is known: set {DIRECTORY_VARIABLE}")))?;
        let state = base.state_dir().unwrap_or_else(|| base.data_dir());
        Ok(Self { config: base.config_dir().join("chatapp"), state: state.join("chatapp") })
    }

    /// Everything in one folder.
    pub fn all_in(folder: &Path) -> Self {
        Self { config: folder.to_owned(), state: folder.to_owned() }
    }

    /// The profiles and their sessions.
    pub fn credentials_file(&self) -> PathBuf {
        self.config.join("credentials.json")
    }

    /// The unsent messages of a profile.
    pub fn outbox_file(&self, profile: &ProfileName) -> PathBuf {
        self.state.join(format!("outbox-{profile}.jsonl"))
    }

    /// What a person has chosen.
    pub fn settings_file(&self) -> PathBuf {
        self.config.join("chat.toml")
    }

    /// What the interactive clients remember of a profile's last time.
    pub fn memory_file(&self, profile: &ProfileName) -> PathBuf {
        self.state.join(format!("memory-{profile}.json"))
    }

    /// What was loaded of a profile's rooms, for a start without the gateway.
    pub fn kept_file(&self, profile: &ProfileName) -> PathBuf {
        self.state.join(format!("kept-{profile}.json"))
    }

    /// The ids of a profile's rooms, by name.
    pub fn known_rooms_file(&self, profile: &ProfileName) -> PathBuf {
        self.state.join(format!("rooms-{profile}.json"))
    }
}
