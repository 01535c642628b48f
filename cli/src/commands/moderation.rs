//! Blocks, secret codes, the audit.

use chatapp_client::{Client, ClientError};
use chatapp_types::rooms::{AuditEvent, Block, BlockRequest, SetSecretCodeRequest};
use chatapp_types::{RoomId, Username};

use super::asking::secret_option;
use super::room_id;
use crate::args::{BlockArgs, CodeArgs};
use crate::clock_text::local;
use crate::context::Context;
use crate::exit::Outcome;

pub(super) async fn block(context: &Context, args: BlockArgs) -> Outcome {
    let user = Username::parse(&args.user)?;
    let until = args.length.map(|length| context.clock.now().plus(length));
    let client = context.client()?;
    let id = room_id(context, &client, &args.room).await?;
    client.block_user(id, &user, &BlockRequest { reason: args.reason, until }).await?;
    let end = until.map_or_else(String::new, |until| format!(" until {}", local(until)));
    Ok(context.out.remark(&format!("{user}: blocked{end}."))?)
}

pub(super) async fn unblock(context: &Context, room: &str, user: &str) -> Outcome {
    let user = Username::parse(user)?;
    let client = context.client()?;
    client.unblock_user(room_id(context, &client, room).await?, &user).await?;
    Ok(context.out.remark(&format!("{user}: unblocked, and may join again."))?)
}

pub(super) async fn list_blocks(context: &Context, room: &str) -> Outcome {
    let client = context.client()?;
    let blocks = all_blocks(&client, room_id(context, &client, room).await?).await?;
    Ok(context.out.list(["NAME", "BY", "AT", "UNTIL", "REASON"], &blocks, block_row)?)
}

fn block_row(b: &Block) -> [String; 5] {
    let until = b.until.map_or_else(|| "lifted".to_owned(), local);
    [b.user.username.clone(), b.by.username.clone(), local(b.at), until, b.reason.clone().unwrap_or_default()]
}

pub(super) async fn audit(context: &Context, room: &str) -> Outcome {
    let client = context.client()?;
    let events = all_acts(&client, room_id(context, &client, room).await?).await?;
    Ok(context.out.list(["AT", "BY", "ACT", "UPON", "DETAIL"], &events, act_row)?)
}

fn act_row(e: &AuditEvent) -> [String; 5] {
    let subject = e.subject.as_ref().map(|s| s.username.clone()).unwrap_or_default();
    [local(e.at), e.actor.username.clone(), e.action.clone(), subject, e.detail.clone().unwrap_or_default()]
}

/// Every block of a room.
pub(crate) async fn all_blocks(client: &Client, room: RoomId) -> Result<Vec<Block>, ClientError> {
    let mut blocks = Vec::new();
    let mut cursor = None;
    loop {
        let page = client.list_blocks(room, cursor.as_ref()).await?;
        blocks.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(blocks);
        }
    }
}

/// Every act of moderation in a room, newest first.
pub(crate) async fn all_acts(client: &Client, room: RoomId) -> Result<Vec<AuditEvent>, ClientError> {
    let mut acts = Vec::new();
    let mut cursor = None;
    loop {
        let page = client.list_audit(room, cursor.as_ref()).await?;
        acts.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(acts);
        }
    }
}

pub(super) async fn code(context: &Context, args: CodeArgs) -> Outcome {
    let client = context.client()?;
    let id = room_id(context, &client, &args.room).await?;
    if args.remove {
        client.remove_secret_code(id).await?;
        return Ok(context.out.remark("No code opens the room any more.")?);
    }
    let request = SetSecretCodeRequest {
        secret_code: secret_option(args.set, "Secret code: ").await?,
        expires_at: args.expires.map(|length| context.clock.now().plus(length)),
        max_uses: args.uses,
    };
    let answer = client.set_secret_code(id, &request).await?;
    context.out.remark("The secret code, shown this once; the one before opens nothing any more:")?;
    Ok(context.out.value(&answer, |a| a.secret_code.expose().to_owned())?)
}
