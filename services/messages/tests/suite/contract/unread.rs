//! Read markers and unread counts.

use chatapp_messages::app::delete::Deleter;
use chatapp_messages::store::NewDeletion;
use chatapp_types::UserRef;
use chatapp_types::messages::UnreadRoom;

use crate::world::{Backend, SeedRoom, World};

async fn unread<B: Backend>(world: &World<B>, user: &UserRef, room: &SeedRoom) -> UnreadRoom {
    let rooms = world.store.unread(user.id).await.unwrap();
    rooms.into_iter().find(|r| r.room_id == room.id).unwrap()
}

fn counts(room: &UnreadRoom) -> (u64, u64, u64) {
    (room.messages, room.mentions, room.read_seq)
}

pub(crate) async fn unread_counts_from_where_one_came_in<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let room = world.room("den", &ann).await;
    for _ in 0..3 {
        world.post(&room, &ann, "before").await;
    }
    assert_eq!(counts(&unread(&world, &ann, &room).await), (0, 0, 4), "one has read what one wrote");
    world.join(&room, &bob).await;
    assert_eq!(counts(&unread(&world, &bob, &room).await), (0, 0, 5));
    world.post(&room, &ann, "after").await;
    world.post(&room, &ann, "after @bob").await;
    let row = unread(&world, &bob, &room).await;
    assert_eq!((counts(&row), row.head), ((2, 1, 5), 7));
    world.post(&room, &bob, "here").await;
    assert_eq!(counts(&unread(&world, &bob, &room).await), (0, 0, 8));
    assert_eq!(counts(&unread(&world, &ann, &room).await), (1, 0, 7));
}

pub(crate) async fn a_marker_moves_forward_and_to_the_head_at_most<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let room = world.room("den", &ann).await;
    world.join(&room, &bob).await;
    for n in 0..4 {
        world.post(&room, &ann, &format!("{n}")).await;
    }
    for (seq, expected) in [(4, (2, 0, 4)), (1, (2, 0, 4)), (0, (2, 0, 4)), (u64::MAX, (0, 0, 6))] {
        world.store.mark_read(bob.id, room.id, seq).await.unwrap();
        assert_eq!(counts(&unread(&world, &bob, &room).await), expected);
    }
    world.post(&room, &ann, "more").await;
    assert_eq!(counts(&unread(&world, &bob, &room).await), (1, 0, 6), "not beyond the head of then");
}

pub(crate) async fn mentions_count_while_their_text_exists<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let room = world.room("den", &ann).await;
    world.join(&room, &bob).await;
    let message = world.post(&room, &ann, "@bob @bob").await;
    assert_eq!(counts(&unread(&world, &bob, &room).await), (1, 1, 2));
    let deleter = Deleter { user: ann.id, may_moderate: false };
    let deletion = NewDeletion { room: room.id, message: message.id, username: "ann".into(), deleter };
    world.store.delete(deletion).await.unwrap();
    assert_eq!(counts(&unread(&world, &bob, &room).await), (1, 0, 2));
}

pub(crate) async fn counts_of_hundreds_of_rooms_are_right<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let mut expected = Vec::new();
    for n in 0..300 {
        let room = world.room(&format!("room {n}"), &ann).await;
        world.join(&room, &bob).await;
        for _ in 0..n % 3 {
            world.post(&room, &ann, "hi @bob").await;
        }
        expected.push((room.id, n % 3, n % 3));
    }
    let rows = world.store.unread(bob.id).await.unwrap();
    let mut rows: Vec<_> = rows.iter().map(|r| (r.room_id, r.messages, r.mentions)).collect();
    rows.sort_unstable();
    expected.sort_unstable();
    assert_eq!(rows, expected);
}
