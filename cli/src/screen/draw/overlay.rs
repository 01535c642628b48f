//! Lists, questions, texts over the conversation.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::composer::field;
use super::{boxed, put, style};
use crate::command::{COMMANDS, Group, LITERAL};
use crate::screen::keymap::Place;
use crate::screen::state::State;
use crate::screen::state::composer::Composer;
use crate::screen::state::overlay::{List, Overlay};
use crate::screen::text;
use crate::screen::theme::Part;

const COLUMNS: u16 = 76;
const HELP_COLUMNS: u16 = 100;

pub(super) fn draw(state: &State, overlay: &Overlay, frame: &mut Frame<'_>) {
    let rows = frame.area().height.saturating_sub(2);
    match overlay {
        Overlay::List(list) => self::list(state, list, frame),
        Overlay::Help { scroll } => {
            let area = boxed(state, frame, "Keys and commands", HELP_COLUMNS, rows);
            scrolled(frame, area, &help(state, area.width.into()), *scroll);
        }
        Overlay::Paper { title, lines, scroll } => {
            let lines = paper(lines, frame.area().width);
            let needed = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2).min(rows);
            let area = boxed(state, frame, &text::clean_line(title), COLUMNS, needed);
            scrolled(frame, area, &lines, *scroll);
        }
        Overlay::Confirm { question, .. } => {
            let inner = usize::from(COLUMNS.min(frame.area().width).saturating_sub(2));
            let lines = wrapped(question, inner);
            let height = u16::try_from(lines.len()).unwrap_or(1) + 3;
            let area = boxed(state, frame, "Sure?", COLUMNS, height);
            scrolled(frame, area, &lines, 0);
            put(frame, area, area.height.saturating_sub(1), Line::styled("y yes   n no", style(state, Part::Key)));
        }
        Overlay::Ask { question, answer, .. } => {
            let area = boxed(state, frame, question, COLUMNS, 3);
            typed(state, frame, area, answer);
        }
    }
}

fn paper(lines: &[String], screen: u16) -> Vec<Line<'static>> {
    let inner = usize::from(COLUMNS.min(screen).saturating_sub(2));
    lines.iter().flat_map(|line| wrapped(line, inner)).collect()
}

/// How many lines the help or the paper has that is shown.
pub(super) fn length(state: &State) -> usize {
    match &state.overlay {
        Some(Overlay::Help { .. }) => help(state, HELP_COLUMNS.min(state.size.columns).saturating_sub(2).into()).len(),
        Some(Overlay::Paper { lines, .. }) => paper(lines, state.size.columns).len(),
        _ => 0,
    }
}

fn wrapped(line: &str, columns: usize) -> Vec<Line<'static>> {
    let clean = text::clean(line);
    text::wrap(&clean, columns).into_iter().map(|range| Line::raw(text::shown(&clean[range]))).collect()
}

fn scrolled(frame: &mut Frame<'_>, area: Rect, lines: &[Line<'static>], scroll: usize) {
    let from = scroll.min(lines.len().saturating_sub(area.height.into()));
    for (row, line) in (0..area.height).zip(lines.iter().skip(from)) {
        put(frame, area, row, line.clone());
    }
}

fn typed(state: &State, frame: &mut Frame<'_>, area: Rect, composer: &Composer) {
    let (line, column) = field(composer, usize::from(area.width).saturating_sub(2), false);
    put(frame, area, 0, Line::from(vec![Span::styled("› ", style(state, Part::Key)), Span::raw(line)]));
    let x = area.x + 2 + u16::try_from(column).unwrap_or(0);
    frame.set_cursor_position(Position { x: x.min(area.right().saturating_sub(1)), y: area.y });
}

fn list(state: &State, list: &List, frame: &mut Frame<'_>) {
    let rows = u16::try_from(list.rows.len()).unwrap_or(u16::MAX).saturating_add(3);
    let area = boxed(state, frame, &list.title, COLUMNS, rows.max(8).min(frame.area().height.saturating_sub(2)));
    typed(state, frame, area, &list.filter);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if list.shown.is_empty() {
        let word = if list.is_waiting { "…" } else { "nothing" };
        return put(frame, body, 0, Line::styled(word, style(state, Part::Dim)));
    }
    let height = usize::from(body.height);
    let from = list.at.saturating_sub(height / 2).min(list.shown.len().saturating_sub(height));
    let columns = usize::from(body.width);
    for (row, at) in (0..body.height).zip(list.shown.iter().skip(from)) {
        let Some(item) = list.rows.get(*at) else { continue };
        let note = text::clean_line(&item.note);
        let room = columns.saturating_sub(text::width(&note) + 2);
        let mut line = Line::from(vec![
            Span::raw(text::padded(&text::clean_line(&item.text), room)),
            Span::styled(format!("  {note}"), style(state, Part::Dim)),
        ]);
        if from + usize::from(row) == list.at {
            line = line.patch_style(style(state, Part::Current));
        }
        put(frame, body, row, line);
    }
}

/// The live keymap, then the commands.
fn help(state: &State, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let title = |text: &str| Line::styled(text.to_owned(), style(state, Part::Header));
    // Where there is little room, a long description goes on below.
    let entry = |lines: &mut Vec<Line<'static>>, keys: &str, what: &str, width: usize| {
        for (n, range) in text::wrap(what, columns.saturating_sub(width + 3)).into_iter().enumerate() {
            let keys = text::padded(if n == 0 { keys } else { "" }, width);
            let what = what[range].trim_end().to_owned();
            lines.push(Line::from(vec![Span::styled(format!("  {keys} "), style(state, Part::Key)), Span::raw(what)]));
        }
    };
    for place in Place::OF_THE_SCREEN {
        lines.push(title(place.title()));
        for (action, keys) in state.look.keymap.of(place) {
            entry(&mut lines, &keys.join(", "), action.what(), 24);
        }
        lines.push(Line::default());
    }
    for group in Group::ALL {
        lines.push(title(&format!("Commands: {}", group.title().to_lowercase())));
        for c in COMMANDS.iter().filter(|c| c.group == group) {
            entry(&mut lines, format!(":{} {}", c.name, c.takes).trim_end(), c.what, 32);
        }
        lines.push(Line::default());
    }
    lines.push(Line::raw(LITERAL));
    lines
}
