use chatapp_rooms::app::Refusal;
use chatapp_rooms::store::{NamedUser, PageOf};
use chatapp_types::{EntryBody, Role};

use super::backend::{Backend, kinds, named, refusal};

pub(crate) async fn an_admin_adds_members_and_only_the_owner_makes_admins(b: &impl Backend) {
    let w = b.world();
    let (ann, bob, eve) = (b.add_user("ann").await, b.add_user("bob").await, b.add_user("eve").await);
    let (room, _) = w.make_private(&ann, "den").await;
    let put = |actor, subject, role| w.store.put_member(actor, room.id, named(subject), role);
    assert_eq!(put(&ann, &bob, Some(Role::Admin)).await.unwrap().role, Role::Admin);
    let expected = ["room.created", "member.added", "member.role_changed"];
    assert_eq!(kinds(b, room.id).await, expected);
    assert!(matches!(refusal(put(&bob, &eve, Some(Role::Admin)).await), Refusal::Forbidden(_)));
    let member = put(&bob, &eve, None).await.unwrap();
    assert_eq!((member.user, member.role), (eve.clone(), Role::Member));
    assert!(matches!(refusal(put(&eve, &bob, None).await), Refusal::Forbidden(_)));
    assert!(matches!(refusal(put(&bob, &bob, Some(Role::Owner)).await), Refusal::Forbidden(_)));
    assert!(matches!(refusal(put(&ann, &bob, Some(Role::Owner)).await), Refusal::Invalid(_)));
    assert!(matches!(refusal(put(&ann, &ann, Some(Role::Admin)).await), Refusal::OwnerMustTransfer(_)));
    assert_eq!(put(&ann, &bob, Some(Role::Member)).await.unwrap().role, Role::Member);
    assert_eq!(w.store.get_room(ann.id, room.id).await.unwrap().member_count, 3);
}

pub(crate) async fn adding_a_member_again_changes_nothing(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let room = w.make_public(&ann, "den").await.id;
    let first = w.store.put_member(&ann, room, named(&bob), None).await.unwrap();
    w.advance_seconds(5);
    assert_eq!(w.store.put_member(&ann, room, named(&bob), None).await.unwrap(), first);
    assert_eq!(w.store.put_member(&ann, room, named(&ann), None).await.unwrap().role, Role::Owner);
    assert_eq!(kinds(b, room).await, ["room.created", "member.added"]);
}

pub(crate) async fn a_removed_member_is_out_and_may_come_back(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let (room, proof) = w.make_private(&ann, "den").await;
    w.store.join_room(&bob, room.id, proof.clone(), None).await.unwrap();
    w.store.remove_member(&ann, room.id, named(&bob)).await.unwrap();
    assert_eq!(refusal(w.store.get_room(bob.id, room.id).await), Refusal::RoomNotFound);
    assert_eq!(b.barred(room.id, bob.id).await, Some(0));
    assert_eq!(b.visible_after(room.id, bob.id).await, None);
    assert_eq!(refusal(w.store.remove_member(&ann, room.id, named(&bob)).await), Refusal::MemberNotFound);
    w.store.join_room(&bob, room.id, proof, None).await.unwrap();
    assert_eq!(b.barred(room.id, bob.id).await, None);
}

pub(crate) async fn admins_are_removed_by_the_owner_alone(b: &impl Backend) {
    let w = b.world();
    let (ann, bob, eve) = (b.add_user("ann").await, b.add_user("bob").await, b.add_user("eve").await);
    let room = w.make_public(&ann, "den").await.id;
    for user in [&bob, &eve] {
        w.store.put_member(&ann, room, named(user), Some(Role::Admin)).await.unwrap();
    }
    let remove = |actor, subject| w.store.remove_member(actor, room, named(subject));
    assert!(matches!(refusal(remove(&bob, &eve).await), Refusal::Forbidden(_)));
    assert!(matches!(refusal(remove(&bob, &ann).await), Refusal::OwnerMustTransfer(_)));
    remove(&ann, &eve).await.unwrap();
}

