//! The trait, method by method: each is one transaction of the functions beside.

use async_trait::async_trait;
use chatapp_types::rooms::{AuditEvent, Block, Member, Room};
use chatapp_types::{Page, Role, RoomId, UserId, UserRef};

use super::{SqliteRoomStore, audit, blocks, codes, departures, entering, listing, members, rooms};
use crate::app::blocking::NewBlock;
use crate::app::codes::{CodeDigest, NewCode};
use crate::app::entering::Proof;
use crate::app::settings::RoomChange;
use crate::store::{CodeTry, NamedUser, NewRoom, PageOf, RoomStore, RoomsQuery, StoreResult};

#[async_trait]
impl RoomStore for SqliteRoomStore {
    async fn create_room(&self, actor: &UserRef, room: NewRoom) -> StoreResult<Room> {
        let actor = actor.clone();
        self.write(move |w| rooms::create(w, &actor, &room)).await
    }

    async fn get_room(&self, viewer: UserId, room: RoomId) -> StoreResult<Room> {
        self.read(move |conn, now| rooms::get(conn, viewer, room, now)).await
    }

    async fn get_room_by_name(&self, viewer: UserId, name_norm: &str) -> StoreResult<Room> {
        let name = name_norm.to_owned();
        self.read(move |conn, now| rooms::get_by_name(conn, viewer, &name, now)).await
    }

    async fn list_rooms(&self, viewer: UserId, query: RoomsQuery) -> StoreResult<Page<Room>> {
        self.read(move |conn, now| listing::list(conn, viewer, &query, now)).await
    }

    async fn update_room(&self, actor: &UserRef, room: RoomId, change: RoomChange) -> StoreResult<Room> {
        let actor = actor.clone();
        self.write(move |w| rooms::update(w, &actor, room, change)).await
    }

    async fn delete_room(&self, actor: &UserRef, room: RoomId) -> StoreResult<()> {
        let actor = actor.clone();
        self.write(move |w| rooms::delete(w, &actor, room)).await
    }

    async fn begin_code_try(&self, user: UserId, room: Option<RoomId>) -> StoreResult<CodeTry> {
        self.write(move |w| codes::begin_try(w, user, room)).await
    }

    async fn join_room(&self, actor: &UserRef, room: RoomId, proof: Proof, ticket: Option<i64>) -> StoreResult<Room> {
        let actor = actor.clone();
        self.write(move |w| entering::join(w, &actor, room, &proof, ticket)).await
    }

    async fn join_by_code(&self, actor: &UserRef, digest: CodeDigest, ticket: Option<i64>) -> StoreResult<Room> {
        let actor = actor.clone();
        self.write(move |w| entering::join_by_code(w, &actor, digest, ticket)).await
    }

    async fn enter_by_name(&self, actor: &UserRef, name_norm: &str) -> StoreResult<RoomId> {
        let (actor, name) = (actor.clone(), name_norm.to_owned());
        self.write(move |w| entering::enter_by_name(w, &actor, &name)).await
    }

    async fn leave_room(&self, actor: &UserRef, room: RoomId) -> StoreResult<()> {
        let actor = actor.clone();
        self.write(move |w| entering::leave(w, &actor, room)).await
    }

    async fn check_may_set_code(&self, actor: UserId, room: RoomId) -> StoreResult<()> {
        self.read(move |conn, now| codes::check_may_set(conn, actor, room, now).map(drop)).await
    }

    async fn set_code(&self, actor: &UserRef, room: RoomId, code: NewCode) -> StoreResult<()> {
        let actor = actor.clone();
        self.write(move |w| codes::set(w, &actor, room, &code)).await
    }

    async fn remove_code(&self, actor: &UserRef, room: RoomId) -> StoreResult<()> {
        let actor = actor.clone();
        self.write(move |w| codes::remove(w, &actor, room)).await
    }

    async fn list_members(&self, viewer: UserId, room: RoomId, page: PageOf) -> StoreResult<Page<Member>> {
        self.read(move |conn, now| members::list(conn, viewer, room, page, now)).await
    }

    async fn put_member(
        &self,
        actor: &UserRef,
        room: RoomId,
        subject: NamedUser,
        role: Option<Role>,
    ) -> StoreResult<Member> {
        let actor = actor.clone();
        self.write(move |w| members::put(w, &actor, room, &subject, role)).await
    }

    async fn remove_member(&self, actor: &UserRef, room: RoomId, subject: NamedUser) -> StoreResult<()> {
        let actor = actor.clone();
        self.write(move |w| members::remove(w, &actor, room, &subject)).await
    }

    async fn transfer_room(&self, actor: &UserRef, room: RoomId, subject: NamedUser) -> StoreResult<Room> {
        let actor = actor.clone();
        self.write(move |w| members::transfer(w, &actor, room, &subject)).await
    }

    async fn list_blocks(&self, viewer: UserId, room: RoomId, page: PageOf) -> StoreResult<Page<Block>> {
        self.read(move |conn, now| blocks::list(conn, viewer, room, page, now)).await
    }

    async fn block_user(
        &self,
        actor: &UserRef,
        room: RoomId,
        subject: NamedUser,
        block: NewBlock,
    ) -> StoreResult<Block> {
        let actor = actor.clone();
        self.write(move |w| blocks::put(w, &actor, room, &subject, block)).await
    }

    async fn unblock_user(&self, actor: &UserRef, room: RoomId, subject: NamedUser) -> StoreResult<()> {
        let actor = actor.clone();
        self.write(move |w| blocks::remove(w, &actor, room, &subject)).await
    }

    async fn list_audit(&self, viewer: UserId, room: RoomId, page: PageOf) -> StoreResult<Page<AuditEvent>> {
        self.read(move |conn, now| audit::list(conn, viewer, room, page, now)).await
    }

    async fn end_memberships_of_deleted(&self, limit: u32) -> StoreResult<usize> {
        let gone = self.read(move |conn, _| departures::memberships_of_deleted(conn, limit)).await?;
        if gone.is_empty() {
            return Ok(0);
        }
        self.write(move |w| departures::end(w, &gone)).await
    }

    async fn forget_old_tries(&self) -> StoreResult<()> {
        self.write(|w| codes::forget_old_tries(w.tx, w.now)).await
    }

    async fn store_marks(&self, marks: Vec<(RoomId, u64)>) -> StoreResult<()> {
        self.write(move |w| Ok(chatapp_timeline::sqlite::advance_published(w.tx, &marks)?)).await
    }
}
