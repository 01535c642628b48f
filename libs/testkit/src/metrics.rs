//! What a process counts, read as a scraper reads it.

use std::collections::{BTreeMap, BTreeSet};

/// A metric, as the text declares it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Family {
    /// `counter`, `gauge` or `histogram`.
    pub kind: String,
    /// What it says of itself.
    pub help: String,
    /// The unit, where one is declared.
    pub unit: Option<String>,
    /// The names of its labels, but for the bounds of buckets.
    pub labels: BTreeSet<String>,
}

/// One line with a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The name that a query uses: with `_total`, `_bucket`, `_sum` or `_count`.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

/// The answer to a scrape.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// What is declared, by the name that stands in front of `_bucket` and the like: `chatapp_logins_total`,
    /// `http_server_request_duration_seconds`.
    pub families: BTreeMap<String, Family>,
    /// The values.
    pub samples: Vec<Sample>,
}

impl Metrics {
    /// Scrapes the operations port `port` of this machine.
    pub async fn scrape(port: u16) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        let answer = client.get(format!("http://127.0.0.1:{port}/metrics")).send().await.expect("an operations port");
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
        Self::parse(&answer.text().await.expect("a text"))
    }

    /// Reads OpenMetrics text. Panics at whatever is not.
    pub fn parse(text: &str) -> Self {
        let mut this = Self::default();
        let mut declared: BTreeMap<String, Family> = BTreeMap::new();
        assert!(text.ends_with("# EOF\n"), "the text was cut off");
        for line in text.lines().filter(|line| *line != "# EOF") {
            if let Some(declaration) = line.strip_prefix("# ") {
                let (word, rest) = declaration.split_once(' ').expect("a declaration");
                let (name, value) = rest.split_once(' ').expect("a name and what is declared of it");
                let family = declared.entry(name.to_owned()).or_default();
                match word {
                    "HELP" => value.clone_into(&mut family.help),
                    "UNIT" => family.unit = Some(value.to_owned()),
                    "TYPE" => {
                        assert!(family.kind.is_empty(), "{name} is declared twice");
                        value.clone_into(&mut family.kind);
                    }
                    _ => panic!("{line}"),
                }
                continue;
            }
            this.samples.push(sample(line));
        }
        for (name, mut family) in declared {
            let suffixes: &[&str] = match family.kind.as_str() {
                "counter" => &["_total"],
                "histogram" => &["_bucket", "_sum", "_count"],
                "gauge" => &[""],
                other => panic!("{name} is {other}"),
            };
            let of: Vec<String> = suffixes.iter().map(|suffix| format!("{name}{suffix}")).collect();
            for sample in this.samples.iter().filter(|sample| of.contains(&sample.name)) {
                family.labels.extend(sample.labels.keys().filter(|label| *label != "le").cloned());
            }
            let shown = if suffixes.len() == 1 { of[0].clone() } else { name };
            this.families.insert(shown, family);
        }
        this
    }

    /// Every name that a query can use.
    pub fn names(&self) -> BTreeSet<String> {
        self.samples.iter().map(|sample| sample.name.clone()).collect()
    }

    /// The sum of all series of that name that have these labels; `None` where there is none.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let has = |sample: &&Sample| {
            let of = |label: &str| sample.labels.get(label).map(String::as_str);
            sample.name == name && labels.iter().all(|(label, value)| of(label) == Some(value))
        };
        let mut values = self.samples.iter().filter(has).map(|sample| sample.value).peekable();
        values.peek()?;
        Some(values.sum())
    }
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
    let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
    let Some((name, rest)) = series.split_once('{') else {
        return Sample { name: series.to_owned(), labels: BTreeMap::new(), value };
    };
    let mut labels = BTreeMap::new();
    let mut rest = rest.strip_suffix('}').unwrap_or_else(|| panic!("{line}"));
    while let Some((label, after)) = rest.split_once("=\"") {
        let end = after.find('"').unwrap_or_else(|| panic!("{line}"));
        labels.insert(label.trim_start_matches(',').to_owned(), after[..end].to_owned());
        rest = &after[end + 1..];
    }
    assert!(rest.is_empty(), "{line}");
    Sample { name: name.to_owned(), labels, value }
}

/// The operations port that a program's output names.
pub(crate) fn operations_port(output: &str) -> Option<u16> {
    let line = output.lines().rev().find(|line| line.contains("operations port is open"))?;
    line.split("127.0.0.1:").nth(1)?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP a_seconds About a.\n# TYPE a_seconds histogram\n# UNIT a_seconds seconds\n\
        a_seconds_sum{service=\"x\"} 1.5\na_seconds_count{service=\"x\"} 2\na_seconds_bucket{le=\"1.0\",service=\"x\"} 1\n\
        a_seconds_bucket{le=\"+Inf\",service=\"x\"} 2\n# HELP b About b.\n# TYPE b counter\nb_total{kind=\"one\"} 3\n\
        b_total{kind=\"two\"} 4\n# EOF\n";

    #[test]
    fn names_are_those_of_queries_and_values_those_that_have_the_labels() {
        let metrics = Metrics::parse(TEXT);
        assert_eq!(
            metrics.names().into_iter().collect::<Vec<_>>(),
            ["a_seconds_bucket", "a_seconds_count", "a_seconds_sum", "b_total"]
        );
        assert_eq!(metrics.value("b_total", &[]), Some(7.0));
        assert_eq!(metrics.value("b_total", &[("kind", "two")]), Some(4.0));
        assert_eq!(metrics.value("b_total", &[("kind", "three")]), None);
        let a = &metrics.families["a_seconds"];
        assert_eq!((a.kind.as_str(), a.unit.as_deref(), a.labels.len()), ("histogram", Some("seconds"), 1));
        assert!(metrics.families.contains_key("b_total"));
    }
}
