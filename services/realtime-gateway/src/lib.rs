//! The realtime gateway: the platform's single URL.
//!
//! - [`edge`](crate): who comes, how often, with which headers;
//! - `rest`: what is passed on to the services, the description, the interactive page, the handshake of the socket;
//! - `hub`: who follows a room here gets every entry of it, once and in order;
//! - `socket`: one task a socket, one loop, one bounded queue;
//! - `v0`: the original's interface.
//!
//! The gateway has no database and no rights of its own: services verify each user's token themselves, and what it
//! shows of a room it was told by them.

mod config;
#[cfg(test)]
mod conformance;
mod edge;
mod hub;
mod rest;
#[cfg(test)]
mod simulation;
mod socket;
mod state;
mod sync;
#[cfg(test)]
mod tests;
mod v0;

use std::sync::Arc;

use axum::middleware;
use chatapp_bus::Bus;
use chatapp_http::{LayerConfig, Revocations, ServiceClient, ServiceParts, TokenVerifier};
use chatapp_metrics::{GATEWAY, THROTTLED};
use chatapp_types::Clock;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use config::{GatewayConfig, Switch};
pub use edge::{BadNetwork, BadOrigin, Network, Origin};

use edge::{RequestLimits, ScriptTokens};
use hub::{Hub, LogSource};
use rest::Description;
use socket::identity::TokenDesk;
use socket::replays::Replays;
use socket::seats::Seats;
use socket::services::SocketServices;
use socket::sockets::Sockets;
use state::{Gateway, Shared};

/// What the gateway depends on.
pub struct Deps {
    /// Accounts and sessions.
    pub auth: ServiceClient,
    /// Rooms and members.
    pub rooms: ServiceClient,
    /// Messages, and the log of each room.
    pub messages: ServiceClient,
    /// Checks access tokens.
    pub verifier: Arc<TokenVerifier>,
    /// Sessions that have ended; their sockets are closed within a second.
    pub revocations: Revocations,
    /// Where committed entries are announced.
    pub bus: Arc<dyn Bus>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The settings.
    pub config: GatewayConfig,
    /// When it is cancelled, sockets are asked to reconnect elsewhere.
    pub shutdown: CancellationToken,
    /// What has to end before the process does: sockets among others.
    pub tasks: TaskTracker,
}

/// Builds the gateway and starts what goes on in its background, until `shutdown`.
#[allow(clippy::unused_async, reason = "every service is built alike")]
pub async fn build(deps: Deps) -> anyhow::Result<ServiceParts> {
    let (shutdown, tasks) = (deps.shutdown.clone(), deps.tasks.clone());
    GATEWAY.announce();
    THROTTLED.announce("gateway");
    let gateway = assemble(deps);
    start_background(&gateway, &shutdown, &tasks);
    let mut router = rest::router();
    if gateway.config.v0_api.is_on() {
        router = router.merge(v0::router());
    }
    let router = router.layer(middleware::from_fn_with_state(gateway.clone(), edge::share)).with_state(gateway);
    Ok(ServiceParts {
        router: chatapp_http::standard(router, LayerConfig::new("gateway").at_the_edge()),
        openapi: rest::own(),
    })
}

fn assemble(deps: Deps) -> Gateway {
    let config = Arc::new(deps.config);
    let limits = Arc::new(RequestLimits::new(&config));
    let scripts = Arc::new(ScriptTokens::new(Arc::new(deps.auth.clone()), deps.revocations.clone()));
    let tokens = TokenDesk { verifier: deps.verifier.clone(), scripts: scripts.clone(), limits: limits.clone() };
    let log: Arc<dyn LogSource> = Arc::new(deps.messages.clone());
    let sockets = SocketServices {
        hub: Hub::start(deps.bus, log, deps.shutdown, deps.tasks.clone()),
        sockets: Sockets::new(deps.revocations),
        seats: Seats::new(&config),
        replays: Replays::default(),
        messages: Arc::new(deps.messages.clone()),
        tokens: Arc::new(tokens),
        limits: limits.clone(),
        clock: deps.clock,
        config: config.clone(),
        places: Arc::new(Semaphore::new(config.max_handshakes.clamp(1, Semaphore::MAX_PERMITS))),
    };
    Gateway::new(Shared {
        config,
        auth: deps.auth,
        rooms: deps.rooms,
        messages: deps.messages,
        verifier: deps.verifier,
        scripts,
        limits,
        description: Description::default(),
        sockets: Arc::new(sockets),
        tasks: deps.tasks,
    })
}

fn start_background(gateway: &Gateway, shutdown: &CancellationToken, tasks: &TaskTracker) {
    let sockets = gateway.sockets.sockets.clone();
    let revoking = sockets.clone().follow_revocations();
    let telling = sockets.clone().follow_delivery(gateway.sockets.hub.delivery().clone());
    let limits = gateway.limits.clone();
    let forgetting = async move {
        let mut tick = tokio::time::interval(edge::FORGET_EVERY);
        loop {
            tick.tick().await;
            limits.forget_idle();
        }
    };
    let (shutdown, window) = (shutdown.clone(), gateway.config.shutdown_window());
    tasks.spawn(async move {
        shutdown.run_until_cancelled(async { tokio::join!(revoking, telling, forgetting) }).await;
        sockets.close_all(window).await;
    });
}
