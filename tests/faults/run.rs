//! One run: set up, load, a fault, its end, and the verdict.

use std::time::{Duration, Instant};

use chatapp_testkit::User;
use reqwest::Method;

use crate::Chance;
use crate::checker::{self, Healing, Invariant, Outcome, Reading, Seen, Violation};
use crate::crowd::Crowd;
use crate::journal::Journal;
use crate::outcome::{ask, post};
use crate::report::{Report, Tally};
use crate::scenario::Scenario;
use crate::stage::{Form, Plan, Stage};

/// Load before the fault.
const WARM_UP: Duration = Duration::from_secs(1);
/// Load that is watched for calm after the fault, and load after that.
const CALM: Duration = Duration::from_millis(1_500);
/// How long everything may take to be settled and read: a run that hangs has failed.
const SETTLED_WITHIN: Duration = Duration::from_mins(1);
/// How many members read the whole log at the end.
const READERS: usize = 3;

/// How long a fault is kept up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// A few seconds: for every change.
    Quick,
    /// A minute or more.
    Full,
}

/// A run that goes on.
pub struct Run {
    /// What is broken.
    pub stage: Stage,
    /// Who suffers it.
    pub crowd: Crowd,
    /// Chooses moments and victims.
    pub chance: Chance,
    /// What was done.
    pub tally: Tally,
    /// How long.
    pub length: Length,
    pub(crate) journal: Journal,
    form: Form,
    limits: checker::Limits,
    objections: Vec<Violation>,
}

/// Plays a scenario and gives the verdict. The same seed makes the same choices; times differ from run to run.
pub async fn perform(scenario: &Scenario, form: Form, seed: u64, length: Length) -> Report {
    let begun = Instant::now();
    let mut plan = Plan::new(form);
    if length == Length::Full {
        (plan.members, plan.rooms) = (20, 5);
    }
    (scenario.plan)(&mut plan);
    plan.limits = plan.limits.stretched(stretch(length));
    let (journal, mut chance) = (Journal::new(), Chance::new(seed));
    let stage = Stage::set(&plan).await;
    let crowd = Crowd::gather(&plan, stage.urls(), &journal, &mut chance).await;
    let (limits, tally, objections) = (plan.limits, Tally::default(), Vec::new());
    let mut run = Run { stage, crowd, chance, tally, length, journal, form, limits, objections };
    tokio::time::sleep(WARM_UP).await;
    (scenario.fault)(&mut run).await;
    let violations = run.finish().await;
    let evidence = run.journal.write().clone();
    Report::new(scenario.name, form, seed, begun.elapsed(), run.tally, &evidence, &violations)
}

/// How much slower than promised a shared machine may be: the variable `FAULTS_STRETCH`, else 3 for quick runs, which are
/// played beside other tests, and 1 for full ones.
fn stretch(length: Length) -> u32 {
    let usual = if length == Length::Quick { 3 } else { 1 };
    std::env::var("FAULTS_STRETCH").ok().and_then(|times| times.parse().ok()).unwrap_or(usual)
}

impl Run {
    /// Seconds that a fault is kept up: some in a quick run, more in a full one.
    pub fn seconds(&self, quick: u64, full: u64) -> Duration {
        Duration::from_secs(if self.length == Length::Quick { quick } else { full })
    }

    /// How often something is done: a few times in a quick run, more in a full one.
    pub fn times(&self, quick: usize, full: usize) -> usize {
        if self.length == Length::Quick { quick } else { full }
    }

    /// Waits for a time that chance takes from the range of milliseconds.
    pub async fn pause(&mut self, millis: std::ops::Range<u64>) {
        tokio::time::sleep(self.chance.millis(millis)).await;
    }

    /// Objects to something that the scenario itself has seen.
    pub fn object(&mut self, invariant: Invariant, what: impl Into<String>) {
        self.objections.push(Violation::new(invariant, what));
    }

