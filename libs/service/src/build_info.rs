//! Which build this is.

/// The version, as the package has it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit that was built, or the profile for a development build.
pub const COMMIT: &str = env!("CHATAPP_BUILD_COMMIT");

/// What `--version` prints after the program's name: version, commit (or the profile, for a development build), target.
pub const LONG_VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION"), " (", env!("CHATAPP_BUILD_COMMIT"), ", ", env!("CHATAPP_BUILD_TARGET"), ")");

/// The same in parts, for the operations port.
pub const BUILD: chatapp_http::ops::Build = chatapp_http::ops::Build {
    commit: env!("CHATAPP_BUILD_COMMIT"),
    rustc: env!("CHATAPP_BUILD_RUSTC"),
    profile: env!("CHATAPP_BUILD_PROFILE"),
    target: env!("CHATAPP_BUILD_TARGET"),
};

/// Seconds since the epoch at which the built commit was made; 0 when that is not known. No clock of a machine that
/// runs this build can rightly show an earlier time.
pub fn built_from_commit_at() -> i64 {
    env!("CHATAPP_BUILD_TIME").parse().unwrap_or_default()
}
