//! Links in texts.

/// The longest one that is taken for a link.
const LONGEST: usize = 2_000;

/// Where the links of a text stand, as byte ranges. Only what a browser is safely given counts: `http` and `https`, in
/// printable ASCII, so that what is opened is what was read.
pub(crate) fn ranges(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("http").map(|at| from + at) {
        let rest = &text[at..];
        from = at + 4;
        let Some(scheme) = ["https://", "http://"].into_iter().find(|s| rest.starts_with(s)) else { continue };
        if text[..at].chars().next_back().is_some_and(char::is_alphanumeric) {
            continue;
        }
        let length =
            rest.bytes().take_while(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'`')).count();
        let link = trimmed(&rest[..length]);
        if link.len() > scheme.len() && link.len() <= LONGEST {
            found.push(at..at + link.len());
            from = at + link.len();
        }
    }
    found
}

/// The links of a text.
pub(crate) fn of(text: &str) -> Vec<String> {
    ranges(text).into_iter().map(|range| text[range].to_owned()).collect()
}

/// Punctuation behind a link is the sentence's; a closing bracket too, unless the link opened it.
fn trimmed(mut link: &str) -> &str {
    while let Some(last) = link.chars().next_back() {
        let is_unmatched =
            |open: char, close: char| last == close && link.matches(open).count() < link.matches(close).count();
        let goes = matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '|')
            || is_unmatched('(', ')')
            || is_unmatched('[', ']')
            || is_unmatched('{', '}');
        if !goes {
            break;
        }
        link = &link[..link.len() - 1];
    }
    link
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_link_ends_where_the_sentence_goes_on() {
        assert_eq!(
            of("see https://a.example/x_(y), or (http://b.example/?q=1)."),
            ["https://a.example/x_(y)", "http://b.example/?q=1"]
        );
        assert_eq!(of("<https://a.example> \"https://b.example\""), ["https://a.example", "https://b.example"]);
    }

    #[test]
    fn what_is_no_web_address_is_no_link() {
        for text in
            ["javascript:alert(1)", "file:///etc/passwd", "https://", "xhttps://a", "http:/a", "--http", "http://…"]
        {
            assert_eq!(of(text), [] as [&str; 0], "{text}");
        }
    }

    #[test]
    fn a_link_holds_nothing_that_a_reader_does_not_see() {
        assert_eq!(of("https://good.example\u{202e}/lpmaxe.live"), ["https://good.example"]);
        assert_eq!(of("https://go\u{200b}od.example"), ["https://go"]);
    }

    proptest! {
        #[test]
        fn any_text_has_links_that_are_parts_of_it(text in "(https?://)?[ -~é…]{0,40}(https?://[!-~]{0,9})?") {
            for link in of(&text) {
                prop_assert!(text.contains(&link) && link.is_ascii());
            }
        }
    }
}
