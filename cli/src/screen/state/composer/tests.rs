use proptest::prelude::*;

use super::*;

#[test]
fn what_was_removed_can_be_put_back_and_every_step_taken_back() {
    let mut c = Composer::with("the quick fox");
    c.delete_word_back();
    assert_eq!(c.text(), "the quick ");
    c.line_start();
    c.yank();
    assert_eq!(c.text(), "foxthe quick ");
    c.undo();
    c.undo();
    assert_eq!(c.text(), "the quick fox");
}

#[test]
fn the_cursor_goes_up_and_down_by_lines_as_they_are_seen() {
    let mut c = Composer::with("one two three\nfour");
    assert!(c.vertically(false, 8));
    assert_eq!(&c.text()[..c.cursor()], "one two thre");
    assert!(c.vertically(false, 8));
    assert!(!c.vertically(false, 8), "the first line");
    c.line_end();
    assert!(c.vertically(true, 8));
    assert!(!c.vertically(true, 8), "the last line");
}

#[test]
fn what_was_sent_comes_back_and_so_does_what_was_being_written() {
    let sent = ["one".to_owned(), "two".to_owned()];
    let mut c = Composer::with("draft");
    c.recall(&sent, true);
    c.recall(&sent, true);
    c.recall(&sent, true);
    assert_eq!(c.text(), "one");
    c.recall(&sent, false);
    c.recall(&sent, false);
    assert_eq!(c.text(), "draft");
}

#[test]
fn a_paste_cannot_bring_in_what_a_terminal_obeys() {
    let mut c = Composer::default();
    c.insert("a\u{1b}[2Jb\r\nc\u{202e}");
    assert_eq!(c.text(), "a␛[2Jb\nc<U+202E>");
}

#[derive(Clone, Debug)]
enum Key {
    Insert(String),
    Do(u8),
}

proptest! {
    #[test]
    fn whatever_is_pressed_the_cursor_stands_between_characters(
        keys in proptest::collection::vec(prop_oneof!["[ -~é漢\u{301}👩\u{200d}\n]{1,3}".prop_map(Key::Insert), any::<u8>().prop_map(Key::Do)], 0..60)
    ) {
        let mut c = Composer::default();
        for key in keys {
            match key {
                Key::Insert(text) => c.insert(&text),
                Key::Do(n) => match n % 14 {
                    0 => c.left(),
                    1 => c.right(),
                    2 => c.word_left(),
                    3 => c.word_right(),
                    4 => c.line_start(),
                    5 => c.line_end(),
                    6 => c.backspace(),
                    7 => c.delete(),
                    8 => c.delete_word_back(),
                    9 => c.delete_word(),
                    10 => c.delete_to_end(),
                    11 => c.yank(),
                    12 => c.undo(),
                    _ => { c.vertically(n > 128, 7); }
                },
            }
            prop_assert!(c.text().is_char_boundary(c.cursor()));
        }
    }
}
