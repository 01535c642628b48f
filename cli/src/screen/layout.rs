//! Which part of the screen is for what.

use ratatui::layout::Rect;

use super::state::composer::Purpose;
use super::state::{Size, State};
use super::text;

/// The smallest screen that shows everything; on a smaller one the panes go first.
const COLUMNS_FOR_ROOMS: u16 = 60;
const COLUMNS_FOR_MEMBERS: u16 = 110;
/// Columns of the conversation that no pane may take.
const COLUMNS_OF_TALK: u16 = 36;
/// Before the text of what is written.
pub(crate) const PROMPT: &str = "› ";

/// The parts. One that is not shown has no area.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) rooms: Rect,
    pub(crate) header: Rect,
    pub(crate) timeline: Rect,
    /// A line that says what the text will be, or what the tab key offers.
    pub(crate) context: Rect,
    pub(crate) composer: Rect,
    pub(crate) members: Rect,
    pub(crate) status: Rect,
}

impl Layout {
    /// The parts of the screen as it is now.
    pub(crate) fn of(state: &State) -> Self {
        let Size { columns, rows } = state.size;
        let shows_rooms = state.look.rooms.unwrap_or(columns >= COLUMNS_FOR_ROOMS);
        let shows_members = state.look.members.unwrap_or(columns >= COLUMNS_FOR_MEMBERS);
        let rooms_width = if shows_rooms { (columns / 5).clamp(14, 26) } else { 0 };
        let members_width = if shows_members { (columns / 6).clamp(14, 24) } else { 0 };
        let fits = |width: u16, taken: u16| if taken + width + COLUMNS_OF_TALK <= columns { width } else { 0 };
        // A pane that was asked for goes before one that is there by itself.
        let (rooms_width, members_width) = if state.look.members == Some(true) {
            let members = fits(members_width, 0);
            (fits(rooms_width, members), members)
        } else {
            let rooms = fits(rooms_width, 0);
            (rooms, fits(members_width, rooms))
        };
        let left = if rooms_width > 0 { rooms_width + 1 } else { 0 };
        let right = if members_width > 0 { members_width + 1 } else { 0 };
        let width = columns - left - right;
        let body = rows.saturating_sub(1);
        let (context, composer) = heights(state, width, rows);
        let timeline = body.saturating_sub(1 + context + composer);
        let talk = |y: u16, height: u16| Rect { x: left, y, width, height };
        Self {
            rooms: Rect { x: 0, y: 0, width: rooms_width, height: body },
            header: talk(0, 1.min(body)),
            timeline: talk(1, timeline),
            context: talk(1 + timeline, context),
            composer: talk(1 + timeline + context, composer.min(body.saturating_sub(1))),
            members: Rect { x: columns - members_width, y: 0, width: members_width, height: body },
            status: Rect { x: 0, y: body, width: columns, height: rows - body },
        }
    }

    /// Columns of the text that is written.
    pub(crate) fn writing_columns(&self) -> usize {
        writing_columns(self.composer.width)
    }
}

fn writing_columns(width: u16) -> usize {
    // The cursor may stand behind the last character.
    usize::from(width).saturating_sub(text::width(PROMPT) + 1).max(2)
}

/// Lines of the context and of the composer.
fn heights(state: &State, width: u16, rows: u16) -> (u16, u16) {
    let Some(room) = state.rooms.current() else { return (0, 1) };
    let composer = &room.composer;
    let is_behind = room.log.is_loaded() && !room.is_at_end();
    let says = composer.purpose != Purpose::Message || composer.offered().is_some() || room.ended.is_some();
    let context = u16::from(says || is_behind);
    let lines = text::wrap(composer.text(), writing_columns(width)).len();
    let most = (rows / 3).clamp(1, 10);
    (context, u16::try_from(lines).unwrap_or(most).clamp(1, most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::testing::state;

    #[test]
    fn the_parts_cover_the_screen_and_overlap_nowhere() {
        for columns in (1..=220).step_by(3) {
            for rows in [1, 2, 3, 5, 16, 24, 50] {
                for members in [None, Some(true), Some(false)] {
                    let mut state = state();
                    state.size = Size { columns, rows };
                    state.look.members = members;
                    let l = Layout::of(&state);
                    let parts = [l.rooms, l.header, l.timeline, l.context, l.composer, l.members, l.status];
                    let screen = Rect::new(0, 0, columns, rows);
                    for (at, part) in parts.iter().enumerate() {
                        assert_eq!(part.intersection(screen).area(), part.area(), "{columns}x{rows}: {part:?}");
                        for other in &parts[at + 1..] {
                            let both = part.intersection(*other);
                            assert!(both.area() == 0, "{columns}x{rows}: {part:?} and {other:?}");
                        }
                    }
                }
            }
        }
    }
}
