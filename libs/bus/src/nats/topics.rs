//! Subscriptions: one on the server for each subject, shared by all who follow it within the process.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_nats::Client;
use chatapp_metrics::{BUS, Direction};
use futures::StreamExt as _;
use tokio::sync::{mpsc, oneshot, watch};

use super::{PREFIX, TRACEPARENT};
use crate::{BusError, BusMessage, SUBSCRIPTION_BUFFER, Subscription};

struct Listener {
    id: u64,
    messages: mpsc::Sender<BusMessage>,
}

type Listeners = Arc<Mutex<Vec<Listener>>>;

/// A subject that somebody follows.
struct Topic {
    listeners: Listeners,
    /// True once the subscription is on its way to the server.
    placed: watch::Receiver<bool>,
    /// Dropped with the topic, which ends its task.
    _stop: oneshot::Sender<()>,
}

type TopicMap = Mutex<HashMap<String, Topic>>;

/// Every subject that somebody follows.
pub(super) struct Topics {
    client: Client,
    map: Arc<TopicMap>,
    next_id: AtomicU64,
}

impl Topics {
    pub(super) fn new(client: Client) -> Self {
        Self { client, map: Arc::default(), next_id: AtomicU64::new(0) }
    }

    /// Follows a subject. Returns when the subscription is on its way to the server, ahead of whatever is sent there
    /// from now on. Cancel-safe.
    pub(super) async fn follow(&self, subject: &str) -> Result<Subscription, BusError> {
        let (messages, receiver) = mpsc::channel(SUBSCRIPTION_BUFFER);
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut placed = {
            let mut map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
            let topic = map.entry(subject.to_owned()).or_insert_with(|| start(self.client.clone(), subject));
            topic.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(Listener { id, messages });
            topic.placed.clone()
        };
        let interest = Interest { id, subject: subject.to_owned(), map: Arc::downgrade(&self.map) };
        let subscription = Subscription::new(receiver, Arc::new(interest));
        match placed.wait_for(|placed| *placed).await {
            Ok(_) => Ok(subscription),
            Err(_) => Err(BusError { reason: "the connection is closed".to_owned() }),
        }
    }
}

/// One who follows a subject; the last one who goes ends the subscription.
struct Interest {
    id: u64,
    subject: String,
    map: Weak<TopicMap>,
}

impl Drop for Interest {
    fn drop(&mut self) {
        let Some(map) = self.map.upgrade() else { return };
        let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(topic) = map.get(&self.subject) else { return };
        let mut listeners = topic.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| listener.id != self.id);
        if listeners.is_empty() {
            drop(listeners);
            map.remove(&self.subject);
        }
    }
}

fn start(client: Client, subject: &str) -> Topic {
    let (listeners, subject) = (Listeners::default(), format!("{PREFIX}{subject}"));
    let (stop, stopped) = oneshot::channel::<()>();
    let (place, placed) = watch::channel(false);
    let relayed = listeners.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = stopped => {}
            () = relay(client, &subject, &relayed, place) => {
                // The connection is closed for good: everyone who listens is told.
                relayed.lock().unwrap_or_else(PoisonError::into_inner).clear();
            }
        }
    });
    Topic { listeners, placed, _stop: stop }
}

async fn relay(client: Client, subject: &str, listeners: &Listeners, place: watch::Sender<bool>) {
    let mut messages = match client.subscribe(subject.to_owned()).await {
        Ok(messages) => messages,
        Err(err) => {
            tracing::debug!(bus.subject = subject, error = %err, "subject cannot be followed");
            return;
        }
    };
    place.send_replace(true);
    while let Some(message) = messages.next().await {
        let traceparent = message.headers.as_ref().and_then(|headers| headers.get(TRACEPARENT));
        let traceparent = traceparent.map(|value| Arc::from(value.as_str()));
        let message = BusMessage { payload: message.payload, traceparent };
        for listener in listeners.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            match listener.messages.try_send(message.clone()) {
                Ok(()) => BUS.messages.count(Direction::Received),
                Err(mpsc::error::TrySendError::Full(_)) => {
                    BUS.dropped.inc();
                    tracing::debug!(bus.subject = subject, "subscriber's buffer is full, event dropped");
                }
                Err(mpsc::error::TrySendError::Closed(_)) => {}
            }
        }
    }
}
