//! Which event bus: the settings, and the bus they make.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use chatapp_bus::{Bus, LocalBus, NatsBus, NatsConfig, NatsServers, NatsUser};
use chatapp_metrics::BUS;
use clap::Args;

/// Where events go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BusUrl {
    /// Within this process. Between processes, followers read the log instead of hearing of it.
    #[default]
    Local,
    /// To all processes that are connected to these servers.
    Nats(NatsServers),
}

impl FromStr for BusUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "local" => Ok(Self::Local),
            _ if text.contains("://") => text.parse().map(Self::Nats),
            _ => Err("expected `local` or `nats://host:port`".to_owned()),
        }
    }
}

/// Settings of the event bus. Flatten them into a program's arguments.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Event bus")]
pub struct BusArgs {
    /// Where events go: `local` is within the process (followers elsewhere read the log instead); several processes
    /// share `nats://host:port[,nats://host:port…]`, or `tls://…`
    #[arg(long, env = "CHATAPP_BUS_URL", default_value = "local", value_name = "URL")]
    pub bus_url: BusUrl,

    /// User on the NATS server
    #[arg(long, env = "CHATAPP_BUS_USER", value_name = "NAME")]
    pub bus_user: Option<String>,

    /// File with the password of that user; read at each connect
    #[arg(long, env = "CHATAPP_BUS_PASSWORD_FILE", value_name = "FILE")]
    pub bus_password_file: Option<PathBuf>,

    /// PEM file with the certificates that the NATS server's is checked against; by default the machine's
    #[arg(long, env = "CHATAPP_BUS_CA_FILE", value_name = "FILE")]
    pub bus_ca_file: Option<PathBuf>,
}

impl BusArgs {
    /// Checks what belongs together.
    pub fn check(&self) -> anyhow::Result<()> {
        self.user().map(drop)
    }

    /// The bus, for a process of this name. A server that is away is waited for in the background; one that refuses
    /// the user is an error that names the settings. Must be called within a runtime.
    pub async fn open(&self, process: &str) -> anyhow::Result<Arc<dyn Bus>> {
        let BusUrl::Nats(servers) = &self.bus_url else {
            BUS.connected.watch(|| Some(true));
            return Ok(Arc::new(LocalBus::new()));
        };
        let config = NatsConfig {
            servers: servers.clone(),
            user: self.user()?,
            ca_file: self.bus_ca_file.clone(),
            name: process.to_owned(),
        };
        let bus = Arc::new(NatsBus::connect(&config).await?);
        let watched = Arc::downgrade(&bus);
        BUS.connected.watch(move || watched.upgrade().map(|bus| bus.is_connected()));
        Ok(bus)
    }

    fn user(&self) -> anyhow::Result<Option<NatsUser>> {
        match (&self.bus_user, &self.bus_password_file) {
            (None, None) => Ok(None),
            (Some(name), Some(file)) => Ok(Some(NatsUser { name: name.clone(), password_file: file.clone() })),
            (Some(_), None) => anyhow::bail!("CHATAPP_BUS_USER is set, and CHATAPP_BUS_PASSWORD_FILE is not"),
            (None, Some(_)) => anyhow::bail!("CHATAPP_BUS_PASSWORD_FILE is set, and CHATAPP_BUS_USER is not"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_is_local_or_a_nats_server() {
        assert_eq!("local".parse(), Ok(BusUrl::Local));
        assert!(matches!("nats://localhost:4222".parse(), Ok(BusUrl::Nats(_))));
        for text in ["", "remote", "redis://localhost"] {
            assert!(text.parse::<BusUrl>().unwrap_err().contains("nats://host:port"), "{text}");
        }
    }

    #[test]
    fn a_user_without_a_password_is_told_by_the_settings_name() {
        let args = BusArgs { bus_user: Some("rooms".to_owned()), ..BusArgs::default() };
        assert!(args.check().unwrap_err().to_string().contains("CHATAPP_BUS_PASSWORD_FILE is not"));
        let args = BusArgs { bus_password_file: Some("/run/secrets/bus".into()), ..BusArgs::default() };
        assert!(args.check().unwrap_err().to_string().contains("CHATAPP_BUS_USER is not"));
    }
}
