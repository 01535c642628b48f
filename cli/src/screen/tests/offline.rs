//! A start while the gateway is away, with what was kept of the last time.

use chatapp_client::live;
use chatapp_types::EntryBody;

use super::Story;
use super::story::{room, room_id};
use crate::screen::effect::{Effect, Request};
use crate::screen::event::Given;
use crate::screen::state::kept::Kept;

/// The gateway lists these rooms, with no unread messages.
fn lists(ann: &mut Story, names: &[(u128, &str)]) {
    let listed = names.iter().map(|(n, name)| ann.with_counts(room(*n, name), 0, 0)).collect();
    ann.answer(&Request::Rooms, Ok(Given::Rooms(listed)));
    ann.serve();
}

fn left_with_two_rooms() -> Story {
    let mut ann = Story::in_rooms(&["hall", "lab", "zoo"]);
    ann.says(room_id(1), "bob", "said in the hall");
    ann.press("alt+down");
    ann.serve();
    ann.says(room_id(2), "bob", "said in the lab");
    ann
}

#[test]
fn without_the_gateway_one_opens_where_one_left_and_reads_what_was_loaded() {
    let mut ann = left_with_two_rooms().reopened();
    let text = ann.text();
    assert!(text.contains("hall") && text.contains("zoo"), "{text}");
    assert!(text.contains("said in the lab") && text.contains("offline, reconnecting"), "{text}");
    ann.press("alt+up");
    assert!(ann.text().contains("said in the hall"), "{}", ann.text());
    ann.enters(":room zoo");
    assert!(ann.text().contains("nothing is loaded"), "{}", ann.text());
}

#[test]
fn what_is_written_without_the_gateway_is_shown_as_unsent_also_where_nothing_is_loaded() {
    let mut ann = left_with_two_rooms().reopened();
    for name in ["lab", "zoo"] {
        ann.enters(&format!(":room {name}"));
        ann.enters(&format!("written in the {name}"));
        ann.keeps();
        assert!(ann.text().contains(&format!("written in the {name} (sending)")), "{}", ann.text());
    }
    assert!(ann.text().contains("2 unsent"), "{}", ann.text());
}

#[test]
fn when_the_gateway_is_back_rooms_are_followed_and_what_was_erased_meanwhile_is_gone() {
    let mut ann = left_with_two_rooms();
    let erased = ann.says(room_id(2), "bob", "a secret");
    let mut ann = ann.reopened();
    assert!(ann.text().contains("a secret"));
    ann.erases(room_id(2), erased);
    ann.history(room_id(2), "bob", ["meanwhile".to_owned()]);
    ann.connect();
    lists(&mut ann, &[(1, "hall"), (2, "lab"), (3, "zoo")]);
    let text = ann.text();
    assert!(text.contains("meanwhile") && text.contains("(deleted)") && !text.contains("a secret"), "{text}");
    for n in 1..=3 {
        assert!(ann.did(|e| matches!(e, Effect::Follow { room, .. } if *room == room_id(n))), "{:?}", ann.effects);
    }
    ann.says(room_id(2), "bob", "and now");
    assert!(ann.text().contains("and now") && !ann.text().contains("offline"), "{}", ann.text());
}

#[test]
fn a_room_one_is_no_longer_in_is_gone_when_the_gateway_is_back() {
    let mut ann = left_with_two_rooms().reopened();
    ann.connect();
    lists(&mut ann, &[(2, "lab"), (3, "zoo")]);
    assert!(ann.state.rooms.get(room_id(1)).is_none());
    assert!(!ann.text().contains("hall"), "{}", ann.text());
}

#[test]
fn unread_messages_are_counted_anew_when_the_gateway_is_back_and_the_line_stands_before_them() {
    let mut ann = left_with_two_rooms().reopened();
    ann.history(room_id(2), "bob", ["one".to_owned(), "two".to_owned()]);
    ann.history(room_id(3), "bob", ["three".to_owned()]);
    ann.connect();
    let listed = [(1, "hall", 0), (2, "lab", 2), (3, "zoo", 1)];
    let listed = listed.map(|(n, name, unread)| ann.with_counts(room(n, name), unread, 0)).to_vec();
    ann.answer(&Request::Rooms, Ok(Given::Rooms(listed)));
    ann.serve();
    let text = ann.text();
    let at = |what: &str| text.find(what).unwrap_or(usize::MAX);
    assert!(at("said in the lab") < at(" new ") && at(" new ") < at("one"), "{text}");
    assert_eq!(ann.state.rooms.get(room_id(3)).unwrap().unread, 1);
}

