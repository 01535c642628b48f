//! `chat` in a terminal, as a person uses it: line by line here, full-screen in `full`.

mod attention;
mod flood;
mod full;
mod given_back;
mod hostile;
mod mouse;
mod offline;
mod plain;
mod quotes;
mod screen;

use chatapp_testkit::{PASSWORD, Platform, User, unique_name};

use crate::home::Home;
use screen::Terminal;

const ROOMS: &str = "Choose chat room by number:";

/// Opens the client of somebody who has an account already, up to the list of rooms.
async fn at_the_rooms(home: &Home, args: &[&str]) -> Terminal {
    let terminal = Terminal::chat(home, args);
    terminal.shows("Available chat rooms:").await;
    terminal.asks(ROOMS).await;
    terminal
}

/// Makes a room, and is in it.
async fn makes_a_room(terminal: &mut Terminal, name: &str, private: &str) {
    terminal.answers(ROOMS, "0").await;
    terminal.answers("Enter new chat room name:", name).await;
    terminal.answers("Private? [y/N]:", private).await;
    terminal.shows(&format!("Entered chat room: {name}")).await;
    terminal.asks(">").await;
}

/// Enters a room by its name, and is in it.
async fn enters(terminal: &mut Terminal, name: &str) {
    terminal.answers(ROOMS, name).await;
    terminal.shows(&format!("Entered chat room: {name}")).await;
    terminal.asks(">").await;
}

#[tokio::test]
async fn a_newcomer_is_led_from_the_url_to_a_conversation_as_ever() {
    let platform = Platform::start().await;
    let home = Home::of_a_newcomer("ann");
    let mut ann = Terminal::chat(&home, &["--plain"]);
    ann.asks("Gateway URL [http://127.0.0.1:8000]:").await;
    ann.types("not a url at all").await;
    ann.answers("Gateway URL [http://127.0.0.1:8000]:", &platform.url()).await;
    ann.answers("Enter username:", &home.name).await;
    ann.shows("User not found. Creating new user.").await;
    ann.answers("Choose a password:", PASSWORD).await;
    ann.shows("Registered successfully.").await;
    ann.shows("0. Create new chat room").await;
    ann.shows("-1. Exit").await;
    let room = unique_name("hall");
    makes_a_room(&mut ann, &room, "n").await;
    ann.types("hello, world").await;
    ann.shows(&format!("{}: hello, world", home.name)).await;
    ann.types(":back").await;
    ann.shows(&format!("1. {room}")).await;
    ann.answers(ROOMS, "-1").await;
    ann.shows("Goodbye!").await;
    assert_eq!(ann.ends().await, 0);
    assert!(!String::from_utf8_lossy(&ann.bytes()).contains(PASSWORD), "the password was shown");

    let mut again = Terminal::chat(&home, &["--plain"]);
    again.shows(&format!("Logged in as {}", home.name)).await;
    again.answers(ROOMS, "1").await;
    again.shows(&format!("{}: hello, world", home.name)).await;
    again.types(":quit").await;
    again.shows("Goodbye!").await;
    assert_eq!(again.ends().await, 0);
}

#[tokio::test]
async fn who_has_an_account_logs_in_and_a_wrong_password_is_asked_for_again() {
    let platform = Platform::start().await;
    let user = User::register(&platform, "ann").await;
    let home = Home::new(&platform, "unused");
    let mut ann = Terminal::chat(&home, &["--plain"]);
    ann.answers("Enter username:", &user.name).await;
    ann.answers("Enter your password:", "not-the-password-1").await;
    ann.shows("Wrong user name or password").await;
    ann.answers("Enter username:", &user.name).await;
    ann.answers("Enter your password:", PASSWORD).await;
    ann.shows("Login successful.").await;
    ann.answers(ROOMS, ":logout").await;
    ann.answers("End the session, and chat? [y/N]:", "y").await;
    ann.shows("Goodbye!").await;
    assert_eq!(ann.ends().await, 0);
    let next = Terminal::chat(&home, &["--plain"]);
    next.asks("Enter username:").await;
}

#[tokio::test]
async fn two_people_talk_live() {
    let platform = Platform::start().await;
    let (home_a, home_b) = (Home::registered(&platform, "ann").await, Home::registered(&platform, "bob").await);
    let mut ann = at_the_rooms(&home_a, &["--plain"]).await;
    let room = unique_name("hall");
    makes_a_room(&mut ann, &room, "n").await;
    ann.types("said before bob came").await;
    ann.shows("said before bob came").await;
    let mut bob = at_the_rooms(&home_b, &["--plain"]).await;
    enters(&mut bob, &room).await;
    bob.shows("said before bob came").await;
    ann.shows(&format!("{} joined", home_b.name)).await;
    bob.types("hello ann").await;
    ann.shows(&format!("{}: hello ann", home_b.name)).await;
    // What comes in meanwhile leaves alone what is being typed.
    ann.keys("half a sent").await;
    ann.asks("> half a sent").await;
    bob.types("interrupting you").await;
    ann.shows("interrupting you").await;
    ann.asks("> half a sent").await;
    ann.types("ence").await;
    bob.shows(&format!("{}: half a sentence", home_a.name)).await;
    bob.types(":reply no problem").await;
    ann.shows("no problem").await;
    ann.types(":members").await;
    ann.shows(&format!("{} (owner", home_a.name)).await;
    ann.types(":help").await;
    ann.shows(":block USER").await;
}

