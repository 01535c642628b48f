//! Counting tests from what the runners print.

/// How many tests ended how, over all runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
    counted: bool,
}

impl Tally {
    /// Adds what `line` says if it is the summary of a run of cargo-nextest or of `cargo test`.
    pub(crate) fn read(&mut self, line: &str) {
        let line = without_styles(line);
        let line = line.trim();
        let counts = if let Some(rest) = line.strip_prefix("test result:") {
            rest.split_once(". ").map(|(_, counts)| counts)
        } else if line.starts_with("Summary [") {
            line.split_once(" run: ").map(|(_, counts)| counts)
        } else {
            None
        };
        for part in counts.map(without_parentheses).unwrap_or_default().split([',', ';']) {
            let Some((number, word)) = part.trim().split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else { continue };
            match word.trim() {
                "passed" => self.passed += number,
                "skipped" | "ignored" => self.skipped += number,
                "failed" | "timed out" | "exec failed" => self.failed += number,
                _ => continue,
            }
            self.counted = true;
        }
    }

    /// Prints the closing line, if any tests were run.
    pub(crate) fn print(&self) {
        if self.counted {
            println!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped);
        }
    }
}

/// The text without the escape sequences that colour it.
fn without_styles(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            text.push(c);
        }
    }
    text
}

/// `20 passed (1 slow, 1 flaky), 2 failed` without what is in parentheses: a slow test is counted already.
fn without_parentheses(counts: &str) -> String {
    let mut depth = 0_u32;
    let outside = counts.chars().filter(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    });
    outside.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> (u64, u64, u64) {
        let mut tally = Tally::default();
        for line in lines {
            tally.read(line);
        }
        (tally.passed, tally.failed, tally.skipped)
    }

    #[test]
    fn summaries_of_both_runners_add_up() {
        let nextest =
            "     Summary [   0.217s] 26 tests run: 22 passed (2 slow, 1 flaky), 2 failed, 1 timed out, 3 skipped";
        let cargo = "test result: FAILED. 5 passed; 1 failed; 4 ignored; 0 measured; 9 filtered out; finished in 0.00s";
        assert_eq!(tally(&[nextest]), (22, 3, 3));
        assert_eq!(tally(&[cargo]), (5, 1, 4));
        assert_eq!(tally(&[nextest, "noise", cargo]), (27, 4, 7));
    }

    #[test]
    fn colours_do_not_hide_a_summary() {
        let line = "\x1b[32;1m     Summary\x1b[0m [   0.2s] \x1b[1m1\x1b[0m test run: \x1b[1m1\x1b[0m \x1b[32;1mpassed\x1b[0m, \x1b[1m0\x1b[0m skipped";
        assert_eq!(tally(&[line]), (1, 0, 0));
    }

    #[test]
    fn other_lines_do_not_count() {
        assert_eq!(tally(&["running 5 tests", "5 passed", "Summary of the day: 5 passed"]), (0, 0, 0));
    }
}
