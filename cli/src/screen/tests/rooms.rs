//! Rooms: going, coming, what is unread, being put out.

use chatapp_client::live;
use chatapp_types::{EntryBody, ErrorCode};

use super::Story;
use super::story::{room, room_id};
use crate::command::NewCode;
use crate::screen::effect::{Alarm, Effect, Request};
use crate::screen::event::{Event, Given};
use crate::screen::testing::user;

#[test]
fn what_is_unread_is_counted_until_it_is_seen_and_then_marked_after_a_moment() {
    let mut ann = Story::in_rooms(&["hall", "lab"]);
    ann.says(room_id(2), "bob", "one");
    ann.says(room_id(2), "bob", "two for @ann");
    assert!(ann.text().contains("@1 2"), "{}", ann.text());
    ann.press("alt+a");
    ann.serve();
    let text = ann.text();
    assert!(!text.contains("@1 2") && text.contains(" new "), "{text}");
    assert!(ann.did(|e| matches!(e, Effect::Wake { alarm: Alarm::Mark(id), .. } if *id == room_id(2))));
    ann.take(Event::Alarm(Alarm::Mark(room_id(2))));
    assert!(ann.did(|e| *e == Effect::MarkRead { room: room_id(2), seq: 3 }), "{:?}", ann.effects);
}

#[test]
fn a_terminal_behind_others_reads_nothing() {
    let mut ann = Story::in_rooms(&["hall"]);
    ann.take(Event::Alarm(Alarm::Mark(room_id(1))));
    ann.effects.clear();
    ann.take(Event::InFront(false));
    ann.says(room_id(1), "bob", "are you there?");
    assert!(!ann.did(|e| matches!(e, Effect::Wake { alarm: Alarm::Mark(_), .. })));
    assert_eq!(ann.state.rooms.current().unwrap().unread, 1);
    assert!(ann.text().contains(" new "), "the line stands before it:\n{}", ann.text());
    ann.take(Event::InFront(true));
    assert_eq!(ann.state.rooms.current().unwrap().unread, 0);
}

#[test]
fn a_room_is_found_by_a_part_of_its_name() {
    let mut ann = Story::in_rooms(&["engineering", "general", "lab"]);
    ann.press("ctrl+k");
    ann.types("gnrl");
    ann.press("enter");
    assert_eq!(ann.state.rooms.current_id(), Some(room_id(2)));
}

#[test]
fn a_public_room_is_joined_from_the_same_list() {
    let mut ann = Story::in_rooms(&["hall"]);
    ann.press("ctrl+k");
    let mut attic = room(9, "attic");
    attic.role = None;
    ann.answer(&Request::Public(String::new()), Ok(Given::Public(vec![attic.clone(), room(1, "hall")])));
    assert!(ann.text().contains("attic") && ann.text().contains("not joined"), "{}", ann.text());
    ann.types("att");
    ann.press("enter");
    ann.answer(&Request::Join(room_id(9)), Ok(Given::Room(attic)));
    assert_eq!(ann.state.rooms.current_id(), Some(room_id(9)));
}

#[test]
fn a_new_private_room_shows_its_code_once() {
    let mut ann = Story::in_rooms(&["hall"]);
    ann.enters(":create-private den");
    let request = Request::Create { name: "den".to_owned(), is_private: true };
    ann.answer(&request, Ok(Given::Created(room(7, "den"), Some("K7-secret".to_owned()))));
    assert!(ann.text().contains("K7-secret") && ann.text().contains("shown this once"), "{}", ann.text());
    ann.press("esc");
    assert!(!ann.text().contains("K7-secret"));
    ann.press("alt+p");
    assert!(!ann.text().contains("K7-secret"));
}

#[test]
fn a_code_of_ones_own_is_told_with_the_room_that_it_needs_and_how_long_it_holds() {
    let mut ann = Story::in_rooms(&["hall"]);
    ann.enters(":code for 2h uses 3 is open-sesame");
    let code = Some("open-sesame".to_owned());
    let wanted = NewCode { lasts: Some(time::Duration::hours(2)), uses: Some(3), code };
    ann.answer(&Request::NewCode(room_id(1), wanted), Ok(Given::Code("open-sesame".to_owned())));
    let text = ann.text();
    assert!(text.contains(&format!("To enter: :enter {} and the code.", room_id(1))), "{text}");
    assert!(text.contains("It holds until ") && text.contains(", for 3 who enter."), "{text}");
    assert!(!ann.state.sent.iter().any(|line| line.contains("open-sesame")), "it could be brought back");
}

