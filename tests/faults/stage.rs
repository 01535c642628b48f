//! What a run is played on: the platform in one of its two forms, and the network in front of it.

use std::path::PathBuf;

use chatapp_bus::permissions::authorization;
use chatapp_testkit::{Cluster, ClusterSetup, Link, Platform, Setup};

use crate::checker::{Health, Limits};
use crate::small_disk::SmallDisk;

/// One of the two ways to run the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One process, one file, the bus within it.
    Alone,
    /// Each service twice, with a bus between them; they share a file.
    Replicas,
    /// The same on the SQL Server that `CHATAPP_TEST_MSSQL_URL` names.
    SqlServer,
}

impl Form {
    /// Whether it can be played here: without a server there is no SQL Server.
    pub fn is_there(self) -> bool {
        self != Self::SqlServer || std::env::var_os(chatapp_testkit::MSSQL_URL).is_some()
    }

    /// Its word on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Replicas => "replicas",
            Self::SqlServer => "sql-server",
        }
    }
}

/// How a run is set up.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) form: Form,
    /// Variables of the servers' environment.
    pub(crate) env: Vec<(String, String)>,
    /// A breakable link before each gateway.
    pub(crate) front: bool,
    /// Breakable links between the replicas, and to the bus.
    pub(crate) linked: bool,
    /// The disk that the one process keeps its data on; without it, the machine's.
    pub(crate) disk: Option<SmallDisk>,
    /// Clients that send and listen.
    pub(crate) members: usize,
    pub(crate) rooms: usize,
    /// Milliseconds between the messages of one client.
    pub(crate) pause: std::ops::Range<u64>,
    /// Whether a member is put out again and again.
    pub(crate) moderated: bool,
    pub(crate) limits: Limits,
}

impl Plan {
    pub(crate) fn new(form: Form) -> Self {
        Self {
            form,
            env: Vec::new(),
            front: false,
            linked: false,
            disk: None,
            members: 5,
            rooms: 3,
            pause: 20..120,
            moderated: true,
            limits: Limits::default(),
        }
    }
}

/// The platform that runs.
pub enum Host {
    /// As one process.
    Alone(Box<Platform>),
    /// As many.
    Replicas(Box<Cluster>),
}

/// The platform, and the way to it.
pub struct Stage {
    /// The platform.
    pub host: Host,
    /// The links before the gateways, where the plan has them.
    pub front: Vec<Link>,
    /// What the data is on, where it is a disk of its own; it outlives the processes.
    pub(crate) disk: Option<SmallDisk>,
}

impl Stage {
    pub(crate) async fn set(plan: &Plan) -> Self {
        let host = match plan.form {
            Form::Alone => {
                let setup = plan.env.iter().fold(Setup::default(), |setup, (name, value)| setup.env(name, value));
                let setup = plan.disk.iter().fold(setup, |setup, disk| setup.within(disk.path()));
                Host::Alone(Box::new(setup.start().await))
            }
            Form::Replicas | Form::SqlServer => {
                let setup = ClusterSetup::new(2, &authorization(Cluster::password));
                let setup = plan.env.iter().fold(setup, |setup, (name, value)| setup.env(name, value));
                let setup = if plan.linked { setup.linked() } else { setup };
                let setup = if plan.form == Form::SqlServer { setup.on_sql_server() } else { setup };
                Host::Replicas(Box::new(setup.start().await))
            }
        };
        let mut stage = Self { host, front: Vec::new(), disk: plan.disk.clone() };
        if plan.front {
            for url in stage.own_urls() {
                stage.front.push(Link::to(url.trim_start_matches("http://")).await);
            }
        }
        stage
    }

    fn own_urls(&self) -> Vec<String> {
        match &self.host {
            Host::Alone(platform) => vec![platform.url()],
            Host::Replicas(cluster) => vec![cluster.url(0), cluster.url(1)],
        }
    }

    /// Where clients connect.
    pub fn urls(&self) -> Vec<String> {
        if self.front.is_empty() {
            return self.own_urls();
        }
        self.front.iter().map(|link| format!("http://127.0.0.1:{}", link.port())).collect()
    }

    /// The one process; panics in the other form.
    pub fn platform(&mut self) -> &mut Platform {
        match &mut self.host {
            Host::Alone(platform) => platform,
            Host::Replicas(_) => panic!("the scenario is for one process"),
        }
    }

    /// The replicas; panics in the other form.
    pub fn cluster(&mut self) -> &mut Cluster {
        match &mut self.host {
            Host::Replicas(cluster) => cluster,
            Host::Alone(_) => panic!("the scenario is for replicas"),
        }
    }

    /// The folder of the data.
    pub fn data_dir(&self) -> PathBuf {
        match &self.host {
            Host::Alone(platform) => platform.data_dir(),
            Host::Replicas(cluster) => cluster.data_dir(),
        }
    }

    /// The processes that run, by name, with what they wrote.
    pub(crate) fn health(&self) -> Vec<Health> {
        let processes = match &self.host {
            Host::Alone(platform) => vec![("chatapp".to_owned(), Some(platform.pid()), platform.output())],
            Host::Replicas(cluster) => {
                let all = Cluster::services().into_iter().flat_map(|service| [(service, 0), (service, 1)]);
                let of = |(service, number): (&str, usize)| {
                    let name = format!("{service}-{number}");
                    (name, cluster.pid(service, number), cluster.output(service, number))
                };
                all.map(of).collect()
            }
        };
        processes.into_iter().map(|(name, pid, output)| examine(name, pid, &output)).collect()
    }
}

fn examine(process: String, pid: Option<u32>, output: &str) -> Health {
    let panics = output.lines().filter(|line| line.contains("panicked")).map(str::to_owned).collect();
    let Some(pid) = pid else { return Health { process, panics, ..Health::default() } };
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = resident.and_then(|text| text.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default();
    Health { process, panics, descriptors, memory_mib: kib / 1024 }
}
