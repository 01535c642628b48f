//! Programs that are told.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::Call;

/// A program that has not ended by then is ended.
const WITHIN: Duration = Duration::from_secs(10);

/// Runs the person's own program with the call as one line of JSON on its standard input.
pub(super) async fn run_hook(program: &[String], call: &Call) {
    let Ok(json) = serde_json::to_string(call) else { return };
    run(program, Some(json + "\n")).await;
}

/// Shows the desktop's notification, where there is a desktop.
pub(super) async fn on_desktop(call: &Call) {
    let text = |s: &str| s.to_owned();
    if cfg!(target_os = "macos") {
        // Passed as arguments, so that no text becomes part of the script.
        let script = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run";
        run(&[text("osascript"), text("-e"), text(script), call.title(), call.line()], None).await;
    } else if ["DISPLAY", "WAYLAND_DISPLAY"].into_iter().any(|name| std::env::var_os(name).is_some()) {
        let body = call.line().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        run(&[text("notify-send"), text("--app-name=chat"), text("--"), call.title(), body], None).await;
    }
}

async fn run(program: &[String], input: Option<String>) {
    let Some((name, args)) = program.split_first() else { return };
    let mut command = Command::new(name);
    command.args(args).kill_on_drop(true).stdout(Stdio::null()).stderr(Stdio::null());
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(e) => return tracing::warn!(program = name, error = %e, "could not run a program to be notified"),
    };
    let told = async {
        if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
            // A program that does not listen is its owner's affair.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        let _ = child.wait().await;
    };
    if tokio::time::timeout(WITHIN, told).await.is_err() {
        tracing::warn!(program = name, "a program to be notified did not end in time");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use chatapp_types::{RoomId, Timestamp};

    use super::*;

    #[tokio::test]
    async fn a_hook_gets_the_message_as_json_on_its_standard_input() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("got");
        let program = ["sh", "-c", "cat > \"$0\"", file.to_str().unwrap()].map(str::to_owned);
        let call = Call {
            room_id: RoomId::new(),
            room: "hall".to_owned(),
            seq: 7,
            at: Timestamp::from_millis(0),
            author: "ann".to_owned(),
            text: "two\nlines".to_owned(),
            mention: true,
            count: 1,
        };
        run_hook(&program, &call).await;
        let got: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!((got["room"].as_str(), got["text"].as_str()), (Some("hall"), Some("two\nlines")));
        assert_eq!((got["seq"].as_u64(), got["mention"].as_bool()), (Some(7), Some(true)));
    }

    #[tokio::test]
    async fn a_hook_that_is_not_there_harms_nobody() {
        run(&["no-such-program-here".to_owned()], None).await;
        run(&[], None).await;
    }
}