#[test]
fn who_is_blocked_sees_why_can_write_no_more_and_reads_what_there_was() {
    let mut ann = Story::in_rooms(&["hall", "lab"]);
    ann.says(room_id(1), "bob", "before");
    ann.happens(room_id(1), "bob", EntryBody::MemberBlocked { subject: user("ann"), until: None });
    ann.feed(live::Event::RoomEnded { room_id: room_id(1), code: Some(ErrorCode::Blocked) });
    let text = ann.text();
    assert!(text.contains("bob blocked you from this room.") && text.contains("before"), "{text}");
    ann.enters("let me in");
    assert!(!ann.did(|e| matches!(e, Effect::Post { .. })));
    ann.press("ctrl+c alt+down");
    assert!(!ann.text().contains("hall"), "a room one is not in any more is gone:\n{}", ann.text());
}

#[test]
fn who_is_put_out_of_another_room_loses_it_from_the_list() {
    let mut ann = Story::in_rooms(&["hall", "lab"]);
    ann.feed(live::Event::RoomEnded { room_id: room_id(2), code: None });
    assert!(!ann.text().contains("lab"));
    assert!(ann.did(|e| *e == Effect::Unfollow(room_id(2))));
}

#[test]
fn a_room_one_was_added_to_comes_in_and_one_that_is_gone_goes_out_with_the_next_list() {
    let mut ann = Story::in_rooms(&["hall", "lab"]);
    ann.state.now = ann.state.now.plus(time::Duration::minutes(2));
    ann.take(Event::Alarm(Alarm::Rooms));
    let listed = vec![ann.with_counts(room(1, "hall"), 0, 0), ann.with_counts(room(3, "new"), 0, 0)];
    ann.answer(&Request::Rooms, Ok(Given::Rooms(listed)));
    let text = ann.text();
    assert!(text.contains("#new") && !text.contains("#lab"), "{text}");
    assert!(ann.did(|e| matches!(e, Effect::Follow { room, .. } if *room == room_id(3))));
}

#[test]
fn a_room_is_deleted_only_by_its_name_and_a_yes() {
    let mut ann = Story::in_rooms(&["hall", "lab"]);
    ann.enters(":delete-room hal");
    assert!(ann.text().contains("not this room's name"), "{}", ann.text());
    ann.enters(":delete-room hall");
    assert!(!ann.did(|e| matches!(e, Effect::Ask(Request::DeleteRoom(_)))));
    ann.types("y");
    ann.answer(&Request::DeleteRoom(room_id(1)), Ok(Given::Done));
    assert_eq!(ann.state.rooms.current_id(), Some(room_id(2)));
}

#[test]
fn members_are_listed_with_who_is_online() {
    let mut ann = Story::in_rooms(&["hall"]);
    ann.feed(live::Event::Presence {
        room_id: room_id(1),
        online: vec![user("ann"), user("bob")],
        offline: vec![],
        full: true,
    });
    let text = ann.screen(140, 30);
    assert!(text.contains("Members (3)") && text.contains("● bob") && text.contains("○ carol"), "{text}");
    ann.enters(":who");
    assert!(!ann.text().contains("carol"), "{}", ann.text());
}

#[test]
fn the_draft_of_each_room_is_its_own_and_is_remembered() {
    let mut ann = Story::in_rooms(&["hall", "lab"]);
    ann.types("for the hall");
    ann.press("alt+down");
    assert_eq!(ann.state.rooms.current().unwrap().composer.text(), "");
    let draft = (room_id(1), "for the hall".to_owned());
    assert!(ann.did(|e| matches!(e, Effect::Remember { drafts, .. } if drafts.contains(&draft))));
    ann.press("alt+up");
    assert_eq!(ann.state.rooms.current().unwrap().composer.text(), "for the hall");
}

#[test]
fn commands_are_given_before_one_is_in_any_room() {
    let mut ann = Story::begin();
    ann.connect();
    ann.answer(&Request::Rooms, Ok(Given::Rooms(vec![])));
    ann.types(":create hall");
    assert!(ann.text().contains("Command"), "{}", ann.text());
    ann.press("enter");
    assert!(ann.did(|e| matches!(e, Effect::Ask(Request::Create { name, is_private: false }) if name == "hall")));
    ann.enters(":audit");
    assert!(ann.text().contains("you are in none yet"), "{}", ann.text());
}

#[test]
fn a_row_that_is_cut_is_read_whole() {
    let mut ann = Story::in_rooms(&["hall"]);
    ann.enters(":blocks");
    let block = chatapp_types::rooms::Block {
        user: user("eve"),
        by: user("bob"),
        at: chatapp_types::Timestamp::from_millis(0),
        until: None,
        reason: Some(format!("{}and so on to the end", "a long story, ".repeat(12))),
    };
    ann.answer(&Request::Blocks(room_id(1)), Ok(Given::Blocks(vec![block])));
    assert!(!ann.text().contains("to the end"), "{}", ann.text());
    ann.press("enter");
    assert!(ann.text().contains("to the end") && ann.text().contains("by bob"), "{}", ann.text());
}
