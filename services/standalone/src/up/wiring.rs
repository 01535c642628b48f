//! The four services, given each other.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use chatapp_auth::AuthConfig;
use chatapp_bus::Bus;
use chatapp_db::Database;
use chatapp_gateway::GatewayConfig;
use chatapp_http::{MasterSecret, Revocations, ServiceClient, ServiceKeys, TokenVerifier};
use chatapp_messages::MessagesConfig;
use chatapp_rooms::RoomsConfig;
use chatapp_service::{AuthKeys, Lifetime, RevokedByView};
use chatapp_types::{Clock, SystemClock};

/// Between two looks whether ended sessions are known.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The services' settings.
#[derive(Clone, Debug, Default)]
pub struct Configs {
    /// Of accounts.
    pub auth: AuthConfig,
    /// Of rooms.
    pub rooms: RoomsConfig,
    /// Of messages.
    pub messages: MessagesConfig,
    /// Of the gateway.
    pub gateway: GatewayConfig,
}

/// The wired platform.
pub struct Platform {
    /// The gateway's router: the single URL.
    pub router: Router,
    /// The sessions that have ended; requests are refused until they are known.
    pub revocations: Revocations,
}

impl Platform {
    /// Waits until requests can be let in, at most `patience`; after that they get 503 until they can.
    pub async fn until_sessions_are_known(&self, patience: Duration) {
        let known = async {
            while !self.revocations.is_fresh() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        if tokio::time::timeout(patience, known).await.is_err() {
            tracing::warn!("ended sessions are not known yet, requests are refused until they are");
        }
    }
}

/// What all services share.
struct Shared<'a> {
    db: Database,
    secret: MasterSecret,
    keys: Arc<ServiceKeys>,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    lifetime: &'a Lifetime,
}

/// Builds the services on a migrated database, and gives each what it depends on: calls go to the other's router, in
/// process, by the same tokens and through the same layers as over a network.
pub async fn assemble(
    db: Database,
    secret: MasterSecret,
    bus: Arc<dyn Bus>,
    configs: Configs,
    lifetime: &Lifetime,
) -> anyhow::Result<Platform> {
    let keys = Arc::new(ServiceKeys::new(&secret));
    let shared = Shared { db, secret, keys, bus, clock: Arc::new(SystemClock), lifetime };
    let auth = shared.auth(configs.auth).await.context("auth cannot start")?;
    let revocations = shared.revocations();
    let source = Arc::new(AuthKeys(auth.clone()));
    let verifier = Arc::new(TokenVerifier::new(source, revocations.clone(), shared.clock.clone()));
    let rooms = shared.rooms(configs.rooms, &verifier).await.context("rooms cannot start")?;
    let messages = shared.messages(configs.messages, &verifier).await.context("messages cannot start")?;
    let gateway = chatapp_gateway::build(chatapp_gateway::Deps {
        auth,
        rooms,
        messages,
        verifier,
        revocations: revocations.clone(),
        bus: shared.bus.clone(),
        clock: shared.clock.clone(),
        config: configs.gateway,
        shutdown: lifetime.stopping.clone(),
        tasks: lifetime.tasks.clone(),
    });
    Ok(Platform { router: gateway.await.context("the gateway cannot start")?.router, revocations })
}

impl Shared<'_> {
    fn revocations(&self) -> Revocations {
        let source = Arc::new(RevokedByView(self.db.clone()));
        Revocations::watch(self.bus.clone(), source, self.clock.clone(), self.lifetime.background.clone())
    }

    fn client(&self, name: &'static str, router: Router) -> ServiceClient {
        ServiceClient::local(name, router, self.keys.clone(), self.clock.clone())
    }

    async fn auth(&self, config: AuthConfig) -> anyhow::Result<ServiceClient> {
        let parts = chatapp_auth::build(chatapp_auth::Deps {
            db: self.db.clone(),
            bus: self.bus.clone(),
            clock: self.clock.clone(),
            secret: self.secret.clone(),
            config,
            shutdown: self.lifetime.background.clone(),
            tasks: self.lifetime.tasks.clone(),
        });
        Ok(self.client("auth", parts.await?.router))
    }

    async fn rooms(&self, config: RoomsConfig, verifier: &Arc<TokenVerifier>) -> anyhow::Result<ServiceClient> {
        let parts = chatapp_rooms::build(chatapp_rooms::Deps {
            db: self.db.clone(),
            bus: self.bus.clone(),
            clock: self.clock.clone(),
            secret: self.secret.clone(),
            verifier: verifier.clone(),
            config,
            shutdown: self.lifetime.background.clone(),
            tasks: self.lifetime.tasks.clone(),
        });
        Ok(self.client("rooms", parts.await?.router))
    }

    async fn messages(&self, config: MessagesConfig, verifier: &Arc<TokenVerifier>) -> anyhow::Result<ServiceClient> {
        let parts = chatapp_messages::build(chatapp_messages::Deps {
            db: self.db.clone(),
            bus: self.bus.clone(),
            clock: self.clock.clone(),
            secret: self.secret.clone(),
            verifier: verifier.clone(),
            config,
            shutdown: self.lifetime.background.clone(),
            tasks: self.lifetime.tasks.clone(),
        });
        Ok(self.client("messages", parts.await?.router))
    }
}
