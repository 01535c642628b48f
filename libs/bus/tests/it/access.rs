//! Who is let in, and what they may say and hear.

use std::path::Path;

use bytes::Bytes;
use chatapp_bus::permissions::{PERMISSIONS, authorization};
use chatapp_bus::{Bus, NatsBus, NatsConfig, NatsUser};
use chatapp_testkit::{Certificate, NatsServer, eventually};

use crate::{config, next, servers};

/// One of each kind of subject.
const SUBJECTS: [&str; 7] =
    ["room.1", "live.1", "sessions.revoked", "beat.auth", "beat.rooms", "beat.messages", "other.1"];

fn password(service: &str) -> String {
    format!("password-of-{service}")
}

/// A user whose password is in a file in `dir`.
fn user(dir: &Path, name: &str, password: &str) -> NatsUser {
    let password_file = dir.join(name);
    std::fs::write(&password_file, format!("{password}\n")).unwrap();
    NatsUser { name: name.to_owned(), password_file }
}

/// The platform's users, and one who may do everything.
fn settings() -> String {
    let observer = "users = [\n    { user: observer, password: password-of-observer }\n";
    authorization(password).replacen("users = [\n", observer, 1)
}

async fn connect_as(server: &NatsServer, dir: &Path, name: &str) -> NatsBus {
    let config = NatsConfig { user: Some(user(dir, name, &password(name))), ..config(&server.url()) };
    NatsBus::connect(&config).await.unwrap()
}

fn may(subjects: &[&str], subject: &str) -> bool {
    subjects.iter().any(|s| *s == subject || s.strip_suffix('*').is_some_and(|stem| subject.starts_with(stem)))
}

#[tokio::test]
async fn a_wrong_password_is_told_by_the_names_of_the_settings_and_not_repeated() {
    let (server, dir) = (NatsServer::start(&settings()).await, tempfile::tempdir().unwrap());
    let wrong = NatsConfig { user: Some(user(dir.path(), "rooms", "guessed-badly")), ..config(&server.url()) };
    let Err(error) = NatsBus::connect(&wrong).await else { panic!("let in") };
    let error = error.to_string();
    for part in ["CHATAPP_BUS_USER", "CHATAPP_BUS_PASSWORD_FILE", "rooms", &server.url()] {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert!(!error.contains("guessed-badly"), "{error}");
    let Err(error) = NatsBus::connect(&config(&server.url())).await else { panic!("let in") };
    assert!(error.to_string().contains("asks for a user"), "{error}");
}

#[tokio::test]
async fn a_password_file_that_cannot_be_used_is_told_by_its_settings_name() {
    let dir = tempfile::tempdir().unwrap();
    for user in [
        user(dir.path(), "empty", ""),
        NatsUser { name: "rooms".to_owned(), password_file: dir.path().join("missing") },
    ] {
        let Err(error) = NatsBus::connect(&NatsConfig { user: Some(user), ..config("nats://127.0.0.1:1") }).await
        else {
            panic!("connected")
        };
        assert!(error.to_string().contains("CHATAPP_BUS_PASSWORD_FILE"), "{error}");
    }
}

#[tokio::test]
async fn a_new_password_is_taken_up_without_a_restart() {
    let (mut server, dir) = (NatsServer::start(&settings()).await, tempfile::tempdir().unwrap());
    let bus = connect_as(&server, dir.path(), "rooms").await;
    server.kill();
    server.set(&settings().replace("password-of-rooms", "another-of-rooms"));
    server.run().await;
    server.says("authentication error").await;
    user(dir.path(), "rooms", "another-of-rooms");
    eventually("it is let in again", || async { bus.is_connected().then_some(()) }).await;
}

#[tokio::test]
async fn each_service_publishes_what_it_may_and_a_denied_event_stays_denied() {
    let (server, dir) = (NatsServer::start(&settings()).await, tempfile::tempdir().unwrap());
    let observer = connect_as(&server, dir.path(), "observer").await;
    for subject in SUBJECTS {
        let mut events = observer.subscribe(subject).await.unwrap();
        let allowed = PERMISSIONS.iter().filter(|p| may(p.publish, subject));
        let mut expected: Vec<&str> = allowed.map(|p| p.service).collect();
        for permissions in PERMISSIONS {
            let bus = connect_as(&server, dir.path(), permissions.service).await;
            bus.publish(subject, Bytes::from_static(permissions.service.as_bytes()));
            if !expected.contains(&permissions.service) {
                let service = permissions.service;
                server.says(&format!("Publish Violation - User \"{service}\", Subject \"chatapp.{subject}\"")).await;
            }
            bus.close().await;
        }
        // The observer's own event is the last; whatever else had been let through would stand before it.
        expected.push("observer");
        let mut heard = Vec::new();
        while heard.len() + 1 < expected.len() {
            heard.push(next(&mut events).await);
        }
        observer.publish(subject, Bytes::from_static(b"observer"));
        heard.push(next(&mut events).await);
        heard.sort();
        expected.sort_unstable();
        assert_eq!(heard, expected, "on {subject}");
    }
}

#[tokio::test]
async fn each_service_hears_what_it_may_and_nothing_else() {
    let (server, dir) = (NatsServer::start(&settings()).await, tempfile::tempdir().unwrap());
    let observer = connect_as(&server, dir.path(), "observer").await;
    for permissions in PERMISSIONS {
        let bus = connect_as(&server, dir.path(), permissions.service).await;
        for subject in SUBJECTS {
            let mut events = bus.subscribe(subject).await.unwrap();
            if may(permissions.subscribe, subject) {
                observer.publish(subject, Bytes::from_static(subject.as_bytes()));
                assert_eq!(next(&mut events).await, subject);
            } else {
                let service = permissions.service;
                server
                    .says(&format!("Subscription Violation - User \"{service}\", Subject \"chatapp.{subject}\""))
                    .await;
            }
        }
    }
}

#[tokio::test]
async fn a_server_with_tls_is_checked_against_the_certificates_given() {
    let certificate = Certificate::new();
    let (cert, key) = (certificate.cert_file(), certificate.key_file());
    let settings = format!("tls {{\n  cert_file: \"{}\"\n  key_file: \"{}\"\n}}\n", cert.display(), key.display());
    let server = NatsServer::start(&settings).await;
    let trusting = NatsConfig {
        servers: servers(&format!("tls://localhost:{}", server.port())),
        ca_file: Some(cert),
        ..config(&server.url())
    };
    let bus = NatsBus::connect(&trusting).await.unwrap();
    let mut events = bus.subscribe("room.1").await.unwrap();
    bus.publish("room.1", Bytes::from_static(b"sealed"));
    assert_eq!(next(&mut events).await, "sealed");
    let another = Certificate::new();
    let distrusting = NatsConfig { ca_file: Some(another.cert_file()), ..trusting.clone() };
    let stranger = NatsBus::connect(&distrusting).await;
    assert!(stranger.is_ok_and(|bus| !bus.is_connected()), "connected to a server nobody vouches for");
    let missing = NatsConfig { ca_file: Some("/nowhere/ca.pem".into()), ..trusting };
    let Err(error) = NatsBus::connect(&missing).await else { panic!("connected") };
    assert!(error.to_string().contains("CHATAPP_BUS_CA_FILE"), "{error}");
}
