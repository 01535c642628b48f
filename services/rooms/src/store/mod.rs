//! What rooms needs of a database, in its own words.
//!
//! Each method is one business operation and atomic in itself: it reads what it decides upon, decides by the rules of
//! [`crate::app`], and writes domain rows, audit and the entry of the timeline, all in one transaction under the lock
//! of the room's head. Events go onto the bus after the commit, in the order of the commits. A method that fails has
//! written nothing, unless it fails with an outcome that is not known.
//!
//! **For implementers.** An unknown room and a room that the caller may not see are one answer,
//! [`Refusal::RoomNotFound`](crate::app::Refusal::RoomNotFound), after the same queries. Whoever acts is judged before
//! anything is said of others: a stranger never learns whether a user name exists. Times are read from the clock
//! within the transaction, so that entries are in the order of their times. Dropping a future does not undo a write
//! that was begun. The suite `tests/contract` holds every implementation to this.

mod facts;
mod mssql;
mod sqlite;

use async_trait::async_trait;
use chatapp_types::rooms::{AuditEvent, Block, Member, Room};
use chatapp_types::{History, Page, Role, RoomId, RoomName, Topic, UserId, UserRef, Visibility};

use crate::app::blocking::NewBlock;
use crate::app::codes::{CodeDigest, CodeVersion, NewCode};
use crate::app::entering::Proof;
use crate::app::settings::RoomChange;
use crate::app::throttle::TryLimits;
use crate::error::RoomsError;

pub use mssql::MssqlRoomStore;
pub use sqlite::SqliteRoomStore;

/// The result of an operation.
pub type StoreResult<T> = Result<T, RoomsError>;

/// A room to be made.
#[derive(Clone, Debug)]
pub struct NewRoom {
    /// Its id.
    pub id: RoomId,
    /// Its name.
    pub name: RoomName,
    /// What it is about.
    pub topic: Topic,
    /// Who can see it.
    pub visibility: Visibility,
    /// What a newcomer may read.
    pub history: History,
    /// What is kept of its code; `None` for a public room.
    pub code: Option<NewCode>,
}

/// Which rooms a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListScope {
    /// Those the viewer is a member of.
    Mine,
    /// Public ones that do not keep the viewer out, the viewer's own among them.
    Public,
    /// Both.
    Visible,
}

/// A page of rooms to be listed, ordered by name.
#[derive(Clone, Debug)]
pub struct RoomsQuery {
    /// Which rooms.
    pub scope: ListScope,
    /// Only rooms whose compared name holds this compared text; empty for all.
    pub text: String,
    /// Where the page before ended.
    pub after: Option<RoomsCursor>,
    /// Rooms of the page at most.
    pub limit: u32,
}

/// Where a page of rooms ended: the key that it is ordered by, and the room's number.
pub type RoomsCursor = (String, i64);

/// Part of a list that is numbered.
#[derive(Clone, Copy, Debug)]
pub struct PageOf {
    /// The number that the page before ended with.
    pub after: Option<i64>,
    /// Items of the page at most.
    pub limit: u32,
}

/// A user by the name that the caller typed: its normalised form, and as it was typed (accounts that were imported
/// keep names that are not normalised).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedUser {
    /// The normalised name; `None` when it could not be registered today.
    pub normal: Option<String>,
    /// As it was typed.
    pub typed: String,
}

/// A try of a code, counted until it succeeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeTry {
    /// What to hand back with the join, so that a success is not counted; `None` when nobody counts.
    pub ticket: Option<i64>,
    /// The version and the argon2id hash of the room's chosen code, if it has one.
    pub chosen: Option<(CodeVersion, String)>,
}

/// Limits that a store holds under its lock.
#[derive(Clone, Copy, Debug)]
pub struct StoreLimits {
    /// Rooms one user owns at most.
    pub per_owner: u32,
    /// Members of one room at most.
    pub max_members: u32,
    /// How often codes may be tried; `None` when nobody counts.
    pub tries: Option<TryLimits>,
}

