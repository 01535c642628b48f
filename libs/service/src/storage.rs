//! Where a process keeps its data.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chatapp_db::mssql::MssqlOptions;
use chatapp_db::{DatabaseConfig, DatabaseUrl};
use chatapp_http::MasterSecret;
use clap::Args;

use crate::DatabaseArgs;

/// The database's file in the data directory.
const DATABASE_FILE: &str = "chatapp.db";
/// The master secret's file in the data directory.
const SECRET_FILE: &str = "secret.key";

/// Settings of storage.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Storage")]
pub struct StorageArgs {
    /// Directory of database, secret and logs; by default the platform's directory for data
    #[arg(long, env = "CHATAPP_DATA_DIR", global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// File with the master secret; by default secret.key in the data directory, made when there is none
    #[arg(long, env = "CHATAPP_SECRET_KEY_FILE", global = true, value_name = "FILE")]
    pub secret_key_file: Option<PathBuf>,

    /// The database.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Where everything is, the defaults filled in.
#[derive(Clone, Debug)]
pub struct Storage {
    /// The data directory.
    pub data_dir: PathBuf,
    /// The database.
    pub database: DatabaseUrl,
    /// How a SQL Server is asked.
    pub mssql: MssqlOptions,
    /// The master secret's file.
    pub secret_key: PathBuf,
}

impl StorageArgs {
    /// Fills in the defaults: whoever names a database file has said where its data is.
    pub fn resolve(&self) -> anyhow::Result<Storage> {
        let named = self.database.url()?;
        let data_dir = match (&self.data_dir, &named) {
            (Some(dir), _) => dir.clone(),
            (None, Some(DatabaseUrl::Sqlite(file))) => parent(file).to_owned(),
            (None, None | Some(DatabaseUrl::Mssql(_))) => platform_dir()?,
        };
        let data_dir = std::path::absolute(&data_dir).unwrap_or(data_dir);
        let database = named.unwrap_or_else(|| DatabaseUrl::sqlite(data_dir.join(DATABASE_FILE)));
        let secret_key = self.secret_key_file.clone().unwrap_or_else(|| data_dir.join(SECRET_FILE));
        Ok(Storage { data_dir, database, mssql: self.database.mssql_options(), secret_key })
    }
}

impl Storage {
    /// Makes the data directory, for its owner alone, when there is none.
    pub fn prepare(&self) -> anyhow::Result<()> {
        let cannot = || format!("cannot make the data directory {}", self.data_dir.display());
        create_private_dir(&self.data_dir).with_context(cannot)
    }

    /// The master secret; made when there is none.
    pub fn secret(&self) -> anyhow::Result<MasterSecret> {
        MasterSecret::load_or_create(&self.secret_key)
            .with_context(|| format!("cannot use the master secret {}", self.secret_key.display()))
    }

    /// Settings of the database.
    pub fn database_config(&self) -> DatabaseConfig {
        DatabaseConfig { mssql: self.mssql, ..DatabaseConfig::new(self.database.clone()) }
    }

    /// The database's file; `None` with SQL Server.
    pub fn database_file(&self) -> Option<&Path> {
        match &self.database {
            DatabaseUrl::Sqlite(path) => Some(path),
            DatabaseUrl::Mssql(_) => None,
        }
    }

    /// The file that says who uses the database (see [`crate::InstanceLock`]).
    pub fn lock_file(&self) -> PathBuf {
        let here = || self.data_dir.join(DATABASE_FILE);
        self.database_file().map_or_else(here, Path::to_owned).with_extension("lock")
    }

    /// Where log files go by default.
    pub fn logs(&self) -> PathBuf {
        self.data_dir.join("logs")
    }
}

fn parent(file: &Path) -> &Path {
    file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn platform_dir() -> anyhow::Result<PathBuf> {
    use etcetera::BaseStrategy as _;
    let strategy = etcetera::base_strategy::choose_native_strategy()
        .context("there is no home directory to keep data in: say where with --data-dir or CHATAPP_DATA_DIR")?;
    Ok(strategy.data_dir().join("chatapp"))
}

fn create_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_in_the_data_directory_unless_it_is_said_otherwise() {
        let args = StorageArgs { data_dir: Some("/srv/chat".into()), ..StorageArgs::default() };
        let storage = args.resolve().unwrap();
        assert_eq!(storage.database, DatabaseUrl::sqlite("/srv/chat/chatapp.db"));
        assert_eq!(storage.secret_key, Path::new("/srv/chat/secret.key"));
        assert_eq!(storage.lock_file(), Path::new("/srv/chat/chatapp.lock"));
        let args = StorageArgs { secret_key_file: Some("/run/secrets/key".into()), ..args };
        assert_eq!(args.resolve().unwrap().secret_key, Path::new("/run/secrets/key"));
    }

    #[test]
    fn the_directory_of_a_named_database_is_the_data_directory() {
        let database_url = Some(DatabaseUrl::sqlite("/srv/other/talk.db"));
        let database = DatabaseArgs { database_url, ..DatabaseArgs::default() };
        let storage = StorageArgs { database, ..StorageArgs::default() }.resolve().unwrap();
        assert_eq!(storage.data_dir, Path::new("/srv/other"));
        assert_eq!(storage.lock_file(), Path::new("/srv/other/talk.lock"));
    }

    #[cfg(unix)]
    #[test]
    fn a_new_data_directory_belongs_to_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let args = StorageArgs { data_dir: Some(dir.path().join("a/b")), ..StorageArgs::default() };
        let storage = args.resolve().unwrap();
        storage.prepare().unwrap();
        storage.prepare().unwrap();
        let mode = fs::metadata(&storage.data_dir).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        storage.secret().unwrap();
        let mode = fs::metadata(&storage.secret_key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
