//! The one secret that all others are derived from.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use aws_lc_rs::{hkdf, rand};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Characters of the file beyond which it is something else.
const FILE_MAX_BYTES: u64 = 1_024;

/// 32 random bytes. Keys for single purposes are derived from it, so that one file has to be kept.
#[derive(Clone)]
pub struct MasterSecret([u8; 32]);

impl MasterSecret {
    /// A new one, from the operating system's generator.
    ///
    /// # Panics
    /// When that generator fails, which leaves no safe way to go on.
    pub fn generate() -> Self {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).expect("the operating system gives random bytes");
        Self(bytes)
    }

    /// From base64 of exactly 32 bytes; blanks around it are ignored.
    pub fn from_base64(text: &str) -> io::Result<Self> {
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, "the secret is not 32 bytes in base64");
        let bytes = STANDARD.decode(text.trim()).map_err(|_| wrong())?;
        bytes.try_into().map(Self).map_err(|_| wrong())
    }

    /// Reads the file, or makes it (base64, mode 0600) when there is none. Of two processes that start at once, one
    /// makes it and both use it. Fails when it is no secret, or others than its owner can read it; a file of root's that
    /// a group may read and nobody may write passes, for orchestrators mount secrets so.
    pub fn load_or_create(path: &Path) -> io::Result<Self> {
        match Self::load(path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => {}
            loaded => return loaded,
        }
        match Self::create(path) {
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists => Self::load(path),
            created => created,
        }
    }

    /// A key for one purpose (HKDF-SHA-256). The same purpose gives the same key; other purposes tell nothing of it.
    ///
    /// # Panics
    /// Never: the lengths are fixed and within what HKDF allows.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"chatapp")
            .extract(&self.0)
            .expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut key))
            .expect("32 bytes are within HKDF's limits");
        key
    }

    fn load(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        refuse_readable_by_others(&file, path)?;
        let mut text = String::new();
        file.take(FILE_MAX_BYTES).read_to_string(&mut text)?;
        Self::from_base64(&text).map_err(|err| io::Error::new(err.kind(), format!("{}: {err}", path.display())))
    }

    /// Written whole under another name and then linked, so that nobody ever reads half a secret.
    fn create(path: &Path) -> io::Result<Self> {
        let secret = Self::generate();
        let unfinished = path.with_extension(format!("{}.new", uuid::Uuid::now_v7().simple()));
        let result = write_private(&unfinished, &STANDARD.encode(secret.0))
            .and_then(|()| std::fs::hard_link(&unfinished, path))
            .and_then(|()| sync_parent(path));
        let _ = std::fs::remove_file(&unfinished);
        result.map(|()| secret)
    }
}

impl std::fmt::Debug for MasterSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

/// A secret whose name is lost in a power cut would be made anew, and every derived key with it.
fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// How an orchestrator mounts a secret: it is root's, nobody may write it, and the process reads it by its group.
#[cfg(unix)]
const MOUNTED: u32 = 0o440;

#[cfg(unix)]
fn refuse_readable_by_others(file: &File, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = file.metadata()?;
    let mode = metadata.permissions().mode() & 0o777;
    let (others, mounted) = (mode & 0o077, metadata.uid() == 0 && mode == MOUNTED);
    if others == 0 || mounted {
        return Ok(());
    }
    let text = format!("{} can be read by others (mode {mode:03o}): run `chmod 600` on it", path.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
}

#[cfg(not(unix))]
fn refuse_readable_by_others(_file: &File, _path: &Path) -> io::Result<()> {
    Ok(())
}
