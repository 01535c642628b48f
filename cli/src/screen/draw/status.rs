//! The last line: how the gateway is reached, who is typing, what is not sent, or a word to the person.

use chatapp_client::live::Transport;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{put, style};
use crate::lines;
use crate::screen::keymap::Action;
use crate::screen::state::{Connection, Focus, State};
use crate::screen::text;
use crate::screen::theme::Part;

pub(super) fn draw(state: &State, area: Rect, frame: &mut Frame<'_>) {
    let columns = usize::from(area.width);
    if let Some(notice) = &state.notice {
        let part = if notice.is_error { Part::Error } else { Part::Key };
        let text = text::fit(&format!(" {}", text::clean_line(&notice.text)), columns);
        return put(frame, area, 0, Line::styled(text, style(state, part)));
    }
    let (mut spans, reason) = connection(state);
    let unsent = state.unsent();
    if unsent > 0 {
        spans.push(Span::styled(format!("  {unsent} unsent"), style(state, Part::Warning)));
    }
    if let Some(typing) = typing(state) {
        spans.push(Span::styled(format!("  {typing}"), style(state, Part::Status)));
    }
    if let Some(reason) = reason {
        // It has what room the others leave, for it may be long.
        let used: usize = spans.iter().map(Span::width).sum();
        let reason = text::fit(&reason, columns.saturating_sub(used + 4));
        spans.push(Span::styled(format!("  ({reason})"), style(state, Part::Dim)));
    }
    let used: usize = spans.iter().map(Span::width).sum();
    let right = hints(state);
    if used + text::width(&right) + 3 <= columns {
        spans.push(Span::raw(" ".repeat(columns - used - text::width(&right) - 1)));
        spans.push(Span::styled(right, style(state, Part::Status)));
    }
    put(frame, area, 0, Line::from(spans));
}

/// How the gateway is reached, and why it is not.
fn connection(state: &State) -> (Vec<Span<'static>>, Option<String>) {
    let mut why = None;
    let (sign, text, part) = match &state.connection {
        Connection::Connecting => ("◌", "connecting …".to_owned(), Part::Warning),
        Connection::Connected(Transport::Socket) => ("●", text::clean_line(&state.me.username), Part::Status),
        Connection::Connected(Transport::Polling) => ("●", "asking every 5 s".to_owned(), Part::Warning),
        Connection::Stalled(_) => ("◌", "the server cannot deliver for the moment".to_owned(), Part::Warning),
        Connection::Broken { reason, retry_in } => {
            why = Some(text::clean_line(reason));
            let what = if retry_in.is_zero() { "offline" } else { "offline, reconnecting" };
            ("○", what.to_owned(), Part::Error)
        }
    };
    (vec![Span::styled(format!(" {sign} "), style(state, part)), Span::styled(text, style(state, part))], why)
}

fn typing(state: &State) -> Option<String> {
    let names: Vec<String> = state.rooms.current()?.typing.iter().map(|(u, _)| text::clean_line(&u.username)).collect();
    lines::typing(&names).map(|text| format!("{text} …"))
}

fn hints(state: &State) -> String {
    let key = |action| state.look.keymap.hint(action).unwrap_or_default();
    let mode = match (state.look.is_vim, state.focus) {
        (true, Focus::Writing) => "-- INSERT --  ",
        (true, Focus::Reading) => "-- NORMAL --  ",
        (false, _) => "",
    };
    format!("{mode}{} rooms  {} help", key(Action::SwitchRoom), key(Action::Help))
}
