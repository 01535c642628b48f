//! Which database, and how it is asked: the settings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use chatapp_db::mssql::{MssqlOptions, MssqlTls};
use chatapp_db::{DatabaseUrl, MssqlUrl};
use chatapp_types::Secret;
use clap::Args;

/// Settings of the database. Those that begin with `CHATAPP_` count before those of the original application.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Database")]
pub struct DatabaseArgs {
    /// Where the database is: `sqlite:///path/to/chatapp.db`, or
    /// `mssql://user:password@host:1433/database?tls=verify|trust|off`; by default chatapp.db in the data directory.
    /// `DB_HOST`, `DB_PORT`, `DB_NAME`, `DB_USER` and `DB_PASSWORD` name a SQL Server too
    #[arg(long, env = "CHATAPP_DATABASE_URL", hide_env_values = true, global = true, value_name = "URL")]
    pub database_url: Option<DatabaseUrl>,

    /// SQL Server: the log-in, when the URL has none or another
    #[arg(long, env = "CHATAPP_DATABASE_USER", global = true, value_name = "NAME")]
    pub database_user: Option<String>,

    /// SQL Server: file with the password of that log-in
    #[arg(long, env = "CHATAPP_DATABASE_PASSWORD_FILE", global = true, value_name = "FILE")]
    pub database_password_file: Option<PathBuf>,

    /// SQL Server: `verify` the server's certificate, `trust` any (for development: whoever is in between can read along),
    /// or speak in clear (`off`)
    #[arg(long, env = "CHATAPP_DATABASE_TLS", global = true, value_name = "HOW", value_parser = tls)]
    pub database_tls: Option<MssqlTls>,

    /// SQL Server: PEM file (.pem or .crt) with the authority that its certificate is checked against; by default the
    /// machine's
    #[arg(long, env = "CHATAPP_DATABASE_CA_FILE", global = true, value_name = "FILE")]
    pub database_ca_file: Option<PathBuf>,

    /// SQL Server: connections at most, for each service; by default 16
    #[arg(long, env = "CHATAPP_DATABASE_CONNECTIONS", global = true, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub database_connections: Option<u32>,

    /// SQL Server: seconds to wait for a connection; by default 5
    #[arg(long, env = "CHATAPP_DATABASE_CONNECT_TIMEOUT", global = true, value_name = "SECONDS",
          value_parser = clap::value_parser!(u32).range(1..=600))]
    pub database_connect_timeout: Option<u32>,

    /// SQL Server: seconds that one operation may take; by default 10
    #[arg(long, env = "CHATAPP_DATABASE_TIMEOUT", global = true, value_name = "SECONDS",
          value_parser = clap::value_parser!(u32).range(1..=600))]
    pub database_timeout: Option<u32>,

    /// The original application's settings.
    #[command(flatten)]
    pub original: OriginalDatabaseArgs,
}

/// The settings of the original application's `.env`, by their names there.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct OriginalDatabaseArgs {
    /// Host of a SQL Server
    #[arg(long, env = "DB_HOST", hide = true, global = true, value_name = "HOST")]
    pub db_host: Option<String>,
    /// Its port
    #[arg(long, env = "DB_PORT", hide = true, global = true, value_name = "PORT")]
    pub db_port: Option<u16>,
    /// The database
    #[arg(long, env = "DB_NAME", hide = true, global = true, value_name = "NAME")]
    pub db_name: Option<String>,
    /// The log-in
    #[arg(long, env = "DB_USER", hide = true, global = true, value_name = "NAME")]
    pub db_user: Option<String>,
    /// Its password
    #[arg(long, env = "DB_PASSWORD", hide = true, hide_env_values = true, global = true, value_name = "PASSWORD",
          value_parser = secret)]
    pub db_password: Option<Secret>,
}

impl DatabaseArgs {
    /// The database that was named, in either way; `None` for the default.
    ///
    /// An error when a file with a password or a certificate cannot be read, with the name of the setting.
    pub fn url(&self) -> anyhow::Result<Option<DatabaseUrl>> {
        let mut url = match (&self.database_url, self.original.url()) {
            (Some(DatabaseUrl::Mssql(url)), _) => url.clone(),
            (Some(sqlite), _) => return Ok(Some(sqlite.clone())),
            (None, Some(url)) => url,
            (None, None) => return Ok(None),
        };
        if let Some(user) = &self.database_user {
            url.user = Some(user.clone());
        }
        if let Some(file) = &self.database_password_file {
            url.password = Some(password(file)?);
        }
        if let Some(tls) = self.database_tls {
            url.tls = tls;
        }
        if let Some(file) = &self.database_ca_file {
            std::fs::metadata(file).with_context(|| unreadable("CHATAPP_DATABASE_CA_FILE", file))?;
            url.ca_file = Some(file.clone());
        }
        anyhow::ensure!(
            url.user.is_some() && url.password.is_some(),
            "{url} needs a log-in: put user and password into CHATAPP_DATABASE_URL, or set CHATAPP_DATABASE_USER and \
             CHATAPP_DATABASE_PASSWORD_FILE, or DB_USER and DB_PASSWORD"
        );
        Ok(Some(DatabaseUrl::Mssql(url)))
    }

