//! What `--version` says of a build: the commit and its time, and what it was built for.
//!
//! The commit is taken from `CHATAPP_BUILD_COMMIT` (for builds without a repository) or from git; its time from
//! `SOURCE_DATE_EPOCH` or from git, so that two builds of one commit are the same build.
#![allow(clippy::print_stdout)]

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=CHATAPP_BUILD_COMMIT");
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let profile = env::var("PROFILE").unwrap_or_default();
    // A development build is of whatever is in the working tree: no commit describes it, and asking for one would
    // build every program again after each.
    let commit = match profile.as_str() {
        "release" => env::var("CHATAPP_BUILD_COMMIT").ok().or_else(commit_from_git),
        _ => None,
    };
    let time = env::var("SOURCE_DATE_EPOCH").ok().or_else(|| git(&["log", "-1", "--format=%ct"]));
    println!("cargo:rustc-env=CHATAPP_BUILD_COMMIT={}", commit.unwrap_or_else(|| profile.clone()));
    println!("cargo:rustc-env=CHATAPP_BUILD_TIME={}", time.unwrap_or_else(|| "0".to_owned()));
    println!("cargo:rustc-env=CHATAPP_BUILD_PROFILE={profile}");
    println!("cargo:rustc-env=CHATAPP_BUILD_RUSTC={}", rustc_version().unwrap_or_default());
    println!("cargo:rustc-env=CHATAPP_BUILD_TARGET={}", env::var("TARGET").unwrap_or_default());
}

fn rustc_version() -> Option<String> {
    let output = Command::new(env::var_os("RUSTC")?).arg("--version").output().ok()?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
}

fn commit_from_git() -> Option<String> {
    for file in ["HEAD", "logs/HEAD"] {
        println!("cargo:rerun-if-changed={}", git(&["rev-parse", "--git-path", file])?);
    }
    git(&["rev-parse", "--short=10", "HEAD"])
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
}
