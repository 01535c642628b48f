//! Every screen, at three sizes.

use std::time::Duration;

use chatapp_client::live;
use chatapp_types::{EntryBody, ErrorCode, Visibility};

use super::Story;
use super::story::{room, room_id, trouble};
use crate::screen::effect::Request;
use crate::screen::event::{Event, Given};
use crate::screen::testing::{state, user};

const SIZES: [(u16, u16); 3] = [(60, 16), (80, 24), (200, 50)];

fn pictures(name: &str, mut story: Story) {
    for (columns, rows) in SIZES {
        insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), story.screen(columns, rows));
    }
}

/// A conversation in which everything occurs.
fn conversation() -> Story {
    let mut ann = Story::in_rooms(&["general", "lab", "release planning", "private den"]);
    let id = room_id(1);
    ann.happens(id, "ann", EntryBody::RoomTopicChanged { topic: "everything about the platform".to_owned() });
    ann.happens(id, "bob", EntryBody::MemberJoined);
    ann.says(id, "bob", "good morning");
    ann.says(
        id,
        "bob",
        "has anybody looked at https://example.org/issues/12 yet? It takes rather long and I do not see why",
    );
    ann.says(id, "carol", "not yet");
    ann.enters(":reply #5 I have: it is the index");
    let key = ann.keeps();
    ann.feed(live::Event::Ack { key, room_id: id, seq: 99, message_id: Story::message_at(99), duplicate: false });
    ann.says(id, "carol", "thank you @ann");
    ann.happens(
        id,
        "carol",
        EntryBody::MessageEdited {
            message_id: Story::message_at(6),
            target_seq: 6,
            body: "not yet, but I will".to_owned(),
            deleted: false,
        },
    );
    ann.says(id, "bob", "never mind");
    ann.happens(id, "bob", EntryBody::MessageDeleted { message_id: Story::message_at(9), target_seq: 9 });
    ann.happens(id, "bob", EntryBody::MemberBlocked { subject: user("eve"), until: None });
    ann.says(room_id(2), "bob", "the second run is done");
    ann.says(room_id(3), "carol", "@ann can you have a look?");
    ann.happens(room_id(4), "bob", EntryBody::RoomVisibilityChanged { visibility: Visibility::Private });
    let online = vec![user("ann"), user("bob")];
    ann.feed(live::Event::Presence { room_id: id, online, offline: vec![], full: true });
    ann
}

#[test]
fn a_conversation() {
    pictures("conversation", conversation());
}

#[test]
fn a_conversation_with_a_message_chosen_in_numbers() {
    let mut ann = conversation();
    ann.enters(":numbers");
    ann.press("esc k k");
    pictures("chosen", ann);
}

#[test]
fn writing_an_answer_of_several_lines() {
    let mut ann = conversation();
    ann.press("esc k r");
    ann.types("the first line of an answer that is long enough to be broken where it does not fit");
    ann.press("alt+enter");
    ann.types("and a second one");
    ann.feed(live::Event::Typing { room_id: room_id(1), user: user("bob") });
    pictures("writing", ann);
}

#[test]
fn offline_with_a_message_that_waits_and_one_that_was_refused() {
    let mut ann = conversation();
    ann.enters("refused one");
    let key = ann.keeps();
    let message = "not a member".to_owned();
    ann.feed(live::Event::Refused { key, room_id: room_id(1), code: ErrorCode::NotAMember, message, is_final: true });
    ann.feed(live::Event::Disconnected { retry_in: Duration::from_secs(4), reason: "connection refused".to_owned() });
    ann.enters("written in the dark");
    ann.keeps();
    pictures("offline", ann);
}

#[test]
fn reading_earlier_messages_while_new_ones_come() {
    let mut ann = Story::in_rooms(&["general"]);
    for n in 0..60 {
        ann.says(room_id(1), if n % 3 == 0 { "bob" } else { "carol" }, &format!("message {n}"));
    }
    ann.press("pageup");
    ann.says(room_id(1), "bob", "a new one");
    pictures("earlier", ann);
}

