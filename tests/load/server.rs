//! The server that is measured: one that runs already, one of our own, or a cluster of our own.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use chatapp_bus::permissions::authorization;
use chatapp_testkit::{Cluster, ClusterSetup, Platform};

use crate::process::{Memory, ServerProcesses};

/// Gateways of a cluster.
const REPLICAS: usize = 2;

/// A server under load.
pub(crate) struct Server {
    urls: Vec<String>,
    /// Whose CPU and memory are the case's: in a cluster those of the gateways and of the event bus.
    counted: ServerProcesses,
    /// The cluster's other services.
    others: ServerProcesses,
    own: Own,
}

enum Own {
    Nothing,
    Standalone(Box<Platform>),
    Cluster(#[expect(dead_code, reason = "it runs for as long as it is held")] Box<Cluster>),
}

impl Server {
    /// One that runs already, with the processes that are its.
    pub(crate) fn given(url: &str, pids: Vec<u32>) -> Self {
        let counted = ServerProcesses::new(pids);
        Self::new(vec![url.to_owned()], counted, ServerProcesses::default(), Own::Nothing)
    }

    /// Starts `chatapp up` on a temporary folder.
    pub(crate) async fn standalone() -> Self {
        let platform = Platform::start().await;
        let counted = ServerProcesses::new(vec![platform.pid()]);
        let urls = vec![platform.url()];
        Self::new(urls, counted, ServerProcesses::default(), Own::Standalone(Box::new(platform)))
    }

    /// Starts two of each service on one file, and the event bus between them.
    pub(crate) async fn cluster() -> Self {
        let setup = ClusterSetup::new(REPLICAS, &authorization(Cluster::password)).env("CHATAPP_RATE_LIMITS", "off");
        let cluster = setup.start().await;
        let pids = |service: &str| (0..REPLICAS).filter_map(|n| cluster.pid(service, n)).collect::<Vec<_>>();
        let counted = ServerProcesses::new([pids("gateway"), vec![cluster.bus.pid()]].concat());
        let others = ServerProcesses::new([pids("auth"), pids("rooms"), pids("messages")].concat());
        let urls = (0..REPLICAS).map(|n| cluster.url(n)).collect();
        Self::new(urls, counted, others, Own::Cluster(Box::new(cluster)))
    }

    fn new(urls: Vec<String>, counted: ServerProcesses, others: ServerProcesses, own: Own) -> Self {
        Self { urls, counted, others, own }
    }

    /// Its gateways.
    pub(crate) fn urls(&self) -> &[String] {
        &self.urls
    }

    /// Where its data is, if it is a standalone server of our own.
    pub(crate) fn data(&self) -> anyhow::Result<PathBuf> {
        match &self.own {
            Own::Standalone(platform) => Ok(platform.data_dir()),
            _ => Err(anyhow::anyhow!("this case builds a database: it needs a server of its own")),
        }
    }

    /// A folder on the disk that it writes to, as far as that is known.
    pub(crate) fn disk(&self) -> PathBuf {
        self.data().unwrap_or_else(|_| std::env::temp_dir())
    }

    /// User and system time so far, of what counts and of the rest.
    pub(crate) fn cpu(&self) -> Option<(Duration, Duration)> {
        Some((self.counted.cpu()?, self.others.cpu().unwrap_or_default()))
    }

    /// Memory of what counts.
    pub(crate) fn memory(&self) -> Option<Memory> {
        self.counted.memory()
    }

    /// Its database file.
    pub(crate) fn database(&self) -> anyhow::Result<PathBuf> {
        let mut files = std::fs::read_dir(self.data()?)?.filter_map(Result::ok).map(|entry| entry.path());
        files.find(|path| path.extension().is_some_and(|ext| ext == "db")).context("no database in the data folder")
    }
}
