//! The REST interface, held against its own description: schemathesis asks what the description allows and what it
//! forbids, and looks at each answer.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use chatapp_testkit::{Platform, Setup, User};

use crate::process;
use crate::python::PythonProgram;
use crate::report::Report;

const TOOL: PythonProgram = PythonProgram { program: "schemathesis", requirement: "schemathesis==4.32.5" };
/// Where the settings are written.
const OUT: &str = "target/qa/api";
/// Calls that would end the session that asks, and the one that is no call.
const ENDING: &str = "logout_session|revoke_session|change_password|delete_me|open_socket";
/// Calls that would take the room away from the rest of the run.
const LEAVING: &str = "delete_room|leave_room|transfer_room";
/// Calls that have to do with no room.
const ROOMLESS: &str = "register_user|login_user|refresh_session|show_root|get_openapi|get_signing_keys";

/// Asks a platform of our own, once by invention alone and once about a room, a member and a message that are there.
pub(crate) fn check(report: &mut Report) -> Result<()> {
    let Some(tool) = TOOL.ensure() else {
        report.skip("schemathesis cannot be installed here, so the REST interface is NOT held against its description");
        return Ok(());
    };
    fs::create_dir_all(OUT).with_context(|| format!("cannot make {OUT}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let platform = runtime.block_on(Setup::default().start());
    let (invented, known) = runtime.block_on(settings(&platform))?;
    ask(&tool, &platform, &invented, ENDING)?;
    ask(&tool, &platform, &known, &format!("{ENDING}|{LEAVING}|{ROOMLESS}"))
}

fn ask(tool: &str, platform: &Platform, settings: &str, left_out: &str) -> Result<()> {
    let (description, left_out) = (format!("{}/openapi.json", platform.url()), format!("^({left_out})$"));
    let arguments = [
        &["--config-file", settings, "run", &description, "--exclude-operation-id-regex", &left_out][..],
        // The same requests every time: a failure here is one for everybody.
        &["--seed", "8", "--max-examples", "15", "--phases", "coverage,fuzzing,stateful", "--continue-on-failure"],
        // No schema says that a cursor is one of ours, or that a password is not in every list of passwords.
        &["--exclude-checks", "positive_data_acceptance", "--suppress-health-check", "all", "--warnings", "off"],
        &["--no-color"],
    ];
    process::run(tool, &arguments.concat())
}

/// The two settings files: a session, and the same with things that are there.
async fn settings(platform: &Platform) -> Result<(String, String)> {
    let (owner, member) = (User::register(platform, "owner").await, User::register(platform, "member").await);
    let room = owner.public_room("den").await;
    member.join(&room).await;
    let message = owner.say(&room, "hello").await;
    let session = format!("headers = {{ Authorization = \"Bearer {}\" }}\n", owner.token);
    let parameters = format!(
        "[parameters]\n\"path.room_id\" = \"{room}\"\n\"path.username\" = \"{}\"\n\"path.message_id\" = {}\n",
        member.name, message["id"]
    );
    let write = |name: &str, text: String| {
        let path = Path::new(OUT).join(name);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        Ok::<_, anyhow::Error>(path.display().to_string())
    };
    Ok((write("invented.toml", session.clone())?, write("known.toml", session + &parameters)?))
}
