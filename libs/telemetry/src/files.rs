//! Files that the log is written to: a new one each day and whenever one has grown too large, and the oldest removed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use time::Date;

/// A log in files named `2026-11-22.chatapp-rooms.log`, `2026-11-22.1.chatapp-rooms.log`, … (days in UTC).
///
/// The day comes first and the service's name is whole, so that the files of `chatapp` are not taken for those of
/// `chatapp-rooms`. A process that starts again goes on in the last file of the day.
pub(crate) struct LogFiles {
    dir: PathBuf,
    service: String,
    keep: usize,
    max_bytes: u64,
    today: fn() -> Date,
    open: Option<Open>,
}

struct Open {
    file: File,
    day: Date,
    number: u32,
    bytes: u64,
}

impl LogFiles {
    /// Opens today's file in `dir`. `keep` files are kept, 0 keeps all; a file is no longer than `max_bytes` (and one
    /// line), 0 means no limit.
    pub(crate) fn open(dir: &Path, service: &str, keep: usize, max_bytes: u64) -> io::Result<Self> {
        Self::with_days(dir, service, keep, max_bytes, || crate::present::now().date())
    }

    fn with_days(dir: &Path, service: &str, keep: usize, max_bytes: u64, today: fn() -> Date) -> io::Result<Self> {
        let (dir, service) = (dir.to_owned(), service.to_owned());
        let mut files = Self { dir, service, keep, max_bytes, today, open: None };
        let day = today();
        let number = files.list()?.into_iter().filter(|(d, _)| *d == day).map(|(_, number)| number).max().unwrap_or(0);
        files.begin(day, number)?;
        Ok(files)
    }

    fn begin(&mut self, day: Date, number: u32) -> io::Result<()> {
        let file = OpenOptions::new().create(true).append(true).open(self.dir.join(self.name(day, number)))?;
        let bytes = file.metadata()?.len();
        self.open = Some(Open { file, day, number, bytes });
        self.remove_old();
        Ok(())
    }

    fn name(&self, day: Date, number: u32) -> String {
        let number = if number == 0 { String::new() } else { format!(".{number}") };
        format!("{day}{number}.{}.log", self.service)
    }

    /// The files of this service, in no order.
    fn list(&self) -> io::Result<Vec<(Date, u32)>> {
        let names = fs::read_dir(&self.dir)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.filter_map(|name| self.read_name(&name)).collect())
    }

    fn read_name(&self, name: &str) -> Option<(Date, u32)> {
        let name = name.strip_suffix(".log")?.strip_suffix(&self.service)?.strip_suffix('.')?;
        let (day, number) = match name.split_once('.') {
            Some((day, number)) => (day, number.parse().ok()?),
            None => (name, 0),
        };
        let day = Date::parse(day, time::macros::format_description!("[year]-[month]-[day]")).ok()?;
        Some((day, number))
    }

    /// A file that cannot be removed is tried again with the next new one.
    fn remove_old(&self) {
        let Ok(mut all) = self.list() else { return };
        if self.keep == 0 || all.len() <= self.keep {
            return;
        }
        all.sort_unstable();
        for (day, number) in &all[..all.len() - self.keep] {
            let _ = fs::remove_file(self.dir.join(self.name(*day, *number)));
        }
    }
}

impl Write for LogFiles {
    /// Writes a line, whole and into one file.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let today = (self.today)();
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        let next = match &self.open {
            Some(open) if open.day != today => Some((today, 0)),
            Some(open)
                if self.max_bytes > 0 && open.bytes > 0 && open.bytes.saturating_add(length) > self.max_bytes =>
            {
                Some((today, open.number + 1))
            }
            _ => None,
        };
        if let Some((day, number)) = next {
            // When no other can be made, the one that is open goes on: better long than lost.
            let _ = self.begin(day, number);
        }
        let Some(open) = &mut self.open else { return Err(io::Error::other("no log file is open")) };
        open.file.write_all(line)?;
        open.bytes += length;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open.as_mut().map_or(Ok(()), |open| open.file.flush())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use time::Duration;
    use time::macros::date;

    use super::*;

    thread_local! {
        static TODAY: Cell<Date> = const { Cell::new(date!(2026 - 11 - 22)) };
    }

    fn open(dir: &Path, keep: usize, max_bytes: u64) -> LogFiles {
        LogFiles::with_days(dir, "chatapp", keep, max_bytes, || TODAY.get()).unwrap()
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_that_would_grow_too_large_is_followed_by_another() {
        let dir = tempfile::tempdir().unwrap();
        let mut files = open(dir.path(), 0, 25);
        for n in 0..5 {
            files.write_all(format!("line {n:04}\n").as_bytes()).unwrap();
        }
        assert_eq!(
            names(dir.path()),
            ["2026-11-22.1.chatapp.log", "2026-11-22.2.chatapp.log", "2026-11-22.chatapp.log"]
        );
        assert_eq!(fs::read_to_string(dir.path().join("2026-11-22.1.chatapp.log")).unwrap(), "line 0002\nline 0003\n");
    }

    #[test]
    fn a_process_that_starts_again_goes_on_in_the_last_file() {
        let dir = tempfile::tempdir().unwrap();
        for n in 0..3 {
            open(dir.path(), 0, 25).write_all(format!("line {n:04}\n").as_bytes()).unwrap();
        }
        assert_eq!(names(dir.path()), ["2026-11-22.1.chatapp.log", "2026-11-22.chatapp.log"]);
    }

    #[test]
    fn a_new_day_begins_a_new_file_and_the_oldest_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("2020-01-01.chatapp-rooms.log"), "another's").unwrap();
        let mut files = open(dir.path(), 2, 10);
        for _ in 0..3 {
            files.write_all(b"0123456789\n").unwrap();
        }
        TODAY.set(TODAY.get() + Duration::days(1));
        files.write_all(b"tomorrow\n").unwrap();
        assert_eq!(
            names(dir.path()),
            ["2020-01-01.chatapp-rooms.log", "2026-11-22.2.chatapp.log", "2026-11-23.chatapp.log"]
        );
    }

    #[test]
    fn a_line_that_is_longer_than_a_file_may_be_is_whole_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path(), 0, 4).write_all(b"a long line\n").unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("2026-11-22.chatapp.log")).unwrap(), "a long line\n");
    }
}
