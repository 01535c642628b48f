use chatapp_rooms::app::Refusal;
use chatapp_rooms::app::entering::Proof;
use chatapp_rooms::app::settings::RoomChange;
use chatapp_rooms::store::{PageOf, StoreLimits};
use chatapp_types::{EntryBody, History, Role, RoomName, Topic, Visibility};

use super::backend::{Backend, LIMITS, kinds, public, refusal};

fn name(text: &str) -> RoomName {
    RoomName::parse(text).unwrap()
}

pub(crate) async fn the_creator_is_owner_and_first_member_at_entry_1(b: &impl Backend) {
    let w = b.world();
    let ann = b.add_user("ann").await;
    let room = w.make_public(&ann, "Den").await;
    assert_eq!((room.role, room.member_count, room.has_secret_code), (Some(Role::Owner), 1, Some(false)));
    let log = b.log(room.id).await;
    let [entry] = &log[..] else { panic!("{log:?}") };
    let entry = entry.clone().into_entry(|_| ann.clone(), None);
    assert_eq!((entry.seq, entry.actor.id), (1, ann.id));
    assert_eq!(entry.body, EntryBody::RoomCreated { name: "Den".into(), visibility: Visibility::Public });
    assert_eq!(w.store.get_room(ann.id, room.id).await.unwrap(), room);
}

pub(crate) async fn a_public_name_is_unique_however_it_is_written(b: &impl Backend) {
    let w = b.world();
    let ann = b.add_user("ann").await;
    w.make_public(&ann, "Café").await;
    for again in ["Café", "CAFÉ", "cafe\u{301}", "ｃａｆé"] {
        assert_eq!(refusal(w.store.create_room(&ann, public(again)).await), Refusal::RoomNameTaken, "{again}");
    }
    w.make_public(&ann, "Cafe").await;
}

pub(crate) async fn a_private_rooms_name_is_unique_to_nobody(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    w.make_private(&ann, "den").await;
    w.make_private(&bob, "den").await;
    w.make_private(&bob, "den").await;
    w.make_public(&bob, "den").await;
}

pub(crate) async fn a_deleted_room_is_gone_and_its_name_is_free(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let room = w.make_public(&ann, "den").await.id;
    w.join(&bob, room).await;
    w.store.delete_room(&ann, room).await.unwrap();
    assert_eq!(kinds(b, room).await, ["room.created", "member.joined", "room.deleted"]);
    for user in [&ann, &bob] {
        assert_eq!(refusal(w.store.get_room(user.id, room).await), Refusal::RoomNotFound);
        assert_eq!(refusal(w.store.join_room(user, room, Proof::None, None).await), Refusal::RoomNotFound);
        assert_eq!(b.visible_after(room, user.id).await, None);
    }
    assert_eq!(refusal(w.store.delete_room(&ann, room).await), Refusal::RoomNotFound);
    w.make_public(&bob, "den").await;
}

pub(crate) async fn only_the_owner_deletes(b: &impl Backend) {
    let w = b.world();
    let (ann, bob, eve) = (b.add_user("ann").await, b.add_user("bob").await, b.add_user("eve").await);
    let room = w.make_public(&ann, "den").await.id;
    w.store.put_member(&ann, room, super::backend::named(&bob), Some(Role::Admin)).await.unwrap();
    assert!(matches!(refusal(w.store.delete_room(&bob, room).await), Refusal::Forbidden(_)));
    assert_eq!(refusal(w.store.delete_room(&eve, room).await), Refusal::NotAMember);
}

