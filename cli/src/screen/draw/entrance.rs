//! The questions before the log-in.

use ratatui::Frame;
use ratatui::layout::Position;
use ratatui::text::{Line, Span};

use super::composer::field;
use super::{boxed, put, style};
use crate::screen::state::State;
use crate::screen::state::entrance::{Entrance, Step};
use crate::screen::text;
use crate::screen::theme::Part;

const COLUMNS: u16 = 58;
const ROWS: u16 = 11;

pub(super) fn draw(state: &State, entrance: &Entrance, frame: &mut Frame<'_>) {
    let area = boxed(state, frame, "chat", COLUMNS, ROWS);
    let columns = usize::from(area.width);
    let dim = style(state, Part::Dim);
    let answered = |name: &str, value: &str| {
        Line::from(vec![Span::styled(text::padded(name, 10), dim), Span::raw(text::clean_line(value))])
    };
    let mut row = 0;
    for (name, value) in [("Gateway", &entrance.url), ("Name", &entrance.name)] {
        if !value.is_empty() {
            put(frame, area, row, answered(name, value));
            row += 1;
        }
    }
    row += 1;
    put(frame, area, row, Line::styled(question(entrance), style(state, Part::Header)));
    let (line, column) = field(&entrance.field, columns.saturating_sub(2), entrance.is_secret());
    let hint = if entrance.field.is_empty() && entrance.step == Step::Url {
        Span::styled(chatapp_client::GatewayUrl::DEFAULT, dim)
    } else {
        Span::raw(line)
    };
    put(frame, area, row + 1, Line::from(vec![Span::styled("› ", style(state, Part::Key)), hint]));
    if !entrance.is_waiting {
        let x = area.x + 2 + u16::try_from(column).unwrap_or(0);
        frame.set_cursor_position(Position { x: x.min(area.right().saturating_sub(1)), y: area.y + row + 1 });
    }
    let message = if entrance.is_waiting { Some("…".to_owned()) } else { entrance.message.clone() };
    let clean = text::clean(&message.unwrap_or_default());
    let part = if entrance.is_waiting { Part::Dim } else { Part::Warning };
    for (row, range) in (row + 3..area.height.saturating_sub(1)).zip(text::wrap(&clean, columns)) {
        put(frame, area, row, Line::styled(clean[range].to_owned(), style(state, part)));
    }
    put(frame, area, area.height.saturating_sub(1), Line::styled("Enter goes on, Esc goes back, Ctrl+C leaves", dim));
}

const fn question(entrance: &Entrance) -> &'static str {
    match entrance.step {
        Step::Url => "Where is the gateway?",
        Step::Name => "Your name; a new one becomes an account",
        Step::Password => "Your password",
        Step::NewPassword => "This name is free: choose a password",
        Step::Again => "The password once more",
        Step::Create => "No such log-in. Create the account? (y/n)",
    }
}
