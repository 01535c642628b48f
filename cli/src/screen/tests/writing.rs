//! Writing, sending, changing, erasing.

use chatapp_client::live;
use chatapp_types::{EntryBody, ErrorCode, SendKey};

use super::Story;
use super::story::{posted, room_id};
use crate::screen::effect::{Effect, Request};
use crate::screen::event::Event;
use crate::screen::testing::user;

fn hall() -> Story {
    Story::in_rooms(&["hall", "lab"])
}

#[test]
fn a_message_is_shown_as_sending_then_as_sent_and_once() {
    let mut ann = hall();
    ann.enters("hello there");
    let key = ann.keeps();
    assert!(ann.text().contains("hello there (sending)"), "{}", ann.text());
    assert!(ann.text().contains("1 unsent"));
    ann.feed(live::Event::Ack { key, room_id: room_id(1), seq: 2, message_id: Story::message_at(2), duplicate: false });
    assert!(ann.did(|e| *e == Effect::Settle(key)));
    assert!(!ann.text().contains("unsent") && ann.text().contains("ann✓│ hello there"), "{}", ann.text());
    let EntryBody::MessagePosted { message_id, ordinal, body, reply_to, mentions, deleted, .. } =
        posted(2, "hello there")
    else {
        unreachable!()
    };
    ann.happens(
        room_id(1),
        "ann",
        EntryBody::MessagePosted { message_id, ordinal, body, reply_to, key: Some(key), mentions, deleted },
    );
    assert_eq!(ann.text().matches("hello there").count(), 1, "{}", ann.text());
}

#[test]
fn an_entry_that_overtakes_its_acknowledgement_is_shown_once() {
    let mut ann = hall();
    ann.enters("quick");
    let key = ann.keeps();
    let EntryBody::MessagePosted { message_id, ordinal, body, reply_to, mentions, deleted, .. } = posted(2, "quick")
    else {
        unreachable!()
    };
    ann.happens(
        room_id(1),
        "ann",
        EntryBody::MessagePosted { message_id, ordinal, body, reply_to, key: Some(key), mentions, deleted },
    );
    ann.feed(live::Event::Ack { key, room_id: room_id(1), seq: 2, message_id: Story::message_at(2), duplicate: false });
    assert_eq!(ann.text().matches("quick").count(), 1, "{}", ann.text());
}

#[test]
fn an_answer_that_overtakes_the_word_that_a_message_is_kept_leaves_nothing_behind() {
    let mut ann = hall();
    ann.enters("quick");
    let key = SendKey::new();
    let EntryBody::MessagePosted { message_id, ordinal, body, reply_to, mentions, deleted, .. } = posted(2, "quick")
    else {
        unreachable!()
    };
    let posted = EntryBody::MessagePosted { message_id, ordinal, body, reply_to, key: Some(key), mentions, deleted };
    ann.happens(room_id(1), "ann", posted);
    ann.feed(live::Event::Ack { key, room_id: room_id(1), seq: 2, message_id: Story::message_at(2), duplicate: false });
    ann.keeps_under(key);
    let text = ann.text();
    assert_eq!(text.matches("quick").count(), 1, "{text}");
    assert!(!text.contains("sending") && !text.contains("unsent"), "{text}");
}

#[test]
fn a_refusal_that_overtakes_the_word_that_a_message_is_kept_is_told() {
    let mut ann = hall();
    ann.enters("too hot");
    let key = SendKey::new();
    let (code, message) = (ErrorCode::Forbidden, "not here".to_owned());
    ann.feed(live::Event::Refused { key, room_id: room_id(1), code, message, is_final: true });
    ann.keeps_under(key);
    assert!(ann.text().contains("not sent: not here"), "{}", ann.text());
}

#[test]
fn a_refused_message_says_why_and_can_be_sent_once_more_or_dropped() {
    let mut ann = hall();
    ann.enters("too hot");
    let key = ann.keeps();
    let refused = |key| live::Event::Refused {
        key,
        room_id: room_id(1),
        code: ErrorCode::Forbidden,
        message: "not here".to_owned(),
        is_final: true,
    };
    ann.feed(refused(key));
    assert!(ann.text().contains("not sent: not here"), "{}", ann.text());
    ann.enters(":retry");
    let again = ann.keeps();
    assert_ne!(key, again);
    ann.feed(refused(again));
    ann.enters(":drop");
    assert!(!ann.text().contains("too hot"), "{}", ann.text());
}

