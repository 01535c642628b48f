//! `chat` that is started while the gateway is away.

use chatapp_testkit::{Platform, User, unique_name};

use super::full::{CTRL_Q, id_of, makes_a_room, opened};
use super::screen::Terminal;
use super::{ROOMS, at_the_rooms};
use crate::home::Home;

#[tokio::test]
async fn without_the_gateway_one_reads_what_was_loaded_and_writes_what_is_sent_once_when_it_is_back() {
    let mut platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let bob = User::register(&platform, "bob").await;
    let mut ann = opened(&home).await;
    let (hall, lab) = (unique_name("hall"), unique_name("lab"));
    makes_a_room(&mut ann, &hall).await;
    makes_a_room(&mut ann, &lab).await;
    let id = id_of(&bob, &hall).await;
    bob.join(&id).await;
    bob.say(&id, "said while all was well").await;
    ann.types(&format!(":room {hall}")).await;
    ann.shows("said while all was well").await;
    ann.keys(CTRL_Q).await;
    assert_eq!(ann.ends().await, 0);
    platform.kill();

    // The gateway is away: rooms and texts are there, what is written is kept, also over another end.
    let mut ann = Terminal::chat(&home, &[]);
    ann.shows("said while all was well").await;
    ann.shows("offline, reconnecting").await;
    ann.shows(&lab).await;
    ann.types("written in the dark").await;
    ann.shows("written in the dark (sending)").await;
    ann.keys(CTRL_Q).await;
    ann.shows("1 message(s) are not sent yet").await;
    assert_eq!(ann.ends().await, 0);
    let mut ann = Terminal::chat(&home, &[]);
    ann.shows("written in the dark (sending)").await;
    ann.types(&format!(":room {lab}")).await;
    ann.types("and in the lab").await;
    ann.shows("2 unsent").await;

    platform.restart().await;
    ann.until("nothing is unsent", |screen| !screen.contains("unsent") && !screen.contains("offline")).await;
    bob.say(&id, "light again").await;
    ann.types(&format!(":room {hall}")).await;
    ann.shows("light again").await;
    assert_eq!(bob.texts(&id).await, ["said while all was well", "written in the dark", "light again"]);
    assert_eq!(ann.text().matches("written in the dark").count(), 1, "{}", ann.text());
}

#[tokio::test]
async fn what_is_kept_is_its_owners_alone_and_is_removed_by_the_log_out() {
    use std::os::unix::fs::PermissionsExt as _;
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let mut ann = opened(&home).await;
    makes_a_room(&mut ann, &unique_name("hall")).await;
    ann.types("between ourselves").await;
    ann.shows("✓│ between ourselves").await;
    ann.keys(CTRL_Q).await;
    assert_eq!(ann.ends().await, 0);
    let kept = home.files().join("kept-default.json");
    assert!(std::fs::read_to_string(&kept).expect("what is kept").contains("between ourselves"));
    assert_eq!(std::fs::metadata(&kept).expect("its rights").permissions().mode() & 0o777, 0o600);

    let mut ann = opened(&home).await;
    ann.shows("✓│ between ourselves").await;
    ann.types(":logout").await;
    ann.shows("End the session").await;
    ann.keys("y").await;
    assert_eq!(ann.ends().await, 0);
    assert!(!kept.exists(), "texts are left behind");
}

#[tokio::test]
async fn line_by_line_one_reads_and_writes_without_the_gateway_too() {
    let mut platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let bob = User::register(&platform, "bob").await;
    let hall = unique_name("hall");
    let mut ann = at_the_rooms(&home, &["--plain"]).await;
    super::makes_a_room(&mut ann, &hall, "n").await;
    let id = id_of(&bob, &hall).await;
    bob.join(&id).await;
    bob.say(&id, "said while all was well").await;
    ann.shows("said while all was well").await;
    ann.types(":quit").await;
    assert_eq!(ann.ends().await, 0);
    platform.kill();

    let mut ann = Terminal::chat(&home, &["--plain"]);
    ann.shows("which cannot be reached now").await;
    ann.shows(&format!("1. {hall}")).await;
    ann.answers(ROOMS, "1").await;
    ann.shows(&format!("{}: said while all was well", bob.name)).await;
    ann.types("written in the dark").await;
    platform.restart().await;
    ann.shows(&format!("{}: written in the dark", home.name)).await;
    bob.say(&id, "light again").await;
    ann.shows(&format!("{}: light again", bob.name)).await;
    assert_eq!(bob.texts(&id).await, ["said while all was well", "written in the dark", "light again"]);
    ann.types(":logout").await;
    ann.answers("End the session, and chat? [y/N]:", "y").await;
    assert_eq!(ann.ends().await, 0);
    assert!(!home.files().join("kept-default.json").exists(), "texts are left behind");
}
