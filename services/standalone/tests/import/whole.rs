//! All that was there is there again, by both interfaces.

use serde_json::{Value, json};

use crate::original::{Original, PASSWORD};
use crate::platform::{Place, Up, check_logs, one, text};

fn texts(answer: &Value) -> Vec<&str> {
    answer.as_array().unwrap().iter().map(|message| message["content"].as_str().unwrap()).collect()
}

#[test]
fn the_originals_client_finds_everybody_and_everything_as_it_was() {
    let place = Place::new();
    let original = Original::small(place.dir());
    place.imported(&original.file, &[]);
    let up = Up::on(&place);
    for name in ["Ann", "bob", "Carl%20Lee"] {
        assert_eq!(up.get(&format!("/users/exists/{name}"), ""), (200, json!({ "exists": true })), "{name}");
    }
    let token = up.login_v0("Ann", PASSWORD);
    let rooms = up.get("/chatrooms/", &token).1;
    let room = |id: i64, name: &str| json!({ "id": id, "name": name, "messages": [] });
    for expected in [room(4, "general"), room(7, "Die Küche"), room(9, "nobody wrote here")] {
        assert!(rooms.as_array().unwrap().contains(&expected), "{expected} is not in {rooms}");
    }
    let general = up.get("/messages/general", &token).1;
    assert_eq!(texts(&general), ["anyone here?", "just arrived, @bob", "  hello\n  twice  "]);
    assert_eq!((&general[0]["username"], &general[1]["username"]), (&json!("bob"), &json!("ann")));
    assert!(general[0]["timestamp"].as_str().unwrap().starts_with("2025-06-01T12:34:11.25"), "{general}");
    let (status, answer) = up.post("/messages/general", &token, &json!({ "content": "still here" }));
    assert_eq!(status, 200, "{answer}");
    assert_eq!(texts(&up.get("/messages/Die%20K%C3%BCche", &token).1), ["soup 🍲 is ready", "on my way"]);
}

#[test]
fn version_one_finds_members_history_words_and_nothing_unread() {
    let place = Place::new();
    let original = Original::small(place.dir());
    place.imported(&original.file, &[]);
    let up = Up::on(&place);
    let ann = up.login("ann", PASSWORD);
    let rooms = up.get("/v1/rooms?scope=mine", &ann).1;
    let names: Vec<_> = rooms["items"].as_array().unwrap().iter().map(|room| room["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Die Küche", "general", "nobody wrote here"], "the first user owns what nobody wrote in");
    let general = up.get("/v1/rooms/by-name/general", &ann).1;
    assert_eq!(
        (&general["role"], &general["member_count"], &general["number"]),
        (&json!("member"), &json!(2), &json!(4))
    );
    let id = general["id"].as_str().unwrap();
    let members = up.get(&format!("/v1/rooms/{id}/members"), &ann).1;
    assert_eq!(
        (&members["items"][0]["user"]["username"], &members["items"][0]["role"]),
        (&json!("bob"), &json!("owner"))
    );
    let log = up.get(&format!("/v1/rooms/{id}/timeline?after=0"), &ann).1;
    let entries = log["items"].as_array().unwrap();
    assert_eq!(entries.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let found = up.get("/v1/search?q=arrived", &ann).1;
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
    for room in up.get("/v1/unread", &ann).1["items"].as_array().unwrap() {
        assert_eq!((&room["messages"], &room["mentions"]), (&json!(0), &json!(0)));
    }
    check_logs(&place.database());
}

#[test]
fn a_password_of_the_original_becomes_argon2id_at_the_first_log_in_by_either_interface() {
    let place = Place::new();
    let original = Original::small(place.dir());
    place.imported(&original.file, &[]);
    let kinds = || -> String {
        one(
            &place.database(),
            "SELECT group_concat(substr(password_hash, 1, 4)) FROM (SELECT * FROM auth_users ORDER BY username)",
        )
    };
    assert_eq!(kinds(), "$2b$,$2b$,$2b$");
    let up = Up::on(&place);
    let (status, _) = up.post("/v1/auth/login", "", &json!({ "username": "ann", "password": "1234567" }));
    assert_eq!(status, 401);
    up.login_v0("Carl Lee", PASSWORD);
    up.login("ANN", PASSWORD);
    assert_eq!(kinds(), "$arg,$arg,$2b$", "bob has not been here");
    up.login_v0("Ann", PASSWORD);
    up.login("Carl Lee", PASSWORD);
    assert_eq!(up.post("/users/login", "", &json!({ "username": "Ann", "password": "1234567" })).0, 401);
}

#[test]
fn whoever_is_named_owns_the_rooms() {
    let place = Place::new();
    let original = Original::small(place.dir());
    let refused = place.import(&original.file).args(["--owner", "nobody"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("there is no account nobody"), "{}", text(&refused.stderr));
    place.imported(&original.file, &["--owner", "Carl Lee"]);
    let sql = "SELECT group_concat(DISTINCT u.username) FROM rooms_members m JOIN auth_users u ON u.id = m.user_id
               WHERE m.role = 'owner'";
    assert_eq!(one::<String>(&place.database(), sql), "Carl Lee");
}

#[test]
fn a_platform_that_runs_is_not_imported_into_and_a_database_of_something_else_is_refused() {
    let place = Place::new();
    let original = Original::small(place.dir());
    let up = Up::on(&place);
    let refused = place.import(&original.file).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let error = text(&refused.stderr);
    assert!(error.contains("must not run meanwhile") && error.contains("stop it first"), "{error}");
    assert_eq!(place.imported(&original.file, &["--dry-run"]).1["messages"]["new"], 5);
    drop(up);
    let own = place.import(&place.data().join("chatapp.db")).output().unwrap();
    assert!(text(&own.stderr).contains("is not the original's database"), "{}", text(&own.stderr));
    let missing = place.import(&place.dir().join("mistyped.db")).output().unwrap();
    assert!(text(&missing.stderr).contains("there is no file"), "{}", text(&missing.stderr));
}
