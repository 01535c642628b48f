//! The rooms service as a process of its own.

use std::process::ExitCode;

use chatapp_rooms::{Deps, RoomsConfig, build};
use chatapp_service::{Host, Program, RevokedByView, run};

const PROGRAM: Program = Program { name: "chatapp-rooms", listen: "127.0.0.1:8002", ops_listen: "127.0.0.1:9002" };

fn main() -> ExitCode {
    run(PROGRAM, async |host: &Host, config: RoomsConfig| {
        let db = host.database().await?;
        let revocations = host.revocations(RevokedByView(db.clone()));
        build(Deps {
            db,
            bus: host.bus(),
            clock: host.clock(),
            secret: host.secret(),
            verifier: host.verifier(revocations)?,
            config,
            shutdown: host.background(),
            tasks: host.tasks(),
        })
        .await
    })
}
