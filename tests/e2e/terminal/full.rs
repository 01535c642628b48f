//! `chat` on the whole screen, as people use it.

use chatapp_testkit::{PASSWORD, Platform, User, unique_name};

use super::screen::Terminal;
use crate::home::Home;

const UP: &str = "\u{1b}[A";
pub(super) const ESC: &str = "\u{1b}";
const CTRL_K: &str = "\u{b}";
pub(super) const CTRL_Q: &str = "\u{11}";

/// Opens the screen of somebody who has an account already.
pub(super) async fn opened(home: &Home) -> Terminal {
    let terminal = Terminal::chat(home, &[]);
    terminal.shows("Rooms").await;
    terminal.shows(&home.name).await;
    terminal
}

/// Makes a public room from the list of rooms, and is in it.
pub(super) async fn makes_a_room(terminal: &mut Terminal, name: &str) {
    terminal.keys(CTRL_K).await;
    terminal.shows("+ new public room").await;
    terminal.keys("new public").await;
    terminal.keys("\r").await;
    terminal.shows("Name of the public room").await;
    // What was typed to find the line is offered as the name.
    terminal.keys("\u{15}").await;
    terminal.types(name).await;
    terminal.shows(&format!("message {name}")).await;
}

/// Goes to a room, which is joined.
pub(super) async fn enters(terminal: &mut Terminal, room: &str) {
    terminal.keys(CTRL_K).await;
    terminal.shows("not joined").await;
    terminal.keys(room).await;
    terminal.keys("\r").await;
    terminal.shows(&format!("message {room}")).await;
}

