//! The bus within one process.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use async_trait::async_trait;
use bytes::Bytes;
use chatapp_metrics::{BUS, Direction};
use tokio::sync::mpsc;

use crate::{Bus, BusError, BusMessage, SUBSCRIPTION_BUFFER, Subscription};

struct Listener {
    messages: mpsc::Sender<BusMessage>,
    alive: Weak<()>,
}

/// A bus whose publishers and subscribers share a process.
#[derive(Default)]
pub struct LocalBus {
    subjects: RwLock<HashMap<String, Vec<Listener>>>,
}

impl LocalBus {
    /// An empty bus.
    pub fn new() -> Self {
        Self::default()
    }

    fn forget_dropped(&self, subject: &str) {
        let mut subjects = self.subjects.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(listeners) = subjects.get_mut(subject) {
            listeners.retain(|l| l.alive.strong_count() > 0);
            if listeners.is_empty() {
                subjects.remove(subject);
            }
        }
    }
}

#[async_trait]
impl Bus for LocalBus {
    fn publish_traced(&self, subject: &str, payload: Bytes, traceparent: Option<&str>) {
        let mut dropped = false;
        BUS.messages.count(Direction::Published);
        {
            let subjects = self.subjects.read().unwrap_or_else(PoisonError::into_inner);
            let Some(listeners) = subjects.get(subject) else { return };
            let message = BusMessage { payload, traceparent: traceparent.map(Arc::from) };
            for listener in listeners {
                match listener.messages.try_send(message.clone()) {
                    Ok(()) => BUS.messages.count(Direction::Received),
                    Err(mpsc::error::TrySendError::Full(_)) => {
                        BUS.dropped.inc();
                        tracing::debug!(bus.subject = subject, "subscriber's buffer is full, event dropped");
                    }
                    Err(mpsc::error::TrySendError::Closed(_)) => dropped = true,
                }
            }
        }
        if dropped {
            self.forget_dropped(subject);
        }
    }

    async fn subscribe(&self, subject: &str) -> Result<Subscription, BusError> {
        let (tx, rx) = mpsc::channel(SUBSCRIPTION_BUFFER);
        let guard = Arc::new(());
        let listener = Listener { messages: tx, alive: Arc::downgrade(&guard) };
        let mut subjects = self.subjects.write().unwrap_or_else(PoisonError::into_inner);
        let listeners = subjects.entry(subject.to_owned()).or_default();
        listeners.retain(|l| l.alive.strong_count() > 0);
        listeners.push(listener);
        Ok(Subscription::new(rx, guard))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn each_subscriber_gets_each_event_in_order() {
        let bus = LocalBus::new();
        let mut a = bus.subscribe("room.1").await.unwrap();
        let mut b = bus.subscribe("room.1").await.unwrap();
        for n in 0..10u8 {
            bus.publish("room.1", Bytes::copy_from_slice(&[n]));
        }
        for n in 0..10u8 {
            assert_eq!(a.recv().await.unwrap().payload[0], n);
            assert_eq!(b.recv().await.unwrap().payload[0], n);
        }
    }

    #[tokio::test]
    async fn the_trace_of_an_event_reaches_its_subscribers() {
        let bus = LocalBus::new();
        let mut events = bus.subscribe("room.1").await.unwrap();
        bus.publish_traced("room.1", Bytes::new(), Some("00-01-02-03"));
        bus.publish("room.1", Bytes::new());
        assert_eq!(events.recv().await.unwrap().traceparent.as_deref(), Some("00-01-02-03"));
        assert_eq!(events.recv().await.unwrap().traceparent, None);
    }

    #[tokio::test]
    async fn subjects_do_not_mix() {
        let bus = LocalBus::new();
        let mut a = bus.subscribe("room.1").await.unwrap();
        bus.publish("room.2", Bytes::from_static(b"other"));
        bus.publish("room.1", Bytes::from_static(b"mine"));
        assert_eq!(a.recv().await.unwrap().payload, "mine");
    }

    #[tokio::test]
    async fn a_full_subscriber_loses_events_and_holds_nobody_up() {
        let bus = LocalBus::new();
        let mut slow = bus.subscribe("s").await.unwrap();
        for _ in 0..SUBSCRIPTION_BUFFER + 10 {
            bus.publish("s", Bytes::new());
        }
        let mut taken = Vec::new();
        assert_eq!(slow.recv_many(&mut taken, usize::MAX >> 4).await, SUBSCRIPTION_BUFFER);
    }

    #[tokio::test]
    async fn a_subject_without_subscribers_is_forgotten() {
        let bus = LocalBus::new();
        drop(bus.subscribe("s").await.unwrap());
        bus.publish("s", Bytes::new());
        assert!(bus.subjects.read().unwrap().is_empty());
    }
}
