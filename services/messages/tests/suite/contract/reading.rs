//! History, the log, heads.

use chatapp_messages::app::history::HistoryPart;
use chatapp_messages::app::search::SearchQuery;
use chatapp_messages::error::Refusal;
use chatapp_messages::store::{NewEdit, NewSearch};
use chatapp_types::entry::DELETED_USER;
use chatapp_types::messages::{Message, TimelinePage};
use chatapp_types::{Clock as _, EntryBody, History, RoomId, UserRef, Visibility};

use crate::world::{Backend, SeedRoom, World, body, refusal};

fn seqs(messages: &[Message]) -> Vec<u64> {
    messages.iter().map(|m| m.seq).collect()
}

/// A room with 25 messages, other entries between them.
async fn busy_room<B: Backend>(world: &World<B>, owner: &UserRef) -> (SeedRoom, Vec<u64>) {
    let room = world.room("busy", owner).await;
    let mut posted = Vec::new();
    for n in 0..25 {
        if n % 4 == 0 {
            let guest = world.user(&format!("guest{n}")).await;
            world.join(&room, &guest).await;
        }
        posted.push(world.post(&room, owner, &format!("message {n}")).await.seq);
    }
    (room, posted)
}

pub(crate) async fn pages_meet_without_a_gap_or_an_overlap<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let (room, posted) = busy_room(&world, &ann).await;
    let mut back = Vec::new();
    let mut part = HistoryPart::Latest;
    loop {
        let page = world.store.history(ann.id, room.id, part, 7).await.unwrap();
        assert_eq!(page.has_after, part != HistoryPart::Latest);
        part = HistoryPart::Before(page.items[0].seq);
        back.splice(0..0, seqs(&page.items));
        if !page.has_before {
            break;
        }
    }
    assert_eq!(back, posted);
    let mut forth = Vec::new();
    let mut last = 0;
    loop {
        let page = world.store.history(ann.id, room.id, HistoryPart::After(last), 7).await.unwrap();
        assert_eq!(page.has_before, last > 0);
        forth.extend(seqs(&page.items));
        last = page.items.last().unwrap().seq;
        if !page.has_after {
            break;
        }
    }
    assert_eq!(forth, posted);
    let mut log = Vec::new();
    while log.len() < usize::try_from(world.head(&room).await).unwrap() {
        let after = log.last().copied().unwrap_or(0);
        log.extend(world.store.timeline(ann.id, room.id, after, 9).await.unwrap().items.iter().map(|e| e.seq));
    }
    assert_eq!(log, (1..=33).collect::<Vec<_>>());
}

pub(crate) async fn a_page_around_a_seq_has_both_sides<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let (room, posted) = busy_room(&world, &ann).await;
    let page = world.store.history(ann.id, room.id, HistoryPart::Around(posted[10]), 5).await.unwrap();
    assert_eq!(seqs(&page.items), posted[8..13]);
    assert!(page.has_before && page.has_after);
    let one = world.store.history(ann.id, room.id, HistoryPart::Around(posted[10]), 1).await.unwrap();
    assert_eq!(seqs(&one.items), [posted[10]]);
    let edge = world.store.history(ann.id, room.id, HistoryPart::Around(0), 4).await.unwrap();
    assert_eq!((seqs(&edge.items), edge.has_before), (posted[..2].to_vec(), false));
}

pub(crate) async fn a_message_is_read_by_its_id_as_it_is_now_by_those_who_may_see_it<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let room = world.room_with("den", &ann, Visibility::Private, History::SinceJoin).await;
    let posted = world.post(&room, &ann, "hello").await;
    let read = world.store.message(ann.id, room.id, posted.id).await.unwrap();
    assert_eq!((read.seq, read.body.as_str()), (posted.seq, "hello"));
    let edit = NewEdit { room: room.id, message: posted.id, editor: ann.clone(), body: body("hullo") };
    world.store.edit(edit).await.unwrap();
    assert_eq!(world.store.message(ann.id, room.id, posted.id).await.unwrap().body, "hullo");
    let unknown = world.store.message(ann.id, room.id, chatapp_types::MessageId::new()).await;
    assert_eq!(refusal(unknown), Refusal::MessageNotFound);
    let bob = world.user("bob").await;
    assert_eq!(refusal(world.store.message(bob.id, room.id, posted.id).await), Refusal::RoomNotFound);
    world.join(&room, &bob).await;
    assert_eq!(refusal(world.store.message(bob.id, room.id, posted.id).await), Refusal::MessageNotFound);
}

