//! The index of words. Who changes what is in it for a message holds the message's row in `messages.unindexed`, or has
//! deleted it: so a text that is replaced or erased while a batch is under way never leaves its old words behind.

use chatapp_db::mssql::{Row, Session, Sql};
use chatapp_db::{DbError, Mssql};

use super::words;

/// Texts added in one transaction.
pub(super) const BATCH: u32 = 256;

/// Whether texts wait to be added.
pub(super) async fn is_behind(db: &Mssql) -> Result<bool, DbError> {
    let sql = "SELECT CASE WHEN EXISTS (SELECT 1 FROM messages.unindexed) THEN 1 ELSE 0 END";
    db.run(move |session| Box::pin(async move { session.query_one(sql).await?.flag(0) })).await
}

/// Adds the next batch. Returns whether more may wait: also when others took some of these at the same time.
pub(super) async fn add_batch(session: &mut Session) -> Result<bool, DbError> {
    let next = Sql::new("SELECT TOP (@P1) id FROM messages.unindexed ORDER BY id").bind(BATCH);
    let waiting = ids(&session.query(next).await?)?;
    if waiting.is_empty() {
        return Ok(false);
    }
    // Waits for whoever has one of them, so that what was acknowledged is in the index afterwards.
    let mut take = Sql::new("DELETE FROM messages.unindexed OUTPUT deleted.id WHERE id IN (");
    take.list(waiting.iter().copied()).push(")");
    let taken = ids(&session.query(take).await?)?;
    if !taken.is_empty() {
        // Read after they were taken: as they are now.
        let mut texts = Sql::new("SELECT id, body FROM messages.messages WHERE body IS NOT NULL AND id IN (");
        texts.list(taken.iter().copied()).push(")");
        let texts = session.query(texts).await?;
        add(session, &texts).await?;
    }
    Ok(taken.len() < waiting.len() || u32::try_from(waiting.len()).is_ok_and(|n| n == BATCH))
}

/// The server cuts each list of words at its spaces: two parameters a message, however long.
async fn add(session: &mut Session, texts: &[Row]) -> Result<(), DbError> {
    let mut rows = Vec::new();
    let mut sql = Sql::default();
    for text in texts {
        let words = words::distinct(&text.text(1)?);
        if !words.is_empty() {
            rows.push(format!("({}, {})", sql.hold(text.int(0)?), sql.hold(words.join(" "))));
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    sql.push(&format!(
        "INSERT INTO messages.words (word, id) SELECT s.value, t.id
         FROM (VALUES {}) AS t (id, words) CROSS APPLY STRING_SPLIT(t.words, N' ') AS s",
        rows.join(", ")
    ));
    session.execute(sql).await.map(drop)
}

/// Adds statements, after those that change a text: the message's words are taken out, and the next batch puts the new
/// ones in. `id` is the name of a parameter.
pub(super) fn push_again(sql: &mut Sql, id: &str) {
    sql.push(&format!(
        "UPDATE messages.unindexed SET id = id WHERE id = {id};
         IF @@ROWCOUNT = 0
         BEGIN
             INSERT INTO messages.unindexed (id) VALUES ({id});
             DELETE FROM messages.words WHERE id = {id};
         END; "
    ));
}

/// Adds statements, after those that erase texts: the words of the messages are taken out for good. `ids` are names of
/// parameters, in a list.
pub(super) fn push_removal(sql: &mut Sql, ids: &str) {
    sql.push(&format!(
        "DELETE FROM messages.unindexed WHERE id IN ({ids}); DELETE FROM messages.words WHERE id IN ({ids}); "
    ));
}

fn ids(rows: &[Row]) -> Result<Vec<i64>, DbError> {
    rows.iter().map(|row| row.int(0)).collect()
}
