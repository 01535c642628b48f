//! What is being written.

use chatapp_types::Role;
use ratatui::Frame;
use ratatui::layout::Position;
use ratatui::text::{Line, Span};

use super::{put, style};
use crate::links;
use crate::screen::keymap::Action;
use crate::screen::layout::{Layout, PROMPT};
use crate::screen::state::composer::{Composer, Purpose};
use crate::screen::state::room::RoomState;
use crate::screen::state::{Focus, State};
use crate::screen::text;
use crate::screen::theme::Part;

pub(super) fn draw(state: &State, layout: &Layout, frame: &mut Frame<'_>) {
    let Some(room) = state.rooms.current() else { return };
    if layout.context.height > 0 {
        let columns = usize::from(layout.context.width);
        let mut line = context(state, room, columns);
        if let Some(below) = below(state, room).filter(|below| line.width() + below.width() < columns) {
            line.push_span(Span::raw(" ".repeat(columns - line.width() - below.width())));
            line.push_span(below);
        }
        put(frame, layout.context, 0, line);
    }
    let composer = &room.composer;
    let columns = layout.writing_columns();
    let lines = text::wrap(composer.text(), columns);
    let (cursor_line, cursor_column) = composer.place_in(&lines);
    let rows = usize::from(layout.composer.height);
    let from = cursor_line.saturating_sub(rows.saturating_sub(1));
    let prompt = style(state, if state.focus == Focus::Writing { Part::Key } else { Part::Dim });
    if composer.is_empty() {
        let hint = Span::styled(hint(state, room), style(state, Part::Dim));
        put(frame, layout.composer, 0, Line::from(vec![Span::styled(PROMPT, prompt), hint]));
    } else {
        for (row, range) in (0..layout.composer.height).zip(lines.iter().skip(from)) {
            let head = if row == 0 && from == 0 { PROMPT } else { "  " };
            let text = text::shown(&composer.text()[range.clone()]);
            put(frame, layout.composer, row, Line::from(vec![Span::styled(head, prompt), Span::raw(text)]));
        }
    }
    if state.overlay.is_none() && (state.focus == Focus::Writing || state.look.is_vim) {
        let x = layout.composer.x + u16::try_from(text::width(PROMPT) + cursor_column.min(columns)).unwrap_or(0);
        let y = layout.composer.y + u16::try_from(cursor_line - from).unwrap_or(0);
        frame.set_cursor_position(Position { x: x.min(layout.composer.right().saturating_sub(1)), y });
    }
}

/// What is below the edge of the conversation.
fn below(state: &State, room: &RoomState) -> Option<Span<'static>> {
    if room.is_at_end() || !room.log.is_loaded() {
        return None;
    }
    let key = state.look.keymap.hint(Action::Latest).unwrap_or_default();
    let (text, part) = match room.unread {
        0 => (format!(" ↓ later messages below ({key}) "), Part::Status),
        1 => (format!(" ↓ 1 new message below ({key}) "), Part::Named),
        n => (format!(" ↓ {n} new messages below ({key}) "), Part::Named),
    };
    Some(Span::styled(text, style(state, part)))
}

fn hint(state: &State, room: &RoomState) -> String {
    let key = |action| state.look.keymap.hint(action).unwrap_or_default();
    match state.focus {
        _ if room.ended.is_some() => String::new(),
        Focus::Reading if room.view.chosen.is_some() => {
            let words = offered_to(state, room).into_iter().map(|(keys, word)| format!("{keys} {word}"));
            let words: Vec<String> = words.collect();
            format!("{}   {} help", words.join("   "), key(Action::Help))
        }
        Focus::Reading => format!("choose with ↑ ↓; {} help", key(Action::Help)),
        Focus::Writing => format!("message {}", text::clean_line(&room.room.name)),
    }
}

/// What can be done with the chosen message, and its key: another's is not changed, and erased by those alone who
/// moderate.
fn offered_to(state: &State, room: &RoomState) -> Vec<(String, &'static str)> {
    let item = room.view.chosen.and_then(|seq| room.log.get(seq));
    let is_mine = item.is_some_and(|item| item.author.id == state.me.id);
    let moderates = matches!(room.room.role, Some(Role::Owner | Role::Admin));
    let has_link = item.and_then(|item| item.said()).is_some_and(|said| !links::of(&said.text).is_empty());
    let hint = |action| state.look.keymap.hint(action);
    // Vim's keys erase a line, which a chosen message is.
    let erase = || hint(Action::Delete).or_else(|| hint(Action::DeleteLine));
    let offers = [
        (hint(Action::Reply), "reply", true),
        (hint(Action::Edit), "edit", is_mine),
        (erase(), "delete", is_mine || moderates),
        (hint(Action::Copy), "copy", true),
        (hint(Action::Open), "open link", has_link),
    ];
    offers.into_iter().filter(|(_, _, fits)| *fits).filter_map(|(key, word, _)| Some((key?, word))).collect()
}

/// What the text will be, what the tab key offers, or why nothing can be written.
fn context(state: &State, room: &RoomState, columns: usize) -> Line<'static> {
    if let Some(why) = &room.ended {
        return Line::styled(text::fit(&format!("  {why}"), columns), style(state, Part::Warning));
    }
    if let Some((offered, at)) = room.composer.offered() {
        return offers(state, offered, at);
    }
    let text = match &room.composer.purpose {
        Purpose::Message => String::new(),
        Purpose::Reply { to, snippet, .. } => {
            format!("  ↳ answering {}: {}", text::clean_line(to), text::clean_line(snippet))
        }
        Purpose::Edit { seq, .. } => {
            format!("  changing #{seq}; {} gives up", state.look.keymap.hint(Action::Cancel).unwrap_or_default())
        }
    };
    Line::styled(text::fit(&text, columns), style(state, Part::Key))
}

fn offers(state: &State, offered: &[String], at: usize) -> Line<'static> {
    let mut spans = vec![Span::raw("  ")];
    for (n, text) in offered.iter().enumerate() {
        let part = if n == at { Part::Current } else { Part::Dim };
        spans.push(Span::styled(text::clean_line(text.trim_end()), style(state, part)));
        spans.push(Span::raw("  "));
    }
    Line::from(spans)
}

/// A single line that is typed into, with the cursor in view; gives the cursor's column.
pub(super) fn field(composer: &Composer, columns: usize, is_secret: bool) -> (String, usize) {
    use unicode_segmentation::UnicodeSegmentation as _;
    let show = |text: &str| -> Vec<String> {
        let line = text::clean_line(text);
        line.graphemes(true).map(|g| if is_secret { "•".to_owned() } else { g.to_owned() }).collect()
    };
    let before = show(&composer.text()[..composer.cursor()]);
    let mut width = 0;
    let kept = before.iter().rev().take_while(|g| {
        width += text::width(g);
        width < columns
    });
    let kept = kept.count();
    let mut line = before[before.len() - kept..].concat();
    let column = text::width(&line);
    line.push_str(&show(&composer.text()[composer.cursor()..]).concat());
    (text::fit(&line, columns), column)
}
