//! Messages that are long.

use super::Story;
use super::story::room_id;
use crate::screen::effect::Effect;

fn with_a_long_one() -> Story {
    let mut ann = Story::in_rooms(&["hall"]);
    let text: Vec<String> = (0..200).map(|n| format!("line {n:03}")).collect();
    ann.says(room_id(1), "bob", "before it");
    ann.says(room_id(1), "bob", &text.join("\n"));
    ann.says(room_id(1), "carol", "after it");
    ann
}

#[test]
fn a_message_of_many_lines_is_folded_so_that_the_others_stay_in_sight() {
    let mut ann = with_a_long_one();
    let text = ann.screen(100, 40);
    assert!(text.contains("before it") && text.contains("after it"), "{text}");
    assert!(text.contains("line 024") && !text.contains("line 025"), "{text}");
    assert!(text.contains("… 175 more lines (Esc, ↑, Enter)"), "{text}");
}

#[test]
fn a_folded_message_is_read_whole_when_it_is_chosen_and_another_is_answered() {
    let mut ann = with_a_long_one();
    ann.press("esc up up enter");
    assert!(ann.text().contains("#3 of bob") && ann.text().contains("line 000"), "{}", ann.text());
    ann.press("end");
    assert!(ann.text().contains("line 199"), "{}", ann.text());
    ann.press("esc down enter");
    assert!(ann.text().contains("answering carol"), "{}", ann.text());
    ann.enters("yes");
    assert!(ann.did(|e| matches!(e, Effect::Post { reply_to: Some(_), .. })));
}

#[test]
fn the_first_line_is_reached_although_what_is_below_is_told() {
    let mut ann = Story::in_rooms(&["hall"]);
    for n in 0..60 {
        ann.says(room_id(1), "bob", &format!("message {n:02}"));
    }
    ann.press("ctrl+home");
    let text = ann.screen(80, 24);
    assert!(text.contains("message 00") && text.contains("later messages below"), "{text}");
    let told = text.lines().find(|line| line.contains("later messages below")).map(str::to_owned);
    assert!(told.is_some_and(|line| !line.contains("message 1")), "nothing is hidden by it:\n{text}");
}
