//! Texts in columns: cleaning, measuring, breaking into lines.

use std::ops::Range;

use chatapp_client::sanitize;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Columns of a tab.
const TAB: usize = 4;
/// Bytes of one character as people see it: more is a pile of marks that would cover the lines around it.
const CHARACTER_MAX_BYTES: usize = 64;

/// A text that may be shown: nothing in it is obeyed by a terminal or hidden, and no character piles up marks.
pub(super) fn clean(text: &str) -> String {
    let text = sanitize::multiline(text);
    if text.is_ascii() {
        return text.into_owned();
    }
    let mut out = String::with_capacity(text.len());
    for grapheme in text.graphemes(true) {
        if grapheme.len() <= CHARACTER_MAX_BYTES {
            out.push_str(grapheme);
        } else {
            out.extend(grapheme.chars().next());
            out.push('…');
        }
    }
    out
}

/// As [`clean`], in one line.
pub(super) fn clean_line(text: &str) -> String {
    sanitize::line(&clean(text)).into_owned()
}

/// The columns that one character takes.
pub(super) fn width_of(grapheme: &str) -> usize {
    if grapheme == "\t" { TAB } else { grapheme.width() }
}

/// The columns that a line takes.
pub(crate) fn width(line: &str) -> usize {
    if line.is_ascii() && !line.contains('\t') { line.len() } else { line.graphemes(true).map(width_of).sum() }
}

/// As it is shown: tabs are blanks.
pub(crate) fn shown(line: &str) -> String {
    line.replace('\t', "    ")
}

/// The beginning of a line that fits in `columns`, with `…` at its end when something is left out.
pub(super) fn fit(line: &str, columns: usize) -> String {
    if width(line) <= columns {
        return line.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in line.graphemes(true) {
        used += width_of(grapheme);
        if used + 1 > columns {
            break;
        }
        out.push_str(grapheme);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// `line` and blanks behind it, together `columns` wide.
pub(super) fn padded(line: &str, columns: usize) -> String {
    let mut out = fit(line, columns);
    let missing = columns.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// Blanks and `line` behind them, together `columns` wide.
pub(super) fn padded_left(line: &str, columns: usize) -> String {
    let fitting = fit(line, columns);
    let missing = columns.saturating_sub(width(&fitting));
    " ".repeat(missing) + &fitting
}

/// A clean text in lines of at most `columns`, as byte ranges of it: broken at blanks where there are some, else where
/// the line is full. Blanks at a break stay at the end of their line, where they take no room.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<Range<usize>> {
    let columns = columns.max(2);
    let mut lines = Vec::new();
    let mut start = 0;
    for paragraph in text.split('\n') {
        wrap_paragraph(paragraph, start, columns, &mut lines);
        start += paragraph.len() + 1;
    }
    lines
}

fn wrap_paragraph(text: &str, base: usize, columns: usize, lines: &mut Vec<Range<usize>>) {
    if text.len() <= columns && text.is_ascii() && !text.contains('\t') {
        lines.push(base..base + text.len());
        return;
    }
    let (mut start, mut used) = (0, 0);
    // Where the line may be broken, and the columns up to there.
    let mut chance: Option<(usize, usize)> = None;
    for (at, grapheme) in text.grapheme_indices(true) {
        let w = width_of(grapheme);
        let is_blank = grapheme == " " || grapheme == "\t";
        if used + w > columns && !is_blank && at > start {
            let (end, before) = chance.filter(|(end, _)| *end > start).unwrap_or((at, used));
            lines.push(base + start..base + end);
            (start, used, chance) = (end, used - before, None);
        }
        used += w;
        if is_blank {
            chance = Some((at + grapheme.len(), used));
        }
    }
    lines.push(base + start..base + text.len());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &str, columns: usize) -> Vec<&str> {
        wrap(text, columns).into_iter().map(|r| &text[r]).collect()
    }

    #[test]
    fn lines_break_at_blanks_and_a_word_too_long_is_cut() {
        assert_eq!(lines("the quick brown fox", 10), ["the quick ", "brown fox"]);
        assert_eq!(lines("abcdefghijkl", 5), ["abcde", "fghij", "kl"]);
        assert_eq!(lines("a\n\nb", 5), ["a", "", "b"]);
        assert_eq!(lines("漢字漢字", 5), ["漢字", "漢字"]);
    }

    #[test]
    fn what_does_not_fit_is_said_to_be_left_out() {
        assert_eq!(fit("general", 7), "general");
        assert_eq!(fit("general", 5), "gene…");
        assert_eq!(padded("漢字", 3), "漢…");
        assert_eq!(padded_left("ann", 5), "  ann");
    }

    #[test]
    fn a_pile_of_marks_is_cut_down() {
        let pile = format!("a{}b", "\u{301}".repeat(500));
        assert_eq!(clean(&pile), "a…b");
        assert_eq!(clean("e\u{301}"), "e\u{301}");
    }

    proptest! {
        #[test]
        fn no_text_is_lost_and_no_line_is_too_wide(text in "[ -~\t\n漢é🎉]{0,120}", columns in 2_usize..40) {
            let text = clean(&text);
            let ranges = wrap(&text, columns);
            let kept: String = ranges.iter().map(|r| &text[r.clone()]).collect();
            prop_assert_eq!(kept, text.replace('\n', ""));
            for range in ranges {
                prop_assert!(width(text[range].trim_end()) <= columns.max(TAB));
            }
        }
    }
}