pub(crate) async fn removing_oneself_is_leaving(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let room = w.make_public(&ann, "den").await.id;
    w.join(&bob, room).await;
    w.store.remove_member(&bob, room, named(&bob)).await.unwrap();
    assert_eq!(kinds(b, room).await, ["room.created", "member.joined", "member.left"]);
    assert_eq!(b.barred(room, bob.id).await, None);
    assert!(matches!(refusal(w.store.remove_member(&ann, room, named(&ann)).await), Refusal::OwnerMustTransfer(_)));
}

pub(crate) async fn a_name_that_nobody_has_is_told_to_admins_alone(b: &impl Backend) {
    let w = b.world();
    let (ann, bob, eve) = (b.add_user("ann").await, b.add_user("bob").await, b.add_user("eve").await);
    let room = w.make_public(&ann, "den").await.id;
    let (hidden, _) = w.make_private(&ann, "lair").await;
    w.join(&bob, room).await;
    let nobody = || NamedUser::read("nobody");
    assert_eq!(refusal(w.store.put_member(&ann, room, nobody(), None).await), Refusal::UserNotFound);
    assert_eq!(refusal(w.store.remove_member(&ann, room, nobody()).await), Refusal::UserNotFound);
    assert_eq!(refusal(w.store.unblock_user(&ann, room, nobody()).await), Refusal::UserNotFound);
    for subject in [nobody(), named(&ann)] {
        let put = |actor, room| w.store.put_member(actor, room, subject.clone(), None);
        assert!(matches!(refusal(put(&bob, room).await), Refusal::Forbidden(_)));
        assert_eq!(refusal(put(&eve, room).await), Refusal::NotAMember);
        assert_eq!(refusal(put(&eve, hidden.id).await), Refusal::RoomNotFound);
        let removed = w.store.remove_member(&bob, room, subject.clone()).await;
        assert!(matches!(refusal(removed), Refusal::Forbidden(_)));
    }
}

pub(crate) async fn a_transfer_leaves_one_owner(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let room = w.make_public(&ann, "den").await.id;
    w.join(&bob, room).await;
    assert_eq!(w.store.transfer_room(&ann, room, named(&bob)).await.unwrap().role, Some(Role::Admin));
    let members = w.store.list_members(ann.id, room, PageOf { after: None, limit: 9 }).await.unwrap().items;
    let roles: Vec<_> = members.iter().map(|member| (member.user.username.as_str(), member.role)).collect();
    assert_eq!(roles, [("ann", Role::Admin), ("bob", Role::Owner)]);
    let log = b.log(room).await.split_off(2);
    let changes: Vec<_> = log
        .into_iter()
        .map(|entry| entry.into_entry(|id| if id == ann.id { ann.clone() } else { bob.clone() }, None).body)
        .collect();
    let role_of =
        |subject: &chatapp_types::UserRef, role| EntryBody::MemberRoleChanged { subject: subject.clone(), role };
    assert_eq!(changes, [role_of(&bob, Role::Owner), role_of(&ann, Role::Admin)]);
    assert!(matches!(refusal(w.store.transfer_room(&ann, room, named(&ann)).await), Refusal::Forbidden(_)));
    w.store.leave_room(&ann, room).await.unwrap();
}

pub(crate) async fn a_room_is_transferred_to_a_member_alone(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let room = w.make_public(&ann, "den").await.id;
    assert_eq!(refusal(w.store.transfer_room(&ann, room, named(&bob)).await), Refusal::MemberNotFound);
    assert_eq!(refusal(w.store.transfer_room(&ann, room, NamedUser::read("nobody")).await), Refusal::UserNotFound);
    assert!(matches!(refusal(w.store.transfer_room(&ann, room, named(&ann)).await), Refusal::Invalid(_)));
    assert_eq!(refusal(w.store.transfer_room(&bob, room, named(&ann)).await), Refusal::NotAMember);
}

pub(crate) async fn names_are_found_as_typed_and_as_registered(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    // An account that was imported, whose name could not be registered today.
    let odd = b.add_user("Odd Name!").await;
    let room = w.make_public(&ann, "den").await.id;
    let add = |name: &str| w.store.put_member(&ann, room, NamedUser::read(name), None);
    assert_eq!(add("BOB").await.unwrap().user, bob);
    assert_eq!(add("Odd Name!").await.unwrap().user, odd);
    assert_eq!(refusal(add(&"x".repeat(100_000)).await), Refusal::UserNotFound);
}
