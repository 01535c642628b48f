//! What commands write to standard output.
//!
//! Every text goes through the sanitiser here, whatever it is made of, so nothing that came from the server can reach
//! the terminal as it came.

use std::io::{self, IsTerminal as _, Write};

use chatapp_client::sanitize;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

/// Standard output, in the form that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    as_json: bool,
    to_terminal: bool,
}

// Writing goes through a value, so that it is seen who writes, also where the form makes no difference.
#[allow(clippy::unused_self)]
impl Output {
    pub(crate) fn new(as_json: bool) -> Self {
        Self { as_json, to_terminal: io::stdout().is_terminal() }
    }

    pub(crate) const fn is_json(self) -> bool {
        self.as_json
    }

    /// A text for people, of one or more lines.
    pub(crate) fn text(self, text: &str) -> io::Result<()> {
        write_line(&sanitize::multiline(text))
    }

    /// A remark for people that a script has no use for: written to a terminal only.
    pub(crate) fn remark(self, text: &str) -> io::Result<()> {
        if self.to_terminal && !self.as_json { self.text(text) } else { Ok(()) }
    }

    /// A value as one line of JSON.
    pub(crate) fn json(self, value: &impl Serialize) -> io::Result<()> {
        write_line(&sanitize::json(&serde_json::to_string(value)?))
    }

    /// A value as JSON, or what `text` makes of it for people.
    pub(crate) fn value<T: Serialize>(self, value: &T, text: impl FnOnce(&T) -> String) -> io::Result<()> {
        if self.as_json { self.json(value) } else { self.text(&text(value)) }
    }

    /// A value as JSON, or a remark for people.
    pub(crate) fn done<T: Serialize>(self, value: &T, remark: impl FnOnce(&T) -> String) -> io::Result<()> {
        if self.as_json { self.json(value) } else { self.remark(&remark(value)) }
    }

    /// A list: a line of JSON each; for people a table with a header on a terminal, and tab-separated values elsewhere.
    pub(crate) fn list<T: Serialize, const N: usize>(
        self,
        header: [&str; N],
        items: &[T],
        row: impl Fn(&T) -> [String; N],
    ) -> io::Result<()> {
        if self.as_json {
            return items.iter().try_for_each(|item| self.json(item));
        }
        let rows: Vec<[String; N]> =
            items.iter().map(|item| row(item).map(|c| sanitize::line(&c).into_owned())).collect();
        let text = if self.to_terminal { table(header, &rows) } else { rows.iter().map(|r| r.join("\t")).collect() };
        text.iter().try_for_each(|line| write_line(line))
    }
}

/// A line on standard error. That nobody reads it is no failure.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// What a person likes to know and a script need not: a line on standard error, if that is a terminal.
pub(crate) fn remark(text: &str) {
    if io::stderr().is_terminal() {
        complain(&format!("chat: {}", sanitize::line(text)));
    }
}

fn write_line(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.write_all(b"\n")?;
    stdout.flush()
}

/// Columns as wide as their widest cell, the last one ragged.
fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let mut widths = header.map(UnicodeWidthStr::width);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let line = |cells: [&str; N]| {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width + 2 - cell.width()));
        }
        line.trim_end().to_owned()
    };
    let header = line(header);
    std::iter::once(header).chain(rows.iter().map(|row| line(row.each_ref().map(String::as_str)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_also_for_wide_characters() {
        let rows = [["漢字".to_owned(), "x".to_owned()], ["general".to_owned(), "y".to_owned()]];
        assert_eq!(table(["NAME", "ROLE"], &rows), ["NAME     ROLE", "漢字     x", "general  y"]);
    }

    #[test]
    fn an_empty_list_has_no_header() {
        assert_eq!(table(["NAME"], &[]), [] as [&str; 0]);
    }
}
