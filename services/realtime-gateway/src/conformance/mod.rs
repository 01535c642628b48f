//! The sockets, held against RFC 6455 by somebody else's cases: those of the Autobahn test suite, as kosoku plays them.
//!
//! The gateway reads by tungstenite and writes its own frames and its own handshake, so a conforming library does not
//! make it conform. What is asked here is everything but the conversation: the server, the handshake, the reading, the
//! pump and the outbox are those of the product, and an echo speaks on them.
//!
//! `cargo qa websocket` installs kosoku and runs this; `tests/conformance/README.md` is what has to come of it.
#![allow(clippy::unwrap_used)]

mod echo;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use echo::{EchoServer, Size};
use table::Table;

/// Cases at once.
const AT_ONCE: &str = "4";
/// Where the gate installs it, in the workspace's folder.
const INSTALLED: &str = "target/qa/kosoku/bin/kosoku";

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

fn kosoku() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places =
        std::env::split_paths(&path).map(|folder| folder.join("kosoku")).chain([workspace().join(INSTALLED)]);
    places.find(|place| place.is_file()).expect("kosoku is not installed: run `cargo qa websocket`")
}

/// Plays the cases that `selected` names against an echo.
async fn play(server: EchoServer, selected: &[&str]) -> Table {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(kosoku());
    command.arg(server.address().to_string()).args(["--parallelism", AT_ONCE, "--outdir"]).arg(folder.path());
    command.args(selected.iter().flat_map(|cases| ["--include", cases]));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // It fails where a case fails; which do is in what it wrote.
    tokio::task::spawn_blocking(move || command.status().unwrap()).await.unwrap();
    Table::of_report(&std::fs::read_to_string(folder.path().join("index.json")).expect("kosoku has played"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs kosoku: `cargo qa websocket`"]
async fn every_case_ends_as_the_table_says() {
    let promised = std::fs::read_to_string(workspace().join("tests/conformance/README.md")).unwrap();
    let played = play(EchoServer::start(Size::PRODUCT).await, &["*"]).await;
    let differing = Table::of_section(&promised, "As it is").differences(&played);
    assert!(differing.is_empty(), "{differing:#?}\n\n{played}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs kosoku: `cargo qa websocket`"]
async fn every_case_ends_with_tls_as_without() {
    let promised = std::fs::read_to_string(workspace().join("tests/conformance/README.md")).unwrap();
    // Not what is too long: of a server that has refused it while more comes, a relay tells nothing for certain.
    let cases = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.1.1", "7.3.*", "7.5.*", "7.7.*", "7.9.*", "7.13.*"];
    let played = play(EchoServer::start_with_tls(Size::PRODUCT).await, &cases).await;
    let differing = Table::of_section(&promised, "As it is").of_those_in(&played).differences(&played);
    assert!(differing.is_empty(), "{differing:#?}\n\n{played}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs kosoku: `cargo qa websocket`"]
async fn messages_of_any_size_end_as_the_table_says() {
    let promised = std::fs::read_to_string(workspace().join("tests/conformance/README.md")).unwrap();
    let played = play(EchoServer::start(Size::AMPLE).await, &["9.*", "10.*"]).await;
    let differing = Table::of_section(&promised, "Without a limit of size").differences(&played);
    assert!(differing.is_empty(), "{differing:#?}\n\n{played}");
}
