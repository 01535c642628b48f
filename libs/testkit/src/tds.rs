//! A database on a real server that speaks TDS, for one test.

use std::time::Duration;

use chatapp_db::mssql::{MssqlOptions, Sql};
use chatapp_db::{Database, DatabaseConfig, DatabaseUrl, Mssql, MssqlUrl};

/// The variable that names the server and its administrator, as `mssql://user:password@host:1433/?tls=off`.
pub const MSSQL_URL: &str = "CHATAPP_TEST_MSSQL_URL";

/// A migrated database that nobody else uses; it is dropped with this value.
///
/// Tests that need one are `#[ignore]`d, so that a run without a server counts them as skipped and not as passed.
pub struct TdsDatabase {
    /// The database.
    pub db: Mssql,
    url: MssqlUrl,
}

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
        Self { db, url }
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

impl Drop for TdsDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.url.with_database("master"), self.url.database.clone());
        // A runtime of its own: the test's may be ending.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(drop_database(&server, &name));
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
    let dropping = db.run(move |session| {
        let sql = Sql::new(statement.clone());
        Box::pin(async move { session.execute(sql).await })
    });
    let _ = tokio::time::timeout(Duration::from_secs(10), dropping).await;
}
