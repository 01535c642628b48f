//! The auth service as a process of its own.

use std::process::ExitCode;

use chatapp_auth::{AuthConfig, Deps, build};
use chatapp_service::{Host, Program, run};

const PROGRAM: Program = Program { name: "chatapp-auth", listen: "127.0.0.1:8001", ops_listen: "127.0.0.1:9001" };

fn main() -> ExitCode {
    run(PROGRAM, async |host: &Host, config: AuthConfig| {
        build(Deps {
            db: host.database().await?,
            bus: host.bus(),
            clock: host.clock(),
            secret: host.secret(),
            config,
            shutdown: host.background(),
            tasks: host.tasks(),
        })
        .await
    })
}
