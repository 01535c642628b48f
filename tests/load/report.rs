//! The results, as a table or as JSON lines.

use std::time::Duration;

use serde_json::json;

/// What one run of a case measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    pub(crate) case: String,
    pub(crate) deliveries: usize,
    pub(crate) sends: usize,
    pub(crate) sends_per_s: Option<f64>,
    pub(crate) connections: usize,
    pub(crate) bytes_a_connection: Option<u64>,
    pub(crate) wall: Duration,
    pub(crate) cpu: Option<Duration>,
    /// p50, p99, p99.9 of send to ack.
    pub(crate) ack_us: Option<[u64; 3]>,
    /// p50, p99, p99.9 of send to receipt.
    pub(crate) delivery_us: Option<[u64; 3]>,
    pub(crate) gaps: usize,
    pub(crate) duplicates: usize,
}

impl Run {
    #[allow(clippy::cast_precision_loss)]
    fn cpu_us_a(&self, count: usize) -> Option<f64> {
        (count > 0).then(|| self.cpu.map(|cpu| cpu.as_micros() as f64 / count as f64)).flatten()
    }

    fn cpu_ms_a_second(&self) -> Option<f64> {
        self.cpu.map(|cpu| cpu.as_secs_f64() * 1000.0 / self.wall.as_secs_f64())
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
            println!(
                "{}",
                json!({
                    "case": run.case, "deliveries": run.deliveries, "sends": run.sends, "sends_per_s": run.sends_per_s,
                    "cpu_us_per_delivery": run.cpu_us_a(run.deliveries), "cpu_us_per_send": run.cpu_us_a(run.sends),
                    "connections": run.connections, "bytes_per_connection": run.bytes_a_connection,
                    "cpu_ms_per_s": run.cpu_ms_a_second(), "wall_s": run.wall.as_secs_f64(),
                    "ack_us": run.ack_us, "delivery_us": run.delivery_us,
                    "gaps": run.gaps, "duplicates": run.duplicates,
                })
            );
        }
        self.runs.push(run);
    }

    /// Whether no run had a gap or a duplicate.
    pub(crate) fn is_clean(&self) -> bool {
        self.runs.iter().all(|run| run.gaps == 0 && run.duplicates == 0)
    }

    pub(crate) fn print(&self) {
        if self.json {
            return;
        }
        println!(
            "{:<10} {:>10} {:>8} {:>9} {:>11} {:>10} {:>22} {:>22} {:>10} {:>8} {:>5} {:>5}",
            "case",
            "deliveries",
            "sends",
            "sends/s",
            "CPU µs/del",
            "µs/send",
            "ack ms p50/p99/p99.9",
            "receipt ms",
            "B/conn",
            "CPU ms/s",
            "gaps",
            "dups"
        );
        let mut names: Vec<&str> = Vec::new();
        for run in &self.runs {
            if !names.contains(&run.case.as_str()) {
                names.push(&run.case);
            }
        }
        for name in names {
            let runs: Vec<&Run> = self.runs.iter().filter(|run| run.case == name).collect();
            println!("{}", row(&runs));
        }
    }
}

/// The medians of the runs of one case; with several runs, CPU a delivery and sends a second with their spread.
fn row(runs: &[&Run]) -> String {
    let spread = |value: &dyn Fn(&Run) -> Option<f64>, digits: usize| {
        let mut all: Vec<f64> = runs.iter().filter_map(|run| value(run)).collect();
        all.sort_by(f64::total_cmp);
        match (all.get(all.len() / 2), all.first(), all.last()) {
            (Some(median), Some(least), Some(most)) if all.len() > 1 => {
                format!("{median:.digits$} [{least:.digits$}–{most:.digits$}]")
            }
            (Some(one), ..) => format!("{one:.digits$}"),
            _ => "–".to_owned(),
        }
    };
    #[allow(clippy::cast_precision_loss)]
    let times = |value: &dyn Fn(&Run) -> Option<[u64; 3]>| {
        let middle = runs.iter().filter_map(|run| value(run)).nth(runs.len() / 2);
        middle.map_or("–".to_owned(), |t| t.map(|us| format!("{:.1}", us as f64 / 1000.0)).join("/"))
    };
    let first = runs[0];
    #[allow(clippy::cast_precision_loss)]
    let bytes = |run: &Run| run.bytes_a_connection.map(|b| b as f64);
    format!(
        "{:<10} {:>10} {:>8} {:>9} {:>11} {:>10} {:>22} {:>22} {:>10} {:>8} {:>5} {:>5}",
        first.case,
        first.deliveries,
        first.sends,
        spread(&|run| run.sends_per_s, 0),
        spread(&|run| run.cpu_us_a(run.deliveries), 2),
        spread(&|run| run.cpu_us_a(run.sends), 0),
        times(&|run| run.ack_us),
        times(&|run| run.delivery_us),
        spread(&bytes, 0),
        spread(&Run::cpu_ms_a_second, 1),
        runs.iter().map(|run| run.gaps).sum::<usize>(),
        runs.iter().map(|run| run.duplicates).sum::<usize>(),
    )
}
