//! Which lines of a conversation are seen, and how one moves in it.

use super::draw::block::Blocks;
use super::state::room::{Anchor, RoomState, View};

/// The last block that is seen, and how many of its lines are below the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bottom {
    pub(crate) at: usize,
    pub(crate) below: usize,
}

/// Where the view's bottom edge is; `None` when there is nothing.
pub(crate) fn bottom(blocks: &Blocks<'_>, room: &RoomState) -> Option<Bottom> {
    let last = blocks.len().checked_sub(1)?;
    match room.view.anchor {
        Anchor::End => Some(Bottom { at: last, below: 0 }),
        Anchor::At { seq, below } => {
            let at = room.log.position(seq).unwrap_or_else(|after| after.saturating_sub(1)).min(last);
            Some(Bottom { at, below: below.min(blocks.height(at).saturating_sub(1)) })
        }
    }
}

/// What is seen, from the top: blocks with the range of their lines. `cleared` holds at the end alone.
pub(crate) fn visible(blocks: &Blocks<'_>, room: &RoomState, rows: usize) -> Vec<(usize, std::ops::Range<usize>)> {
    let mut seen = Vec::new();
    let Some(Bottom { mut at, below }) = bottom(blocks, room) else { return seen };
    let cleared = if room.view.anchor == Anchor::End { room.view.cleared } else { 0 };
    let (mut left, mut below) = (rows, below);
    loop {
        if blocks.seq(at).is_some_and(|seq| seq <= cleared) {
            break;
        }
        let height = blocks.height(at).saturating_sub(below);
        let shown = height.min(left);
        seen.push((at, height - shown..height));
        left -= shown;
        below = 0;
        if left == 0 || at == 0 {
            break;
        }
        at -= 1;
    }
    seen.reverse();
    seen
}

/// The view after moving `by` lines up.
pub(crate) fn up(blocks: &Blocks<'_>, room: &RoomState, rows: usize, by: usize) -> View {
    let Some(mut edge) = bottom(blocks, room) else { return room.view };
    let mut left = by;
    while left > 0 {
        let here = blocks.height(edge.at) - edge.below;
        if left < here {
            edge.below += left;
            break;
        }
        left -= here;
        if edge.at == 0 {
            edge.below = blocks.height(0).saturating_sub(1);
            break;
        }
        edge = Bottom { at: edge.at - 1, below: 0 };
    }
    at_edge(blocks, room, at_least(blocks, edge, rows))
}

/// Not further up than to the first line.
fn at_least(blocks: &Blocks<'_>, mut edge: Bottom, rows: usize) -> Bottom {
    let mut above = blocks.height(edge.at).saturating_sub(edge.below);
    let mut at = edge.at;
    while above < rows && at > 0 {
        at -= 1;
        above += blocks.height(at);
    }
    let mut missing = rows.saturating_sub(above);
    while missing > 0 {
        let here = edge.below.min(missing);
        edge.below -= here;
        missing -= here;
        if missing == 0 || edge.at + 1 >= blocks.len() {
            break;
        }
        edge = Bottom { at: edge.at + 1, below: blocks.height(edge.at + 1) };
    }
    edge
}

/// The view after moving `by` lines down; at the end it follows the end.
pub(crate) fn down(blocks: &Blocks<'_>, room: &RoomState, by: usize) -> View {
    let Some(mut edge) = bottom(blocks, room) else { return room.view };
    let mut left = by;
    while left > 0 {
        let here = edge.below.min(left);
        edge.below -= here;
        left -= here;
        if left == 0 {
            break;
        }
        if edge.at + 1 >= blocks.len() {
            break;
        }
        edge = Bottom { at: edge.at + 1, below: blocks.height(edge.at + 1) };
    }
    at_edge(blocks, room, edge)
}

/// The view whose bottom edge is `edge`.
fn at_edge(blocks: &Blocks<'_>, room: &RoomState, edge: Bottom) -> View {
    let is_last = edge.at + 1 >= blocks.len() && edge.below == 0;
    let anchor = match blocks.seq(edge.at) {
        Some(seq) if !(is_last && room.shows_end()) => Anchor::At { seq, below: edge.below },
        _ => Anchor::End,
    };
    View { anchor, ..room.view }
}

/// The view in which the block at `at` is wholly seen (its beginning, when it is longer than the screen), moved as little
/// as possible.
pub(crate) fn revealing(blocks: &Blocks<'_>, room: &RoomState, rows: usize, at: usize) -> View {
    let Some(edge) = bottom(blocks, room) else { return room.view };
    if at > edge.at || (at == edge.at && edge.below > 0) {
        return at_edge(blocks, room, Bottom { at, below: blocks.height(at).saturating_sub(rows) });
    }
    let above: usize = (at..=edge.at).map(|i| blocks.height(i)).take_while_sum(rows + edge.below + 1);
    if above <= rows + edge.below { room.view } else { with_top(blocks, room, rows, at) }
}

/// The view whose first line is the first one of the block at `at`, or that ends at the end.
pub(crate) fn with_top(blocks: &Blocks<'_>, room: &RoomState, rows: usize, at: usize) -> View {
    let mut used = 0;
    for i in at..blocks.len() {
        let height = blocks.height(i);
        if used + height >= rows {
            let edge = Bottom { at: i, below: used + height - rows };
            return at_edge(blocks, room, edge);
        }
        used += height;
    }
    match blocks.len().checked_sub(1) {
        Some(last) => at_edge(blocks, room, Bottom { at: last, below: 0 }),
        None => room.view,
    }
}

trait TakeWhileSum {
    /// The sum, given up once it is `enough`.
    fn take_while_sum(self, enough: usize) -> usize;
}

impl<I: Iterator<Item = usize>> TakeWhileSum for I {
    fn take_while_sum(self, enough: usize) -> usize {
        let mut sum = 0;
        for n in self {
            sum += n;
            if sum >= enough {
                break;
            }
        }
        sum
    }
}