#[tokio::test]
async fn an_unread_message_is_counted_in_the_list_until_it_is_seen() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let bob = User::register(&platform, "bob").await;
    let room = bob.public_room("lab").await;
    let name = bob.get(&format!("/v1/rooms/{room}")).await.expect(200)["name"].as_str().unwrap().to_owned();
    let mut ann = at_the_rooms(&home, &["--plain"]).await;
    ann.shows(&format!("{name} (not joined)")).await;
    enters(&mut ann, &name).await;
    ann.types(":back").await;
    ann.asks(ROOMS).await;
    bob.say(&room, "one").await;
    bob.say(&room, &format!("two, @{}", home.name)).await;
    ann.types(":refresh").await;
    ann.shows(&format!("{name} (2 unread, 1 for you)")).await;
    enters(&mut ann, &name).await;
    ann.types(":back").await;
    ann.answers(ROOMS, ":refresh").await;
    ann.until("the count is gone", |screen| {
        screen.trim_end().rsplit("Available chat rooms:").next().is_some_and(|list| !list.contains("unread"))
    })
    .await;
}

#[tokio::test]
async fn a_block_puts_one_out_at_once_and_an_unblock_lets_one_back() {
    let platform = Platform::start().await;
    let (home_a, home_b) = (Home::registered(&platform, "ann").await, Home::registered(&platform, "bob").await);
    let mut ann = at_the_rooms(&home_a, &["--plain"]).await;
    let room = unique_name("hall");
    makes_a_room(&mut ann, &room, "n").await;
    let mut bob = at_the_rooms(&home_b, &["--plain"]).await;
    enters(&mut bob, &room).await;
    ann.types(&format!(":block {} being loud", home_b.name)).await;
    ann.shows(&format!("blocked {}", home_b.name)).await;
    bob.shows("You are no longer in this room.").await;
    bob.asks(ROOMS).await;
    ann.types("among ourselves").await;
    ann.shows("among ourselves").await;
    ann.types(":blocks").await;
    ann.shows("being loud").await;
    // The room is no longer in the blocked one's list.
    bob.types(":refresh").await;
    bob.asks(ROOMS).await;
    bob.types(&room).await;
    bob.shows("There is no such choice").await;
    assert!(!bob.text().contains("among ourselves"));
    ann.types(&format!(":unblock {}", home_b.name)).await;
    ann.shows(&format!("unblocked {}", home_b.name)).await;
    bob.answers(ROOMS, ":refresh").await;
    enters(&mut bob, &room).await;
}

#[tokio::test]
async fn a_private_room_is_entered_by_its_code_and_by_no_other() {
    let platform = Platform::start().await;
    let (home_a, home_b) = (Home::registered(&platform, "ann").await, Home::registered(&platform, "bob").await);
    let mut ann = at_the_rooms(&home_a, &["--plain"]).await;
    let room = unique_name("den");
    makes_a_room(&mut ann, &room, "y").await;
    let code_of = |screen: &str| {
        let line = screen.lines().rev().find(|line| line.contains("Secret code, shown only now:")).map(str::to_owned);
        line.and_then(|line| line.rsplit(' ').next().map(str::to_owned)).expect("a code on the screen")
    };
    let first = code_of(&ann.text());
    ann.types(":code").await;
    ann.until("another code", |screen| screen.matches("Secret code, shown only now:").count() == 2).await;
    let second = code_of(&ann.text());
    assert_ne!(first, second);
    let mut bob = at_the_rooms(&home_b, &["--plain"]).await;
    assert!(!bob.text().contains(&room));
    let asked = "Enter the room's secret code (or its id, a blank, and the code):";
    bob.types("-2").await;
    bob.answers(asked, &first).await;
    bob.shows("The code opens no room").await;
    bob.answers(ROOMS, "-2").await;
    bob.answers(asked, &second).await;
    bob.shows(&format!("Entered chat room: {room}")).await;
    ann.types(":public").await;
    bob.shows("made the room public").await;
}

#[tokio::test]
async fn clear_clears_and_ctrl_c_says_goodbye_and_gives_the_terminal_back() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let mut ann = Terminal::shell(
        &home,
        "stty -a | grep -o -e '-\\?icanon' -e '-\\?echo\\b'; \"$CHAT\" --plain; echo \"left with $?\"; stty -a | grep -o -e '-\\?icanon' -e '-\\?echo\\b'",
    );
    ann.asks(ROOMS).await;
    makes_a_room(&mut ann, &unique_name("hall"), "n").await;
    ann.types("a line to be cleared").await;
    ann.shows("a line to be cleared").await;
    ann.types(":clear").await;
    ann.until("a clear screen", |screen| screen.trim() == ">").await;
    ann.interrupts().await;
    ann.shows("Goodbye!").await;
    ann.shows("left with 0").await;
    ann.until("the terminal as it was", |screen| {
        screen.split("left with 0").nth(1).is_some_and(|after| after.split_whitespace().eq(["icanon", "echo"]))
    })
    .await;
}

