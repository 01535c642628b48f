//! The queries of dashboards and alerts, and what they ask for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use promql_parser::parser::{self, Expr, VectorSelector};
use promql_parser::util::{ExprVisitor, walk_expr};
use serde_json::Value;

/// A query, and where it stands.
#[derive(Debug)]
pub(super) struct Query {
    /// The dashboard and panel, or the alert.
    pub(super) place: String,
    /// The query, its variables replaced by what Grafana would put there.
    pub(super) text: String,
}

/// What a query asks for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Names of series.
    pub(super) names: BTreeSet<String>,
    /// Labels, by the name of the series they are asked of.
    pub(super) labels: BTreeSet<(String, String)>,
}

/// A file of the repository.
pub(super) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The text of a file of the repository.
pub(super) fn text(path: &str) -> String {
    std::fs::read_to_string(file(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The dashboards, by their file's name.
pub(super) fn dashboards() -> Vec<(String, Value)> {
    let folder = file("deploy/observability/grafana/dashboards");
    let paths = folder.read_dir().expect("a folder of dashboards").map(|entry| entry.unwrap().path());
    let json = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        (name, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    };
    let mut dashboards: Vec<(String, Value)> = paths.map(json).collect();
    dashboards.sort_by(|one, other| one.0.cmp(&other.0));
    dashboards
}

/// The alerts: each rule of Prometheus' that is one.
pub(super) fn alerts() -> Vec<Value> {
    let rules: Value = serde_yaml_ng::from_str(&text("deploy/observability/prometheus/rules.yml")).unwrap();
    let groups = rules["groups"].as_array().unwrap();
    groups.iter().flat_map(|group| group["rules"].as_array().unwrap()).cloned().collect()
}

/// The queries of all dashboards and alerts.
pub(super) fn all() -> Vec<Query> {
    let mut queries = vec![];
    for (name, dashboard) in dashboards() {
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let place = format!("{name}: {}", panel["title"].as_str().unwrap());
                queries.push(Query { place, text: replaced(target["expr"].as_str().expect("a query")) });
            }
        }
    }
    for alert in alerts() {
        let name = alert["alert"].as_str().unwrap();
        queries.push(Query { place: format!("alert {name}"), text: alert["expr"].as_str().unwrap().to_owned() });
    }
    queries
}

fn replaced(query: &str) -> String {
    query.replace("$__rate_interval", "1m").replace("$service", ".*")
}

impl Query {
    /// Reads it; panics where it is none.
    pub(super) fn asked(&self) -> Asked {
        let parsed = parser::parse(&self.text).unwrap_or_else(|error| panic!("{}: {error}: {}", self.place, self.text));
        let mut reader = Reader::default();
        let _ = walk_expr(&mut reader, &parsed);
        reader.0
    }
}

#[derive(Default)]
struct Reader(Asked);

impl Reader {
    fn selector(&mut self, selector: &VectorSelector) {
        let name = selector.name.clone().expect("a selector without a name asks for everything");
        for matcher in &selector.matchers.matchers {
            self.0.labels.insert((name.clone(), matcher.name.clone()));
        }
        self.0.names.insert(name);
    }
}

impl ExprVisitor for Reader {
    type Error = std::convert::Infallible;

    fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Self::Error> {
        match expr {
            Expr::VectorSelector(selector) => self.selector(selector),
            Expr::MatrixSelector(selector) => self.selector(&selector.vs),
            Expr::Aggregate(aggregate) => {
                let mut below = Self::default();
                let _ = walk_expr(&mut below, &aggregate.expr);
                let grouped = aggregate.modifier.iter().flat_map(|modifier| modifier.labels().labels.clone());
                for label in grouped {
                    self.0.labels.extend(below.0.names.iter().map(|name| (name.clone(), label.clone())));
                }
            }
            _ => {}
        }
        Ok(true)
    }
}

#[test]
fn a_query_tells_what_it_asks_for() {
    let text = "sum by (le) (rate(a_bucket{x=\"1\"}[5m])) / ignoring (z) max(b) > 0 and c unless absent(d)";
    let asked = Query { place: "a test".to_owned(), text: text.to_owned() }.asked();
    assert_eq!(asked.names.iter().map(String::as_str).collect::<Vec<_>>(), ["a_bucket", "b", "c", "d"]);
    let of_a = |label: &str| asked.labels.contains(&("a_bucket".to_owned(), label.to_owned()));
    assert!(of_a("x") && of_a("le") && !of_a("z"), "{asked:?}");
}
