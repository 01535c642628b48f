//! Who is there: the gateway, the name, the password.

use chatapp_client::{Client, ClientError, GatewayUrl};
use chatapp_types::auth::TokenResponse;
use chatapp_types::{ErrorCode, Secret, UserRef, Username};

use super::Leave;
use crate::commands::warn_if_open;
use crate::console::{Console, Input, Style};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::gateway::{answers, is_known, unreachable};

/// Gives a client that is logged in: by the environment's token, by what the profile keeps, or by asking.
pub(super) async fn log_in(context: &Context, console: &mut Console) -> Result<(Client, UserRef), Leave> {
    let url = gateway(context, console).await?;
    if let Some(known) = remembered(context, console).await? {
        return Ok(known);
    }
    warn_if_open(context)?;
    let nobody = Client::anonymous(&url)?;
    loop {
        match enter(&nobody, console).await? {
            Ok(Some((answer, text))) => {
                context.keep(&url, answer)?;
                console.print(text)?;
                let client = context.client()?;
                let me = client.me_ref().await?;
                return Ok((client, me));
            }
            Ok(None) => {}
            Err(e) if console.is_interactive() && !matches!(e, ClientError::Network(_)) => {
                console.print(&Failure::from(e).to_string())?;
            }
            Err(e) => return Err(unreachable(&url, e).into()),
        }
    }
}

/// On a first run a person is asked where the gateway is.
async fn gateway(context: &Context, console: &mut Console) -> Result<GatewayUrl, Leave> {
    if let Some(url) = context.known_url()? {
        return Ok(url);
    }
    while console.is_interactive() {
        let typed = ask(console, &format!("Gateway URL [{}]: ", GatewayUrl::DEFAULT), Style::Question).await?;
        let text = if typed.trim().is_empty() { GatewayUrl::DEFAULT } else { typed.trim() };
        match GatewayUrl::parse(text) {
            Ok(url) => {
                // Kept only once it has answered: a mistyped one would never be asked for again.
                match answers(&url).await {
                    Ok(()) => {
                        context.store.set_url(&context.profile, &url)?;
                        return Ok(url);
                    }
                    Err(failure) => console.print(&failure.to_string())?,
                }
            }
            Err(e) => console.print(&e.to_string())?,
        }
    }
    Ok(context.url()?)
}

/// The log-in that is known already, if it still holds.
async fn remembered(context: &Context, console: &mut Console) -> Result<Option<(Client, UserRef)>, Leave> {
    let Ok(client) = context.client() else { return Ok(None) };
    match client.me().await {
        Ok(me) => {
            console.print(&format!("Logged in as {} at {}.", me.user.username, client.url()))?;
            Ok(Some((client, me.user)))
        }
        Err(e) if e.ends_session() && !context.has_token() => {
            context.forget_log_in()?;
            console.print("The last session has ended.")?;
            Ok(None)
        }
        Err(e @ ClientError::Network(_)) => {
            let Some(me) = client.known_user() else { return Err(unreachable(client.url(), e).into()) };
            let url = client.url();
            console.print(&format!("Logged in as {} at {url}, which cannot be reached now.", me.username))?;
            console.print("What was loaded last can be read; what you write is kept, and sent when it is back.")?;
            Ok(Some((client, me)))
        }
        Err(e) => Err(unreachable(client.url(), e).into()),
    }
}

type Entered = Result<Option<(TokenResponse, &'static str)>, ClientError>;

/// One try: `None` when the person wants to begin again.
async fn enter(nobody: &Client, console: &mut Console) -> Result<Entered, Leave> {
    let name = ask(console, "Enter username: ", Style::Question).await?.trim().to_owned();
    if name.is_empty() {
        return Ok(Ok(None));
    }
    match is_known(nobody, &name).await {
        Ok(Some(true)) => {
            let password = ask(console, "Enter your password: ", Style::Secret).await?;
            Ok(nobody.login(&name, &password.into()).await.map(|answer| Some((answer, LOGGED_IN))))
        }
        Ok(Some(false)) => {
            if let Err(e) = Username::parse(&name) {
                return Ok(Err(e.into()));
            }
            console.print("User not found. Creating new user.")?;
            let password = ask(console, "Choose a password: ", Style::Secret).await?;
            Ok(nobody.register(&name, &password.into()).await.map(|answer| Some((answer, REGISTERED))))
        }
        Ok(None) => by_trying(nobody, console, &name).await,
        Err(e) => Ok(Err(e)),
    }
}

const LOGGED_IN: &str = "Login successful.";
const REGISTERED: &str = "Registered successfully.";

/// Where the gateway does not say who exists: a log-in, and when it fails the offer to register.
async fn by_trying(nobody: &Client, console: &mut Console, name: &str) -> Result<Entered, Leave> {
    let password = Secret::from(ask(console, "Enter your password: ", Style::Secret).await?);
    match nobody.login(name, &password).await {
        Err(e) if e.code() == Some(ErrorCode::InvalidCredentials) => {
            console.print(&Failure::from(e).to_string())?;
            let answer =
                ask(console, &format!("Create the user {name} with this password? [y/N]: "), Style::Question).await?;
            if !is_yes(&answer) {
                return Ok(Ok(None));
            }
            Ok(nobody.register(name, &password).await.map(|answer| Some((answer, REGISTERED))))
        }
        other => Ok(other.map(|answer| Some((answer, LOGGED_IN)))),
    }
}

/// Whether an answer means yes.
pub(super) fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

async fn ask(console: &mut Console, prompt: &str, style: Style) -> Result<String, Leave> {
    match console.ask(prompt, style).await? {
        Input::Line(line) => Ok(line),
        Input::Interrupted | Input::Typing => Err(Leave::Goodbye),
        Input::Ended if console.is_interactive() => Err(Leave::Goodbye),
        Input::Ended => Err(Leave::Failed(Failure::new(Exit::NotLoggedIn, "the input ended before the log-in"))),
    }
}
