//! What version 0 reads.

use chatapp_messages::app::delete::Deleter;
use chatapp_messages::error::Refusal;
use chatapp_messages::store::NewDeletion;
use chatapp_types::{Clock as _, History, UserRef, Visibility};

use crate::world::{Backend, World, refusal};

async fn lines<B: Backend>(world: &World<B>, reader: &UserRef, name: &str) -> Vec<String> {
    let messages = world.store.plain_history(reader.id, name.to_owned(), 3).await.unwrap();
    messages.into_iter().map(|m| format!("{} {}: {}", m.seq, m.username, m.body)).collect()
}

pub(crate) async fn the_latest_messages_without_deleted_ones<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let room = world.room("Den", &ann).await;
    let mut last = None;
    for n in 0..5 {
        last = Some(world.post(&room, &ann, &format!("{n}")).await.id);
    }
    let deleter = Deleter { user: ann.id, may_moderate: false };
    let deletion = NewDeletion { room: room.id, message: last.unwrap(), username: "ann".into(), deleter };
    world.store.delete(deletion).await.unwrap();
    assert_eq!(lines(&world, &ann, " dEN ").await, ["3 ann: 1", "4 ann: 2", "5 ann: 3"]);
}

pub(crate) async fn a_public_room_is_read_without_joining_and_a_barred_user_sees_none<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob, cat) = (world.user("ann").await, world.user("bob").await, world.user("cat").await);
    let room = world.room("den", &ann).await;
    world.post(&room, &ann, "hello").await;
    assert_eq!(lines(&world, &bob, "den").await, ["2 ann: hello"]);
    world.join(&room, &bob).await;
    world.block(&room, &bob).await;
    world.join(&room, &cat).await;
    world.remove(&room, &cat).await;
    for barred in [&bob, &cat] {
        let read = world.store.plain_history(barred.id, "den".to_owned(), 3).await;
        assert_eq!(refusal(read), Refusal::RoomNotFound);
    }
}

pub(crate) async fn a_private_room_is_there_for_its_members_alone<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let room = world.room_with("vault", &ann, Visibility::Private, History::Full).await;
    world.post(&room, &ann, "gold").await;
    assert_eq!(lines(&world, &ann, "vault").await, ["2 ann: gold"]);
    for name in ["vault", "no such room"] {
        let read = world.store.plain_history(bob.id, name.to_owned(), 3).await;
        assert_eq!(refusal(read), Refusal::RoomNotFound);
        assert_eq!(refusal(world.store.room_named(bob.id, name.to_owned()).await), Refusal::RoomNotFound);
    }
    let public = world.room("vault", &bob).await;
    assert_eq!(world.store.room_named(bob.id, "vault".to_owned()).await.unwrap(), public.id);
    assert_eq!(world.store.room_named(ann.id, "vault".to_owned()).await.unwrap(), room.id, "one's own room first");
}

pub(crate) async fn a_stranger_reads_nothing_of_a_room_that_gives_newcomers_nothing<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let room = world.room_with("shy", &ann, Visibility::Public, History::SinceJoin).await;
    world.post(&room, &ann, "before").await;
    assert_eq!(lines(&world, &bob, "shy").await, Vec::<String>::new());
    world.clock.advance(time::Duration::seconds(1));
    assert!(world.clock.now().millis() > 0);
    world.join(&room, &bob).await;
    world.post(&room, &ann, "after").await;
    assert_eq!(lines(&world, &bob, "shy").await, ["4 ann: after"]);
}