    /// How SQL Server is asked.
    pub fn mssql_options(&self) -> MssqlOptions {
        let defaults = MssqlOptions::default();
        let seconds = |given: Option<u32>, default| given.map_or(default, |n| Duration::from_secs(n.into()));
        MssqlOptions {
            connections: self.database_connections.unwrap_or(defaults.connections),
            connect_limit: seconds(self.database_connect_timeout, defaults.connect_limit),
            operation_limit: seconds(self.database_timeout, defaults.operation_limit),
            ..defaults
        }
    }
}

impl OriginalDatabaseArgs {
    /// A host makes it a SQL Server; the rest has defaults, or says something about a log-in that is given elsewhere.
    fn url(&self) -> Option<MssqlUrl> {
        let mut url = MssqlUrl::new(self.db_host.clone()?);
        url.port = self.db_port.unwrap_or(url.port);
        url.user.clone_from(&self.db_user);
        url.password.clone_from(&self.db_password);
        match &self.db_name {
            Some(name) => Some(url.with_database(name.clone())),
            None => Some(url),
        }
    }
}

fn password(file: &Path) -> anyhow::Result<Secret> {
    let text = std::fs::read_to_string(file).with_context(|| unreadable("CHATAPP_DATABASE_PASSWORD_FILE", file))?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

fn unreadable(setting: &str, file: &Path) -> String {
    format!("cannot read {}, which {setting} names", file.display())
}

fn tls(text: &str) -> Result<MssqlTls, String> {
    match text {
        "verify" => Ok(MssqlTls::Verify),
        "trust" => Ok(MssqlTls::Trust),
        "off" => Ok(MssqlTls::Off),
        _ => Err("one of verify, trust, off".to_owned()),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a parser of values may fail")]
fn secret(text: &str) -> Result<Secret, String> {
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn original() -> OriginalDatabaseArgs {
        OriginalDatabaseArgs {
            db_host: Some("db".to_owned()),
            db_name: Some("Talk".to_owned()),
            db_user: Some("sa".to_owned()),
            db_password: Some(Secret::new("Pass-word1")),
            db_port: None,
        }
    }

    fn mssql(args: &DatabaseArgs) -> MssqlUrl {
        match args.url().unwrap() {
            Some(DatabaseUrl::Mssql(url)) => url,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_originals_settings_name_a_sql_server() {
        let url = mssql(&DatabaseArgs { original: original(), ..DatabaseArgs::default() });
        assert_eq!((url.host.as_str(), url.port, url.database.as_str()), ("db", 1433, "Talk"));
        assert_eq!((url.user.as_deref(), url.tls), (Some("sa"), MssqlTls::Verify));
        let without_host = OriginalDatabaseArgs { db_host: None, ..original() };
        assert_eq!(DatabaseArgs { original: without_host, ..DatabaseArgs::default() }.url().unwrap(), None);
    }

    #[test]
    fn a_log_in_given_apart_counts_before_the_urls() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "Other-1\n").unwrap();
        let args = DatabaseArgs {
            database_user: Some("Talk_rooms".to_owned()),
            database_password_file: Some(file.path().to_owned()),
            database_tls: Some(MssqlTls::Trust),
            original: original(),
            ..DatabaseArgs::default()
        };
        let url = mssql(&args);
        assert_eq!(url.user.as_deref(), Some("Talk_rooms"));
        assert_eq!(url.password, Some(Secret::new("Other-1")));
        assert_eq!(url.tls, MssqlTls::Trust);
        let missing = DatabaseArgs { database_password_file: Some("/nowhere/password".into()), ..args };
        assert!(missing.url().unwrap_err().to_string().contains("CHATAPP_DATABASE_PASSWORD_FILE"));
    }

    #[test]
    fn a_server_without_a_log_in_is_told_which_settings_lack() {
        let args = DatabaseArgs { database_url: Some("mssql://db/Talk".parse().unwrap()), ..DatabaseArgs::default() };
        let error = args.url().unwrap_err().to_string();
        assert!(error.contains("CHATAPP_DATABASE_USER") && error.contains("DB_PASSWORD"), "{error}");
    }
}
