//! Reading messages: history and search.

use chatapp_client::api::HistoryPart;
use chatapp_types::limits::PAGE_MAX;

use super::room_id;
use crate::args::HistoryArgs;
use crate::context::Context;
use crate::exit::Outcome;
use crate::lines;

pub(super) async fn history(context: &Context, args: HistoryArgs) -> Outcome {
    let client = context.client()?;
    let part = match (args.before, args.after, args.around) {
        (Some(seq), ..) => HistoryPart::Before(seq),
        (_, Some(seq), _) => HistoryPart::After(seq),
        (.., Some(seq)) => HistoryPart::Around(seq),
        _ => HistoryPart::Latest,
    };
    let page = client.list_messages(room_id(context, &client, &args.room).await?, part, args.limit).await?;
    for message in &page.items {
        context.out.value(message, |m| lines::message(m, args.numbers))?;
    }
    Ok(())
}

pub(super) async fn search(context: &Context, text: &str, room: Option<&str>, limit: u32) -> Outcome {
    let client = context.client()?;
    let room = match room {
        Some(room) => Some(room_id(context, &client, room).await?),
        None => None,
    };
    let (mut left, mut cursor) = (limit, None);
    loop {
        let page = client.search(text, room, cursor.as_ref(), left.min(PAGE_MAX)).await?;
        for hit in page.items.iter().take(left as usize) {
            context.out.value(hit, |h| {
                let name = chatapp_client::sanitize::line(&h.room_name).into_owned();
                format!("{name} {}", lines::message(&h.message, true))
            })?;
        }
        left = left.saturating_sub(u32::try_from(page.items.len()).unwrap_or(u32::MAX));
        cursor = page.next_cursor;
        if left == 0 || cursor.is_none() {
            return Ok(());
        }
    }
}
