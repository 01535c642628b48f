//! Many at once.

use std::collections::HashSet;
use std::sync::Arc;

use chatapp_messages::error::{Refusal, StoreError};
use chatapp_types::{EntryBody, MessageId};
use tokio::task::JoinSet;

use crate::world::{Backend, Events, World, new_message};

pub(crate) async fn many_posters_get_contiguous_numbers_and_events_in_order<B: Backend>() {
    let world = Arc::new(World::<B>::new().await);
    let ann = world.user("ann").await;
    let room = world.room("den", &ann).await;
    let mut events = world.listen(&room).await;
    let mut posters = JoinSet::new();
    for n in 0..64 {
        let user = world.user(&format!("poster{n}")).await;
        world.join(&room, &user).await;
        let (world, room) = (Arc::clone(&world), room.clone());
        posters.spawn(async move {
            let mut seqs = Vec::new();
            for k in 0..10 {
                seqs.push(world.post(&room, &user, &format!("{n} {k}")).await.seq);
            }
            assert!(seqs.is_sorted(), "one's own messages keep their order");
            seqs
        });
    }
    let mut seqs: Vec<u64> = posters.join_all().await.into_iter().flatten().collect();
    seqs.sort_unstable();
    seqs.dedup();
    assert_eq!(seqs.len(), 640);
    let head = world.head(&room).await;
    assert_eq!(head, 65 + 640);
    let mut log = Vec::new();
    while log.len() < 705 {
        let after = log.last().map_or(0, |entry: &chatapp_types::Entry| entry.seq);
        log.extend(world.store.log(room.id, after, 200).await.unwrap().items);
    }
    assert_eq!(log.iter().map(|entry| entry.seq).collect::<Vec<_>>(), (1..=705).collect::<Vec<_>>());
    let ordinals: Vec<u64> = log
        .iter()
        .filter_map(|entry| match entry.body {
            EntryBody::MessagePosted { ordinal, .. } => Some(ordinal),
            _ => None,
        })
        .collect();
    assert_eq!(ordinals, (1..=640).collect::<Vec<_>>());
    let sent: Vec<u64> = events.drain().iter().map(|event| event.route.seq).collect();
    assert_eq!(sent, seqs, "events leave in the order of the log");
}

pub(crate) async fn two_processes_number_the_posts_of_one_room<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let room = world.room("den", &ann).await;
    let (another, bus) = world.another_store().await;
    let mut events = [world.listen(&room).await, Events::of(&bus, &room).await];
    let mut posters = JoinSet::new();
    for n in 0..20 {
        let store = if n % 2 == 0 { Arc::clone(&world.store) } else { Arc::clone(&another) };
        let (room, ann) = (room.clone(), ann.clone());
        posters.spawn(async move {
            let mut seqs = Vec::new();
            for k in 0..10 {
                seqs.push(store.post(new_message(&room, &ann, &format!("{n} {k}"))).await.unwrap().message.seq);
            }
            assert!(seqs.is_sorted());
            seqs
        });
    }
    let mut seqs = posters.join_all().await.concat();
    seqs.sort_unstable();
    assert_eq!(seqs, (2..=201).collect::<Vec<_>>());
    let mut sent = Vec::new();
    for events in &mut events {
        let of_one: Vec<u64> = events.drain().iter().map(|event| event.route.seq).collect();
        assert!(of_one.is_sorted(), "each sends its events in the order of the log");
        sent.extend(of_one);
    }
    sent.sort_unstable();
    assert_eq!(sent, seqs);
}

pub(crate) async fn one_key_at_once_a_hundred_times_is_one_message<B: Backend>() {
    let world = Arc::new(World::<B>::new().await);
    let ann = world.user("ann").await;
    let room = world.room("den", &ann).await;
    let (another, _bus) = world.another_store().await;
    let new = new_message(&room, &ann, "once");
    let mut sends = JoinSet::new();
    for n in 0..100 {
        let store = if n % 2 == 0 { Arc::clone(&world.store) } else { Arc::clone(&another) };
        let new = new.clone();
        sends.spawn(async move { store.post(new).await.unwrap() });
    }
    let answers = sends.join_all().await;
    assert_eq!(answers.iter().filter(|posted| !posted.duplicate).count(), 1);
    let ids: HashSet<(MessageId, u64)> = answers.iter().map(|posted| (posted.message.id, posted.message.seq)).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(world.head(&room).await, 2);
}

pub(crate) async fn nothing_lands_after_the_block<B: Backend>() {
    let world = Arc::new(World::<B>::new().await);
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let room = world.room("den", &ann).await;
    let (another, _bus) = world.another_store().await;
    for _ in 0..20 {
        world.join(&room, &bob).await;
        let mut sends = JoinSet::new();
        for n in 0..40 {
            let store = if n % 2 == 0 { Arc::clone(&world.store) } else { Arc::clone(&another) };
            let new = new_message(&room, &bob, "quick");
            sends.spawn(async move { store.post(new).await });
        }
        let block = world.block(&room, &bob).await;
        for sent in sends.join_all().await {
            match sent {
                Ok(posted) => assert!(posted.message.seq < block, "{} after {block}", posted.message.seq),
                Err(StoreError::Refused(Refusal::Blocked)) => {}
                Err(other) => panic!("{other}"),
            }
        }
    }
    let head = world.head(&room).await;
    let mut log = Vec::new();
    while log.last().is_none_or(|entry: &chatapp_types::Entry| entry.seq < head) {
        let after = log.last().map_or(0, |entry: &chatapp_types::Entry| entry.seq);
        log.extend(world.store.log(room.id, after, 200).await.unwrap().items);
    }
    let mut inside = false;
    for entry in &log {
        match entry.body {
            EntryBody::MemberJoined => inside = true,
            EntryBody::MemberBlocked { .. } => inside = false,
            EntryBody::MessagePosted { .. } => assert!(inside, "entry {}", entry.seq),
            _ => {}
        }
    }
}