#[test]
fn the_line_up_to_which_one_has_read() {
    let mut ann = Story::in_rooms(&["general", "lab"]);
    ann.says(room_id(2), "bob", "first");
    ann.press("alt+down");
    ann.serve();
    ann.press("alt+up");
    for n in 0..3 {
        ann.says(room_id(2), "bob", &format!("unread {n}"));
    }
    ann.press("alt+a");
    ann.serve();
    pictures("unread", ann);
}

#[test]
fn choosing_a_room() {
    let mut ann = conversation();
    ann.press("ctrl+k");
    let mut attic = room(9, "attic");
    attic.role = None;
    ann.answer(&Request::Public(String::new()), Ok(Given::Public(vec![attic])));
    pictures("rooms", ann);
}

#[test]
fn choosing_a_room_by_a_part_of_its_name() {
    let mut ann = conversation();
    ann.press("ctrl+k");
    ann.types("pl");
    pictures("rooms_found", ann);
}

#[test]
fn the_keys_in_force() {
    let mut ann = conversation();
    ann.press("f1");
    pictures("help", ann);
}

#[test]
fn a_secret_code_shown_once() {
    let mut ann = conversation();
    ann.enters(":code");
    ann.answer(
        &Request::NewCode(room_id(1), crate::command::NewCode::default()),
        Ok(Given::Code("K7Q2-M9XA-44TT".to_owned())),
    );
    pictures("code", ann);
}

#[test]
fn a_question() {
    let mut ann = conversation();
    ann.enters(":leave");
    pictures("question", ann);
}

#[test]
fn what_a_search_found() {
    let mut ann = conversation();
    ann.press("ctrl+f");
    ann.types("index");
    ann.press("enter");
    ann.answer(&Request::Search { text: "index".to_owned(), room: Some(room_id(1)) }, Ok(Given::Hits(vec![])));
    pictures("found_nothing", ann);
}

#[test]
fn members() {
    let mut ann = conversation();
    ann.press("alt+m");
    ann.serve();
    pictures("members", ann);
}

#[test]
fn put_out_of_a_room() {
    let mut ann = conversation();
    ann.happens(room_id(1), "bob", EntryBody::MemberBlocked { subject: user("ann"), until: None });
    ann.feed(live::Event::RoomEnded { room_id: room_id(1), code: Some(ErrorCode::Blocked) });
    pictures("blocked", ann);
}

#[test]
fn in_no_room_yet() {
    pictures("no_room", Story::in_rooms(&[]));
}

#[test]
fn the_questions_of_the_first_run() {
    let mut ann = Story::begin();
    ann.state = state();
    ann.effects.clear();
    ann.take(Event::Newcomer { url: None, why: None });
    pictures_of(&mut ann, "entrance_url");
    ann.press("enter");
    let asked = Request::Gateway("http://127.0.0.1:8000".to_owned());
    ann.answer(&asked, Err(trouble("the gateway cannot be reached; it was looked for at http://127.0.0.1:8000")));
    pictures_of(&mut ann, "entrance_unreachable");
    ann.press("enter");
    ann.answer(&asked, Ok(Given::Gateway("http://127.0.0.1:8000".to_owned())));
    ann.enters("ann");
    ann.answer(&Request::LookUp("ann".to_owned()), Ok(Given::Known(Some(false))));
    ann.types("secret");
    pictures_of(&mut ann, "entrance_password");
}

fn pictures_of(story: &mut Story, name: &str) {
    for (columns, rows) in SIZES {
        insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), story.screen(columns, rows));
    }
}

#[test]
fn colours_are_of_the_sixteen_and_none_without_colour() {
    use ratatui::style::Color;
    for theme in crate::screen::theme::Theme::NAMES {
        let mut ann = conversation();
        ann.enters(&format!(":theme {theme}"));
        let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| crate::screen::draw::draw(&ann.state, frame)).unwrap();
        for cell in &terminal.backend().buffer().content {
            for color in [cell.fg, cell.bg] {
                assert!(!matches!(color, Color::Rgb(..) | Color::Indexed(_)), "{theme}: {color:?}");
                assert!(theme != "plain" || color == Color::Reset, "{color:?}");
            }
        }
    }
}