#[test]
fn whoever_has_scrolled_back_without_the_gateway_stays_there_when_it_is_back() {
    let mut ann = Story::in_rooms(&["hall", "lab"]);
    ann.history(room_id(2), "bob", (0..90).map(|n| format!("message {n}.")));
    ann.state.rooms.get_mut(room_id(2)).unwrap().head = 91;
    ann.press("alt+down");
    ann.serve();
    let mut ann = ann.reopened();
    ann.press("pageup pageup");
    let before = ann.text();
    assert!(before.contains("message 50."), "{before}");
    ann.history(room_id(2), "bob", (0..400).map(|n| format!("later {n}.")));
    ann.connect();
    lists(&mut ann, &[(1, "hall"), (2, "lab")]);
    assert!(ann.text().contains("message 50."), "{}", ann.text());
    ann.press("ctrl+end");
    ann.serve();
    assert!(ann.text().contains("later 399."), "{}", ann.text());
}

#[test]
fn what_is_kept_is_bounded_and_the_rooms_looked_at_last_are_kept_first() {
    let names: Vec<String> = (0..60).map(|n| format!("room {n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut ann = Story::in_rooms(&names);
    for n in 1..=60 {
        ann.history(room_id(n), "bob", (0..300).map(|i| format!("{i} {}", "long ".repeat(100))));
        ann.state.rooms.get_mut(room_id(n)).unwrap().head = 301;
    }
    for _ in 0..59 {
        ann.press("alt+down");
        ann.serve();
    }
    let kept = Kept::of(&ann.state);
    assert_eq!(kept.rooms.len(), 60);
    assert_eq!(kept.latest(), Some(room_id(60)));
    assert!(kept.rooms[0].page.is_some() && kept.rooms[40].page.is_none());
    assert!(kept.rooms.iter().flat_map(|r| &r.page).all(|page| page.items.len() <= 100));
    let bytes = serde_json::to_vec(&kept).unwrap().len();
    assert!(bytes < 2 * 1024 * 1024, "{bytes}");
}

#[test]
fn what_is_loaded_is_kept_when_one_leaves_and_when_the_connection_breaks() {
    let mut ann = left_with_two_rooms();
    ann.effects.clear();
    let retry_in = std::time::Duration::from_secs(1);
    ann.feed(live::Event::Disconnected { retry_in, reason: "gone".to_owned() });
    assert!(ann.did(|e| matches!(e, Effect::Keep(kept) if kept.rooms.len() == 3)));
    ann.effects.clear();
    ann.press("ctrl+q");
    let order: Vec<bool> = ann.effects.iter().map(|e| matches!(e, Effect::Keep(_))).collect();
    assert!(order.contains(&true) && ann.effects.last() == Some(&Effect::Quit), "{:?}", ann.effects);
}

#[test]
fn a_room_that_was_renamed_meanwhile_has_its_new_name_when_the_gateway_is_back() {
    let mut ann = left_with_two_rooms().reopened();
    ann.connect();
    lists(&mut ann, &[(1, "hall"), (2, "attic"), (3, "zoo")]);
    ann.happens(room_id(2), "bob", EntryBody::RoomTopicChanged { topic: "dust".to_owned() });
    assert!(ann.text().contains("attic") && ann.text().contains("dust"), "{}", ann.text());
}

#[test]
fn what_is_kept_is_brought_up_to_date_without_a_screen_too() {
    let mut ann = left_with_two_rooms();
    let mut kept = Kept::of(&ann.state);
    assert_eq!(kept.latest(), Some(room_id(2)));
    ann.says(room_id(1), "bob", "later");
    kept.saw(&room(1, "hall"), &ann.state.rooms.get(room_id(1)).unwrap().log);
    assert_eq!(kept.latest(), Some(room_id(1)));
    let listed = [(2, "lab"), (1, "hall"), (4, "new")].map(|(n, name)| ann.with_counts(room(n, name), 0, 0));
    let counts = listed.iter().filter_map(|(r, u)| Some((r.id, u.clone()?))).collect();
    kept.listed(&listed.map(|(room, _)| room), &counts);
    let names: Vec<&str> = kept.rooms.iter().map(|r| r.room.name.as_str()).collect();
    assert_eq!(names, ["hall", "lab", "new"], "in the order they were looked at; zoo is gone");
    assert_eq!(kept.rooms.iter().map(|r| r.page.is_some()).collect::<Vec<_>>(), [true, true, false]);
}
