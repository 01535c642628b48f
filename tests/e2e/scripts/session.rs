//! The log-in that `chat` keeps: renewed by several at once, kept from others, and sent to nobody who cannot prove
//! who they are.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use chatapp_testkit::{Certificate, DEADLINE, PASSWORD, Platform, Setup, User, eventually, within};
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::home::Home;

/// Makes the kept access token one that has to be renewed before its next use.
fn let_the_token_expire(home: &Home) {
    let file = home.files().join("credentials.json");
    let mut content: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    content["profiles"]["default"]["session"]["expires_at"] = json!("2020-01-01T00:00:00Z");
    std::fs::write(&file, content.to_string()).unwrap();
}

#[tokio::test]
async fn windows_of_one_profile_that_renew_the_log_in_at_once_all_go_on() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    for _ in 0..3 {
        let_the_token_expire(&home);
        for run in join_all((0..8).map(|_| home.run(&["whoami"]))).await {
            assert_eq!(run.expect_code(0).stdout, format!("{}\n", home.name));
        }
    }
    assert_eq!(home.json(&["sessions"]).await.len(), 1);
}

#[tokio::test]
async fn what_is_kept_is_for_its_owner_alone() {
    let mut platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let room = home.json(&["create", &chatapp_testkit::unique_name("hall")]).await[0]["id"].clone();
    platform.kill();
    home.run(&["send", room.as_str().unwrap(), "secret", "--patience", "1s"]).await.expect_code(6);
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(home.files()), 0o700);
    let mut files = 0;
    for file in std::fs::read_dir(home.files()).unwrap().flatten() {
        let own = if file.path().is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(file.path()), own, "{:?}", file.path());
        files += 1;
    }
    assert!(files >= 2, "credentials and outbox");
}

#[tokio::test]
async fn a_damaged_file_of_credentials_is_told_and_left_alone() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let file = home.files().join("credentials.json");
    std::fs::write(&file, "{\"version\":1,\"profiles\":{\"default\":").unwrap();
    let run = home.run(&["whoami"]).await.expect_code(1);
    assert!(run.stderr.contains("credentials.json"), "{}", run.stderr);
    assert!(std::fs::read_to_string(&file).unwrap().ends_with("\"default\":"));
}

#[tokio::test]
async fn nothing_secret_is_in_the_clients_own_log() {
    let platform = Platform::start().await;
    let home = Home::new(&platform, "ann");
    let run = async |args: &[&str]| {
        let mut command = home.command(args);
        let ended = within(DEADLINE, "chat", command.env("CHAT_LOG", "trace").env("CHAT_PASSWORD", PASSWORD).output());
        let ended = ended.await.unwrap();
        (String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap())
    };
    let mut log = run(&["register", &home.name]).await.1;
    let (made, more) = run(&["create", "den", "--private", "--json"]).await;
    let room: Value = serde_json::from_str(&made).unwrap();
    log += &more;
    log += &run(&["join", "--code", room["secret_code"].as_str().unwrap()]).await.1;
    log += &run(&["send", room["id"].as_str().unwrap(), "hello"]).await.1;
    let (token, more) = run(&["token", "create", "ci"]).await;
    log += &more;
    let kept: Value =
        serde_json::from_str(&std::fs::read_to_string(home.files().join("credentials.json")).unwrap()).unwrap();
    let session = &kept["profiles"]["default"]["session"];
    assert!(log.len() > 1_000, "it logged: {log}");
    let secrets = [
        &json!(PASSWORD),
        &room["secret_code"],
        &json!(token.trim()),
        &session["access_token"],
        &session["refresh_token"],
    ];
    for secret in secrets {
        let secret = secret.as_str().unwrap();
        assert!(secret.len() > 8 && !log.contains(secret), "a secret was logged");
    }
}

#[tokio::test]
async fn a_gateway_behind_tls_is_used_when_its_certificate_is_trusted_and_not_otherwise() {
    let certificate = Certificate::new();
    let platform = Setup::default().tls(&certificate).start().await;
    let home = Home::new(&platform, "ann");
    let bob = User::register(&platform, "bob").await;
    let room = bob.public_room("lab").await;
    let run = async |args: &[&str]| {
        let mut command = home.command(args);
        let command = command.env("SSL_CERT_FILE", certificate.cert_file()).env("CHAT_PASSWORD", PASSWORD);
        within(DEADLINE, "chat", command.output()).await.unwrap().status.code()
    };
    assert_eq!(run(&["register", &home.name]).await, Some(0));
    assert_eq!(run(&["join", &room]).await, Some(0));
    let mut tail = home.command(&["tail", &room, "--follow", "--json"]);
    let mut tail = tail.env("SSL_CERT_FILE", certificate.cert_file()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    bob.say(&room, "by TLS").await;
    while !within(DEADLINE, "the message", lines.next_line()).await.unwrap().unwrap().contains("by TLS") {}
    home.run(&["whoami"]).await.expect_code(6);
}

#[tokio::test]
async fn an_interrupted_command_ends_with_130() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let room = home.json(&["create", &chatapp_testkit::unique_name("hall")]).await[0]["id"].clone();
    let mut tail = home.command(&["tail", room.as_str().unwrap(), "--follow"]).spawn().unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    within(DEADLINE, "the first line", lines.next_line()).await.unwrap();
    let pid = tail.id().unwrap().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(sent.success());
    let code = eventually("the end", || std::future::ready(tail.try_wait().unwrap())).await.code();
    assert_eq!(code, Some(130));
}
