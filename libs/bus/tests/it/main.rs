//! The bus on a real NATS server.
#![allow(clippy::unwrap_used)]

mod absence;
mod access;
mod delivery;

use chatapp_bus::{NatsBus, NatsConfig, NatsServers, Subscription};
use chatapp_testkit::{DEADLINE, NatsServer, within};

/// How to reach a server that asks nobody who they are.
fn config(url: &str) -> NatsConfig {
    NatsConfig { servers: servers(url), user: None, ca_file: None, name: "test".to_owned() }
}

fn servers(url: &str) -> NatsServers {
    url.parse().unwrap()
}

async fn connect(server: &NatsServer) -> NatsBus {
    NatsBus::connect(&config(&server.url())).await.unwrap()
}

/// The next event, as text.
async fn next(events: &mut Subscription) -> String {
    let event = within(DEADLINE, "an event", events.recv()).await.expect("an open subscription");
    String::from_utf8(event.payload.to_vec()).unwrap()
}
