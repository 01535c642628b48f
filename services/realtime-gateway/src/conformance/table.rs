//! How each case ended: as kosoku reports it, and as a table of the documentation says it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// A case's number: `1.2.10`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Case(Vec<u32>);

impl Case {
    fn parse(text: &str) -> Option<Self> {
        text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>().map(Self)
    }

    /// `9.1.1–9.1.6`, or one alone.
    fn parse_range(text: &str) -> Option<Vec<Self>> {
        let (first, last) = text.split_once('–').unwrap_or((text, text));
        let (Self(first), Self(last)) = (Self::parse(first)?, Self::parse(last)?);
        let (from, group) = first.split_last()?;
        let to = last.strip_prefix(group)?.first()?;
        Some((*from..=*to).map(|number| Self([group, &[number]].concat())).collect())
    }

    fn follows(&self, other: &Self) -> bool {
        let (Some((mine, my_group)), Some((others, its_group))) = (self.0.split_last(), other.0.split_last()) else {
            return false;
        };
        my_group == its_group && *mine == others + 1
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<_> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&parts.join("."))
    }
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    /// What was said.
    behavior: String,
    /// And how it was closed.
    behavior_close: String,
    remote_close_code: Option<u16>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.remote_close_code.map_or_else(|| "–".to_owned(), |code| code.to_string());
        write!(f, "{} | {} | {code}", self.behavior, self.behavior_close)
    }
}

/// All cases that were played, or are promised.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Table(BTreeMap<Case, Verdict>);

impl Table {
    /// Reads what kosoku wrote: the cases of each server that it met, of which there is one.
    pub(super) fn of_report(json: &str) -> Self {
        let report: BTreeMap<String, BTreeMap<String, Verdict>> = serde_json::from_str(json).unwrap();
        let cases = report.into_values().flatten();
        Self(cases.map(|(case, verdict)| (Case::parse(&case).expect("a number"), verdict)).collect())
    }

    /// Reads the rows below a heading: cases, what they are about, what was said, how it was closed, by which code.
    pub(super) fn of_section(text: &str, heading: &str) -> Self {
        let lines = text.lines().skip_while(|line| line.strip_prefix("## ") != Some(heading)).skip(1);
        let rows = lines.take_while(|line| !line.starts_with("## ")).filter_map(|line| line.strip_prefix("| "));
        let mut table = BTreeMap::new();
        for row in rows {
            let [cases, _, behavior, behavior_close, code] =
                row.trim_end_matches('|').split('|').map(str::trim).collect::<Vec<_>>().try_into().expect("five cells");
            let verdict = Verdict {
                behavior: behavior.to_owned(),
                behavior_close: behavior_close.to_owned(),
                remote_close_code: code.parse().ok(),
            };
            for range in cases.split(' ') {
                // The heading of the table is no range.
                for case in Case::parse_range(range).into_iter().flatten() {
                    assert!(table.insert(case, verdict.clone()).is_none(), "{range} stands there twice");
                }
            }
        }
        Self(table)
    }

    /// What this says of the cases that are in the other.
    pub(super) fn of_those_in(mut self, other: &Self) -> Self {
        self.0.retain(|case, _| other.0.contains_key(case));
        self
    }

    /// One line for each case that did not end as this says.
    pub(super) fn differences(&self, played: &Self) -> Vec<String> {
        let said = |verdict: Option<&Verdict>| verdict.map_or_else(|| "not there".to_owned(), Verdict::to_string);
        let cases: std::collections::BTreeSet<_> = self.0.keys().chain(played.0.keys()).collect();
        let pairs = cases.into_iter().map(|case| (case, self.0.get(case), played.0.get(case)));
        pairs
            .filter(|(_, promised, played)| promised != played)
            .map(|(case, promised, played)| format!("{case}: {}, promised: {}", said(played), said(promised)))
            .collect()
    }
}

/// As rows, without the words.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0.iter().peekable();
        while let Some((first, verdict)) = left.next() {
            let mut last = first;
            while let Some((next, _)) = left.next_if(|(next, same)| next.follows(last) && *same == verdict) {
                last = next;
            }
            let range = if first == last { first.to_string() } else { format!("{first}–{last}") };
            writeln!(f, "| {range} | | {verdict} |")?;
        }
        Ok(())
    }
}

#[test]
fn a_table_that_is_written_is_read_as_the_same() {
    let report = r#"{"": {"1.1.1": {"behavior": "OK", "behaviorClose": "OK", "remoteCloseCode": 1000, "duration": 3},
        "1.1.2": {"behavior": "OK", "behaviorClose": "OK", "remoteCloseCode": 1000},
        "9.1": {"behavior": "FAILED", "behaviorClose": "WRONG CODE", "remoteCloseCode": null}}}"#;
    let table = Table::of_report(report);
    assert_eq!(table.to_string(), "| 1.1.1–1.1.2 | | OK | OK | 1000 |\n| 9.1 | | FAILED | WRONG CODE | – |\n");
    let text =
        format!("## Else\n| 3.1 | | OK | OK | – |\n## Here\n| cases | x | a | b | c |\n|---|---|---|---|---|\n{table}");
    assert_eq!(Table::of_section(&text, "Here"), table);
}

#[test]
fn a_case_that_ends_otherwise_or_was_not_played_is_named() {
    let text = "## Here\n| 1.1–1.3 | | OK | OK | 1000 |\n";
    let played = "## Here\n| 1.1 | | OK | OK | 1000 |\n| 1.3 | | OK | UNCLEAN | – |\n";
    let [promised, played] = [text, played].map(|text| Table::of_section(text, "Here"));
    let differing = promised.differences(&played);
    assert_eq!(differing.len(), 2, "{differing:?}");
    assert!(differing[0].starts_with("1.2: not there") && differing[1].contains("UNCLEAN"), "{differing:?}");
}
