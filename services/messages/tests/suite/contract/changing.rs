//! Editing and deleting.

use chatapp_messages::app::delete::Deleter;
use chatapp_messages::app::history::HistoryPart;
use chatapp_messages::error::{Refusal, StoreError};
use chatapp_messages::store::{NewDeletion, NewEdit};
use chatapp_types::messages::Message;
use chatapp_types::{Clock as _, Entry, EntryBody, MessageId, Role, UserRef};

use crate::world::{Backend, SeedRoom, World, body, refusal};

async fn edit<B: Backend>(
    world: &World<B>,
    room: &SeedRoom,
    message: MessageId,
    by: &UserRef,
    text: &str,
) -> Result<Message, StoreError> {
    world.store.edit(NewEdit { room: room.id, message, editor: by.clone(), body: body(text) }).await
}

async fn delete<B: Backend>(
    world: &World<B>,
    room: &SeedRoom,
    message: MessageId,
    by: &UserRef,
) -> Result<(), StoreError> {
    let deleter = Deleter { user: by.id, may_moderate: true };
    world.store.delete(NewDeletion { room: room.id, message, username: by.username.clone(), deleter }).await
}

async fn log<B: Backend>(world: &World<B>, room: &SeedRoom, reader: &UserRef) -> Vec<Entry> {
    world.store.timeline(reader.id, room.id, 0, 200).await.unwrap().items
}

/// The texts of an entry list, and whether they are erased.
fn texts(entries: &[Entry]) -> Vec<(u64, &str, bool)> {
    entries
        .iter()
        .filter_map(|entry| match &entry.body {
            EntryBody::MessagePosted { body, deleted, .. } | EntryBody::MessageEdited { body, deleted, .. } => {
                Some((entry.seq, body.as_str(), *deleted))
            }
            _ => None,
        })
        .collect()
}

pub(crate) async fn an_edit_changes_the_message_and_not_its_past<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let room = world.room("den", &ann).await;
    let message = world.post(&room, &ann, "one").await;
    let mut events = world.listen(&room).await;
    world.clock.advance(time::Duration::seconds(5));
    edit(&world, &room, message.id, &ann, "two").await.unwrap();
    let edited = edit(&world, &room, message.id, &ann, "three").await.unwrap();
    assert_eq!(edited, Message { body: "three".into(), edited_at: Some(world.clock.now()), ..message.clone() });
    let page = world.store.history(ann.id, room.id, HistoryPart::Latest, 10).await.unwrap();
    assert_eq!(page.items, [edited]);
    let entries = log(&world, &room, &ann).await;
    assert_eq!(texts(&entries), [(2, "one", false), (3, "two", false), (4, "three", false)]);
    let sent: Vec<serde_json::Value> =
        events.drain().iter().map(|event| serde_json::from_slice(&event.frame).unwrap()).collect();
    assert_eq!(sent.len(), 2);
    assert_eq!((&sent[1]["kind"], &sent[1]["body"]), (&"message.edited".into(), &"three".into()));
    assert_eq!(sent[1]["target_seq"], 2);
}

pub(crate) async fn an_edit_to_the_same_text_is_no_entry<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let room = world.room("den", &ann).await;
    let message = world.post(&room, &ann, "one").await;
    assert_eq!(edit(&world, &room, message.id, &ann, "one").await.unwrap(), message);
    assert_eq!(world.head(&room).await, 2);
}

pub(crate) async fn only_the_author_edits_and_only_while_a_member<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let room = world.room("den", &ann).await;
    world.join(&room, &bob).await;
    let message = world.post(&room, &bob, "mine").await;
    assert_eq!(refusal(edit(&world, &room, message.id, &ann, "yours").await), Refusal::NotYours);
    world.remove(&room, &bob).await;
    assert_eq!(refusal(edit(&world, &room, message.id, &bob, "still mine").await), Refusal::NotAMember);
    assert_eq!(refusal(delete(&world, &room, message.id, &bob).await), Refusal::NotAMember);
}

async fn erased<B: Backend>(indexed: bool) {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let room = world.room("den", &ann).await;
    let message = world.post(&room, &ann, &format!("xylophone @ann{}", " xylophone ♪".repeat(300))).await;
    if indexed {
        while world.store.index_batch().await.unwrap() {}
    }
    edit(&world, &room, message.id, &ann, "xylophone again @ann").await.unwrap();
    assert!(world.backend.traces_of("xylophone").await > 0);
    delete(&world, &room, message.id, &ann).await.unwrap();
    while world.store.index_batch().await.unwrap() {}
    assert_eq!(world.backend.traces_of("xylophone").await, 0);

    let page = world.store.history(ann.id, room.id, HistoryPart::Latest, 10).await.unwrap();
    assert_eq!((page.items[0].body.as_str(), page.items[0].deleted), ("", true));
    assert_eq!(page.items[0].mentions, []);
    let entries = log(&world, &room, &ann).await;
    assert_eq!(texts(&entries), [(2, "", true), (3, "", true)]);
    assert_eq!(entries[3].body, EntryBody::MessageDeleted { message_id: message.id, target_seq: 2 });
    assert_eq!(refusal(edit(&world, &room, message.id, &ann, "back").await), Refusal::MessageDeleted);
    delete(&world, &room, message.id, &ann).await.unwrap();
    assert_eq!(world.head(&room).await, 4, "a repeat appends nothing");
}

pub(crate) async fn a_deletion_erases_every_text<B: Backend>() {
    erased::<B>(true).await;
}

pub(crate) async fn a_deletion_erases_what_was_not_indexed_yet<B: Backend>() {
    erased::<B>(false).await;
}

pub(crate) async fn an_admin_deletes_what_others_wrote<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob, cat) = (world.user("ann").await, world.user("bob").await, world.user("cat").await);
    let room = world.room("den", &ann).await;
    world.join(&room, &bob).await;
    world.backend.put_member(&room, cat.id, Role::Admin, world.clock.now()).await;
    let by_owner = world.post(&room, &ann, "the owner's").await;
    let by_member = world.post(&room, &bob, "a member's").await;
    assert_eq!(refusal(delete(&world, &room, by_owner.id, &bob).await), Refusal::NotYours);
    let deleter = Deleter { user: cat.id, may_moderate: false };
    let narrow = NewDeletion { room: room.id, message: by_member.id, username: "cat".into(), deleter };
    assert_eq!(refusal(world.store.delete(narrow).await), Refusal::ModerateScopeNeeded);
    for message in [by_owner.id, by_member.id] {
        delete(&world, &room, message, &cat).await.unwrap();
    }
    let entries = log(&world, &room, &ann).await;
    assert_eq!(entries.last().unwrap().actor, cat);
}

pub(crate) async fn a_message_of_another_room_is_not_found<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let (den, attic) = (world.room("den", &ann).await, world.room("attic", &ann).await);
    let message = world.post(&den, &ann, "here").await;
    for wrong in [message.id, MessageId::new()] {
        assert_eq!(refusal(edit(&world, &attic, wrong, &ann, "there").await), Refusal::MessageNotFound);
        assert_eq!(refusal(delete(&world, &attic, wrong, &ann).await), Refusal::MessageNotFound);
    }
}
