//! Ending sessions: the row goes, what ended is recorded, and it is announced once that is committed.

use chatapp_db::mssql::{Row, Session, Sql};
use chatapp_http::RevokedSession;
use chatapp_types::{SessionId, Timestamp, UserId};

use crate::store::{Announce, StoreResult};

/// What ends all sessions of an account but `keep`, and with `tokens` its tokens for scripts.
pub(super) fn all_of(user: UserId, keep: Option<SessionId>, tokens: bool) -> Sql {
    let but = if keep.is_some() { " AND id <> @P2" } else { "" };
    let mut deletions = format!("DELETE FROM auth.sessions OUTPUT deleted.id INTO @ended WHERE user_id = @P1{but};");
    if tokens {
        deletions.push_str(" DELETE FROM auth.api_tokens OUTPUT deleted.id INTO @ended WHERE user_id = @P1;");
    }
    Sql::new(deletions).bind(user).bind(keep)
}

/// Runs statements of which some put the ids of what they end `INTO @ended`, records those, and has them announced after
/// the commit: one round trip. Returns what ended.
pub(super) async fn end(
    session: &mut Session,
    announce: &Announce,
    statements: Sql,
    at: Timestamp,
) -> StoreResult<Vec<SessionId>> {
    let record = Sql::new(
        " INSERT INTO auth.revoked (session_id, at) SELECT e.id, @P1 FROM @ended e
          WHERE NOT EXISTS (SELECT 1 FROM auth.revoked r WHERE r.session_id = e.id);
          SELECT id FROM @ended;",
    );
    let mut batch = Sql::new("DECLARE @ended TABLE (id UNIQUEIDENTIFIER NOT NULL); ");
    batch.append(statements).append(record.bind(at));
    let ended = session.query(batch).await?;
    let ended = ended.iter().map(|row| row.id(0).map(SessionId)).collect::<Result<Vec<_>, _>>()?;
    if !ended.is_empty() {
        let sessions: Vec<_> = ended.iter().map(|session| RevokedSession { session_id: *session, at }).collect();
        let announce = announce.clone();
        session.after_commit(move || announce(&sessions));
    }
    Ok(ended)
}

/// Asks for what was ended at or after `since`, oldest first.
pub(super) fn since(since: Timestamp) -> Sql {
    Sql::new("SELECT session_id, at FROM auth.revoked WHERE at >= @P1 ORDER BY at").bind(since)
}

/// Reads a row of [`since`].
pub(super) fn revoked_session(row: &Row) -> StoreResult<RevokedSession> {
    Ok(RevokedSession { session_id: SessionId(row.id(0)?), at: row.time(1)? })
}
