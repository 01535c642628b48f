//! Line by line one can do what the full screen can.

use chatapp_testkit::{Platform, User, unique_name};

use super::full::{id_of, is_seen_typing, opened};
use super::given_back::STATE;
use super::screen::Terminal;
use super::{ROOMS, at_the_rooms, full, makes_a_room};
use crate::home::Home;

const ALT_A: &str = "\u{1b}a";
const ALT_E: &str = "\u{1b}e";
const ALT_G: &str = "\u{1b}g";
const CTRL_K: &str = "\u{b}";

#[tokio::test]
async fn who_is_typing_is_seen_line_by_line_too_and_takes_no_line() {
    let platform = Platform::start().await;
    let (home_a, home_b) = (Home::registered(&platform, "ann").await, Home::registered(&platform, "bob").await);
    let mut ann = at_the_rooms(&home_a, &["--plain"]).await;
    let room = unique_name("hall");
    makes_a_room(&mut ann, &room, "n").await;
    let mut bob = opened(&home_b).await;
    full::enters(&mut bob, &room).await;
    ann.shows(&format!("{} joined", home_b.name)).await;
    // The full screen sees who types line by line.
    is_seen_typing(&mut ann, &bob, &home_a.name).await;
    ann.keys("half a sent").await;
    // And the other way round; what is being typed stays behind the prompt.
    is_seen_typing(&mut bob, &ann, &home_b.name).await;
    ann.asks(&format!("({} is typing) > half a sent", home_b.name)).await;
    bob.types("and sent").await;
    ann.shows(&format!("{}: and sent", home_b.name)).await;
    ann.until("nobody is typing", |screen| !screen.contains("is typing")).await;
    assert_eq!(ann.line().trim_end(), "> half a sent", "{}", ann.text());
}

#[tokio::test]
async fn a_room_that_one_is_not_in_calls_and_a_key_goes_there_beside_what_is_being_written() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let bob = User::register(&platform, "bob").await;
    let told = home.files().join("told");
    let settings = format!("[notify]\nhook = [\"sh\", \"-c\", \"cat >> {}\"]\n", told.display());
    std::fs::write(home.files().join("chat.toml"), settings).expect("the settings");
    let mut ann = at_the_rooms(&home, &["--plain"]).await;
    let (lab, hall) = (unique_name("lab"), unique_name("hall"));
    makes_a_room(&mut ann, &lab, "n").await;
    ann.types(":back").await;
    makes_a_room(&mut ann, &hall, "n").await;
    let id = id_of(&bob, &lab).await;
    bob.join(&id).await;
    ann.keys("half a sent").await;
    let before = ann.bells();
    for n in 0..3 {
        bob.say(&id, &format!("number {n}, @{}", home.name)).await;
    }
    ann.shows(&format!("({} names you in {lab}; :next goes there)", bob.name)).await;
    assert!(ann.line().starts_with("> half a sent"), "{}", ann.text());
    ann.keys(ALT_A).await;
    ann.shows(&format!("{}: number 2, @{}", bob.name, home.name)).await;
    ann.shows("--- new ---").await;
    ann.asks(">").await;
    assert_eq!(ann.text().matches("names you in").count(), 1, "{}", ann.text());
    let bells = ann.bells() - before;
    assert!((1..=3).contains(&bells), "{bells} bells for 3 messages");
    chatapp_testkit::eventually("the hook is told", || {
        let text = std::fs::read_to_string(&told).ok().filter(|text| text.contains("number 0"));
        async move { text }
    })
    .await;
    // Back in the hall what was being written is there again.
    ann.types(":last").await;
    ann.asks("> half a sent").await;
    ann.types("ence").await;
    ann.shows(&format!("{}: half a sentence", home.name)).await;
    // A part of a name will do, by a key that leaves the draft alone.
    ann.keys("and a dra").await;
    ann.keys(ALT_G).await;
    ann.asks("> :room").await;
    ann.types(&lab[..lab.len() - 1]).await;
    ann.until("in the lab", |screen| screen.matches(&format!("Entered chat room: {lab}")).count() == 3).await;
    ann.interrupts().await;
    ann.shows("Goodbye!").await;
    // The next time one goes on where one was, and the draft of the hall waits there.
    let mut again = at_the_rooms(&home, &["--plain"]).await;
    again.shows(&format!("Last time you were in {lab}")).await;
    again.types(":last").await;
    again.shows(&format!("Entered chat room: {lab}")).await;
    again.types(&format!(":room {hall}")).await;
    again.asks("> and a dra").await;
}

