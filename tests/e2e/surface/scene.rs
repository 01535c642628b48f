//! People in every relation to a room.

use std::collections::BTreeMap;

use chatapp_testkit::{Platform, User, unique_name};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

/// What a caller is to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    Owner,
    Admin,
    Member,
    /// Was a member and was removed.
    Former,
    /// Was a member and is blocked.
    Blocked,
    /// Logged in, and never was in the room.
    Stranger,
    /// Not logged in.
    Anonymous,
}

/// Every role, in the order of the columns of tables.
pub(crate) const ROLES: [Role; 7] =
    [Role::Owner, Role::Admin, Role::Member, Role::Former, Role::Blocked, Role::Stranger, Role::Anonymous];

impl Role {
    /// Whether one was in the room at some time.
    const fn came_in(self) -> bool {
        !matches!(self, Self::Stranger | Self::Anonymous)
    }

    /// Whether one is logged in and not in the room.
    pub(crate) const fn is_outside(self) -> bool {
        matches!(self, Self::Former | Self::Blocked | Self::Stranger)
    }
}

/// Who can see a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    Public,
    Private,
}

impl Visibility {
    /// The word of the wire.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }
}

/// A user for each role, and bystanders upon whom they act.
#[derive(Clone)]
pub(crate) struct Cast {
    roles: BTreeMap<Role, User>,
    sessions: BTreeMap<Role, String>,
    /// A plain member of every room.
    pub(crate) subject: User,
    /// Never a member.
    pub(crate) outsider: User,
    /// Blocked in every room.
    pub(crate) barred: User,
}

impl Cast {
    /// Registers everyone.
    pub(crate) async fn new(platform: &Platform) -> Self {
        let cast = Self {
            roles: BTreeMap::from([(Role::Anonymous, User::anonymous(platform))]),
            sessions: BTreeMap::new(),
            subject: User::register(platform, "subject").await,
            outsider: User::register(platform, "outsider").await,
            barred: User::register(platform, "barred").await,
        };
        let logged_in = ROLES.into_iter().filter(|role| *role != Role::Anonymous);
        stream::iter(logged_in).fold(cast, |cast, role| async move { cast.recast(platform, role).await }).await
    }

    /// Who plays a role.
    pub(crate) fn user(&self, role: Role) -> &User {
        &self.roles[&role]
    }

    /// The session of the role's user; somebody else's for one who is not logged in.
    pub(crate) fn session(&self, role: Role) -> &str {
        self.sessions.get(&role).unwrap_or_else(|| &self.sessions[&Role::Stranger])
    }

    /// The same cast with a newly registered user in a role.
    pub(crate) async fn recast(&self, platform: &Platform, role: Role) -> Self {
        let mut cast = self.clone();
        if role == Role::Anonymous {
            return cast;
        }
        let user = User::register(platform, "actor").await;
        let sessions = user.get("/v1/auth/sessions").await.expect(200);
        let session = sessions["items"][0]["id"].as_str().expect("the session of the registration");
        cast.sessions.insert(role, session.to_owned());
        cast.roles.insert(role, user);
        cast
    }
}

/// A room of its own, with somebody in each relation to it.
#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) room: String,
    pub(crate) name: String,
    /// The code of a private room; of a public one, a code that opens nothing.
    pub(crate) code: String,
    /// A message of the subject.
    pub(crate) message: Value,
    /// The message of each role that was in the room.
    own: BTreeMap<Role, Value>,
}

impl Scene {
    /// Makes a room with the bystanders and those of `roles`; the owner is always there.
    pub(crate) async fn new(cast: &Cast, visibility: Visibility, roles: &[Role]) -> Self {
        let owner = cast.user(Role::Owner);
        let name = unique_name("scene");
        let body = json!({"name": name, "visibility": visibility.word()});
        let made = owner.post("/v1/rooms", &body).await.expect(201);
        let room = made["id"].as_str().expect("an id").to_owned();
        let code = made["secret_code"].as_str().unwrap_or(NO_CODE).to_owned();
        let mut own = BTreeMap::new();
        for role in roles.iter().copied().filter(|role| role.came_in()) {
            own.insert(role, enter(cast, &room, role).await);
        }
        put(owner, &room, "members", &cast.subject, &json!({})).await;
        put(owner, &room, "blocks", &cast.barred, &json!({})).await;
        let message = cast.subject.say(&room, "of the subject").await;
        Self { room, name, code, message, own }
    }

    /// A room that is not there, in which the same calls can be made.
    pub(crate) fn absent(&self) -> Self {
        Self {
            room: uuid::Uuid::now_v7().to_string(),
            name: unique_name("absent"),
            code: NO_CODE.to_owned(),
            ..self.clone()
        }
    }

    /// The message of a role, or that of the subject for one who never wrote.
    pub(crate) fn own_message(&self, role: Role) -> &Value {
        self.own.get(&role).unwrap_or(&self.message)
    }
}

/// A code of the length of a real one, which opens nothing.
const NO_CODE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Brings a role's user into the relation it names, and gives the message the user left.
async fn enter(cast: &Cast, room: &str, role: Role) -> Value {
    let (owner, user) = (cast.user(Role::Owner), cast.user(role));
    if role != Role::Owner {
        let as_role = if role == Role::Admin { json!({"role": "admin"}) } else { json!({}) };
        put(owner, room, "members", user, &as_role).await;
    }
    let message = user.say(room, "of the actor").await;
    match role {
        Role::Former => {
            let gone = owner.delete(&format!("/v1/rooms/{room}/members/{}", user.name)).await;
            assert!(gone.status.is_success(), "{}", gone.text);
        }
        Role::Blocked => put(owner, room, "blocks", user, &json!({})).await,
        _ => {}
    }
    message
}

async fn put(owner: &User, room: &str, list: &str, user: &User, body: &Value) {
    let answer = owner.put(&format!("/v1/rooms/{room}/{list}/{}", user.name), body).await;
    assert!(answer.status.is_success(), "{list}: {}", answer.text);
}
