use chatapp_rooms::app::Refusal;
use chatapp_rooms::app::blocking::NewBlock;
use chatapp_rooms::app::entering::Proof;
use chatapp_rooms::store::PageOf;
use chatapp_types::{EntryBody, Role};

use super::backend::{Backend, kinds, named, refusal};

const FOREVER: NewBlock = NewBlock { reason: None, until: None };
const PAGE: PageOf = PageOf { after: None, limit: 50 };

pub(crate) async fn a_block_ends_the_membership_in_the_same_entry(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let room = w.make_public(&ann, "den").await.id;
    w.join(&bob, room).await;
    let block = NewBlock { reason: Some("spam".into()), until: None };
    let made = w.store.block_user(&ann, room, named(&bob), block).await.unwrap();
    assert_eq!((made.user, made.by, made.reason.as_deref()), (bob.clone(), ann.clone(), Some("spam")));
    assert_eq!(kinds(b, room).await, ["room.created", "member.joined", "member.blocked"]);
    let last =
        b.log(room).await.pop().unwrap().into_entry(|id| if id == ann.id { ann.clone() } else { bob.clone() }, None);
    assert_eq!(last.body, EntryBody::MemberBlocked { subject: bob.clone(), until: None });
    assert_eq!(last.ends_membership_of(), Some(bob.id));
    assert_eq!((b.visible_after(room, bob.id).await, b.barred(room, bob.id).await), (None, Some(1)));
    assert_eq!(w.store.get_room(ann.id, room).await.unwrap().member_count, 1);
    for refused in [
        refusal(w.store.get_room(bob.id, room).await),
        refusal(w.store.get_room_by_name(bob.id, "den").await),
        refusal(w.store.list_members(bob.id, room, PAGE).await),
        refusal(w.store.join_room(&bob, room, Proof::None, None).await),
        refusal(w.store.leave_room(&bob, room).await),
    ] {
        assert_eq!(refused, Refusal::Blocked);
    }
    assert_eq!(refusal(w.store.enter_by_name(&bob, "den").await), Refusal::RoomNotFound);
}

pub(crate) async fn a_blocked_member_cannot_rejoin_with_a_valid_code(b: &impl Backend) {
    let w = b.world();
    let (ann, bob, eve) = (b.add_user("ann").await, b.add_user("bob").await, b.add_user("eve").await);
    let (mut new, _, proof) = w.private("den");
    new.code.as_mut().unwrap().max_uses = Some(2);
    let room = w.store.create_room(&ann, new).await.unwrap().id;
    w.store.join_room(&bob, room, proof.clone(), None).await.unwrap();
    w.store.block_user(&ann, room, named(&bob), FOREVER).await.unwrap();
    assert_eq!(refusal(w.store.join_room(&bob, room, proof.clone(), None).await), Refusal::RoomNotFound);
    let Proof::Generated(digest) = proof.clone() else { panic!("a made code") };
    assert_eq!(refusal(w.store.join_by_code(&bob, digest, None).await), Refusal::InvalidCode);
    assert_eq!(refusal(w.store.get_room(bob.id, room).await), Refusal::RoomNotFound);
    w.store.join_room(&eve, room, proof, None).await.expect("the refusals spent no use");
}

pub(crate) async fn a_block_that_ran_out_permits_joining_again(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let room = w.make_public(&ann, "den").await.id;
    w.join(&bob, room).await;
    let block = NewBlock { reason: None, until: Some(w.clock_now_plus(60)) };
    w.store.block_user(&ann, room, named(&bob), block).await.unwrap();
    w.advance_seconds(59);
    assert_eq!(refusal(w.store.join_room(&bob, room, Proof::None, None).await), Refusal::Blocked);
    w.advance_seconds(1);
    assert_eq!(refusal(w.store.list_members(bob.id, room, PAGE).await), Refusal::NotAMember, "one must join anew");
    assert_eq!(refusal(w.store.unblock_user(&ann, room, named(&bob)).await), Refusal::BlockNotFound);
    assert_eq!(refusal(w.store.enter_by_name(&bob, "den").await), Refusal::RoomNotFound, "and by version 1");
    w.join(&bob, room).await;
    assert_eq!(b.barred(room, bob.id).await, None);
}

