//! Two replicas on the same data.

use std::collections::HashSet;
use std::sync::Arc;

use chatapp_rooms::app::Refusal;
use chatapp_rooms::app::blocking::NewBlock;
use chatapp_rooms::app::codes::{NewCode, StoredCode};
use chatapp_rooms::app::entering::Proof;
use chatapp_rooms::app::settings::RoomChange;
use chatapp_rooms::store::{RoomStore, StoreLimits};
use chatapp_types::{Role, RoomId, RoomName};
use futures::future::{join, join_all};

use super::backend::{Backend, LIMITS, kinds, named, public, refusal};

type Pair = [Arc<dyn RoomStore>; 2];

/// The store of the backend, and that of another replica.
async fn replicas(b: &impl Backend, limits: StoreLimits) -> Pair {
    [b.with_limits(limits), b.replica(limits).await]
}

pub(crate) async fn joins_and_blocks_at_two_replicas_agree_with_the_log(b: &impl Backend) {
    let (w, pair) = (b.world(), replicas(b, LIMITS).await);
    let ann = b.add_user("ann").await;
    let room = w.make_public(&ann, "den").await.id;
    let users = join_all((0..30).map(|n| async move { b.add_user(&format!("user{n}")).await })).await;
    let moves = users.iter().enumerate().map(|(n, user)| {
        let (here, there, ann) = (&pair[n % 2], &pair[(n + 1) % 2], &ann);
        async move {
            let join_and_leave = async {
                for _ in 0..3 {
                    let _ = here.join_room(user, room, Proof::None, None).await;
                    let _ = here.leave_room(user, room).await;
                }
                let _ = here.join_room(user, room, Proof::None, None).await;
            };
            let block = async {
                if n % 3 == 0 {
                    there.block_user(ann, room, named(user), NewBlock { reason: None, until: None }).await.unwrap();
                }
            };
            join(join_and_leave, block).await;
        }
    });
    join_all(moves).await;
    let (mut inside, mut blocked) = (HashSet::from([ann.id]), HashSet::new());
    for (place, entry) in b.log(room).await.into_iter().enumerate() {
        assert_eq!(entry.seq, place as u64 + 1);
        match (entry.kind.as_str(), entry.subject) {
            ("member.joined", _) => {
                assert!(!blocked.contains(&entry.actor), "joined after the block");
                assert!(inside.insert(entry.actor), "joined twice");
            }
            ("member.left", _) => assert!(inside.remove(&entry.actor), "left without being in"),
            ("member.blocked", Some(subject)) => {
                inside.remove(&subject);
                assert!(blocked.insert(subject));
            }
            _ => {}
        }
    }
    assert_eq!((blocked.len(), inside.len()), (10, 21));
    for user in &users {
        assert_eq!(b.visible_after(room, user.id).await.is_some(), inside.contains(&user.id));
    }
    assert_eq!(w.store.get_room(ann.id, room).await.unwrap().member_count, 21);
}

pub(crate) async fn rooms_made_at_two_replicas_do_not_outrun_the_owners_limit(b: &impl Backend) {
    let pair = replicas(b, StoreLimits { per_owner: 3, ..LIMITS }).await;
    let ann = b.add_user("ann").await;
    let makes = (0..12).map(|n| {
        let (store, ann) = (&pair[n % 2], &ann);
        async move { store.create_room(ann, public(&format!("den {n}"))).await }
    });
    let (made, refused): (Vec<_>, Vec<_>) = join_all(makes).await.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 3);
    for refused in refused {
        assert!(matches!(refusal(refused), Refusal::Limit(_)));
    }
}

