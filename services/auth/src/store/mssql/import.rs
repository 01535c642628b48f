//! Accounts as they were elsewhere.

use async_trait::async_trait;
use chatapp_db::mssql::{Param, Sql};
use chatapp_types::UserId;

use super::{ID_IN_ORDER, MssqlAuthStore};
use crate::import::{AccountImport, ImportedAccount, KnownAccount};
use crate::store::StoreResult;

/// Accounts made by one statement.
const AT_ONCE: usize = 100;

#[async_trait]
impl AccountImport for MssqlAuthStore {
    async fn known_accounts(&self, after: Option<UserId>, limit: u32) -> StoreResult<Vec<KnownAccount>> {
        let mut sql = Sql::new("SELECT TOP (");
        sql.arg(limit).push(") id, username, skeleton FROM auth.users");
        if let Some(after) = after {
            sql.push(" WHERE ").push(ID_IN_ORDER).push(" > CAST(").arg(after).push(" AS CHAR(36))");
        }
        sql.push(" ORDER BY ").push(ID_IN_ORDER);
        let known = self.query(sql).await?;
        let known = known.iter().map(|row| {
            Ok(KnownAccount { id: UserId(row.id(0)?), username: row.opt_text(1)?, skeleton: row.opt_text(2)? })
        });
        known.collect()
    }

    async fn import_accounts(&self, accounts: Vec<ImportedAccount>) -> StoreResult<()> {
        self.write(accounts, |session, _, accounts| {
            Box::pin(async move {
                for part in accounts.chunks(AT_ONCE) {
                    session.execute(insertion(part)).await?;
                }
                Ok(())
            })
        })
        .await
    }
}

fn insertion(accounts: &[ImportedAccount]) -> Sql {
    let mut sql = Sql::new(
        "INSERT INTO auth.users (id, username, skeleton, password_hash, passwords, created_at, disabled_at) VALUES ",
    );
    sql.rows(accounts.iter().map(|account| -> [Param; 7] {
        [
            account.id.into(),
            account.username.as_str().into(),
            account.skeleton.clone().into(),
            account.password_hash.as_str().into(),
            0_i64.into(),
            account.created_at.into(),
            account.disabled.then_some(account.created_at).into(),
        ]
    }));
    sql
}
