//! Callers that go away in the middle.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chatapp_messages::app::history::HistoryPart;
use chatapp_messages::store::{MessageStore, NewEdit};
use chatapp_types::{Entry, EntryBody, MessageId, RoomId, UserRef};

use crate::world::{Backend, SeedRoom, World, body, new_message};

/// Numbers that look random and are the same at each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

async fn call(store: Arc<dyn MessageStore>, room: SeedRoom, ann: UserRef, edited: MessageId, n: u64) {
    match n % 4 {
        0 | 1 => drop(store.post(new_message(&room, &ann, &format!("post {n} for @ann"))).await),
        2 => {
            let edit = NewEdit { room: room.id, message: edited, editor: ann, body: body(&format!("edit {n}")) };
            drop(store.edit(edit).await);
        }
        _ => drop(store.history(ann.id, room.id, HistoryPart::Latest, 20).await),
    }
}

async fn whole_log(store: &Arc<dyn MessageStore>, room: RoomId) -> Vec<Entry> {
    let mut log: Vec<Entry> = Vec::new();
    loop {
        let page = store.log(room, log.last().map_or(0, |entry| entry.seq), 200).await.unwrap();
        log.extend(page.items);
        if log.len() >= usize::try_from(page.head).unwrap() {
            return log;
        }
    }
}

pub(crate) async fn what_is_given_up_at_any_moment_leaves_nothing_half_done<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let rooms = [world.room("den", &ann).await, world.room("attic", &ann).await];
    let edited = [world.post(&rooms[0], &ann, "first").await.id, world.post(&rooms[1], &ann, "first").await.id];
    let (another, _bus) = world.another_store().await;
    let mut numbers = Numbers(7);
    for n in 0..1_000 {
        let store = if n % 3 == 0 { &world.store } else { &another };
        let place = usize::try_from(n % 2).unwrap();
        let calling = tokio::spawn(call(
            Arc::clone(store),
            rooms[place].clone(),
            ann.clone(),
            edited[place],
            numbers.below(1_000),
        ));
        tokio::time::sleep(Duration::from_micros(numbers.below(6_000))).await;
        calling.abort();
    }
    for (n, room) in rooms.iter().enumerate() {
        for store in [&world.store, &another] {
            store.post(new_message(room, &ann, "afterwards")).await.unwrap();
            let edit = NewEdit { room: room.id, message: edited[n], editor: ann.clone(), body: body("last") };
            store.edit(edit).await.unwrap();
        }
        let log = whole_log(&world.store, room.id).await;
        assert!(log.iter().enumerate().all(|(n, entry)| entry.seq == n as u64 + 1), "the log is contiguous");
        let posts = log.iter().filter(|entry| match &entry.body {
            EntryBody::MessagePosted { body, mentions, .. } => {
                assert_eq!(body.contains("@ann"), !mentions.is_empty(), "a post is there as a whole");
                !body.is_empty()
            }
            _ => false,
        });
        let unread = world.store.unread(ann.id).await.unwrap();
        let row = unread.iter().find(|row| row.room_id == room.id).unwrap();
        assert!(posts.count() >= 3 && row.messages == 0);
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    while world.backend.transactions().await > 0 {
        assert!(Instant::now() < deadline, "transactions stay open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
