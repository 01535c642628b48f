//! Where the server is, and how it is spoken to.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chatapp_types::Secret;
use url::Url;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MssqlTls {
    /// Encrypted, and the server's certificate is checked: against the machine's authorities, or the one that was named.
    #[default]
    Verify,
    /// Encrypted, with whatever certificate the server shows. For development: anybody in between can read along.
    Trust,
    /// In clear, the password too. For a server on the same host.
    Off,
}

/// A database on Microsoft SQL Server, or on a server that speaks its protocol (TDS 7.3) and language.
///
/// As a URL: `mssql://user:password@host:1433/database?tls=verify|trust|off`. Port and database have defaults; user and
/// password may be given apart. Signs with a meaning in URLs are percent-encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MssqlUrl {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The log-in.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// The connection's protection.
    pub tls: MssqlTls,
    /// PEM file with the one authority that the certificate is checked against.
    pub ca_file: Option<PathBuf>,
}

impl MssqlUrl {
    /// The database of the original application.
    pub const DATABASE: &'static str = "ChatAppDB";
    /// The port that the protocol is given by default.
    pub const PORT: u16 = 1433;

    /// A database there, with the defaults for the rest.
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: Self::PORT,
            database: Self::DATABASE.to_owned(),
            user: None,
            password: None,
            tls: MssqlTls::default(),
            ca_file: None,
        }
    }

    /// Another database on the same server.
    #[must_use]
    pub fn with_database(&self, database: impl Into<String>) -> Self {
        Self { database: database.into(), ..self.clone() }
    }

    /// Another log-in on the same server.
    #[must_use]
    pub fn with_login(&self, user: impl Into<String>, password: Secret) -> Self {
        Self { user: Some(user.into()), password: Some(password), ..self.clone() }
    }

    /// What the driver takes.
    pub(super) fn driver_config(&self) -> tiberius::Config {
        let mut config = tiberius::Config::new();
        config.host(&self.host);
        config.port(self.port);
        config.database(&self.database);
        config.application_name("chatapp");
        let password = self.password.as_ref().map_or("", |secret| secret.expose());
        config.authentication(tiberius::AuthMethod::sql_server(self.user.as_deref().unwrap_or("sa"), password));
        match (self.tls, &self.ca_file) {
            // Anything less than `NotSupported` still encrypts the log-in, and checks the certificate for it.
            (MssqlTls::Off, _) => config.encryption(tiberius::EncryptionLevel::NotSupported),
            (MssqlTls::Trust, _) => {
                config.encryption(tiberius::EncryptionLevel::Required);
                config.trust_cert();
            }
            (MssqlTls::Verify, ca_file) => {
                config.encryption(tiberius::EncryptionLevel::Required);
                if let Some(file) = ca_file {
                    config.trust_cert_ca(file.display());
                }
            }
        }
        config
    }
}

impl std::fmt::Display for MssqlUrl {
    /// The place, without who asks.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "mssql://{}:{}/{}", self.host, self.port, self.database)
    }
}

impl FromStr for MssqlUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|err| format!("not a URL ({err}): expected {EXPECTED}"))?;
        let scheme = url.scheme();
        let host = url.host_str().filter(|host| !host.is_empty());
        let (true, Some(host)) = (matches!(scheme, "mssql" | "sqlserver"), host) else {
            return Err(format!("expected {EXPECTED}"));
        };
        let mut parsed = Self::new(host.trim_start_matches('[').trim_end_matches(']'));
        parsed.port = url.port().unwrap_or(Self::PORT);
        match url.path().trim_start_matches('/') {
            "" => {}
            name if name.contains('/') => return Err(format!("a database has no slash in its name: {EXPECTED}")),
            name => parsed.database = decoded(name)?,
        }
        parsed.user = Some(url.username()).filter(|user| !user.is_empty()).map(decoded).transpose()?;
        parsed.password = url.password().map(decoded).transpose()?.map(Secret::new);
        for (key, value) in url.query_pairs() {
            match (&*key, &*value) {
                ("tls", "verify") => parsed.tls = MssqlTls::Verify,
                ("tls", "trust") => parsed.tls = MssqlTls::Trust,
                ("tls", "off") => parsed.tls = MssqlTls::Off,
                ("tls", _) => return Err("tls is one of verify, trust, off".to_owned()),
                (other, _) => return Err(format!("there is no option {other}: expected {EXPECTED}")),
            }
        }
        Ok(parsed)
    }
}

const EXPECTED: &str = "mssql://user:password@host:1433/database?tls=verify|trust|off";

fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    decoded.map(std::borrow::Cow::into_owned).map_err(|_| "what is percent-encoded is not UTF-8".to_owned())
}

/// How many connections, and how long things may take.
#[derive(Clone, Copy, Debug)]
pub struct MssqlOptions {
    /// Connections at most, besides the one that is kept apart.
    pub connections: u32,
    /// Connections kept open when there is nothing to do: a new one costs a hundred milliseconds.
    pub idle_connections: u32,
    /// How long to wait for a connection, new or free.
    pub connect_limit: Duration,
    /// How long one operation may work on the server.
    pub operation_limit: Duration,
}

impl Default for MssqlOptions {
    fn default() -> Self {
        Self {
            connections: 16,
            idle_connections: 2,
            connect_limit: Duration::from_secs(5),
            operation_limit: Duration::from_secs(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_everything_or_the_defaults() {
        let url: MssqlUrl = "mssql://chat:p%40ss%2Fword@db.example:1444/Chat?tls=trust".parse().unwrap();
        assert_eq!((url.host.as_str(), url.port, url.database.as_str()), ("db.example", 1444, "Chat"));
        assert_eq!(url.user.as_deref(), Some("chat"));
        assert_eq!(url.password.as_ref().map(Secret::expose), Some("p@ss/word"));
        assert_eq!(url.tls, MssqlTls::Trust);
        let url: MssqlUrl = "mssql://localhost".parse().unwrap();
        assert_eq!(url, MssqlUrl::new("localhost"));
        assert_eq!(url.tls, MssqlTls::Verify);
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said_without_its_password() {
        for text in ["mssql://", "postgres://u:hidden@h/d", "mssql://u:hidden@h/a/b", "mssql://u:hidden@h/?tls=no", "x"]
        {
            let error = text.parse::<MssqlUrl>().unwrap_err();
            assert!(!error.contains("hidden"), "{error}");
            assert!(error.contains("tls") || error.contains("mssql://"), "{error}");
        }
        let url: MssqlUrl = "mssql://u:hidden@h/d".parse().unwrap();
        assert!(!format!("{url} {url:?}").contains("hidden"));
    }
}
