#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use chatapp_db::{Database, DatabaseUrl, MssqlUrl};
use chatapp_service::StorageArgs;

use super::*;

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path("secrets").join(name)).unwrap()
    }

    fn give(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.path("given")).unwrap();
        std::fs::write(self.path("given").join(name), text).unwrap();
    }

    fn storage(&self) -> Storage {
        StorageArgs { data_dir: Some(self.path("data")), ..StorageArgs::default() }.resolve().unwrap()
    }

    fn server(&self, password: &str) -> Storage {
        let url = MssqlUrl::new("nowhere.invalid").with_login("sa", Secret::new(password));
        Storage { database: DatabaseUrl::Mssql(url), ..self.storage() }
    }

    async fn init(&self, storage: &Storage, secrets_only: bool) -> anyhow::Result<()> {
        let (secrets_dir, given_dir) = (self.path("secrets"), self.path("given"));
        init(&InitArgs { secrets_dir, given_dir, secrets_only, wait_s: 0 }, storage, Screen::plain()).await
    }

    /// Every file of every service, by name.
    fn everything(&self) -> Vec<(PathBuf, String)> {
        let dirs = std::fs::read_dir(self.path("secrets")).unwrap().map(|dir| dir.unwrap().path());
        let files = dirs.flat_map(|dir| std::fs::read_dir(dir).unwrap()).map(|file| file.unwrap().path());
        let mut all: Vec<_> = files.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect();
        all.sort();
        all
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_keeps_what_the_first_has_made() {
    let place = Place::new();
    place.init(&place.storage(), false).await.unwrap();
    let first = place.everything();
    assert_eq!(first.len(), 9, "{first:?}");
    Database::open(&place.storage().database_config()).await.unwrap().check_migrated().await.unwrap();
    place.init(&place.storage(), false).await.unwrap();
    assert_eq!(place.everything(), first);
}

#[tokio::test]
async fn all_services_share_the_master_secret_and_nothing_else() {
    let place = Place::new();
    place.init(&place.storage(), true).await.unwrap();
    let secret = place.read("auth/secret.key");
    MasterSecret::from_base64(&secret).unwrap();
    for service in ["rooms", "messages", "gateway"] {
        assert_eq!(place.read(&format!("{service}/secret.key")), secret);
        assert_ne!(place.read(&format!("{service}/bus-password")), place.read("auth/bus-password"));
    }
    assert!(!place.path("data").exists(), "the database was to be left alone");
}

#[tokio::test]
async fn the_servers_settings_know_every_service_by_a_hash_of_its_password() {
    let place = Place::new();
    place.init(&place.storage(), true).await.unwrap();
    let conf = place.read("nats/nats.conf");
    let hashes: Vec<&str> = conf.lines().filter_map(|line| line.trim().strip_prefix("password: ")).collect();
    assert_eq!(hashes.len(), PERMISSIONS.len());
    for (service, hash) in PERMISSIONS.iter().map(|one| one.service).zip(hashes) {
        let password = place.read(&format!("{service}/bus-password"));
        assert!(bcrypt::verify(password.trim(), hash.trim_matches('"')).unwrap(), "{service}");
        assert!(!conf.contains(password.trim()) && hash.starts_with("\"$2a$"), "{hash}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn no_secret_can_be_read_by_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.init(&place.storage(), true).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for (path, _) in place.everything() {
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700), "{}", path.display());
    }
}

#[tokio::test]
async fn what_is_given_counts_before_what_is_there() {
    let place = Place::new();
    place.init(&place.server("Pass-word1"), true).await.unwrap();
    let master = new_secret_text();
    place.give("secret.key", &master);
    place.give("rooms-bus-password", "a-bus-password\n");
    place.give("rooms-database-password", "Given-password-1");
    place.init(&place.server("Pass-word1"), true).await.unwrap();
    assert_eq!(place.read("gateway/secret.key").trim(), master.trim());
    assert_eq!(place.read("rooms/bus-password"), "a-bus-password\n");
    assert_eq!(place.read("rooms/database-password"), "Given-password-1\n");
}

fn new_secret_text() -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    MasterSecret::load_or_create(&file).unwrap();
    std::fs::read_to_string(file).unwrap()
}

#[tokio::test]
async fn what_cannot_be_used_is_told_by_its_file_before_anything_is_made() {
    let place = Place::new();
    let error = format!("{:#}", place.init(&place.server("weak"), true).await.unwrap_err());
    assert!(error.contains("DB_PASSWORD") && error.contains("8 characters"), "{error}");
    assert!(!place.path("secrets").exists());
    place.give("auth-database-password", "alllowercase");
    let error = format!("{:#}", place.init(&place.server("Pass-word1"), true).await.unwrap_err());
    assert!(error.contains("auth-database-password") && error.contains("three of"), "{error}");
    place.give("secret.key", "too short");
    let error = format!("{:#}", place.init(&place.storage(), true).await.unwrap_err());
    assert!(error.contains("given/secret.key") && error.contains("32 bytes"), "{error}");
}

#[tokio::test]
async fn services_that_disagree_are_not_set_right_by_a_guess() {
    let place = Place::new();
    place.init(&place.storage(), true).await.unwrap();
    std::fs::write(place.path("secrets/rooms/secret.key"), new_secret_text()).unwrap();
    let error = place.init(&place.storage(), true).await.unwrap_err().to_string();
    assert!(error.contains("auth/secret.key") && error.contains("rooms/secret.key differ"), "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_come_is_given_up_with_its_reason() {
    let place = Place::new();
    let error = format!("{:#}", place.init(&place.server("Pass-word1"), false).await.unwrap_err());
    assert!(error.contains("gave up waiting") && error.contains("nowhere.invalid"), "{error}");
}
