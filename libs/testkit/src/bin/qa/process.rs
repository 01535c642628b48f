//! Running other programs: without an input, so that nothing waits for a person who is not there.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result, bail};

/// Prints the command line and runs it; an error when it fails.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<()> {
    println!("$ {program} {}", arguments.join(" "));
    let status = command(program, arguments).status().with_context(|| format!("starting {program}"))?;
    expect_success(program, arguments, status)
}

/// Runs silently; whether it succeeded. A program that does not exist did not.
pub(crate) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let quiet = command(program, arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

/// What it prints on standard output; an error when it fails.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let output =
        command(program, arguments).stderr(Stdio::inherit()).output().with_context(|| format!("starting {program}"))?;
    expect_success(program, arguments, output.status)?;
    String::from_utf8(output.stdout).with_context(|| format!("{program} printed something that is not text"))
}

/// Prints the command line, runs it, prints its lines as they come and shows each of them to `read`; an error when it
/// fails.
pub(crate) fn watch(program: &str, arguments: &[&str], read: impl FnMut(&str)) -> Result<()> {
    let status = watch_to_end(program, arguments, read)?;
    expect_success(program, arguments, status)
}

/// Like [`watch`], for a program whose exit codes say more than one thing.
pub(crate) fn watch_to_end(program: &str, arguments: &[&str], mut read: impl FnMut(&str)) -> Result<ExitStatus> {
    println!("$ {program} {}", arguments.join(" "));
    let mut child = command(program, arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {program}"))?;
    let (sender, lines) = mpsc::channel();
    let outputs: [Option<Box<dyn Read + Send>>; 2] =
        [child.stdout.take().map(|out| Box::new(out) as _), child.stderr.take().map(|err| Box::new(err) as _)];
    for output in outputs.into_iter().flatten() {
        let sender = sender.clone();
        thread::spawn(move || forward(output, &sender));
    }
    drop(sender);
    for line in lines {
        println!("{line}");
        read(&line);
    }
    child.wait().with_context(|| format!("waiting for {program}"))
}

fn forward(output: impl Read, lines: &mpsc::Sender<String>) {
    let mut output = BufReader::new(output);
    let mut line = vec![];
    while output.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
        if lines.send(text).is_err() {
            return;
        }
        line.clear();
    }
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command
}

fn expect_success(program: &str, arguments: &[&str], status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{program} {}` ended with {status}", arguments.join(" "));
    }
    Ok(())
}
