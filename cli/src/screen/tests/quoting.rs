//! Answers to messages that are not loaded.

use chatapp_types::EntryBody;

use super::Story;
use super::story::{room_id, trouble};
use crate::screen::effect::{Effect, Request};
use crate::screen::event::Trouble;

/// A room with so many messages, of which the end is loaded.
fn long(count: usize) -> Story {
    let mut ann = Story::in_rooms(&["hall"]);
    ann.history(room_id(1), "bob", (0..count).map(|n| format!("message {n}.")));
    let head = u64::try_from(count).unwrap() + 1;
    let hall = ann.state.rooms.get_mut(room_id(1)).unwrap();
    hall.head = head;
    hall.log.drop_all();
    ann.press("ctrl+end");
    ann.serve();
    ann
}

fn asked(ann: &Story) -> Option<Request> {
    ann.effects.iter().find_map(|e| match e {
        Effect::Ask(request @ Request::Quote { .. }) => Some(request.clone()),
        _ => None,
    })
}

#[test]
fn what_an_answer_quotes_is_asked_for_when_it_is_not_loaded_and_then_shown() {
    let mut ann = long(500);
    ann.answers(room_id(1), "carol", 12, "I agree");
    assert!(ann.text().contains("↳ an earlier message"), "{}", ann.text());
    ann.serve();
    assert!(ann.text().contains("↳ bob: message 10."), "{}", ann.text());
    ann.answers(room_id(1), "dave", 12, "so do I");
    assert_eq!(asked(&ann), None, "it is known already");
    assert_eq!(ann.text().matches("↳ bob: message 10.").count(), 2);
}

#[test]
fn a_quote_of_an_erased_message_says_so() {
    let mut ann = long(500);
    ann.erases(room_id(1), 12);
    ann.answers(room_id(1), "carol", 12, "what was that?");
    ann.serve();
    assert!(ann.text().contains("↳ bob: (deleted)"), "{}", ann.text());
}

#[test]
fn a_quote_follows_what_becomes_of_its_message() {
    let mut ann = long(500);
    ann.answers(room_id(1), "carol", 12, "I agree");
    ann.serve();
    let message_id = Story::message_at(12);
    let body = "another text".to_owned();
    ann.happens(room_id(1), "bob", EntryBody::MessageEdited { message_id, target_seq: 12, body, deleted: false });
    assert!(ann.text().contains("↳ bob: another text"), "{}", ann.text());
    ann.happens(room_id(1), "bob", EntryBody::MessageDeleted { message_id, target_seq: 12 });
    assert!(ann.text().contains("↳ bob: (deleted)"), "{}", ann.text());
}

#[test]
fn a_message_that_may_not_be_read_is_asked_for_once_and_one_that_did_not_come_again_after_the_break() {
    let mut ann = long(500);
    ann.answers(room_id(1), "carol", 12, "I agree");
    ann.answer(&asked(&ann).unwrap(), Err(trouble("no such message")));
    assert!(ann.text().contains("↳ an earlier message") && !ann.text().contains("no such message"));
    ann.answers(room_id(1), "carol", 12, "still");
    assert_eq!(asked(&ann), None);
    ann.answers(room_id(1), "carol", 20, "this too");
    let lost = Trouble { is_transient: true, ..trouble("no answer") };
    ann.answer(&asked(&ann).unwrap(), Err(lost));
    assert_eq!(asked(&ann), None, "not at once");
    let retry_in = std::time::Duration::from_secs(1);
    ann.feed(chatapp_client::live::Event::Disconnected { retry_in, reason: "gone".to_owned() });
    ann.connect();
    ann.serve();
    assert!(ann.text().contains("↳ bob: message 18."), "{}", ann.text());
}

#[test]
fn what_is_dropped_from_memory_is_quoted_on() {
    let mut ann = long(50);
    ann.says(room_id(1), "bob", "the question");
    ann.answers(room_id(1), "carol", 52, "the answer");
    for n in 0..999 {
        ann.says(room_id(1), "dave", &format!("more {n}"));
    }
    let log = &ann.state.rooms.current().unwrap().log;
    assert!(log.message(Story::message_at(52)).is_none(), "it is not loaded any more");
    assert_eq!(asked(&ann), None);
    ann.press("ctrl+home");
    assert!(ann.text().contains("↳ bob: the question"), "{}", ann.text());
}
