//! What a loss of power leaves of the files that a process writes: the system calls that write are recorded, and only
//! what an fsync has made safe is kept, with or without some of the rest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Chance;
use crate::inject::{is_dead, until_traced};

/// A change of a file that a disk may or may not have.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Op {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { length: usize },
}

/// A file as it is on the disk for certain, and what is on its way there.
#[derive(Clone, Debug, Default)]
struct File {
    safe: Vec<u8>,
    pending: Vec<Op>,
}

impl File {
    fn apply(&mut self, op: Op) {
        match op {
            Op::Write { offset, bytes } => {
                self.safe.resize(self.safe.len().max(offset + bytes.len()), 0);
                self.safe[offset..offset + bytes.len()].copy_from_slice(&bytes);
            }
            Op::Truncate { length } => self.safe.resize(length, 0),
        }
    }

    fn sync(&mut self) {
        for op in std::mem::take(&mut self.pending) {
            self.apply(op);
        }
    }
}

/// A disk that is watched.
pub(crate) struct DiskTrace {
    tracer: Child,
    pid: u32,
    trace: tempfile::NamedTempFile,
    files: BTreeMap<PathBuf, File>,
}

impl DiskTrace {
    /// Watches what the process writes to these files. It must stand still meanwhile: what the files hold now is taken
    /// as safe.
    pub(crate) async fn of(pid: u32, files: &[PathBuf]) -> Self {
        let trace = tempfile::NamedTempFile::new().expect("a file");
        let read = |path: &PathBuf| {
            let safe = std::fs::read(path).unwrap_or_default();
            (path.clone(), File { safe, pending: Vec::new() })
        };
        let tracer = Command::new("strace")
            .args(["-f", "-qq", "-y", "-xx", "-s", "1000000", "-e", "trace=pwrite64,ftruncate,fsync,fdatasync", "-o"])
            .arg(trace.path())
            .args(["-p", &pid.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("strace does not run ({error}): run `cargo qa tools`"));
        let files = files.iter().map(read).collect();
        until_traced(pid).await;
        Self { tracer, pid, trace, files }
    }

    /// Writes the files as the disk has them after the power was cut: the process must have ended. Of what was on its
    /// way, chance decides what arrived, or that nothing did. Gives how many writes were lost.
    pub(crate) fn cut_power(mut self, chance: &mut Chance) -> usize {
        assert!(is_dead(self.pid), "the process runs");
        let _ = self.tracer.kill();
        let _ = self.tracer.wait();
        let trace = std::fs::read_to_string(self.trace.path()).unwrap_or_default();
        replay(&trace, &mut self.files);
        let (some, mut lost) = (chance.one_in(2), 0);
        for (path, file) in &mut self.files {
            for op in std::mem::take(&mut file.pending) {
                if some && chance.one_in(2) {
                    file.apply(op);
                } else {
                    lost += 1;
                }
            }
            std::fs::write(path, &file.safe).expect("the file is written");
        }
        lost
    }
}

/// Plays the calls of a trace in the order of their ends; an fsync saves what had ended before it began.
fn replay(trace: &str, files: &mut BTreeMap<PathBuf, File>) {
    let mut begun: BTreeMap<&str, &str> = BTreeMap::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if let Some(start) = call.strip_suffix(" <unfinished ...>") {
            begun.insert(thread, start);
        } else if let Some(rest) = call.strip_prefix("<... ") {
            let (Some(start), Some((_, end))) = (begun.remove(thread), rest.split_once(" resumed>")) else { continue };
            ended(&format!("{start}{end}"), files);
        } else {
            ended(call, files);
        }
    }
}

fn ended(call: &str, files: &mut BTreeMap<PathBuf, File>) {
    let Some((name, rest)) = call.split_once('(') else { return };
    let Some((path, rest)) = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>')) else { return };
    let (Some(file), Some((arguments, result))) =
        (files.get_mut(Path::new(&unescape_text(path))), rest.rsplit_once(" = "))
    else {
        return;
    };
    if result.trim().starts_with('-') || result.trim().starts_with('?') {
        return;
    }
    let numbers =
        || arguments.trim().trim_end_matches(')').rsplit(", ").map(|word| word.trim_start_matches(", ").parse());
    match name {
        "pwrite64" => {
            let bytes = arguments.split('"').nth(1).map(unescape).unwrap_or_default();
            if let Some(Ok(offset)) = numbers().next() {
                file.pending.push(Op::Write { offset, bytes });
            }
        }
        "ftruncate" => {
            if let Some(Ok(length)) = numbers().next() {
                file.pending.push(Op::Truncate { length });
            }
        }
        _ => file.sync(),
    }
}

/// `\x61\x62` → `ab`.
fn unescape(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

/// A path, which is escaped as a whole or not at all.
fn unescape_text(text: &str) -> String {
    if text.starts_with("\\x") { String::from_utf8_lossy(&unescape(text)).into_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_synced_is_safe() {
        let trace = r#"7 pwrite64(5</d/a.db-wal>, "\x61\x62", 2, 0) = 2
8 pwrite64(6</d/other>, "\x61\x62", 2, 0) = 2
7 fdatasync(5</d/a.db-wal>) = 0
7 pwrite64(5</d/a.db-wal>, "\x63", 1, 2 <unfinished ...>
8 fdatasync(6</d/other>) = 0
7 <... pwrite64 resumed>) = 1
7 fdatasync(5</d/a.db-wal>) = -1 EIO (Input/output error)
7 pwrite64(5</d/a.db-wal>, "\x64", 1, 3) = 1
7 fdatasync(5</d/a.db-wal>
"#;
        let path = PathBuf::from("/d/a.db-wal");
        let mut files = BTreeMap::from([(path.clone(), File::default())]);
        replay(trace, &mut files);
        let file = files.get_mut(&path).unwrap();
        assert_eq!(file.safe, b"ab");
        assert_eq!(file.pending.len(), 2);
        file.sync();
        assert_eq!(file.safe, b"abcd");
    }
}
