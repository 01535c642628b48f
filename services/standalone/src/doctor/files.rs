//! Directories and files: are they there, writable, and nobody else's?

use std::fs;
use std::io;
use std::path::Path;

use chatapp_http::{MasterSecret, TlsFiles};

use super::{Finding, Patient};

/// Looks at the data directory, the master secret, the log directory and the TLS files.
pub(super) fn check(patient: &Patient<'_>) -> Vec<Finding> {
    let mut findings = vec![
        directory("data", &patient.storage.data_dir),
        secret(&patient.storage.secret_key, patient.storage.database_file()),
        directory("logs", &patient.logs),
    ];
    if let Some(tls) = &patient.server.tls {
        findings.push(certificate(tls));
        findings.extend(private("tls", &tls.key));
    }
    findings
}

fn directory(check: &'static str, dir: &Path) -> Finding {
    let shown = dir.display();
    match fs::metadata(dir) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => {
            return Finding::ok(check, format!("{shown} does not exist yet, it is made when it is needed"));
        }
        Err(err) => {
            return Finding::fail(check, format!("{shown} cannot be looked at: {err}"))
                .advise("run this as the user that chatapp runs as, or correct the rights of the directories above");
        }
        Ok(found) if !found.is_dir() => {
            return Finding::fail(check, format!("{shown} is not a directory"))
                .advise("move it out of the way, or choose another directory");
        }
        Ok(_) => {}
    }
    if let Err(err) = tempfile::tempfile_in(dir) {
        return Finding::fail(check, format!("{shown} cannot be written: {err}"))
            .advise(format!("give it to the user that chatapp runs as: chown -R USER {shown}"));
    }
    private(check, dir).unwrap_or_else(|| Finding::ok(check, format!("{shown} is there and writable")))
}

fn secret(file: &Path, database: Option<&Path>) -> Finding {
    let shown = file.display();
    if !file.exists() {
        let message = format!("{shown} does not exist yet, `chatapp up` makes it");
        return if database.is_some_and(Path::exists) {
            Finding::fail("secret", format!("{shown} is missing, and there is a database that needs it"))
                .advise("restore it from a backup (`chatapp restore`), or say where it is with --secret-key-file")
        } else {
            Finding::ok("secret", message)
        };
    }
    // The file exists, so nothing is made by this.
    match MasterSecret::load_or_create(file) {
        Ok(_) => Finding::ok("secret", format!("{shown} is there and its owner's alone")),
        Err(err) if err.kind() == io::ErrorKind::PermissionDenied => {
            Finding::fail("secret", err.to_string()).advise(format!("chmod 600 {shown}"))
        }
        Err(err) => Finding::fail("secret", err.to_string())
            .advise("restore it from a backup (`chatapp restore`): without it the database's keys cannot be opened"),
    }
}

fn certificate(tls: &TlsFiles) -> Finding {
    match tls.check() {
        Ok(()) => Finding::ok("tls", format!("{} and its key fit each other", tls.cert.display())),
        Err(err) => Finding::fail("tls", format!("TLS cannot be used: {err}"))
            .advise("correct --tls-cert and --tls-key (both PEM; the key is the certificate's), or the files' rights"),
    }
}

/// A warning when others than the owner may look into it.
#[cfg(unix)]
fn private(check: &'static str, path: &Path) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = fs::metadata(path).ok()?;
    let mode = metadata.permissions().mode() & 0o777;
    let others = mode & 0o077;
    if others == 0 {
        return None;
    }
    let right = if metadata.is_dir() { "700" } else { "600" };
    let message = format!("{} is open to other users of this machine (mode {mode:03o})", path.display());
    Some(Finding::warn(check, message).advise(format!("chmod {right} {}", path.display())))
}

#[cfg(not(unix))]
fn private(_check: &'static str, _path: &Path) -> Option<Finding> {
    None
}
