//! The terminal is its owner's: whatever happens to `chat`, it is given back as it was.

use chatapp_testkit::{Platform, unique_name};

use super::full::makes_a_room;
use super::screen::Terminal;
use crate::home::Home;

/// Whether the terminal takes lines and shows what is typed.
pub(super) const STATE: &str = "stty -a | grep -o -e '-\\?icanon' -e '-\\?echo\\b'";

#[tokio::test]
async fn the_terminal_is_given_back_whichever_way_it_ends() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    for signal in [None, Some("TERM"), Some("HUP")] {
        let mut ann = Terminal::shell(&home, &format!("\"$CHAT\"; echo \"left with $?\"; {STATE}"));
        ann.shows("You are in no room yet.").await;
        assert!(ann.is_full_screen());
        match signal {
            None => ann.keys("\u{3}\u{3}").await,
            Some(name) => {
                let chat = child_of(ann.pid());
                let status = std::process::Command::new("kill").args([&format!("-{name}"), &chat]).status().unwrap();
                assert!(status.success());
            }
        }
        ann.shows("left with 0").await;
        ann.until("the terminal as it was", |screen| {
            screen.split("left with 0").nth(1).is_some_and(|after| after.split_whitespace().eq(["icanon", "echo"]))
        })
        .await;
        assert!(!ann.is_full_screen());
    }
}

/// The process that a process has started.
fn child_of(parent: u32) -> String {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).expect("children");
    children.split_whitespace().next().expect("a child").to_owned()
}

#[tokio::test]
async fn chat_is_put_to_sleep_and_woken_by_the_shell() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    // A shell with job control, as people have it.
    let mut ann = Terminal::shell(&home, &format!("set -m; \"$CHAT\"; echo asleep; {STATE}; read line; fg; echo up"));
    ann.shows("You are in no room yet.").await;
    makes_a_room(&mut ann, &unique_name("hall")).await;
    ann.types("before the nap").await;
    ann.shows("✓│ before the nap").await;
    ann.keys("\u{1a}").await;
    ann.until("the terminal as it was", |screen| {
        screen.split("asleep").nth(1).is_some_and(|after| after.split_whitespace().eq(["icanon", "echo"]))
    })
    .await;
    assert!(!ann.is_full_screen());
    ann.types("").await;
    ann.shows("✓│ before the nap").await;
    assert!(ann.is_full_screen());
    ann.types("and after it").await;
    ann.shows("✓│ and after it").await;
    ann.keys("\u{3}\u{3}").await;
    ann.shows("up").await;
    assert!(!ann.is_full_screen());
}
