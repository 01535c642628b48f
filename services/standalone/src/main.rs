//! The platform in one process, and the operator's commands.

use std::process::ExitCode;

/// As fast as the system's here, and holds half as much after a burst of log-ins and sockets. It must not ask for huge
/// pages (the feature `no_thp`): with them the process holds 12 MiB more at rest.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    chatapp::main(std::env::args_os())
}
