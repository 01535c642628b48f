//! The state as a picture. Nothing here changes it.

pub(crate) mod block;
mod composer;
mod entrance;
mod members;
mod overlay;
mod rooms;
mod status;
mod timeline;

use chatapp_client::sanitize;
use chatapp_types::RoomId;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Clear;

use super::layout::Layout;
use super::state::State;
use super::theme::Part;

/// Draws everything.
pub(crate) fn draw(state: &State, frame: &mut Frame<'_>) {
    if let Some(entrance) = &state.entrance {
        entrance::draw(state, entrance, frame);
    } else {
        let layout = Layout::of(state);
        rooms::draw(state, layout.rooms, frame);
        timeline::draw(state, &layout, frame);
        composer::draw(state, &layout, frame);
        members::draw(state, layout.members, frame);
        status::draw(state, layout.status, frame);
        if let Some(overlay) = &state.overlay {
            overlay::draw(state, overlay, frame);
        }
    }
    defuse(frame.buffer_mut());
}

/// The last gate: whatever was forgotten elsewhere, no cell holds what a terminal would obey or hide.
fn defuse(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if !(symbol.len() == 1 && symbol.as_bytes()[0] >= b' ') && sanitize::line(symbol) != symbol {
            cell.set_symbol("?");
        }
    }
}

/// How many lines the text has that stands over the conversation.
pub(crate) fn overlay_length(state: &State) -> usize {
    overlay::length(state)
}

/// Which room stands at a row of the screen.
pub(crate) fn room_at(state: &State, area: Rect, row: u16) -> Option<RoomId> {
    rooms::at(state, area, row)
}

/// A line at a place, cut at the area's edge.
fn put(frame: &mut Frame<'_>, area: Rect, row: u16, line: Line<'_>) {
    if row < area.height {
        // A terminal that has just been made smaller has a smaller picture than the state believes.
        let place = Rect { y: area.y + row, height: 1, ..area }.intersection(frame.area());
        frame.render_widget(line, place);
    }
}

/// The line between two parts.
fn fence(state: &State, frame: &mut Frame<'_>, x: u16, height: u16) {
    let style = state.look.theme.style(Part::Dim);
    for y in 0..height {
        if let Some(cell) = frame.buffer_mut().cell_mut((x, y)) {
            cell.set_symbol("│").set_style(style);
        }
    }
}

/// An area in the middle of the screen, emptied, with a frame and a title; gives what is within.
fn boxed(state: &State, frame: &mut Frame<'_>, title: &str, columns: u16, rows: u16) -> Rect {
    let screen = frame.area();
    let (width, height) = (columns.min(screen.width), rows.min(screen.height));
    let area =
        Rect { x: screen.x + (screen.width - width) / 2, y: screen.y + (screen.height - height) / 3, width, height };
    frame.render_widget(Clear, area);
    let block = ratatui::widgets::Block::bordered()
        .border_style(state.look.theme.style(Part::Dim))
        .title(Line::styled(format!(" {title} "), state.look.theme.style(Part::Header)));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}

/// The style of a part.
fn style(state: &State, part: Part) -> Style {
    state.look.theme.style(part)
}
