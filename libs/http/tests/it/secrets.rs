//! The master secret and its file.

use chatapp_http::MasterSecret;

#[test]
fn a_secret_is_made_once_and_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret.key");
    let made = MasterSecret::load_or_create(&path).unwrap();
    let read = MasterSecret::load_or_create(&path).unwrap();
    assert_eq!(made.derive("rooms.code"), read.derive("rooms.code"));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left behind");
}

#[test]
fn two_processes_that_start_at_once_have_one_secret() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret.key");
    let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
        let starting: Vec<_> =
            (0..16).map(|_| scope.spawn(|| MasterSecret::load_or_create(&path).unwrap().derive("x"))).collect();
        starting.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]));
}

#[test]
fn each_purpose_has_a_key_of_its_own() {
    let secret = MasterSecret::generate();
    assert_ne!(secret.derive("service.rooms"), secret.derive("service.room"));
    assert_ne!(secret.derive("auth.keys"), MasterSecret::generate().derive("auth.keys"));
}

#[test]
fn a_derived_key_is_the_same_in_every_version() {
    let secret = MasterSecret::from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    // RFC 5869 with salt `chatapp` and info `auth.keys`: stored data depends on it.
    let key = secret.derive("auth.keys").map(|byte| format!("{byte:02x}")).concat();
    assert_eq!(key, "89253eaf9c3ef97d14ceac0bc6371befb31e9eb34b1c099c0bf7d2c5937ee368");
}

#[test]
fn what_is_no_secret_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret.key");
    MasterSecret::load_or_create(&path).unwrap();
    for text in ["", "short", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg=="] {
        std::fs::write(&path, text).unwrap();
        let err = MasterSecret::load_or_create(&path).unwrap_err();
        assert!(err.to_string().contains("secret.key"), "{err}");
    }
}

#[test]
fn its_debug_form_shows_nothing() {
    assert_eq!(format!("{:?}", MasterSecret::generate()), "[secret]");
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_file_is_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret.key");
        MasterSecret::load_or_create(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret.key");
        MasterSecret::load_or_create(&path).unwrap();
        for mode in [0o640, 0o604, 0o666] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let err = MasterSecret::load_or_create(&path).unwrap_err();
            assert!(err.to_string().contains("chmod 600"), "{err}");
        }
    }

    #[test]
    fn what_an_orchestrator_mounts_is_read_by_its_group() {
        use std::os::unix::fs::MetadataExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret.key");
        MasterSecret::load_or_create(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o440)).unwrap();
        let is_roots = std::fs::metadata(&path).unwrap().uid() == 0;
        assert_eq!(MasterSecret::load_or_create(&path).is_ok(), is_roots);
    }
}
