//! Vim's keys.

use super::Story;
use super::story::room_id;
use crate::screen::effect::{Effect, Request};

fn hall() -> Story {
    let mut ann = Story::in_rooms(&["hall", "lab"]);
    ann.enters(":vim");
    ann
}

fn text(ann: &Story) -> &str {
    ann.state.rooms.current().unwrap().composer.text()
}

#[test]
fn the_text_is_edited_in_the_normal_mode() {
    let mut ann = hall();
    ann.types("one two three");
    ann.press("esc");
    assert!(ann.text().contains("-- NORMAL --"), "{}", ann.text());
    ann.press("0 w D");
    assert_eq!(text(&ann), "one");
    ann.press("u b x A");
    assert!(ann.text().contains("-- INSERT --"));
    ann.types("!");
    assert_eq!(text(&ann), "ne two three!");
    ann.press("esc d d");
    assert_eq!(text(&ann), "");
    ann.press("p");
    assert_eq!(text(&ann), "ne two three!");
    ann.press("c c");
    ann.types("anew");
    assert_eq!(text(&ann), "anew");
}

#[test]
fn messages_are_chosen_and_acted_upon_in_the_normal_mode() {
    let mut ann = hall();
    ann.says(room_id(1), "ann", "mine");
    ann.says(room_id(1), "bob", "theirs");
    ann.press("esc k y y");
    assert!(ann.did(|e| *e == Effect::Copy("theirs".to_owned())), "{:?}", ann.effects);
    ann.press("k d d");
    ann.types("y");
    let erase = Request::EraseMessage { room: room_id(1), id: Story::message_at(2) };
    assert!(ann.did(|e| *e == Effect::Ask(erase.clone())), "{:?}", ann.effects);
    ann.press("g t");
    assert_eq!(ann.state.rooms.current_id(), Some(room_id(2)));
    ann.press("esc :");
    assert!(text(&ann).starts_with(':'), "{}", text(&ann));
}

#[test]
fn the_help_shows_vims_keys_when_they_hold() {
    let mut ann = hall();
    ann.press("f1");
    let help = ann.screen(100, 200);
    assert!(help.contains("g g") && help.contains("y y"), "{help}");
}

#[test]
fn after_a_command_one_is_back_in_normal_mode_with_what_was_being_written() {
    let mut ann = hall();
    ann.types("draft");
    ann.press("esc");
    ann.enters(":numbers");
    assert!(ann.text().contains("-- NORMAL --") && ann.text().contains("› draft"), "{}", ann.text());
    ann.types(":sea");
    ann.press("esc");
    assert!(ann.text().contains("-- NORMAL --") && ann.text().contains("› draft"), "given up: {}", ann.text());
}
