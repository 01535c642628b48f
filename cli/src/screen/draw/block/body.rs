//! What a message says, as lines: its text with what is marked in it, the quote before it, the remark behind it.

use chatapp_types::MessageId;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::Blocks;
use crate::screen::state::log::Said;
use crate::screen::text;
use crate::screen::theme::Part;
use crate::{lines, links};

/// So many lines of one message are shown at least, and at most, when it is not opened.
const FOLDED: (usize, usize) = (8, 30);

impl Blocks<'_> {
    /// Whether a message is too long to be shown whole among the others.
    pub(crate) fn is_folded(&self, said: &Said) -> bool {
        !said.is_deleted && text::wrap(&text::clean(&said.text), self.text_columns()).len() > self.fold()
    }

    /// Lines that one message may take: two thirds of the screen, or it would push everybody else's from it.
    fn fold(&self) -> usize {
        usize::from(self.state.size.rows * 2 / 3).clamp(FOLDED.0, FOLDED.1)
    }

    /// The lines of a text, with links and one's own name made visible.
    pub(super) fn text(&self, raw: &str, out: &mut Vec<Line<'static>>) {
        let from = out.len();
        self.whole_text(raw, out);
        let count = out.len() - from;
        let fold = self.fold();
        if count > fold {
            out.truncate(from + fold - 1);
            let more = format!("… {} more lines (Esc, ↑, Enter)", count - fold + 1);
            out.push(Line::styled(text::fit(&more, self.text_columns()), self.state.look.theme.style(Part::Dim)));
        }
    }

    fn whole_text(&self, raw: &str, out: &mut Vec<Line<'static>>) {
        let clean = text::clean(raw);
        let marked = self.marked(&clean);
        for range in text::wrap(&clean, self.text_columns()) {
            let mut spans = Vec::new();
            let mut at = range.start;
            for (part, style) in &marked {
                let (from, to) = (part.start.max(at), part.end.min(range.end));
                if from >= to {
                    continue;
                }
                if at < from {
                    spans.push(Span::raw(text::shown(&clean[at..from])));
                }
                spans.push(Span::styled(text::shown(&clean[from..to]), *style));
                at = to;
            }
            spans.push(Span::raw(text::shown(clean[at..range.end].trim_end())));
            out.push(Line::from(spans));
        }
    }

    /// Parts of a text that look otherwise, in order and apart from one another.
    fn marked(&self, clean: &str) -> Vec<(std::ops::Range<usize>, Style)> {
        let theme = &self.state.look.theme;
        let mut found: Vec<_> = links::ranges(clean).into_iter().map(|r| (r, theme.style(Part::Link))).collect();
        if clean.contains('@') {
            let name = format!("@{}", self.state.me.username);
            let ends =
                |at: usize| !clean[at..].chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-');
            for (at, _) in clean.match_indices(&name).filter(|(at, m)| ends(at + m.len())) {
                let range = at..at + name.len();
                if found.iter().all(|(r, _)| r.end <= range.start || range.end <= r.start) {
                    found.push((range, theme.style(Part::Mention)));
                }
            }
            found.sort_by_key(|(r, _)| r.start);
        }
        found
    }

    /// What an answer answers, in one line.
    pub(super) fn quote(&self, id: MessageId) -> Line<'static> {
        let theme = &self.state.look.theme;
        let dim = theme.style(Part::Dim);
        let answered = self.room.log.quoted(id).and_then(|item| Some((item, item.said()?)));
        let (name, text) = match answered {
            Some((item, said)) if !said.is_deleted => (Some(item), lines::snippet(&said.text)),
            Some((item, _)) => (Some(item), "(deleted)".to_owned()),
            None => (None, "an earlier message".to_owned()),
        };
        let mut spans = vec![Span::styled("↳ ", dim)];
        let mut left = self.text_columns().saturating_sub(2);
        if let Some(item) = name {
            let name = format!("{}: ", text::clean_line(&item.author.username));
            left = left.saturating_sub(text::width(&name));
            spans.push(Span::styled(
                name,
                theme.author(item.author.id).remove_modifier(Modifier::BOLD).add_modifier(Modifier::DIM),
            ));
        }
        spans.push(Span::styled(text::fit(&text::clean_line(&text), left), dim));
        Line::from(spans)
    }

    /// Puts a remark behind the text, on a line of its own where it does not fit.
    pub(super) fn append(&self, body: &mut Vec<Line<'static>>, remark: &str, style: Style) {
        match body.last_mut() {
            Some(last) if last.width() + text::width(remark) <= self.text_columns() => {
                last.push_span(Span::styled(remark.to_owned(), style));
            }
            _ => body.push(Line::styled(remark.trim_start().to_owned(), style)),
        }
    }
}
