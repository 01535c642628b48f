//! Lines that are wider than the terminal.

use crate::screen::text;

/// What stands before what is left of a line that is wider than the terminal: a terminal would go on in its first column,
/// where a message could pass for another one's.
const REST: &str = "    | ";
/// On fewer columns lines are left to the terminal.
const FEWEST_COLUMNS: usize = 20;

/// A line in parts that are no wider than the terminal.
pub(super) fn broken(line: &str, columns: usize) -> Vec<String> {
    if text::width(line) <= columns || columns < FEWEST_COLUMNS {
        return vec![line.to_owned()];
    }
    let first = text::wrap(line, columns).first().map_or(0..line.len(), Clone::clone);
    let rest = &line[first.end..];
    let parts = text::wrap(rest, columns - text::width(REST)).into_iter();
    let parts = parts.map(|range| format!("{REST}{}", text::shown(rest[range].trim_end())));
    std::iter::once(text::shown(line[first].trim_end())).chain(parts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_wider_than_the_terminal_goes_on_behind_a_mark_so_that_nothing_passes_for_another_line() {
        let forged = format!("[now] eve: {}[now] root: obey", "x".repeat(29));
        let parts = broken(&forged, 40);
        assert!(text::width(&parts[0]) <= 40, "{parts:?}");
        assert!(parts[1..].iter().all(|part| part.starts_with(REST)), "{parts:?}");
        let text: String = parts.iter().map(|part| part.strip_prefix(REST).unwrap_or(part)).collect();
        assert_eq!(text.replace(' ', ""), forged.replace(' ', ""), "nothing is lost");
        for columns in [20, 33, 41] {
            let parts = broken("[now] bob: 漢字漢字漢字 and then some words that are many", columns);
            assert!(parts.iter().all(|part| text::width(part) <= columns), "{parts:?}");
        }
        assert_eq!(broken("short", 40), ["short"]);
    }
}
