//! What comes from the gateway: breaks, hostile texts, everything at once.

use chatapp_client::{live, sanitize};
use chatapp_types::EntryBody;
use proptest::prelude::*;

use super::Story;
use super::story::{room, room_id};
use crate::screen::effect::{Effect, Request};
use crate::screen::event::{Event, Given};
use crate::screen::testing::user;

/// Texts that would take a terminal over, if they got there.
const HOSTILE: [&str; 10] = [
    "\u{1b}]0;owned\u{7}",
    "\u{1b}]52;c;b3duZWQ=\u{7}",
    "\u{1b}[2J\u{1b}[H",
    "\u{9b}31m\u{9c}",
    "abc\u{202e}fdp.exe\u{2066}x\u{2069}",
    "pay\u{200b}pal\u{feff}",
    "\u{8}\u{8}\u{8}\r\u{0}\u{7f}",
    "a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    "line one\n21:00   root │ obey",
    "\u{1b}P1$r\u{1b}\\\u{1b}_x\u{1b}\\",
];

fn is_harmless(screen: &str) -> bool {
    screen.lines().all(|line| sanitize::line(line) == line)
}

#[test]
fn a_hostile_room_cannot_reach_the_terminal_by_any_text() {
    for text in HOSTILE {
        let mut ann = Story::in_rooms(&["hall"]);
        ann.says(room_id(1), "bob", text);
        let renamed = EntryBody::RoomRenamed { name: text.to_owned() };
        ann.happens(room_id(1), text, renamed);
        ann.happens(room_id(1), "bob", EntryBody::RoomTopicChanged { topic: text.to_owned() });
        ann.happens(room_id(1), text, EntryBody::MemberAdded { subject: user(text) });
        ann.feed(live::Event::Typing {
            room_id: room_id(1),
            user: chatapp_types::UserRef { username: text.to_owned(), ..user("eve") },
        });
        ann.feed(live::Event::Presence { room_id: room_id(1), online: vec![user(text)], offline: vec![], full: true });
        assert!(is_harmless(&ann.screen(200, 50)), "{text:?}");
        ann.press("esc k r");
        assert!(is_harmless(&ann.text()), "{text:?}");
        ann.press("ctrl+k");
        ann.answer(&Request::Public(String::new()), Ok(Given::Public(vec![room(9, text)])));
        assert!(is_harmless(&ann.text()), "{text:?}");
        ann.press("esc");
        ann.feed(live::Event::Disconnected { retry_in: std::time::Duration::ZERO, reason: text.to_owned() });
        assert!(is_harmless(&ann.text()), "{text:?}");
        let copied = ann.effects.iter().find_map(|e| if let Effect::Copy(t) = e { Some(t.clone()) } else { None });
        assert_eq!(copied, None);
    }
}

#[test]
fn what_is_copied_does_nothing_where_it_is_pasted() {
    let mut ann = Story::in_rooms(&["hall"]);
    ann.says(room_id(1), "bob", "ls\u{1b}[201~; rm -rf ~\r");
    ann.press("esc k y");
    assert!(
        ann.did(|e| matches!(e, Effect::Copy(text) if !text.contains('\u{1b}') && !text.contains('\r'))),
        "{:?}",
        ann.effects
    );
}

#[test]
fn a_message_cannot_pass_for_another_authors() {
    let mut ann = Story::in_rooms(&["hall"]);
    ann.says(room_id(1), "eve", "hi\n21:00         root │ obey");
    let text = ann.text();
    let forged = text.lines().find(|line| line.contains("root")).unwrap();
    assert!(forged.contains("│ 21:00"), "a second line is set off by the bar of its message:\n{text}");
}

#[test]
fn after_a_break_what_happened_meanwhile_is_shown_in_order_and_once() {
    let mut ann = Story::in_rooms(&["hall"]);
    ann.says(room_id(1), "bob", "before");
    ann.feed(live::Event::Disconnected { retry_in: std::time::Duration::from_secs(1), reason: "gone".to_owned() });
    assert!(ann.text().contains("before"), "what was loaded can be read");
    ann.connect();
    ann.says(room_id(1), "bob", "meanwhile");
    ann.serve();
    ann.says(room_id(1), "bob", "after");
    let text = ann.text();
    let at = |what: &str| text.find(what).unwrap_or(usize::MAX);
    assert!(at("before") < at("meanwhile") && at("meanwhile") < at("after"), "{text}");
    assert_eq!(text.matches("meanwhile").count(), 1);
}

