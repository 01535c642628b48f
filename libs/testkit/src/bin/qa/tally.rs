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
    /// Adds what `line` says if it is the summary of a run of cargo-nextest.
    pub(crate) fn read_nextest(&mut self, line: &str) {
        let line = without_styles(line);
        if let Some((_, counts)) = line.trim().strip_prefix("Summary [").and_then(|rest| rest.split_once(" run: ")) {
            self.add(counts);
        }
    }

    /// Adds what `line` says if it is the result of one run of `cargo test`.
    pub(crate) fn read_cargo_test(&mut self, line: &str) {
        let line = without_styles(line);
        if let Some((_, counts)) = line.strip_prefix("test result:").and_then(|rest| rest.split_once(". ")) {
            self.add(counts);
        }
    }

    fn add(&mut self, counts: &str) {
        for part in without_parentheses(counts).split([',', ';']) {
            let Some((number, word)) = part.trim().split_once(' ') else { continue };
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

    /// The closing line, if any tests were run.
    pub(crate) fn line(&self) -> Option<String> {
        self.counted.then(|| format!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped))
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

    fn counts(tally: Tally) -> (u64, u64, u64) {
        (tally.passed, tally.failed, tally.skipped)
    }

    #[test]
    fn summaries_of_both_runners_add_up() {
        let mut tally = Tally::default();
        tally.read_nextest(
            "     Summary [   0.217s] 26 tests run: 22 passed (2 slow, 1 flaky), 2 failed, 1 timed out, 3 skipped",
        );
        assert_eq!(counts(tally), (22, 3, 3));
        tally.read_cargo_test(
            "test result: FAILED. 5 passed; 1 failed; 4 ignored; 0 measured; 9 filtered out; finished in 0.00s",
        );
        assert_eq!(counts(tally), (27, 4, 7));
    }

    #[test]
    fn colours_do_not_hide_a_summary() {
        let mut tally = Tally::default();
        tally.read_nextest(
            "\x1b[32;1m     Summary\x1b[0m [   0.2s] \x1b[1m1\x1b[0m test run: \x1b[1m1\x1b[0m \x1b[32;1mpassed\x1b[0m, \x1b[1m0\x1b[0m skipped",
        );
        assert_eq!(counts(tally), (1, 0, 0));
    }

    #[test]
    fn what_a_failed_test_printed_is_not_counted_again() {
        let mut tally = Tally::default();
        for line in ["running 5 tests", "5 passed", "    test result: FAILED. 0 passed; 1 failed; 0 ignored"] {
            tally.read_nextest(line);
            tally.read_cargo_test(line);
        }
        assert_eq!(tally, Tally::default());
    }
}
