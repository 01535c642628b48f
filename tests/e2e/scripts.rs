//! `chat` in scripts: exit codes, lines of JSON, pipes, and messages that survive.

mod outbox;
mod session;

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use chatapp_testkit::{DEADLINE, PASSWORD, Platform, Setup, User, unique_name, within};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::home::Home;

#[tokio::test]
async fn an_account_is_made_used_and_left_by_commands() {
    let platform = Platform::start().await;
    let home = Home::new(&platform, "ann");
    home.run(&["whoami"]).await.expect_code(3);
    let password = format!("{PASSWORD}\n");
    let made = home.run_with(&["register", &home.name, "--password-stdin"], &password).await.expect_code(0);
    assert_eq!((made.stdout.as_str(), made.stderr.as_str()), ("", ""), "quiet when nobody watches");
    assert_eq!(home.json(&["whoami"]).await[0]["username"], home.name.as_str());
    assert_eq!(home.run(&["whoami"]).await.expect_code(0).stdout, format!("{}\n", home.name));
    let credentials = home.files().join("credentials.json");
    assert_eq!(std::fs::metadata(&credentials).unwrap().permissions().mode() & 0o777, 0o600);
    home.run(&["logout"]).await.expect_code(0);
    home.run(&["whoami"]).await.expect_code(3);
    assert!(!std::fs::read_to_string(&credentials).unwrap().contains("refresh_token\": \"ey"));
    home.run_with(&["login", &home.name, "--password-stdin"], "wrong-password-1\n").await.expect_code(3);
    home.run_with(&["login", &home.name, "--password-stdin"], &password).await.expect_code(0);
    let sessions = home.json(&["sessions"]).await;
    assert_eq!((sessions.len(), &sessions[0]["current"]), (1, &json!(true)));
    home.run_with(&["register", &home.name, "--password-stdin"], &password).await.expect_code(5);
    home.run_with(&["register", "x", "--password-stdin"], &password).await.expect_code(5);
    home.run_with(&["login", &home.name, "--password-stdin"], "").await.expect_code(2);
}

#[tokio::test]
async fn profiles_are_different_people() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let other = unique_name("work");
    let register = ["--profile", "work", "register", &other, "--password-stdin"];
    home.run_with(&register, &format!("{PASSWORD}\n")).await.expect_code(0);
    assert_eq!(home.json(&["whoami"]).await[0]["username"], home.name.as_str());
    assert_eq!(home.json(&["whoami", "--profile", "work"]).await[0]["username"], other.as_str());
    home.run(&["whoami", "--profile", "../escape"]).await.expect_code(2);
}

