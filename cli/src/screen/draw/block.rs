//! One item of the conversation as lines: what is drawn, and what is counted when one scrolls.

mod body;

use chatapp_types::Timestamp;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::clock_text;
use crate::screen::state::State;
use crate::screen::state::log::{Item, Said, What};
use crate::screen::state::room::{Fate, Pending, RoomState};
use crate::screen::text;
use crate::screen::theme::Part;

/// Within this time a further message of the same author stands without the name.
const TOGETHER_MS: i64 = 5 * 60 * 1000;
/// Fewer columns are few.
const NARROW: usize = 50;
/// Between name and text: how far one's own message has come stands here too.
const GUTTER: usize = 3;

/// The blocks of a room: its items, then what is pending.
#[derive(Clone, Copy)]
pub(crate) struct Blocks<'a> {
    state: &'a State,
    room: &'a RoomState,
    columns: usize,
}

impl<'a> Blocks<'a> {
    pub(crate) const fn new(state: &'a State, room: &'a RoomState, columns: usize) -> Self {
        Self { state, room, columns }
    }

    pub(crate) fn len(&self) -> usize {
        self.room.log.items().len() + if self.room.shows_pending() { self.room.pending.len() } else { 0 }
    }

    /// The seq of a block; what is pending has none.
    pub(crate) fn seq(&self, at: usize) -> Option<u64> {
        self.room.log.items().get(at).map(|item| item.seq)
    }

    pub(crate) fn height(&self, at: usize) -> usize {
        self.lines(at).len()
    }

