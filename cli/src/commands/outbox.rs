//! Messages that could not be sent yet.

use std::time::Duration;

use super::sending::send_kept;
use crate::args::OutboxCommand;
use crate::clock_text::local;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::lines::snippet;

const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn run(context: &Context, command: OutboxCommand) -> Outcome {
    let client = context.client()?;
    let me = client.me_ref().await?;
    let sender = context.sender(&client, &me, PATIENCE);
    match command {
        OutboxCommand::List => {
            let unsent = sender.unsent()?;
            Ok(context.out.list(["KEY", "WRITTEN", "ROOM", "TEXT"], &unsent, |m| {
                [m.key.to_string(), local(m.queued_at), m.room_id.to_string(), snippet(&m.body)]
            })?)
        }
        OutboxCommand::Send => send_kept(&sender, sender.unsent()?).await,
        OutboxCommand::Drop { key } => {
            if sender.unsent()?.iter().all(|m| m.key != key) {
                return Err(Failure::new(Exit::NotAllowed, "there is no unsent message with this key"));
            }
            sender.forget(key)?;
            Ok(context.out.remark("Dropped.")?)
        }
    }
}