#[tokio::test]
async fn a_room_is_run_by_commands_and_every_answer_is_lines_of_json() {
    let platform = Platform::start().await;
    let (ann, bob) = (Home::registered(&platform, "ann").await, Home::registered(&platform, "bob").await);
    let name = unique_name("den");
    let made = ann.json(&["create", &name, "--private", "--topic", "bears"]).await;
    let (room, code) = (made[0]["id"].as_str().unwrap(), made[0]["secret_code"].as_str().unwrap());
    assert_eq!(bob.json(&["join", "--code", code]).await[0]["id"], room);
    let posted = ann.json(&["send", &name, "hello bob"]).await;
    assert_eq!((&posted[0]["body"], &posted[0]["duplicate"]), (&json!("hello bob"), &json!(false)));
    let rooms = bob.json(&["rooms"]).await;
    assert_eq!(
        (&rooms[0]["name"], &rooms[0]["unread"], &rooms[0]["topic"]),
        (&json!(name), &json!(1), &json!("bears"))
    );
    let kinds =
        |entries: Vec<Value>| entries.iter().map(|e| e["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let told = kinds(bob.json(&["tail", &name]).await);
    assert_eq!(
        (told.first().map(String::as_str), told.last().map(String::as_str)),
        (Some("room.created"), Some("message.posted"))
    );
    let since = posted[0]["seq"].as_u64().unwrap() - 1;
    assert_eq!(kinds(bob.json(&["tail", &name, "--since", &since.to_string()]).await), ["message.posted"]);
    assert_eq!(bob.json(&["history", &name]).await[0]["author"]["username"], ann.name.as_str());
    assert_eq!(bob.json(&["search", "hello"]).await[0]["room_name"], name.as_str());
    let members = ann.json(&["members", &name]).await;
    assert_eq!(members.len(), 2);
    bob.run(&["edit", &name, &posted[0]["seq"].to_string(), "mine"]).await.expect_code(4);
    ann.run(&["edit", &name, &posted[0]["seq"].to_string(), "hello again"]).await.expect_code(0);
    ann.run(&["delete", &name, posted[0]["id"].as_str().unwrap()]).await.expect_code(0);
    assert_eq!(bob.json(&["history", &name]).await[0]["deleted"], true);
    let rotated = ann.json(&["code", &name, "--uses", "1"]).await;
    assert_ne!(rotated[0]["secret_code"], code);
    ann.run(&["visibility", &name, "public"]).await.expect_code(0);
    ann.run(&["delete-room", &name]).await.expect_code(2);
    ann.run(&["delete-room", &name, "--yes"]).await.expect_code(0);
    bob.run(&["history", &name]).await.expect_code(4);
}

#[tokio::test]
async fn moderation_by_commands_holds() {
    let platform = Platform::start().await;
    let (ann, bob) = (Home::registered(&platform, "ann").await, Home::registered(&platform, "bob").await);
    let name = unique_name("hall");
    ann.run(&["create", &name]).await.expect_code(0);
    ann.run(&["add", &name, &bob.name]).await.expect_code(0);
    bob.run(&["send", &name, "I am in"]).await.expect_code(0);
    ann.run(&["remove", &name, &bob.name]).await.expect_code(0);
    bob.run(&["send", &name, "still here?"]).await.expect_code(4);
    bob.run(&["join", &name]).await.expect_code(0);
    bob.run(&["block", &name, &ann.name]).await.expect_code(4);
    ann.run(&["block", &name, &bob.name, "--for", "1h", "--reason", "noise"]).await.expect_code(0);
    bob.run(&["join", &name]).await.expect_code(4);
    bob.run(&["history", &name]).await.expect_code(4);
    let blocks = ann.json(&["blocks", &name]).await;
    assert_eq!((&blocks[0]["reason"], blocks[0]["until"].is_string()), (&json!("noise"), true));
    ann.run(&["unblock", &name, &bob.name]).await.expect_code(0);
    bob.run(&["join", &name]).await.expect_code(0);
    ann.run(&["leave", &name]).await.expect_code(5);
    ann.run(&["transfer", &name, &bob.name]).await.expect_code(0);
    ann.run(&["leave", &name]).await.expect_code(0);
    let acts: Vec<Value> = bob.json(&["audit", &name]).await;
    let actions: Vec<&str> = acts.iter().rev().filter_map(|a| a["action"].as_str()).collect();
    for action in ["member.added", "member.removed", "member.blocked", "member.unblocked"] {
        assert!(actions.contains(&action), "{action} is not in {actions:?}");
    }
}

#[tokio::test]
async fn each_way_to_fail_has_its_exit_code() {
    let mut platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    home.run(&["no-such-command"]).await.expect_code(2);
    home.run(&["send"]).await.expect_code(2);
    home.run(&["rooms", "--url", "ftp://x"]).await.expect_code(2);
    home.run(&["send", "no-such-room", "hi"]).await.expect_code(4);
    home.run(&["join", "--code", "not-a-code-at-all"]).await.expect_code(4);
    home.run(&["create", " "]).await.expect_code(5);
    let name = unique_name("hall");
    home.run(&["create", &name]).await.expect_code(0);
    home.run(&["create", &name]).await.expect_code(5);
    let refused = home.run(&["send", "no-such-room", "hi", "--json"]).await.expect_code(4);
    let error: Value = serde_json::from_str(&refused.stderr).expect("the error as JSON");
    assert_eq!((&error["exit"], &error["error"]["code"]), (&json!(4), &json!("room_not_found")));
    assert_eq!(refused.stdout, "");
    platform.kill();
    home.run(&["rooms"]).await.expect_code(6);
    assert_eq!(home.run(&["--version"]).await.expect_code(0).stderr, "");
    assert!(home.run(&["--help"]).await.expect_code(0).stdout.contains("Exit codes:"));
}

#[tokio::test]
async fn too_many_tries_have_their_exit_code() {
    let platform = Setup::default().throttled().start().await;
    let user = User::register(&platform, "ann").await;
    let home = Home::new(&platform, "unused");
    for _ in 0..12 {
        let run = home.run_with(&["login", &user.name, "--password-stdin"], "wrong-password-1\n").await;
        if run.code == Some(7) {
            assert!(run.stderr.contains("try again in"), "{}", run.stderr);
            return;
        }
        run.expect_code(3);
    }
    panic!("never throttled");
}

#[tokio::test]
async fn lines_of_standard_input_become_messages_and_bad_ones_are_told() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let name = unique_name("hall");
    home.run(&["create", &name]).await.expect_code(0);
    let sent = home.run_with(&["send", &name, "--lines", "--json"], "one\n\ntwo\r\nthree without an end").await;
    let bodies: Vec<Value> = sent.expect_code(0).json_lines().iter().map(|m| m["body"].clone()).collect();
    assert_eq!(bodies, ["one", "two", "three without an end"]);
    let input = format!("four\n{}\nfive\n", "x".repeat(4_001));
    let partly = home.run_with(&["send", &name, "--lines"], &input).await.expect_code(5);
    assert!(partly.stderr.contains("a line is not sent"), "{}", partly.stderr);
    home.run_with(&["send", &name], "one message\nof two lines\n").await.expect_code(0);
    let history = home.json(&["history", &name]).await;
    let bodies: Vec<&str> = history.iter().filter_map(|m| m["body"].as_str()).collect();
    assert_eq!(bodies, ["one", "two", "three without an end", "four", "five", "one message\nof two lines"]);
}

#[tokio::test]
async fn the_same_key_sends_once_however_often_the_command_runs() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let name = unique_name("hall");
    home.run(&["create", &name]).await.expect_code(0);
    let key = uuid::Uuid::now_v7().to_string();
    let send = ["send", &name, "nightly build: ok", "--key", &key];
    assert_eq!(home.json(&send).await[0]["duplicate"], false);
    assert_eq!(home.json(&send).await[0]["duplicate"], true);
    home.run(&["send", &name, "nightly build: failed", "--key", &key]).await.expect_code(5);
    assert_eq!(home.json(&["history", &name]).await.len(), 1);
}

