//! A word to the server and back to oneself: the server reads a connection in order, so what was sent to it before
//! has been done when the word returns.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::Client;
use async_nats::connection::State;
use bytes::Bytes;
use futures::StreamExt as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::BusError;

/// What the subject of the word begins with; the rest is the connection's own.
pub(super) const INBOX: &str = "chatapp.echo";
/// A word that has not returned may have been lost with a connection: it is sent again.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// One connection's echo.
pub(super) struct Echo {
    client: Client,
    subject: String,
    next: AtomicU64,
    heard: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

impl Echo {
    pub(super) async fn start(client: &Client) -> Result<Self, BusError> {
        let subject = client.new_inbox();
        let subscribed = client.subscribe(subject.clone()).await;
        let mut words = subscribed.map_err(|err| BusError { reason: super::chain(&err) })?;
        let (hear, heard) = watch::channel(0);
        let task = tokio::spawn(async move {
            while let Some(word) = words.next().await {
                if let Ok(bytes) = word.payload.as_ref().try_into() {
                    hear.send_if_modified(|last| {
                        let number = u64::from_be_bytes(bytes);
                        let newer = number > *last;
                        *last = number.max(*last);
                        newer
                    });
                }
            }
        });
        Ok(Self { client: client.clone(), subject, next: AtomicU64::new(1), heard, task })
    }

    /// Returns when the server has done everything that was sent to it before. An error when it is not connected.
    /// Cancel-safe.
    pub(super) async fn round_trip(&self) -> Result<(), BusError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut heard = self.heard.clone();
        while self.client.connection_state() == State::Connected {
            let word = Bytes::copy_from_slice(&number.to_be_bytes());
            let sent = self.client.publish(self.subject.clone(), word).await;
            sent.map_err(|err| BusError { reason: super::chain(&err) })?;
            match tokio::time::timeout(AGAIN_AFTER, heard.wait_for(|last| *last >= number)).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(_)) => break,
                Err(_) => {}
            }
        }
        Err(BusError { reason: "the connection is lost".to_owned() })
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.task.abort();
    }
}
