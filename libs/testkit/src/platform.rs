//! The standalone platform as a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::metrics::operations_port;
use crate::{Certificate, DEADLINE, Metrics, binary, eventually, given_url};

/// How to start a platform.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    env: Vec<(String, String)>,
    args: Vec<String>,
    throttled: bool,
    certificate: Option<Certificate>,
    folder: Option<PathBuf>,
}

impl Setup {
    /// Sets an environment variable of the server.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds an argument after `chatapp up`.
    #[must_use]
    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// Keeps the data in a folder within `folder`, on a file system of the test's choice.
    #[must_use]
    pub fn within(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// Leaves rate limits and throttles on; tests run without, unless they are about them.
    #[must_use]
    pub fn throttled(mut self) -> Self {
        self.throttled = true;
        self
    }

    /// Ends TLS at the server, with this certificate.
    #[must_use]
    pub fn tls(mut self, certificate: &Certificate) -> Self {
        self.certificate = Some(certificate.clone());
        self
    }

    /// Starts it.
    pub async fn start(self) -> Platform {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let mut platform = Platform { setup: self, dir, child: None, port: 0, given: None };
        platform.launch().await;
        platform
    }
}

/// A running `chatapp up`; killed when dropped.
pub struct Platform {
    setup: Setup,
    dir: TempDir,
    child: Option<Child>,
    port: u16,
    /// The URL of one that is no process of ours.
    given: Option<String>,
}

impl Platform {
    /// Starts one with the defaults, and without rate limits; or uses the one that is given (see [`given_url`]), which
    /// has a URL and nothing else of a platform.
    pub async fn start() -> Self {
        let Some(url) = given_url() else { return Setup::default().start().await };
        let dir = tempfile::tempdir().expect("a temporary folder");
        let port = url.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default();
        Self { setup: Setup::default(), dir, child: None, port, given: Some(url) }
    }

    /// Its URL, like `http://127.0.0.1:40123`; the same after a restart.
    pub fn url(&self) -> String {
        if let Some(url) = &self.given {
            return url.clone();
        }
        format!("http{}://127.0.0.1:{}", self.secure(), self.port)
    }

    /// Its WebSocket URL for `path`.
    pub fn ws_url(&self, path: &str) -> String {
        format!("{}{path}", self.url().replacen("http", "ws", 1))
    }

    fn secure(&self) -> &'static str {
        if self.setup.certificate.is_some() { "s" } else { "" }
    }

    /// The certificate of a server that speaks TLS.
    pub(crate) const fn certificate(&self) -> Option<&Certificate> {
        self.setup.certificate.as_ref()
    }

