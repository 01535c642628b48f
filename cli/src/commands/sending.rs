//! Sending messages.

use std::io::{self, Read as _};

use chatapp_client::outbox::Unsent;
use chatapp_client::sending::{NotSent, Sender};
use chatapp_types::limits::BODY_MAX_BYTES;
use chatapp_types::{RoomId, SendKey};

use super::room_id;
use crate::args::SendArgs;
use crate::console::{Console, Input};
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{self, remark};

pub(super) async fn send(context: &Context, args: SendArgs) -> Outcome {
    let client = context.client()?;
    let me = client.me_ref().await?;
    let patience = std::time::Duration::try_from(args.patience).unwrap_or_default();
    let sender = context.sender(&client, &me, patience);
    let room = room_id(&client, &args.room).await?;
    if args.lines {
        send_kept(&sender, sender.orphans()?).await?;
        return send_lines(context, &sender, room, &args).await;
    }
    let text = match args.text {
        Some(ref text) => text.clone(),
        None => read_all().await?,
    };
    // It is kept before anything is sent, so that a failure at an earlier one does not lose it.
    let message = keep(context, &sender, room, text, &args)?;
    send_kept(&sender, sender.orphans()?).await?;
    finish(context, &sender, &message).await
}

/// What earlier runs could not send goes first, so that the order of writing is kept.
pub(super) async fn send_kept(sender: &Sender, kept: Vec<Unsent>) -> Outcome {
    for message in kept {
        match sender.send(&message).await {
            Ok(posted) => remark(&format!("sent a kept message as #{}", posted.message.seq)),
            Err(NotSent { error, kept: false }) => {
                let text = format!("chat: an unsent message was refused and is dropped: {}", Failure::from(error));
                output::complain(&text);
            }
            Err(NotSent { error, kept: true }) => return Err(Failure::from(error).with_note(KEPT)),
        }
    }
    Ok(())
}

const KEPT: &str = "the message is kept and will be sent under its key";

fn keep(context: &Context, sender: &Sender, room: RoomId, text: String, args: &SendArgs) -> Outcome<Unsent> {
    let key = args.key.unwrap_or_else(SendKey::new);
    Ok(sender.keep(context.clock.as_ref(), room, key, text, args.reply_to)?)
}

async fn finish(context: &Context, sender: &Sender, message: &Unsent) -> Outcome {
    match sender.send(message).await {
        Ok(posted) => Ok(context.out.done(&posted, |p| format!("Sent as #{}.", p.message.seq))?),
        Err(NotSent { error, kept: true }) => Err(Failure::from(error).with_note(KEPT)),
        Err(NotSent { error, .. }) => Err(error.into()),
    }
}

/// A message a line. A line that is refused for itself is reported and passed over; anything else ends the sending.
async fn send_lines(context: &Context, sender: &Sender, room: RoomId, args: &SendArgs) -> Outcome {
    let mut input = Console::for_command()?;
    let mut first_refusal = None;
    loop {
        let line = match input.next().await? {
            Input::Line(line) => line,
            Input::Interrupted => return Err(Failure::interrupted()),
            Input::Ended => return first_refusal.map_or(Ok(()), Err),
        };
        if line.trim().is_empty() {
            continue;
        }
        let message = keep(context, sender, room, line, args)?;
        if let Err(failure) = finish(context, sender, &message).await {
            if failure.exit() != Exit::Invalid {
                return Err(failure);
            }
            output::complain(&format!("chat: a line is not sent: {failure}"));
            first_refusal.get_or_insert(failure);
        }
    }
}

/// Standard input as one message, without the line end that `echo` adds. More than a message can hold is not read.
async fn read_all() -> Outcome<String> {
    let read = tokio::task::spawn_blocking(|| {
        let mut bytes = Vec::new();
        io::stdin().lock().take(BODY_MAX_BYTES as u64 + 2).read_to_end(&mut bytes).map(|_| bytes)
    });
    let bytes = read.await.map_err(io::Error::other)??;
    let text = String::from_utf8(bytes).map_err(|_| Failure::new(Exit::Invalid, "the message is not UTF-8"))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}
