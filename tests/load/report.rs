//! The results, as a table or as JSON lines.

use std::time::Duration;

use serde_json::json;

use crate::server::Server;

/// What one run of a case measured. What a case does not measure is absent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    pub(crate) case: String,
    pub(crate) deliveries: usize,
    pub(crate) sends: usize,
    pub(crate) pages: usize,
    pub(crate) sends_per_s: Option<f64>,
    pub(crate) connections: usize,
    /// Memory a connection, in KiB.
    pub(crate) pss_kib: Option<f64>,
    pub(crate) rss_kib: Option<f64>,
    pub(crate) wall: Duration,
    pub(crate) cpu: Option<Duration>,
    /// CPU of a cluster's other services.
    pub(crate) others: Option<Duration>,
    /// p50, p99, p99.9 of send to ack, or of a page.
    pub(crate) ack_us: Option<[u64; 3]>,
    /// p50, p99, p99.9 of send to receipt.
    pub(crate) delivery_us: Option<[u64; 3]>,
    pub(crate) gaps: usize,
    pub(crate) duplicates: usize,
    pub(crate) floor: Floors,
}

/// What the same work cost the floor in the same minute.
#[derive(Clone, Debug, Default)]
pub(crate) struct Floors {
    /// CPU with a write for each delivery, with joined writes, and with a task and a channel for each receiver.
    pub(crate) single: Option<Duration>,
    pub(crate) joined: Option<Duration>,
    pub(crate) tasks: Option<Duration>,
    /// Messages a second that SQLite commits in groups of as many as there are senders.
    pub(crate) commits_per_s: Option<f64>,
    /// Memory of a task and a channel, in KiB.
    pub(crate) pss_kib: Option<f64>,
}

impl Run {
    /// Takes the CPU used since `before`.
    pub(crate) fn take_cpu(&mut self, server: &Server, before: Option<(Duration, Duration)>) {
        let Some(((after, others_after), (before, others_before))) = server.cpu().zip(before) else { return };
        self.cpu = Some(after.saturating_sub(before));
        self.others = Some(others_after.saturating_sub(others_before));
    }

    fn cpu_ms_a_second(&self) -> Option<f64> {
        self.cpu.map(|cpu| cpu.as_secs_f64() * 1000.0 / self.wall.as_secs_f64())
    }

    fn times(&self, floor: Option<Duration>) -> Option<f64> {
        let (own, floor) = self.cpu.zip(floor)?;
        (!floor.is_zero()).then(|| own.as_secs_f64() / floor.as_secs_f64())
    }

    fn times_commits(&self) -> Option<f64> {
        self.sends_per_s.zip(self.floor.commits_per_s).map(|(own, floor)| own / floor)
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "case": self.case, "deliveries": self.deliveries, "sends": self.sends, "sends_per_s": self.sends_per_s,
            "cpu_us_per_delivery": cpu_us(self.cpu, self.deliveries),
            "others_us_per_delivery": cpu_us(self.others, self.deliveries),
            "cpu_us_per_send": cpu_us(self.cpu, self.sends), "cpu_us_per_page": cpu_us(self.cpu, self.pages),
            "connections": self.connections, "pss_kib": self.pss_kib, "rss_kib": self.rss_kib,
            "cpu_ms_per_s": self.cpu_ms_a_second(), "wall_s": self.wall.as_secs_f64(),
            "ack_us": self.ack_us, "delivery_us": self.delivery_us,
            "gaps": self.gaps, "duplicates": self.duplicates,
            "floor": {
                "single_us": cpu_us(self.floor.single, self.deliveries),
                "joined_us": cpu_us(self.floor.joined, self.deliveries),
                "tasks_us": cpu_us(self.floor.tasks, self.deliveries),
                "commits_per_s": self.floor.commits_per_s, "pss_kib": self.floor.pss_kib,
            },
            "times_single": self.times(self.floor.single), "times_joined": self.times(self.floor.joined),
            "times_commits": self.times_commits(),
        })
    }
}

/// All runs.
pub(crate) struct Report {
    json: bool,
    runs: Vec<Run>,
}

