//! The platform as it runs on many machines: every service several times, on one database and one event bus.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use chatapp_db::mssql::ServiceLogin;
use chatapp_types::Secret;

use crate::metrics::operations_port;
use crate::platform::{append, signal};
use crate::tds::TdsDatabase;
use crate::{DEADLINE, Link, Metrics, NatsServer, Socket, User, binary, eventually};

/// The services, in the order in which one needs another's address.
const SERVICES: [&str; 4] = ["auth", "rooms", "messages", "gateway"];

/// How to start a cluster.
#[derive(Clone, Debug, Default)]
pub struct ClusterSetup {
    replicas: usize,
    bus_settings: String,
    env: Vec<(String, String)>,
    links: bool,
    sql_server: bool,
}

impl ClusterSetup {
    /// `replicas` of every service. `bus_settings` are the event bus's: it must let in a user with the name of each
    /// service and the password of [`Cluster::password`].
    pub fn new(replicas: usize, bus_settings: &str) -> Self {
        Self { replicas, bus_settings: bus_settings.to_owned(), ..Self::default() }
    }

    /// Sets an environment variable of every service.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Puts a [`Link`] between each replica and the bus, and each replica and those it calls: see [`Cluster::link`].
    #[must_use]
    pub fn linked(mut self) -> Self {
        self.links = true;
        self
    }

    /// Puts the data on the SQL Server that [`crate::MSSQL_URL`] names, with a log-in for each service; otherwise the
    /// replicas share a file.
    #[must_use]
    pub fn on_sql_server(mut self) -> Self {
        self.sql_server = true;
        self
    }

    /// Starts it.
    pub async fn start(self) -> Cluster {
        let count = self.replicas;
        let mut cluster = Cluster::prepare(self).await;
        for service in SERVICES {
            for number in 0..count {
                cluster.replicas.push(Replica { service, number, child: None, port: 0 });
                cluster.make_links(service, number).await;
                cluster.run(service, number).await;
            }
        }
        cluster
    }
}