    /// The form that is played.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Objects where a message that was acknowledged between `from` and `to` came to a member later than `limit`.
    pub(crate) fn expect_delivery(&mut self, from: checker::Moment, to: checker::Moment, limit: Duration) {
        let limit = limit * stretch(self.length);
        let victim = self.crowd.members[1].name.clone();
        let late = late_deliveries(&self.journal.write(), &victim, from, to, limit);
        if let Some((worst, _)) = late.iter().max_by_key(|(late, _)| *late) {
            let what = format!(
                "{} messages came late, the last of them {worst:.1?} after its ack: {:?}",
                late.len(),
                late[0].1
            );
            self.object(Invariant::WholeView, what);
        }
    }

    /// How many sends were tried since `from`.
    pub(crate) fn tried_since(&self, from: checker::Moment) -> usize {
        let evidence = self.journal.write();
        evidence.sendings.iter().flat_map(|sending| &sending.attempts).filter(|attempt| attempt.asked >= from).count()
    }

    /// Objects where sends were slow or without an answer since `from`.
    pub(crate) fn expect_pace(&mut self, from: checker::Moment) {
        let limit = self.limits.ack_p99;
        let (mut times, mut unanswered) = (Vec::new(), 0);
        for attempt in self.journal.write().sendings.iter().flat_map(|s| &s.attempts).filter(|a| a.asked >= from) {
            match attempt.outcome {
                Outcome::Acked { .. } => times.push(attempt.answered.saturating_sub(attempt.asked)),
                Outcome::Unknown { .. } => unanswered += 1,
                Outcome::Refused { .. } => {}
            }
        }
        times.sort_unstable();
        let p99 = times.get((times.len() * 99 / 100).min(times.len().saturating_sub(1))).copied();
        if unanswered > 0 || p99.is_none_or(|p99| p99 > limit) {
            let what =
                format!("of {} sends one in a hundred took {p99:.1?}, {unanswered} were not answered", times.len());
            self.object(Invariant::Recovers, what);
        }
    }

    /// A member at a gateway that chance picks.
    pub fn somebody(&mut self) -> User {
        let user = self.chance.pick(&self.crowd.members[2..]).clone();
        user.at(&self.crowd.gateways.url(self.chance.index(self.crowd.gateways.len())))
    }

    async fn finish(&mut self) -> Vec<Violation> {
        let at = self.journal.now();
        let calm = self.until_calm().await;
        self.journal.write().healing = Some(Healing { at, calm });
        tokio::time::sleep(CALM).await;
        self.crowd.stop().await;
        let settled = async {
            self.settle().await;
            self.read_logs().await;
        };
        let in_time = tokio::time::timeout(SETTLED_WITHIN, settled).await.is_ok();
        if in_time {
            self.until_views_are_whole().await;
        } else {
            self.object(Invariant::Recovers, "unknown sends could not be settled and the log not be read in a minute");
        }
        let health = self.stage.health();
        let members: Vec<String> = self.crowd.members.iter().map(|user| user.name.clone()).collect();
        let mut evidence = self.journal.write();
        evidence.health = health;
        for view in evidence.views.iter_mut().filter(|view| members.contains(&view.user)) {
            view.whole = in_time;
        }
        let mut violations = std::mem::take(&mut self.objections);
        violations.extend(checker::check(&evidence, &self.limits));
        violations
    }

