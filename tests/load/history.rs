//! Pages of a long history: whether the millionth message costs what the first ones do.

use std::time::Instant;

use anyhow::Context;
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::cases::History;
use crate::report::Run;
use crate::server::Server;
use crate::traffic::latencies_of;
use crate::world::World;

/// Messages of one transaction, so that the server gets to write in between.
const CHUNK: u32 = 50_000;
/// Messages of a page.
const PAGE: u32 = 50;

/// Builds the room, then reads pages at its beginning, in its middle and at its end: a run for each place.
pub(crate) async fn run(world: &World, server: &Server, case: &History) -> anyhow::Result<Vec<Run>> {
    let room = world.room().await?;
    let (file, id, messages) = (server.database()?, Uuid::parse_str(&room)?, case.messages);
    let first = tokio::task::spawn_blocking(move || fill(&file, id, messages)).await??;
    let places = [("begin", first + 500), ("middle", first + messages / 2), ("end", first + messages)];
    let mut runs = Vec::new();
    for (place, seq) in places {
        // Pages beside each other, so that not one page of the disk serves all.
        let paths = (0..u32::try_from(case.pages)?)
            .map(|n| seq.saturating_sub(n * PAGE % 400))
            .map(|before| format!("/v1/rooms/{room}/messages?before={before}&limit={PAGE}"));
        let mut times = Vec::with_capacity(case.pages);
        let (cpu, begun) = (server.cpu(), Instant::now());
        for path in paths {
            let asked = Instant::now();
            let page = world.get(&path).await?;
            anyhow::ensure!(
                page["items"].as_array().is_some_and(|items| items.len() == PAGE as usize),
                "short: {path}"
            );
            times.push(u64::try_from(asked.elapsed().as_micros())?);
        }
        let mut run = Run {
            case: format!("{} {place}", case.name),
            pages: case.pages,
            wall: begun.elapsed(),
            ack_us: latencies_of(times),
            ..Run::default()
        };
        run.take_cpu(server, cpu);
        runs.push(run);
    }
    Ok(runs)
}

/// Appends so many messages to the room's log, as the service would have; the seq before the first of them.
fn fill(file: &std::path::Path, room: Uuid, messages: u32) -> anyhow::Result<u32> {
    let mut conn = Connection::open(file)?;
    conn.busy_timeout(std::time::Duration::from_mins(1))?;
    conn.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000;")?;
    let (first, author): (u32, Vec<u8>) = conn
        .query_row(
            "SELECT h.seq, e.actor_id FROM timeline_heads h JOIN timeline_entries e ON e.room_id = h.room_id AND e.seq = 1
             WHERE h.room_id = ?1",
            [room],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .context("the room has no log")?;
    let mut done = 0;
    while done < messages {
        let chunk = CHUNK.min(messages - done);
        let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let numbers = params![room, author, first + done + 1, first + done + chunk, first];
        for sql in [ENTRIES, MESSAGES] {
            tx.prepare_cached(sql)?.execute(numbers)?;
        }
        tx.execute(
            "UPDATE timeline_heads SET seq = seq + ?2, messages = messages + ?2, published_seq = seq + ?2 WHERE room_id = ?1",
            params![room, chunk],
        )?;
        // Searching is not measured: the index is not made.
        tx.execute("UPDATE messages_indexed SET id = (SELECT max(id) FROM messages_messages)", [])?;
        tx.commit()?;
        done += chunk;
    }
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")?;
    Ok(first)
}

const ENTRIES: &str = "
    WITH RECURSIVE n(seq) AS (SELECT ?3 UNION ALL SELECT seq + 1 FROM n WHERE seq < ?4)
    INSERT INTO timeline_entries (room_id, seq, kind, actor_id, message_id, ordinal, at)
    SELECT ?1, seq, 'message.posted', ?2, CAST(printf('%08d', seq) || substr(hex(?1), 25) AS BLOB), seq - ?5, 1700000000000 + seq
    FROM n";

const MESSAGES: &str = "
    WITH RECURSIVE n(seq) AS (SELECT ?3 UNION ALL SELECT seq + 1 FROM n WHERE seq < ?4)
    INSERT INTO messages_messages (room_id, seq, message_id, author_id, key, body_hash, body, at)
    SELECT ?1, seq, CAST(printf('%08d', seq) || substr(hex(?1), 25) AS BLOB), ?2, CAST(printf('%016d', seq) AS BLOB),
           zeroblob(32), printf('%d %s', seq, ?5 || ' a text of about a hundred bytes, as messages are, with words that nobody will search'),
           1700000000000 + seq
    FROM n";
