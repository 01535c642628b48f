//! Who may say and hear what on the bus.
//!
//! Each service is a user of its own on the server, and the server lets it do no more than its row here says. A
//! service that has been taken over can then neither forge the events of a room nor end sessions, unless it is the
//! one that owns them. `chatapp up` hosts all four and needs what they need together.
//!
//! | service | publishes | follows |
//! |---|---|---|
//! | auth | ended sessions, its beat | the same, of its other replicas |
//! | rooms | entries of rooms, its beat | ended sessions, auth's beat |
//! | messages | entries of rooms, its beat | ended sessions, auth's beat |
//! | gateway | typing and presence | all but what others say to themselves |
//!
//! Besides, each may speak with itself on `echo.*`, by which it knows that the server has heard it.

use std::fmt::Write as _;

use crate::nats::PREFIX;

/// What one service may do. Subjects are without the prefix that they have on the server; `*` stands for one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// The service, and its user on the server.
    pub service: &'static str,
    /// What it may publish.
    pub publish: &'static [&'static str],
    /// What it may follow.
    pub subscribe: &'static [&'static str],
}

/// The table.
pub const PERMISSIONS: [Permissions; 4] = [
    Permissions {
        service: "auth",
        publish: &["sessions.revoked", "beat.auth"],
        subscribe: &["sessions.revoked", "beat.auth"],
    },
    Permissions { service: "rooms", publish: &["room.*", "beat.rooms"], subscribe: &["sessions.revoked", "beat.auth"] },
    Permissions {
        service: "messages",
        publish: &["room.*", "beat.messages"],
        subscribe: &["sessions.revoked", "beat.auth"],
    },
    Permissions {
        service: "gateway",
        publish: &["live.*"],
        subscribe: &["room.*", "live.*", "sessions.revoked", "beat.*"],
    },
];

/// The `authorization` block of a server's settings file with one user for each service, named like it. `password`
/// gives what stands for a service's password: a hash (bcrypt), a variable (`$AUTH_PASSWORD`) or, in tests, itself.
/// It is put in as it is.
pub fn authorization(password: impl Fn(&str) -> String) -> String {
    let mut text = "authorization {\n  users = [\n".to_owned();
    for Permissions { service, publish, subscribe } in PERMISSIONS {
        let (publish, subscribe, password) = (list(publish), list(subscribe), password(service));
        let _ = writeln!(
            text,
            "    {{\n      user: {service}\n      password: {password}\n      permissions: {{\n        publish: \
             [{publish}]\n        subscribe: [{subscribe}]\n      }}\n    }}"
        );
    }
    text + "  ]\n}\n"
}

fn list(subjects: &[&str]) -> String {
    let all = subjects.iter().copied().chain(["echo.*"]);
    all.map(|subject| format!("\"{PREFIX}{subject}\"")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rooms_and_messages_publish_entries_of_rooms_and_only_auth_ends_sessions() {
        let may = |subject: &str| -> Vec<&str> {
            PERMISSIONS.iter().filter(|p| p.publish.contains(&subject)).map(|p| p.service).collect()
        };
        assert_eq!(may("room.*"), ["rooms", "messages"]);
        assert_eq!(may("live.*"), ["gateway"]);
        assert_eq!(may("sessions.revoked"), ["auth"]);
    }

    #[test]
    fn the_block_has_every_user_and_the_passwords_as_given() {
        let text = authorization(|service| format!("${}_PASSWORD", service.to_uppercase()));
        assert!(text.contains("user: gateway\n      password: $GATEWAY_PASSWORD\n"), "{text}");
        assert!(text.contains("publish: [\"chatapp.live.*\", \"chatapp.echo.*\"]"), "{text}");
        assert_eq!(text.matches("user: ").count(), 4);
    }
}
