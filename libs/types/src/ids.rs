//! Identifiers: one newtype each, so that a room's id is never taken for a user's.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = Uuid)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new identifier: UUIDv7 (RFC 9562), so that ids made later sort later within a process.
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The 16 bytes in network order, as the databases store them.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                s.parse().map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    };
}

id!(
    /// A room.
    RoomId
);
id!(
    /// A user's account. It outlives the account's deletion, so that messages keep an author.
    UserId
);
id!(
    /// A message, from its post to its deletion.
    MessageId
);
id!(
    /// A session: one log-in on one device, or one named token of a script.
    SessionId
);
id!(
    /// The idempotency key of a send, made by the client (`UUIDv7` advised, any UUID taken), unique per author and room.
    SendKey
);
