//! What a process that hosts one service gives it.

use std::sync::Arc;

use chatapp_bus::Bus;
use chatapp_db::Database;
use chatapp_http::{MasterSecret, RevocationSource, Revocations, ServiceClient, ServiceKeys, TokenVerifier};
use chatapp_types::{Clock, SystemClock};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::lifetime::Lifetime;
use crate::readiness::Readiness;
use crate::{AuthKeys, InstanceLock, PeerUrls, Storage, open_when_there};

/// The surroundings of a service: storage, clock, bus, other services, and the end of the process.
pub struct Host {
    storage: Storage,
    peers: PeerUrls,
    secret: MasterSecret,
    keys: Arc<ServiceKeys>,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    lifetime: Lifetime,
    readiness: Readiness,
    lock: std::sync::OnceLock<InstanceLock>,
}

impl Host {
    pub(crate) fn new(
        storage: Storage,
        bus: Arc<dyn Bus>,
        peers: PeerUrls,
        lifetime: Lifetime,
        readiness: Readiness,
    ) -> anyhow::Result<Self> {
        storage.prepare()?;
        let secret = storage.secret()?;
        Ok(Self {
            keys: Arc::new(ServiceKeys::new(&secret)),
            bus,
            clock: Arc::new(SystemClock),
            lock: std::sync::OnceLock::new(),
            storage,
            peers,
            secret,
            lifetime,
            readiness,
        })
    }

    /// The database, open and migrated; waits until it is. Its file is marked as in use by services of this host, so
    /// that nobody replaces it under them.
    pub async fn database(&self) -> anyhow::Result<Database> {
        if self.lock.get().is_none() {
            let _ = self.lock.set(InstanceLock::shared(&self.storage.lock_file())?);
        }
        let db = open_when_there(&self.storage.database_config(), &self.lifetime.stopping).await?;
        self.readiness.has_database(&db);
        Ok(db)
    }

    /// The master secret.
    pub fn secret(&self) -> MasterSecret {
        self.secret.clone()
    }

    /// The event bus.
    pub fn bus(&self) -> Arc<dyn Bus> {
        self.bus.clone()
    }

    /// The machine's clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// A client of the auth service.
    pub fn auth(&self) -> anyhow::Result<ServiceClient> {
        self.client("auth", &self.peers.auth_url)
    }

    /// A client of the rooms service.
    pub fn rooms(&self) -> anyhow::Result<ServiceClient> {
        self.client("rooms", &self.peers.rooms_url)
    }

    /// A client of the messages service.
    pub fn messages(&self) -> anyhow::Result<ServiceClient> {
        self.client("messages", &self.peers.messages_url)
    }

    fn client(&self, name: &'static str, url: &str) -> anyhow::Result<ServiceClient> {
        Ok(ServiceClient::remote(name, url, self.keys.clone(), self.clock())?)
    }

    /// The sessions that have ended, followed on the bus and by polls of `source`.
    pub fn revocations(&self, source: impl RevocationSource) -> Revocations {
        let ended = self.background();
        let revocations = Revocations::watch(self.bus(), Arc::new(source), self.clock(), ended);
        self.readiness.has_revocations(&revocations);
        revocations
    }

    /// Verifies tokens by the keys that auth publishes.
    pub fn verifier(&self, revocations: Revocations) -> anyhow::Result<Arc<TokenVerifier>> {
        let keys = Arc::new(AuthKeys(self.auth()?));
        Ok(Arc::new(TokenVerifier::new(keys, revocations, self.clock())))
    }

    /// Cancelled when the process is asked to end.
    pub fn stopping(&self) -> CancellationToken {
        self.lifetime.stopping.clone()
    }

    /// Cancelled when the last request has been answered.
    pub fn background(&self) -> CancellationToken {
        self.lifetime.background.clone()
    }

    /// The background tasks, waited for at the end.
    pub fn tasks(&self) -> TaskTracker {
        self.lifetime.tasks.clone()
    }
}
