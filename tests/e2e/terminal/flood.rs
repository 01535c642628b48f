//! A room in which much is said: it stays readable, and the keys are answered.

use std::sync::Arc;

use chatapp_testkit::{Platform, User, unique_name};

use super::full::{id_of, makes_a_room, opened};
use super::screen::Terminal;
use super::{at_the_rooms, makes_a_room as makes_a_plain_room};
use crate::home::Home;

const SENDERS: usize = 8;
const EACH: usize = 200;

/// Everybody says all they have as fast as it is taken; `name` is named by the very last message of each.
async fn flood(platform: &Platform, room: &str, name: &str) -> tokio::task::JoinHandle<()> {
    let mut senders = Vec::new();
    for n in 0..SENDERS {
        let user = User::register(platform, &format!("sender{n}")).await;
        user.join(room).await;
        senders.push(user);
    }
    let (room, name) = (Arc::<str>::from(room), Arc::<str>::from(name));
    tokio::spawn(async move {
        let sends = senders.into_iter().enumerate().map(|(n, user)| {
            let (room, name) = (Arc::clone(&room), Arc::clone(&name));
            async move {
                for m in 0..EACH {
                    user.say(&room, &format!("the flood, {n}.{m}")).await;
                }
                user.say(&room, &format!("sender {n} has ended, @{name}")).await;
            }
        });
        futures::future::join_all(sends).await;
    })
}

/// Types letters one by one while the room is flooded; each has to come before the next is typed.
async fn types_through(terminal: &mut Terminal, prompt: &str, flood: &tokio::task::JoinHandle<()>) -> String {
    let mut typed = String::new();
    for letter in "abcdefghijklmnopqrstuvwxyz".chars().cycle() {
        if flood.is_finished() && typed.len() >= 26 || typed.len() == 52 {
            break;
        }
        typed.push(letter);
        terminal.keys(&letter.to_string()).await;
        let wanted = format!("{prompt} {typed}");
        terminal.until("the letter is there", |screen| screen.contains(&wanted)).await;
    }
    typed
}

#[tokio::test]
async fn in_a_flooded_room_every_key_is_answered_and_the_end_is_in_sight() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let bob = User::register(&platform, "bob").await;
    let mut ann = opened(&home).await;
    let room = unique_name("hall");
    makes_a_room(&mut ann, &room).await;
    let id = id_of(&bob, &room).await;
    let flood = flood(&platform, &id, &home.name).await;
    // Messages of one's own are among all those.
    for n in 0..30 {
        ann.types(&format!("one's own {n}")).await;
    }
    let typed = types_through(&mut ann, "›", &flood).await;
    flood.await.expect("everything is said");
    bob.join(&id).await;
    bob.say(&id, "and then it was quiet").await;
    ann.shows("and then it was quiet").await;
    ann.shows(&format!("› {typed}")).await;
    ann.types("").await;
    ann.shows(&format!("✓│ {typed}")).await;
    ann.until("everything is sent", |screen| !screen.contains("unsent") && !screen.contains("(sending)")).await;
    assert_eq!(ann.bells(), 0, "one looks at it");
    // What was said before is there too, and one comes back from it.
    ann.keys("\u{1b}[5~").await;
    ann.shows("later messages below").await;
    ann.keys("\u{1b}[1;5F").await;
    ann.shows("and then it was quiet").await;
}

#[tokio::test]
async fn a_flood_is_shown_whole_line_by_line_with_what_is_being_typed_behind_the_prompt_and_few_bells() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let mut ann = at_the_rooms(&home, &["--plain"]).await;
    let room = unique_name("hall");
    makes_a_plain_room(&mut ann, &room, "n").await;
    ann.types(":notify all").await;
    ann.shows("calls for your attention").await;
    let bob = User::register(&platform, "bob").await;
    let id = id_of(&bob, &room).await;
    let begun = std::time::Instant::now();
    let flood = flood(&platform, &id, &home.name).await;
    let typed = types_through(&mut ann, ">", &flood).await;
    flood.await.expect("everything is said");
    bob.join(&id).await;
    bob.say(&id, "and then it was quiet").await;
    ann.shows("and then it was quiet").await;
    ann.asks(&format!("> {typed}")).await;
    let bytes = ann.bytes();
    let text = String::from_utf8_lossy(&bytes);
    assert_eq!(text.matches(": the flood, ").count(), SENDERS * EACH, "each once");
    let most = usize::try_from(begun.elapsed().as_secs()).unwrap_or(usize::MAX) + 3;
    let bells = ann.bells();
    assert!(bells <= most, "{bells} bells, and one a second is enough");
}
