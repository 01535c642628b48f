//! Posting.

use chatapp_messages::app::delete::Deleter;
use chatapp_messages::error::Refusal;
use chatapp_messages::store::{NewDeletion, NewEdit, NewMessage};
use chatapp_types::frame::{ServerEvent, ServerFrame};
use chatapp_types::{Clock as _, EntryBody, History, MessageId, RoomId, Visibility};

use crate::world::{Backend, PutOut, World, body, new_message, refusal, reply};

pub(crate) async fn a_post_is_a_message_an_entry_and_an_event<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let room = world.room("den", &ann).await;
    let mut events = world.listen(&room).await;
    let new = new_message(&room, &ann, " hello\n ");
    let posted = world.store.post(new.clone()).await.unwrap();
    assert!(!posted.duplicate);
    let message = posted.message;
    assert_eq!((message.seq, message.body.as_str(), &message.author), (2, " hello\n ", &ann));
    assert_eq!((message.key, message.at), (Some(new.key), world.clock.now()));

    let page = world.store.timeline(ann.id, room.id, 0, 10).await.unwrap();
    assert_eq!((page.items.len(), page.head, page.floor), (2, 2, 0));
    let said = EntryBody::MessagePosted {
        message_id: message.id,
        ordinal: 1,
        body: " hello\n ".to_owned(),
        reply_to: None,
        key: Some(new.key),
        mentions: vec![],
        deleted: false,
    };
    assert_eq!(page.items[1].body, said);

    let sent = events.drain();
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].route.seq, sent[0].route.key), (2, Some(new.key)));
    let frame: ServerFrame = serde_json::from_slice(&sent[0].author_frame()).unwrap();
    assert_eq!(frame.event, ServerEvent::Entry(Box::new(page.items[1].clone())));
}

pub(crate) async fn the_same_key_gets_the_original_answer_whatever_happened_since<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let room = world.room("den", &ann).await;
    world.join(&room, &bob).await;
    let first = world.post(&room, &bob, "first").await;
    let new = NewMessage { reply_to: Some(first.id), ..new_message(&room, &ann, "hello @bob") };
    let original = world.store.post(new.clone()).await.unwrap();
    world.clock.advance(time::Duration::days(400));
    let mut events = world.listen(&room).await;
    let repeat = || async {
        let again = world.store.post(new.clone()).await.unwrap();
        assert!(again.duplicate);
        assert_eq!(again.message, original.message);
    };
    repeat().await;
    assert_eq!(events.drain(), []);
    let edit = NewEdit { room: room.id, message: original.message.id, editor: ann.clone(), body: body("changed") };
    world.store.edit(edit).await.unwrap();
    repeat().await;
    let deleter = Deleter { user: ann.id, may_moderate: false };
    let deletion = NewDeletion { room: room.id, message: original.message.id, username: "ann".into(), deleter };
    world.store.delete(deletion).await.unwrap();
    repeat().await;
    assert_eq!(world.head(&room).await, 6, "created, joined, two posts, edit, deletion");
}

pub(crate) async fn the_same_key_with_another_text_is_refused<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let room = world.room("den", &ann).await;
    let new = new_message(&room, &ann, "hello");
    let posted = world.store.post(new.clone()).await.unwrap();
    let other_text = NewMessage { body: body("hello "), ..new.clone() };
    assert_eq!(refusal(world.store.post(other_text).await), Refusal::KeyReused);
    let other_reply = NewMessage { reply_to: Some(posted.message.id), ..new };
    assert_eq!(refusal(world.store.post(other_reply).await), Refusal::KeyReused);
    assert_eq!(world.head(&room).await, 2);
}

