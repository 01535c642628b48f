//! No secret in the repository: what looks like one in a tracked file stops the gate.

use std::fs;

use anyhow::{Result, bail};

use crate::process;

/// On a line that must look like a secret and is none (a test's sample), this says so.
const EXEMPTION: &str = "secret-scan: allow";

/// Reads every tracked file; an error that names each finding by place and kind, never by content.
pub(crate) fn scan() -> Result<()> {
    let listed = process::output("git", &["ls-files", "-z"])?;
    let mut files = 0_u32;
    let mut findings = vec![];
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        // A file that is gone from the disk is not going to be committed; one that is not text is not searched.
        let Ok(text) = fs::read_to_string(path) else { continue };
        files += 1;
        findings.extend(find(&text).into_iter().map(|(line, kind)| format!("{path}:{line}: looks like {kind}")));
    }
    if findings.is_empty() {
        println!("{files} files read");
        return Ok(());
    }
    bail!(
        "{}\nremove it and revoke it where it was valid; mark a harmless sample with `{EXEMPTION}` on its line",
        findings.join("\n")
    )
}

/// Lines (from 1) that hold something that looks like a secret, and what.
fn find(text: &str) -> Vec<(usize, &'static str)> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.contains(EXEMPTION));
    lines.filter_map(|(number, line)| Some((number + 1, kind(line)?))).collect()
}

fn kind(line: &str) -> Option<&'static str> {
    let key = line.split("-----BEGIN ").skip(1).any(|rest| rest.split("-----").next().is_some_and(is_private_key));
    if key {
        return Some("a private key");
    }
    let mut words = line.split(|c: char| !is_token_char(c));
    words.find_map(|word| if is_jwt(word) { Some("a JSON web token") } else { word.split('.').find_map(token_kind) })
}

fn is_private_key(label: &str) -> bool {
    label.ends_with("PRIVATE KEY") && label.chars().all(|c| c.is_ascii_uppercase() || c == ' ')
}

/// What a run of token characters looks like.
fn token_kind(word: &str) -> Option<&'static str> {
    let after = |prefix: &str| word.strip_prefix(prefix).map_or(0, str::len);
    // A long name in snake case is not a token: tokens are random, and so have digits or upper case.
    if after("cat_") >= 32 && word.contains(|c: char| c.is_ascii_digit() || c.is_ascii_uppercase()) {
        return Some("a script token of this platform");
    }
    if ["AKIA", "ASIA"].iter().any(|prefix| after(prefix) == 16) && !word.contains(|c: char| c.is_ascii_lowercase()) {
        return Some("an AWS access key");
    }
    if ["ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "npm_"]
        .iter()
        .any(|prefix| after(prefix) >= 20)
    {
        return Some("a token of a code host or chat service");
    }
    None
}

/// Three parts, the first two of them JSON objects in base64url.
fn is_jwt(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    parts
        .windows(3)
        .any(|three| three[..2].iter().all(|part| part.starts_with("eyJ") && part.len() >= 16) && three[2].len() >= 32)
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    // The samples are put together when the test runs, so that this file passes its own scan.
    fn found(parts: &[&str]) -> Option<&'static str> {
        find(&format!("first line\nlet x = \"{}\";\n", parts.concat())).first().map(|(line, kind)| {
            assert_eq!(*line, 2);
            *kind
        })
    }

    #[test]
    fn each_kind_of_secret_is_found() {
        assert_eq!(found(&["-----BEGIN ", "RSA PRIVATE KEY-----"]), Some("a private key"));
        assert_eq!(found(&["-----BEGIN ", "PRIVATE KEY-----"]), Some("a private key"));
        assert_eq!(found(&["cat_", &"aZ0-_".repeat(8)]), Some("a script token of this platform"));
        assert_eq!(found(&["AKIA", "IOSFODNN7EXAMPLE"]), Some("an AWS access key"));
        assert_eq!(found(&["ghp_", &"a1".repeat(18)]), Some("a token of a code host or chat service"));
        let jwt = ["eyJ", "hbGciOiJFZERTQSJ9", ".eyJ", "zdWIiOiJhbGljZSJ9", ".", &"s".repeat(86)];
        assert_eq!(found(&jwt), Some("a JSON web token"));
    }

    #[test]
    fn what_only_names_a_secret_is_not_one() {
        for text in [
            "cat_",
            "cat_token_prefix",
            "-----BEGIN PUBLIC KEY-----",
            "AKIA",
            "eyJ.eyJ.x",
            "password",
            "BEGIN PRIVATE KEY",
        ] {
            assert_eq!(found(&[text]), None, "{text}");
        }
    }

    #[test]
    fn a_sample_may_be_marked() {
        let line = ["AKIA", "IOSFODNN7EXAMPLE", " # ", EXEMPTION].concat();
        assert_eq!(find(&line), []);
    }
}