#[tokio::test]
async fn a_scripts_token_takes_the_place_of_a_log_in() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let name = unique_name("hall");
    home.run(&["create", &name]).await.expect_code(0);
    let made = home.run(&["token", "create", "ci", "--scope", "read"]).await.expect_code(0);
    let token = made.stdout.trim().to_owned();
    assert!(token.starts_with("cat_"), "the token and nothing else: {token}");
    let script = Home::new(&platform, "script");
    let run = async |args: &[&str]| {
        let ended = within(DEADLINE, "chat", script.command(args).env("CHAT_TOKEN", &token).output()).await.unwrap();
        (ended.status.code(), String::from_utf8(ended.stdout).unwrap())
    };
    assert_eq!(run(&["whoami"]).await, (Some(0), format!("{}\n", home.name)));
    assert_eq!(run(&["history", &name]).await.0, Some(0));
    assert_eq!(run(&["send", &name, "hi"]).await.0, Some(4), "the token may only read");
    assert_eq!(run(&["logout"]).await.0, Some(2), "there is no log-in to leave");
    assert!(!script.files().join("credentials.json").exists(), "a token is written nowhere");
    home.run(&["token", "revoke", "ci"]).await.expect_code(0);
    chatapp_testkit::eventually("the token stops working", || async {
        (run(&["whoami"]).await.0 == Some(3)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_followed_room_is_a_pipe_of_lines_that_ends_when_nobody_reads() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let bob = User::register(&platform, "bob").await;
    let room = bob.public_room("lab").await;
    home.run(&["join", &room]).await.expect_code(0);
    for args in [&["tail", &room, "--follow", "--json"][..], &["tail", &room, "--follow", "--json", "--poll"]] {
        let mut tail = home.command(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
        let mut next = async || {
            let line = within(DEADLINE, "a line", lines.next_line()).await.unwrap().expect("more lines");
            serde_json::from_str::<Value>(&line).unwrap()
        };
        while next().await["kind"] != "member.joined" {}
        let said = unique_name("live");
        bob.say(&room, &said).await;
        while next().await["body"] != said.as_str() {}
        drop(lines);
        // The next line finds no reader.
        bob.say(&room, "into the void").await;
        let ended = within(DEADLINE, "the end of the tail", tail.wait()).await.unwrap();
        assert_eq!(ended.code(), Some(0), "{args:?}");
    }
}

#[tokio::test]
async fn the_plain_client_takes_its_lines_from_a_pipe() {
    let platform = Platform::start().await;
    let home = Home::new(&platform, "ann");
    let room = unique_name("hall");
    let input = format!("{}\n{PASSWORD}\n0\n{room}\nn\nfrom a pipe\n", home.name);
    let run = home.run_with(&["--plain"], &input).await.expect_code(0);
    let expected =
        ["User not found. Creating new user.", "Registered successfully.", "Available chat rooms:", "Goodbye!"];
    let found: Vec<&str> = run.stdout.lines().map(str::trim).filter(|line| expected.contains(line)).collect();
    assert_eq!(found, expected);
    assert_eq!(home.json(&["history", &room]).await[0]["body"], "from a pipe");
    let none = home.run(&[]).await.expect_code(2);
    assert!(none.stderr.contains("--plain"), "without a terminal it says what to do: {}", none.stderr);
}

#[tokio::test]
async fn completions_and_manual_pages_are_made_of_the_commands() {
    let home = Home::of_a_newcomer("nobody");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.run(&["completions", shell]).await.expect_code(0).stdout;
        assert!(script.contains("unblock") && script.contains("password-stdin"), "{shell}");
    }
    let pages = home.files().join("man");
    home.run(&["man", "--dir", pages.to_str().unwrap()]).await.expect_code(0);
    for page in ["chat.1", "chat-send.1", "chat-token-create.1"] {
        let text = std::fs::read_to_string(pages.join(page)).unwrap_or_else(|e| panic!("{page}: {e}"));
        assert!(text.starts_with(".ie") && text.contains(".TH"), "{page}");
    }
    let main = home.run(&["man"]).await.expect_code(0).stdout;
    assert!(main.contains(".TH chat 1"), "{main}");
}
