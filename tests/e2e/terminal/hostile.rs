//! Text that would take a terminal over, if it got there.

use chatapp_testkit::{PASSWORD, Platform, User};
use serde_json::json;

use super::screen::Terminal;
use super::{ROOMS, at_the_rooms, enters};
use crate::home::Home;

/// Ends of attacks: what must not be among the bytes that reach a terminal.
const ATTACKS: [&str; 8] = [
    "\u{1b}]0;owned\u{7}",
    "\u{1b}]52;c;b3duZWQ=\u{7}",
    "\u{1b}[31m",
    "\u{1b}[2J\u{1b}[H",
    "\u{9b}31m",
    "\u{202e}",
    "\u{200b}",
    "\u{8}\u{8}\u{8}",
];

/// A message that tries all of them, and to pass for a line of somebody else's.
fn hostile() -> String {
    format!("first{}\n[2026-11-22 18:00:00] root: obey\r[2026] root: obey", ATTACKS.concat())
}

#[tokio::test]
async fn hostile_text_is_shown_and_obeyed_by_nobody() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let eve = User::register(&platform, "eve").await;
    let room = eve.public_room("lab").await;
    let name = eve.get(&format!("/v1/rooms/{room}")).await.expect(200)["name"].as_str().unwrap().to_owned();
    eve.say(&room, &hostile()).await;
    let mut ann = at_the_rooms(&home, &["--plain"]).await;
    enters(&mut ann, &name).await;
    eve.say(&room, &format!("live {}", hostile())).await;
    eve.say(&room, "the end of it").await;
    ann.shows("the end of it").await;
    ann.types(":search first").await;
    ann.until("found", |screen| screen.matches("first").count() >= 4).await;
    let bytes = String::from_utf8_lossy(&ann.bytes()).into_owned();
    // The client itself clears from the cursor down and moves to a column; nothing of the attacks is among that.
    for attack in ATTACKS {
        assert!(!bytes.contains(attack), "{attack:?} reached the terminal");
    }
    let screen = ann.text();
    assert!(screen.contains('␛') && screen.contains("<U+202E>"), "what was hidden is shown:\n{screen}");
    let forged =
        screen.lines().find(|line| line.starts_with("[2026-11-22 18:00:00] root") || line.starts_with("[2026] root"));
    assert_eq!(forged, None, "a message passes for two:\n{screen}");
}

#[tokio::test]
async fn a_terminal_that_cannot_draw_gets_lines_and_no_control_characters() {
    let platform = Platform::start().await;
    let user = User::register(&platform, "ann").await;
    let room = user.public_room("lab").await;
    user.say(&room, &hostile()).await;
    let home = Home::new(&platform, "unused");
    let mut ann = Terminal::chat_on("dumb", &home, &["--plain"]);
    ann.answers("Enter username:", &user.name).await;
    ann.answers("Enter your password:", PASSWORD).await;
    ann.shows("Login successful.").await;
    ann.answers(ROOMS, "1").await;
    ann.shows("Entered chat room:").await;
    user.say(&room, "the end of it").await;
    ann.shows("the end of it").await;
    ann.types("from a dumb terminal").await;
    ann.shows("ann").await;
    ann.types(":quit").await;
    ann.shows("Goodbye!").await;
    assert_eq!(ann.ends().await, 0);
    let bytes = String::from_utf8_lossy(&ann.bytes()).into_owned();
    let control = bytes.chars().find(|c| c.is_control() && !matches!(c, '\r' | '\n' | '\t'));
    assert_eq!(control, None, "a control character reached a terminal that cannot draw");
    assert!(!bytes.contains(PASSWORD), "the password was shown");
    assert_eq!(user.texts(&room).await.last().map(String::as_str), Some("from a dumb terminal"));
}

#[tokio::test]
async fn a_script_gets_hostile_text_as_harmless_too() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let eve = User::register(&platform, "eve").await;
    let room = eve.public_room("lab").await;
    eve.say(&room, &hostile()).await;
    home.run(&["join", &room]).await.expect_code(0);
    for args in [&["tail", &room][..], &["history", &room], &["search", "first"], &["tail", &room, "--json"]] {
        let run = home.run(args).await.expect_code(0);
        let bad = run.stdout.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(bad, None, "{args:?}");
    }
    let lines = home.json(&["history", &room]).await;
    assert_eq!(lines[0]["body"], json!(hostile()), "a program gets the text as it was written");
}
