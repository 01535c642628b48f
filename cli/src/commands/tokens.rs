//! Sessions and tokens for scripts.

use chatapp_types::SessionId;
use chatapp_types::auth::{ApiToken, CreateApiTokenRequest, Scope};

use crate::args::TokenCommand;
use crate::clock_text::local;
use crate::context::Context;
use crate::exit::Outcome;

pub(super) async fn sessions(context: &Context, revoke: Option<SessionId>) -> Outcome {
    let client = context.client()?;
    if let Some(id) = revoke {
        client.revoke_session(id).await?;
        return Ok(context.out.remark("The session has ended.")?);
    }
    let page = client.list_sessions().await?;
    let header = ["ID", "SINCE", "LAST USED", "CLIENT", ""];
    Ok(context.out.list(header, &page.items, |s| {
        let current = if s.current { "this one" } else { "" };
        [s.id.to_string(), local(s.created_at), local(s.last_used_at), s.client.clone(), current.to_owned()]
    })?)
}

pub(super) async fn run(context: &Context, command: TokenCommand) -> Outcome {
    let client = context.client()?;
    match command {
        TokenCommand::Create { name, scope, expires } => {
            let request = CreateApiTokenRequest {
                name,
                scopes: (!scope.is_empty()).then_some(scope),
                expires_at: expires.map(|length| context.clock.now().plus(length)),
            };
            let created = client.create_token(&request).await?;
            context.out.remark("The token, shown this once; scripts take it from CHAT_TOKEN:")?;
            Ok(context.out.value(&created, |c| c.token.expose().to_owned())?)
        }
        TokenCommand::List => {
            let page = client.list_tokens().await?;
            Ok(context.out.list(["NAME", "SCOPES", "MADE", "EXPIRES", "LAST USED"], &page.items, row)?)
        }
        TokenCommand::Revoke { name } => {
            client.revoke_token(&name).await?;
            Ok(context.out.remark("The token is good for nothing any more.")?)
        }
    }
}

fn row(token: &ApiToken) -> [String; 5] {
    let scopes: Vec<&str> = token.scopes.iter().copied().map(Scope::as_str).collect();
    let time = |at: Option<_>| at.map_or_else(|| "never".to_owned(), local);
    [token.name.clone(), scopes.join(","), local(token.created_at), time(token.expires_at), time(token.last_used_at)]
}
