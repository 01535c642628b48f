use chatapp_rooms::app::Refusal;
use chatapp_types::Role;

use super::backend::{Backend, kinds, named, refusal};

pub(crate) async fn a_deleted_account_leaves_its_rooms(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let den = w.make_public(&ann, "den").await.id;
    let lair = w.make_public(&ann, "lair").await.id;
    for room in [den, lair] {
        w.join(&bob, room).await;
    }
    assert_eq!(w.store.end_memberships_of_deleted(10).await.unwrap(), 0);
    b.delete_user(&bob).await;
    assert_eq!(w.store.end_memberships_of_deleted(1).await.unwrap(), 1);
    assert_eq!(w.store.end_memberships_of_deleted(1).await.unwrap(), 1);
    assert_eq!(w.store.end_memberships_of_deleted(1).await.unwrap(), 0);
    for room in [den, lair] {
        assert_eq!(kinds(b, room).await, ["room.created", "member.joined", "member.left"]);
        assert_eq!(b.log(room).await[2].actor, bob.id);
        assert_eq!(w.store.get_room(ann.id, room).await.unwrap().member_count, 1);
    }
    assert_eq!(refusal(w.store.put_member(&ann, den, named(&bob), None).await), Refusal::UserNotFound);
}

pub(crate) async fn the_room_of_a_deleted_owner_passes_to_the_longest_standing_admin(b: &impl Backend) {
    let w = b.world();
    let (ann, bob, eve, moe) =
        (b.add_user("ann").await, b.add_user("bob").await, b.add_user("eve").await, b.add_user("moe").await);
    let room = w.make_public(&ann, "den").await.id;
    for user in [&bob, &eve, &moe] {
        w.join(user, room).await;
    }
    for user in [&moe, &eve] {
        w.store.put_member(&ann, room, named(user), Some(Role::Admin)).await.unwrap();
    }
    b.delete_user(&ann).await;
    assert_eq!(w.store.end_memberships_of_deleted(10).await.unwrap(), 1);
    assert_eq!(w.store.get_room(eve.id, room).await.unwrap().role, Some(Role::Owner));
    assert_eq!(w.store.get_room(moe.id, room).await.unwrap().role, Some(Role::Admin));
    let log = kinds(b, room).await;
    assert_eq!(log[log.len() - 2..], ["member.role_changed", "member.left"]);
    // Heir and owner gone at once: the room passes to one who is there.
    b.delete_user(&eve).await;
    b.delete_user(&moe).await;
    assert_eq!(w.store.end_memberships_of_deleted(10).await.unwrap(), 2);
    let last = w.store.get_room(bob.id, room).await.unwrap();
    assert_eq!((last.role, last.member_count), (Some(Role::Owner), 1));
}

pub(crate) async fn the_room_of_a_deleted_owner_who_was_alone_is_deleted(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let room = w.make_public(&ann, "den").await.id;
    b.delete_user(&ann).await;
    assert_eq!(w.store.end_memberships_of_deleted(10).await.unwrap(), 1);
    assert_eq!(kinds(b, room).await, ["room.created", "room.deleted"]);
    assert_eq!(refusal(w.store.get_room(bob.id, room).await), Refusal::RoomNotFound);
    w.make_public(&bob, "den").await;
}

pub(crate) async fn marks_move_forward(b: &impl Backend) {
    let w = b.world();
    let ann = b.add_user("ann").await;
    let room = w.make_public(&ann, "den").await.id;
    w.join(&b.add_user("bob").await, room).await;
    assert_eq!(b.published(room).await, Some(0));
    w.store.store_marks(vec![(room, 2)]).await.unwrap();
    w.store.store_marks(vec![(room, 1)]).await.unwrap();
    assert_eq!(b.published(room).await, Some(2));
}
