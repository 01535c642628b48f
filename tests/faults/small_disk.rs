//! A file system of a few megabytes, which can really be full.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// A file system in memory, gone when the last clone is dropped.
#[derive(Clone, Debug)]
pub(crate) struct SmallDisk(Arc<Mounted>);

#[derive(Debug)]
struct Mounted(tempfile::TempDir);

impl SmallDisk {
    /// One of so many bytes; `None` where nothing may be mounted (not root, or a container).
    pub(crate) fn mount(bytes: usize) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let size = format!("size={bytes},mode=700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(Arc::new(Mounted(folder))))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.0.path()
    }

    /// Takes every byte that is left.
    pub(crate) fn fill(&self) {
        let mut ballast = File::options().append(true).create(true).open(self.ballast()).expect("a file");
        for size in [64 * 1024, 4 * 1024, 1] {
            while ballast.write_all(&vec![0; size]).is_ok() {}
        }
    }

    /// Gives back what was taken.
    pub(crate) fn clear(&self) {
        std::fs::remove_file(self.ballast()).expect("the ballast goes");
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: a process that was killed this moment may still hold a file.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
