//! The line-by-line client: the dialogue of the first ChatApp client, and what has come since.

mod act;
mod attending;
mod followed;
mod listing;
mod login;
mod menu;
mod on_messages;
mod on_rooms;
mod room;
mod session;
mod settling;
#[cfg(test)]
mod testing;
mod typing;
mod view;

use crate::console::Console;
use crate::context::Context;
use crate::exit::{Failure, Outcome};
use session::Session;

/// Why the dialogue is over.
#[derive(Debug)]
pub(crate) enum Leave {
    /// The person wants to go.
    Goodbye,
    /// It cannot go on.
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Leave {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Talks until the person leaves. Ctrl+C and the end of the input are the ordinary ways to leave.
pub(crate) async fn run(context: &Context, poll: bool) -> Outcome {
    let mut console = Console::open(context.settings()?.keymap(false)?)?;
    let over = talk(context, &mut console, poll).await;
    match over {
        Ok(()) | Err(Leave::Goodbye) => Ok(console.print("Goodbye!")?),
        Err(Leave::Failed(failure)) => Err(failure),
    }
}

async fn talk(context: &Context, console: &mut Console, poll: bool) -> Result<(), Leave> {
    let (client, me) = login::log_in(context, console).await?;
    let mut session = Session::start(context, console, client, me, poll).await?;
    let over = menu::run(&mut session).await;
    session.finish(matches!(over, Err(Leave::Failed(_)))).await?;
    over
}
