//! What an administrator does once: the database itself, and the log-ins of the services.

use std::time::Duration;

use chatapp_types::Secret;

use super::{Mssql, MssqlUrl, Session, Sql};
use crate::DbError;

/// Making a database takes its time.
const LIMIT: Duration = Duration::from_mins(2);
/// Characters of a password at least, by the server's policy.
const SHORTEST: usize = 8;

/// The log-in of a service: it may do what the migrations granted to the service's role, and nothing else.
#[derive(Clone, Debug)]
pub struct ServiceLogin {
    /// `auth`, `rooms` or `messages`.
    pub service: &'static str,
    /// Its password.
    pub password: Secret,
}

impl ServiceLogin {
    /// The services that have a log-in.
    pub const SERVICES: [&'static str; 3] = ["auth", "rooms", "messages"];

    /// The log-in's name. Log-ins belong to the server, so it begins with the database's name: several platforms may
    /// share a server.
    pub fn name(database: &str, service: &str) -> String {
        format!("{database}_{service}")
    }
}

/// Checks a password by the policy that SQL Server applies by default, so that it is refused here, with a reason, and not
/// there, without one.
pub fn check_password(login: &str, password: &Secret) -> Result<(), String> {
    let password = password.expose();
    if password.chars().count() < SHORTEST {
        return Err(format!("it needs {SHORTEST} characters at least"));
    }
    if password.chars().count() > 128 {
        return Err("it may have 128 characters at most".to_owned());
    }
    let kinds = [
        password.chars().any(char::is_uppercase),
        password.chars().any(char::is_lowercase),
        password.chars().any(|c| c.is_ascii_digit()),
        password.chars().any(|c| !c.is_alphanumeric()),
    ];
    if kinds.iter().filter(|kind| **kind).count() < 3 {
        return Err("it needs three of these: capital letters, small letters, digits, other characters".to_owned());
    }
    if !login.is_empty() && password.to_lowercase().contains(&login.to_lowercase()) {
        return Err(format!("it must not contain the log-in's name ({login})"));
    }
    Ok(())
}

impl Mssql {
    /// The same database, with another limit for an operation.
    pub(crate) fn with_operation_limit(&self, limit: Duration) -> Self {
        let options = super::MssqlOptions { operation_limit: limit, connections: 1, ..self.inner.options };
        Self::unconnected(&self.inner.url, super::MssqlOptions { idle_connections: 0, ..options })
    }

    /// Makes the database at `url` when there is none, and has it keep versions of rows, so that readers never wait for
    /// writers. Returns whether it was made. [`DbError::Unavailable`] while the server is away or refuses the log-in.
    pub async fn create_if_missing(url: &MssqlUrl) -> Result<bool, DbError> {
        let options = super::MssqlOptions { operation_limit: LIMIT, connections: 1, ..Default::default() };
        let server = url.with_database("master");
        let server = Self::open(&server, super::MssqlOptions { idle_connections: 0, ..options }).await?;
        let name = url.database.clone();
        server.run(move |session| Box::pin(create(session, name.clone()))).await
    }

    /// Makes the log-ins of the services, or gives them these passwords, and lets them do what their roles may. Needs the
    /// rights of an administrator; may be repeated. A password that the server's policy would refuse is a conflict.
    pub async fn provision(&self, logins: &[ServiceLogin]) -> Result<(), DbError> {
        for login in logins {
            let name = ServiceLogin::name(&self.inner.url.database, login.service);
            check_password(&name, &login.password).map_err(|reason| {
                DbError::Conflict(format!("the password of the log-in {name} is refused: {reason}"))
            })?;
        }
        let (database, logins) = (self.inner.url.database.clone(), logins.to_vec());
        self.with_operation_limit(LIMIT)
            .run(move |session| {
                let (database, logins) = (database.clone(), logins.clone());
                Box::pin(async move {
                    for login in &logins {
                        put_login(session, &database, login).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

async fn create(session: &mut Session, name: String) -> Result<bool, DbError> {
    let there = session.query_one(Sql::new("SELECT DB_ID(@P1)").bind(name.as_str())).await?.opt_int(0)?.is_some();
    if !there {
        let create = format!("CREATE DATABASE {}", identifier(&name));
        session.control(&create).await.map_err(|error| may_not_create(&name, error))?;
    }
    keep_versions(session, &name).await?;
    Ok(!there)
}

fn may_not_create(name: &str, error: DbError) -> DbError {
    match error {
        DbError::Internal(text) => DbError::Internal(format!(
            "cannot make the database {name}: make it yourself, or use a log-in that may (role dbcreator): {text}"
        )),
        other => other,
    }
}

/// Babelfish always keeps versions, and has no statement that says so.
async fn keep_versions(session: &mut Session, name: &str) -> Result<(), DbError> {
    let wanted = Sql::new(
        "SELECT CASE WHEN @@VERSION LIKE N'%Babelfish%' THEN 1 ELSE CAST(is_read_committed_snapshot_on AS INT) END,
                CASE WHEN @@VERSION LIKE N'%Babelfish%' THEN 1 ELSE CAST(snapshot_isolation_state AS INT) END
         FROM sys.databases WHERE name = @P1",
    );
    let Some(state) = session.query_opt(wanted.bind(name)).await? else { return Ok(()) };
    let (committed, snapshot) = (state.flag(0)?, state.flag(1)?);
    let name = identifier(name);
    if !snapshot {
        session.control(&format!("ALTER DATABASE {name} SET ALLOW_SNAPSHOT_ISOLATION ON")).await?;
    }
    if !committed {
        let statement = format!("ALTER DATABASE {name} SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE");
        session.control(&statement).await?;
    }
    Ok(())
}

async fn put_login(session: &mut Session, database: &str, login: &ServiceLogin) -> Result<(), DbError> {
    let name = ServiceLogin::name(database, login.service);
    let there = Sql::new("SELECT SUSER_ID(@P1), DATABASE_PRINCIPAL_ID(@P1)").bind(name.as_str());
    let there = session.query_one(there).await?;
    let (login_there, user_there) = (there.opt_int(0)?.is_some(), there.opt_int(1)?.is_some());
    let quoted = identifier(&name);
    // These statements take no parameters.
    let password = literal(login.password.expose());
    let verb = if login_there { "ALTER" } else { "CREATE" };
    session.control(&format!("{verb} LOGIN {quoted} WITH PASSWORD = {password}")).await?;
    if !user_there {
        let schema = identifier(login.service);
        session.control(&format!("CREATE USER {quoted} FOR LOGIN {quoted} WITH DEFAULT_SCHEMA = {schema}")).await?;
    }
    let role = identifier(&format!("{}_service", login.service));
    session.control(&format!("ALTER ROLE {role} ADD MEMBER {quoted}")).await
}

fn identifier(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

fn literal(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_held_against_the_servers_policy() {
        let check = |password: &str| check_password("chat", &Secret::new(password));
        for good in ["Abcdefg1", "abcdef-1", "ABCDEF-1", "Äbcdefg1"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (bad, why) in [("Abc-1", "8 characters"), ("abcdefgh1", "three of"), ("My-Chat-123", "log-in's name")] {
            assert!(check(bad).unwrap_err().contains(why), "{bad}");
        }
    }

    #[test]
    fn names_and_passwords_cannot_leave_their_quotes() {
        assert_eq!(identifier("a]; DROP"), "[a]]; DROP]");
        assert_eq!(literal("it's"), "N'it''s'");
    }
}
