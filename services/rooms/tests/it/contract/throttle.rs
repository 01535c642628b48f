use chatapp_rooms::app::Refusal;
use chatapp_rooms::store::StoreLimits;
use chatapp_types::RoomId;

use super::backend::{Backend, LIMITS, refusal};

pub(crate) async fn the_sixth_wrong_code_of_a_minute_is_not_heard(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let (room, proof) = w.make_private(&ann, "den").await;
    // A room that is not there is throttled alike.
    for target in [Some(room.id), Some(RoomId::new()), None] {
        for _ in 0..5 {
            w.store.begin_code_try(bob.id, target).await.unwrap();
            w.advance_seconds(1);
        }
        let sixth = refusal(w.store.begin_code_try(bob.id, target).await);
        assert_eq!(sixth, Refusal::Throttled { retry_after_s: 55 });
    }
    w.advance_seconds(55);
    let heard = w.store.begin_code_try(bob.id, Some(room.id)).await.unwrap();
    w.store.join_room(&bob, room.id, proof, heard.ticket).await.unwrap();
}

pub(crate) async fn twenty_wrong_codes_an_hour_are_enough_for_all_rooms(b: &impl Backend) {
    let w = b.world();
    let (bob, eve) = (b.add_user("bob").await, b.add_user("eve").await);
    for _ in 0..20 {
        w.store.begin_code_try(bob.id, Some(RoomId::new())).await.unwrap();
    }
    let more = refusal(w.store.begin_code_try(bob.id, Some(RoomId::new())).await);
    assert_eq!(more, Refusal::Throttled { retry_after_s: 3_600 });
    w.store.begin_code_try(eve.id, Some(RoomId::new())).await.unwrap();
    w.advance_seconds(3_600);
    w.store.forget_old_tries().await.unwrap();
    w.store.begin_code_try(bob.id, Some(RoomId::new())).await.unwrap();
}

pub(crate) async fn a_success_does_not_count(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let (room, proof) = w.make_private(&ann, "den").await;
    for _ in 0..30 {
        let begun = w.store.begin_code_try(bob.id, Some(room.id)).await.unwrap();
        w.store.join_room(&bob, room.id, proof.clone(), begun.ticket).await.unwrap();
        w.store.leave_room(&bob, room.id).await.unwrap();
    }
}

pub(crate) async fn tries_at_once_do_not_outrun_the_limit(b: &impl Backend) {
    let w = b.world();
    let bob = b.add_user("bob").await;
    let room = RoomId::new();
    let tries = (0..100).map(|_| w.store.begin_code_try(bob.id, Some(room)));
    let heard = futures::future::join_all(tries).await.into_iter().flatten().count();
    assert_eq!(heard, 5);
}

pub(crate) async fn without_limits_nothing_is_counted(b: &impl Backend) {
    let bob = b.add_user("bob").await;
    let store = b.with_limits(StoreLimits { tries: None, ..LIMITS });
    for _ in 0..50 {
        assert_eq!(store.begin_code_try(bob.id, None).await.unwrap().ticket, None);
    }
    b.world().store.begin_code_try(bob.id, None).await.unwrap();
}