pub(crate) async fn one_who_came_later_sees_what_the_room_gives_a_newcomer<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let open = world.room("open", &ann).await;
    let shy = world.room_with("shy", &ann, Visibility::Public, History::SinceJoin).await;
    for room in [&open, &shy] {
        world.post(room, &ann, "before").await;
        world.join(room, &bob).await;
        world.post(room, &ann, "after").await;
    }
    let page = world.store.history(bob.id, open.id, HistoryPart::Latest, 10).await.unwrap();
    assert_eq!(seqs(&page.items), [2, 4]);
    for part in [HistoryPart::Latest, HistoryPart::After(0), HistoryPart::Around(2)] {
        let page = world.store.history(bob.id, shy.id, part, 10).await.unwrap();
        assert_eq!((seqs(&page.items), page.has_before), (vec![4], false));
    }
    let page = world.store.history(bob.id, shy.id, HistoryPart::Before(4), 10).await.unwrap();
    assert_eq!((page.items.len(), page.has_before, page.has_after), (0, false, true));
    let log = world.store.timeline(bob.id, shy.id, 0, 10).await.unwrap();
    assert_eq!((log.floor, log.head), (2, 4));
    assert_eq!(log.items.iter().map(|e| e.seq).collect::<Vec<_>>(), [3, 4]);
}

pub(crate) async fn an_edit_shows_a_newcomer_no_text_from_before<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let shy = world.room_with("shy", &ann, Visibility::Public, History::SinceJoin).await;
    let before = world.post(&shy, &ann, "before").await;
    world.join(&shy, &bob).await;
    let after = world.post(&shy, &ann, "after").await;
    for message in [&before, &after] {
        let text = body(&format!("{} edited", message.body));
        let edit = NewEdit { room: shy.id, message: message.id, editor: ann.clone(), body: text };
        world.store.edit(edit).await.unwrap();
    }
    let edits = |page: TimelinePage| -> Vec<(u64, String, bool)> {
        let edited = page.items.into_iter().filter_map(|entry| match entry.body {
            EntryBody::MessageEdited { target_seq, body, deleted, .. } => Some((target_seq, body, deleted)),
            _ => None,
        });
        edited.collect()
    };
    let told = (after.seq, "after edited".to_owned(), false);
    let hers = edits(world.store.timeline(ann.id, shy.id, 0, 10).await.unwrap());
    assert_eq!(hers, [(before.seq, "before edited".to_owned(), false), told.clone()]);
    let his = edits(world.store.timeline(bob.id, shy.id, 0, 10).await.unwrap());
    assert_eq!(his, [(before.seq, String::new(), true), told]);
    assert_eq!(edits(world.store.log(shy.id, 0, 10).await.unwrap()), hers, "services get all of it");
}

pub(crate) async fn only_the_author_gets_the_key<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let room = world.room("den", &ann).await;
    world.join(&room, &bob).await;
    let key = world.post(&room, &ann, "hello").await.key;
    assert!(key.is_some());
    for (reader, expected) in [(&ann, key), (&bob, None)] {
        let page = world.store.history(reader.id, room.id, HistoryPart::Latest, 1).await.unwrap();
        assert_eq!(page.items[0].key, expected);
        let log = world.store.timeline(reader.id, room.id, 2, 1).await.unwrap();
        assert!(matches!(log.items[0].body, EntryBody::MessagePosted { key, .. } if key == expected));
    }
    let log = world.store.log(room.id, 2, 1).await.unwrap();
    assert!(matches!(log.items[0].body, EntryBody::MessagePosted { key: k, .. } if k == key));
}

pub(crate) async fn a_deleted_account_is_shown_as_such<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let room = world.room("den", &ann).await;
    world.join(&room, &bob).await;
    world.post(&room, &bob, "remember me").await;
    world.backend.delete_user(bob.id).await;
    let page = world.store.history(ann.id, room.id, HistoryPart::Latest, 1).await.unwrap();
    assert_eq!((page.items[0].author.username.as_str(), page.items[0].body.as_str()), (DELETED_USER, "remember me"));
    let log = world.store.timeline(ann.id, room.id, 2, 1).await.unwrap();
    assert_eq!(log.items[0].actor.username, DELETED_USER);
}

