//! What a command asks of the person, or takes from standard input.

use chatapp_types::Secret;

use crate::console::{Console, Input, Style};
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::output;

const PASSWORD_VARIABLE: &str = "CHAT_PASSWORD";

/// One answer. Without a person to ask, a line of standard input.
pub(super) async fn ask(console: &mut Console, prompt: &str, style: Style) -> Outcome<String> {
    match console.ask(prompt, style).await? {
        Input::Line(line) => Ok(line),
        Input::Interrupted | Input::Typing => Err(Failure::interrupted()),
        Input::Ended => Err(Failure::usage(format!("no more input, but it takes an answer to: {}", prompt.trim_end()))),
    }
}

/// A password: from the environment, else asked for.
pub(super) async fn password(console: &mut Console, prompt: &str, from_stdin: bool) -> Outcome<Secret> {
    let given = std::env::var(PASSWORD_VARIABLE).ok().filter(|p| !p.is_empty());
    let text = match given.filter(|_| !from_stdin) {
        Some(text) => text,
        None => ask(console, prompt, Style::Secret).await?,
    };
    if text.is_empty() {
        return Err(Failure::new(Exit::Invalid, "the password is empty"));
    }
    Ok(Secret::from(text))
}

/// A secret given as an option; `-` means a line of standard input, where other users of the machine cannot see it.
pub(super) async fn secret_option(given: Option<String>, prompt: &str) -> Outcome<Option<Secret>> {
    match given.as_deref() {
        Some("-") => Ok(Some(ask(&mut Console::for_command()?, prompt, Style::Secret).await?.into())),
        _ => Ok(given.map(Secret::from)),
    }
}

/// Says so when a password is about to travel unencrypted to another machine.
pub(crate) fn warn_if_open(context: &Context) -> Outcome {
    let url = context.url()?;
    if !url.is_encrypted() && !url.is_loopback() {
        output::complain(&format!("chat: warning: the connection to {url} is not encrypted"));
    }
    Ok(())
}
