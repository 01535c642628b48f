//! A log-in that lasts: refreshes among processes, repeats of sends, against a gateway that counts.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chatapp_client::credentials::{CredentialStore, ProfileName, StoredSession};
use chatapp_client::outbox::Outbox;
use chatapp_client::sending::Sender;
use chatapp_client::{Client, ClientError, GatewayUrl};
use chatapp_types::messages::{Message, PostMessageRequest, PostedMessage};
use chatapp_types::{
    Clock, ErrorCode, MessageId, Problem, RoomId, Secret, SendKey, SystemClock, Timestamp, UserId, UserRef,
};
use serde_json::{Value, json};

/// A stand-in for a gateway: its n-th refresh answers `access-n` and `refresh-n`.
#[derive(Default)]
struct Gateway {
    refreshes: AtomicU32,
    revoked: Mutex<bool>,
    /// How many sends are answered with each error before one is taken.
    refusals: Mutex<Vec<Problem>>,
    keys: Mutex<Vec<String>>,
}

type Shared = State<Arc<Gateway>>;

fn problem(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap();
    let mut response = (status, Json(problem)).into_response();
    if let Some(seconds) = problem.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

async fn refresh(State(gateway): Shared, Json(body): Json<Value>) -> Response {
    let n = gateway.refreshes.load(Ordering::SeqCst);
    if *gateway.revoked.lock().unwrap() || body["refresh_token"] != format!("refresh-{n}") {
        return problem(&ErrorCode::InvalidRefreshToken.into());
    }
    let n = gateway.refreshes.fetch_add(1, Ordering::SeqCst) + 1;
    Json(json!({"access_token": format!("access-{n}"), "token_type": "Bearer", "expires_in": 600,
        "refresh_token": format!("refresh-{n}"), "user": user()}))
    .into_response()
}

async fn me(State(gateway): Shared, headers: HeaderMap) -> Response {
    let current = format!("Bearer access-{}", gateway.refreshes.load(Ordering::SeqCst));
    if headers[header::AUTHORIZATION] != current.as_str() {
        return problem(&ErrorCode::TokenExpired.into());
    }
    let mut me = json!(user());
    me["created_at"] = "2026-11-22T18:00:00Z".into();
    Json(me).into_response()
}

async fn send(
    State(gateway): Shared,
    UrlPath(room_id): UrlPath<RoomId>,
    headers: HeaderMap,
    Json(request): Json<PostMessageRequest>,
) -> Response {
    gateway.keys.lock().unwrap().push(headers["idempotency-key"].to_str().unwrap().to_owned());
    if let Some(refusal) = gateway.refusals.lock().unwrap().pop() {
        return problem(&refusal);
    }
    let message = Message {
        id: MessageId::new(),
        room_id,
        seq: 7,
        author: user(),
        body: request.body,
        at: Timestamp::from_millis(0),
        reply_to: None,
        edited_at: None,
        deleted: false,
        mentions: Vec::new(),
        key: None,
    };
    (StatusCode::CREATED, Json(PostedMessage { message, duplicate: false })).into_response()
}

fn user() -> UserRef {
    UserRef { id: UserId("0193a5b0-0000-7000-8000-000000000001".parse().unwrap()), username: "ann".to_owned() }
}

async fn serve(gateway: Arc<Gateway>) -> GatewayUrl {
    let app = Router::new()
        .route("/v1/auth/refresh", post(refresh))
        .route("/v1/users/me", get(me))
        .route("/v1/rooms/{id}/messages", post(send))
        .with_state(gateway);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = GatewayUrl::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

/// A profile logged in with `access-0`, which has `left` to live.
fn store(dir: &Path, url: &GatewayUrl, left: time::Duration) -> CredentialStore {
    let store = CredentialStore::new(dir.join("credentials.json"));
    let session = StoredSession {
        user: user(),
        access_token: Secret::new("access-0"),
        expires_at: SystemClock.now().plus(left),
        refresh_token: Secret::new("refresh-0"),
    };
    store.set_session(&ProfileName::default(), url, session).unwrap();
    store
}

/// A client as a process of its own would make it.
fn client(store: &CredentialStore, url: &GatewayUrl) -> Client {
    Client::with_session(url, store.clone(), ProfileName::default(), Arc::new(SystemClock)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn windows_of_one_profile_refresh_once_between_them() {
    let (dir, gateway) = (tempfile::tempdir().unwrap(), Arc::<Gateway>::default());
    let url = serve(Arc::clone(&gateway)).await;
    let store = store(dir.path(), &url, time::Duration::seconds(1));
    let windows: Vec<Client> = (0..8).map(|_| client(&store, &url)).collect();
    let calls = windows.iter().map(Client::me);
    for answer in futures::future::join_all(calls).await {
        assert_eq!(answer.unwrap().user, user());
    }
    assert_eq!(gateway.refreshes.load(Ordering::SeqCst), 1);
    let kept = store.profile(&ProfileName::default()).unwrap().unwrap().session.unwrap();
    assert_eq!(kept.refresh_token, Secret::new("refresh-1"));
}

#[tokio::test]
async fn a_token_that_the_server_calls_expired_is_refreshed_and_the_call_repeated() {
    let (dir, gateway) = (tempfile::tempdir().unwrap(), Arc::<Gateway>::default());
    let url = serve(Arc::clone(&gateway)).await;
    let store = store(dir.path(), &url, time::Duration::hours(1));
    let ours = client(&store, &url);
    // Another window has refreshed: the token in our memory is stale, the one in the file is good.
    let other = client(&store, &url);
    other.access_token(Some(&Secret::new("access-0"))).await.unwrap();
    assert_eq!(ours.me().await.unwrap().user, user());
    assert_eq!(gateway.refreshes.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_session_that_was_ended_is_forgotten() {
    let (dir, gateway) = (tempfile::tempdir().unwrap(), Arc::<Gateway>::default());
    *gateway.revoked.lock().unwrap() = true;
    let url = serve(gateway).await;
    let store = store(dir.path(), &url, time::Duration::seconds(1));
    let error = client(&store, &url).me().await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::InvalidRefreshToken));
    assert_eq!(store.profile(&ProfileName::default()).unwrap().unwrap().session, None);
}

#[tokio::test]
async fn a_session_is_never_sent_to_another_gateway() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path(), &GatewayUrl::parse("http://127.0.0.1:1").unwrap(), time::Duration::hours(1));
    let elsewhere = GatewayUrl::parse("http://127.0.0.1:2").unwrap();
    let refused = Client::with_session(&elsewhere, store, ProfileName::default(), Arc::new(SystemClock));
    assert!(matches!(refused, Err(ClientError::NotLoggedIn)));
}

struct Post {
    gateway: Arc<Gateway>,
    sender: Sender,
    _dir: tempfile::TempDir,
}

impl Post {
    async fn office(refusals: Vec<Problem>, patience: Duration) -> Self {
        let (dir, gateway) = (tempfile::tempdir().unwrap(), Arc::<Gateway>::default());
        *gateway.refusals.lock().unwrap() = refusals;
        let url = serve(Arc::clone(&gateway)).await;
        let client = Client::with_token(&url, Secret::new("cat_x")).unwrap();
        let outbox = Outbox::new(dir.path().join("outbox.jsonl"));
        Self { gateway, sender: Sender::new(client, outbox, user().id, patience), _dir: dir }
    }

    fn message(&self) -> chatapp_client::outbox::Unsent {
        self.sender.keep(&SystemClock, RoomId::new(), SendKey::new(), "hi".to_owned(), None).unwrap()
    }
}

#[tokio::test]
async fn a_send_of_unknown_fate_is_repeated_under_its_key_until_it_is_acknowledged() {
    let lost = Problem::new(ErrorCode::Unavailable).with_unknown_outcome();
    let post = Post::office(vec![lost.clone(), lost], Duration::from_secs(30)).await;
    let message = post.message();
    assert_eq!(post.sender.unsent().unwrap().len(), 1);
    assert_eq!(post.sender.send(&message).await.unwrap().message.seq, 7);
    assert_eq!(*post.gateway.keys.lock().unwrap(), vec![message.key.to_string(); 3]);
    assert_eq!(post.sender.unsent().unwrap(), []);
}

#[tokio::test]
async fn a_send_waits_as_long_as_the_server_asks() {
    let busy = Problem::new(ErrorCode::RateLimited).with_retry_after(1);
    let post = Post::office(vec![busy], Duration::from_secs(30)).await;
    let begun = std::time::Instant::now();
    post.sender.send(&post.message()).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn when_patience_runs_out_the_message_is_kept_and_its_key_with_it() {
    let away = Problem::new(ErrorCode::Unavailable).with_retry_after(60);
    let post = Post::office(vec![away], Duration::from_secs(2)).await;
    let message = post.message();
    assert!(post.sender.send(&message).await.unwrap_err().kept);
    assert_eq!(post.sender.unsent().unwrap(), std::slice::from_ref(&message));
    post.sender.send(&message).await.unwrap();
    assert_eq!(*post.gateway.keys.lock().unwrap(), vec![message.key.to_string(); 2]);
}

#[tokio::test]
async fn a_message_that_is_refused_for_good_is_not_kept() {
    let post = Post::office(vec![Problem::new(ErrorCode::NotAMember)], Duration::from_secs(30)).await;
    let refused = post.sender.send(&post.message()).await.unwrap_err();
    assert!(!refused.kept);
    assert_eq!(refused.error.code(), Some(ErrorCode::NotAMember));
    assert_eq!(post.sender.unsent().unwrap(), []);
}

#[tokio::test]
async fn a_gateway_that_is_not_there_is_a_network_error_without_the_url() {
    let client = Client::with_token(&GatewayUrl::parse("http://127.0.0.1:9").unwrap(), Secret::new("cat_x")).unwrap();
    let error = client.search("private words", None, None, 1).await.unwrap_err();
    assert!(matches!(error, ClientError::Network(_)));
    assert!(!format!("{error:?}").contains("private"), "{error:?}");
}
