//! Errors reported to a tracker elsewhere. Nobody waits for it, and it is not flooded.
//!
//! The protocol is Sentry's, and what it takes is here: one `POST` an error, over the client that is in the programs
//! anyway. Its own crate has integrations, sessions and breadcrumbs that nothing here would use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;
use tokio::sync::{mpsc, oneshot};

use super::envelope::{Origin, envelope};
use super::{Dsn, ErrorRecord};
use crate::courier::Courier;

/// Errors that wait to be sent; more are dropped, and counted where they are kept.
const QUEUE: usize = 64;
/// The same kind of error is sent no more often than this.
const SAME_AGAIN_AFTER: Duration = Duration::from_mins(1);
/// Errors of any kind are sent no more often than this many…
const BURST: u32 = 30;
/// … within this time.
const BURST_WITHIN: Duration = Duration::from_mins(1);
/// After a failure nothing is sent for so long, unless the tracker says for how long.
const REST: Duration = Duration::from_mins(1);
/// It does not rest for longer, whatever it is told.
const REST_MAX: Duration = Duration::from_hours(1);
/// One sending may take so long.
const SEND_WITHIN: Duration = Duration::from_secs(5);

enum Order {
    Send(Box<ErrorRecord>),
    Done(oneshot::Sender<()>),
}

/// Where errors are handed in. Never blocks.
#[derive(Clone, Debug)]
pub(crate) struct Reporter {
    queue: mpsc::Sender<Order>,
    allowance: Arc<Mutex<Allowance>>,
}

/// What may still be sent at this moment.
#[derive(Debug)]
struct Allowance {
    sent: HashMap<String, Instant>,
    begun: Instant,
    left: u32,
}

impl Allowance {
    fn new(now: Instant) -> Self {
        Self { sent: HashMap::new(), begun: now, left: BURST }
    }

    fn take(&mut self, fingerprint: &str, now: Instant) -> bool {
        if now.duration_since(self.begun) >= BURST_WITHIN {
            self.sent.retain(|_, at| now.duration_since(*at) < SAME_AGAIN_AFTER);
            (self.begun, self.left) = (now, BURST);
        }
        let recent = self.sent.get(fingerprint).is_some_and(|at| now.duration_since(*at) < SAME_AGAIN_AFTER);
        if recent || self.left == 0 {
            return false;
        }
        self.left -= 1;
        self.sent.insert(fingerprint.to_owned(), now);
        true
    }
}

impl Reporter {
    /// Hands in an error; it is sent unless its kind was sent a moment ago or too many are waiting.
    pub(super) fn report(&self, record: ErrorRecord) {
        let mut allowance = self.allowance.lock().unwrap_or_else(PoisonError::into_inner);
        if allowance.take(&record.fingerprint, Instant::now()) {
            let _ = self.queue.try_send(Order::Send(Box::new(record)));
        }
    }
}

/// The other end: sends, until it is told to finish.
#[derive(Debug)]
pub(crate) struct Sender {
    queue: mpsc::Sender<Order>,
}

impl Sender {
    /// Starts sending to `dsn` in the name of `service`, on the courier's thread.
    pub(crate) fn start(courier: &Courier, dsn: Dsn, service: &str, version: &str) -> (Self, Reporter) {
        let (queue, orders) = mpsc::channel(QUEUE);
        let origin = Origin { service: service.to_owned(), version: version.to_owned() };
        courier.spawn(work(orders, courier.http(), dsn, origin));
        let allowance = Arc::new(Mutex::new(Allowance::new(Instant::now())));
        (Self { queue: queue.clone() }, Reporter { queue, allowance })
    }

    /// Returns when what was handed in before has been sent or given up.
    pub(crate) async fn flush(&self) {
        let (done, told) = oneshot::channel();
        if self.queue.send(Order::Done(done)).await.is_ok() {
            let _ = told.await;
        }
    }
}

async fn work(mut orders: mpsc::Receiver<Order>, http: reqwest::Client, dsn: Dsn, origin: Origin) {
    let (mut rest_until, mut told) = (None::<Instant>, false);
    while let Some(order) = orders.recv().await {
        let record = match order {
            Order::Send(record) => record,
            Order::Done(done) => {
                let _ = done.send(());
                continue;
            }
        };
        if rest_until.is_some_and(|until| Instant::now() < until) {
            continue;
        }
        match send(&http, &dsn, envelope(&record, &origin, &event_id())).await {
            Ok(()) => (rest_until, told) = (None, false),
            Err(refusal) => {
                rest_until = Some(Instant::now() + refusal.rest.min(REST_MAX));
                if !told {
                    told = true;
                    tracing::warn!(
                        tracker = dsn.envelopes().as_str(),
                        reason = refusal.reason,
                        "errors cannot be reported"
                    );
                }
            }
        }
    }
}

struct Refusal {
    reason: String,
    rest: Duration,
}

async fn send(http: &reqwest::Client, dsn: &Dsn, envelope: Vec<u8>) -> Result<(), Refusal> {
    let key = format!(
        "Sentry sentry_version=7, sentry_client=chatapp/{}, sentry_key={}",
        env!("CARGO_PKG_VERSION"),
        dsn.key()
    );
    let request = http
        .post(dsn.envelopes().clone())
        .header("x-sentry-auth", key)
        .header("content-type", "application/x-sentry-envelope")
        .timeout(SEND_WITHIN)
        .body(envelope);
    let answer = request.send().await.map_err(|err| {
        let reason = if err.is_timeout() { "it does not answer in time" } else { "it cannot be reached" };
        Refusal { reason: reason.to_owned(), rest: REST }
    })?;
    if answer.status().is_success() {
        return Ok(());
    }
    let said = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let rest = said.filter(|_| answer.status() == StatusCode::TOO_MANY_REQUESTS).map_or(REST, Duration::from_secs);
    Err(Refusal { reason: format!("it answers {}", answer.status().as_u16()), rest })
}

fn event_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_sent_once_a_minute_and_a_storm_of_kinds_is_cut() {
        let begun = Instant::now();
        let mut allowance = Allowance::new(begun);
        assert!(allowance.take("a", begun));
        assert!(!allowance.take("a", begun + Duration::from_secs(59)));
        assert!(allowance.take("a", begun + Duration::from_mins(1)));
        let storm = (0..200).filter(|n| allowance.take(&n.to_string(), begun + Duration::from_secs(61))).count();
        assert_eq!(storm, BURST as usize - 1);
        assert!(allowance.take("later", begun + Duration::from_secs(121)));
        assert!(allowance.sent.len() <= BURST as usize + 1, "bounded");
    }
}
