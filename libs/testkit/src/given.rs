//! A platform that somebody else started: deployed in containers, or on another machine.

use std::path::PathBuf;
use std::process::Command;

/// Names the URL of a platform for tests to use in place of one that they start. Its rate limits must be off.
const URL_VARIABLE: &str = "CHATAPP_TEST_URL";
/// Names a program that kills the service that is its argument, at the platform that is given.
const KILL_VARIABLE: &str = "CHATAPP_TEST_KILL";

/// The platform that is given, if any; without a slash at its end.
pub fn given_url() -> Option<String> {
    let url = std::env::var(URL_VARIABLE).ok().filter(|url| !url.is_empty())?;
    Some(url.trim_end_matches('/').to_owned())
}

/// Kills a service of the given platform, as a crash would. Whoever deployed it sees to it that it comes back.
pub fn kill_given(service: &str) {
    let program = PathBuf::from(std::env::var_os(KILL_VARIABLE).expect("CHATAPP_TEST_KILL names a program"));
    let killed = Command::new(&program).arg(service).output().expect("the program runs");
    let said = String::from_utf8_lossy(&killed.stderr);
    assert!(killed.status.success(), "{} {service}: {said}", program.display());
}
