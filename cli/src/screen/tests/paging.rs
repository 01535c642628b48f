//! Scrolling through history that loads as one comes to it.

use super::Story;
use super::story::room_id;
use crate::screen::effect::{Effect, Request};
use crate::screen::state::log::{Log, Side};
use crate::screen::state::room::Anchor;

/// A room with so many messages, of which the end is loaded.
fn long(count: usize) -> Story {
    let mut ann = Story::in_rooms(&["lab", "zoo"]);
    ann.history(room_id(2), "bob", (0..count).map(|n| format!("message {n}.")));
    ann.state.now = ann.state.now.plus(time::Duration::minutes(5));
    ann.take(crate::screen::event::Event::Alarm(crate::screen::effect::Alarm::Rooms));
    let head = u64::try_from(count).unwrap() + 1;
    ann.state.rooms.get_mut(room_id(2)).unwrap().head = head;
    ann.press("alt+down");
    ann.serve();
    ann
}

#[test]
fn history_loads_as_one_scrolls_and_memory_stays_bounded() {
    let mut ann = long(3_000);
    assert!(ann.text().contains("message 2999."));
    for _ in 0..200 {
        ann.press("pageup");
        ann.serve();
        assert!(ann.state.rooms.current().unwrap().log.items().len() <= Log::KEPT);
    }
    assert!(ann.text().contains("message 0."), "{}", ann.text());
    for _ in 0..200 {
        ann.press("pagedown");
        ann.serve();
    }
    assert!(ann.text().contains("message 2999."), "{}", ann.text());
    assert_eq!(ann.state.rooms.current().unwrap().view.anchor, Anchor::End);
}

#[test]
fn every_line_is_seen_once_when_one_pages_up() {
    let mut ann = long(300);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let text = ann.text();
        seen.extend((0..300).filter(|n| text.contains(&format!("message {n}."))));
        ann.press("pageup");
        ann.serve();
    }
    assert_eq!(seen.len(), 300);
}

#[test]
fn whoever_reads_earlier_messages_is_not_moved_by_new_ones_and_is_told_of_them() {
    let mut ann = long(300);
    ann.press("pageup pageup");
    ann.serve();
    let before = ann.text();
    for n in 0..5 {
        ann.says(room_id(2), "bob", &format!("later {n}"));
    }
    let after = ann.text();
    assert!(after.contains("5 new messages below"), "{after}");
    let first = |text: &str| text.lines().nth(2).and_then(|line| Some(line.split_once('│')?.1.to_owned()));
    assert_eq!(first(&before), first(&after));
    ann.press("ctrl+end");
    ann.serve();
    assert!(ann.text().contains("later 4") && !ann.text().contains("below"), "{}", ann.text());
}

#[test]
fn a_message_far_away_is_gone_to_and_the_way_back_is_one_key() {
    let mut ann = long(3_000);
    ann.enters(":goto #500");
    ann.serve();
    assert!(ann.text().contains("message 498."), "{}", ann.text());
    assert_eq!(ann.state.rooms.current().unwrap().view.chosen, Some(500));
    ann.press("G");
    ann.serve();
    assert!(ann.text().contains("message 2999."), "{}", ann.text());
}

#[test]
fn the_first_unread_message_is_gone_to_however_long_ago_it_was() {
    let mut ann = long(3_000);
    let zoo = ann.state.rooms.get_mut(room_id(2)).unwrap();
    zoo.line = Some(1_000);
    ann.press("alt+u");
    ann.serve();
    let text = ann.text();
    assert!(text.contains(" new ") && text.contains("message 999."), "{text}");
}

#[test]
fn a_page_that_does_not_come_is_asked_for_again_only_when_there_is_a_connection_again() {
    let mut ann = Story::in_rooms(&["hall", "lab"]);
    ann.press("alt+down");
    let asked = ann.effects.iter().find_map(|e| match e {
        Effect::Ask(request @ Request::Page { .. }) => Some(request.clone()),
        _ => None,
    });
    let retry_in = std::time::Duration::from_secs(1);
    ann.feed(chatapp_client::live::Event::Disconnected { retry_in, reason: "gone".to_owned() });
    let lost = crate::screen::event::Trouble { is_transient: true, ..super::story::trouble("no answer") };
    ann.answer(&asked.unwrap(), Err(lost));
    assert!(!ann.is_stale(room_id(2), Side::Instead), "not at once");
    ann.connect();
    assert!(ann.is_stale(room_id(2), Side::Instead), "{:?}", ann.effects);
}

#[test]
fn clear_empties_the_screen_and_scrolling_back_shows_what_was() {
    let mut ann = long(50);
    ann.enters(":clear");
    assert!(!ann.text().contains("message 49."), "{}", ann.text());
    ann.says(room_id(2), "bob", "fresh");
    assert!(ann.text().contains("fresh") && !ann.text().contains("message 49."));
    ann.press("pageup");
    assert!(ann.text().contains("message 49."), "{}", ann.text());
}

#[test]
fn rooms_that_were_not_looked_at_for_long_are_unloaded_when_all_together_keep_too_much() {
    let names: Vec<String> = (0..120).map(|n| format!("room {n:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut ann = Story::in_rooms(&names);
    for n in 1..=120 {
        ann.history(room_id(n), "bob", (0..1_000).map(|i| format!("m{i}")));
        ann.state.rooms.get_mut(room_id(n)).unwrap().head = 1_001;
    }
    for _ in 0..120 {
        ann.press("alt+down");
        ann.serve();
        ann.press("ctrl+home");
        ann.serve();
        for _ in 0..12 {
            ann.press("ctrl+home");
            ann.serve();
        }
    }
    let total: usize = ann.state.rooms.iter().map(|r| r.log.items().len()).sum();
    assert!((90_000..=100_000).contains(&total), "{total}");
}