#[tokio::test]
async fn a_message_is_changed_where_one_writes_and_in_the_editor() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let settings =
        "editor = [\"sh\", \"-c\", \"echo from the editor >> \\\"$0\\\"\"]\n[keys.plain]\n\"ctrl+g\" = \"editor\"\n";
    std::fs::write(home.files().join("chat.toml"), settings).expect("the settings");
    let mut ann = at_the_rooms(&home, &["--plain"]).await;
    makes_a_room(&mut ann, &unique_name("hall"), "n").await;
    ann.types("wiht a mistake").await;
    ann.shows(": wiht a mistake").await;
    ann.keys(ALT_E).await;
    ann.until("the text is there to be changed", |_| ann.line().ends_with("wiht a mistake")).await;
    assert!(ann.line().starts_with("> :edit #"), "{}", ann.line());
    ann.keys(&format!("\u{1b}[1~{}", "\u{1b}[C".repeat("> :edit #2 ".len() - 2))).await;
    ann.keys(CTRL_K).await;
    ann.types("without one").await;
    ann.shows("edited #2: without one").await;
    ann.keys("begun here, and ").await;
    ann.keys("\u{7}").await;
    ann.asks("> begun here, and from the editor").await;
    ann.types("").await;
    ann.shows(": begun here, and from the editor").await;
    ann.types(":status").await;
    ann.shows("connected; everything is sent.").await;
    ann.types(":leave").await;
    ann.until("it asks", |_| ann.line().starts_with("Leave hall")).await;
    ann.types("n").await;
    ann.asks(">").await;
}

#[tokio::test]
async fn what_happened_before_one_came_is_told_line_by_line_too() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let bob = User::register(&platform, "bob").await;
    let room = bob.public_room("lab").await;
    let name = bob.get(&format!("/v1/rooms/{room}")).await.expect(200)["name"].as_str().unwrap().to_owned();
    for n in 0..150 {
        bob.say(&room, &format!("number {n:03}")).await;
    }
    let mut ann = at_the_rooms(&home, &["--plain"]).await;
    ann.answers(ROOMS, &name).await;
    ann.shows("number 149").await;
    ann.shows(&format!("* {} joined", home.name)).await;
    assert!(!String::from_utf8_lossy(&ann.bytes()).contains("number 020"), "{}", ann.text());
    ann.types(":history").await;
    ann.shows("(end of the earlier messages)").await;
    ann.types(":clear").await;
    ann.until("a clear screen", |screen| screen.trim() == ">").await;
    ann.types(":history").await;
    ann.shows(&format!("* {} created the public room {name}", bob.name)).await;
    ann.shows("(end of the earlier messages)").await;
    ann.types(":history").await;
    ann.shows("There is nothing earlier.").await;
    ann.types(":goto #77").await;
    ann.until("what is around it", |screen| screen.contains("number 070") && screen.contains("number 075")).await;
}

#[tokio::test]
async fn line_by_line_chat_is_put_to_sleep_and_woken_and_killed_with_the_terminal_given_back() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let line = format!("set -m; \"$CHAT\" --plain; echo asleep; {STATE}; read line; fg; echo up; {STATE}");
    let mut ann = Terminal::shell(&home, &line);
    ann.asks(ROOMS).await;
    makes_a_room(&mut ann, &unique_name("hall"), "n").await;
    ann.keys("half a sent").await;
    ann.asks("> half a sent").await;
    ann.keys("\u{1a}").await;
    let is_given_back = |screen: &str, word: &str| {
        screen.split(word).nth(1).is_some_and(|after| after.split_whitespace().take(2).eq(["icanon", "echo"]))
    };
    ann.until("the terminal as it was", |screen| is_given_back(screen, "asleep")).await;
    ann.types("").await;
    ann.asks("> half a sent").await;
    ann.types("ence").await;
    ann.shows(&format!("{}: half a sentence", home.name)).await;
    ann.interrupts().await;
    ann.until("the terminal as it was", |screen| is_given_back(screen, "up")).await;
}