    /// An HTTP client that trusts the server and follows no redirect.
    pub(crate) fn http_client(&self) -> reqwest::Client {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        let client = match self.certificate() {
            Some(certificate) => client.tls_certs_only([certificate.for_http()]),
            None => client,
        };
        client.build().expect("an HTTP client")
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What it counts, where it was started with an operations port (`CHATAPP_OPS_LISTEN` of 127.0.0.1).
    pub async fn metrics(&self) -> Metrics {
        Metrics::scrape(self.operations_port()).await
    }

    /// The port of 127.0.0.1 where it was started with an operations port (`CHATAPP_OPS_LISTEN`).
    pub fn operations_port(&self) -> u16 {
        operations_port(&self.output()).expect("an operations port")
    }

    /// The folder of its data.
    pub fn data_dir(&self) -> PathBuf {
        self.setup.folder.as_deref().unwrap_or(self.dir.path()).join("data")
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map(Child::id).expect("the platform runs")
    }

    /// Everything it has written to its standard output and error so far.
    pub fn output(&self) -> String {
        let read = |name: &str| std::fs::read_to_string(self.dir.path().join(name)).unwrap_or_default();
        read("stdout.log") + &read("stderr.log")
    }

    /// A `chatapp` command on this platform's data, run to its end.
    pub fn operate(&self, args: &[&str]) -> std::process::Output {
        Command::new(binary("chatapp"))
            .args(args)
            .arg("--data-dir")
            .arg(self.data_dir())
            .stdin(Stdio::null())
            .output()
            .expect("chatapp runs")
    }

    /// Kills it with SIGKILL, as a loss of power would, and waits for its end.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to end with SIGTERM and gives its exit code.
    pub async fn terminate(&mut self) -> i32 {
        let mut child = self.child.take().expect("the platform runs");
        signal(child.id(), "TERM");
        eventually("the platform ends after SIGTERM", || {
            let status = child.try_wait().expect("a child to wait for");
            async move { status }
        })
        .await
        .code()
        .unwrap_or(-1)
    }

    /// Stops it in its tracks with SIGSTOP, until what this gives is dropped: connections are still taken by the
    /// machine, and nothing is answered.
    pub fn freeze(&self) -> Frozen {
        signal(self.pid(), "STOP");
        Frozen { pid: self.pid() }
    }

    /// Starts it again on the same data and port.
    pub async fn restart(&mut self) {
        self.kill();
        self.launch().await;
    }

    async fn launch(&mut self) {
        assert!(self.given.is_none(), "this test starts its platform itself, and does not run against a given one");
        let log = |name: &str| append(&self.dir.path().join(name));
        let seen = std::fs::metadata(self.dir.path().join("stdout.log")).map_or(0, |file| file.len());
        let mut command = Command::new(binary("chatapp"));
        command
            .arg("up")
            .arg("--data-dir")
            .arg(self.data_dir())
            .arg("--listen")
            .arg(format!("127.0.0.1:{}", self.port))
            .args(&self.setup.args)
            .args(self.tls_args())
            .env_remove("RUST_LOG")
            .env("CHATAPP_RATE_LIMITS", if self.setup.throttled { "on" } else { "off" })
            .envs(self.setup.env.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::null())
            .stdout(log("stdout.log"))
            .stderr(log("stderr.log"));
        self.child = Some(command.spawn().expect("chatapp starts"));
        self.port = self.wait_until_listening(seen).await;
    }

    fn tls_args(&self) -> Vec<PathBuf> {
        let Some(certificate) = self.certificate() else { return vec![] };
        vec!["--tls-cert".into(), certificate.cert_file(), "--tls-key".into(), certificate.key_file()]
    }

    async fn wait_until_listening(&mut self, seen: u64) -> u16 {
        let (begun, client) = (Instant::now(), self.http_client());
        // What an earlier run printed says nothing of this one.
        let from = usize::try_from(seen).unwrap_or(usize::MAX);
        loop {
            let stdout = std::fs::read_to_string(self.dir.path().join("stdout.log")).unwrap_or_default();
            let port = stdout.get(from..).and_then(last_port);
            if let Some(port) = port {
                let keys = format!("http{}://127.0.0.1:{port}/.well-known/jwks.json", self.secure());
                if client.get(keys).send().await.is_ok() {
                    return port;
                }
            }
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok()).flatten();
            assert!(ended.is_none(), "chatapp ended at its start ({ended:?}):\n{}", self.output());
            assert!(begun.elapsed() < DEADLINE, "chatapp does not listen:\n{}", self.output());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A platform that stands still; dropping this lets it go on.
#[must_use]
#[derive(Debug)]
pub struct Frozen {
    pid: u32,
}

impl Drop for Frozen {
    fn drop(&mut self) {
        signal(self.pid, "CONT");
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let output = self.output();
            let tail = output.char_indices().rev().nth(6_000).map_or(0, |(at, _)| at);
            #[allow(clippy::print_stderr)]
            {
                eprintln!("--- the platform's last output ---\n{}", &output[tail..]);
            }
        }
    }
}

fn last_port(stdout: &str) -> Option<u16> {
    let line = stdout.lines().rev().find(|line| line.contains("://127.0.0.1:"))?;
    let after = line.split("://127.0.0.1:").nth(1)?;
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

pub(crate) fn append(path: &Path) -> std::fs::File {
    std::fs::OpenOptions::new().create(true).append(true).open(path).expect("a log file")
}

/// Sends a signal by name (`TERM`, `STOP`, `CONT`) to a process.
pub fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status().expect("kill runs");
    assert!(status.success(), "kill -{name} {pid}");
}