pub(crate) async fn a_key_belongs_to_its_author_and_its_room<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let (den, attic) = (world.room("den", &ann).await, world.room("attic", &ann).await);
    world.join(&den, &bob).await;
    let new = new_message(&den, &ann, "hello");
    let by_bob = NewMessage { author: bob, ..new.clone() };
    let elsewhere = NewMessage { room: attic.id, ..new.clone() };
    for message in [new, by_bob, elsewhere] {
        assert!(!world.store.post(message).await.unwrap().duplicate);
    }
}

pub(crate) async fn an_outsider_posts_nothing_and_burns_no_number<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, eve) = (world.user("ann").await, world.user("eve").await);
    let public = world.room("den", &ann).await;
    let private = world.room_with("vault", &ann, Visibility::Private, History::Full).await;
    let mut unknown = private.clone();
    unknown.id = RoomId::new();
    for (room, expected) in
        [(&public, Refusal::NotAMember), (&private, Refusal::RoomNotFound), (&unknown, Refusal::RoomNotFound)]
    {
        assert_eq!(refusal(world.try_post(room, &eve, "let me in").await), expected);
    }
    assert_eq!((world.head(&public).await, world.head(&private).await), (1, 1));
    assert_eq!(world.post(&public, &ann, "next").await.seq, 2);
}

pub(crate) async fn one_who_was_put_out_gets_a_refusal_even_for_a_repeat<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let room = world.room("den", &ann).await;
    world.join(&room, &bob).await;
    let new = new_message(&room, &bob, "hello");
    world.store.post(new.clone()).await.unwrap();
    world.block(&room, &bob).await;
    assert_eq!(refusal(world.store.post(new).await), Refusal::Blocked);
}

pub(crate) async fn a_block_that_has_run_out_is_no_longer_told<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let room = world.room("den", &ann).await;
    world.join(&room, &bob).await;
    let until = world.clock.now().plus(time::Duration::hours(1));
    world.backend.put_out(room.id, bob.id, PutOut::BlockedUntil(until), world.clock.now()).await;
    assert_eq!(refusal(world.try_post(&room, &bob, "?").await), Refusal::Blocked);
    world.clock.advance(time::Duration::hours(1));
    assert_eq!(refusal(world.try_post(&room, &bob, "?").await), Refusal::NotAMember);
    world.join(&room, &bob).await;
    world.post(&room, &bob, "back").await;
}

pub(crate) async fn a_reply_answers_a_message_of_its_room_that_its_author_sees<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let den = world.room_with("den", &ann, Visibility::Public, History::SinceJoin).await;
    let attic = world.room("attic", &ann).await;
    let (old, elsewhere) = (world.post(&den, &ann, "old").await, world.post(&attic, &ann, "x").await);
    world.join(&den, &bob).await;
    let seen = world.post(&den, &ann, "new").await;
    let answered = world.store.post(reply(&den, &bob, "yes", seen.id)).await.unwrap();
    assert_eq!(answered.message.reply_to, Some(seen.id));
    for hidden in [old.id, elsewhere.id, MessageId::new()] {
        assert_eq!(refusal(world.store.post(reply(&den, &bob, "yes", hidden)).await), Refusal::ReplyNotFound);
    }
}

pub(crate) async fn mentions_are_members_at_the_time_of_the_post<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob, eve) = (world.user("ann").await, world.user("bob").await, world.user("eve").await);
    let room = world.room("den", &ann).await;
    world.join(&room, &bob).await;
    let mut events = world.listen(&room).await;
    let message = world.post(&room, &ann, "@Bob, have you seen @eve or @nobody? --@ann").await;
    assert_eq!(message.mentions, [bob.clone(), ann.clone()]);
    world.join(&room, &eve).await;
    let read = world.store.history(eve.id, room.id, chatapp_messages::app::history::HistoryPart::Latest, 1).await;
    assert_eq!(read.unwrap().items[0].mentions, [bob, ann]);
    let frame: serde_json::Value = serde_json::from_slice(&events.drain()[0].frame).unwrap();
    assert_eq!(frame["mentions"][0]["username"], "bob");
}
