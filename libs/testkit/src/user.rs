//! A user who speaks REST.

use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Platform;

/// The password of every test user.
pub const PASSWORD: &str = "correct-horse-battery-7";

/// A user name that no other test uses.
pub fn unique_name(stem: &str) -> String {
    let id = Uuid::new_v4().simple().to_string();
    format!("{stem}-{}", &id[..8])
}

/// An answer of the server, whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON, or null when it is none.
    pub json: Value,
    /// The body as text.
    pub text: String,
}

impl Answer {
    /// The body, once the status is `status`; panics with both otherwise.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json
    }

    /// Asserts a problem of that code (and that it is well-formed), and gives it.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status.as_u16(), self.json["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.json["status"], status);
        self.json
    }
}

/// A registered user with an access token.
#[derive(Clone, Debug)]
pub struct User {
    /// The name.
    pub name: String,
    /// The id.
    pub id: String,
    /// The access token.
    pub token: String,
    /// The refresh token.
    pub refresh_token: String,
    base: String,
    http: reqwest::Client,
}

impl User {
    /// Registers a user whose name begins with `stem`.
    pub async fn register(platform: &Platform, stem: &str) -> Self {
        Self::anonymous(platform).registered(stem).await
    }

    /// Registers a user at a server that speaks plain HTTP at `url`.
    pub async fn register_at(url: &str, stem: &str) -> Self {
        Self::nobody_at(url).registered(stem).await
    }

    async fn registered(&self, stem: &str) -> Self {
        let name = unique_name(stem);
        let body = json!({"username": name, "password": PASSWORD});
        let session = self.post("/v1/auth/register", &body).await.expect(201);
        self.with_session(&session)
    }

    /// Logs the same user in once more: another session.
    pub async fn login_again(&self) -> Self {
        let body = json!({"username": self.name, "password": PASSWORD});
        let session = self.post("/v1/auth/login", &body).await.expect(200);
        self.with_session(&session)
    }

    /// Nobody: requests without a token.
    pub fn anonymous(platform: &Platform) -> Self {
        Self::nobody(platform.url(), platform.http_client())
    }

    /// Nobody, at a server that speaks plain HTTP at `url`.
    pub fn nobody_at(url: &str) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build();
        Self::nobody(url.to_owned(), http.expect("an HTTP client"))
    }

    fn nobody(base: String, http: reqwest::Client) -> Self {
        let (name, id, token, refresh_token) = Default::default();
        Self { name, id, token, refresh_token, base, http }
    }

    /// The same user, with the same tokens, at the server at `url`.
    #[must_use]
    pub fn at(&self, url: &str) -> Self {
        Self { base: url.to_owned(), ..self.clone() }
    }

    /// The same connection, with the tokens of a log-in's answer.
    #[must_use]
    pub fn with_session(&self, session: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            name: text(&session["user"]["username"]),
            id: text(&session["user"]["id"]),
            token: text(&session["access_token"]),
            refresh_token: text(&session["refresh_token"]),
            ..self.clone()
        }
    }

    /// The same connection, with another bearer token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// A request, not yet sent.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).await.expect("an answer")
    }

    /// Sends a request; an error when no answer came.
    pub async fn try_send(&self, request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await?;
        Ok(Answer { status, headers, json: serde_json::from_str(&text).unwrap_or(Value::Null), text })
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// POST.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// PUT.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    /// PATCH.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Posts a message under `key`.
    pub async fn post_message(&self, room: &str, key: Uuid, body: &str) -> Answer {
        let request = self
            .request(Method::POST, &format!("/v1/rooms/{room}/messages"))
            .header("Idempotency-Key", key.to_string())
            .json(&json!({"body": body}));
        self.send(request).await
    }

    /// Posts a message under a new key and gives it; panics when it is refused.
    pub async fn say(&self, room: &str, body: &str) -> Value {
        self.post_message(room, Uuid::now_v7(), body).await.expect(201)
    }

    /// Makes a public room and gives its id.
    pub async fn public_room(&self, stem: &str) -> String {
        let body = json!({"name": unique_name(stem), "visibility": "public"});
        let room = self.post("/v1/rooms", &body).await.expect(201);
        room["id"].as_str().expect("a room id").to_owned()
    }

    /// Makes a private room and gives its id and its secret code.
    pub async fn private_room(&self, stem: &str) -> (String, String) {
        let body = json!({"name": unique_name(stem), "visibility": "private"});
        let room = self.post("/v1/rooms", &body).await.expect(201);
        let text = |field: &str| room[field].as_str().expect("a text").to_owned();
        (text("id"), text("secret_code"))
    }

    /// Joins a public room.
    pub async fn join(&self, room: &str) {
        self.post(&format!("/v1/rooms/{room}/join"), &json!({})).await.expect(200);
    }

    /// The texts of the room's latest messages, oldest first.
    pub async fn texts(&self, room: &str) -> Vec<String> {
        let page = self.get(&format!("/v1/rooms/{room}/messages?limit=200")).await.expect(200);
        let items = page["items"].as_array().expect("items");
        items.iter().map(|m| m["body"].as_str().unwrap_or_default().to_owned()).collect()
    }
}