/// Replicas of every service, each a process of its own; killed when dropped.
///
/// Replica `n` of a service calls replica `n` of the others, so what passes from one number to another passes through
/// the database or the bus.
pub struct Cluster {
    dir: TempDir,
    /// The event bus between them.
    pub bus: NatsServer,
    replicas: Vec<Replica>,
    setup: ClusterSetup,
    links: BTreeMap<(&'static str, usize, &'static str), Link>,
    sql_server: Option<TdsDatabase>,
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
        ClusterSetup::new(count, bus_settings).start().await
    }

    /// The password of a service on the event bus.
    pub fn password(service: &str) -> String {
        format!("of-the-service-{service}")
    }

    async fn prepare(setup: ClusterSetup) -> Self {
        let cluster = Self {
            dir: tempfile::tempdir().expect("a temporary folder"),
            bus: NatsServer::start(&setup.bus_settings).await,
            replicas: vec![],
            links: BTreeMap::new(),
            sql_server: if setup.sql_server { Some(TdsDatabase::create().await) } else { None },
            setup,
        };
        for service in SERVICES {
            std::fs::write(cluster.password_file(service), Self::password(service)).expect("a password file");
        }
        if let Some(server) = &cluster.sql_server {
            let login = |service| ServiceLogin { service, password: Secret::new(sql_password(service)) };
            server.db.provision(&ServiceLogin::SERVICES.map(login)).await.expect("log-ins of the services");
            for service in ServiceLogin::SERVICES {
                std::fs::write(cluster.sql_password_file(service), sql_password(service)).expect("a password file");
            }
            return cluster;
        }
        let mut migrating = Command::new(binary("chatapp"));
        migrating.arg("migrate").arg("--data-dir").arg(cluster.data_dir());
        let migrated = migrating.envs(cluster.setup.env.iter().map(|(k, v)| (k, v))).output().expect("chatapp runs");
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        cluster
    }

    /// The services, each of which has as many replicas.
    pub const fn services() -> [&'static str; 4] {
        SERVICES
    }

    /// The way from a replica to `peer`: to the bus (`"bus"`), to the SQL Server (`"database"`), or to the replica of the
    /// same number of that service.
    /// There is one where the setup asked for them.
    pub fn link(&self, service: &'static str, number: usize, peer: &'static str) -> &Link {
        self.links.get(&(service, number, peer)).expect("such a link")
    }

    async fn make_links(&mut self, service: &'static str, number: usize) {
        if !self.setup.links {
            return;
        }
        let to_bus = Link::to(&format!("127.0.0.1:{}", self.bus.port())).await;
        self.links.insert((service, number, "bus"), to_bus);
        if let Some(server) = self.sql_server.as_ref().filter(|_| ServiceLogin::SERVICES.contains(&service)) {
            let to_database = Link::to(&format!("{}:{}", server.url().host, server.url().port)).await;
            self.links.insert((service, number, "database"), to_database);
        }
        let called = |r: &&Replica| r.number == number && r.service != service;
        let called: Vec<_> = self.replicas.iter().filter(called).map(|r| (r.service, r.port)).collect();
        for (peer, port) in called {
            self.links.insert((service, number, peer), Link::to(&format!("127.0.0.1:{port}")).await);
        }
    }

    /// The process of a replica; `None` while it does not run.
    pub fn pid(&self, service: &str, number: usize) -> Option<u32> {
        self.replica(service, number).child.as_ref().map(Child::id)
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
            .env("CHATAPP_BUS_URL", self.bus_url_for(service, number))
            .env("CHATAPP_BUS_USER", service)
            .env("CHATAPP_BUS_PASSWORD_FILE", self.password_file(service))
            .envs(self.sql_server_settings(service, number))
            .envs(self.setup.env.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log);
        for peer in self.replicas.iter().filter(|peer| peer.number == number && peer.service != service) {
            let link = self.links.iter().find(|((s, n, p), _)| (*s, *n, *p) == (service, number, peer.service));
            let url = match link {
                Some((_, link)) => format!("http://127.0.0.1:{}", link.port()),
                None => self.url_of(peer.service, number),
            };
            command.env(format!("CHATAPP_{}_URL", peer.service.to_uppercase()), url);
        }
        command
    }

    /// Each service has a log-in of its own; the gateway has none.
    fn sql_server_settings(&self, service: &str, number: usize) -> Vec<(&'static str, String)> {
        let Some(server) = self.sql_server.as_ref().filter(|_| ServiceLogin::SERVICES.contains(&service)) else {
            return vec![];
        };
        let mut url = server.url().clone();
        let link = self.links.iter().find(|((s, n, p), _)| (*s, *n, *p) == (service, number, "database"));
        if let Some((_, link)) = link {
            "127.0.0.1".clone_into(&mut url.host);
            url.port = link.port();
        }
        vec![
            ("CHATAPP_DATABASE_URL", url.to_string()),
            ("CHATAPP_DATABASE_TLS", format!("{:?}", url.tls).to_lowercase()),
            ("CHATAPP_DATABASE_USER", ServiceLogin::name(&url.database, service)),
            ("CHATAPP_DATABASE_PASSWORD_FILE", self.sql_password_file(service).display().to_string()),
            ("CHATAPP_DATABASE_CONNECTIONS", "4".to_owned()),
            ("CHATAPP_DATABASE_CONNECT_TIMEOUT", "30".to_owned()),
            ("CHATAPP_DATABASE_TIMEOUT", "30".to_owned()),
        ]
    }

    fn sql_password_file(&self, service: &str) -> PathBuf {
        self.dir.path().join(format!("{service}.sql-password"))
    }

    fn bus_url_for(&self, service: &str, number: usize) -> String {
        let link = self.links.iter().find(|((s, n, p), _)| (*s, *n, *p) == (service, number, "bus"));
        link.map_or_else(|| self.bus.url(), |(_, link)| format!("nats://127.0.0.1:{}", link.port()))
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

    /// What a replica counts.
    pub async fn metrics(&self, service: &str, number: usize) -> Metrics {
        Metrics::scrape(operations_port(&self.output(service, number)).expect("an operations port")).await
    }

    /// The folder of the data, where the replicas share a file.
    pub fn data_dir(&self) -> PathBuf {
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

fn sql_password(service: &str) -> String {
    format!("Pw-1-of-{service}-{}", std::process::id())
}

/// The port in the line of the log that says where the service listens.
fn listening_port(log: &str) -> Option<u16> {
    let line = log.lines().find(|line| line.contains("\"listening\""))?;
    line.split("127.0.0.1:").nth(1)?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
