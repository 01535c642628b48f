//! Users, rooms and sockets to measure with.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, bail};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest, protocol::WebSocketConfig};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use uuid::Uuid;

/// Users that share the sockets: a password hash each is enough work.
const USERS: usize = 16;

/// A socket that is logged in.
pub(crate) type LoadSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The gateway, and users known to it.
pub(crate) struct World {
    http: reqwest::Client,
    /// The gateways, which sockets take turns with.
    urls: Vec<String>,
    tokens: Vec<String>,
    /// Rooms made so far: users take turns, since one may own so many only.
    rooms: AtomicUsize,
}

impl World {
    /// Registers the users.
    pub(crate) async fn new(urls: &[String]) -> anyhow::Result<Self> {
        let mut world = Self {
            http: reqwest::Client::builder().no_proxy().build()?,
            urls: urls.iter().map(|url| url.trim_end_matches('/').to_owned()).collect(),
            tokens: Vec::new(),
            rooms: AtomicUsize::new(0),
        };
        for n in 0..USERS {
            let body = json!({"username": format!("load-{n}-{}", &Uuid::new_v4().simple().to_string()[..8]),
                "password": Uuid::new_v4().to_string()});
            let session = world.post(None, "/v1/auth/register", &body).await?;
            let token = session["access_token"].as_str().context("no access token")?;
            world.tokens.push(token.to_owned());
        }
        Ok(world)
    }

    async fn post(&self, token: Option<&str>, path: &str, body: &Value) -> anyhow::Result<Value> {
        let mut request = self.http.post(format!("{}{path}", self.urls[0])).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        if !status.is_success() {
            bail!("POST {path}: {status} {text}");
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// A new public room with every user in it.
    pub(crate) async fn room(&self) -> anyhow::Result<String> {
        let body = json!({"name": format!("load {}", Uuid::new_v4()), "visibility": "public"});
        let owner = self.rooms.fetch_add(1, Ordering::Relaxed) % self.tokens.len();
        let room = self.post(Some(&self.tokens[owner]), "/v1/rooms", &body).await?;
        let id = room["id"].as_str().context("no room id")?.to_owned();
        for (_, token) in self.tokens.iter().enumerate().filter(|(user, _)| *user != owner) {
            self.post(Some(token), &format!("/v1/rooms/{id}/join"), &json!({})).await?;
        }
        Ok(id)
    }

    /// A socket of the `n`th user (they take turns), logged in.
    pub(crate) async fn socket(&self, n: usize) -> anyhow::Result<LoadSocket> {
        let url = format!("{}/v1/ws", self.urls[n % self.urls.len()].replacen("http", "ws", 1));
        let mut request = url.into_client_request()?;
        let bearer = format!("Bearer {}", self.tokens[(n / self.urls.len()) % self.tokens.len()]);
        request.headers_mut().insert("authorization", bearer.parse()?);
        let config = WebSocketConfig::default().read_buffer_size(16 * 1024).write_buffer_size(0);
        let (mut socket, _) = tokio_tungstenite::connect_async_with_config(request, Some(config), true).await?;
        wait_for(&mut socket, "ready").await?;
        Ok(socket)
    }

    /// A socket that follows a room from its head on.
    pub(crate) async fn subscribed(&self, n: usize, room: &str) -> anyhow::Result<LoadSocket> {
        let mut socket = self.socket(n).await?;
        self.subscribe(&mut socket, room).await?;
        Ok(socket)
    }

    /// Has a socket follow one room more, from its head on.
    pub(crate) async fn subscribe(&self, socket: &mut LoadSocket, room: &str) -> anyhow::Result<()> {
        let frame = json!({"op": "subscribe", "room_id": room});
        socket.send(Message::text(frame.to_string())).await?;
        wait_for(socket, "caught_up").await
    }

    /// The answer to `GET path`, as the first user.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let request = self.http.get(format!("{}{path}", self.urls[0])).bearer_auth(&self.tokens[0]);
        let response = request.send().await?.error_for_status()?;
        Ok(serde_json::from_slice(&response.bytes().await?)?)
    }
}

/// Reads up to the frame of the event `ev`.
async fn wait_for(socket: &mut LoadSocket, ev: &str) -> anyhow::Result<()> {
    while let Some(message) = socket.next().await {
        if let Message::Text(text) = message? {
            let frame: Value = serde_json::from_str(&text)?;
            if frame["ev"] == ev {
                return Ok(());
            }
            if frame["ev"] == "error" {
                bail!("the server refused: {text}");
            }
        }
    }
    bail!("the socket closed before `{ev}`")
}
