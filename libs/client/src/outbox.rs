//! Messages that are not yet acknowledged, on disk under their keys.
//!
//! A message is written here before it is first sent and struck out once the server has acknowledged it (or refused it
//! for good). What a crash leaves is sent again under the same key, which the server answers with the original: the
//! message is neither lost nor doubled. Two processes that send the same message at once do no harm for the same reason.
//!
//! Each process that writes holds a lock of its own while it lives, and its messages name it. What is kept by a process
//! that has ended is an orphan, which any process may send; what a living one keeps is left to it.
//!
//! The file is a log of JSON lines, `add` and `done`, compacted when it is opened. Losing a `done` in a power cut costs
//! one needless repeat, so only `add` waits for the disk. Every write is made under a lock between processes.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use chatapp_types::{MessageId, RoomId, SendKey, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::durable::{self, FileLock, Sync};
use crate::{ClientError, GatewayUrl};

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsent {
    /// Its idempotency key.
    pub key: SendKey,
    /// Where it goes.
    pub room_id: RoomId,
    /// The text.
    pub body: String,
    /// The message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// Who wrote it: nobody else's log-in may send it.
    pub author: UserId,
    /// The gateway it is meant for.
    pub url: GatewayUrl,
    /// When it was written.
    pub queued_at: Timestamp,
    /// The process that sends it.
    pub sender: Uuid,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Record {
    Add(Unsent),
    Done { key: SendKey },
}

/// Up to this many bytes the file is looked through at each acknowledgement, to leave no text of a sent message behind;
/// a longer one is compacted when it is next opened.
const COMPACTED_AT_ONCE: u64 = 256 * 1024;

/// The unsent messages of one profile. Clones are one process's.
#[derive(Clone, Debug)]
pub struct Outbox {
    path: PathBuf,
    me: Arc<OnceLock<Alive>>,
}

/// That this process lives: a locked file, gone when it ends well and unlocked when it ends otherwise.
#[derive(Debug)]
struct Alive {
    id: Uuid,
    path: PathBuf,
    _lock: FileLock,
}

impl Drop for Alive {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Outbox {
    /// The outbox in the file `path`, which need not exist.
    pub fn new(path: PathBuf) -> Self {
        Self { path, me: Arc::default() }
    }

    /// Under which name this process keeps messages; from now on it counts as living.
    pub fn sender_id(&self) -> Result<Uuid, ClientError> {
        if let Some(me) = self.me.get() {
            return Ok(me.id);
        }
        let id = Uuid::now_v7();
        let path = self.life_sign(id);
        let lock = FileLock::on(&path).map_err(ClientError::file(&path))?;
        Ok(self.me.get_or_init(|| Alive { id, path, _lock: lock }).id)
    }

    fn life_sign(&self, sender: Uuid) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".senders");
        PathBuf::from(name).join(sender.to_string())
    }

    fn lives(&self, sender: Uuid) -> bool {
        if self.me.get().is_some_and(|me| me.id == sender) {
            return true;
        }
        let path = self.life_sign(sender);
        match FileLock::is_held(&path) {
            // Nobody else looks at it in the same moment, for the outbox is locked.
            Ok(false) => {
                let _ = std::fs::remove_file(&path);
                false
            }
            Ok(true) => true,
            Err(_) => false,
        }
    }

    /// Keeps a message; it is on disk when this returns. A key that is kept already is not kept twice.
    pub fn add(&self, message: &Unsent) -> Result<(), ClientError> {
        let _lock = self.lock()?;
        self.append(&Record::Add(message.clone()), Sync::Now)
    }

    /// Strikes a message out: it was acknowledged, or refused for good.
    pub fn done(&self, key: SendKey) -> Result<(), ClientError> {
        let _lock = self.lock()?;
        self.append(&Record::Done { key }, Sync::Later)?;
        let is_small = std::fs::metadata(&self.path).is_ok_and(|m| m.len() < COMPACTED_AT_ONCE);
        if is_small && self.read()?.is_empty() {
            return durable::replace(&self.path, b"").map_err(ClientError::file(&self.path));
        }
        Ok(())
    }

    /// What `author` wrote for `url` in processes that have ended before it was sent, in the order of writing.
    pub fn orphans(&self, author: UserId, url: &GatewayUrl) -> Result<Vec<Unsent>, ClientError> {
        let mut unsent = self.of(author, url)?;
        let _lock = self.lock()?;
        let mut lives = HashMap::new();
        unsent.retain(|m| !*lives.entry(m.sender).or_insert_with(|| self.lives(m.sender)));
        Ok(unsent)
    }

    /// What this process is to send: what it kept itself, and what ended processes did, in the order of writing.
    pub fn resumable(&self, author: UserId, url: &GatewayUrl) -> Result<Vec<Unsent>, ClientError> {
        let orphans: HashSet<SendKey> = self.orphans(author, url)?.into_iter().map(|m| m.key).collect();
        let me = self.sender_id()?;
        Ok(self.of(author, url)?.into_iter().filter(|m| m.sender == me || orphans.contains(&m.key)).collect())
    }

    /// What is unsent, in the order of writing, of every author and gateway; the file is compacted on the way.
    pub fn all(&self) -> Result<Vec<Unsent>, ClientError> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        let _lock = self.lock()?;
        durable::make_private(&self.path).map_err(ClientError::file(&self.path))?;
        let unsent = self.read()?;
        let mut bytes = Vec::new();
        for message in &unsent {
            bytes.extend(self.line(&Record::Add(message.clone()))?);
        }
        if std::fs::metadata(&self.path).is_ok_and(|m| m.len() != bytes.len() as u64) {
            durable::replace(&self.path, &bytes).map_err(ClientError::file(&self.path))?;
        }
        Ok(unsent)
    }

    /// What `author` has not yet sent at `url`, in the order of writing.
    pub fn of(&self, author: UserId, url: &GatewayUrl) -> Result<Vec<Unsent>, ClientError> {
        Ok(self.all()?.into_iter().filter(|m| m.author == author && m.url == *url).collect())
    }

    fn lock(&self) -> Result<FileLock, ClientError> {
        FileLock::acquire(&self.path).map_err(ClientError::file(&self.path))
    }

    fn append(&self, record: &Record, sync: Sync) -> Result<(), ClientError> {
        durable::append(&self.path, &self.line(record)?, sync).map_err(ClientError::file(&self.path))
    }

    fn line(&self, record: &Record) -> Result<Vec<u8>, ClientError> {
        let mut line = serde_json::to_vec(record).map_err(|e| ClientError::file(&self.path)(e.into()))?;
        line.push(b'\n');
        Ok(line)
    }

    /// A line that is no record is one that a crash tore: its `add` was not yet promised to anyone.
    fn read(&self) -> Result<Vec<Unsent>, ClientError> {
        let text = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(ClientError::file(&self.path)(e)),
        };
        let mut unsent: Vec<Unsent> = Vec::new();
        for line in text.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(Record::Add(message)) if unsent.iter().all(|m| m.key != message.key) => unsent.push(message),
                Ok(Record::Add(_)) => {}
                Ok(Record::Done { key }) => unsent.retain(|m| m.key != key),
                Err(_) => tracing::warn!(file = %self.path.display(), "skipped a torn line of the outbox"),
            }
        }
        Ok(unsent)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn message(body: &str) -> Unsent {
        Unsent {
            key: SendKey::new(),
            room_id: RoomId::new(),
            body: body.to_owned(),
            reply_to: None,
            author: UserId::new(),
            url: GatewayUrl::parse("http://127.0.0.1:1").unwrap(),
            queued_at: Timestamp::from_millis(5),
            sender: Uuid::nil(),
        }
    }

    fn outbox() -> (tempfile::TempDir, Outbox) {
        let dir = tempfile::tempdir().unwrap();
        let outbox = Outbox::new(dir.path().join("state/outbox-default.jsonl"));
        (dir, outbox)
    }

    #[test]
    fn what_is_unsent_is_found_after_a_crash_in_the_order_of_writing() {
        let (_dir, outbox) = outbox();
        let (a, b, c) = (message("a"), message("b\nwith a second line"), message("c"));
        for m in [&a, &b, &c] {
            outbox.add(m).unwrap();
        }
        outbox.done(a.key).unwrap();
        assert_eq!(Outbox::new(outbox.path.clone()).all().unwrap(), [b, c]);
    }

    #[test]
    fn a_line_torn_by_a_crash_costs_no_other_message() {
        let (_dir, outbox) = outbox();
        let (a, b) = (message("a"), message("b"));
        outbox.add(&a).unwrap();
        durable::append(&outbox.path, b"{\"op\":\"add\",\"key\":\"0193", Sync::Now).unwrap();
        outbox.add(&b).unwrap();
        assert_eq!(outbox.all().unwrap(), [a, b]);
    }

    #[test]
    fn what_was_acknowledged_leaves_nothing_behind() {
        let (_dir, outbox) = outbox();
        let m = message("secret plan");
        outbox.add(&m).unwrap();
        outbox.done(m.key).unwrap();
        assert_eq!(std::fs::read(&outbox.path).unwrap(), b"");
    }

    #[test]
    fn another_log_in_does_not_send_what_one_wrote() {
        let (_dir, outbox) = outbox();
        let m = message("mine");
        outbox.add(&m).unwrap();
        assert_eq!(outbox.of(UserId::new(), &m.url).unwrap(), []);
        assert_eq!(outbox.of(m.author, &GatewayUrl::parse("http://127.0.0.1:2").unwrap()).unwrap(), []);
        assert_eq!(outbox.of(m.author, &m.url).unwrap(), [m]);
    }

    #[test]
    fn what_a_living_process_keeps_is_left_to_it_and_what_a_dead_one_kept_is_not() {
        let (_dir, here) = outbox();
        let m = Unsent { sender: here.sender_id().unwrap(), ..message("mine") };
        here.add(&m).unwrap();
        let elsewhere = Outbox::new(here.path.clone());
        assert_eq!(elsewhere.orphans(m.author, &m.url).unwrap(), []);
        assert_eq!(here.orphans(m.author, &m.url).unwrap(), [], "it is being sent");
        assert_eq!(here.resumable(m.author, &m.url).unwrap(), std::slice::from_ref(&m), "by this process");
        assert_eq!(elsewhere.resumable(m.author, &m.url).unwrap(), []);
        drop(here);
        assert_eq!(elsewhere.orphans(m.author, &m.url).unwrap(), [m]);
    }

    #[test]
    fn processes_that_write_at_once_lose_nothing() {
        let (_dir, outbox) = outbox();
        let threads: Vec<_> = (0..4)
            .map(|t| {
                let outbox = outbox.clone();
                std::thread::spawn(move || {
                    for n in 0..10 {
                        let m = message(&format!("{t}/{n}"));
                        outbox.add(&m).unwrap();
                        if n % 2 == 0 {
                            outbox.done(m.key).unwrap();
                        }
                        outbox.all().unwrap();
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(outbox.all().unwrap().len(), 20);
    }
}
