//! Sending messages.

use std::io::{self, Read as _};
use std::time::Duration;

use chatapp_client::backoff::Backoff;
use chatapp_client::outbox::Unsent;
use chatapp_client::sending::{NotSent, Sender};
use chatapp_client::{Client, ClientError};
use chatapp_types::limits::BODY_MAX_BYTES;
use chatapp_types::{MessageId, RoomId, SendKey, UserRef};
use tokio::time::Instant;

use super::{message_id, piped, room_id};
use crate::args::SendArgs;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{self, remark};

pub(super) async fn send(context: &Context, args: SendArgs) -> Outcome {
    let client = context.client()?;
    let text = match &args.text {
        _ if args.lines => None,
        Some(text) => Some(text.clone()),
        None => Some(read_all().await?),
    };
    let patience = Duration::try_from(args.patience).unwrap_or_default();
    let to = address(context, &client, &args, Instant::now() + patience).await?;
    let sender = context.sender(&client, &to.author, patience);
    let Some(text) = text else { return piped::send_lines(context, &sender, &to).await };
    // It is kept before anything is sent, so that a failure at an earlier one does not lose it.
    let message = to.keep(context, &sender, args.key.unwrap_or_else(SendKey::new), text)?;
    send_kept(&sender, sender.orphans()?).await?;
    finish(context, &sender, &message).await
}

/// Who sends, and where it goes.
pub(super) struct Address {
    author: UserRef,
    room: RoomId,
    reply_to: Option<MessageId>,
}

impl Address {
    /// Makes a message and keeps it.
    pub(super) fn keep(&self, context: &Context, sender: &Sender, key: SendKey, text: String) -> Outcome<Unsent> {
        Ok(sender.keep(context.clock.as_ref(), self.room, key, text, self.reply_to)?)
    }
}

/// Finds out what must be known before a message can be kept. A room that the gateway cannot be asked for is the one
/// that had the name last; where none is known, it is asked again until `give_up`.
async fn address(context: &Context, client: &Client, args: &SendArgs, give_up: Instant) -> Outcome<Address> {
    let author = patiently(give_up, || client.me_ref()).await?;
    let room = patiently(give_up, || async {
        match room_id(context, client, &args.room).await {
            Err(e) if e.is_transient() => context.known_room(client, &author, &args.room).ok_or(e),
            other => other,
        }
    });
    let room = room.await?;
    let reply_to = match args.reply_to {
        Some(name) => Some(patiently(give_up, || message_id(client, room, name)).await?),
        None => None,
    };
    Ok(Address { author, room, reply_to })
}

/// Repeats a question that gets no answer, until `give_up`; then it says that no message is kept.
async fn patiently<T, F>(give_up: Instant, ask: impl Fn() -> F) -> Outcome<T>
where
    F: Future<Output = Result<T, ClientError>>,
{
    let mut backoff = Backoff::for_requests();
    loop {
        let error = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(e) if e.is_transient() => e,
            Err(e) => return Err(e.into()),
        };
        let wait = error.retry_after().unwrap_or_default().max(backoff.next_wait());
        if Instant::now() + wait > give_up {
            return Err(Failure::from(error).with_note(NOTHING_KEPT));
        }
        tokio::time::sleep(wait).await;
    }
}

const NOTHING_KEPT: &str =
    "nothing was sent and nothing was kept, for it is not known here which room or message is meant";

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

pub(super) const KEPT: &str = "the message is kept and will be sent under its key";

async fn finish(context: &Context, sender: &Sender, message: &Unsent) -> Outcome {
    match sender.send(message).await {
        Ok(posted) => Ok(context.out.done(&posted, |p| format!("Sent as #{}.", p.message.seq))?),
        Err(NotSent { error, kept: true }) => Err(Failure::from(error).with_note(KEPT)),
        Err(NotSent { error, .. }) => Err(error.into()),
    }
}

/// How much of standard input is read: more than a message can hold, and room for line ends behind it.
const READ_MAX: usize = BODY_MAX_BYTES + 64;

/// Standard input as one message.
async fn read_all() -> Outcome<String> {
    let read = tokio::task::spawn_blocking(|| {
        let mut bytes = Vec::new();
        io::stdin().lock().take(READ_MAX as u64).read_to_end(&mut bytes).map(|_| bytes)
    });
    text_of(read.await.map_err(io::Error::other)??)
}

/// What was read as a message, without the line ends behind it.
fn text_of(bytes: Vec<u8>) -> Outcome<String> {
    if bytes.len() >= READ_MAX {
        return Err(Failure::new(Exit::Invalid, format!("the message is longer than {BODY_MAX_BYTES} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| Failure::new(Exit::Invalid, "the message is not UTF-8"))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::cell::Cell;

    use chatapp_types::ErrorCode;

    use super::*;

    #[test]
    fn a_message_from_standard_input_ends_with_its_last_visible_line() {
        assert_eq!(text_of(b"one\n\n two\r\n\n\n".to_vec()).unwrap(), "one\n\n two");
        assert_eq!(text_of(b"one".to_vec()).unwrap(), "one");
    }

    #[test]
    fn what_is_longer_than_a_message_is_not_cut_to_fit() {
        let mut long = b"a".to_vec();
        long.resize(READ_MAX, b'\n');
        assert_eq!(text_of(long).unwrap_err().exit(), Exit::Invalid);
        assert_eq!(text_of("é".repeat(READ_MAX).into_bytes()).unwrap_err().exit(), Exit::Invalid);
    }

    #[tokio::test]
    async fn a_question_without_an_answer_is_repeated_and_then_nothing_is_said_to_be_kept() {
        let asked = Cell::new(0);
        let silent = || async {
            asked.set(asked.get() + 1);
            Err::<(), _>(ClientError::Network("no answer".into()))
        };
        let failure = patiently(Instant::now() + Duration::from_secs(2), silent).await.unwrap_err();
        assert!(asked.get() > 1 && failure.to_string().contains("nothing was kept"), "{failure}");
        assert_eq!(failure.exit(), Exit::Unavailable);
    }

    #[tokio::test]
    async fn a_refusal_is_believed_at_once() {
        let refused = || async { Err::<(), _>(ClientError::from(ErrorCode::RoomNotFound)) };
        let failure = patiently(Instant::now() + Duration::from_secs(30), refused).await.unwrap_err();
        assert_eq!(failure.exit(), Exit::NotAllowed);
    }
}