pub(crate) async fn a_block_made_anew_replaces_the_one_before(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let room = w.make_public(&ann, "den").await.id;
    let until = Some(w.clock_now_plus(60));
    w.store.block_user(&ann, room, named(&bob), NewBlock { reason: Some("spam".into()), until }).await.unwrap();
    w.store.block_user(&ann, room, named(&bob), FOREVER).await.unwrap();
    let blocks = w.store.list_blocks(ann.id, room, PAGE).await.unwrap().items;
    let [block] = &blocks[..] else { panic!("{blocks:?}") };
    assert_eq!((block.reason.as_deref(), block.until), (None, None));
    assert_eq!(kinds(b, room).await, ["room.created", "member.blocked", "member.blocked"]);
    w.advance_seconds(61);
    assert_eq!(refusal(w.store.join_room(&bob, room, Proof::None, None).await), Refusal::Blocked);
}

pub(crate) async fn the_same_block_asked_for_again_is_not_told_again(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let room = w.make_public(&ann, "den").await.id;
    let block = NewBlock { reason: Some("spam".into()), until: Some(w.clock_now_plus(60)) };
    let first = w.store.block_user(&ann, room, named(&bob), block.clone()).await.unwrap();
    w.advance_seconds(10);
    assert_eq!(w.store.block_user(&ann, room, named(&bob), block.clone()).await.unwrap(), first);
    assert_eq!(kinds(b, room).await, ["room.created", "member.blocked"]);
    w.advance_seconds(51);
    // It has run out: this is another one.
    let again = NewBlock { until: Some(w.clock_now_plus(60)), ..block };
    w.store.block_user(&ann, room, named(&bob), again).await.unwrap();
    assert_eq!(kinds(b, room).await, ["room.created", "member.blocked", "member.blocked"]);
}

pub(crate) async fn a_stranger_is_blocked_before_ever_coming(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let room = w.make_public(&ann, "den").await.id;
    w.store.block_user(&ann, room, named(&bob), FOREVER).await.unwrap();
    assert_eq!(refusal(w.store.join_room(&bob, room, Proof::None, None).await), Refusal::Blocked);
    assert_eq!(w.store.get_room(ann.id, room).await.unwrap().member_count, 1);
}

pub(crate) async fn an_unblocked_user_joins_again(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let (room, proof) = w.make_private(&ann, "den").await;
    w.store.join_room(&bob, room.id, proof.clone(), None).await.unwrap();
    w.store.block_user(&ann, room.id, named(&bob), FOREVER).await.unwrap();
    w.store.unblock_user(&ann, room.id, named(&bob)).await.unwrap();
    assert_eq!(refusal(w.store.get_room(bob.id, room.id).await), Refusal::RoomNotFound, "not a member by itself");
    assert_eq!(refusal(w.store.unblock_user(&ann, room.id, named(&bob)).await), Refusal::BlockNotFound);
    w.store.join_room(&bob, room.id, proof, None).await.unwrap();
    let expected = ["room.created", "member.joined", "member.blocked", "member.unblocked", "member.joined"];
    assert_eq!(kinds(b, room.id).await, expected);
}

pub(crate) async fn a_blocked_user_is_not_added(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let room = w.make_public(&ann, "den").await.id;
    let block = NewBlock { reason: None, until: Some(w.clock_now_plus(60)) };
    w.store.block_user(&ann, room, named(&bob), block).await.unwrap();
    assert_eq!(refusal(w.store.put_member(&ann, room, named(&bob), None).await), Refusal::UserBlocked);
    w.advance_seconds(60);
    w.store.put_member(&ann, room, named(&bob), None).await.unwrap();
}

