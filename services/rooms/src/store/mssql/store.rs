//! The trait, method by method: each is one transaction of the functions beside, or one batch of reads.

use async_trait::async_trait;
use chatapp_types::rooms::{AuditEvent, Block, Member, Room};
use chatapp_types::{Page, Role, RoomId, UserId, UserRef};

use super::{MssqlRoomStore, audit, blocks, codes, departures, entering, listing, members, rooms};
use crate::app::blocking::NewBlock;
use crate::app::codes::{CodeDigest, NewCode};
use crate::app::entering::Proof;
use crate::app::settings::RoomChange;
use crate::store::{CodeTry, NamedUser, NewRoom, PageOf, RoomStore, RoomsQuery, StoreResult};

#[async_trait]
impl RoomStore for MssqlRoomStore {
    async fn create_room(&self, actor: &UserRef, room: NewRoom) -> StoreResult<Room> {
        let args = (actor.clone(), room);
        self.write(args, |w, (actor, room)| Box::pin(rooms::create(w, actor, room))).await
    }

    async fn get_room(&self, viewer: UserId, room: RoomId) -> StoreResult<Room> {
        rooms::get(self, viewer, room).await
    }

    async fn get_room_by_name(&self, viewer: UserId, name_norm: &str) -> StoreResult<Room> {
        rooms::get_by_name(self, viewer, name_norm).await
    }

    async fn list_rooms(&self, viewer: UserId, query: RoomsQuery) -> StoreResult<Page<Room>> {
        listing::list(self, viewer, &query).await
    }

    async fn update_room(&self, actor: &UserRef, room: RoomId, change: RoomChange) -> StoreResult<Room> {
        let args = (actor.clone(), room, change);
        self.write(args, |w, (actor, room, change)| Box::pin(rooms::update(w, actor, *room, change))).await
    }

    async fn delete_room(&self, actor: &UserRef, room: RoomId) -> StoreResult<()> {
        let args = (actor.clone(), room);
        self.write(args, |w, (actor, room)| Box::pin(rooms::delete(w, actor, *room))).await
    }

    async fn begin_code_try(&self, user: UserId, room: Option<RoomId>) -> StoreResult<CodeTry> {
        let args = (user, room);
        self.write(args, |w, (user, room)| Box::pin(codes::begin_try(w, *user, *room))).await
    }

    async fn join_room(&self, actor: &UserRef, room: RoomId, proof: Proof, ticket: Option<i64>) -> StoreResult<Room> {
        let args = (actor.clone(), room, proof, ticket);
        self.write(args, |w, (actor, room, proof, ticket)| Box::pin(entering::join(w, actor, *room, proof, *ticket)))
            .await
    }

    async fn join_by_code(&self, actor: &UserRef, digest: CodeDigest, ticket: Option<i64>) -> StoreResult<Room> {
        let args = (actor.clone(), digest, ticket);
        self.write(args, |w, (actor, digest, ticket)| Box::pin(entering::join_by_code(w, actor, digest, *ticket))).await
    }

    async fn enter_by_name(&self, actor: &UserRef, name_norm: &str) -> StoreResult<RoomId> {
        let args = (actor.clone(), name_norm.to_owned());
        self.write(args, |w, (actor, name)| Box::pin(entering::enter_by_name(w, actor, name))).await
    }

    async fn leave_room(&self, actor: &UserRef, room: RoomId) -> StoreResult<()> {
        let args = (actor.clone(), room);
        self.write(args, |w, (actor, room)| Box::pin(entering::leave(w, actor, *room))).await
    }

    async fn check_may_set_code(&self, actor: UserId, room: RoomId) -> StoreResult<()> {
        codes::check_may_set(self, actor, room).await
    }

    async fn set_code(&self, actor: &UserRef, room: RoomId, code: NewCode) -> StoreResult<()> {
        let args = (actor.clone(), room, code);
        self.write(args, |w, (actor, room, code)| Box::pin(codes::set(w, actor, *room, code))).await
    }

    async fn remove_code(&self, actor: &UserRef, room: RoomId) -> StoreResult<()> {
        let args = (actor.clone(), room);
        self.write(args, |w, (actor, room)| Box::pin(codes::remove(w, actor, *room))).await
    }

    async fn list_members(&self, viewer: UserId, room: RoomId, page: PageOf) -> StoreResult<Page<Member>> {
        members::list(self, viewer, room, page).await
    }

    async fn put_member(
        &self,
        actor: &UserRef,
        room: RoomId,
        subject: NamedUser,
        role: Option<Role>,
    ) -> StoreResult<Member> {
        let args = (actor.clone(), room, subject, role);
        self.write(args, |w, (actor, room, subject, role)| Box::pin(members::put(w, actor, *room, subject, *role)))
            .await
    }

    async fn remove_member(&self, actor: &UserRef, room: RoomId, subject: NamedUser) -> StoreResult<()> {
        let args = (actor.clone(), room, subject);
        self.write(args, |w, (actor, room, subject)| Box::pin(members::remove(w, actor, *room, subject))).await
    }

    async fn transfer_room(&self, actor: &UserRef, room: RoomId, subject: NamedUser) -> StoreResult<Room> {
        let args = (actor.clone(), room, subject);
        self.write(args, |w, (actor, room, subject)| Box::pin(members::transfer(w, actor, *room, subject))).await
    }

    async fn list_blocks(&self, viewer: UserId, room: RoomId, page: PageOf) -> StoreResult<Page<Block>> {
        blocks::list(self, viewer, room, page).await
    }

    async fn block_user(
        &self,
        actor: &UserRef,
        room: RoomId,
        subject: NamedUser,
        block: NewBlock,
    ) -> StoreResult<Block> {
        let args = (actor.clone(), room, subject, block);
        self.write(args, |w, (actor, room, subject, block)| Box::pin(blocks::put(w, actor, *room, subject, block)))
            .await
    }

    async fn unblock_user(&self, actor: &UserRef, room: RoomId, subject: NamedUser) -> StoreResult<()> {
        let args = (actor.clone(), room, subject);
        self.write(args, |w, (actor, room, subject)| Box::pin(blocks::remove(w, actor, *room, subject))).await
    }

    async fn list_audit(&self, viewer: UserId, room: RoomId, page: PageOf) -> StoreResult<Page<AuditEvent>> {
        audit::list(self, viewer, room, page).await
    }

    async fn end_memberships_of_deleted(&self, limit: u32) -> StoreResult<usize> {
        let gone = departures::memberships_of_deleted(self, limit).await?;
        let mut ended = 0;
        for membership in gone {
            // Each in a transaction of its own: none holds the locks of several rooms.
            let end = self.write(membership, |w, (room, user)| Box::pin(departures::end(w, *room, *user)));
            ended += usize::from(end.await?);
        }
        Ok(ended)
    }

    async fn forget_old_tries(&self) -> StoreResult<()> {
        self.write((), |w, ()| Box::pin(codes::forget_old_tries(w))).await
    }

    async fn store_marks(&self, marks: Vec<(RoomId, u64)>) -> StoreResult<()> {
        self.write(marks, |w, marks| {
            Box::pin(async move { Ok(chatapp_timeline::mssql::advance_published(w.session, marks).await?) })
        })
        .await
    }
}