impl Report {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json, runs: Vec::new() }
    }

    pub(crate) fn add(&mut self, run: Run) {
        if self.json {
            println!("{}", run.json());
        }
        self.runs.push(run);
    }

    /// Whether no run had a gap or a duplicate.
    pub(crate) fn is_clean(&self) -> bool {
        self.runs.iter().all(|run| run.gaps == 0 && run.duplicates == 0)
    }

    /// A line a case, with what it has measured; medians, with the least and the most of several runs.
    pub(crate) fn print(&self) {
        if self.json {
            return;
        }
        let mut names: Vec<&str> = Vec::new();
        for run in &self.runs {
            if !names.contains(&run.case.as_str()) {
                names.push(&run.case);
            }
        }
        for name in names {
            let runs: Vec<&Run> = self.runs.iter().filter(|run| run.case == name).collect();
            println!("{name} ({} runs)", runs.len());
            for (what, value) in lines(&runs) {
                println!("    {what:<44} {value}");
            }
        }
    }
}

type Value<'a> = &'a dyn Fn(&Run) -> Option<f64>;
type Times<'a> = &'a dyn Fn(&Run) -> Option<[u64; 3]>;

fn lines(runs: &[&Run]) -> Vec<(&'static str, String)> {
    let figures: [(&str, Value<'_>, usize); 18] = [
        ("deliveries", &|run| count(run.deliveries), 0),
        ("CPU µs a delivery", &|run| cpu_us(run.cpu, run.deliveries), 2),
        (
            "CPU µs a delivery, other services",
            &|run| cpu_us(run.others.filter(|cpu| !cpu.is_zero()), run.deliveries),
            2,
        ),
        ("floor: one write a delivery, µs", &|run| cpu_us(run.floor.single, run.deliveries), 2),
        ("floor: joined writes, µs", &|run| cpu_us(run.floor.joined, run.deliveries), 2),
        ("floor: a task and a channel each, µs", &|run| cpu_us(run.floor.tasks, run.deliveries), 2),
        ("times the floor of single writes", &|run| run.times(run.floor.single), 2),
        ("times the floor of joined writes", &|run| run.times(run.floor.joined), 2),
        ("sends a second", &|run| run.sends_per_s, 0),
        ("floor: SQLite's group commit, messages a second", &|run| run.floor.commits_per_s, 0),
        ("times that floor", &Run::times_commits, 2),
        ("CPU µs a send", &|run| cpu_us(run.cpu, run.sends), 0),
        ("CPU µs a page", &|run| cpu_us(run.cpu, run.pages), 0),
        ("connections", &|run| count(run.connections), 0),
        ("KiB a connection, PSS", &|run| run.pss_kib, 2),
        ("KiB a connection, RSS", &|run| run.rss_kib, 2),
        ("floor: a task and a channel, KiB PSS", &|run| run.floor.pss_kib, 2),
        ("CPU ms a second", &Run::cpu_ms_a_second, 1),
    ];
    let mut lines: Vec<_> =
        figures.iter().filter_map(|(what, value, digits)| Some((*what, spread(runs, *value, *digits)?))).collect();
    let latencies: [(&str, Times<'_>); 2] = [
        ("send to ack or page, ms p50/p99/p99.9", &|run| run.ack_us),
        ("send to receipt, ms p50/p99/p99.9", &|run| run.delivery_us),
    ];
    for (what, value) in latencies {
        let of = |place: usize| {
            #[allow(clippy::cast_precision_loss)]
            spread(runs, &|run| value(run).map(|us| us[place] as f64 / 1000.0), 1)
        };
        if let (Some(p50), Some(p99), Some(p999)) = (of(0), of(1), of(2)) {
            lines.push((what, format!("{p50} / {p99} / {p999}")));
        }
    }
    let wrong = runs.iter().map(|run| (run.gaps, run.duplicates)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    lines.push(("gaps, duplicates", format!("{}, {}", wrong.0, wrong.1)));
    lines
}

fn cpu_us(cpu: Option<Duration>, count: usize) -> Option<f64> {
    #[allow(clippy::cast_precision_loss)]
    (count > 0).then(|| cpu.map(|cpu| cpu.as_micros() as f64 / count as f64)).flatten()
}

fn count(n: usize) -> Option<f64> {
    #[allow(clippy::cast_precision_loss)]
    (n > 0).then_some(n as f64)
}

/// The median, with the least and the most where there are several.
fn spread(runs: &[&Run], value: Value<'_>, digits: usize) -> Option<String> {
    let mut all: Vec<f64> = runs.iter().filter_map(|run| value(run)).collect();
    all.sort_by(f64::total_cmp);
    let (median, least, most) = (all.get(all.len() / 2)?, all.first()?, all.last()?);
    Some(if (most - least).abs() < f64::EPSILON {
        format!("{median:.digits$}")
    } else {
        format!("{median:.digits$} [{least:.digits$}–{most:.digits$}]")
    })
}
