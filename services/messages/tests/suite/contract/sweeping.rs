//! What goes on in the background.

use chatapp_messages::store::NewEdit;
use chatapp_messages::store::republish::{republish, store_marks};
use chatapp_types::Clock as _;

use crate::world::{Backend, Events, World, body};

pub(crate) async fn what_a_crash_kept_from_being_sent_is_sent_once<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let room = world.room("den", &ann).await;
    world.join(&room, &bob).await;
    let message = world.post(&room, &ann, "hello @bob").await;
    let edit = NewEdit { room: room.id, message: message.id, editor: ann.clone(), body: body("bye") };
    world.store.edit(edit).await.unwrap();
    // The first process ends here: its marks are lost.
    let (restarted, bus) = world.another_store().await;
    let mut events = Events::of(&bus, &room).await;
    assert_eq!(republish(&*restarted, world.clock.now()).await.unwrap(), 0, "too young to be given up");
    world.clock.advance(time::Duration::seconds(15));
    assert_eq!(republish(&*restarted, world.clock.now()).await.unwrap(), 4);
    let sent = events.drain();
    assert_eq!(sent.iter().map(|event| event.route.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(sent[2].route.key, message.key);
    let frames: Vec<serde_json::Value> = sent.iter().map(|e| serde_json::from_slice(&e.frame).unwrap()).collect();
    assert_eq!((&frames[2]["body"], &frames[3]["body"]), (&"hello @bob".into(), &"bye".into()));
    assert_eq!(frames[2]["key"], serde_json::Value::Null);
    assert_eq!(republish(&*restarted, world.clock.now()).await.unwrap(), 0);
}

pub(crate) async fn an_orderly_end_leaves_nothing_behind<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let rooms = [world.room("den", &ann).await, world.room("attic", &ann).await];
    for room in &rooms {
        world.post(room, &ann, "hello").await;
    }
    store_marks(&*world.store).await.unwrap();
    world.clock.advance(time::Duration::hours(1));
    let (restarted, _bus) = world.another_store().await;
    assert_eq!(republish(&*restarted, world.clock.now()).await.unwrap(), 0);
    world.post(&rooms[0], &ann, "more").await;
    world.clock.advance(time::Duration::hours(1));
    assert_eq!(republish(&*restarted, world.clock.now()).await.unwrap(), 1, "the marks remember how far");
}

pub(crate) async fn texts_of_a_deleted_room_are_erased<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let (doomed, kept) = (world.room("doomed", &ann).await, world.room("kept", &ann).await);
    let posts = (0..450).map(|n| {
        let (world, doomed, ann) = (&world, &doomed, &ann);
        async move { world.post(doomed, ann, &format!("xylophone {n}")).await }
    });
    let posted = futures::future::join_all(posts).await;
    while world.store.index_batch().await.unwrap() {}
    let edit = NewEdit { room: doomed.id, message: posted[0].id, editor: ann.clone(), body: body("xylophone!") };
    world.store.edit(edit).await.unwrap();
    world.post(&kept, &ann, "harmonica").await;
    world.post(&doomed, &ann, "xylophone, not indexed yet").await;
    assert!(!world.store.erase_batch().await.unwrap(), "nothing to do");
    world.backend.delete_room(doomed.id, ann.id, world.clock.now(), false).await;
    while world.store.erase_batch().await.unwrap() {}
    while world.store.index_batch().await.unwrap() {}
    assert_eq!(world.backend.traces_of("xylophone").await, 0);
    assert!(world.backend.traces_of("harmonica").await > 0);
    assert!(!world.store.erase_batch().await.unwrap(), "once is enough");
}

pub(crate) async fn a_room_that_is_merely_missing_keeps_its_texts<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let room = world.room("den", &ann).await;
    world.post(&room, &ann, "xylophone").await;
    world.backend.delete_room(room.id, ann.id, world.clock.now(), true).await;
    assert!(!world.store.erase_batch().await.unwrap());
    assert!(world.backend.traces_of("xylophone").await > 0);
}