#[test]
fn what_is_written_without_a_connection_waits_and_is_said_to() {
    let mut ann = hall();
    let retry_in = std::time::Duration::from_secs(3);
    ann.feed(live::Event::Disconnected { retry_in, reason: "the cable".to_owned() });
    ann.enters("in the dark");
    ann.keeps();
    let text = ann.text();
    assert!(text.contains("offline, reconnecting  1 unsent  (the cable)"), "{text}");
    assert!(text.contains("in the dark (sending)"), "{text}");
}

#[test]
fn a_message_that_could_not_be_kept_goes_back_to_where_it_was_written() {
    let mut ann = hall();
    ann.enters("precious");
    ann.types("next");
    ann.take(Event::NotKept { room: room_id(1), text: "precious".to_owned(), why: "disk full".to_owned() });
    assert_eq!(ann.state.rooms.current().unwrap().composer.text(), "precious\nnext");
    assert!(ann.text().contains("disk full"));
}

#[test]
fn the_up_key_changes_ones_last_message_and_the_draft_comes_back() {
    let mut ann = hall();
    ann.says(room_id(1), "ann", "helo");
    ann.says(room_id(1), "bob", "hi");
    ann.press("up");
    assert!(ann.text().contains("changing #2"), "{}", ann.text());
    ann.press("backspace");
    ann.enters("lo");
    let id = Story::message_at(2);
    let asked = Request::EditMessage { room: room_id(1), id, text: "hello".to_owned() };
    assert!(ann.did(|e| *e == Effect::Ask(asked.clone())), "{:?}", ann.effects);
    ann.happens(
        room_id(1),
        "ann",
        EntryBody::MessageEdited { message_id: id, target_seq: 2, body: "hello".to_owned(), deleted: false },
    );
    assert!(ann.text().contains("hello (edited)"), "{}", ann.text());
}

#[test]
fn an_edit_is_given_up_by_ctrl_c_and_the_draft_is_there_again() {
    let mut ann = hall();
    ann.says(room_id(1), "ann", "mine");
    ann.types("half a draft");
    ann.press("esc k e");
    assert_eq!(ann.state.rooms.current().unwrap().composer.text(), "mine");
    ann.press("ctrl+c");
    assert_eq!(ann.state.rooms.current().unwrap().composer.text(), "half a draft");
}

#[test]
fn an_answer_shows_what_it_answers() {
    let mut ann = hall();
    ann.says(room_id(1), "bob", "who is there?");
    ann.press("esc k r");
    assert!(ann.text().contains("answering bob: who is there?"), "{}", ann.text());
    ann.enters("me");
    let id = Story::message_at(2);
    assert!(ann.did(|e| matches!(e, Effect::Post { text, reply_to: Some(r), .. } if text == "me" && *r == id)));
    ann.keeps();
    assert!(ann.text().contains("↳ bob: who is there?"), "{}", ann.text());
}

#[test]
fn a_message_is_erased_only_after_a_yes() {
    let mut ann = hall();
    ann.says(room_id(1), "ann", "regrets");
    let erase = Effect::Ask(Request::EraseMessage { room: room_id(1), id: Story::message_at(2) });
    ann.press("esc k d");
    assert!(ann.text().contains("Erase #2 of ann: regrets"), "{}", ann.text());
    ann.types("n");
    assert!(!ann.did(|e| *e == erase));
    ann.press("d");
    ann.types("y");
    assert!(ann.did(|e| *e == erase), "{:?}", ann.effects);
    ann.happens(room_id(1), "ann", EntryBody::MessageDeleted { message_id: Story::message_at(2), target_seq: 2 });
    let text = ann.text();
    assert!(text.contains("(deleted)") && !text.contains("regrets"), "{text}");
}

#[test]
fn a_mistyped_command_is_not_sent_and_stays_to_be_corrected() {
    let mut ann = hall();
    ann.enters(":blokc bob");
    assert!(!ann.did(|e| matches!(e, Effect::Post { .. })));
    assert_eq!(ann.state.rooms.current().unwrap().composer.text(), ":blokc bob");
    assert!(ann.text().contains("There is no command :blokc"), "{}", ann.text());
}

