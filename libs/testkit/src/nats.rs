//! A real NATS server.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use crate::platform::{append, signal};
use crate::{DEADLINE, eventually};

/// A running `nats-server` on a port of its own; killed when dropped.
pub struct NatsServer {
    dir: TempDir,
    child: Option<Child>,
    port: u16,
}

impl NatsServer {
    /// Starts one with these settings besides its address (an `authorization` block, `tls`, …; may be empty).
    ///
    /// Panics with what to do when there is no `nats-server`.
    pub async fn start(settings: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(dir.path().join("server.conf"), settings).expect("a settings file");
        let mut server = Self { dir, child: None, port: 0 };
        server.run().await;
        server
    }

    /// Its URL, like `nats://127.0.0.1:40123`; the same after a restart.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Replaces its settings; they count from the next [`NatsServer::run`].
    pub fn set(&self, settings: &str) {
        std::fs::write(self.dir.path().join("server.conf"), settings).expect("a settings file");
    }

    /// Kills it.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Runs it again on the same port after [`NatsServer::kill`]. Nothing is kept.
    pub async fn run(&mut self) {
        assert!(self.child.is_none(), "the server runs");
        let port = if self.port == 0 { "-1".to_owned() } else { self.port.to_string() };
        let log = append(&self.dir.path().join("server.log"));
        let child = Command::new("nats-server")
            .args(["--addr", "127.0.0.1", "--port", &port, "--config"])
            .arg(self.dir.path().join("server.conf"))
            .arg("--ports_file_dir")
            .arg(self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|err| panic!("nats-server does not run ({err}): run `cargo qa tools`"));
        let ports = self.dir.path().join(format!("nats-server_{}.ports", child.id()));
        self.child = Some(child);
        self.port = self.wait_until_listening(&ports).await;
    }

    /// Stops it where it stands, without closing its connections.
    pub fn freeze(&self) {
        signal(self.pid(), "STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        signal(self.pid(), "CONT");
    }

    /// What it has written.
    pub fn output(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("server.log")).unwrap_or_default()
    }

    /// Waits until its log has `text`.
    pub async fn says(&self, text: &str) {
        eventually(&format!("the NATS server says {text:?}"), || {
            let said = self.output().contains(text);
            async move { said.then_some(()) }
        })
        .await;
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map(Child::id).expect("the server runs")
    }

    async fn wait_until_listening(&mut self, ports: &Path) -> u16 {
        let begun = Instant::now();
        loop {
            if let Some(port) = std::fs::read_to_string(ports).ok().as_deref().and_then(client_port) {
                return port;
            }
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok()).flatten();
            assert!(ended.is_none(), "nats-server ended at its start ({ended:?}):\n{}", self.output());
            assert!(begun.elapsed() < DEADLINE, "nats-server does not listen:\n{}", self.output());
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The port for clients in the file that the server writes about its ports.
fn client_port(text: &str) -> Option<u16> {
    let ports: serde_json::Value = serde_json::from_str(text).ok()?;
    ports["nats"][0].as_str()?.rsplit(':').next()?.parse().ok()
}