pub(crate) async fn rooms_given_to_one_user_at_once_do_not_outrun_the_limit(b: &impl Backend) {
    let pair = replicas(b, StoreLimits { per_owner: 2, ..LIMITS }).await;
    let (w, bob) = (b.world(), b.add_user("bob").await);
    w.make_public(&bob, "own").await;
    let mut given = Vec::new();
    for n in 0..6 {
        let owner = b.add_user(&format!("owner{n}")).await;
        let room = w.make_public(&owner, &format!("den {n}")).await.id;
        w.join(&bob, room).await;
        given.push((owner, room));
    }
    let gifts = given.iter().enumerate().map(|(n, (owner, room))| pair[n % 2].transfer_room(owner, *room, named(&bob)));
    let made = (0..4).map(|n| {
        let (store, bob) = (&pair[n % 2], &bob);
        async move { store.create_room(bob, public(&format!("mine {n}"))).await }
    });
    let (gifts, made) = join(join_all(gifts), join_all(made)).await;
    let (done, refused): (Vec<_>, Vec<_>) = gifts.into_iter().chain(made).partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    for refused in refused {
        assert!(matches!(refusal(refused), Refusal::Limit(_)));
    }
}

pub(crate) async fn of_rooms_renamed_at_two_replicas_one_gets_the_name(b: &impl Backend) {
    let (w, pair) = (b.world(), replicas(b, LIMITS).await);
    let ann = b.add_user("ann").await;
    let rooms = join_all((0..8).map(|n| {
        let ann = &ann;
        async move { w.make_public(ann, &format!("den {n}")).await.id }
    }))
    .await;
    let change = RoomChange { name: Some(RoomName::parse("Lair").unwrap()), ..RoomChange::default() };
    let renamed =
        join_all(rooms.iter().enumerate().map(|(n, room)| pair[n % 2].update_room(&ann, *room, change.clone()))).await;
    assert_eq!(renamed.iter().filter(|renamed| renamed.is_ok()).count(), 1);
    for (renamed, room) in renamed.into_iter().zip(&rooms) {
        let entries = kinds(b, *room).await.len();
        match renamed {
            Ok(_) => assert_eq!(entries, 2),
            refused => assert_eq!((refusal(refused), entries), (Refusal::RoomNameTaken, 1)),
        }
    }
}

pub(crate) async fn tries_at_two_replicas_do_not_outrun_the_limit(b: &impl Backend) {
    let pair = replicas(b, LIMITS).await;
    let bob = b.add_user("bob").await;
    let room = RoomId::new();
    let tries = join_all((0..40).map(|n| pair[n % 2].begin_code_try(bob.id, Some(room)))).await;
    let (heard, refused): (Vec<_>, Vec<_>) = tries.into_iter().partition(Result::is_ok);
    assert_eq!(heard.len(), 5);
    for refused in refused {
        assert!(matches!(refusal(refused), Refusal::Throttled { .. }));
    }
}

pub(crate) async fn the_last_use_of_a_code_is_spent_once(b: &impl Backend) {
    let (w, pair) = (b.world(), replicas(b, LIMITS).await);
    let ann = b.add_user("ann").await;
    let (mut new, _, proof) = w.private("den");
    new.code.as_mut().unwrap().max_uses = Some(1);
    let room = w.store.create_room(&ann, new).await.unwrap().id;
    let Proof::Generated(digest) = proof.clone() else { panic!("a made code") };
    let users = join_all((0..20).map(|n| async move { b.add_user(&format!("user{n}")).await })).await;
    let joins = users.iter().enumerate().map(|(n, user)| {
        let (store, proof, digest) = (&pair[n % 2], proof.clone(), digest.clone());
        async move {
            match n % 4 {
                0 | 1 => store.join_room(user, room, proof, None).await,
                _ => store.join_by_code(user, digest, None).await,
            }
        }
    });
    let joined = join_all(joins).await;
    assert_eq!(joined.iter().filter(|joined| joined.is_ok()).count(), 1);
    for refused in joined.into_iter().filter(Result::is_err) {
        assert!(matches!(refusal(refused), Refusal::RoomNotFound | Refusal::InvalidCode));
    }
    assert_eq!(kinds(b, room).await, ["room.created", "member.joined"]);
}

