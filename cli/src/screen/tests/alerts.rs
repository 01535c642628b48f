//! What calls for attention, and what does not.

use chatapp_client::live;

use super::Story;
use super::story::room_id;
use crate::command::Level;
use crate::screen::effect::{Alarm, Effect};
use crate::screen::event::Event;

fn calls(ann: &mut Story) -> Vec<(String, u64)> {
    let calls = ann.effects.iter().filter_map(|e| match e {
        Effect::Call(call) => Some((call.text.clone(), call.count)),
        _ => None,
    });
    let calls = calls.collect();
    ann.effects.clear();
    calls
}

fn live_rooms() -> Story {
    let mut ann = Story::in_rooms(&["hall", "lab"]);
    for n in [1, 2] {
        ann.feed(live::Event::CaughtUp { room_id: room_id(n), seq: 1 });
    }
    ann.effects.clear();
    ann
}

#[test]
fn by_default_one_is_called_when_one_is_named_elsewhere_than_in_view() {
    let mut ann = live_rooms();
    ann.says(room_id(2), "bob", "nothing special");
    assert_eq!(calls(&mut ann), []);
    ann.says(room_id(2), "bob", "hey @ann");
    assert_eq!(calls(&mut ann), [("hey @ann".to_owned(), 1)]);
    ann.says(room_id(1), "bob", "here @ann");
    assert_eq!(calls(&mut ann), [], "one is looking at it");
    ann.take(Event::InFront(false));
    ann.says(room_id(1), "bob", "there @ann");
    assert_eq!(calls(&mut ann).len(), 1, "the terminal is behind others");
}

#[test]
fn a_room_can_call_for_everything_or_nothing_and_that_is_remembered() {
    let mut ann = live_rooms();
    ann.enters(":notify all");
    assert!(ann.did(|e| *e == Effect::RememberLevel { room: room_id(1), level: Level::All }));
    ann.press("alt+down");
    ann.effects.clear();
    ann.says(room_id(1), "bob", "anything");
    assert_eq!(calls(&mut ann).len(), 1);
    ann.press("alt+up");
    ann.enters(":notify none");
    ann.press("alt+down");
    ann.effects.clear();
    ann.says(room_id(1), "bob", "psst @ann");
    assert_eq!(calls(&mut ann), []);
}

#[test]
fn what_was_missed_calls_once_when_all_of_it_is_there() {
    let mut ann = live_rooms();
    let retry_in = std::time::Duration::from_secs(1);
    ann.feed(live::Event::Disconnected { retry_in, reason: "gone".to_owned() });
    ann.connect();
    for n in 0..3 {
        ann.says(room_id(2), "bob", &format!("@ann {n}"));
    }
    assert_eq!(calls(&mut ann), []);
    ann.feed(live::Event::CaughtUp { room_id: room_id(2), seq: 4 });
    assert_eq!(calls(&mut ann), [("@ann 2".to_owned(), 3)]);
}

#[test]
fn ones_own_messages_call_nobody() {
    let mut ann = live_rooms();
    ann.says(room_id(2), "ann", "note to @ann");
    assert_eq!(calls(&mut ann), []);
}

#[test]
fn a_busy_room_calls_once_a_second_for_all_that_came_and_not_for_what_was_seen() {
    let mut ann = live_rooms();
    for n in 0..500 {
        ann.says(room_id(2), "bob", &format!("@ann {n}"));
    }
    assert!(ann.did(|e| matches!(e, Effect::Wake { alarm: Alarm::Calls(_), .. })));
    assert_eq!(calls(&mut ann), [("@ann 0".to_owned(), 1)]);
    ann.state.now = ann.state.now.plus(time::Duration::SECOND);
    ann.take(Event::Alarm(Alarm::Calls(room_id(2))));
    assert_eq!(calls(&mut ann), [("@ann 499".to_owned(), 499)]);
    ann.says(room_id(2), "bob", "@ann once more");
    ann.press("alt+down");
    ann.serve();
    ann.state.now = ann.state.now.plus(time::Duration::SECOND);
    ann.take(Event::Alarm(Alarm::Calls(room_id(2))));
    assert_eq!(calls(&mut ann), []);
}
