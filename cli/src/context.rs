//! What every command stands on: who asks, of which gateway, with which files.

use std::sync::Arc;
use std::time::Duration;

use chatapp_client::credentials::{CredentialStore, ProfileName, StoredSession};
use chatapp_client::known_rooms::KnownRooms;
use chatapp_client::outbox::Outbox;
use chatapp_client::paths::Directories;
use chatapp_client::sending::Sender;
use chatapp_client::{Client, ClientError, GatewayUrl};
use chatapp_types::auth::TokenResponse;
use chatapp_types::rooms::Room;
use chatapp_types::{Clock, RoomId, Secret, SystemClock, UserRef};

use crate::args::GlobalArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Output;
use crate::settings::{KeptRooms, Memory, Settings};

/// Where a script's token comes from.
pub(crate) const TOKEN_VARIABLE: &str = "CHAT_TOKEN";

pub(crate) struct Context {
    asked_url: Option<GatewayUrl>,
    pub(crate) profile: ProfileName,
    pub(crate) store: CredentialStore,
    outbox: Outbox,
    known_rooms: KnownRooms,
    directories: Directories,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) out: Output,
    token: Option<Secret>,
}

impl Context {
    pub(crate) fn new(args: GlobalArgs) -> Outcome<Self> {
        let directories = Directories::from_environment()?;
        let token = std::env::var(TOKEN_VARIABLE).ok().filter(|t| !t.is_empty()).map(Secret::from);
        Ok(Self {
            asked_url: args.url,
            store: CredentialStore::new(directories.credentials_file()),
            outbox: Outbox::new(directories.outbox_file(&args.profile)),
            known_rooms: KnownRooms::new(directories.known_rooms_file(&args.profile)),
            profile: args.profile,
            directories,
            clock: Arc::new(SystemClock),
            out: Output::new(args.json),
            token,
        })
    }

    /// The gateway that was asked for, or that the profile knows; `None` on a first run.
    pub(crate) fn known_url(&self) -> Outcome<Option<GatewayUrl>> {
        match &self.asked_url {
            Some(url) => Ok(Some(url.clone())),
            None => Ok(self.store.profile(&self.profile)?.map(|p| p.url)),
        }
    }

    /// The gateway to use.
    pub(crate) fn url(&self) -> Outcome<GatewayUrl> {
        match self.known_url()? {
            Some(url) => Ok(url),
            None => Ok(GatewayUrl::parse(GatewayUrl::DEFAULT)?),
        }
    }

    /// A client with the token of the environment, or the profile's log-in.
    pub(crate) fn client(&self) -> Outcome<Client> {
        let url = self.url()?;
        if let Some(token) = &self.token {
            return Ok(Client::with_token(&url, token.clone())?);
        }
        match Client::with_session(&url, self.store.clone(), self.profile.clone(), Arc::clone(&self.clock)) {
            Err(ClientError::NotLoggedIn) => {
                let text = format!("not logged in at {url} (profile {}); run `chat login`", self.profile);
                Err(Failure::new(Exit::NotLoggedIn, text))
            }
            other => Ok(other?),
        }
    }

    /// Commands about the log-in itself make no sense with a script's token.
    pub(crate) fn refuse_token(&self) -> Outcome {
        if self.token.is_some() {
            return Err(Failure::usage(format!("{TOKEN_VARIABLE} is set: unset it to use a profile's log-in")));
        }
        Ok(())
    }

    pub(crate) const fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Keeps a log-in in the profile.
    pub(crate) fn keep(&self, url: &GatewayUrl, answer: TokenResponse) -> Outcome<UserRef> {
        let session = StoredSession::from_answer(answer, self.clock.now());
        let user = session.user.clone();
        self.store.set_session(&self.profile, url, session)?;
        Ok(user)
    }

    /// Remembers the ids of rooms that the gateway has just shown, for when it cannot be asked. A cache: that it cannot
    /// be written does no harm now.
    pub(crate) fn saw_rooms(&self, client: &Client, rooms: &[Room]) {
        let Some(me) = client.known_user() else { return };
        if let Err(e) = self.known_rooms.remember(client.url(), me.id, rooms) {
            tracing::warn!(error = %e, "could not remember the rooms");
        }
    }

    /// The id that a room's name stood for when the gateway last said so.
    pub(crate) fn known_room(&self, client: &Client, me: &UserRef, name: &str) -> Option<RoomId> {
        self.known_rooms.find(client.url(), me.id, name)
    }

    /// What the person has chosen.
    pub(crate) fn settings(&self) -> Outcome<Settings> {
        Settings::read(&self.directories.settings_file())
    }

    /// What the interactive clients remember of `me`.
    pub(crate) fn memory(&self, client: &Client, me: &UserRef) -> Memory {
        Memory::new(self.directories.memory_file(&self.profile), client.url(), me.id)
    }

    /// What is kept of the rooms of `me`.
    pub(crate) fn kept_rooms(&self, client: &Client, me: &UserRef) -> KeptRooms {
        KeptRooms::new(self.directories.kept_file(&self.profile), client.url(), me.id)
    }

    /// Forgets the profile's log-in, and what others said in its rooms.
    pub(crate) fn forget_log_in(&self) -> Outcome {
        self.store.forget_session(&self.profile)?;
        KeptRooms::forget(&self.directories.kept_file(&self.profile))
    }

    /// Sends messages of `author`, whose log-in `client` has.
    pub(crate) fn sender(&self, client: &Client, author: &UserRef, patience: Duration) -> Sender {
        Sender::new(client.clone(), self.outbox.clone(), author.id, patience)
    }
}