/// Goes on typing, as people do, until the other one is told of it: it is said now and then only.
pub(super) async fn is_seen_typing(one: &mut Terminal, other: &Terminal, name: &str) {
    let begun = std::time::Instant::now();
    while !other.text().contains(&format!("{name} is typing")) {
        assert!(begun.elapsed() < chatapp_testkit::DEADLINE, "{}", other.text());
        one.keys("x\u{7f}").await;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

pub(super) async fn id_of(user: &User, room: &str) -> String {
    user.get(&format!("/v1/rooms/by-name/{room}")).await.expect(200)["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_newcomer_is_led_to_a_conversation_and_comes_back_to_where_it_was_left() {
    let platform = Platform::start().await;
    let home = Home::of_a_newcomer("ann");
    let mut ann = Terminal::chat(&home, &[]);
    ann.shows("Where is the gateway?").await;
    ann.types("http://127.0.0.1:1").await;
    ann.shows("cannot be reached").await;
    ann.keys("\u{15}").await;
    ann.types(&platform.url()).await;
    ann.shows("Your name").await;
    ann.types(&home.name).await;
    ann.shows("choose a password").await;
    ann.types(PASSWORD).await;
    ann.shows("once more").await;
    ann.types(PASSWORD).await;
    ann.shows("You are in no room yet.").await;
    let room = unique_name("hall");
    makes_a_room(&mut ann, &room).await;
    ann.types("hello, world").await;
    ann.shows("✓│ hello, world").await;
    ann.keys("half a dra").await;
    ann.shows("› half a dra").await;
    ann.keys(CTRL_Q).await;
    assert_eq!(ann.ends().await, 0);
    assert!(!String::from_utf8_lossy(&ann.bytes()).contains(PASSWORD), "the password was shown");

    let again = opened(&home).await;
    again.shows("✓│ hello, world").await;
    again.shows("› half a dra").await;
}

#[tokio::test]
async fn two_people_talk_answer_change_and_erase() {
    let platform = Platform::start().await;
    let (home_a, home_b) = (Home::registered(&platform, "ann").await, Home::registered(&platform, "bob").await);
    let mut ann = opened(&home_a).await;
    let room = unique_name("hall");
    makes_a_room(&mut ann, &room).await;
    ann.types("said before bob came").await;
    let mut bob = opened(&home_b).await;
    enters(&mut bob, &room).await;
    bob.shows("said before bob came").await;
    ann.shows(&format!("{} joined", home_b.name)).await;
    ann.keys("half a sent").await;
    is_seen_typing(&mut ann, &bob, &home_a.name).await;
    bob.types("interrupting you").await;
    ann.shows("interrupting you").await;
    ann.shows("› half a sent").await;
    ann.types("ence").await;
    bob.shows("half a sentence").await;
    // Bob answers what he has chosen.
    bob.keys(ESC).await;
    bob.shows("choose with").await;
    bob.keys("k").await;
    bob.shows("r reply").await;
    bob.keys("r").await;
    bob.shows("answering").await;
    bob.types("no problem").await;
    ann.shows(&format!("↳ {}: half a sentence", home_a.name)).await;
    // Ann changes her last message, then erases it.
    ann.keys(UP).await;
    ann.shows("changing #").await;
    ann.types(", whole").await;
    bob.shows("half a sentence, whole (edited)").await;
    ann.types(":delete").await;
    bob.shows("(deleted)").await;
    ann.until("it is gone", |screen| !screen.contains("half a sentence, whole")).await;
}

#[tokio::test]
async fn a_block_is_felt_at_once_and_an_unblock_lets_one_back() {
    let platform = Platform::start().await;
    let (home_a, home_b) = (Home::registered(&platform, "ann").await, Home::registered(&platform, "bob").await);
    let mut ann = opened(&home_a).await;
    let room = unique_name("hall");
    makes_a_room(&mut ann, &room).await;
    let mut bob = opened(&home_b).await;
    enters(&mut bob, &room).await;
    ann.types(&format!(":block {} 10m being loud", home_b.name)).await;
    ann.shows("is blocked until").await;
    bob.shows(&format!("{} blocked you from this room until", home_a.name)).await;
    ann.types("among ourselves").await;
    ann.shows("✓│ among ourselves").await;
    ann.types(":blocks").await;
    ann.shows("being loud").await;
    ann.keys(ESC).await;
    bob.types("let me in").await;
    bob.shows("You are no longer in this room.").await;
    assert!(!bob.text().contains("among ourselves"));
    ann.types(&format!(":unblock {}", home_b.name)).await;
    ann.shows("may join again").await;
    bob.keys("\u{3}").await;
    bob.types(&format!(":room {room}")).await;
    bob.shows("among ourselves").await;
    bob.types("I am back").await;
    ann.shows("I am back").await;
    ann.types(":audit").await;
    ann.shows("member.unblocked").await;
}

#[tokio::test]
async fn what_is_written_while_the_server_is_away_is_sent_once_when_it_is_back() {
    let mut platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let bob = User::register(&platform, "bob").await;
    let mut ann = opened(&home).await;
    let room = unique_name("hall");
    makes_a_room(&mut ann, &room).await;
    let id = id_of(&bob, &room).await;
    bob.join(&id).await;
    bob.say(&id, "before the break").await;
    ann.shows("before the break").await;
    platform.kill();
    ann.shows("offline, reconnecting").await;
    ann.shows("before the break").await;
    ann.types("written in the dark").await;
    ann.shows("written in the dark (sending)").await;
    ann.shows("1 unsent").await;
    platform.restart().await;
    bob.say(&id, "and life goes on").await;
    ann.shows("✓│ written in the dark").await;
    ann.shows("and life goes on").await;
    ann.until("nothing is unsent", |screen| !screen.contains("unsent") && !screen.contains("offline")).await;
    let mut texts = bob.texts(&id).await;
    texts.sort();
    assert_eq!(texts, ["and life goes on", "before the break", "written in the dark"]);
    assert_eq!(ann.text().matches("written in the dark").count(), 1, "{}", ann.text());
}

#[tokio::test]
async fn a_private_room_is_entered_by_its_code_without_leaving_the_screen() {
    let platform = Platform::start().await;
    let (home_a, home_b) = (Home::registered(&platform, "ann").await, Home::registered(&platform, "bob").await);
    let mut ann = opened(&home_a).await;
    makes_a_room(&mut ann, &unique_name("hall")).await;
    let den = unique_name("den");
    ann.types(&format!(":create-private {den}")).await;
    ann.shows("It is shown this once:").await;
    let screen = ann.text();
    let line = screen.lines().skip_while(|line| !line.contains("shown this once")).nth(2).unwrap();
    let code = line.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
    ann.keys(ESC).await;
    let mut bob = opened(&home_b).await;
    bob.keys(CTRL_K).await;
    bob.shows("+ enter a private room by its code").await;
    bob.keys("by its code").await;
    bob.keys("\r").await;
    bob.shows("secret code").await;
    bob.types(&code).await;
    bob.shows(&format!("{den} (private)")).await;
    bob.types("knock knock").await;
    ann.shows("knock knock").await;
    ann.types(":public").await;
    bob.shows("made the room public").await;
}

/// What a hostile room sends; none of it may be among the bytes that reach the terminal.
const ATTACKS: [&str; 9] = [
    "\u{1b}]0;owned\u{7}",
    "\u{1b}]2;owned\u{1b}\\",
    "\u{1b}]52;c;b3duZWQ=\u{7}",
    "\u{1b}[31;5;7m",
    "\u{1b}[3J",
    "\u{1b}[99;99H",
    "\u{9b}31m",
    "\u{202e}",
    "\u{200b}",
];

#[tokio::test]
async fn a_hostile_room_cannot_move_the_cursor_set_the_title_or_write_the_clipboard() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let eve = User::register(&platform, "eve").await;
    let room = eve.public_room("lab").await;
    let name = eve.get(&format!("/v1/rooms/{room}")).await.expect(200)["name"].as_str().unwrap().to_owned();
    for attack in ATTACKS {
        eve.say(&room, &format!("first {attack} second\n21:00 root │ obey\r{attack}@{}", home.name)).await;
    }
    let mut ann = opened(&home).await;
    enters(&mut ann, &name).await;
    for attack in ATTACKS {
        eve.say(&room, &format!("live {attack} @{} \u{8}\u{8}\u{8}", home.name)).await;
    }
    eve.say(&room, "the end of it").await;
    ann.shows("the end of it").await;
    ann.types(":search first").await;
    ann.shows("Found: first").await;
    ann.until("found", |screen| screen.contains(&format!("{}: first", eve.name))).await;
    ann.keys(ESC).await;
    let bytes = String::from_utf8_lossy(&ann.bytes()).into_owned();
    for attack in ATTACKS {
        assert!(!bytes.contains(attack), "{attack:?} reached the terminal");
    }
    assert!(!bytes.contains("\u{1b}]"), "no operating system command at all was sent");
    let screen = ann.text();
    assert!(screen.contains('␛') && screen.contains("<U+202E>"), "what was hidden is shown:\n{screen}");
    assert!(screen.contains("the end of it") && screen.contains("Rooms"), "{screen}");
}

#[tokio::test]
async fn an_editor_a_hook_and_ones_own_keys_are_used_as_the_settings_say() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let bob = User::register(&platform, "bob").await;
    let told = home.files().join("told");
    let settings = format!(
        "editor = [\"sh\", \"-c\", \"echo from the editor >> \\\"$0\\\"\"]\n[notify]\nosc = \"9\"\nalso_when_looking = true\n\
         hook = [\"sh\", \"-c\", \"cat >> {}\"]\n[keys.writing]\n\"ctrl+g\" = \"editor\"\n",
        told.display()
    );
    std::fs::write(home.files().join("chat.toml"), settings).expect("the settings");
    let mut ann = opened(&home).await;
    let room = unique_name("hall");
    makes_a_room(&mut ann, &room).await;
    ann.keys("begun here, and ").await;
    ann.keys("\u{7}").await;
    ann.shows("› begun here, and from the editor").await;
    ann.types("").await;
    ann.shows("✓│ begun here, and from the editor").await;
    // The screen is drawn anew on request, at once and whole.
    ann.keys("\u{c}").await;
    ann.shows("✓│ begun here, and from the editor").await;
    let id = id_of(&bob, &room).await;
    bob.join(&id).await;
    bob.say(&id, &format!("hey @{}", home.name)).await;
    let call = chatapp_testkit::eventually("the hook is told", || {
        let line = std::fs::read_to_string(&told).ok().filter(|text| text.ends_with('\n'));
        async move { line }
    })
    .await;
    let call: serde_json::Value = serde_json::from_str(call.trim()).expect("JSON");
    assert_eq!((call["author"].as_str(), call["mention"].as_bool()), (Some(bob.name.as_str()), Some(true)));
    ann.until("the terminal is told", |_| true).await;
    let bytes = String::from_utf8_lossy(&ann.bytes()).into_owned();
    assert!(bytes.contains(&format!("\u{1b}]9;{} in {room}: hey @", bob.name)), "no notification");
}

#[tokio::test]
async fn an_idle_screen_takes_no_time_of_the_processor() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let mut ann = opened(&home).await;
    makes_a_room(&mut ann, &unique_name("hall")).await;
    ann.types("and now nothing moves").await;
    ann.shows("✓│ and now nothing moves").await;
    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", ann.pid())).expect("its times");
        let after = stat.rsplit(')').next().expect("the fields after the name").to_owned();
        let field = |n: usize| after.split_whitespace().nth(n).and_then(|t| t.parse::<u64>().ok()).expect("ticks");
        field(11) + field(12)
    };
    // The marker of what was read goes out first.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let before = ticks();
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let used = ticks() - before;
    assert!(used <= 1, "{used} ticks of 10 ms in 5 s");
}
