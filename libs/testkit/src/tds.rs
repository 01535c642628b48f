//! A database on a real server that speaks TDS, for one test.

use std::time::Duration;

use chatapp_db::mssql::{MssqlOptions, ServiceLogin, Sql};
use chatapp_db::{Database, DatabaseConfig, DatabaseUrl, DbError, Mssql, MssqlUrl};
use chatapp_types::Secret;

use crate::DEADLINE;

/// The variable that names the server and its administrator, as `mssql://user:password@host:1433/?tls=off`.
pub const MSSQL_URL: &str = "CHATAPP_TEST_MSSQL_URL";

/// A migrated database that nobody else uses; it is dropped with this value.
///
/// Tests that need one are `#[ignore]`d, so that a run without a server counts them as skipped and not as passed.
pub struct TdsDatabase {
    /// The database.
    pub db: Mssql,
    url: MssqlUrl,
    /// After the connections: a database that is in use is not dropped.
    _end: End,
}

/// Drops the database.
struct End(MssqlUrl);

impl TdsDatabase {
    /// Makes one on the server that [`MSSQL_URL`] names.
    pub async fn create() -> Self {
        let url = Self::empty_url();
        let mut config = DatabaseConfig::new(DatabaseUrl::Mssql(url.clone()));
        config.mssql = Self::options();
        let turn = take_turn();
        Database::create_if_missing(&config).await.unwrap();
        let database = Database::open(&config).await.unwrap();
        database.migrate().await.unwrap();
        drop(turn);
        let Database::Mssql(db) = database else { panic!("not SQL Server") };
        Self { db, _end: End(url.clone()), url }
    }

    /// Few connections and much patience: on some servers a new connection's first statements take seconds while many
    /// tests run.
    pub fn options() -> MssqlOptions {
        MssqlOptions {
            connections: 4,
            idle_connections: 1,
            connect_limit: Duration::from_secs(30),
            operation_limit: Duration::from_secs(30),
        }
    }

    /// The URL of a database that does not exist yet. The caller sees to its end.
    pub fn empty_url() -> MssqlUrl {
        let server = std::env::var(MSSQL_URL).unwrap_or_else(|_| panic!("{MSSQL_URL} names no server"));
        let server: MssqlUrl = server.parse().unwrap();
        server.with_database(format!("chatapp_test_{}", uuid::Uuid::new_v4().simple()))
    }

    /// Another set of connections to the same database.
    pub async fn another(&self, options: MssqlOptions) -> Mssql {
        Mssql::open(&self.url, options).await.unwrap()
    }

    /// The same database with the rights of a service, by a log-in of its own that goes with this value. Once a service:
    /// a second time gives the log-in another password.
    pub async fn as_service(&self, service: &'static str) -> Mssql {
        let password = Secret::new(format!("Pw-{}", uuid::Uuid::new_v4()));
        let login = ServiceLogin { service, password: password.clone() };
        let turn = take_turn();
        self.db.provision(&[login]).await.unwrap();
        drop(turn);
        let name = ServiceLogin::name(&self.url.database, service);
        Mssql::open(&self.url.with_login(name, password), Self::options()).await.unwrap()
    }

    /// The database's URL, its administrator's log-in included.
    pub fn url(&self) -> &MssqlUrl {
        &self.url
    }
}

/// Databases are made one at a time: log-ins and roles of all of them lie in one table, which not every server lets two
/// change at once.
fn take_turn() -> std::fs::File {
    let file = std::fs::File::create(std::env::temp_dir().join("chatapp-test-tds.lock")).unwrap();
    file.lock().unwrap();
    file
}

impl Drop for End {
    fn drop(&mut self) {
        let (server, name) = (self.0.with_database("master"), self.0.database.clone());
        // A runtime of its own: the test's may be ending.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let _turn = take_turn();
            let dropped = async { tokio::time::timeout(DEADLINE, drop_database(&server, &name)).await };
            let _ = runtime.block_on(dropped);
        });
        let _ = dropping.join();
    }
}

/// As far as it can be: a database that stays behind harms no other test.
async fn drop_database(server: &MssqlUrl, name: &str) {
    let options = MssqlOptions { connections: 1, idle_connections: 0, ..MssqlOptions::default() };
    let Ok(db) = Mssql::open(server, options).await else { return };
    let statement = format!(
        "IF @@VERSION NOT LIKE N'%Babelfish%' EXEC (N'ALTER DATABASE [{name}] SET SINGLE_USER WITH ROLLBACK IMMEDIATE');
         DROP DATABASE [{name}]"
    );
    // The server notices a little later that the test's connections are closed.
    while execute(&db, statement.clone()).await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for service in ServiceLogin::SERVICES {
        let login = ServiceLogin::name(name, service);
        let _ = execute(&db, format!("IF SUSER_ID(N'{login}') IS NOT NULL DROP LOGIN [{login}]")).await;
    }
}

async fn execute(db: &Mssql, statement: String) -> Result<u64, DbError> {
    db.run(move |session| {
        let sql = Sql::new(statement.clone());
        Box::pin(async move { session.execute(sql).await })
    })
    .await
}