    /// When sends began to be quick again; at the latest when they should have long been.
    async fn until_calm(&self) -> Duration {
        let from = self.journal.now();
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let now = self.journal.now();
            let (mut quick, mut slow) = (0, 0);
            for attempt in self.journal.write().sendings.iter().rev().take(1_000).flat_map(|s| &s.attempts) {
                let recent = attempt.asked >= from && attempt.answered + CALM >= now;
                let took = attempt.answered.saturating_sub(attempt.asked);
                match attempt.outcome {
                    Outcome::Acked { .. } if recent && took < self.limits.ack_p99 => quick += 1,
                    Outcome::Refused { ref code } if code != "unavailable" => {}
                    _ if recent => slow += 1,
                    _ => {}
                }
            }
            if (quick > 5 && slow == 0) || now > from + self.limits.calm_within + CALM {
                return now;
            }
        }
    }

    /// Asks again under the same key whatever nobody knows the fate of, until it is known.
    async fn settle(&self) {
        let unknown: Vec<(usize, checker::Sending)> = {
            let evidence = self.journal.write();
            evidence.sendings.iter().cloned().enumerate().filter(|(_, sending)| sending.is_unknown()).collect()
        };
        for (index, sending) in unknown {
            let Some(author) = self.crowd.members.iter().find(|user| user.name == sending.author) else { continue };
            let mut place = index;
            loop {
                let user = author.at(&self.crowd.gateways.url(place));
                let asked = self.journal.now();
                let outcome = post(&user, &sending.room, sending.key, &sending.body).await;
                let settled = !matches!(outcome, Outcome::Unknown { .. }) && !crate::outcome::is_passing(&outcome);
                self.journal.attempt(index, asked, outcome);
                if settled {
                    break;
                }
                place += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }

    async fn read_logs(&self) {
        for room in &self.crowd.rooms {
            for (place, reader) in self.crowd.members.iter().take(READERS).enumerate() {
                let reader = reader.at(&self.crowd.gateways.url(place));
                let entries = whole_log(&reader, room).await;
                let reading = Reading { room: room.clone(), reader: reader.name.clone(), entries };
                self.journal.write().readings.push(reading);
            }
        }
    }

    /// Waits until everyone has seen everything, or it has taken too long; which of them the checker says.
    async fn until_views_are_whole(&self) {
        let begun = Instant::now();
        while begun.elapsed() < self.limits.whole_within {
            if self.are_views_whole() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn are_views_whole(&self) -> bool {
        let evidence = self.journal.write();
        self.crowd.members.iter().all(|user| {
            evidence.rooms().iter().all(|room| {
                let head = evidence.log(room).map_or(0, <[Seen]>::len) as u64;
                let view = evidence.views.iter().find(|view| view.user == user.name && view.room == *room);
                let last = view.and_then(|view| {
                    view.events.iter().rev().find_map(|(_, event)| match event {
                        checker::Happening::Entry(entry) => Some(entry.seq),
                        _ => None,
                    })
                });
                last.unwrap_or_default() >= head
            })
        })
    }
}

fn late_deliveries(
    evidence: &checker::Evidence,
    victim: &str,
    from: checker::Moment,
    to: checker::Moment,
    limit: Duration,
) -> Vec<(Duration, String)> {
    let mut late = Vec::new();
    for sending in &evidence.sendings {
        let acked = sending.attempts.iter().find(|a| matches!(a.outcome, Outcome::Acked { .. }));
        let Some(acked) = acked.filter(|a| (from..to).contains(&a.answered)) else { continue };
        for view in evidence.views.iter().filter(|v| v.room == sending.room && v.user != victim) {
            let seen = view.events.iter().find(
                |(_, e)| matches!(e, checker::Happening::Entry(entry) if entry.body.as_ref() == Some(&sending.body)),
            );
            let after = seen.map(|(at, _)| at.saturating_sub(acked.answered));
            if let Some(after) = after.filter(|after| *after > limit) {
                late.push((after, format!("{:?} to {}", sending.body, view.user)));
            }
        }
    }
    late
}

/// A room's log from its beginning; asks until it is answered.
async fn whole_log(reader: &User, room: &str) -> Vec<Seen> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let path = format!("/v1/rooms/{room}/timeline?after={after}&limit=200");
        let answer = ask(reader, reader.request(Method::GET, &path)).await;
        let Some(answer) = answer.filter(|answer| answer.status.is_success()) else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let items: Vec<Seen> = answer.json["items"].as_array().into_iter().flatten().map(Seen::of).collect();
        let Some(last) = items.last() else { return all };
        after = last.seq;
        all.extend(items);
    }
}
