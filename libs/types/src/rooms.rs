//! Rooms on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{RoomId, RoomName, Secret, Timestamp, Topic, UserRef, Username};

/// Who can see a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Listed; anyone may join.
    Public,
    /// Known to its members only; entered with its secret code, or added by an admin.
    Private,
}

/// What a newcomer may read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum History {
    /// Everything from the room's beginning.
    #[default]
    Full,
    /// What came after one joined.
    SinceJoin,
}

/// What a member may do. Ordered: a later one may do all that an earlier one may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads and writes.
    Member,
    /// Moderates: adds, removes, blocks, changes the room's settings.
    Admin,
    /// Made the room or was given it; appoints admins, transfers and deletes the room. One a room.
    Owner,
}

macro_rules! words {
    ($name:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $name {
            /// The word of the wire and of the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownWord;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                match s { $($word => Ok(Self::$variant),)+ _ => Err(UnknownWord) }
            }
        }
    };
}

/// A word that is none of the known ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown word")]
pub struct UnknownWord;

words!(Visibility { Public => "public", Private => "private" });
words!(History { Full => "full", SinceJoin => "since_join" });
words!(Role { Member => "member", Admin => "admin", Owner => "owner" });

/// A room, as a member (or, if it is public, anyone) sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Room {
    /// The room's id.
    pub id: RoomId,
    /// The room's number: the integer `id` of version 0.
    pub number: i64,
    /// The room's name.
    pub name: String,
    /// What it is about; empty for none.
    pub topic: String,
    /// Who can see it.
    pub visibility: Visibility,
    /// What a newcomer may read.
    pub history: History,
    /// How many members it has.
    pub member_count: u64,
    /// Whether a secret code opens it now; told to owner and admins only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_secret_code: Option<bool>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The caller's role; absent for one who is not a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// The answer to creating a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedRoom {
    /// The room.
    #[serde(flatten)]
    pub room: Room,
    /// The secret code of a private room; shown here and in the answer of a rotation, and nowhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_code: Option<Secret>,
}

/// `POST /v1/rooms`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRoomRequest {
    /// The name; of a public room unique.
    pub name: RoomName,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Topic>,
    /// Who can see it.
    pub visibility: Visibility,
    /// What a newcomer may read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
    /// A code of one's own choice for a private room, 8–128 characters; without it the server makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_code: Option<Secret>,
}

/// `PATCH /v1/rooms/{room_id}`: what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateRoomRequest {
    /// The new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<RoomName>,
    /// The new topic; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Topic>,
    /// The new visibility.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// What a newcomer may read from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
}

/// `POST /v1/rooms/{room_id}/join`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinRoomRequest {
    /// The code of a private room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_code: Option<Secret>,
}

/// `POST /v1/join`: a generated code names its room.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinByCodeRequest {
    /// The code.
    pub secret_code: Secret,
}

/// `POST /v1/rooms/{room_id}/secret_code`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetSecretCodeRequest {
    /// A code of one's own choice; without it the server makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_code: Option<Secret>,
    /// When it stops opening the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How many times it opens the room (1 or more).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    pub max_uses: Option<u32>,
}

/// The answer to setting or rotating a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SecretCodeResponse {
    /// The code; shown this once.
    pub secret_code: Secret,
    /// When it stops opening the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How many times it opens the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u32>,
}

/// A member of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// Who.
    pub user: UserRef,
    /// What one may do.
    pub role: Role,
    /// Since when.
    pub joined_at: Timestamp,
}

/// `PUT /v1/rooms/{room_id}/members/{username}`: adds a user, or changes a member's role.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutMemberRequest {
    /// The role to have; `member` for one who is added without it. `owner` is given by a transfer alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// `PUT /v1/rooms/{room_id}/blocks/{username}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockRequest {
    /// Why; seen by owner and admins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 250)]
    pub reason: Option<String>,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Block {
    /// Who is kept out.
    pub user: UserRef,
    /// By whom.
    pub by: UserRef,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was made.
    pub at: Timestamp,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// `POST /v1/rooms/{room_id}/transfer`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferRequest {
    /// The member who becomes the owner; the caller stays as an admin.
    pub username: Username,
}

/// One act of moderation, for `GET /v1/rooms/{room_id}/audit`, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEvent {
    /// The act's number within the room.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: UserRef,
    /// What: an entry's kind (`member.blocked`), or `code.set`, `code.removed`.
    pub action: String,
    /// Upon whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<UserRef>,
    /// Particulars (the reason, the new role); never a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