pub(crate) async fn no_text_breaks_paging<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let room = world.room("den", &ann).await;
    let texts = [
        "\u{1b}[2J\u{7}",
        "\u{202e}txet",
        "\"}],\"items\":[",
        "<script>",
        "'; DROP TABLE messages_messages; --",
        "\u{fffd}\u{ffff}\u{10ffff}",
        "%00%s%n",
        "\r\n\r\n",
        "👩‍👩‍👧‍👦",
        "\u{85}.",
        "a\u{300}\u{300}\u{300}",
        "\\u0000",
        "NULL",
    ];
    let posted: Vec<&str> = texts.into_iter().filter(|t| !t.trim().is_empty()).collect();
    for text in &posted {
        world.post(&room, &ann, text).await;
    }
    let mut seen = Vec::new();
    let mut after = 0;
    loop {
        let page = world.store.history(ann.id, room.id, HistoryPart::After(after), 1).await.unwrap();
        let json = serde_json::to_string(&page).unwrap();
        assert_eq!(serde_json::from_str::<chatapp_types::messages::MessagePage>(&json).unwrap(), page);
        after = page.items[0].seq;
        seen.push(page.items[0].body.clone());
        if !page.has_after {
            break;
        }
    }
    assert_eq!(seen, posted);
    assert_eq!(world.store.timeline(ann.id, room.id, 1, 200).await.unwrap().items.len(), posted.len());
}

pub(crate) async fn a_cursor_beyond_any_head_is_an_empty_page<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let room = world.room("den", &ann).await;
    world.post(&room, &ann, "hello").await;
    for seq in [3, u64::MAX >> 1, u64::MAX] {
        let log = world.store.timeline(ann.id, room.id, seq, 200).await.unwrap();
        assert_eq!((log.items.len(), log.head), (0, 2));
        let page = world.store.history(ann.id, room.id, HistoryPart::After(seq), 200).await.unwrap();
        assert_eq!((page.items.len(), page.has_before, page.has_after), (0, true, false));
        let page = world.store.history(ann.id, room.id, HistoryPart::Before(seq), 200).await.unwrap();
        assert_eq!(page.items.len(), 1);
    }
}

pub(crate) async fn outsiders_read_nothing_by_any_call<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let public = world.room("den", &ann).await;
    let private = world.room_with("vault", &ann, Visibility::Private, History::Full).await;
    let gone = world.room("gone", &ann).await;
    world.backend.delete_room(gone.id, ann.id, world.clock.now(), false).await;
    for room in [&public, &private] {
        world.join(room, &bob).await;
        world.block(room, &bob).await;
    }
    let expected = [
        (public.id, Refusal::Blocked),
        (private.id, Refusal::RoomNotFound),
        (gone.id, Refusal::RoomNotFound),
        (RoomId::new(), Refusal::RoomNotFound),
    ];
    for (room, expected) in expected {
        let store = &world.store;
        assert_eq!(refusal(store.history(bob.id, room, HistoryPart::Latest, 1).await), expected);
        assert_eq!(refusal(store.timeline(bob.id, room, 0, 1).await), expected);
        assert_eq!(refusal(store.mark_read(bob.id, room, 1).await), expected);
        let query = SearchQuery::parse("hello").unwrap();
        let search = NewSearch { reader: bob.id, query, room: Some(room), after: None, limit: 1 };
        assert_eq!(refusal(store.search(search).await), expected);
    }
    assert_eq!(world.store.unread(bob.id).await.unwrap(), []);
}

pub(crate) async fn services_read_the_log_of_a_deleted_room<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let room = world.room("den", &ann).await;
    world.post(&room, &ann, "hello").await;
    world.backend.delete_room(room.id, ann.id, world.clock.now(), false).await;
    let log = world.store.log(room.id, 0, 200).await.unwrap();
    assert_eq!((log.items.len(), log.head), (3, 3));
    assert_eq!(log.items[2].body, EntryBody::RoomDeleted);
    let nowhere = RoomId::new();
    assert_eq!(refusal(world.store.log(nowhere, 0, 200).await), Refusal::RoomNotFound);
    let heads = world.store.heads(vec![room.id, nowhere]).await.unwrap();
    assert_eq!(heads.into_iter().collect::<Vec<_>>(), [(room.id, 3)]);
}
