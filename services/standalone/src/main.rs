//! The platform in one process, and the operator's commands.

use std::process::ExitCode;

/// Smaller and faster than the system's for many small, short-lived values of many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    chatapp::main(std::env::args_os())
}
