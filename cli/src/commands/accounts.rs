//! Logging in and out, who one is, the password.

use chatapp_client::Client;
use chatapp_types::UserRef;
use chatapp_types::auth::{TokenResponse, User};
use serde::Serialize;

use super::asking::{ask, password as ask_password, warn_if_open};
use crate::args::CredentialsArgs;
use crate::clock_text;
use crate::console::{Console, Style};
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};

#[derive(Serialize)]
struct LoggedIn<'a> {
    user: &'a UserRef,
    url: String,
    profile: String,
}

pub(super) async fn login(context: &Context, args: CredentialsArgs) -> Outcome {
    let (client, name, mut console) = begin(context, args.username).await?;
    let password = ask_password(&mut console, "Password: ", args.password_stdin).await?;
    drop(console);
    let answer = client.login(&name, &password).await?;
    finish(context, &client, answer, "Logged in")
}

pub(super) async fn register(context: &Context, args: CredentialsArgs) -> Outcome {
    let (client, name, mut console) = begin(context, args.username).await?;
    let password = ask_password(&mut console, "Choose a password: ", args.password_stdin).await?;
    let is_asked = std::env::var_os("CHAT_PASSWORD").is_none() && !args.password_stdin;
    if is_asked
        && console.is_interactive()
        && ask(&mut console, "Once more: ", Style::Secret).await? != password.expose()
    {
        return Err(Failure::new(Exit::Invalid, "the two passwords differ"));
    }
    drop(console);
    let answer = client.register(&name, &password).await?;
    finish(context, &client, answer, "Registered and logged in")
}

async fn begin(context: &Context, username: Option<String>) -> Outcome<(Client, String, Console)> {
    context.refuse_token()?;
    warn_if_open(context)?;
    let client = Client::anonymous(&context.url()?)?;
    let mut console = Console::for_command()?;
    let name = match username {
        Some(name) => name,
        None => ask(&mut console, "Username: ", Style::Question).await?,
    };
    Ok((client, name.trim().to_owned(), console))
}

fn finish(context: &Context, client: &Client, answer: TokenResponse, done: &str) -> Outcome {
    let user = context.keep(client.url(), answer)?;
    let shown = LoggedIn { user: &user, url: client.url().to_string(), profile: context.profile.to_string() };
    Ok(context.out.done(&shown, |s| format!("{done} as {} at {} (profile {}).", s.user.username, s.url, s.profile))?)
}

pub(super) async fn logout(context: &Context) -> Outcome {
    context.refuse_token()?;
    let client = context.client()?;
    let told = client.logout().await;
    context.forget_log_in()?;
    match told {
        Err(e) if !e.ends_session() => {
            Err(Failure::from(e).with_note("the log-in is forgotten here, but the server was not told"))
        }
        _ => Ok(context.out.remark("Logged out.")?),
    }
}

pub(super) async fn whoami(context: &Context) -> Outcome {
    #[derive(Serialize)]
    struct Me<'a> {
        #[serde(flatten)]
        user: &'a User,
        url: String,
        profile: Option<String>,
    }
    let client = context.client()?;
    let user = client.me().await?;
    let profile = (!context.has_token()).then(|| context.profile.to_string());
    let me = Me { user: &user, url: client.url().to_string(), profile };
    Ok(context.out.value(&me, |m| m.user.user.username.clone())?).and(
        context
            .out
            .remark(&format!("at {}, since {}", client.url(), clock_text::local(user.created_at)))
            .map_err(Into::into),
    )
}

pub(super) async fn password(context: &Context, from_stdin: bool) -> Outcome {
    context.refuse_token()?;
    let client = context.client()?;
    let mut console = Console::for_command()?;
    let current = ask_password(&mut console, "Current password: ", from_stdin).await?;
    let new = ask(&mut console, "New password: ", Style::Secret).await?;
    if console.is_interactive() && ask(&mut console, "Once more: ", Style::Secret).await? != new {
        return Err(Failure::new(Exit::Invalid, "the two passwords differ"));
    }
    drop(console);
    client.change_password(&current, &new.into()).await?;
    Ok(context.out.remark("The password is changed; every other session has ended.")?)
}
