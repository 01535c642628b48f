//! A well-formed request for every operation.

use chatapp_testkit::{Answer, PASSWORD, User, unique_name};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Cast, Operation, Role, Scene};

/// A request, not yet sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// Whether it carries an idempotency key.
    pub(crate) keyed: bool,
    /// Whether it is the handshake of a WebSocket.
    pub(crate) upgrade: bool,
    pub(crate) body: Option<Value>,
}

const HANDSHAKE: [(&str, &str); 4] = [
    ("connection", "upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

impl Call {
    /// The request of `user`, without its body.
    pub(crate) fn head(&self, user: &User) -> reqwest::RequestBuilder {
        let mut request = user.request(self.method.clone(), &self.path);
        if self.keyed {
            request = request.header("Idempotency-Key", Uuid::now_v7().to_string());
        }
        if self.upgrade {
            for (name, value) in HANDSHAKE {
                request = request.header(name, value);
            }
        }
        request
    }

    /// Sends it as `user`.
    pub(crate) async fn send(&self, user: &User) -> Answer {
        let request = self.head(user);
        let request = match &self.body {
            Some(body) => request.json(body),
            None => request,
        };
        user.send(request).await
    }
}

/// The request of `operation` by `role` in `scene`. `variant` chooses among the requests of one operation, and is
/// empty for the plain one. Panics for an operation or a variant that nobody has thought of.
pub(crate) fn call(operation: &Operation, variant: &str, cast: &Cast, scene: &Scene, role: Role) -> Call {
    let asked = Asked { cast, scene, role, variant };
    let route = format!("{} {}", operation.method, operation.path);
    let path = operation.parameters_in("path").fold(operation.path.clone(), |path, parameter| {
        let value = asked.path_value(&route, &parameter.name);
        path.replace(&format!("{{{}}}", parameter.name), &value)
    });
    Call {
        method: operation.method.clone(),
        path: path + &asked.query(&route),
        keyed: operation.parameters_in("header").any(|p| p.name.eq_ignore_ascii_case("idempotency-key")),
        upgrade: route == "GET /v1/ws",
        body: operation.body.is_some().then(|| asked.body(&route)),
    }
}

struct Asked<'a> {
    cast: &'a Cast,
    scene: &'a Scene,
    role: Role,
    variant: &'a str,
}

impl Asked<'_> {
    fn user(&self) -> &User {
        self.cast.user(self.role)
    }

    fn path_value(&self, route: &str, name: &str) -> String {
        match (name, route) {
            ("room_id", _) => self.scene.room.clone(),
            ("name", _) => self.scene.name.clone(),
            ("message_id", _) => {
                let message = match self.variant {
                    "own" => self.scene.own_message(self.role),
                    _ => &self.scene.message,
                };
                message["id"].as_str().expect("a message id").to_owned()
            }
            ("id" | "session_id", _) => self.cast.session(self.role).to_owned(),
            ("username", route) => self.person(route).name.clone(),
            _ => panic!("{route}: no value is known for the path's {name}"),
        }
    }

    /// Upon whom a moderator acts.
    fn person(&self, route: &str) -> &User {
        match (self.variant, route) {
            ("owner", _) => self.cast.user(Role::Owner),
            ("", "PUT /v1/rooms/{room_id}/members/{username}") => &self.cast.outsider,
            ("", "DELETE /v1/rooms/{room_id}/blocks/{username}") | ("barred", _) => &self.cast.barred,
            ("" | "promote", _) => &self.cast.subject,
            (variant, route) => panic!("{route} has no variant {variant}"),
        }
    }

    fn query(&self, route: &str) -> String {
        match route {
            "GET /v1/search" if self.variant == "room" => format!("?q=of&room_id={}", self.scene.room),
            "GET /v1/search" => "?q=of".to_owned(),
            "GET /v1/rooms" if self.variant == "public" => format!("?scope=public&q={}", self.scene.name),
            "GET /v1/rooms" => "?scope=mine".to_owned(),
            "DELETE /v1/users/me/tokens" => "?name=no-such-token".to_owned(),
            _ => String::new(),
        }
    }

    fn body(&self, route: &str) -> Value {
        match route {
            "POST /v1/auth/register" => json!({"username": unique_name("new"), "password": PASSWORD}),
            "POST /v1/auth/login" => json!({"username": self.cast.subject.name, "password": PASSWORD}),
            "POST /v1/auth/refresh" => json!({"refresh_token": self.refresh_token()}),
            "PUT /v1/auth/password" => {
                json!({"current_password": PASSWORD, "new_password": "another-good-phrase-9"})
            }
            "POST /v1/users/me/tokens" => json!({"name": unique_name("token"), "scopes": ["read"]}),
            "DELETE /v1/users/me" => json!({"password": PASSWORD}),
            "POST /v1/join" => json!({"secret_code": self.scene.code}),
            "PUT /v1/rooms/{room_id}/read" => json!({"seq": 1}),
            _ if route.contains("/messages") => json!({"body": "a text"}),
            _ => self.body_of_rooms(route),
        }
    }

    fn body_of_rooms(&self, route: &str) -> Value {
        match route {
            "POST /v1/rooms" => json!({"name": unique_name("made"), "visibility": "private"}),
            "PATCH /v1/rooms/{room_id}" => json!({"topic": "another topic"}),
            "POST /v1/rooms/{room_id}/join" if self.variant == "code" => json!({"secret_code": self.scene.code}),
            "POST /v1/rooms/{room_id}/secret_code" => json!({"max_uses": 3}),
            "PUT /v1/rooms/{room_id}/members/{username}" if self.variant == "promote" => json!({"role": "admin"}),
            "POST /v1/rooms/{room_id}/join" | "PUT /v1/rooms/{room_id}/members/{username}" => json!({}),
            "PUT /v1/rooms/{room_id}/blocks/{username}" => json!({"reason": "spam"}),
            "POST /v1/rooms/{room_id}/transfer" => json!({"username": self.cast.subject.name}),
            _ => panic!("{route} takes a body, and none is known for it"),
        }
    }

    /// One's own, or anyone's that is no longer good.
    fn refresh_token(&self) -> &str {
        match self.user().refresh_token.as_str() {
            "" => "not-a-refresh-token",
            token => token,
        }
    }
}
