use proptest::prelude::*;

use crossterm::event::KeyCode;

use super::*;

fn fresh() -> Editor {
    Editor::new(Keymap::new(false, &std::collections::BTreeMap::new()).expect("the usual keys"))
}

fn press(editor: &mut Editor, code: KeyCode, modifiers: KeyModifiers) -> Edit {
    editor.key(KeyEvent::new(code, modifiers), Style::Conversation)
}

fn ctrl(editor: &mut Editor, c: char) -> Edit {
    press(editor, KeyCode::Char(c), KeyModifiers::CONTROL)
}

#[test]
fn the_tab_key_completes_and_goes_on_to_the_next_that_fits() {
    let mut editor = with("hi @an");
    editor.knows(Known { users: vec!["ann".to_owned(), "anton".to_owned()], rooms: Vec::new() });
    for expected in ["hi @ann ", "hi @anton ", "hi @ann "] {
        press(&mut editor, KeyCode::Tab, KeyModifiers::NONE);
        assert_eq!(editor.composer.text(), expected);
    }
    press(&mut editor, KeyCode::Char('x'), KeyModifiers::NONE);
    assert_eq!(editor.composer.text(), "hi @ann x");
}

fn with(text: &str) -> Editor {
    let mut editor = fresh();
    editor.insert(text);
    editor
}

#[test]
fn a_line_is_edited_in_its_middle() {
    let mut editor = with("helo");
    press(&mut editor, KeyCode::Left, KeyModifiers::NONE);
    press(&mut editor, KeyCode::Char('l'), KeyModifiers::NONE);
    assert_eq!(press(&mut editor, KeyCode::Enter, KeyModifiers::NONE), Edit::Entered("hello".to_owned()));
    assert_eq!(editor.view(80), (String::new(), 0));
}

#[test]
fn a_character_of_several_parts_is_one_to_the_keys() {
    let mut editor = with("a👨‍👩‍👧e\u{301}");
    press(&mut editor, KeyCode::Backspace, KeyModifiers::NONE);
    assert_eq!(editor.composer.text(), "a👨‍👩‍👧");
    press(&mut editor, KeyCode::Backspace, KeyModifiers::NONE);
    assert_eq!(editor.composer.text(), "a");
}

#[test]
fn words_and_ends_are_cut_as_in_a_shell() {
    let mut editor = with("one two three");
    ctrl(&mut editor, 'w');
    assert_eq!(editor.composer.text(), "one two ");
    ctrl(&mut editor, 'u');
    assert_eq!(editor.composer.text(), "");
    assert_eq!(ctrl(&mut editor, 'd'), Edit::Ended);
    assert_eq!(ctrl(&mut editor, 'c'), Edit::Interrupted);
}

#[test]
fn earlier_lines_come_back_and_the_unfinished_one_too() {
    let mut editor = with("first");
    press(&mut editor, KeyCode::Enter, KeyModifiers::NONE);
    editor.insert("unfin");
    press(&mut editor, KeyCode::Up, KeyModifiers::NONE);
    assert_eq!(editor.composer.text(), "first");
    assert_eq!(press(&mut editor, KeyCode::Up, KeyModifiers::NONE), Edit::Nothing);
    press(&mut editor, KeyCode::Down, KeyModifiers::NONE);
    assert_eq!(editor.composer.text(), "unfin");
}

#[test]
fn a_hidden_line_is_not_remembered() {
    let mut editor = with("password");
    editor.key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE), Style::Secret);
    assert_eq!(press(&mut editor, KeyCode::Up, KeyModifiers::NONE), Edit::Nothing);
}

#[test]
fn a_long_line_is_shown_around_its_cursor() {
    let mut editor = with("0123456789");
    assert_eq!(editor.view(5), ("6789".to_owned(), 4));
    ctrl(&mut editor, 'a');
    assert_eq!(editor.view(5), ("0123".to_owned(), 0));
}

#[test]
fn a_pasted_escape_is_shown_and_goes_out_harmless() {
    let mut editor = with("a\x1b[31m\nb");
    assert_eq!(editor.view(80).0, "a␛[31m␊b");
    assert_eq!(press(&mut editor, KeyCode::Enter, KeyModifiers::NONE), Edit::Entered("a␛[31m\nb".to_owned()));
}

#[test]
fn what_was_cut_is_put_back_and_a_change_taken_back() {
    let mut editor = with("one two");
    ctrl(&mut editor, 'w');
    press(&mut editor, KeyCode::Home, KeyModifiers::NONE);
    ctrl(&mut editor, 'y');
    assert_eq!(editor.composer.text(), "twoone ");
    ctrl(&mut editor, '_');
    assert_eq!(editor.composer.text(), "one ");
}

#[test]
fn a_key_that_stands_for_a_command_leaves_alone_what_is_being_written() {
    let mut editor = with("half a sent");
    assert_eq!(press(&mut editor, KeyCode::Char('a'), KeyModifiers::ALT), Edit::Command(":next"));
    assert_eq!(editor.composer.text(), "half a sent");
    press(&mut editor, KeyCode::Char('g'), KeyModifiers::ALT);
    assert_eq!(editor.composer.text(), ":room ");
    editor.insert("lab");
    assert_eq!(press(&mut editor, KeyCode::Enter, KeyModifiers::NONE), Edit::Entered(":room lab".to_owned()));
    assert_eq!(editor.composer.text(), "half a sent");
    press(&mut editor, KeyCode::Char('s'), KeyModifiers::ALT);
    assert_eq!(ctrl(&mut editor, 'c'), Edit::Changed, "the command is given up, not the client");
    assert_eq!(editor.composer.text(), "half a sent");
}

#[test]
fn a_question_takes_no_keys_of_a_conversation() {
    let mut editor = fresh();
    for style in [Style::Question, Style::Secret] {
        let edit = editor.key(KeyEvent::new(KeyCode::Char('a'), KeyModifiers::ALT), style);
        assert_eq!(edit, Edit::Nothing);
    }
}

#[test]
fn a_line_with_a_code_is_not_brought_back() {
    let mut editor = with(":enter the-code");
    press(&mut editor, KeyCode::Enter, KeyModifiers::NONE);
    assert_eq!(press(&mut editor, KeyCode::Up, KeyModifiers::NONE), Edit::Nothing);
}

#[test]
fn only_a_message_is_something_that_others_see_one_typing() {
    assert_eq!(with("hello").message(), Some("hello"));
    assert_eq!(with(":block bob").message(), None);
    assert_eq!(with(":").message(), None);
    assert_eq!(with("  ").message(), None);
}

proptest! {
    #[test]
    fn no_keys_break_the_editor(keys in proptest::collection::vec((any::<char>(), 0_u8..14), 0..80), columns in 0_usize..40) {
        let mut editor = fresh();
        for (c, kind) in keys {
            let code = [
                KeyCode::Backspace, KeyCode::Delete, KeyCode::Left, KeyCode::Right, KeyCode::Home, KeyCode::End,
                KeyCode::Up, KeyCode::Down, KeyCode::Enter,
            ];
            match code.get(usize::from(kind)) {
                Some(code) => press(&mut editor, *code, KeyModifiers::NONE),
                None if kind == 9 => ctrl(&mut editor, 'w'),
                None => press(&mut editor, KeyCode::Char(c), KeyModifiers::NONE),
            };
            let (visible, column) = editor.view(columns);
            prop_assert!(visible.width() <= columns.max(1));
            prop_assert!(column <= visible.width());
        }
    }
}
