//! The services' secrets on disk: what is given, what is there, and what has to be made.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use chatapp_types::Secret;

use crate::screen::Screen;

/// A longer file holds something else than a secret.
const SECRET_MAX_BYTES: u64 = 4_096;

/// A secret that must be there in the end.
pub(super) struct Wanted<'a> {
    /// Its file in the directory of each that holds it.
    pub(super) file: &'a str,
    /// Its file among those that are given.
    pub(super) given: String,
    /// Who holds it.
    pub(super) holders: &'a [&'a str],
}

/// The directories.
pub(super) struct Vault {
    dir: PathBuf,
    given: PathBuf,
    screen: Screen,
}

impl Vault {
    /// The services' directories are in `dir`; what is given, in `given`, which need not exist.
    pub(super) fn new(dir: &Path, given: &Path, screen: Screen) -> Self {
        Self { dir: dir.to_owned(), given: given.to_owned(), screen }
    }

    /// Sees to it that all holders have the secret: the given one, else the one that is there, else what `make` makes.
    /// A given or found one must pass `valid`. Holders that disagree, with none given, are an error: which of the two
    /// is right is not known here.
    pub(super) fn settle(
        &self,
        wanted: &Wanted<'_>,
        valid: impl Fn(&Secret) -> anyhow::Result<()>,
        make: impl FnOnce() -> anyhow::Result<Secret>,
    ) -> anyhow::Result<Secret> {
        let given = self.given.join(&wanted.given);
        let (secret, origin) = if let Some(secret) = read(&given)? {
            valid(&secret).with_context(|| given.display().to_string())?;
            (secret, "given")
        } else if let Some((secret, file)) = self.found(wanted)? {
            valid(&secret).with_context(|| file.display().to_string())?;
            (secret, "kept")
        } else {
            (make()?, "made")
        };
        for holder in wanted.holders {
            self.put(holder, wanted.file, &format!("{}\n", secret.expose()))?;
        }
        self.screen.line(format!("{} of {}: {origin}", wanted.file, wanted.holders.join(", ")));
        Ok(secret)
    }

    /// Writes a file for a service alone, unless it is there with the same content. Whether it was written.
    pub(super) fn put(&self, service: &str, file: &str, content: &str) -> anyhow::Result<bool> {
        let path = self.path(service, file)?;
        let cannot =
            || format!("cannot write {}: does its directory belong to the user that this runs as?", path.display());
        let dir = path.parent().with_context(cannot)?;
        if fs::read_to_string(&path).is_ok_and(|there| there == content) {
            return Ok(false);
        }
        // Written whole under another name, for its owner alone: nobody ever reads half a secret.
        let mut unfinished = tempfile::NamedTempFile::new_in(dir).with_context(cannot)?;
        unfinished.write_all(content.as_bytes()).with_context(cannot)?;
        unfinished.as_file().sync_all().with_context(cannot)?;
        unfinished.persist(&path).map_err(|failed| failed.error).with_context(cannot)?;
        fs::File::open(dir).and_then(|dir| dir.sync_all()).with_context(cannot)?;
        Ok(true)
    }

    /// The path of a service's file, in a directory that exists.
    pub(super) fn path(&self, service: &str, file: &str) -> anyhow::Result<PathBuf> {
        let dir = self.dir.join(service);
        make_private_dir(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        Ok(dir.join(file))
    }

    /// Tells what was done.
    pub(super) fn say(&self, line: &str) {
        self.screen.line(line);
    }

    /// The secret that holders have, and where.
    fn found(&self, wanted: &Wanted<'_>) -> anyhow::Result<Option<(Secret, PathBuf)>> {
        let mut found: Option<(Secret, PathBuf)> = None;
        for holder in wanted.holders {
            let path = self.dir.join(holder).join(wanted.file);
            match (read(&path)?, &found) {
                (Some(secret), Some((other, elsewhere))) if secret != *other => bail!(
                    "{} and {} differ: remove the wrong one, or give the right one as {}",
                    elsewhere.display(),
                    path.display(),
                    self.given.join(&wanted.given).display()
                ),
                (Some(secret), None) => found = Some((secret, path)),
                _ => {}
            }
        }
        Ok(found)
    }
}

/// What the file holds, without blanks around it; `None` when there is no such file.
fn read(path: &Path) -> anyhow::Result<Option<Secret>> {
    match fs::metadata(path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(err) => return Err(err).with_context(|| format!("cannot read {}", path.display())),
        Ok(found) if found.len() > SECRET_MAX_BYTES => bail!("{} is too long for a secret", path.display()),
        Ok(_) => {}
    }
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    match text.trim() {
        "" => bail!("{} is empty", path.display()),
        secret if secret.contains(char::is_control) => bail!("{} has more than one line", path.display()),
        secret => Ok(Some(Secret::new(secret))),
    }
}

fn make_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}
