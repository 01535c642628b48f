//! A bus that loses, repeats and delays, with buffers that hold next to nothing, and that some cannot reach.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chatapp_bus::{Bus, BusError, BusMessage, Subscription, subject};
use tokio::sync::mpsc;

use super::chance::Chance;

/// Events that wait for a subscriber; the real bus's buffer is a thousand times as large.
const BUFFER: usize = 4;

struct Listener {
    port: usize,
    messages: mpsc::Sender<BusMessage>,
    alive: Weak<()>,
}

struct State {
    chance: Chance,
    listeners: BTreeMap<String, Vec<Listener>>,
    /// Whether the bus misbehaves at all.
    stormy: bool,
    /// Ports whose events are lost without a word.
    silent: [bool; 2],
    /// Ports that are told that the bus is gone.
    gone: [bool; 2],
    /// While set, publishers do not reach it either.
    mute: bool,
}

/// The bus itself.
pub(super) struct StormyBus(Mutex<State>);

impl StormyBus {
    /// A bus with beats of both publishers.
    pub(super) fn start(chance: Chance) -> Arc<Self> {
        let state = State {
            chance,
            listeners: BTreeMap::new(),
            stormy: true,
            silent: [false; 2],
            gone: [false; 2],
            mute: false,
        };
        Arc::new(Self(Mutex::new(state)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Says that the publishers live, for as long as it is polled.
    pub(super) async fn beat(self: Arc<Self>) {
        loop {
            for service in ["messages", "rooms"] {
                self.say(&subject::beat(service), &Bytes::new());
            }
            tokio::time::sleep(chatapp_bus::BEAT_EVERY).await;
        }
    }

    /// Cuts somebody off for a while.
    pub(super) fn trouble(self: &Arc<Self>, chance: &mut Chance) {
        let (port, time, kind) = (usize::from(chance.one_in(2)), chance.millis(100..5_000), chance.below(3));
        let set = move |state: &mut State, on: bool| match kind {
            0 => state.silent[port] = on,
            1 => state.gone[port] = on,
            _ => state.mute = on,
        };
        set(&mut self.state(), true);
        if kind == 1 {
            // Their subscriptions end.
            self.state().listeners.values_mut().for_each(|all| all.retain(|listener| listener.port != port));
        }
        let bus = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            set(&mut bus.state(), false);
        });
    }

    /// From now on it does what a bus should.
    pub(super) fn heal(&self) {
        let mut state = self.state();
        (state.stormy, state.mute, state.silent, state.gone) = (false, false, [false; 2], [false; 2]);
    }

    /// Puts an event on the bus, as a publisher or another gateway.
    pub(super) fn say(self: &Arc<Self>, subject: &str, payload: &Bytes) {
        let mut state = self.state();
        if state.mute {
            return;
        }
        let stormy = state.stormy;
        let State { chance, listeners, silent, .. } = &mut *state;
        for listener in listeners.get(subject).into_iter().flatten() {
            let lost = silent[listener.port] || (stormy && chance.one_in(12));
            let copies = if lost { 0 } else { 1 + u64::from(stormy && chance.one_in(10)) };
            for _ in 0..copies {
                let late = if stormy { chance.millis(0..8) * u32::from(chance.one_in(4)) * 30 } else { Duration::ZERO };
                hand(listener.messages.clone(), payload.clone(), late);
            }
        }
    }
}

/// Hands an event over, at once or late; when the buffer is full it is lost.
fn hand(to: mpsc::Sender<BusMessage>, payload: Bytes, late: Duration) {
    let message = BusMessage { payload, traceparent: None };
    if late.is_zero() {
        let _ = to.try_send(message);
        return;
    }
    tokio::spawn(async move {
        tokio::time::sleep(late).await;
        let _ = to.try_send(message);
    });
}

/// The bus as one gateway reaches it.
pub(super) struct Port {
    pub(super) bus: Arc<StormyBus>,
    pub(super) port: usize,
}

#[async_trait]
impl Bus for Port {
    fn publish_traced(&self, subject: &str, payload: Bytes, _: Option<&str>) {
        if !self.bus.state().gone[self.port] {
            self.bus.say(subject, &payload);
        }
    }

    async fn subscribe(&self, subject: &str) -> Result<Subscription, BusError> {
        let wait = self.bus.state().chance.millis(0..20);
        tokio::time::sleep(wait).await;
        let mut state = self.bus.state();
        if state.gone[self.port] {
            return Err(BusError { reason: "gone".to_owned() });
        }
        let (messages, receiver) = mpsc::channel(BUFFER);
        let guard = Arc::new(());
        let listeners = state.listeners.entry(subject.to_owned()).or_default();
        listeners.retain(|listener| listener.alive.strong_count() > 0);
        listeners.push(Listener { port: self.port, messages, alive: Arc::downgrade(&guard) });
        Ok(Subscription::new(receiver, guard))
    }
}
