use std::collections::HashSet;

use chatapp_rooms::app::Refusal;
use chatapp_rooms::app::blocking::NewBlock;
use chatapp_types::Role;
use futures::future::{join, join_all};

use super::backend::{Backend, named, public, refusal};

const USES: u32 = 50;

/// 200 users join by a code of 50 uses, ten of them are blocked meanwhile, some of them thrice.
pub(crate) async fn two_hundred_joins_and_a_block_at_once_agree_with_the_log(b: &impl Backend) {
    let w = b.world();
    let ann = b.add_user("ann").await;
    let (mut new, _, proof) = w.private("den");
    new.code.as_mut().unwrap().max_uses = Some(USES);
    let room = w.store.create_room(&ann, new).await.unwrap().id;
    let users = join_all((0..200).map(|n| async move { b.add_user(&format!("user{n}")).await })).await;
    let troubled = &users[..10];
    let joins = join_all(users.iter().chain(troubled).chain(troubled).map(|user| {
        let proof = proof.clone();
        async move { (user.id, w.store.join_room(user, room, proof, None).await) }
    }));
    let block = || NewBlock { reason: None, until: None };
    let blocks = join_all(troubled.iter().map(|user| w.store.block_user(&ann, room, named(user), block())));
    let (joins, blocks) = join(joins, blocks).await;
    assert!(blocks.iter().all(Result::is_ok));
    for (_, refused) in joins.into_iter().filter(|(_, joined)| joined.is_err()) {
        assert_eq!(refusal(refused), Refusal::RoomNotFound);
    }

    // The log is contiguous, tells who is in, and lets nobody in after a block.
    let (mut inside, mut blocked, mut spent) = (HashSet::from([ann.id]), HashSet::new(), 0);
    for (place, entry) in b.log(room).await.into_iter().enumerate() {
        assert_eq!(entry.seq, place as u64 + 1);
        match entry.kind.as_str() {
            "member.joined" => {
                assert!(!blocked.contains(&entry.actor), "joined after the block");
                assert!(inside.insert(entry.actor), "joined twice");
                spent += 1;
            }
            "member.blocked" => {
                inside.remove(&entry.subject.unwrap());
                blocked.insert(entry.subject.unwrap());
            }
            _ => {}
        }
    }
    assert_eq!((blocked.len(), spent), (10, USES), "every use was spent, and none twice");
    for user in &users {
        assert_eq!(b.visible_after(room, user.id).await.is_some(), inside.contains(&user.id));
    }
    let members = w.store.get_room(ann.id, room).await.unwrap().member_count;
    assert_eq!(members, inside.len() as u64);
}

pub(crate) async fn of_two_rooms_made_at_once_one_has_the_name(b: &impl Backend) {
    let w = b.world();
    let ann = b.add_user("ann").await;
    let made = join_all((0..20).map(|_| w.store.create_room(&ann, public("den")))).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
    for lost in made.into_iter().filter(Result::is_err) {
        assert_eq!(refusal(lost), Refusal::RoomNameTaken);
    }
}

pub(crate) async fn two_transfers_at_once_leave_one_owner(b: &impl Backend) {
    let w = b.world();
    let (ann, bob, eve) = (b.add_user("ann").await, b.add_user("bob").await, b.add_user("eve").await);
    let room = w.make_public(&ann, "den").await.id;
    w.join(&bob, room).await;
    w.join(&eve, room).await;
    let (to_bob, to_eve) =
        join(w.store.transfer_room(&ann, room, named(&bob)), w.store.transfer_room(&ann, room, named(&eve))).await;
    assert!(to_bob.is_ok() != to_eve.is_ok());
    let mut owners = 0;
    for user in [&ann, &bob, &eve] {
        let role = w.store.get_room(user.id, room).await.unwrap().role;
        owners += u32::from(role == Some(Role::Owner));
    }
    assert_eq!(owners, 1);
}
