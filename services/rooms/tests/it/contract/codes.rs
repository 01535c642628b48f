use chatapp_rooms::app::Refusal;
use chatapp_rooms::app::codes::{NewCode, StoredCode};
use chatapp_rooms::app::entering::Proof;
use chatapp_rooms::store::PageOf;
use chatapp_types::RoomId;

use super::backend::{Backend, kinds, named, refusal};

pub(crate) async fn a_code_opens_its_own_room_alone(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let (den, den_code) = w.make_private(&ann, "den").await;
    let (lair, lair_code) = w.make_private(&ann, "lair").await;
    assert_eq!(refusal(w.store.join_room(&bob, den.id, lair_code.clone(), None).await), Refusal::RoomNotFound);
    let Proof::Generated(digest) = lair_code else { panic!("a made code") };
    assert_eq!(w.store.join_by_code(&bob, digest, None).await.unwrap().id, lair.id);
    assert_eq!(refusal(w.store.get_room(bob.id, den.id).await), Refusal::RoomNotFound);
    assert_eq!(w.store.join_room(&bob, den.id, den_code, None).await.unwrap().id, den.id);
}

pub(crate) async fn a_rotated_or_removed_code_opens_nothing(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let (room, old) = w.make_private(&ann, "den").await;
    let (fresh, _, new) = w.private("unused");
    w.store.set_code(&ann, room.id, fresh.code.unwrap()).await.unwrap();
    assert_eq!(refusal(w.store.join_room(&bob, room.id, old.clone(), None).await), Refusal::RoomNotFound);
    let Proof::Generated(digest) = old else { panic!("a made code") };
    assert_eq!(refusal(w.store.join_by_code(&bob, digest, None).await), Refusal::InvalidCode);
    w.store.join_room(&bob, room.id, new.clone(), None).await.unwrap();
    w.store.leave_room(&bob, room.id).await.unwrap();
    w.store.remove_code(&ann, room.id).await.unwrap();
    assert_eq!(refusal(w.store.join_room(&bob, room.id, new, None).await), Refusal::RoomNotFound);
    w.store.remove_code(&ann, room.id).await.unwrap();
}

pub(crate) async fn a_chosen_code_is_proved_by_its_version(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let (room, _) = w.make_private(&ann, "den").await;
    let chosen = || NewCode { stored: StoredCode::Hash("$argon2id$".into()), expires_at: None, max_uses: None };
    w.store.set_code(&ann, room.id, chosen()).await.unwrap();
    let (version, hash) = w.store.begin_code_try(bob.id, Some(room.id)).await.unwrap().chosen.unwrap();
    assert_eq!(hash, "$argon2id$");
    // The code is rotated while the old one is being verified.
    w.store.set_code(&ann, room.id, chosen()).await.unwrap();
    let late = w.store.join_room(&bob, room.id, Proof::Chosen(Some(version)), None).await;
    assert_eq!(refusal(late), Refusal::RoomNotFound);
    let (version, _) = w.store.begin_code_try(bob.id, Some(room.id)).await.unwrap().chosen.unwrap();
    w.store.join_room(&bob, room.id, Proof::Chosen(Some(version)), None).await.unwrap();
    assert_eq!(w.store.begin_code_try(bob.id, Some(RoomId::new())).await.unwrap().chosen, None);
}

pub(crate) async fn a_code_ends_at_its_time(b: &impl Backend) {
    let w = b.world();
    let (ann, bob, eve) = (b.add_user("ann").await, b.add_user("bob").await, b.add_user("eve").await);
    let (mut room, _, proof) = w.private("den");
    room.code.as_mut().unwrap().expires_at = Some(w.clock_now_plus(60));
    let id = w.store.create_room(&ann, room).await.unwrap().id;
    w.advance_seconds(59);
    w.store.join_room(&bob, id, proof.clone(), None).await.unwrap();
    w.advance_seconds(1);
    assert_eq!(refusal(w.store.join_room(&eve, id, proof.clone(), None).await), Refusal::RoomNotFound);
    let Proof::Generated(digest) = proof else { panic!("a made code") };
    assert_eq!(refusal(w.store.join_by_code(&eve, digest, None).await), Refusal::InvalidCode);
    assert_eq!(w.store.get_room(ann.id, id).await.unwrap().has_secret_code, Some(false));
}

pub(crate) async fn a_code_opens_as_often_as_it_was_made_for(b: &impl Backend) {
    let w = b.world();
    let (ann, bob, eve, moe) =
        (b.add_user("ann").await, b.add_user("bob").await, b.add_user("eve").await, b.add_user("moe").await);
    let (mut room, _, proof) = w.private("den");
    room.code.as_mut().unwrap().max_uses = Some(2);
    let id = w.store.create_room(&ann, room).await.unwrap().id;
    for _ in 0..3 {
        w.store.join_room(&bob, id, proof.clone(), None).await.unwrap();
    }
    w.store.join_room(&eve, id, proof.clone(), None).await.unwrap();
    assert_eq!(refusal(w.store.join_room(&moe, id, proof, None).await), Refusal::RoomNotFound);
}

pub(crate) async fn a_public_room_has_no_code(b: &impl Backend) {
    let w = b.world();
    let ann = b.add_user("ann").await;
    let room = w.make_public(&ann, "den").await.id;
    let (private, ..) = w.private("unused");
    assert!(matches!(refusal(w.store.check_may_set_code(ann.id, room).await), Refusal::Invalid(_)));
    let set = w.store.set_code(&ann, room, private.code.unwrap()).await;
    assert!(matches!(refusal(set), Refusal::Invalid(e) if e.field == "secret_code"));
}

pub(crate) async fn codes_are_set_by_admins_and_audited(b: &impl Backend) {
    let w = b.world();
    let (ann, bob, eve) = (b.add_user("ann").await, b.add_user("bob").await, b.add_user("eve").await);
    let (room, _) = w.make_private(&ann, "den").await;
    w.store.put_member(&ann, room.id, named(&bob), None).await.unwrap();
    let new = || w.private("unused").0.code.unwrap();
    assert!(matches!(refusal(w.store.set_code(&bob, room.id, new()).await), Refusal::Forbidden(_)));
    assert!(matches!(refusal(w.store.remove_code(&bob, room.id).await), Refusal::Forbidden(_)));
    assert_eq!(refusal(w.store.set_code(&eve, room.id, new()).await), Refusal::RoomNotFound);
    assert_eq!(refusal(w.store.check_may_set_code(eve.id, room.id).await), Refusal::RoomNotFound);
    w.store.set_code(&ann, room.id, NewCode { max_uses: Some(3), ..new() }).await.unwrap();
    w.store.remove_code(&ann, room.id).await.unwrap();
    let audit = w.store.list_audit(ann.id, room.id, PageOf { after: None, limit: 10 }).await.unwrap().items;
    let acts: Vec<_> = audit.iter().map(|act| (act.action.as_str(), act.detail.as_deref())).collect();
    assert_eq!(acts, [("code.removed", None), ("code.set", Some("for 3 uses")), ("member.added", None)]);
    assert_eq!(kinds(b, room.id).await, ["room.created", "member.added"], "codes are no one's news");
}