    /// The lines of a block.
    pub(crate) fn lines(&self, at: usize) -> Vec<Line<'static>> {
        let items = self.room.log.items();
        if let Some(item) = items.get(at) {
            return self.item(item, at.checked_sub(1).and_then(|before| items.get(before)));
        }
        let before = if at == items.len() { items.back() } else { None };
        self.room.pending.get(at - items.len()).map(|p| self.pending(p, before)).unwrap_or_default()
    }

    fn item(&self, item: &Item, before: Option<&Item>) -> Vec<Line<'static>> {
        let mut out = self.separators(item, before);
        let first = out.len();
        match &item.what {
            What::Happened(what) => self.happened(item, what, &mut out),
            What::Said(said) => self.said(item, said, before.filter(|_| first == 0), &mut out),
        }
        if self.room.view.chosen == Some(item.seq) {
            let style = self.state.look.theme.style(Part::Selected);
            for line in &mut out[first..] {
                *line = std::mem::take(line).patch_style(style);
            }
        }
        out
    }

    /// What stands between this item and the one before: another day, the line up to which one has read.
    fn separators(&self, item: &Item, before: Option<&Item>) -> Vec<Line<'static>> {
        let mut out = Vec::new();
        let day = |at: Timestamp| clock_text::day(at, &self.state.zone);
        let today = day(item.at);
        let is_beginning = before.is_none() && !self.room.log.has_older();
        if before.map_or(is_beginning, |b| day(b.at) != today) {
            out.push(self.rule(&today, Part::Day));
        }
        let is_here = self.room.line.is_some_and(|line| item.seq > line && before.is_none_or(|b| b.seq <= line));
        if is_here && (before.is_some() || self.room.line.is_some_and(|line| line + 1 >= self.room.log.first())) {
            out.push(self.rule("new", Part::Unread));
        }
        out
    }

    fn rule(&self, title: &str, part: Part) -> Line<'static> {
        let title = format!(" {title} ");
        let left = self.columns.saturating_sub(text::width(&title)) / 2;
        let right = self.columns.saturating_sub(left + text::width(&title));
        let text = format!("{}{title}{}", "─".repeat(left), "─".repeat(right));
        Line::styled(text::fit(&text, self.columns), self.state.look.theme.style(part))
    }

    fn happened(&self, item: &Item, what: &str, out: &mut Vec<Line<'static>>) {
        let theme = &self.state.look.theme;
        let style = theme.style(Part::Event);
        // Where there is little room, what happened stands under the names too.
        let indent = if self.columns < NARROW { self.time_columns() + 2 } else { self.indent() };
        let time = self.time(item);
        let clean = text::clean_line(what);
        for (n, range) in text::wrap(&clean, self.columns.saturating_sub(indent)).into_iter().enumerate() {
            let time = if n == 0 { time.as_str() } else { "" };
            let head = text::padded(time, indent - 2);
            let mark = if n == 0 { "∙ " } else { "  " };
            out.push(Line::from(vec![
                Span::styled(head, theme.style(Part::Time)),
                Span::styled(format!("{mark}{}", text::shown(clean[range].trim_end())), style),
            ]));
        }
    }

    fn said(&self, item: &Item, said: &Said, before: Option<&Item>, out: &mut Vec<Line<'static>>) {
        let theme = &self.state.look.theme;
        let follows = before.is_some_and(|b| {
            b.said().is_some() && b.author.id == item.author.id && item.at.millis() - b.at.millis() < TOGETHER_MS
        });
        let is_mine = item.author.id == self.state.me.id;
        let head = Head {
            time: self.time(item),
            name: if follows && said.reply_to.is_none() {
                String::new()
            } else {
                text::clean_line(&item.author.username)
            },
            name_style: theme.author(item.author.id),
            mark: if is_mine { "✓" } else { " " },
            mark_style: theme.style(Part::Dim),
            bar: if said.names_me { Some(theme.style(Part::Mention)) } else { None },
        };
        let mut body = Vec::new();
        if let Some(id) = said.reply_to {
            body.push(self.quote(id));
        }
        if said.is_deleted {
            body.push(Line::styled("(deleted)", theme.style(Part::Event)));
        } else {
            self.text(&said.text, &mut body);
        }
        if said.is_edited && !said.is_deleted {
            self.append(&mut body, " (edited)", theme.style(Part::Dim));
        }
        self.with_head(&head, body, out);
    }

    fn pending(&self, pending: &Pending, before: Option<&Item>) -> Vec<Line<'static>> {
        let theme = &self.state.look.theme;
        let (mark, mark_style) = match &pending.fate {
            Fate::Sending => ("…", theme.style(Part::Warning)),
            Fate::Sent(_) => ("✓", theme.style(Part::Dim)),
            Fate::Failed(_) => ("✗", theme.style(Part::Error)),
        };
        let follows = before.is_some_and(|b| b.said().is_some() && b.author.id == self.state.me.id);
        let head = Head {
            time: clock_text::hour(pending.at, &self.state.zone),
            name: if follows { String::new() } else { text::clean_line(&self.state.me.username) },
            name_style: theme.author(self.state.me.id),
            mark,
            mark_style,
            bar: None,
        };
        let mut body = Vec::new();
        if let Some(id) = pending.reply_to {
            body.push(self.quote(id));
        }
        self.text(&pending.text, &mut body);
        match &pending.fate {
            Fate::Sending => self.append(&mut body, " (sending)", theme.style(Part::Dim)),
            Fate::Sent(_) => {}
            Fate::Failed(why) => {
                let why = text::clean_line(&format!("not sent: {why} – :retry or :drop"));
                for range in text::wrap(&why, self.text_columns()) {
                    body.push(Line::styled(why[range].to_owned(), theme.style(Part::Error)));
                }
            }
        }
        let mut out = Vec::new();
        self.with_head(&head, body, &mut out);
        out
    }

    /// Puts time and name before the first line, and blanks before the others.
    fn with_head(&self, head: &Head, body: Vec<Line<'static>>, out: &mut Vec<Line<'static>>) {
        let theme = &self.state.look.theme;
        let names = self.name_columns();
        let bar = head.bar.unwrap_or_else(|| theme.style(Part::Dim));
        let sign = if head.bar.is_some() { "┃ " } else { "│ " };
        for (n, line) in body.into_iter().enumerate() {
            let (time, name, mark) =
                if n == 0 { (head.time.as_str(), head.name.as_str(), head.mark) } else { ("", "", " ") };
            let mut spans = vec![
                Span::styled(text::padded(time, self.time_columns()), theme.style(Part::Time)),
                Span::styled(text::padded_left(name, names), head.name_style),
                Span::styled(mark.to_owned(), head.mark_style),
                Span::styled(sign, bar),
            ];
            spans.extend(line.spans.into_iter().map(|s| Span::styled(s.content, line.style.patch(s.style))));
            out.push(Line::from(spans));
        }
    }

    fn time(&self, item: &Item) -> String {
        if self.state.look.is_numbered { format!("#{}", item.seq) } else { clock_text::hour(item.at, &self.state.zone) }
    }

    fn time_columns(&self) -> usize {
        if self.state.look.is_numbered { self.room.head.max(1).to_string().len().max(4) + 2 } else { 6 }
    }

    fn name_columns(&self) -> usize {
        match self.columns {
            ..NARROW => 8,
            NARROW..70 => 10,
            70..110 => 12,
            _ => 16,
        }
    }

    /// Columns before the text.
    fn indent(&self) -> usize {
        self.time_columns() + self.name_columns() + GUTTER
    }

    fn text_columns(&self) -> usize {
        self.columns.saturating_sub(self.indent()).max(8)
    }
}

/// What stands before a message.
struct Head {
    time: String,
    name: String,
    name_style: Style,
    mark: &'static str,
    mark_style: Style,
    bar: Option<Style>,
}