#[test]
fn a_message_too_long_is_not_lost() {
    let mut ann = hall();
    ann.take(Event::Paste("x".repeat(5_000)));
    ann.press("enter");
    assert_eq!(ann.state.rooms.current().unwrap().composer.text().len(), 5_000);
    assert!(ann.text().contains("at most 4000 characters"), "{}", ann.text());
}

#[test]
fn the_tab_key_completes_members_and_commands() {
    let mut ann = hall();
    ann.types("hi @bo");
    ann.press("tab");
    assert_eq!(ann.state.rooms.current().unwrap().composer.text(), "hi @bob ");
    ann.press("ctrl+c");
    ann.types(":numb");
    ann.press("tab enter");
    assert!(ann.text().contains("#1"), "{}", ann.text());
}

#[test]
fn what_was_sent_comes_back_by_the_history_but_a_secret_code_does_not() {
    let mut ann = hall();
    ann.enters("first");
    ann.enters(":code is sesame-sesame");
    ann.press("alt+p");
    assert_eq!(ann.state.rooms.current().unwrap().composer.text(), "first");
}

#[test]
fn typing_is_told_now_and_then_and_never_for_a_command() {
    let mut ann = hall();
    ann.types(":members");
    assert!(!ann.did(|e| matches!(e, Effect::Typing(_))));
    ann.press("ctrl+c");
    ann.types("hello");
    assert_eq!(ann.effects.iter().filter(|e| matches!(e, Effect::Typing(_))).count(), 1);
}

#[test]
fn who_types_is_shown_until_it_is_over() {
    let mut ann = hall();
    ann.feed(live::Event::Typing { room_id: room_id(1), user: user("bob") });
    assert!(ann.text().contains("bob is typing"), "{}", ann.text());
    ann.state.now = ann.state.now.plus(time::Duration::seconds(7));
    ann.take(Event::Alarm(crate::screen::effect::Alarm::Typing(room_id(1))));
    assert!(!ann.text().contains("typing"));
}

#[test]
fn ctrl_c_leaves_only_at_the_second_time() {
    let mut ann = hall();
    ann.types("words");
    ann.press("ctrl+c ctrl+c");
    assert!(!ann.did(|e| *e == Effect::Quit));
    ann.types("x");
    ann.press("backspace ctrl+c");
    assert!(!ann.did(|e| *e == Effect::Quit), "a key between begins anew");
    ann.press("ctrl+c");
    assert!(ann.did(|e| *e == Effect::Quit));
}

#[test]
fn a_command_is_given_beside_what_is_being_written_which_is_there_again_then() {
    let mut ann = hall();
    ann.says(room_id(1), "bob", "well?");
    ann.press("esc k r");
    ann.types("half an ans");
    ann.press("esc");
    ann.enters(":numbers");
    assert!(!ann.did(|e| matches!(e, Effect::Post { .. })), "{:?}", ann.effects);
    assert!(ann.text().contains("› half an ans") && ann.text().contains("answering bob"), "{}", ann.text());
    ann.press("esc");
    ann.types(":se");
    assert!(ann.text().contains("› :se"), "{}", ann.text());
    ann.press("ctrl+c");
    assert!(ann.text().contains("› half an ans"), "given up again: {}", ann.text());
    ann.enters("wer");
    assert!(ann.did(|e| matches!(e, Effect::Post { text, reply_to: Some(_), .. } if text == "half an answer")));
}

#[test]
fn a_draft_is_remembered_also_while_a_command_is_begun() {
    let mut ann = hall();
    ann.types("half a dra");
    ann.press("esc");
    ann.types(":sea");
    ann.press("ctrl+q");
    assert!(
        ann.did(|e| matches!(e, Effect::Remember { drafts, .. } if drafts[0].1 == "half a dra")),
        "{:?}",
        ann.effects
    );
}

#[test]
fn joined_emoji_are_typed_as_they_are() {
    let mut ann = hall();
    ann.enters("👩\u{200d}👧 a\u{200d}b");
    assert!(
        ann.did(|e| matches!(e, Effect::Post { text, .. } if text == "👩\u{200d}👧 a<U+200D>b")),
        "{:?}",
        ann.effects
    );
}
