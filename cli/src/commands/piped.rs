//! A message for each line of standard input.

use std::collections::VecDeque;
use std::time::Duration;

use chatapp_client::outbox::Unsent;
use chatapp_client::sending::{NotSent, Sender};
use chatapp_types::SendKey;
use tokio::time::Instant;

use super::sending::{Address, KEPT, send_kept};
use crate::console::{Console, Input};
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::output;

/// How long lines are only kept after a send got no answer.
const PAUSE: Duration = Duration::from_secs(5);

/// Sends a message a line. Every line that was read is kept first, also while nothing can be sent. A line that is
/// refused for itself is reported and passed over; a refusal of them all ends the sending.
pub(super) async fn send_lines(context: &Context, sender: &Sender, to: &Address) -> Outcome {
    let mut input = Console::for_command()?;
    let mut lines = Lines { context, sender, waiting: VecDeque::new(), stuck: None, first_refusal: None };
    lines.send_orphans().await?;
    loop {
        let line = match input.next().await? {
            Input::Line(line) => line,
            Input::Typing => continue,
            Input::Interrupted => return Err(Failure::interrupted()),
            Input::Ended => return lines.outcome(),
        };
        if !line.trim().is_empty() {
            lines.waiting.push_back(to.keep(context, sender, SendKey::new(), line)?);
            lines.send_waiting().await?;
        }
    }
}

struct Lines<'a> {
    context: &'a Context,
    sender: &'a Sender,
    /// Kept and not yet sent, in order.
    waiting: VecDeque<Unsent>,
    /// Why nothing can be sent, and when to try again.
    stuck: Option<(Failure, Instant)>,
    first_refusal: Option<Failure>,
}

impl Lines<'_> {
    /// What earlier runs could not send goes first.
    async fn send_orphans(&mut self) -> Outcome {
        let sent = send_kept(self.sender, self.sender.orphans()?).await;
        self.stuck = sent.err().map(|failure| (failure, Instant::now() + PAUSE));
        Ok(())
    }

    async fn send_waiting(&mut self) -> Outcome {
        match &self.stuck {
            Some((_, again_at)) if Instant::now() < *again_at => return Ok(()),
            Some(_) => self.send_orphans().await?,
            None => {}
        }
        while self.stuck.is_none()
            && let Some(message) = self.waiting.pop_front()
        {
            match self.sender.send(&message).await {
                Ok(posted) => self.context.out.done(&posted, |p| format!("Sent as #{}.", p.message.seq))?,
                Err(NotSent { error, kept: true }) => {
                    self.waiting.push_front(message);
                    self.stuck = Some((Failure::from(error).with_note(KEPT), Instant::now() + PAUSE));
                }
                Err(NotSent { error, kept: false }) => self.refused(error.into())?,
            }
        }
        Ok(())
    }

    fn refused(&mut self, failure: Failure) -> Outcome {
        if failure.exit() != Exit::Invalid {
            return Err(failure);
        }
        output::complain(&format!("chat: a line is not sent: {failure}"));
        self.first_refusal.get_or_insert(failure);
        Ok(())
    }

    fn outcome(self) -> Outcome {
        self.stuck.map(|(failure, _)| failure).or(self.first_refusal).map_or(Ok(()), Err)
    }
}