pub(crate) async fn each_setting_that_changes_is_one_entry_and_one_audit_row(b: &impl Backend) {
    let w = b.world();
    let ann = b.add_user("ann").await;
    let room = w.make_public(&ann, "den").await.id;
    let change = RoomChange {
        name: Some(name("Lair")),
        topic: Some(Topic::parse("bears").unwrap()),
        visibility: None,
        history: Some(History::SinceJoin),
    };
    let changed = w.store.update_room(&ann, room, change.clone()).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.topic.as_str(), changed.history), ("Lair", "bears", History::SinceJoin));
    let expected = ["room.created", "room.renamed", "room.topic_changed", "room.history_changed"];
    assert_eq!(kinds(b, room).await, expected);
    assert_eq!(w.store.update_room(&ann, room, change).await.unwrap(), changed);
    assert_eq!(kinds(b, room).await.len(), expected.len(), "what stays makes no entry");
    let audit = w.store.list_audit(ann.id, room, PageOf { after: None, limit: 10 }).await.unwrap();
    let acts: Vec<_> = audit.items.iter().map(|act| (act.id, act.action.as_str(), act.detail.as_deref())).collect();
    let told = [
        (3, "room.history_changed", Some("since_join")),
        (2, "room.topic_changed", Some("bears")),
        (1, "room.renamed", Some("Lair")),
    ];
    assert_eq!(acts, told);
}

pub(crate) async fn a_room_made_public_claims_its_name_and_loses_its_code(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    w.make_public(&bob, "Den").await;
    let (room, proof) = w.make_private(&ann, "den").await;
    let to = |visibility| RoomChange { visibility: Some(visibility), ..RoomChange::default() };
    let clash = w.store.update_room(&ann, room.id, to(Visibility::Public)).await;
    assert_eq!(refusal(clash), Refusal::RoomNameTaken);
    assert_eq!(kinds(b, room.id).await, ["room.created"], "a refusal leaves nothing behind");
    let both = RoomChange { name: Some(name("den 2")), ..to(Visibility::Public) };
    assert_eq!(w.store.update_room(&ann, room.id, both).await.unwrap().has_secret_code, Some(false));
    w.store.update_room(&ann, room.id, to(Visibility::Private)).await.unwrap();
    let opened = w.store.join_room(&bob, room.id, proof, None).await;
    assert_eq!(refusal(opened), Refusal::RoomNotFound, "the code did not come back");
}

pub(crate) async fn a_room_made_private_is_hidden_at_once(b: &impl Backend) {
    let w = b.world();
    let (ann, bob, eve) = (b.add_user("ann").await, b.add_user("bob").await, b.add_user("eve").await);
    let room = w.make_public(&ann, "den").await.id;
    w.join(&bob, room).await;
    assert!(w.store.get_room(eve.id, room).await.is_ok());
    let change = RoomChange { visibility: Some(Visibility::Private), ..RoomChange::default() };
    assert!(matches!(refusal(w.store.update_room(&bob, room, change.clone()).await), Refusal::Forbidden(_)));
    w.store.update_room(&ann, room, change).await.unwrap();
    assert_eq!(refusal(w.store.get_room(eve.id, room).await), Refusal::RoomNotFound);
    assert_eq!(refusal(w.store.get_room_by_name(eve.id, "den").await), Refusal::RoomNotFound);
    assert!(w.store.get_room(bob.id, room).await.is_ok());
}

pub(crate) async fn one_owns_so_many_rooms_and_no_more(b: &impl Backend) {
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let store = b.with_limits(StoreLimits { per_owner: 2, ..LIMITS });
    let first = store.create_room(&ann, public("one")).await.unwrap().id;
    store.create_room(&ann, public("two")).await.unwrap();
    assert!(matches!(refusal(store.create_room(&ann, public("three")).await), Refusal::Limit(_)));
    let bobs = store.create_room(&bob, public("three")).await.unwrap().id;
    store.put_member(&bob, bobs, super::backend::named(&ann), None).await.unwrap();
    let given = store.transfer_room(&bob, bobs, super::backend::named(&ann)).await;
    assert!(matches!(refusal(given), Refusal::Limit(_)));
    store.delete_room(&ann, first).await.unwrap();
    store.create_room(&ann, public("four")).await.unwrap();
}

pub(crate) async fn numbers_are_never_given_twice(b: &impl Backend) {
    let w = b.world();
    let ann = b.add_user("ann").await;
    let one = w.make_public(&ann, "one").await;
    let two = w.make_public(&ann, "two").await;
    w.store.delete_room(&ann, two.id).await.unwrap();
    let three = w.make_public(&ann, "two").await;
    assert!(one.number < two.number && two.number < three.number);
}
