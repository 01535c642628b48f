//! Where the built binaries are.

use std::path::PathBuf;

/// The path of a built binary of this workspace (`chatapp`, `chat`), beside the test that runs.
///
/// Panics with what to do when it was not built.
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the running test has a path");
    // target/<profile>/deps/<test> or target/<profile>/<tool>
    let beside = test.ancestors().skip(1).take(2).map(|dir| dir.join(name)).find(|path| path.is_file());
    beside.unwrap_or_else(|| {
        panic!("{name} is not built beside {}: run `cargo build --workspace --bins`", test.display())
    })
}
