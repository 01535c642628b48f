//! `chatapp doctor`: what is wrong with this machine's platform, and what to do about it.
//!
//! Each check looks at one thing, changes nothing, and gives findings; a check never fails as a whole. So it can be
//! run beside a working platform, and on the ruins of one.

mod clock;
mod database;
mod files;
mod finding;
mod network;
mod space;

use std::path::PathBuf;

use chatapp_http::ServerConfig;
use chatapp_service::Storage;
use chatapp_types::Clock;

use crate::screen::{Screen, Style};
pub use finding::{Finding, Level};

/// What is looked at.
pub struct Patient<'a> {
    /// Where everything is.
    pub storage: &'a Storage,
    /// Where it listens.
    pub server: &'a ServerConfig,
    /// Where log files go.
    pub logs: PathBuf,
    /// The settings file, where there is one.
    pub settings_file: Option<PathBuf>,
    /// Keys of the settings file that nobody knows.
    pub unknown_settings: Vec<String>,
    /// The machine's clock.
    pub clock: &'a dyn Clock,
    /// When the commit was made that this program was built from, in seconds since the epoch; 0 when not known.
    pub built_from_commit_at: i64,
}

/// Looks at everything.
pub async fn examine(patient: &Patient<'_>) -> Vec<Finding> {
    let mut findings = vec![settings(patient)];
    findings.extend(files::check(patient));
    findings.push(space::check(patient.storage));
    let seen = database::check(patient.storage).await;
    findings.extend(seen.findings);
    findings.push(clock::check(patient.clock.now(), patient.built_from_commit_at, seen.newest_entry));
    findings.extend(network::check(patient).await);
    findings
}

/// Prints the findings. Returns whether nothing is wrong.
pub fn report(findings: &[Finding], json: bool, screen: Screen) -> anyhow::Result<bool> {
    for finding in findings {
        if json {
            screen.json(finding)?;
            continue;
        }
        let (style, word) = match finding.level {
            Level::Ok => (Style::Good, "ok  "),
            Level::Warn => (Style::Warning, "warn"),
            Level::Fail => (Style::Bad, "fail"),
        };
        screen.line(format!("{}  {:<11} {}", screen.styled(style, word), finding.check, finding.message));
        if let Some(advice) = &finding.advice {
            screen.line(format!("      {:<11} {}", "", screen.styled(Style::Strong, advice)));
        }
    }
    Ok(findings.iter().all(|finding| finding.level != Level::Fail))
}

fn settings(patient: &Patient<'_>) -> Finding {
    let Some(file) = &patient.settings_file else {
        return Finding::ok("settings", "from flags, environment and defaults; there is no settings file");
    };
    if patient.unknown_settings.is_empty() {
        return Finding::ok("settings", format!("{} is read", file.display()));
    }
    let unknown = patient.unknown_settings.join(", ");
    Finding::warn("settings", format!("{} has settings that do not exist: {unknown}", file.display()))
        .advise("correct their names (`chatapp up --help` lists all), or remove them")
}

#[cfg(test)]
mod tests;
