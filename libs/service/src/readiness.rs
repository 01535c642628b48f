//! Whether a process can do its work now, for its operations port.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use chatapp_db::Database;
use chatapp_http::ops::{self, OpsState, ReadyCheck};
use chatapp_http::{Revocations, ServerConfig, serve};
use chatapp_telemetry::Control;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::build_info;

/// What a process has come to have. Clones share it.
#[derive(Clone, Default)]
pub struct Readiness(Arc<State>);

#[derive(Default)]
struct State {
    phase: AtomicU8,
    database: OnceLock<Database>,
    revocations: OnceLock<Revocations>,
}

const STARTING: u8 = 0;
const SERVING: u8 = 1;
const STOPPING: u8 = 2;

impl Readiness {
    /// The database is open: from now on it must answer.
    pub fn has_database(&self, db: &Database) {
        let _ = self.0.database.set(db.clone());
    }

    /// Ended sessions are followed: from now on they must be known.
    pub fn has_revocations(&self, revocations: &Revocations) {
        let _ = self.0.revocations.set(revocations.clone());
    }

    /// The process listens.
    pub fn serving(&self) {
        self.0.phase.store(SERVING, Ordering::Relaxed);
    }

    /// The process is about to end.
    pub fn stopping(&self) {
        self.0.phase.store(STOPPING, Ordering::Relaxed);
    }

    /// The checks of `/readyz`.
    pub fn checks(&self) -> Vec<(&'static str, ReadyCheck)> {
        let (phase, database, revocations) = (self.0.clone(), self.0.clone(), self.0.clone());
        let phase = ops::check(move || {
            let phase = phase.phase.load(Ordering::Relaxed);
            async move {
                match phase {
                    STARTING => Err("starting".to_owned()),
                    STOPPING => Err("shutting down".to_owned()),
                    _ => Ok(()),
                }
            }
        });
        let database = ops::check(move || {
            let database = database.database.get().cloned();
            async move {
                match database {
                    Some(db) => db.ping().await.map_err(|err| err.to_string()),
                    None => Ok(()),
                }
            }
        });
        let sessions = ops::check(move || {
            let fresh = revocations.revocations.get().is_none_or(Revocations::is_fresh);
            async move { if fresh { Ok(()) } else { Err("ended sessions are not known".to_owned()) } }
        });
        vec![("process", phase), ("database", database), ("sessions", sessions)]
    }
}

/// Serves what operators ask (see [`ops::router`]) at `address` until `shutdown`, in a task of its own. Returns the
/// address taken, which differs for port 0.
pub async fn serve_operations(
    address: SocketAddr,
    service: &'static str,
    readiness: &Readiness,
    telemetry: Control,
    shutdown: CancellationToken,
) -> anyhow::Result<SocketAddr> {
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen for operations on {address}"))?;
    let address = listener.local_addr()?;
    let (version, build, ready) = (build_info::VERSION, build_info::BUILD, readiness.checks());
    let router = ops::router(OpsState { service, version, build, telemetry, ready });
    tokio::spawn(async move {
        if let Err(err) = serve(listener, router, ServerConfig::default(), shutdown).await {
            tracing::error!(error = %err, "the operations port failed");
        }
    });
    tracing::info!(listen.address = %address, "operations port is open");
    Ok(address)
}
