//! The end of a room's log, and what is to come.

use chatapp_client::Client;
use chatapp_client::live::{Event, FeedConfig, Mode, Transport, start_for};
use chatapp_types::limits::PAGE_MAX;
use chatapp_types::{Entry, RoomId};

use super::room_id;
use crate::args::TailArgs;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::lines;
use crate::output::remark;

pub(super) async fn tail(context: &Context, args: TailArgs) -> Outcome {
    let client = context.client()?;
    let room = room_id(context, &client, &args.room).await?;
    let since = match args.since {
        Some(seq) => seq,
        None => client.read_timeline(room, 0, 1).await?.head.saturating_sub(args.limit),
    };
    if args.follow {
        follow(context, &client, room, since, args.poll).await
    } else {
        show(context, &client, room, since).await
    }
}

async fn show(context: &Context, client: &Client, room: RoomId, mut after: u64) -> Outcome {
    loop {
        let page = client.read_timeline(room, after, PAGE_MAX).await?;
        let Some(last) = page.items.last().map(|e| e.seq) else { return Ok(()) };
        page.items.iter().try_for_each(|e| write(context, e))?;
        after = last;
        if after >= page.head {
            return Ok(());
        }
    }
}

async fn follow(context: &Context, client: &Client, room: RoomId, after: u64, poll: bool) -> Outcome {
    let mode = if poll { Mode::Polling } else { Mode::Auto };
    let config = FeedConfig { mode, ..FeedConfig::default() };
    let (handle, mut events) = start_for(client, config, std::sync::Arc::clone(&context.clock));
    handle.subscribe(room, Some(after)).await;
    while let Some(event) = events.next().await {
        match event {
            Event::Entry(entry) => write(context, &entry)?,
            Event::RoomEnded { .. } => return Err(Failure::new(Exit::NotAllowed, "you can no longer read the room")),
            Event::LoggedOut { reason } => return Err(Failure::new(Exit::NotLoggedIn, reason)),
            Event::Failed { reason } => return Err(Failure::new(Exit::Unavailable, reason)),
            Event::Disconnected { retry_in, reason } => {
                remark(&format!("no connection ({reason}); next try in {} s", retry_in.as_secs_f32().ceil()));
            }
            Event::Connected { transport: Transport::Polling, .. } => remark("WebSockets do not pass; polling"),
            _ => {}
        }
    }
    Err(Failure::new(Exit::Unavailable, "the feed has ended"))
}

fn write(context: &Context, entry: &Entry) -> Outcome {
    if context.out.is_json() {
        return Ok(context.out.json(entry)?);
    }
    match lines::entry(entry, false) {
        Some(line) => Ok(context.out.text(&line)?),
        None => Ok(()),
    }
}