pub(crate) async fn admins_and_owners_are_out_of_an_admins_reach(b: &impl Backend) {
    let w = b.world();
    let (ann, bob, eve, moe) =
        (b.add_user("ann").await, b.add_user("bob").await, b.add_user("eve").await, b.add_user("moe").await);
    let room = w.make_public(&ann, "den").await.id;
    for user in [&bob, &eve] {
        w.store.put_member(&ann, room, named(user), Some(Role::Admin)).await.unwrap();
    }
    w.join(&moe, room).await;
    let before = kinds(b, room).await;
    let block = |actor, subject| w.store.block_user(actor, room, named(subject), FOREVER);
    assert!(matches!(refusal(block(&bob, &eve).await), Refusal::Forbidden(_)));
    assert!(matches!(refusal(block(&bob, &bob).await), Refusal::Forbidden(_)));
    assert!(matches!(refusal(block(&bob, &ann).await), Refusal::OwnerMustTransfer(_)));
    assert!(matches!(refusal(block(&ann, &ann).await), Refusal::OwnerMustTransfer(_)));
    assert!(matches!(refusal(block(&moe, &bob).await), Refusal::Forbidden(_)));
    assert_eq!(kinds(b, room).await, before, "refusals leave nothing behind");
    block(&ann, &eve).await.unwrap();
    block(&bob, &moe).await.unwrap();
}

pub(crate) async fn blocks_are_listed_to_admins_alone(b: &impl Backend) {
    let w = b.world();
    let (ann, moe) = (b.add_user("ann").await, b.add_user("moe").await);
    let room = w.make_public(&ann, "den").await.id;
    w.join(&moe, room).await;
    for name in ["u1", "u2", "u3"] {
        w.store.block_user(&ann, room, named(&b.add_user(name).await), FOREVER).await.unwrap();
    }
    let first = w.store.list_blocks(ann.id, room, PageOf { after: None, limit: 2 }).await.unwrap();
    let after = first.next_cursor.unwrap().decode::<i64>().unwrap();
    let rest = w.store.list_blocks(ann.id, room, PageOf { after: Some(after), limit: 2 }).await.unwrap();
    let names: Vec<_> = first.items.iter().chain(&rest.items).map(|block| block.user.username.as_str()).collect();
    assert_eq!(names, ["u1", "u2", "u3"]);
    assert_eq!(rest.next_cursor, None);
    assert!(matches!(refusal(w.store.list_blocks(moe.id, room, PAGE).await), Refusal::Forbidden(_)));
    assert!(matches!(refusal(w.store.list_audit(moe.id, room, PAGE).await), Refusal::Forbidden(_)));
}

pub(crate) async fn the_audit_tells_every_act_newest_first(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let (room, _) = w.make_private(&ann, "den").await;
    let (room, store) = (room.id, &w.store);
    store.put_member(&ann, room, named(&bob), Some(Role::Admin)).await.unwrap();
    store.transfer_room(&ann, room, named(&bob)).await.unwrap();
    store.remove_member(&bob, room, named(&ann)).await.unwrap();
    let block = NewBlock { reason: Some("spam".into()), until: None };
    store.block_user(&bob, room, named(&ann), block).await.unwrap();
    store.unblock_user(&bob, room, named(&ann)).await.unwrap();
    let mut acts = Vec::new();
    let mut after = None;
    loop {
        let page = store.list_audit(bob.id, room, PageOf { after, limit: 3 }).await.unwrap();
        for act in page.items {
            acts.push((act.id, act.actor.username, act.action, act.subject.unwrap().username, act.detail));
        }
        let Some(cursor) = page.next_cursor else { break };
        after = Some(cursor.decode::<i64>().unwrap());
    }
    let told = [
        (7, "bob", "member.unblocked", "ann", None),
        (6, "bob", "member.blocked", "ann", Some("spam")),
        (5, "bob", "member.removed", "ann", None),
        (4, "ann", "member.role_changed", "ann", Some("admin")),
        (3, "ann", "member.role_changed", "bob", Some("owner")),
        (2, "ann", "member.role_changed", "bob", Some("admin")),
        (1, "ann", "member.added", "bob", None),
    ];
    let told = told.map(|(id, a, b, c, d)| (id, a.to_owned(), b.to_owned(), c.to_owned(), d.map(str::to_owned)));
    assert_eq!(acts, told);
    assert_eq!(refusal(store.list_audit(ann.id, room, PAGE).await), Refusal::RoomNotFound);
}
