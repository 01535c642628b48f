#![allow(clippy::unwrap_used)]

use chatapp_types::{RoomId, Timestamp, UserRef, Visibility};

use super::super::testing::room;
use super::*;

fn view() -> View {
    View::new(room("hall"))
}

fn posted(seq: u64, actor: &UserRef, body: &str, reply_to: Option<MessageId>) -> (MessageId, Entry) {
    let message_id = MessageId::new();
    let body = EntryBody::MessagePosted {
        message_id,
        ordinal: seq,
        body: body.to_owned(),
        reply_to,
        key: None,
        mentions: Vec::new(),
        deleted: false,
    };
    (message_id, Entry { room_id: RoomId::new(), seq, at: Timestamp::from_millis(0), actor: actor.clone(), body })
}

fn user(name: &str) -> UserRef {
    UserRef { id: UserId::new(), username: name.to_owned() }
}

#[test]
fn the_latest_message_is_ones_own_to_edit_and_anothers_to_answer() {
    let (mut view, ann, bob) = (view(), user("ann"), user("bob"));
    let (mine, first) = posted(1, &ann, "one", None);
    let (theirs, second) = posted(2, &bob, "two", None);
    view.entry(&first);
    view.entry(&second);
    assert_eq!(view.find(Target::Latest, ann.id, false), Some(mine));
    assert_eq!(view.find(Target::Latest, ann.id, true), Some(theirs));
    assert_eq!(view.find(Target::Seq(2), ann.id, false), Some(theirs));
    assert_eq!(view.find(Target::Seq(3), ann.id, false), None);
}

#[test]
fn an_answer_shows_what_it_answers() {
    let (mut view, ann, bob) = (view(), user("ann"), user("bob"));
    let (question, first) = posted(1, &ann, "who is there?", None);
    let (_, second) = posted(2, &bob, "me", Some(question));
    view.entry(&first);
    assert!(view.entry(&second).unwrap().ends_with("bob: (to ann \"who is there?\") me"));
    let (_, third) = posted(3, &bob, "and", Some(MessageId::new()));
    assert!(view.entry(&third).unwrap().ends_with("bob: (to an earlier message) and"));
}

fn in_room(seq: u64, actor: &UserRef, body: EntryBody) -> Entry {
    Entry { room_id: RoomId::new(), seq, at: Timestamp::from_millis(0), actor: actor.clone(), body }
}

#[test]
fn an_answer_quotes_a_message_as_it_was_last_edited() {
    let (mut view, ann) = (view(), user("ann"));
    let (question, first) = posted(1, &ann, "who is their?", None);
    view.entry(&first);
    let edited = EntryBody::MessageEdited {
        message_id: question,
        target_seq: 1,
        body: "who is there?".to_owned(),
        deleted: false,
    };
    view.entry(&in_room(2, &ann, edited));
    let (_, answer) = posted(3, &ann, "me", Some(question));
    assert!(view.entry(&answer).unwrap().ends_with("(to ann \"who is there?\") me"));
}

#[test]
fn a_deleted_message_is_not_quoted() {
    let (mut view, ann) = (view(), user("ann"));
    let deleted = Message {
        id: MessageId::new(),
        room_id: RoomId::new(),
        seq: 1,
        author: ann.clone(),
        body: String::new(),
        at: Timestamp::from_millis(0),
        reply_to: None,
        edited_at: None,
        deleted: true,
        mentions: Vec::new(),
        key: None,
    };
    view.message(&deleted);
    let (_, answer) = posted(2, &ann, "me", Some(deleted.id));
    assert!(view.entry(&answer).unwrap().ends_with("(to an earlier message) me"));
}

#[test]
fn an_answer_quotes_also_what_is_not_on_the_screen_once_it_is_learnt() {
    let mut view = view();
    let ann = user("ann");
    let id = MessageId::new();
    let answer = |seq| posted(seq, &ann, "yes", Some(id)).1;
    assert!(view.entry(&answer(8)).is_some_and(|line| line.contains("(to an earlier message) yes")));
    assert!(!view.knows(id));
    let item = crate::screen::state::log::Item::of_entry(&posted(3, &ann, "well?", None).1, ann.id);
    let mut message = item.and_then(|item| item.to_message(view.room.id)).expect("a message");
    message.id = id;
    view.learn(&message);
    assert!(view.knows(id));
    assert!(view.entry(&answer(9)).is_some_and(|line| line.contains("(to ann \"well?\") yes")));
}

#[test]
fn what_cannot_be_read_is_asked_for_once() {
    let (mut view, id) = (view(), MessageId::new());
    view.learn_that_it_cannot_be_read(id);
    assert!(view.knows(id));
    let line = view.entry(&posted(9, &user("ann"), "yes", Some(id)).1);
    assert!(line.is_some_and(|line| line.contains("(to an earlier message) yes")));
}

#[test]
fn the_view_knows_when_its_room_was_made_private() {
    let (mut view, ann) = (view(), user("ann"));
    view.entry(&in_room(1, &ann, EntryBody::RoomVisibilityChanged { visibility: Visibility::Private }));
    assert_eq!(view.room.visibility, Visibility::Private);
}
