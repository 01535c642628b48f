//! The platform as it runs on many machines: every service several times, on one database and one event bus.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use crate::platform::{append, signal};
use crate::{DEADLINE, NatsServer, Socket, User, binary, eventually};

/// The services, in the order in which one needs another's address.
const SERVICES: [&str; 4] = ["auth", "rooms", "messages", "gateway"];

/// Replicas of every service, each a process of its own; killed when dropped.
///
/// Replica `n` of a service calls replica `n` of the others, so what passes from one number to another passes through
/// the database or the bus.
pub struct Cluster {
    dir: TempDir,
    /// The event bus between them.
    pub bus: NatsServer,
    replicas: Vec<Replica>,
}

struct Replica {
    service: &'static str,
    number: usize,
    child: Option<Child>,
    port: u16,
}

impl Replica {
    fn name(&self) -> String {
        format!("{}-{}", self.service, self.number)
    }
}

impl Cluster {
    /// Starts `count` replicas of every service. `bus_settings` are the event bus's: it must let in a user with the
    /// name of each service and the password of [`Cluster::password`].
    pub async fn start(count: usize, bus_settings: &str) -> Self {
        let mut cluster = Self::prepare(bus_settings).await;
        for service in SERVICES {
            for number in 0..count {
                cluster.replicas.push(Replica { service, number, child: None, port: 0 });
                cluster.run(service, number).await;
            }
        }
        cluster
    }

    /// The password of a service on the event bus.
    pub fn password(service: &str) -> String {
        format!("of-the-service-{service}")
    }

    async fn prepare(bus_settings: &str) -> Self {
        let cluster = Self {
            dir: tempfile::tempdir().expect("a temporary folder"),
            bus: NatsServer::start(bus_settings).await,
            replicas: vec![],
        };
        for service in SERVICES {
            std::fs::write(cluster.password_file(service), Self::password(service)).expect("a password file");
        }
        let migrated =
            Command::new(binary("chatapp")).arg("migrate").arg("--data-dir").arg(cluster.data_dir()).output();
        let migrated = migrated.expect("chatapp runs");
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        cluster
    }

    /// The URL of a gateway.
    pub fn url(&self, number: usize) -> String {
        self.url_of("gateway", number)
    }

    /// A new user, registered through this gateway.
    pub async fn register(&self, number: usize, stem: &str) -> User {
        User::register_at(&self.url(number), stem).await
    }

    /// A user's live connection to this gateway.
    pub async fn connect(&self, number: usize, user: &User) -> Socket {
        let url = format!("{}/v1/ws", self.url(number).replacen("http", "ws", 1));
        let mut socket = Socket::open(&url, Some(&user.token)).await.expect("a connection");
        socket.expect("ready").await;
        socket
    }

    /// Kills a replica with SIGKILL.
    pub fn kill(&mut self, service: &str, number: usize) {
        if let Some(mut child) = self.replica_mut(service, number).child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks a replica to end with SIGTERM and gives its exit code.
    pub async fn terminate(&mut self, service: &str, number: usize) -> i32 {
        let mut child = self.replica_mut(service, number).child.take().expect("the replica runs");
        signal(child.id(), "TERM");
        let ended = eventually("the replica ends after SIGTERM", || {
            let status = child.try_wait().expect("a child to wait for");
            async move { status }
        });
        ended.await.code().unwrap_or(-1)
    }

    /// Runs a replica that does not; at the same address as before.
    pub async fn run(&mut self, service: &'static str, number: usize) {
        let seen = self.output(service, number).len();
        let child = self.command(service, number).spawn().expect("the service starts");
        let replica = self.replica_mut(service, number);
        assert!(replica.child.replace(child).is_none(), "{service} {number} runs already");
        let port = self.listening(service, number, seen).await;
        self.replica_mut(service, number).port = port;
        if service == "gateway" {
            self.until_answering(number).await;
        }
    }

    /// Everything a replica has written so far.
    pub fn output(&self, service: &str, number: usize) -> String {
        std::fs::read_to_string(self.log_file(service, number)).unwrap_or_default()
    }

    fn command(&self, service: &str, number: usize) -> Command {
        let mut command = Command::new(binary(&format!("chatapp-{service}")));
        let log = append(&self.log_file(service, number));
        command
            .env_remove("RUST_LOG")
            .env("CHATAPP_DATA_DIR", self.data_dir())
            .env("CHATAPP_LISTEN", format!("127.0.0.1:{}", self.replica(service, number).port))
            .env("CHATAPP_OPS_LISTEN", "127.0.0.1:0")
            .env("CHATAPP_LOG_FORMAT", "json")
            .env("CHATAPP_RATE_LIMITS", "off")
            .env("CHATAPP_BUS_URL", self.bus.url())
            .env("CHATAPP_BUS_USER", service)
            .env("CHATAPP_BUS_PASSWORD_FILE", self.password_file(service))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log);
        for peer in self.replicas.iter().filter(|peer| peer.number == number && peer.service != service) {
            command.env(format!("CHATAPP_{}_URL", peer.service.to_uppercase()), self.url_of(peer.service, number));
        }
        command
    }

    async fn listening(&mut self, service: &str, number: usize, seen: usize) -> u16 {
        let begun = Instant::now();
        loop {
            let output = self.output(service, number);
            if let Some(port) = output.get(seen..).and_then(listening_port) {
                return port;
            }
            let child = self.replica_mut(service, number).child.as_mut();
            let ended = child.and_then(|child| child.try_wait().ok()).flatten();
            assert!(ended.is_none(), "{service} {number} ended at its start ({ended:?}):\n{output}");
            assert!(begun.elapsed() < DEADLINE, "{service} {number} does not listen:\n{output}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Waits until a gateway lets requests in: it knows ended sessions, and auth's keys.
    async fn until_answering(&self, number: usize) {
        let nobody = User::nobody_at(&self.url(number)).with_token("nobody's");
        eventually(&format!("gateway {number} answers"), || async {
            let answer = nobody.try_send(nobody.request(reqwest::Method::GET, "/v1/users/me")).await.ok()?;
            (answer.status == 401).then_some(())
        })
        .await;
    }

    fn url_of(&self, service: &str, number: usize) -> String {
        format!("http://127.0.0.1:{}", self.replica(service, number).port)
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn password_file(&self, service: &str) -> PathBuf {
        self.dir.path().join(format!("{service}.password"))
    }

    fn log_file(&self, service: &str, number: usize) -> PathBuf {
        self.dir.path().join(format!("{service}-{number}.log"))
    }

    fn replica(&self, service: &str, number: usize) -> &Replica {
        self.replicas.iter().find(|r| r.service == service && r.number == number).expect("such a replica")
    }

    fn replica_mut(&mut self, service: &str, number: usize) -> &mut Replica {
        self.replicas.iter_mut().find(|r| r.service == service && r.number == number).expect("such a replica")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for replica in &mut self.replicas {
            if let Some(mut child) = replica.child.take() {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
        if std::thread::panicking() {
            for replica in &self.replicas {
                let output = self.output(replica.service, replica.number);
                let tail = output.char_indices().rev().nth(3_000).map_or(0, |(at, _)| at);
                #[allow(clippy::print_stderr)]
                {
                    eprintln!("--- last output of {} ---\n{}", replica.name(), &output[tail..]);
                }
            }
        }
    }
}

/// The port in the line of the log that says where the service listens.
fn listening_port(log: &str) -> Option<u16> {
    let line = log.lines().find(|line| line.contains("\"listening\""))?;
    line.split("127.0.0.1:").nth(1)?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