/// The rooms, their members, codes, blocks and audit. See the module for what every method keeps.
#[async_trait]
pub trait RoomStore: Send + Sync + 'static {
    /// Makes a room; the actor is its owner and first member. Refused: `RoomNameTaken` for a public room, `Limit`.
    async fn create_room(&self, actor: &UserRef, room: NewRoom) -> StoreResult<Room>;

    /// The room's card, for whoever may see it.
    async fn get_room(&self, viewer: UserId, room: RoomId) -> StoreResult<Room>;

    /// A room by the compared form of its name: of those the viewer is in the public one, then the oldest private one;
    /// then a public one.
    async fn get_room_by_name(&self, viewer: UserId, name_norm: &str) -> StoreResult<Room>;

    /// A page of rooms. Rooms that keep the viewer out are left out.
    async fn list_rooms(&self, viewer: UserId, query: RoomsQuery) -> StoreResult<Page<Room>>;

    /// Changes settings: admins. One entry and one audit row for each that differs. A room that becomes public loses
    /// its code. Refused: `RoomNameTaken`.
    async fn update_room(&self, actor: &UserRef, room: RoomId, change: RoomChange) -> StoreResult<Room>;

    /// Ends a room: its owner. Its last entry is `room.deleted`; its name is free at once.
    async fn delete_room(&self, actor: &UserRef, room: RoomId) -> StoreResult<()>;

    /// Counts a try of a code for a room (or for none named) before it is looked at, so that tries at once cannot
    /// outrun the limit. Refused: `Throttled`. The room need not exist.
    async fn begin_code_try(&self, user: UserId, room: Option<RoomId>) -> StoreResult<CodeTry>;

    /// Joins a room; for a member it changes nothing. With success the try behind `ticket` is forgotten.
    async fn join_room(&self, actor: &UserRef, room: RoomId, proof: Proof, ticket: Option<i64>) -> StoreResult<Room>;

    /// Joins the private room that a made code names; for a member it changes nothing. With success the try behind
    /// `ticket` is forgotten. Refused: `InvalidCode`, whatever the reason.
    async fn join_by_code(&self, actor: &UserRef, digest: CodeDigest, ticket: Option<i64>) -> StoreResult<Room>;

    /// Enters by the original interface: joins a public room unless one was removed, and passes for a member.
    async fn enter_by_name(&self, actor: &UserRef, name_norm: &str) -> StoreResult<RoomId>;

    /// Leaves. Refused: `OwnerMustTransfer`.
    async fn leave_room(&self, actor: &UserRef, room: RoomId) -> StoreResult<()>;

    /// May the actor set a code there? Asked before the work of hashing one; asked again when it is set.
    async fn check_may_set_code(&self, actor: UserId, room: RoomId) -> StoreResult<()>;

    /// Sets or rotates the code of a private room: admins. The one before opens nothing any more.
    async fn set_code(&self, actor: &UserRef, room: RoomId, code: NewCode) -> StoreResult<()>;

    /// Removes the code: admins. A room without one stays so.
    async fn remove_code(&self, actor: &UserRef, room: RoomId) -> StoreResult<()>;

    /// A page of members by the order of their coming; for members.
    async fn list_members(&self, viewer: UserId, room: RoomId, page: PageOf) -> StoreResult<Page<Member>>;

    /// Adds a user or changes a member's role, by the rules of [`crate::app::members::put_member`].
    async fn put_member(
        &self,
        actor: &UserRef,
        room: RoomId,
        subject: NamedUser,
        role: Option<Role>,
    ) -> StoreResult<Member>;

    /// Removes a member: admins, by the rules of [`crate::app::members::may_remove`]. Removing oneself is leaving.
    async fn remove_member(&self, actor: &UserRef, room: RoomId, subject: NamedUser) -> StoreResult<()>;

    /// Gives the room to another member: its owner, who stays as an admin.
    async fn transfer_room(&self, actor: &UserRef, room: RoomId, subject: NamedUser) -> StoreResult<Room>;

    /// A page of the blocks that hold now, by the order of their making; for admins.
    async fn list_blocks(&self, viewer: UserId, room: RoomId, page: PageOf) -> StoreResult<Page<Block>>;

    /// Keeps a user out, a member or not: admins. A membership ends with the same entry. A block made anew replaces
    /// reason and end.
    async fn block_user(
        &self,
        actor: &UserRef,
        room: RoomId,
        subject: NamedUser,
        block: NewBlock,
    ) -> StoreResult<Block>;

    /// Lifts a block that holds now: admins. Refused: `BlockNotFound`.
    async fn unblock_user(&self, actor: &UserRef, room: RoomId, subject: NamedUser) -> StoreResult<()>;

    /// A page of the acts of moderation, newest first; for admins.
    async fn list_audit(&self, viewer: UserId, room: RoomId, page: PageOf) -> StoreResult<Page<AuditEvent>>;

    /// Ends up to `limit` memberships of accounts that are no more, and gives on the rooms they owned. Returns how
    /// many it ended.
    async fn end_memberships_of_deleted(&self, limit: u32) -> StoreResult<usize>;

    /// Forgets tries of codes that count no more.
    async fn forget_old_tries(&self) -> StoreResult<()>;

    /// Stores how far rooms have been published. Losing marks costs repeated events, nothing else.
    async fn store_marks(&self, marks: Vec<(RoomId, u64)>) -> StoreResult<()>;
}

/// A page from up to `limit + 1` items.
fn page<T, K: serde::Serialize>(items: Vec<T>, limit: u32, key: impl Fn(&T) -> K) -> Page<T> {
    Page::from_surplus(items, usize::try_from(limit).unwrap_or(usize::MAX), key)
}

/// A page of items that carry their number beside them.
fn numbered_page<T>(items: Vec<(i64, T)>, limit: u32) -> Page<T> {
    let Page { items, next_cursor } = page(items, limit, |(number, _)| *number);
    Page { items: items.into_iter().map(|(_, item)| item).collect(), next_cursor }
}

impl NamedUser {
    /// Reads a name. Anything is one; what no account can have finds nobody.
    pub fn read(text: &str) -> Self {
        let normal = chatapp_types::Username::parse(text).ok().map(|name| name.as_str().to_owned());
        let typed = text.chars().take(NAME_MAX_CHARS).collect();
        Self { normal, typed }
    }
}

/// Longer names have never been stored.
const NAME_MAX_CHARS: usize = 256;
