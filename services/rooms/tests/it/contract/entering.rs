use chatapp_bus::{Bus as _, subject};
use chatapp_rooms::app::Refusal;
use chatapp_rooms::app::entering::Proof;
use chatapp_rooms::app::settings::RoomChange;
use chatapp_rooms::store::StoreLimits;
use chatapp_timeline::RoomEvent;
use chatapp_types::{History, Role, RoomId};

use super::backend::{Backend, LIMITS, kinds, named, public, refusal};

pub(crate) async fn joining_twice_is_one_entry(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let room = w.make_public(&ann, "den").await.id;
    let first = w.join(&bob, room).await;
    assert_eq!((first.role, first.member_count), (Some(Role::Member), 2));
    assert_eq!(w.join(&bob, room).await, first);
    assert_eq!(kinds(b, room).await, ["room.created", "member.joined"]);
}

pub(crate) async fn a_private_room_and_no_room_are_the_same_refusal(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let (hidden, _) = w.make_private(&ann, "den").await;
    let (_, other) = w.make_private(&ann, "lair").await;
    for room in [hidden.id, RoomId::new()] {
        for proof in [Proof::None, other.clone(), Proof::Chosen(None)] {
            assert_eq!(refusal(w.store.join_room(&bob, room, proof, None).await), Refusal::RoomNotFound);
        }
        assert_eq!(refusal(w.store.get_room(bob.id, room).await), Refusal::RoomNotFound);
        assert_eq!(refusal(w.store.leave_room(&bob, room).await), Refusal::RoomNotFound);
    }
    assert_eq!(kinds(b, hidden.id).await, ["room.created"]);
}

pub(crate) async fn a_newcomer_sees_what_the_setting_gives(b: &impl Backend) {
    let w = b.world();
    let (ann, bob, eve) = (b.add_user("ann").await, b.add_user("bob").await, b.add_user("eve").await);
    let room = w.make_public(&ann, "den").await.id;
    w.join(&bob, room).await;
    let change = RoomChange { history: Some(History::SinceJoin), ..RoomChange::default() };
    w.store.update_room(&ann, room, change).await.unwrap();
    w.join(&eve, room).await;
    assert_eq!(b.visible_after(room, bob.id).await, Some(0), "fixed when one joined");
    assert_eq!(b.visible_after(room, eve.id).await, Some(3), "one's own joining is entry 4");
}

pub(crate) async fn a_full_room_takes_nobody(b: &impl Backend) {
    let (ann, bob, eve) = (b.add_user("ann").await, b.add_user("bob").await, b.add_user("eve").await);
    let store = b.with_limits(StoreLimits { max_members: 2, ..LIMITS });
    let room = store.create_room(&ann, public("den")).await.unwrap().id;
    store.join_room(&bob, room, Proof::None, None).await.unwrap();
    assert!(matches!(refusal(store.join_room(&eve, room, Proof::None, None).await), Refusal::Limit(_)));
    assert!(matches!(refusal(store.put_member(&ann, room, named(&eve), None).await), Refusal::Limit(_)));
    store.join_room(&bob, room, Proof::None, None).await.unwrap();
    store.leave_room(&bob, room).await.unwrap();
    store.join_room(&eve, room, Proof::None, None).await.unwrap();
}

pub(crate) async fn one_leaves_and_the_owner_does_not(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let room = w.make_public(&ann, "den").await.id;
    assert!(matches!(refusal(w.store.leave_room(&ann, room).await), Refusal::OwnerMustTransfer(_)));
    w.join(&bob, room).await;
    assert!(matches!(refusal(w.store.leave_room(&ann, room).await), Refusal::OwnerMustTransfer(_)));
    w.store.leave_room(&bob, room).await.unwrap();
    assert_eq!(refusal(w.store.leave_room(&bob, room).await), Refusal::NotAMember);
    assert_eq!(kinds(b, room).await, ["room.created", "member.joined", "member.left"]);
    assert_eq!(w.join(&bob, room).await.member_count, 2);
}

pub(crate) async fn version_0_joins_public_rooms_and_brings_nobody_back(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let room = w.make_public(&ann, "den").await.id;
    let (hidden, proof) = w.make_private(&ann, "lair").await;
    assert_eq!(w.store.enter_by_name(&bob, "den").await.unwrap(), room);
    assert_eq!(w.store.enter_by_name(&bob, "den").await.unwrap(), room);
    assert_eq!(kinds(b, room).await, ["room.created", "member.joined"]);
    w.store.remove_member(&ann, room, named(&bob)).await.unwrap();
    for name in ["den", "lair", "nowhere"] {
        assert_eq!(refusal(w.store.enter_by_name(&bob, name).await), Refusal::RoomNotFound, "{name}");
    }
    w.join(&bob, room).await;
    assert_eq!(w.store.enter_by_name(&bob, "den").await.unwrap(), room);
    w.store.join_room(&bob, hidden.id, proof, None).await.unwrap();
    assert_eq!(w.store.enter_by_name(&bob, "lair").await.unwrap(), hidden.id);
}

pub(crate) async fn what_happens_is_published_in_the_order_of_the_log(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let room = w.make_public(&ann, "den").await.id;
    let mut events = w.bus.subscribe(&subject::room(room)).await.unwrap();
    w.join(&bob, room).await;
    assert!(w.store.put_member(&bob, room, named(&ann), None).await.is_err());
    w.store.remove_member(&ann, room, named(&bob)).await.unwrap();
    w.store.delete_room(&ann, room).await.unwrap();
    let mut seen = Vec::new();
    while let Some(message) = events.try_recv() {
        let event = RoomEvent::decode(&message.payload).unwrap();
        seen.push((event.route.seq, event.route.ends, event.route.closes));
    }
    // Events leave before the caller is answered, so all of them are here; and a refusal has none.
    assert_eq!(seen, [(2, None, false), (3, Some(bob.id), false), (4, None, true)]);
}
