//! How well a typed text fits a name: its letters in order, better when they begin words or stand together.

/// A better fit has a higher score; `None` when it does not fit. Blanks in what is typed part words that must all fit.
pub(crate) fn score(name: &str, typed: &str) -> Option<i64> {
    let name: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
    let mut total = 0;
    for word in typed.split_whitespace() {
        let word: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
        total += score_word(&name, &word)?;
    }
    let length = i64::try_from(name.len()).unwrap_or(i64::MAX).min(100);
    Some(total * 100 - length)
}

/// The best score of any way to find the letters in order: row by row, as for the longest common subsequence.
fn score_word(name: &[char], word: &[char]) -> Option<i64> {
    const NONE: i64 = i64::MIN / 2;
    // `best[j]`: the letters so far, the last of them at j.
    let mut best = vec![NONE; name.len()];
    for (i, letter) in word.iter().enumerate() {
        let mut reached = if i == 0 { 0 } else { NONE };
        let mut next = vec![NONE; name.len()];
        for (j, c) in name.iter().enumerate() {
            if c == letter {
                let begins_word = j == 0 || !name[j - 1].is_alphanumeric();
                let bonus = 1 + if begins_word { 8 } else { 0 } + if j == 0 { 4 } else { 0 };
                let together = if i > 0 && j > 0 && best[j - 1] > NONE { best[j - 1] + 6 } else { NONE };
                let from = reached.max(together);
                if from > NONE {
                    next[j] = from + bonus;
                }
            }
            if i > 0 {
                reached = reached.max(best[j]);
            }
        }
        best = next;
    }
    best.into_iter().max().filter(|s| *s > NONE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn best<'a>(names: &[&'a str], typed: &str) -> Option<&'a str> {
        names.iter().filter_map(|n| Some((score(n, typed)?, *n))).max_by_key(|(s, _)| *s).map(|(_, n)| n)
    }

    #[test]
    fn beginnings_of_words_and_letters_together_fit_best() {
        let names = ["general", "engineering-logs", "gel", "team lounge", "ops"];
        assert_eq!(best(&names, "gen"), Some("general"));
        assert_eq!(best(&names, "el"), Some("engineering-logs"));
        assert_eq!(best(&names, "tl"), Some("team lounge"));
        assert_eq!(best(&names, "OPS"), Some("ops"));
        assert_eq!(best(&names, "xyz"), None);
        assert_eq!(best(&["a b", "b a c"], "c a"), Some("b a c"));
    }

    proptest! {
        #[test]
        fn a_name_fits_itself_and_every_part_of_it(name in "[a-zé漢 -]{1,20}", from in 0_usize..20, length in 0_usize..20) {
            let part: String = name.chars().skip(from).take(length).collect();
            prop_assert!(score(&name, &part).is_some());
        }
    }
}
