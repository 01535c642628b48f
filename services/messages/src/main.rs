//! The messages service as a process of its own.

use std::process::ExitCode;

use chatapp_messages::{Deps, MessagesConfig, build};
use chatapp_service::{Host, Program, RevokedByView, run};

const PROGRAM: Program = Program { name: "chatapp-messages", listen: "127.0.0.1:8003", ops_listen: "127.0.0.1:9003" };

fn main() -> ExitCode {
    run(PROGRAM, async |host: &Host, config: MessagesConfig| {
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
