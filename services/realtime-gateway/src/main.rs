//! The gateway as a process of its own: the platform's single URL.

use std::process::ExitCode;

use chatapp_gateway::{Deps, GatewayConfig, build};
use chatapp_service::{Host, Program, RevokedByCall, run};

const PROGRAM: Program = Program { name: "chatapp-gateway", listen: "127.0.0.1:8000", ops_listen: "127.0.0.1:9000" };

fn main() -> ExitCode {
    run(PROGRAM, async |host: &Host, config: GatewayConfig| {
        let revocations = host.revocations(RevokedByCall(host.auth()?));
        build(Deps {
            auth: host.auth()?,
            rooms: host.rooms()?,
            messages: host.messages()?,
            verifier: host.verifier(revocations.clone())?,
            revocations,
            bus: host.bus(),
            clock: host.clock(),
            config,
            shutdown: host.stopping(),
            tasks: host.tasks(),
        })
        .await
    })
}