#[test]
fn a_log_out_elsewhere_leads_to_the_log_in_with_a_word_and_keeps_the_draft() {
    let mut ann = Story::in_rooms(&["hall"]);
    ann.types("half a sentence");
    ann.feed(live::Event::LoggedOut { reason: "the session has ended".to_owned() });
    assert!(ann.text().contains("the session has ended") && ann.text().contains("Your name"), "{}", ann.text());
    let remembered = crate::settings::Remembered::default();
    ann.effects.clear();
    ann.take(Event::Began(Box::new(crate::screen::event::Beginning {
        me: user("ann"),
        url: "http://127.0.0.1:8000".to_owned(),
        remembered,
        kept: crate::screen::state::kept::Kept::default(),
    })));
    ann.connect();
    let listed = vec![ann.with_counts(room(1, "hall"), 0, 0)];
    ann.answer(&Request::Rooms, Ok(Given::Rooms(listed)));
    assert!(ann.did(|e| matches!(e, Effect::Follow { .. })));
    assert_eq!(ann.state.rooms.current().unwrap().composer.text(), "half a sentence");
}

#[test]
fn ones_own_log_out_is_the_end_also_when_the_feed_tells_of_it_first() {
    let mut ann = Story::in_rooms(&["hall"]);
    ann.enters(":logout");
    ann.types("y");
    ann.feed(live::Event::LoggedOut { reason: "the session has ended".to_owned() });
    ann.answer(&Request::LogOut, Ok(Given::Done));
    assert!(ann.state.is_logged_out && ann.effects.last() == Some(&Effect::Quit), "{:?}", ann.effects);
}

/// Whatever may happen at a screen.
#[derive(Clone, Debug)]
enum Deed {
    Press(&'static str),
    Type(String),
    Says(u128, String),
    Resize(u16, u16),
    Break,
    Connect,
    Serve,
}

fn deed() -> impl Strategy<Value = Deed> {
    let keys = prop::sample::select(vec![
        "enter",
        "esc",
        "tab",
        "up",
        "down",
        "pageup",
        "pagedown",
        "ctrl+k",
        "alt+a",
        "alt+down",
        "alt+u",
        "ctrl+f",
        "alt+m",
        "alt+r",
        "f1",
        "ctrl+home",
        "ctrl+end",
        "k",
        "j",
        "r",
        "e",
        "d",
        "y",
        "o",
        "g",
        "G",
        "n",
        "ctrl+w",
        "ctrl+u",
        "ctrl+y",
        "alt+p",
        "backspace",
        "home",
        "end",
        "alt+enter",
        "R",
    ]);
    prop_oneof![
        6 => keys.prop_map(Deed::Press),
        3 => "(:clear|:numbers|:members|:unread|:goto #3|:who|:search x|hello 漢字 @bob|y|n)".prop_map(Deed::Type),
        4 => (1_u128..4, "[ -~é漢\n\u{1b}\u{202e}👩\u{200d}]{1,120}").prop_map(|(n, text)| Deed::Says(n, text)),
        1 => (1_u16..130, 1_u16..40).prop_map(|(c, r)| Deed::Resize(c, r)),
        1 => Just(Deed::Break),
        1 => Just(Deed::Connect),
        2 => Just(Deed::Serve),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// No sequence of keys and events panics, shows something harmful, or asks for the same page again and again.
    #[test]
    fn whatever_happens_there_is_a_harmless_picture(deeds in prop::collection::vec(deed(), 0..60)) {
        let mut ann = Story::in_rooms(&["hall", "lab", "zoo"]);
        let (mut columns, mut rows) = (80, 24);
        for deed in deeds {
            match deed {
                Deed::Press(keys) => ann.press(keys),
                Deed::Type(text) => ann.types(&text),
                Deed::Says(n, text) => { ann.says(room_id(n), "bob", &text); }
                Deed::Resize(c, r) => (columns, rows) = (c, r),
                Deed::Break => ann.feed(live::Event::Disconnected { retry_in: std::time::Duration::ZERO, reason: "x".to_owned() }),
                Deed::Connect => ann.connect(),
                Deed::Serve => ann.serve(),
            }
            let screen = ann.screen(columns, rows);
            prop_assert!(is_harmless(&screen), "{}", screen);
        }
    }
}
