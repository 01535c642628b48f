//! The words of a text, as SQLite's full-text index cuts them (`unicode61 remove_diacritics 2`): what is neither letter
//! nor digit parts them, and case and accents make no difference.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::canonical_combining_class;

/// UTF-16 units of a word that are looked at; the column has no more.
const UNITS_MAX: usize = 64;

/// The words of a text in its order.
pub(super) fn of(text: &str) -> Vec<String> {
    let folded: String = text.nfd().filter(|c| canonical_combining_class(*c) == 0).flat_map(folded).collect();
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(cut).collect()
}

/// Each word of a text once.
pub(super) fn distinct(text: &str) -> Vec<String> {
    of(text).into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

/// The first text that comes after all those that begin with `word`, in the order of code points and in that of UTF-16
/// units alike.
pub(super) fn after_all_beginning_with(word: &str) -> String {
    let mut bound = word.to_owned();
    while let Some(last) = bound.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            bound.push(next);
            break;
        }
    }
    bound
}

/// Small letters; the sigma at the end of a word is a sigma, and what a capital's small form has of accents goes too.
fn folded(c: char) -> impl Iterator<Item = char> {
    let small = c.to_lowercase().filter(|c| canonical_combining_class(*c) == 0);
    small.map(|c| if c == 'ς' { 'σ' } else { c })
}

fn cut(word: &str) -> String {
    let mut units = 0;
    word.chars()
        .take_while(|c| {
            units += c.len_utf16();
            units <= UNITS_MAX
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_and_accents_make_no_difference() {
        assert_eq!(of("Déjà vu, de\u{301}ja\u{300} VU"), ["deja", "vu", "deja", "vu"]);
        assert_eq!(of("ΣΊΣΥΦΟΣ Σίσυφος İstanbul"), ["σισυφοσ", "σισυφοσ", "istanbul"]);
        assert_eq!(of("Ångström ångstrom K"), ["angstrom", "angstrom", "k"]);
    }

    #[test]
    fn what_is_neither_letter_nor_digit_parts_words() {
        assert_eq!(of("x-ray room:1 \"a'b\"\u{1F600}c\u{a0}d_e"), ["x", "ray", "room", "1", "a", "b", "c", "d", "e"]);
        assert_eq!(of("日本語 हिन्दी"), ["日本語", "हिनदी"]);
        assert_eq!(of(" !!! \u{301} "), Vec::<String>::new());
    }

    #[test]
    fn a_word_is_cut_between_characters() {
        assert_eq!(of(&"x".repeat(65)), ["x".repeat(64)]);
        let wide = format!("x{}", "\u{20000}".repeat(40));
        assert_eq!(of(&wide), [format!("x{}", "\u{20000}".repeat(31))]);
    }

    #[test]
    fn the_bound_of_a_beginning_is_the_next_character() {
        assert_eq!(after_all_beginning_with("need"), "neee");
        assert_eq!(after_all_beginning_with("a\u{d7ff}"), "a\u{e000}");
        assert_eq!(after_all_beginning_with("a\u{10ffff}"), "b");
    }

    proptest! {
        #[test]
        fn any_text_has_words_that_the_column_takes(text in ".{0,300}") {
            for word in of(&text) {
                prop_assert!(!word.is_empty() && word.encode_utf16().count() <= UNITS_MAX && !word.contains(' '));
                let bound = after_all_beginning_with(&word);
                prop_assert!(bound > word);
            }
        }
    }
}
