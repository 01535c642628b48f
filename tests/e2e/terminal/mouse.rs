//! The mouse, where somebody wants it.

use chatapp_testkit::{Platform, User, unique_name};

use super::full::{id_of, makes_a_room, opened};
use super::screen::Terminal;
use crate::home::Home;

/// What a terminal reports: a button at the first place, from 1, where the screen shows a text.
async fn clicks_on(terminal: &mut Terminal, text: &str) {
    terminal.shows(text).await;
    let screen = terminal.text();
    let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(text)).expect("it is shown");
    let column = line[..line.find(text).expect("it is shown")].chars().count();
    terminal.keys(&format!("\u{1b}[<0;{};{}M\u{1b}[<0;{0};{1}m", column + 1, row + 1)).await;
}

/// Turns the wheel, over the conversation.
async fn wheels(terminal: &mut Terminal, up: bool, times: usize) {
    let button = if up { 64 } else { 65 };
    terminal.keys(&format!("\u{1b}[<{button};60;10M").repeat(times)).await;
}

#[tokio::test]
async fn a_click_goes_to_a_room_and_the_wheel_scrolls() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let bob = User::register(&platform, "bob").await;
    std::fs::write(home.files().join("chat.toml"), "mouse = true\n").expect("the settings");
    let mut ann = opened(&home).await;
    let (hall, lab) = (unique_name("hall"), unique_name("lab"));
    makes_a_room(&mut ann, &hall).await;
    let id = id_of(&bob, &hall).await;
    bob.join(&id).await;
    for n in 0..80 {
        bob.say(&id, &format!("line {n}.")).await;
    }
    ann.shows("line 79.").await;
    makes_a_room(&mut ann, &lab).await;
    ann.shows(&format!("message {lab}")).await;
    clicks_on(&mut ann, &format!("#{hall}")).await;
    ann.shows(&format!("message {hall}")).await;
    ann.shows("line 79.").await;
    wheels(&mut ann, true, 10).await;
    ann.until("earlier lines", |screen| screen.contains("line 20.") && !screen.contains("line 79.")).await;
    ann.shows("later messages below").await;
    wheels(&mut ann, false, 20).await;
    ann.until("the end", |screen| screen.contains("line 79.") && !screen.contains("below")).await;
    // A click chooses a message; the mouse can be left to the terminal, and is when one leaves.
    clicks_on(&mut ann, "line 77.").await;
    ann.shows("r reply").await;
    ann.keys("r").await;
    ann.shows(&format!("answering {}: line 77.", bob.name)).await;
    ann.keys("\u{3}").await;
    ann.types(":mouse").await;
    ann.keys("\u{11}").await;
    assert_eq!(ann.ends().await, 0);
    let bytes = String::from_utf8_lossy(&ann.bytes()).into_owned();
    let (on, off) = (bytes.rfind("\u{1b}[?1000h"), bytes.rfind("\u{1b}[?1000l"));
    assert!(on.is_some() && off > on, "the mouse is not given back");
}