#[tokio::test]
async fn ctrl_c_says_goodbye_also_at_a_question() {
    let platform = Platform::start().await;
    let home = Home::new(&platform, "ann");
    let mut early = Terminal::chat(&home, &["--plain"]);
    early.asks("Enter username:").await;
    early.interrupts().await;
    early.shows("Goodbye!").await;
    assert_eq!(early.ends().await, 0);
}

#[tokio::test]
async fn where_sockets_do_not_pass_messages_are_asked_for() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let bob = User::register(&platform, "bob").await;
    let mut ann = at_the_rooms(&home, &["--plain", "--poll"]).await;
    let room = unique_name("hall");
    makes_a_room(&mut ann, &room, "n").await;
    let id = bob.get(&format!("/v1/rooms/by-name/{room}")).await.expect(200)["id"].as_str().unwrap().to_owned();
    bob.join(&id).await;
    bob.say(&id, "found by asking").await;
    ann.shows(&format!("{}: found by asking", bob.name)).await;
    ann.types("sent without a socket").await;
    ann.shows(&format!("{}: sent without a socket", home.name)).await;
    assert_eq!(bob.texts(&id).await, ["found by asking", "sent without a socket"]);
}

#[tokio::test]
async fn a_message_typed_while_the_server_is_away_is_sent_once_when_it_is_back() {
    let mut platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let bob = User::register(&platform, "bob").await;
    let mut ann = at_the_rooms(&home, &["--plain"]).await;
    let room = unique_name("hall");
    makes_a_room(&mut ann, &room, "n").await;
    let id = bob.get(&format!("/v1/rooms/by-name/{room}")).await.expect(200)["id"].as_str().unwrap().to_owned();
    bob.join(&id).await;
    platform.kill();
    ann.shows("connection lost").await;
    ann.types("written in the dark").await;
    ann.shows("the message is kept").await;
    platform.restart().await;
    ann.shows("connected again").await;
    ann.shows(&format!("{}: written in the dark", home.name)).await;
    bob.say(&id, "and the feed goes on").await;
    ann.shows("and the feed goes on").await;
    assert_eq!(bob.texts(&id).await, ["written in the dark", "and the feed goes on"]);
}

#[tokio::test]
async fn a_log_out_elsewhere_ends_the_client_with_a_word() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let mut ann = at_the_rooms(&home, &["--plain"]).await;
    makes_a_room(&mut ann, &unique_name("hall"), "n").await;
    assert!(platform.operate(&["users", "disable", &home.name]).status.success());
    ann.shows("logged out").await;
    assert_eq!(ann.ends().await, 3);
}

#[tokio::test]
async fn line_by_line_one_goes_from_room_to_room_and_through_messages_as_on_the_whole_screen() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let bob = User::register(&platform, "bob").await;
    let mut ann = at_the_rooms(&home, &["--plain"]).await;
    let (hall, den) = (unique_name("hall"), unique_name("den"));
    makes_a_room(&mut ann, &hall, "n").await;
    ann.types(&format!(":create-private {den}")).await;
    ann.shows("Secret code, shown only now:").await;
    ann.shows(&format!("Entered chat room: {den}")).await;
    let id = bob.get(&format!("/v1/rooms/by-name/{hall}")).await.expect(200)["id"].as_str().unwrap().to_owned();
    bob.join(&id).await;
    bob.say(&id, &format!("see https://example.org/x @{}", home.name)).await;
    ann.types(":rooms").await;
    ann.shows(&format!("{hall} (1 unread, 1 for you)")).await;
    ann.types(":next").await;
    ann.until("in the hall again", |screen| screen.matches(&format!("Entered chat room: {hall}")).count() == 2).await;
    ann.types(":unread").await;
    ann.until("it once more", |screen| screen.matches("see https://example.org/x").count() >= 2).await;
    ann.types(":copy").await;
    ann.shows("Copied.").await;
    assert!(String::from_utf8_lossy(&ann.bytes()).contains("\u{1b}]52;c;"), "the clipboard was written");
    ann.types(":notify all").await;
    ann.shows("Every message of this room calls").await;
    ann.types(":goto #3").await;
    ann.until("and again", |screen| screen.matches("see https://example.org/x").count() >= 3).await;
    ann.types(":search-all example").await;
    ann.shows(&format!("{hall}: [")).await;
    ann.types(&format!(":room {den}")).await;
    ann.until("in the den again", |screen| screen.matches(&format!("Entered chat room: {den}")).count() == 2).await;
    ann.types(":theme dark").await;
    ann.shows("That is about the full-screen interface").await;
}
