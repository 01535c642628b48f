#![allow(clippy::unwrap_used)]
use chatapp_db::Database;
use chatapp_service::{InstanceLock, StorageArgs};
use chatapp_types::SystemClock;

use super::*;

struct Surgery {
    _dir: tempfile::TempDir,
    storage: Storage,
    server: ServerConfig,
}

impl Surgery {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let args = StorageArgs { data_dir: Some(dir.path().join("data")), ..StorageArgs::default() };
        let server = ServerConfig { listen: "127.0.0.1:0".parse().unwrap(), ..ServerConfig::default() };
        Self { storage: args.resolve().unwrap(), _dir: dir, server }
    }

    async fn with_platform() -> Self {
        let surgery = Self::new();
        surgery.storage.prepare().unwrap();
        surgery.storage.secret().unwrap();
        Database::open(&surgery.storage.database_config()).await.unwrap().migrate().await.unwrap();
        surgery
    }

    fn patient(&self) -> Patient<'_> {
        Patient {
            storage: &self.storage,
            server: &self.server,
            logs: self.storage.logs(),
            settings_file: None,
            unknown_settings: Vec::new(),
            clock: &SystemClock,
            built_from_commit_at: 0,
        }
    }

    async fn findings(&self) -> Vec<Finding> {
        examine(&self.patient()).await
    }
}

/// The worst finding of a check, which must exist.
fn worst<'a>(findings: &'a [Finding], check: &str) -> &'a Finding {
    findings
        .iter()
        .filter(|f| f.check == check)
        .max_by_key(|f| f.level)
        .unwrap_or_else(|| panic!("{check}: {findings:?}"))
}

#[tokio::test]
async fn a_healthy_platform_has_no_complaints() {
    let surgery = Surgery::with_platform().await;
    let findings = surgery.findings().await;
    assert!(findings.iter().all(|f| f.level == Level::Ok && f.advice.is_none()), "{findings:#?}");
    assert!(report(&findings, true, Screen::plain()).unwrap());
}

#[tokio::test]
async fn a_machine_without_a_platform_is_well_and_stays_untouched() {
    let surgery = Surgery::new();
    let findings = surgery.findings().await;
    assert!(findings.iter().all(|f| f.level == Level::Ok), "{findings:#?}");
    assert!(!surgery.storage.data_dir.exists());
}

#[cfg(unix)]
#[tokio::test]
async fn what_others_may_read_is_reported_with_the_command_that_mends_it() {
    use std::os::unix::fs::PermissionsExt;
    let surgery = Surgery::with_platform().await;
    let open = |path: &std::path::Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    open(&surgery.storage.data_dir, 0o755);
    open(&surgery.storage.secret_key, 0o644);
    let findings = surgery.findings().await;
    assert_eq!(worst(&findings, "data").level, Level::Warn);
    assert!(worst(&findings, "data").advice.as_ref().unwrap().starts_with("chmod 700"));
    assert_eq!(worst(&findings, "secret").level, Level::Fail);
    assert!(worst(&findings, "secret").advice.as_ref().unwrap().starts_with("chmod 600"));
    assert!(!report(&findings, true, Screen::plain()).unwrap());
}

#[tokio::test]
async fn a_database_without_its_secret_is_reported() {
    let surgery = Surgery::with_platform().await;
    std::fs::remove_file(&surgery.storage.secret_key).unwrap();
    assert_eq!(worst(&surgery.findings().await, "secret").level, Level::Fail);
    assert!(!surgery.storage.secret_key.exists(), "looking makes nothing");
}

#[tokio::test]
async fn a_damaged_database_is_reported() {
    let surgery = Surgery::with_platform().await;
    let file = surgery.storage.database_file().unwrap();
    std::fs::write(file, "this is not a database, whatever its name says, and it never was one").unwrap();
    for part in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{part}", file.display()));
    }
    let findings = surgery.findings().await;
    assert_eq!(worst(&findings, "database").level, Level::Fail);
    assert!(worst(&findings, "database").advice.as_ref().unwrap().contains("restore"));
}

#[tokio::test]
async fn a_database_that_is_behind_or_ahead_is_reported() {
    let surgery = Surgery::with_platform().await;
    let conn = rusqlite::Connection::open(surgery.storage.database_file().unwrap()).unwrap();
    let newer =
        "INSERT INTO chatapp_migrations (schema_name, number, name, checksum) VALUES ('auth', 9, 'auth/9', x'')";
    conn.execute(newer, []).unwrap();
    assert_eq!(worst(&surgery.findings().await, "migrations").level, Level::Fail);
    conn.execute("DELETE FROM chatapp_migrations", []).unwrap();
    assert_eq!(worst(&surgery.findings().await, "migrations").level, Level::Warn);
}

#[tokio::test]
async fn a_port_held_by_a_stranger_is_reported() {
    let mut surgery = Surgery::new();
    let stranger = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    surgery.server.listen = stranger.local_addr().unwrap();
    let answering = tokio::spawn(async move {
        while let Ok((stream, _)) = stranger.accept().await {
            drop(stream);
        }
    });
    let findings = surgery.findings().await;
    answering.abort();
    assert_eq!(worst(&findings, "port").level, Level::Fail);
    assert!(worst(&findings, "port").advice.as_ref().unwrap().contains("--listen"));
}

#[tokio::test]
async fn a_public_address_without_tls_is_warned_of() {
    let mut surgery = Surgery::new();
    surgery.server.listen = "0.0.0.0:0".parse().unwrap();
    assert_eq!(worst(&surgery.findings().await, "tls").level, Level::Warn);
}

#[tokio::test]
async fn whoever_uses_the_data_is_named() {
    let surgery = Surgery::with_platform().await;
    let _running = InstanceLock::exclusive(&surgery.storage.lock_file()).unwrap();
    let findings = surgery.findings().await;
    assert!(worst(&findings, "lock").message.contains(&std::process::id().to_string()), "{findings:?}");
}

#[tokio::test]
async fn settings_that_do_not_exist_are_named() {
    let surgery = Surgery::new();
    let patient = Patient {
        settings_file: Some("/etc/chatapp.toml".into()),
        unknown_settings: vec!["lisen".to_owned()],
        ..surgery.patient()
    };
    let findings = examine(&patient).await;
    assert_eq!(worst(&findings, "settings").level, Level::Warn);
    assert!(worst(&findings, "settings").message.contains("lisen"));
}

#[test]
fn a_clock_before_the_build_or_behind_the_log_is_wrong() {
    use chatapp_types::Timestamp;
    let at = Timestamp::from_millis;
    assert_eq!(clock::check(at(5_000), 6, None).level, Level::Fail);
    assert_eq!(clock::check(at(7_000), 6, None).level, Level::Ok);
    assert_eq!(clock::check(at(7_000), 6, Some(at(60_000))).level, Level::Ok);
    assert_eq!(clock::check(at(7_000), 6, Some(at(600_000))).level, Level::Warn);
}

#[test]
fn little_room_is_warned_of_before_it_is_too_late() {
    assert_eq!(space::judge(10 << 20, 0).level, Level::Fail);
    assert_eq!(space::judge(100 << 20, 0).level, Level::Warn);
    assert_eq!(space::judge(1 << 30, 2 << 30).level, Level::Warn);
    assert_eq!(space::judge(1 << 40, 2 << 30).level, Level::Ok);
}