pub(crate) async fn a_code_rotated_at_one_replica_opens_nothing_at_the_other(b: &impl Backend) {
    let (w, [here, there]) = (b.world(), replicas(b, LIMITS).await);
    let ann = b.add_user("ann").await;
    let (room, proof) = w.make_private(&ann, "den").await;
    let Proof::Generated(digest) = proof else { panic!("a made code") };
    let (_, stored) = w.codes.make().unwrap();
    let StoredCode::Digest(fresh) = stored.clone() else { panic!("a made code is kept as a digest") };
    let users = join_all((0..21).map(|n| async move { b.add_user(&format!("user{n}")).await })).await;
    let (late, early) = users.split_last().unwrap();
    let joins = early.iter().map(|user| there.join_by_code(user, digest.clone(), None));
    let rotate = here.set_code(&ann, room.id, NewCode { stored, expires_at: None, max_uses: None });
    let (joined, rotated) = join(join_all(joins), rotate).await;
    rotated.unwrap();
    let inside = joined.iter().filter(|joined| joined.is_ok()).count();
    for refused in joined.into_iter().filter(Result::is_err) {
        assert_eq!(refusal(refused), Refusal::InvalidCode);
    }
    assert_eq!(refusal(there.join_by_code(late, digest, None).await), Refusal::InvalidCode);
    let seen = there.join_by_code(late, fresh, None).await.unwrap();
    assert_eq!(seen.member_count, inside as u64 + 2);
}

pub(crate) async fn nobody_joins_a_room_after_its_last_entry(b: &impl Backend) {
    let (w, [here, there]) = (b.world(), replicas(b, LIMITS).await);
    let ann = b.add_user("ann").await;
    let room = w.make_public(&ann, "den").await.id;
    let users = join_all((0..20).map(|n| async move { b.add_user(&format!("user{n}")).await })).await;
    let joins = users.iter().enumerate().map(|(n, user)| {
        let store = [&here, &there][n % 2];
        async move {
            if n % 3 == 0 {
                store.enter_by_name(user, "den").await.map(drop)
            } else {
                store.join_room(user, room, Proof::None, None).await.map(drop)
            }
        }
    });
    let (joined, deleted) = join(join_all(joins), there.delete_room(&ann, room)).await;
    deleted.unwrap();
    for refused in joined.into_iter().filter(Result::is_err) {
        assert_eq!(refusal(refused), Refusal::RoomNotFound);
    }
    let log = kinds(b, room).await;
    assert_eq!(log.iter().position(|kind| kind == "room.deleted"), Some(log.len() - 1));
    for user in &users {
        assert_eq!(b.visible_after(room, user.id).await, None);
    }
}

pub(crate) async fn of_transfers_and_deletions_at_once_one_is_done(b: &impl Backend) {
    let (w, [here, there]) = (b.world(), replicas(b, LIMITS).await);
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    for n in 0..5 {
        let room = w.make_public(&ann, &format!("den {n}")).await.id;
        w.join(&bob, room).await;
        let (given, gone) = join(here.transfer_room(&ann, room, named(&bob)), there.delete_room(&ann, room)).await;
        assert!(given.is_ok() != gone.is_ok());
        if given.is_ok() {
            assert!(matches!(refusal(gone), Refusal::Forbidden(_)));
            assert_eq!(there.get_room(bob.id, room).await.unwrap().role, Some(Role::Owner));
        } else {
            assert_eq!(refusal(given), Refusal::RoomNotFound);
            assert_eq!(refusal(here.get_room(bob.id, room).await), Refusal::RoomNotFound);
        }
    }
}

pub(crate) async fn two_followers_end_a_membership_once(b: &impl Backend) {
    let (w, [here, there]) = (b.world(), replicas(b, LIMITS).await);
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let mut rooms = Vec::new();
    for n in 0..5 {
        let room = w.make_public(&ann, &format!("den {n}")).await.id;
        w.join(&bob, room).await;
        rooms.push(room);
    }
    b.delete_user(&bob).await;
    let (one, two) = join(here.end_memberships_of_deleted(100), there.end_memberships_of_deleted(100)).await;
    assert_eq!(one.unwrap() + two.unwrap(), 5);
    for room in rooms {
        assert_eq!(kinds(b, room).await, ["room.created", "member.joined", "member.left"]);
        assert_eq!(here.get_room(ann.id, room).await.unwrap().member_count, 1);
    }
}
